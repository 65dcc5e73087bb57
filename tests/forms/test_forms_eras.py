"""Forms of periods before, within and after the reform of 01/07/2025."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from etl import forms
from etl.catalog import Catalog
from etl.model import ALL, NATION
from etl.periods import Period
from tests.forms.conftest import fact

NOTE = "Cấp huyện kết thúc hoạt động từ ngày 01/07/2025"


def filled(catalog: Catalog, number: str, period_key: str, unit: str, parts: dict[tuple[str, str, str], int]) -> bytes:
    """The form with the figure of each (unit, tier, field) in every column."""
    form, period = catalog.forms[number], Period.parse(period_key)
    tree = catalog.tree(period)
    codes = [column.indicator for column in form.columns if column.indicator]
    facts = [replace(fact(code, *key, value), period=period.key) for key, value in parts.items() for code in codes]
    given = (facts, [], tree, catalog.fields, catalog.sources, (), catalog.calendar.straddles)
    blank = forms.read_blank(form, catalog.form_files[number].read_bytes())
    return forms.fill(form, blank, tree[unit], period, *given)


def tiers(*units: tuple[str, int]) -> dict[tuple[str, str, str], int]:
    parts = {("11", tier, field): value for tier, value in units for field in ("ho_tich", ALL)}
    return {**parts, ("11", ALL, ALL): sum(value for _, value in units)}


def labels(sheet: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    return [
        (sheet.get(f"A{row}"), sheet[f"B{row}"]) for row in range(11, 30) if sheet.get(f"A{row}") in ("I", "II", "III")
    ]


def test_before_the_reform_there_is_a_block_of_districts(catalog: Catalog, reader: Callable[[bytes], Any]) -> None:
    content = filled(catalog, "II.06a", "2025-Q2", "11", tiers(("province", 5), ("district", 7), ("commune", 30)))
    sheet = reader(content)
    assert labels(sheet) == [("I", "Cấp tỉnh (sở, ban, ngành)"), ("II", "Cấp huyện"), ("III", "Cấp xã")]
    assert sheet["C17"] == 42
    assert not any(NOTE in str(text) for text in sheet.values())


@pytest.mark.parametrize(("period", "noted"), [("2025-Q3", True), ("2025-Q4", False), ("2026-Q3", False)])
def test_from_2025_q3_on_there_is_none_and_that_period_says_why(
    catalog: Catalog, reader: Callable[[bytes], Any], period: str, noted: bool
) -> None:
    sheet = reader(filled(catalog, "II.06a", period, "11", tiers(("province", 5), ("commune", 30))))
    assert labels(sheet) == [("I", "Cấp tỉnh (sở, ban, ngành)"), ("II", "Cấp xã")]
    notes = [str(text) for text in sheet.values() if NOTE in str(text)]
    assert len(notes) == noted
    assert all("quy ước của dự án, chưa thấy văn bản nào quy định" in note for note in notes)


def test_the_period_of_the_reform_has_the_units_of_its_last_day(catalog: Catalog) -> None:
    period = Period.parse("2025-Q3")
    (straddle,) = catalog.calendar.straddles
    assert period.first_day < straddle.day <= period.last_day
    assert not straddle.verified
    assert catalog.calendar.units_on == "last_day"
    tree = catalog.tree(period)
    assert (len(tree.at_level("province")), tree.at_level("district"), len(tree.at_level("commune"))) == (34, [], 3321)
    assert len(catalog.tree(period.previous()).at_level("district")) == 696


def test_a_province_of_then_lists_its_districts_with_what_is_under_them(
    catalog: Catalog, reader: Callable[[bytes], Any]
) -> None:
    tree = catalog.tree(Period.parse("2025-Q2"))
    districts = tree.children("11")
    parts = {("11", "province", ALL): 5, **{(one.code, ALL, ALL): 10 for one in districts}}
    sheet = reader(filled(catalog, "VBDT", "2025-Q2", "11", {**parts, ("11", ALL, ALL): 5 + 10 * len(districts)}))
    assert [sheet[f"B{row}"] for row in range(11, 11 + len(districts))] == [one.name for one in districts]
    nation = {(one.code, ALL, ALL): 1 for one in tree.at_level("province")}
    assert (
        reader(filled(catalog, "VBDT", "2025-Q2", NATION, {**nation, (NATION, ALL, ALL): 63}))["B10"]
        == "Thành phố Hà Nội"
    )


def test_a_district_of_then_has_a_form_of_its_own_and_sends_it_to_its_province(
    catalog: Catalog, reader: Callable[[bytes], Any]
) -> None:
    tree = catalog.tree(Period.parse("2025-Q2"))
    district = tree.children("11")[1]
    parts = {(district.code, tier, of): n for tier, n in (("district", 7), ("commune", 30)) for of in ("ho_tich", ALL)}
    sheet = reader(filled(catalog, "II.06a", "2025-Q2", district.code, {**parts, (district.code, ALL, ALL): 37}))
    assert labels(sheet) == [("II", "Cấp huyện"), ("III", "Cấp xã")]
    assert sheet["C15"] == 37
    assert (sheet["J2"].split()[:3], sheet["J4"]) == (["Ủy", "ban", "nhân"], "Ủy ban nhân dân tỉnh Điện Biên")
