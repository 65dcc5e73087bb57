"""A figure over that of some years before, as it is read. Nothing is stored, so a revision of either shows at once.

Why on reading, and what is compared where units changed: docs/decisions/0007-growth.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from etl.indicators.restate import restated
from etl.model import Fact, GrowthFigure, Indicator, RestatedFact
from etl.units.genealogy import Boundaries
from etl.units.restate import Divided

_Place = tuple[str, str, str]
"""unit, tier, field"""


def times(now: Decimal, before: Decimal, digits: int) -> Decimal | None:
    """How many times `before` fits in `now`, half away from zero, in whole numbers; over 0 there is no value."""
    over, under = int(now.scaleb(4)), int(before.scaleb(4))  # facts keep four digits
    if under == 0:
        return None
    rounded = (2 * abs(over) * 10**digits + abs(under)) // (2 * abs(under))
    return Decimal(rounded if (over < 0) == (under < 0) else -rounded).scaleb(-digits)


def growth(
    indicator: Indicator,
    of: Indicator,
    now: Iterable[Fact],
    before: Iterable[Fact],
    *,
    period_before: str,
    boundaries: Boundaries,
    divided: Divided = "keep",
) -> list[GrowthFigure]:
    """The growth of each figure of `now` over the one of the same unit, tier and field in `before`.

    of: the sum that grows; facts of other indicators are left aside. boundaries: from the units of `before` to those
    of `now`, of every unit in `before`. A unit that changed is compared with its predecessors' figures, told on its
    boundaries: whole ones add up, what rests on a divided one is kept on the old boundary, or apportioned.
    """
    if indicator.growth is None or indicator.growth.of != of.code:
        raise ValueError(f"{indicator.code} is no growth of {of.code}")
    then = [fact for fact in before if fact.indicator == of.code]
    same = {_place(fact): fact for fact in then if boundaries.stayed(fact.unit)}
    changed = {_place(fact): fact for fact in then if not boundaries.stayed(fact.unit)}
    told = {
        (one.unit, one.tier, one.field): one
        for one in restated([*changed.values()], boundaries, {of.code: of}, divided)
        if one.units_on == boundaries.on
    }
    found = []
    for fact in now:
        if fact.indicator != of.code:
            continue
        place = _place(fact)
        earlier: Fact | RestatedFact | None = same.get(place) or told.get(place)
        value, reason = _value(fact, earlier, indicator.digits)
        rests_on: tuple[Fact, ...] = ()
        if isinstance(earlier, RestatedFact):
            under = boundaries.origins[fact.unit]
            rests_on = tuple(changed[unit, *place[1:]] for unit in under if (unit, *place[1:]) in changed)
        found.append(
            GrowthFigure(
                indicator.code,
                fact.unit,
                fact.period,
                fact.tier,
                fact.field,
                value,
                reason,
                value is not None and (fact.state == "moving" or _moves(earlier)),
                period_before,
                fact,
                earlier,
                earlier.label if isinstance(earlier, RestatedFact) else "reported",
                rests_on,
            )
        )
    return found


def _place(fact: Fact) -> _Place:
    return fact.unit, fact.tier, fact.field


def _moves(earlier: Fact | RestatedFact | None) -> bool:
    return earlier.moving if isinstance(earlier, RestatedFact) else earlier is not None and earlier.state == "moving"


def _value(now: Fact, before: Fact | RestatedFact | None, digits: int) -> tuple[Decimal | None, str | None]:
    if now.value is None:
        return None, now.reason
    if before is None:
        return None, "no_earlier_figure"
    if before.value is None:
        return None, "divided" if before.reason == "divided" else "earlier_withheld"
    value = times(now.value, before.value, digits)
    return value, "earlier_zero" if value is None else None
