"""A figure over that of some years before, as it is read. Nothing is stored, so a revision of either shows at once.

Why on reading: docs/decisions/0007-growth.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal

from etl.model import Fact, GrowthFigure, Indicator

_SCALE = 10**4
"""Facts keep four digits."""


def times(now: Decimal, before: Decimal, digits: int) -> Decimal | None:
    """How many times `before` fits in `now`, half away from zero, in whole numbers; over 0 there is no value."""
    over, under = int(now.scaleb(4)), int(before.scaleb(4))
    if under == 0:
        return None
    rounded = (2 * abs(over) * 10**digits + abs(under)) // (2 * abs(under))
    return Decimal(rounded if (over < 0) == (under < 0) else -rounded).scaleb(-digits)


def growth(
    indicator: Indicator, now: Iterable[Fact], before: Iterable[Fact], *, period_before: str, same: Collection[str]
) -> list[GrowthFigure]:
    """The growth of each figure of `now` over the one of the same unit, tier and field in `before`.

    Facts of other indicators are left aside. same: the units whose code meant the same unit in both periods; of
    another one no comparison is made, whatever `before` says under its code.
    """
    if indicator.growth is None:
        raise ValueError(f"{indicator.code} is no growth")
    of = indicator.growth.of
    earlier = {(one.unit, one.tier, one.field): one for one in before if one.indicator == of}
    found = []
    for fact in now:
        if fact.indicator != of:
            continue
        then = earlier.get((fact.unit, fact.tier, fact.field)) if fact.unit in same else None
        value, reason = _value(fact, then, fact.unit in same, indicator.digits)
        moving = value is not None and "moving" in (fact.state, then.state if then else None)
        place = (fact.unit, fact.period, fact.tier, fact.field)
        found.append(GrowthFigure(indicator.code, *place, value, reason, moving, period_before, fact, then))
    return found


def _value(now: Fact, before: Fact | None, same: bool, digits: int) -> tuple[Decimal | None, str | None]:
    if now.value is None:
        return None, now.reason
    if not same:
        return None, "unit_changed"
    if before is None:
        return None, "no_earlier_figure"
    if before.value is None:
        return None, "earlier_withheld"
    value = times(now.value, before.value, digits)
    return value, "earlier_zero" if value is None else None
