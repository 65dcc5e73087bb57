"""Half-years, nine months and years made of quarters equal what the simulator counts in their own days."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from etl import indicators
from etl.catalog import load
from etl.periods import Period
from etl.tables import FACTS
from simulator.country import Country
from simulator.documents import Post
from simulator.dossiers import Archive
from simulator.truth import Truth

CATALOG = load((Path(__file__).resolve().parents[2] / "catalog",))
DATASET = CATALOG.datasets["onestop"]
COLUMNS = {one.sum: one.code for one in CATALOG.indicators_of("onestop") if one.sum is not None}
UNITS = ("08", "12")


@pytest.fixture(scope="module")
def truth() -> Truth:
    country = Country(7, 0.02)
    return Truth(Archive(country), Post(country))


def counted(truth: Truth, period: Period) -> dict[tuple[str, str, str, str], Decimal]:
    return {
        (code, unit, str(row["tier"]), str(row.get("field", "all"))): Decimal(row[column])
        for unit in UNITS
        for row in truth.form(unit, period)
        for column, code in COLUMNS.items()
    }


@pytest.mark.parametrize("key", ["2026-H1", "2025-H2", "2026-9M", "2026"])
def test_what_is_made_of_quarters_is_what_was_counted(truth: Truth, key: str) -> None:
    period = Period.parse(key)
    quarters = [
        pa.Table.from_pylist(
            [
                dict(zip(FACTS.names, (*place, value, None, False, False), strict=True))
                for place, value in counted(truth, quarter).items()
            ],
            schema=FACTS,
        )
        for quarter in period.parts()
    ]
    made = indicators.annual(quarters, dataset=DATASET, indicators=CATALOG.indicators_of("onestop"))
    sums = set(COLUMNS.values())
    found = {
        (one["indicator"], one["unit"], one["tier"], one["field"]): one["value"]
        for one in made.to_pylist()
        if one["indicator"] in sums
    }
    assert found == counted(truth, period)
    assert any(value for place, value in found.items() if place[0] == COLUMNS["carried_over"])
