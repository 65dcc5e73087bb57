"""The year's figures from those of its four quarters, through the warehouse."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pyarrow as pa
import pytest

from etl import pipeline
from etl.errors import PeriodError
from etl.pipeline.office import Office as Opened
from etl.tables import FACTS
from tests.end_to_end.office import MEASURES, Office

# II.06a columns 3 to 13 of one unit in four quarters; what is pending at the end is carried over
QUARTERS = [
    (120, 60, 40, 20, 90, 30, 50, 10, 30, 25, 5),
    (150, 80, 40, 30, 110, 40, 60, 10, 40, 38, 2),
    (140, 70, 30, 40, 130, 50, 60, 20, 10, 10, 0),
    (110, 60, 40, 10, 100, 40, 55, 5, 10, 7, 3),
]
YEAR = (440, 270, 150, 20, 430, 160, 225, 45, 10, 7, 3)
"""By hand: flows added; carried over as in the first quarter, pending as in the last; 3 = 4+5+6 and 7 + 11."""


def _facts(figures: tuple[int | None, ...]) -> pa.Table:
    rows = [
        {
            "indicator": f"tthc_{measure}",
            "unit": "01",
            "tier": "all",
            "field": "all",
            "value": None if figure is None else Decimal(figure),
            "reason": "missing_source" if figure is None else None,
            "leaf": False,
            "moving": False,
        }
        for measure, figure in zip(MEASURES, figures, strict=True)
    ]
    return pa.Table.from_pylist(rows, schema=FACTS)


def _record(number: int, figures: tuple[int | None, ...]) -> None:
    Opened.open().warehouse.record(
        f"2024-Q{number}",
        run="test",
        catalog_version="c",
        rules_version="r",
        facts=_facts(figures),
        rows={},
        quarantine={},
        findings=[],
        holes=[],
        receipts=[],
    )


def _year() -> dict[str, Decimal | None]:
    return {fact.indicator: fact.value for fact in Opened.open().warehouse.facts("2024", unit="01")}


def test_a_year_is_made_of_its_quarters(make_office: Callable[..., Office]) -> None:
    make_office("annual")
    pipeline.prepare()
    for number, figures in enumerate(QUARTERS[:3], start=1):
        _record(number, figures)
    with pytest.raises(PeriodError, match="2024-Q4"):
        pipeline.annual("2024")

    _record(4, QUARTERS[3])
    assert pipeline.annual("2024")["new"] > 0
    year = _year()
    assert [year[f"tthc_{measure}"] for measure in MEASURES] == [Decimal(figure) for figure in YEAR]
    assert year["tthc_on_time_rate"] == Decimal("0.8953")  # (160 + 225) / 430
    assert pipeline.annual("2024")["new"] == 0

    _record(2, (None,) * len(MEASURES))
    pipeline.annual("2024")
    year = _year()
    assert year["tthc_resolved_early"] is None
    assert year["tthc_carried_over"] == 20, "the first quarter's opening stock does not need the second quarter"
    assert year["tthc_pending_overdue"] == 3
