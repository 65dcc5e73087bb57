"""Which days figures are really of, for people and machines that read them outside a form."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from etl.model import Fact
from etl.periods import Interval, Period
from etl.pipeline.office import Office, closed
from etl.pipeline.selection import moment_of


def days_of(period_key: str, facts: Collection[Fact], as_of: str | None = None) -> list[dict[str, Any]]:
    """Of each source under the figures the days that it counted, now or as of a moment: see `source_days`."""
    office = Office.open()
    period = closed(period_key)
    tree = office.catalog.tree(period)
    named = {fact.unit for fact in facts}
    units = {below.code for unit in named for below in tree.below(unit)}
    units |= {above for unit in named for above in (tree[unit].parent, tree.home(unit)) if above is not None}
    datasets = {office.catalog.indicators[fact.indicator].dataset for fact in facts}
    sources = [one for one in office.catalog.sources.values() if one.unit in units]
    known_at = None if as_of is None else moment_of(as_of)
    wanted = {one.id for one in sources if office.catalog.dataset_of(one) in datasets}
    return source_days(office, period, wanted, known_at)


def with_days(period_key: str, facts: Collection[Fact], as_of: str | None = None) -> list[dict[str, Any]]:
    """The figures as plain values, each with the days of the sources that its dataset has there."""
    catalog, days = Office.open().catalog, days_of(period_key, facts, as_of)
    return [
        {
            **asdict(fact),
            "days": [one for one in days if one["dataset"] == catalog.indicators[fact.indicator].dataset],
        }
        for fact in facts
    ]


def counts(nature: str, row: tuple[dt.date | None, dt.date | None], whole: tuple[dt.date, dt.date] | None) -> bool:
    """Whether a figure of that nature is made of a row of these days: a stock is that of one part only."""
    if whole is None or nature not in ("opening_stock", "closing_stock"):
        return True
    return row[0] == whole[0] if nature == "opening_stock" else row[1] == whole[1]


def source_days(
    office: Office, period: Period, sources: Collection[str], known_at: dt.datetime | None = None
) -> list[dict[str, Any]]:
    """Of each of the sources the days that its figures are of, in how many parts, and whether they are the period's."""
    return [
        {
            "source": one.source,
            "dataset": one.dataset,
            "first_day": one.first_day.isoformat(),
            "last_day": one.last_day.isoformat(),
            "parts": one.parts,
            "of_period": Interval(one.first_day, one.last_day) == period.days,
        }
        for one in office.warehouse.source_days(period.key, known_at)
        if one.source in sources
    ]
