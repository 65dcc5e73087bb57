"""From a cell to the figure it shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from etl.errors import FormError
from etl.forms import cell_fact
from etl.forms.grid import column_letter
from etl.model import NATION


def test_a_cell_of_a_field_row(province: Any) -> None:
    layout = province.layout()
    assert cell_fact(layout, "F12") == ("tthc_carried_over", "11", "province", "ho_tich")
    assert cell_fact(layout, " $m$29 ") == ("tthc_pending_overdue", "11", "commune", "chung_thuc")


def test_cells_of_tier_and_total_rows(province: Any) -> None:
    layout = province.layout()
    assert cell_fact(layout, "c11") == ("tthc_received_total", "11", "province", "all")
    assert cell_fact(layout, "G44") == ("tthc_resolved_total", "11", "all", "all")


def test_document_rows_of_a_province_are_its_own_agencies_then_each_commune(documents: Any) -> None:
    bench = documents("11")
    layout = bench.layout()
    communes = bench.tree.children("11")
    assert cell_fact(layout, "C10") == ("vb_sent", "11", "province", "all")
    assert cell_fact(layout, "D11") == ("vb_received", communes[0].code, "commune", "all")
    assert cell_fact(layout, f"E{11 + len(communes)}") == ("vb_exchanged", "11", "all", "all")


def test_document_rows_of_the_nation_are_the_provinces_and_no_ministry(documents: Any) -> None:
    rows = documents(NATION).layout().rows
    assert [row.unit for row in rows[:-1]] == [unit.code for unit in documents(NATION).tree.at_level("province")]
    assert len(rows) == 34 + 1


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("B12", "không mang số liệu"),
        ("C10", "không mang số liệu"),
        ("N12", "không mang số liệu"),
        ("12F", "không phải"),
    ],
)
def test_any_other_cell_is_named_with_the_range_that_can_be_traced(province: Any, address: str, problem: str) -> None:
    with pytest.raises(FormError, match=rf"{problem}.*C11:M44"):
        cell_fact(province.layout(), address)


def test_a_field_without_any_fact_in_a_tier_has_no_row(province: Any) -> None:
    labels = [(row.tier, row.label) for row in province.layout().rows]
    assert ("commune", "Chứng thực") in labels
    assert ("province", "Chứng thực") not in labels


def test_a_withheld_field_keeps_its_row(province: Any) -> None:
    bench = replace(province, parts={**province.parts, ("11", "province", "chung_thuc"): None})
    assert ("province", "Chứng thực") in [(row.tier, row.label) for row in bench.layout().rows]


def test_a_unit_without_any_fact_has_only_its_total_row(province: Any) -> None:
    bench = replace(province, parts={})
    bench.facts = []
    assert [row.kind for row in bench.layout().rows] == ["total"]


def test_a_field_nobody_knows_is_refused(province: Any) -> None:
    bench = replace(province, parts={**province.parts, ("11", "commune", "hang_khong"): 1})
    with pytest.raises(FormError, match="'hang_khong' không có trong danh mục"):
        bench.layout()


@pytest.mark.parametrize(("index", "letter"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_column_letters(index: int, letter: str) -> None:
    assert column_letter(index) == letter
