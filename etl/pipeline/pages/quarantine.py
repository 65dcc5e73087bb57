"""The rows that a load set aside: what is in them, what they break, what waits for them, how they get out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from etl import report
from etl.model import NATION, Finding, Hole
from etl.pipeline.pages.desk import Desk, Units
from etl.pipeline.quality_core import known
from etl.pipeline.repairs import releases
from etl.pipeline.withheld import reach
from etl.warehouse.lookup_lines import Quarantined, Sight
from etl.warehouse.moment import at_one_moment

PAGE = 50


@at_one_moment
def quarantine(
    period_key: str | None,
    units: Units | None,
    *,
    rule: str | None = None,
    source: str | None = None,
    dataset: str | None = None,
    unit: str | None = None,
    page: int | None = 1,
) -> dict[str, Any]:
    """Rows set aside by the load in force, PAGE at a time; page None: all of them. unit: with its subtree.

    Of each row beside its values: `broken`, its findings as `report.rows` tells them, each with `since`, the first
    quarter from which its source breaks that rule without a break; `held`, what is withheld for its sake (`figures`,
    how many), None of a source for comparison; `releases`, how it may leave.
    """
    desk = Desk.open(period_key, units)
    under: Sight | None = None if unit is None else desk.subtree(desk.unit(unit).code)
    told = {"period": desk.period, "quarters": desk.quarters, "load": desk.load, "titles": desk.rule_titles()}
    if desk.load is None:
        return {**told, "rows": [], "total": 0, "page": 1, "pages": 1}
    asked = {"rule": rule, "source": source, "dataset": dataset}
    part = {"limit": None, "offset": 0} if page is None else {"limit": PAGE, "offset": (page - 1) * PAGE}
    found, total = desk.lookup.quarantine(desk.load.id, desk.sight, under, **asked, **part)
    return {
        **told,
        "rows": _told(desk, found),
        "total": total,
        "page": page or 1,
        "pages": 1 if page is None else max(1, -(-total // PAGE)),
    }


def _told(desk: Desk, found: Sequence[Quarantined]) -> list[dict[str, Any]]:
    office, period = desk.office, desk.period
    meaning = known(office, period, office.rules(), {}, {})
    since, waiting = _since(desk, found), _waiting(desk, found)
    told = []
    for row in found:
        of_row = [Finding(**one) for one in row.findings if one["payload"] or one["rule"] in row.rules]
        broken = report.rows((one for one in of_row if row.source in meaning.sources), meaning)
        columns = office.catalog.datasets[row.dataset].columns
        told.append(
            {
                **{name: one for name, one in row._asdict().items() if name != "findings"},
                "unit_name": desk.name(row.unit),
                "where": meaning.units.get(row.unit or "", row.unit),
                "field_name": meaning.fields.get(row.field or "", row.field),
                "measures": {name: columns[name].title for name in row.values},
                "broken": [{**one, "since": since.get((row.source, one["rule"]))} for one in broken],
                "held": waiting(row),
                "releases": releases(office.catalog, period, row, broken),
            }
        )
    return told


def _since(desk: Desk, found: Iterable[Quarantined]) -> Mapping[tuple[str, str], str]:
    """By source and rule the first quarter without a break since."""
    broken = desk.lookup.broken([one.id for one in desk.loads.values()], {row.source for row in found})
    first = {}
    for source, rule in {(source, rule) for period, source, rule in broken if period == desk.period.key}:
        at = desk.period
        while (at.previous().key, source, rule) in broken:
            at = at.previous()
        first[source, rule] = at.key
    return first


def _waiting(desk: Desk, found: Sequence[Quarantined]) -> Callable[[Quarantined], dict[str, Any] | None]:
    """What is withheld for the sake of a row."""
    assert desk.load is not None  # noqa: S101 - rows are of a load
    holes = {(one.dataset, one.source, one.unit, one.tier, one.field): one for one in desk.lookup.holes(desk.load.id)}
    catalog, tree = desk.office.catalog, desk.tree
    whole = {name for name, dataset in catalog.datasets.items() if dataset.tiers == ("province",)}

    def hole_of(row: Quarantined) -> Hole | None:
        """Of a unit that its source does not report on, the row could be of any unit of the source."""
        places = ((row.unit, row.tier, row.field), (None, None, row.field))
        return next((hole for at in places if (hole := holes.get((row.dataset, row.source, *at)))), None)

    def units_of(hole: Hole) -> frozenset[str]:
        home = tree.home(hole.province)
        if hole.unit is None or hole.unit not in tree or hole.dataset in whole:
            return frozenset({NATION, *(one.code for one in tree.below(home))})
        return frozenset(filter(None, (hole.unit, tree[hole.unit].parent, home, NATION)))

    left = {hole: units_of(hole) for row in found if (hole := hole_of(row)) is not None}
    held = desk.lookup.held(desk.period.key, frozenset().union(*left.values()) if left else ())

    def told(row: Quarantined) -> dict[str, Any] | None:
        hole = hole_of(row)
        if hole is None:
            return None
        reaches = reach(hole, tree, whole)
        codes = {one.code for one in catalog.indicators_of(hole.dataset)}
        figures = [
            one
            for one in held
            if one.indicator in codes and one.unit in left[hole] and reaches(one.unit, one.tier, one.field)
        ]
        return {
            "unit": hole.unit,
            "tier": hole.tier,
            "field": hole.field,
            "province": hole.province,
            "figures": len(figures),
            "units": sorted({one.unit for one in figures}),
        }

    return told
