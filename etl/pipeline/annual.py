"""Half-years, nine months and years from the facts of their quarters."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pyarrow as pa

from etl import indicators
from etl.catalog.suites import rules_version
from etl.errors import PeriodError
from etl.periods import Period
from etl.pipeline.figures import on_units_of
from etl.pipeline.office import Office, closed
from etl.tables import FACTS


def annual(period_key: str) -> dict[str, Any]:
    """Facts of a half-year, nine months or a year from those of its quarters, on the units of its last day.

    What a divided unit leaves untold is withheld (divided), and stands in its quarter.
    Raises PeriodError when a quarter was never loaded, and for a period that is not made of quarters.
    """
    office = Office.open()
    longer = closed(period_key)
    facts = annual_facts(office, longer)
    recorded = office.warehouse.record(
        longer.key,
        run=f"annual {longer.key}",
        catalog_version=office.catalog.version,
        catalog_revision=office.catalog_revision,
        rules_version=rules_version(office.settings.expectations),
        facts=facts,
        rows={},
        quarantine={},
        findings=[],
        holes=[],
        receipts=[],
    )
    return asdict(recorded)


def annual_facts(office: Office, longer: Period) -> pa.Table:
    """FACTS of the longer period, of what the warehouse holds of its quarters."""
    if longer.parts() == (longer,):
        raise PeriodError(f"kỳ {longer.key} không gộp từ các quý: hãy viết {longer.year}-H1, {longer.year}-9M hay năm")
    catalog, quarters = office.catalog, []
    for quarter in longer.parts():
        facts = on_units_of(office, quarter, longer.last_day)
        if facts.num_rows == 0:
            raise PeriodError(f"kỳ {longer.key} cần số liệu {quarter.key}, kho chưa có: hãy chạy kỳ đó trước")
        quarters.append(facts)
    given = {code for quarter in quarters for code in quarter["indicator"].unique().to_pylist()}
    tables = [
        indicators.annual(quarters, dataset=dataset, indicators=of)
        for name, dataset in catalog.datasets.items()
        for of in [catalog.indicators_of(name)]
        if given.intersection(one.code for one in of)
    ]
    return pa.concat_tables([FACTS.empty_table(), *tables])
