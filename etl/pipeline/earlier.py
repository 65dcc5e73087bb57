"""Figures against those of an earlier period: growth over the years, and the carry-over chain from quarter to quarter.

Both are computed from the facts as they stand (docs/decisions/0007-growth.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import duckdb

from etl import indicators
from etl.catalog import Catalog
from etl.model import GrowthFigure, Indicator
from etl.periods import Period
from etl.pipeline.office import Office, closed
from etl.pipeline.publish import unit_named
from etl.units.genealogy import Genealogy
from etl.units.restate import Divided


def same_units(catalog: Catalog, then: Period, now: Period) -> frozenset[str]:
    """Codes that meant one and the same unit at the end of both periods: the nation, and rows in force on both days.

    The one place that decides what may be compared over time. Any other unit is not compared: a code alone is no key.
    """
    day = then.last_day
    return frozenset(unit.code for unit in catalog.tree(now) if unit.level == "nation" or unit.valid_from <= day)


def growth(
    period_key: str, unit: str | None = None, indicator: str | None = None, divided: Divided = "keep"
) -> list[GrowthFigure]:
    """The growth of the current facts of one unit, by its code or name, or all; of every indicator that is a growth.

    The earlier figures are told on the units of the period's last day: those of whole merged units add up.
    """
    office, period = Office.open(), closed(period_key)
    code = None if unit is None else unit_named(office, period, unit).code
    genealogy = Genealogy(office.catalog.changes)
    known, found = office.catalog.indicators, []
    for one in known.values():
        if one.growth is None or indicator not in (None, one.code):
            continue
        then, of = replace(period, year=period.year - one.growth.years), one.growth.of
        days = then.last_day, period.last_day
        under = None if code is None else genealogy.origins(code, days[1], days[0])
        now = office.warehouse.facts(period.key, unit=code, indicators=[of])
        before = office.warehouse.facts(then.key, units=under, indicators=[of])
        boundaries = genealogy.boundaries({fact.unit for fact in before}, *days)
        found += indicators.growth(
            one, known[of], now, before, period_before=then.key, boundaries=boundaries, divided=divided
        )
    return found


def chain(period_key: str) -> dict[str, Any]:
    """What was pending at the close of the period before against what this one opened with, over all places.

    broken: where they differ. equal, broken and unknown (a figure is withheld or missing) add up to every place of a
    unit that was the same in both periods; the units in `units_changed` are not compared.
    """
    office, period = Office.open(), closed(period_key)
    catalog, then = office.catalog, period.previous()
    same = same_units(catalog, then, period)
    result: dict[str, Any] = {"period": period.key, "before": then.key, "equal": 0, "unknown": 0, "broken": []}
    for dataset, opening, closing in _pairs(catalog):
        before = office.warehouse.facts_table(then.key, indicators=[closing.code])
        now = office.warehouse.facts_table(period.key, indicators=[opening.code])
        links = indicators.chain(before, now, closing=closing.code, opening=opening.code, same=same)
        with duckdb.connect() as connection:
            connection.register("links", links)
            known, broken = "difference is not null", "difference <> 0"
            total, sure = connection.sql(f"select count(*), count(*) filter ({known}) from links").fetchall()[0]
            wrong = connection.sql(
                f"select * from links where {broken} order by abs(difference) desc, unit, tier, field"
            ).to_arrow_table()
        result["equal"] += sure - wrong.num_rows
        result["unknown"] += total - sure
        result["broken"] += [{"dataset": dataset, **row} for row in wrong.to_pylist()]
    result["units_changed"] = len({unit.code for unit in catalog.tree(period)} - same)
    return result


def _pairs(catalog: Catalog) -> Iterator[tuple[str, Indicator, Indicator]]:
    """Dataset, the indicator of its opening stock, and that of the stock which it continues."""
    for name, dataset in catalog.datasets.items():
        sums = {one.sum: one for one in catalog.indicators_of(name) if one.sum is not None}
        for code, column in dataset.columns.items():
            if column.continues is not None:
                yield name, sums[code], sums[column.continues]
