"""Half-years, nine months and years from the figures of their quarters, through the warehouse."""

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


def _facts(figures: tuple[int | None, ...], unit: str = "01") -> pa.Table:
    rows = [
        {
            "indicator": f"tthc_{measure}",
            "unit": unit,
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
    _record_facts(f"2024-Q{number}", _facts(figures))


def _record_facts(period: str, facts: pa.Table) -> None:
    Opened.open().warehouse.record(
        period,
        run="test",
        catalog_version="c",
        rules_version="r",
        facts=facts,
        rows={},
        quarantine={},
        findings=[],
        holes=[],
        receipts=[],
    )


def test_the_year_of_the_reform_is_told_on_the_units_of_its_end(make_office: Callable[..., Office]) -> None:
    """Hà Giang (02) and Tuyên Quang (08) until the second quarter, then the Tuyên Quang (08) of both."""
    make_office("annual_2025")
    pipeline.prepare()
    for number, figures in enumerate(QUARTERS[:2], start=1):
        both = [_facts(figures, "02"), _facts(figures, "08")]
        _record_facts(f"2025-Q{number}", pa.concat_tables(both))
    for number, figures in enumerate(QUARTERS[2:], start=3):
        _record_facts(f"2025-Q{number}", _facts(tuple(2 * (figure or 0) for figure in figures), "08"))
    pipeline.annual("2025")
    facts = Opened.open().warehouse.facts("2025")
    assert {fact.unit for fact in facts} == {"08"}
    figures = {fact.indicator: fact.value for fact in facts}
    assert [figures[f"tthc_{measure}"] for measure in MEASURES] == [Decimal(2 * figure) for figure in YEAR]


LONGER = {
    "2024-H1": (240, 140, 80, 20, 200, 70, 110, 20, 40, 38, 2),
    "2024-H2": (240, 130, 70, 40, 230, 90, 115, 25, 10, 7, 3),
    "2024-9M": (340, 210, 110, 20, 330, 120, 170, 40, 10, 10, 0),
}
"""By hand as well. Each equals its parts: 240 = 200 + 40, 240 = 230 + 10, 340 = 330 + 10."""


def _year(key: str = "2024") -> dict[str, Decimal | None]:
    return {fact.indicator: fact.value for fact in Opened.open().warehouse.facts(key, unit="01")}


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


@pytest.mark.parametrize("key", LONGER)
def test_half_years_and_nine_months_are_made_of_theirs(make_office: Callable[..., Office], key: str) -> None:
    make_office(f"longer-{key}")
    pipeline.prepare()
    for number, figures in enumerate(QUARTERS, start=1):
        if key != "2024-H2" or number > 2:
            _record(number, figures)
    assert pipeline.annual(key)["new"] > 0
    found = _year(key)
    assert [found[f"tthc_{measure}"] for measure in MEASURES] == [Decimal(figure) for figure in LONGER[key]]
    if key == "2024-H2":
        with pytest.raises(PeriodError, match="2024-Q1"):
            pipeline.annual("2024-H1")
    with pytest.raises(PeriodError, match="không gộp từ các quý"):
        pipeline.annual("2024-Q3")
