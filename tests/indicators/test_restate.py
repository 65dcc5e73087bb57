"""Facts on the units of another day: fields and tiers without rows, withheld figures, rates, moving figures."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from etl.errors import QualityError
from etl.indicators.restate import facts_table, restated
from etl.model import ALL, Change, Fact
from etl.tables import FACTS
from etl.units.genealogy import Genealogy
from tests.indicators import plain

THEN, NOW = dt.date(2025, 6, 14), dt.date(2025, 9, 14)
KNOWN = {indicator.code: indicator for indicator in plain.INDICATORS}
MERGED = [("a", "x", "whole"), ("b", "x", "whole"), ("c", "y", "part"), ("c", "z", "part"), ("d", "d", "whole")]


def fact(unit: str, value: int | str | None, indicator: str = "i_done", field: str = ALL, **given: Any) -> Fact:
    whole: dict[str, Any] = {
        "tier": "commune",
        "state": "preliminary",
        "reason": None if value is not None else "quarantined",
    }
    whole |= {"revision": 1, "recorded_at": dt.datetime(2025, 6, 15, tzinfo=dt.UTC), "load": 1, **given}
    return Fact(indicator, unit, "2025-Q2", field=field, value=None if value is None else Decimal(value), **whole)


def told(*facts: Fact, divided: Any = "keep") -> dict[tuple[str, str, str], tuple[Decimal | None, str | None, str]]:
    changes = [Change(dt.date(2025, 7, 1), old, new, share, "act") for old, new, share in MERGED]  # type: ignore[arg-type]
    boundaries = Genealogy(changes).boundaries({one.unit for one in facts}, THEN, NOW)
    return {
        (one.indicator, one.unit, one.field): (one.value, one.reason, one.label)
        for one in restated(facts, boundaries, KNOWN, divided)
    }


def test_a_field_without_rows_is_nought_where_the_sum_is_known() -> None:
    found = told(fact("a", 12, field="f"), fact("a", 12), fact("b", 30))
    assert found["i_done", "x", "f"] == (12, None, "restated")
    assert found["i_done", "x", ALL] == (42, None, "restated")


def test_what_rests_on_a_withheld_or_missing_figure_is_withheld() -> None:
    found = told(fact("a", 12, field="f"), fact("a", 12), fact("b", None))
    assert found["i_done", "x", "f"] == found["i_done", "x", ALL] == (None, "quarantined", "restated")
    assert told(fact("a", 12))["i_done", "x", ALL] == (None, "missing_unit", "restated")


def test_rates_are_made_anew_of_restated_sums_and_kept_where_the_unit_stayed() -> None:
    def columns(unit: str, done: int, came: int, opening: int, rate: str) -> list[Fact]:
        figures = {"i_done": done, "i_came": came, "i_opening": opening, "i_taken": came + opening, "i_rate": rate}
        return [fact(unit, value, code) for code, value in figures.items()]

    found = told(
        *columns("a", 1, 2, 2, "0.25"), *columns("b", 9, 8, 2, "0.9"), *columns("c", 3, 4, 0, "0.75"),
        *columns("d", 1, 1, 1, "0.5"),
    )  # fmt: skip
    assert found["i_rate", "x", ALL] == (Decimal("0.7143"), None, "restated"), "10 / 14, and no mean of the two rates"
    assert found["i_rate", "d", ALL] == (Decimal("0.5"), None, "reported")
    assert found["i_rate", "c", ALL] == (Decimal("0.75"), None, "old_boundary")
    assert found["i_rate", "y", ALL] == (None, "divided", "old_boundary")


def test_stocks_add_up_as_flows_do() -> None:
    found = told(
        fact("a", 4, "i_closing"), fact("b", 3, "i_closing"), fact("a", 2, "i_opening"), fact("b", 5, "i_opening")
    )
    assert found["i_closing", "x", ALL] == found["i_opening", "x", ALL] == (7, None, "restated")


def test_a_sum_of_a_moving_figure_is_moving_and_only_what_can_be_told_becomes_a_table() -> None:
    facts = [fact("a", 12, state="moving"), fact("b", 30), fact("c", 5), fact("d", 1)]
    changes = [Change(dt.date(2025, 7, 1), old, new, share, "act") for old, new, share in MERGED]  # type: ignore[arg-type]
    boundaries = Genealogy(changes).boundaries({one.unit for one in facts}, THEN, NOW)
    found = restated(facts, boundaries, KNOWN)
    assert {one.unit: one.moving for one in found} == {"x": True, "c": False, "d": False, "y": False, "z": False}
    table = facts_table(found, NOW)
    assert table.schema == FACTS
    assert {row["unit"]: (row["value"], row["reason"]) for row in table.to_pylist()} == {
        "x": (42, None),
        "d": (1, None),
        "y": (None, "divided"),
        "z": (None, "divided"),
    }


def test_an_apportioned_figure_becomes_no_fact_and_so_stands_on_no_form() -> None:
    """Facts are all that a form, also one of a year across a reform, is filled from."""
    changes = [Change(dt.date(2025, 7, 1), old, new, share, "act") for old, new, share in MERGED]  # type: ignore[arg-type]
    boundaries = Genealogy(changes).boundaries({"c"}, THEN, NOW)
    found = restated([fact("c", 5)], boundaries, KNOWN, "apportion")
    assert {(one.unit, one.value) for one in found if one.label == "apportioned"} == {("y", 3), ("z", 2)}
    with pytest.raises(QualityError, match="apportioned figure is no fact"):
        facts_table(found, NOW)
