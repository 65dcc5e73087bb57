"""Figures against those of an earlier period: growth over the years, and the carry-over chain from quarter to quarter.

Both are computed from the facts as they stand (docs/decisions/0007-growth.md).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import duckdb

from etl import indicators
from etl.catalog import Catalog
from etl.model import ALL, NATION, GrowthFigure, Indicator
from etl.periods import Period
from etl.pipeline.office import Office, closed
from etl.pipeline.selection import moment_of, unit_named
from etl.units import UnitTree
from etl.units.genealogy import Boundaries, Genealogy, Group
from etl.units.restate import Divided


def growth(
    period_key: str,
    unit: str | None = None,
    indicator: str | None = None,
    divided: Divided = "keep",
    as_of: str | None = None,
) -> list[GrowthFigure]:
    """The growth of the facts of one unit, by its code or name, or all; of every indicator that is a growth.

    The facts of both periods are those current now, or as of a moment (`moment_of`).
    The earlier figures are told on the units of the period's last day: those of whole merged units add up.
    """
    known_at = None if as_of is None else moment_of(as_of)
    return growth_in(Office.open(), closed(period_key), unit, indicator, divided, known_at)


def growth_in(
    office: Office,
    period: Period,
    unit: str | None = None,
    indicator: str | None = None,
    divided: Divided = "keep",
    known_at: dt.datetime | None = None,
) -> list[GrowthFigure]:
    code = None if unit is None else unit_named(office, period, unit).code
    genealogy = Genealogy(office.catalog.changes)
    known, found = office.catalog.indicators, []
    for one in known.values():
        if one.growth is None or indicator not in (None, one.code):
            continue
        then, of = replace(period, year=period.year - one.growth.years), one.growth.of
        days = then.last_day, period.last_day
        under = None if code is None else genealogy.origins(code, days[1], days[0])
        now = office.warehouse.facts(period.key, unit=code, indicators=[of], known_at=known_at)
        before = office.warehouse.facts(then.key, units=under, indicators=[of], known_at=known_at)
        boundaries = genealogy.boundaries({fact.unit for fact in before}, *days)
        found += indicators.growth(
            one, known[of], now, before, period_before=then.key, boundaries=boundaries, divided=divided
        )
    return found


def chain(period_key: str) -> dict[str, Any]:
    """What was pending at the close of the period before against what this one opened with, over all places.

    Stocks are compared over all predecessors of a unit; those of divided units over the whole group of units that
    share with each other (units_before, units_now). broken: where they differ. handed_over: where they differ, not in
    the sum over tiers, and a level of units ended beside them, whose stock went to the others; nobody says how much.
    equal, broken, handed_over and unknown (a figure is withheld or missing) add up to every place. units_changed: the
    units that were others before; units_ended: those of before without successor.
    """
    office, period = Office.open(), closed(period_key)
    catalog, then = office.catalog, period.previous()
    trees = catalog.tree(then), catalog.tree(period)
    codes = {unit.code for unit in trees[0]}
    boundaries = Genealogy(catalog.changes).boundaries(codes, then.last_day, period.last_day)
    unlinked: list[Group] = [((), (unit.code,)) for unit in trees[1] if unit.code not in boundaries.origins]
    groups = [*boundaries.groups(), *unlinked]
    beside = [(unit,) for unit in sorted(_beside_ended(boundaries, *trees))]
    counts, broken = dict.fromkeys(("equal", "handed_over", "unknown"), 0), []
    for dataset, opening, closing in _pairs(catalog):
        before = office.warehouse.facts_table(then.key, indicators=[closing.code])
        now = office.warehouse.facts_table(period.key, indicators=[opening.code])
        with duckdb.connect() as connection:
            connection.register(
                "links", indicators.chain(before, now, closing=closing.code, opening=opening.code, groups=groups)
            )
            connection.execute("create temp table beside (unit varchar)")
            if beside:
                connection.executemany("insert into beside values (?)", beside)
            connection.execute(
                f"""create temp table judged as select *, case when difference is null then 'unknown'
                when difference = 0 then 'equal'
                when tier <> '{ALL}' and unit in (from beside) then 'handed_over' else 'broken' end as verdict
                from links"""
            )
            for verdict in counts:
                of = connection.execute("select count(*) from judged where verdict = ?", [verdict]).fetchall()
                counts[verdict] += of[0][0]
            wrong = connection.sql(
                "select * exclude (verdict) from judged where verdict = 'broken' "
                "order by abs(difference) desc, unit, tier, field"
            ).to_arrow_table()
        broken += [{"dataset": dataset, **row} for row in wrong.to_pylist()]
    return {
        "period": period.key,
        "before": then.key,
        **counts,
        "broken": broken,
        "units_changed": sum(not boundaries.stayed(unit.code) for unit in trees[1]),
        "units_ended": sum(not now for _, now in groups),
    }


def _beside_ended(boundaries: Boundaries, then: UnitTree, now: UnitTree) -> set[str]:
    """The units of `now` in a province where a unit ended without successor, and the nation then."""
    ended = {then.home(code) for code in boundaries.shares if boundaries.ended(code)}
    provinces = {target for home in ended for target in boundaries.shares[home]}
    return {unit.code for code in provinces for unit in now.below(code)} | ({NATION} if provinces else set())


def _pairs(catalog: Catalog) -> Iterator[tuple[str, Indicator, Indicator]]:
    """Dataset, the indicator of its opening stock, and that of the stock which it continues."""
    for name, dataset in catalog.datasets.items():
        sums = {one.sum: one for one in catalog.indicators_of(name) if one.sum is not None}
        for code, column in dataset.columns.items():
            if column.continues is not None:
                yield name, sums[code], sums[column.continues]
