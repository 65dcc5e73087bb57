"""Figures against those of an earlier period: growth over the years, and the carry-over chain from quarter to quarter.

Both are computed from the facts as they stand (docs/decisions/0007-growth.md).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import duckdb
import pyarrow as pa

from etl import indicators
from etl.catalog import Catalog
from etl.model import NATION, GrowthFigure, Indicator
from etl.periods import Period
from etl.pipeline.office import Office, closed
from etl.pipeline.selection import moment_of, unit_named
from etl.units import UnitTree
from etl.units.genealogy import Boundaries, Group
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
    genealogy = office.catalog.genealogy
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
    catalog, then, held = office.catalog, period.previous(), Held(office.catalog, period)
    counts, broken = dict.fromkeys(("equal", "handed_over", "unknown"), 0), []
    for dataset, opening, closing in stocks(catalog):
        before = office.warehouse.facts_table(then.key, indicators=[closing.code])
        now = office.warehouse.facts_table(period.key, indicators=[opening.code])
        with duckdb.connect() as connection:
            connection.register("links", held.chain(before, now, opening, closing))
            for verdict in counts:
                of = connection.execute("select count(*) from links where verdict = ?", [verdict]).fetchall()
                counts[verdict] += of[0][0]
            wrong = connection.sql(
                "select * exclude (leaf, verdict) from links where verdict = 'broken' "
                "order by abs(difference) desc, unit, tier, field"
            ).to_arrow_table()
        broken += [{"dataset": dataset, **row} for row in wrong.to_pylist()]
    return {
        "period": period.key,
        "before": then.key,
        **counts,
        "broken": broken,
        "units_changed": held.changed,
        "units_ended": held.ended,
    }


class Held:
    """groups: the units of a period with those of an earlier one (by default the one before) that held what they hold.

    changed: how many were others before; ended: how many of before have no successor.
    """

    def __init__(self, catalog: Catalog, period: Period, then: Period | None = None) -> None:
        then = then or period.previous()
        trees = catalog.tree(then), catalog.tree(period)
        codes = {unit.code for unit in trees[0]}
        boundaries = catalog.genealogy.boundaries(codes, then.last_day, period.last_day)
        unlinked: list[Group] = [((), (unit.code,)) for unit in trees[1] if unit.code not in boundaries.origins]
        self.groups = [*boundaries.groups(), *unlinked]
        self._beside = _beside_ended(boundaries, *trees)
        self.changed = sum(not boundaries.stayed(unit.code) for unit in trees[1])
        self.ended = sum(not now for _, now in self.groups)

    def chain(self, before: pa.Table, now: pa.Table, opening: Indicator, closing: Indicator) -> pa.Table:
        """See `indicators.chain`."""
        return indicators.chain(
            before, now, closing=closing.code, opening=opening.code, groups=self.groups, beside=self._beside
        )


def _beside_ended(boundaries: Boundaries, then: UnitTree, now: UnitTree) -> set[str]:
    """The units of `now` in a province where a unit ended without successor, and the nation then."""
    ended = {then.home(code) for code in boundaries.shares if boundaries.ended(code)}
    provinces = {target for home in ended for target in boundaries.shares[home]}
    return {unit.code for code in provinces for unit in now.below(code)} | ({NATION} if provinces else set())


def stocks(catalog: Catalog) -> Iterator[tuple[str, Indicator, Indicator]]:
    """Dataset, the indicator of its opening stock, and that of the stock which it continues."""
    for name, dataset in catalog.datasets.items():
        sums = {one.sum: one for one in catalog.indicators_of(name) if one.sum is not None}
        for code, column in dataset.columns.items():
            if column.continues is not None:
                yield name, sums[code], sums[column.continues]
