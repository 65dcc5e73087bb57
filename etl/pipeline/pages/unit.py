"""One unit: its figures and how they went, what was revised, what it owes by when."""

from __future__ import annotations

from typing import Any, get_args

from etl import compliance
from etl.model import ALL, Indicator, Level, Unit
from etl.periods import Period
from etl.pipeline.pages.desk import Desk, Units
from etl.pipeline.selection import offered
from etl.pipeline.standings import owed_in
from etl.units import plain
from etl.warehouse.moment import at_one_moment

QUARTERS = 12
REVISIONS = 30
MOST = 200
LEVELS = get_args(Level)


@at_one_moment
def unit(period_key: str | None, code: str, units: Units | None) -> dict[str, Any]:
    """Figures of the unit as a whole over the last quarters, oldest first.

    A quarter in which the code meant another unit, or other boundaries, has no figure here and stands in `apart`.
    trends: of each dataset its indicators, each with a point a quarter (None: no figure).
    """
    desk = Desk.open(period_key, units)
    found = desk.unit(code)
    periods = [desk.period.shift(back - QUARTERS + 1) for back in range(QUARTERS)]
    same = [period for period in periods if _same(desk, found, period)]
    apart = [period for period in periods if period not in same and found.code in desk.office.catalog.tree(period)]
    indicators = [one for one in desk.office.catalog.indicators.values() if one.growth is None]
    tier = "commune" if found.level == "commune" else ALL
    points: dict[str, dict[str, Any]] = {}
    for row in desk.lookup.figures(code, tier, [one.key for one in same], [one.code for one in indicators]):
        points.setdefault(row.indicator, {})[row.period] = row
    revised, total = desk.lookup.revisions(desk.period.key, code, REVISIONS)
    return {
        "period": desk.period,
        "quarters": desk.quarters,
        "periods": periods,
        "apart": apart,
        "unit": found,
        "above": [one for one in _above(desk, found) if desk.sees(one.code)],
        "below": desk.tree.children(code),
        "datasets": _by_dataset(desk, indicators, points, periods),
        "revisions": [{**row._asdict(), "title": _title(desk, row.indicator)} for row in revised],
        "revisions_total": total,
        "owed": _owed(desk, found),
        "forms": [one for one in desk.office.catalog.forms.values() if found.level in offered(one)],
        "fields": desk.office.catalog.fields,
    }


@at_one_moment
def units(period_key: str | None, text: str, units: Units | None) -> dict[str, Any]:
    """The units that the account sees whose name holds the text, tones and case aside, at most MOST; without a text the
    provinces, or the units that the account is tied to."""
    desk = Desk.open(period_key, units)
    wanted = plain(text)
    seen = (one for one in desk.tree if desk.sees(one.code))
    if wanted:
        found = [one for one in seen if wanted in plain(one.name) or one.code == text.strip()]
    elif desk.sight is None:
        found = [one for one in seen if one.level in ("nation", "province")]
    else:
        found = [one for one in seen if one.parent not in desk.sight.units]
    found.sort(key=lambda one: (LEVELS.index(one.level), one.code))
    told = [{"unit": one, "home": desk.tree[desk.tree.home(one.code)]} for one in found[:MOST]]
    return {"period": desk.period, "quarters": desk.quarters, "units": told, "total": len(found)}


def _same(desk: Desk, unit: Unit, period: Period) -> bool:
    sight, days = desk.sight_in(period), (period.last_day, desk.period.last_day)
    if unit.code not in desk.office.catalog.tree(period) or not (sight is None or unit.code in sight.units):
        return False
    return days[0] >= unit.valid_from or desk.office.catalog.genealogy.boundaries({unit.code}, *days).stayed(unit.code)


def _above(desk: Desk, unit: Unit) -> list[Unit]:
    found = []
    while unit.parent is not None and unit.parent in desk.tree:
        unit = desk.tree[unit.parent]
        found.append(unit)
    return found[::-1]


def _by_dataset(
    desk: Desk, indicators: list[Indicator], points: dict[str, dict[str, Any]], periods: list[Period]
) -> list[dict[str, Any]]:
    """Datasets that there are figures of, those with a value now first; `reasons` of the others' having none."""
    found: dict[str, dict[str, Any]] = {}
    for indicator in indicators:
        if indicator.code not in points:
            continue
        title = desk.office.catalog.datasets[indicator.dataset].title
        one = found.setdefault(indicator.dataset, {"title": title, "indicators": []})
        series = [points[indicator.code].get(period.key) for period in periods]
        one["indicators"].append({"indicator": indicator, "now": series[-1], "series": series})
    for one in found.values():
        now = [line["now"] for line in one["indicators"] if line["now"] is not None]
        one["known"] = any(row.value is not None for row in now)
        one["reasons"] = sorted({row.reason for row in now if row.value is None})
    return sorted(found.values(), key=lambda one: not one["known"])


def _title(desk: Desk, indicator: str) -> Any:
    found = desk.office.catalog.indicators.get(indicator)
    return None if found is None else found.title


def _owed(desk: Desk, unit: Unit) -> list[Any]:
    """What the unit owes for this period and the one after it, with how it stands."""
    periods = [desk.period, desk.period.shift(1)]
    frozen, received = desk.lookup.owed([one.key for one in periods])
    owed = compliance.in_effect(owed_in(desk.office, periods), frozen)
    return compliance.assess([one for one in owed if one.unit == unit.code], received, desk.today)
