"""Half-years, nine months and years from the facts of their quarters."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pyarrow as pa

from etl import indicators
from etl.catalog import rules_version
from etl.errors import PeriodError
from etl.pipeline.figures import on_units_of
from etl.pipeline.office import Office, closed


def annual(period_key: str) -> dict[str, Any]:
    """Facts of a half-year, nine months or a year from those of its quarters, on the units of its last day.

    What a divided unit leaves untold is withheld (divided), and stands in its quarter.
    Raises PeriodError when a quarter was never loaded, and for a period that is not made of quarters.
    """
    office = Office.open()
    catalog, longer = office.catalog, closed(period_key)
    if longer.parts() == (longer,):
        raise PeriodError(f"kỳ {longer.key} không gộp từ các quý: hãy viết {longer.year}-H1, {longer.year}-9M hay năm")
    quarters = []
    for quarter in longer.parts():
        facts = on_units_of(office, quarter, longer.last_day)
        if facts.num_rows == 0:
            raise PeriodError(f"kỳ {longer.key} cần số liệu {quarter.key}, kho chưa có: hãy chạy kỳ đó trước")
        quarters.append(facts)
    tables = [
        indicators.annual(quarters, dataset=dataset, indicators=catalog.indicators_of(name))
        for name, dataset in catalog.datasets.items()
    ]
    recorded = office.warehouse.record(
        longer.key,
        run=f"annual {longer.key}",
        catalog_version=catalog.version,
        rules_version=rules_version(office.settings.expectations),
        facts=pa.concat_tables(tables),
        rows={},
        quarantine={},
        findings=[],
        holes=[],
        receipts=[],
    )
    return asdict(recorded)
