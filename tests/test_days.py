"""Which parts of a period a traced figure is made of."""

from __future__ import annotations

import datetime as dt

import pytest

from etl.pipeline.days import counts

DAYS = [dt.date(2026, 7, day) for day in (1, 2, 3)]


@pytest.mark.parametrize(
    ("nature", "wanted"),
    [
        ("flow", [True, True, True]),
        ("total", [True, True, True]),
        ("opening_stock", [True, False, False]),
        ("closing_stock", [False, False, True]),
    ],
)
def test_a_stock_is_that_of_one_part(nature: str, wanted: list[bool]) -> None:
    whole = (DAYS[0], DAYS[-1])
    assert [counts(nature, (day, day), whole) for day in DAYS] == wanted
    assert counts(nature, whole, whole)
    assert counts(nature, (None, None), None), "rows from before days were kept"
