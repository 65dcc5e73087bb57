"""Figures side by side: exactly the pairs that break a rule are found, with the rows under both, over any genealogy."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl import indicators
from etl.catalog import read_rules
from etl.errors import CatalogError, QualityError
from etl.model import Comparisons
from etl.periods import Period
from etl.quality.across import PAIRS, PLACES, Compared, compare, findings
from etl.settings import ROOT
from etl.tables import FACTS
from etl.units.genealogy import Genealogy
from tests.quality.country import CATALOG, tree
from tests.test_units_restate import START, TODAY, History, histories

ACROSS = ROOT / "expectations/across.yml"
RULES = {rule.id: rule for rule in read_rules(ACROSS, Comparisons).rules}


def nowhere(_: object) -> pa.Table:
    return PLACES.empty_table()


def pair(value: int | None, other: int | None, **more: Any) -> dict[str, Any]:
    units = {"unit": "01001", "units": ["01001"], "other_units": ["01001"]}
    figures = {name: None if one is None else Decimal(one) for name, one in (("value", value), ("other", other))}
    return {
        **units,
        "tier": "commune",
        "field": "ho_tich",
        "measure": "carried_over",
        "source": None,
        "other_source": None,
        **figures,
        **more,
    }


def pairs(*told: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(told), schema=PAIRS)


def places(*told: tuple[str, ...]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(PLACES.names, one, strict=True)) for one in told], schema=PLACES)


def broken(rule: str, *told: dict[str, Any]) -> Compared:
    (one,) = compare([RULES[rule]], pairs(*told), nowhere, nowhere)
    return one


@pytest.mark.parametrize(
    ("value", "other", "rule"),
    [
        (30, 30, None),
        (0, 0, None),
        (33, 30, "CHAIN-DRIFT"),
        (34, 30, "CHAIN"),
        (26, 30, "CHAIN"),
        (0, 3, "CHAIN-DRIFT"),
        (4, 0, "CHAIN"),
        (1050, 1000, "CHAIN-DRIFT"),
        (1051, 1000, "CHAIN"),
        (949, 1000, "CHAIN"),
    ],
)
def test_a_difference_breaks_one_rule_of_the_chain_or_none(value: int, other: int, rule: str | None) -> None:
    told = {name: broken(name, pair(value, other)).broken.num_rows for name in ("CHAIN", "CHAIN-DRIFT")}
    assert told == {name: int(name == rule) for name in told}


@pytest.mark.parametrize(("value", "other"), [(None, 30), (30, None), (None, None)])
def test_what_is_not_known_is_not_judged_and_counted_so(value: int | None, other: int | None) -> None:
    found = broken("CHAIN", pair(value, other), pair(9, 9))
    assert (found.judged, found.unknown, found.broken.num_rows) == (1, 1, 0)


def test_a_finding_names_both_figures_and_leads_to_both_rows() -> None:
    here = places(
        ("a", "01001", "commune", "ho_tich", "h1", "/data/3"), ("a", "01001", "commune", "dat_dai", "h0", "/data/4")
    )
    there = places(
        ("b", "01001", "commune", "dat_dai", "t2", "/data/9"), ("b", "01001", "commune", "ho_tich", "t1", "/data/8")
    )
    found = compare([RULES["CHAIN"]], pairs(pair(50, 30)), lambda _: here, lambda _: there)
    now = Period.parse("2026-Q3")
    words = {"carried_over": "Từ kỳ trước chuyển qua"}
    (one,) = findings(found, now, now.previous(), tree=tree(), fields=CATALOG.fields, titles=words)
    assert (one.source, one.payload, one.row, one.value) == ("a", "h1", "/data/3", "50")
    assert (one.other_source, one.other_payload, one.other_row, one.expected) == ("b", "t1", "/data/8", "30")
    assert (one.unit, one.field, one.column, one.period, one.other_period) == (
        *("01001", "ho_tich", "carried_over", "2026-Q3", "2026-Q2"),
    )
    for told in ("Đơn vị 01001", "Hộ tịch", "50", "30", "+20", "2026-Q2"):
        assert told in one.message


def test_a_field_without_a_row_leads_to_the_whole_answer_that_does_not_hold_it() -> None:
    here = places(("a", "01001", "commune", "dat_dai", "h0", "/data/4"))
    there = places(("a", "01001", "commune", "ho_tich", "t1", "/data/8"))
    (found,) = compare([RULES["CHAIN"]], pairs(pair(0, 30)), lambda _: here, lambda _: there)
    (one,) = found.broken.to_pylist()
    assert (one["payload"], one["row"], one["other_payload"], one["other_row"]) == ("h0", "", "t1", "/data/8")


def test_a_rule_that_cannot_run_is_named() -> None:
    wrong = replace(RULES["CHAIN"], violation="no_such_column > 0")
    with pytest.raises(QualityError, match="rule CHAIN could not run"):
        compare([wrong], pairs(pair(1, 1)), nowhere, nowhere)


def test_a_mistake_in_the_file_is_told_with_its_line(tmp_path: Path) -> None:
    copy = tmp_path / "across.yml"
    text = ACROSS.read_text("utf-8")
    copy.write_text(text.replace("kind: chain", "kind: chains", 1), "utf-8")
    line = 1 + text[: text.index("kind: chain\n")].count("\n")
    with pytest.raises(CatalogError, match=rf"across\.yml.*{line}.*kind"):
        read_rules(copy, Comparisons)


@settings(max_examples=80, deadline=None)
@given(data=st.data(), history=histories())
def test_the_chain_breaks_exactly_where_stock_was_lost_or_added(data: st.DataObject, history: History) -> None:
    """Dossiers move within their group as they like; only what leaves it, or comes from nowhere, is found."""
    then, now = history.in_force(START), history.in_force(TODAY)
    groups = Genealogy(history.changes).boundaries(then, START, TODAY).groups()
    lost = {number: data.draw(st.sampled_from([0, 0, 0, -9, 7])) for number in range(len(groups))}
    before: dict[str, int] = {}
    after: dict[str, int] = dict.fromkeys(now, 0)
    expected = {}
    for number, (old, new) in enumerate(groups):
        before |= {unit: data.draw(st.integers(10, 40)) for unit in old}
        closing = sum(before[unit] for unit in old)
        for unit in new:
            after[unit] = data.draw(st.integers(0, 20))
        if new:
            rest = closing + lost[number] - sum(after[unit] for unit in new[1:])
            after[new[0]] = rest
            if abs(lost[number]) > max(3, 0.05 * closing):
                expected[new] = (closing + lost[number], closing)
    links = indicators.chain(
        _facts("closing", before), _facts("opening", after), closing="closing", opening="opening", groups=groups
    )
    told = [
        pair(one["opening"], one["closing"], unit=one["unit"], units=one["units_now"], other_units=one["units_before"])
        for one in links.to_pylist()
        if one["leaf"]
    ]
    (found,) = compare([RULES["CHAIN"]], pairs(*told), nowhere, nowhere)
    assert {tuple(one["units"]): (int(one["value"]), int(one["other"])) for one in found.broken.to_pylist()} == expected
    assert found.judged == sum(bool(old and new) for old, new in groups)


def _facts(code: str, figures: dict[str, int]) -> pa.Table:
    rows = [
        (code, unit, "commune", field, Decimal(value), None, field != "all", False)
        for unit, value in figures.items()
        for field in ("ho_tich", "all")
    ]
    return pa.Table.from_pylist([dict(zip(FACTS.names, row, strict=True)) for row in rows], schema=FACTS)
