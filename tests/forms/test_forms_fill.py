"""Filled forms, read back by a second parser and recalculated by a second calculator."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import formulas
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from etl import forms
from etl.catalog import Catalog
from etl.errors import CatalogError, FormError
from etl.model import NATION
from etl.settings import ROOT
from etl.units import UnitTree

Reader = Callable[[bytes], dict[str, Any]]
WITHHELD = "…"


def sheet_of(package: bytes) -> Any:
    return load_workbook(io.BytesIO(package)).worksheets[0]


def formula_cells(package: bytes) -> dict[str, str]:
    return {
        cell.coordinate: cell.value for row in sheet_of(package).iter_rows() for cell in row if cell.data_type == "f"
    }


def expected(bench: Any) -> dict[str, Decimal | str]:
    values = {(fact.indicator, fact.unit, fact.tier, fact.field): fact.value for fact in bench.facts}
    cells = bench.layout().cells
    return {cell: WITHHELD if values[key] is None else values[key] for cell, key in cells.items()}


def test_every_figure_is_read_back(province: Any, reader: Reader) -> None:
    read = reader(province.fill())
    for cell, value in expected(province).items():
        assert Decimal(str(read[cell])) == value, cell


@pytest.mark.parametrize("unit", [NATION, "11"])
def test_every_document_figure_is_read_back(documents: Any, reader: Reader, unit: str) -> None:
    bench = documents(unit)
    read = reader(bench.fill())
    for cell, value in expected(bench).items():
        assert Decimal(str(read[cell])) == value, cell
    assert read[f"B{bench.layout().rows[-1].number}"] == "Tổng số"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_withheld_is_never_summed(province: Any, reader: Reader, data: st.DataObject) -> None:
    values = st.one_of(st.none(), st.integers(0, 10**9))
    bench = replace(province, parts={key: data.draw(values) for key in province.parts})
    package = bench.fill()
    read, wanted = reader(package), expected(bench)
    for cell, value in wanted.items():
        assert (read[cell] if value == WITHHELD else Decimal(str(read[cell]))) == value, cell
    sums = {f"{letter}{row.number}" for row in bench.layout().rows if row.parts for letter in bench.layout().columns}
    assert set(formula_cells(package)) == {cell for cell in sums if wanted[cell] != WITHHELD}


def test_formulas_give_the_cached_values(province: Any, reader: Reader, tmp_path: Path) -> None:
    package = province.fill()
    path = tmp_path / "form.xlsx"
    path.write_bytes(package)
    solution = formulas.ExcelModel().loads(str(path)).finish().calculate()
    cached = reader(package)
    calculated = {
        name.rpartition("!")[2]: ranges.value[0, 0]
        for name, ranges in solution.items()
        if "!" in name and ":" not in name
    }
    cells = formula_cells(package)
    assert cells["C11"] == "=SUM(C12:C26)"
    assert cells["C44"] == "=C11+C27"
    assert len(cells) == 3 * 11
    for cell in cells:
        assert calculated[cell] == cached[cell] > 0, cell


def test_numbers_are_numbers_with_a_thousands_format(province: Any) -> None:
    sheet = sheet_of(province.fill())
    assert sheet["C28"].value == 1000
    assert sheet["C28"].data_type == "n"
    assert {sheet[cell].number_format for cell in province.layout().cells} == {'#,##0"†"_-'}, "all of it is preliminary"
    final = [replace(fact, state="final") for fact in province.facts]
    sheet = sheet_of(province.fill(final))
    assert {sheet[cell].number_format for cell in province.layout().cells} == {"#,##0"}
    assert all(sheet[cell].alignment.shrinkToFit for cell in province.layout().cells), "smaller, and never ###"


def test_the_same_figures_give_the_same_bytes(province: Any) -> None:
    first = province.fill()
    assert province.fill(list(reversed(province.facts))) == first
    with zipfile.ZipFile(io.BytesIO(first)) as package:
        assert {info.date_time for info in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert package.namelist()[0] == "[Content_Types].xml"
        assert b"2026-09-15T02:14:07Z" in package.read("docProps/core.xml")


def test_another_process_elsewhere_and_later_gives_the_same_bytes(province: Any, tmp_path: Path) -> None:
    """Other hashes of strings, another time zone and locale."""
    (tmp_path / "bench.pickle").write_bytes(pickle.dumps((province.number, province.unit_code, province.parts)))
    program = (
        "import hashlib, pickle, sys; from pathlib import Path; from etl.catalog import load; "
        "from etl.settings import ROOT; from tests.forms.conftest import Bench; "
        "bench = Bench(load((ROOT / 'catalog',)), *pickle.loads(Path(sys.argv[1]).read_bytes())); "
        "print(hashlib.sha256(bench.fill()).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "America/New_York", "LC_ALL": "C", "PYTHONUTF8": "0"}
    command = [sys.executable, "-c", program, str(tmp_path / "bench.pickle")]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip() == hashlib.sha256(province.fill()).hexdigest(), done.stderr


def test_another_figure_gives_other_bytes(province: Any) -> None:
    other = replace(province, parts={**province.parts, ("11", "commune", "ho_tich"): 1})
    assert hashlib.sha256(other.fill()).digest() != hashlib.sha256(province.fill()).digest()


def test_a_total_that_does_not_agree_is_refused(province: Any) -> None:
    wrong = [
        replace(fact, value=fact.value + 1)
        if (fact.indicator, fact.tier, fact.field) == ("tthc_received_total", "commune", "all")
        else fact
        for fact in province.facts
    ]
    with pytest.raises(FormError, match=r"Tỉnh Điện Biên, ô C27 \(Cấp xã\): kho có 18041 .* bằng 18040"):
        province.fill(wrong)


def test_a_total_over_a_withheld_part_is_refused(province: Any) -> None:
    wrong = [
        replace(fact, value=None, reason="quarantined")
        if (fact.indicator, fact.tier, fact.field) == ("tthc_carried_over", "province", "dat_dai")
        else fact
        for fact in province.facts
    ]
    with pytest.raises(FormError, match=r"ô F11 .* còn số hạng chưa có số liệu"):
        province.fill(wrong)


def test_a_sum_whose_parts_the_source_does_not_know_stands_by_itself(province: Any, reader: Reader) -> None:
    known = [
        replace(fact, value=None, reason="not_provided") if fact.tier == "province" and fact.field != "all" else fact
        for fact in province.facts
    ]
    read = reader(province.fill(known))
    values = {(fact.indicator, fact.tier, fact.field): fact.value for fact in known}
    for cell, key in province.layout().cells.items():
        value = values[key.indicator, key.tier, key.field]
        assert read[cell] == WITHHELD if value is None else Decimal(str(read[cell])) == value
    assert WITHHELD in read.values()


def test_a_child_without_any_figure_cannot_hide_in_a_total(documents: Any) -> None:
    bench = documents(NATION)
    with pytest.raises(FormError, match=r"\(Tổng số\): kho có tổng .* còn số hạng"):
        bench.fill([fact for fact in bench.facts if fact.unit != "14"])


@pytest.mark.parametrize("reason", ["not_provided", "quarantined", None])
def test_a_form_is_complete_without_what_its_source_does_not_provide(documents: Any, reason: str | None) -> None:
    """reason None: the figures were loaded before there was such a column."""
    bench = documents("11")
    letters = {column.indicator for column in bench.form.columns if column.optional}
    assert len(letters) == 8
    facts = [replace(fact, value=None, reason=reason) if fact.indicator in letters else fact for fact in bench.facts]
    facts = [fact for fact in facts if fact.indicator not in letters or reason]
    assert forms.complete(bench.form, bench.unit, facts, bench.tree, {}) == (reason != "quarantined")
    if reason:
        needed = [replace(fact, value=None, reason=reason) if fact.indicator == "vb_sent" else fact for fact in facts]
        assert not forms.complete(bench.form, bench.unit, needed, bench.tree, {})
    sheet = sheet_of(bench.fill(facts))
    assert {sheet[f"{letter}10"].value for letter in "FGHIJKLM"} == {WITHHELD}
    assert {sheet[f"{letter}11"].number_format for letter in "JKLM"} == {"0.0%"}


def test_figures_of_another_period_are_refused(province: Any) -> None:
    wrong = [replace(fact, period="2026-Q2") for fact in province.facts]
    with pytest.raises(FormError, match="thuộc kỳ 2026-Q2"):
        province.fill(wrong)


def test_a_figure_that_comes_twice_is_refused(province: Any) -> None:
    with pytest.raises(FormError, match="có hai giá trị"):
        province.fill([*province.facts, province.facts[0]])


def test_a_blank_that_is_not_the_pinned_one_is_refused(province: Any) -> None:
    blank = province.catalog.form_files["II.06a"].read_bytes() + b" "
    with pytest.raises(CatalogError, match=r"forms/II\.06a\.yml.*blank_sha256.*sha256 is"):
        forms.read_blank(province.form, blank)


def test_a_blank_without_its_headings_is_refused(province: Any) -> None:
    columns = list(province.form.columns)
    columns[8] = replace(columns[8], heading=("Số hồ sơ đã giải quyết", "Đúng hẹn"))
    province.catalog = replace(province.catalog, forms={"II.06a": replace(province.form, columns=tuple(columns))})
    with pytest.raises(CatalogError, match=r"columns\.8\.heading: the blank has no heading 'Đúng hẹn'"):
        province.fill()


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_a_unit_name_never_becomes_a_formula(documents: Any, reader: Reader, start: str) -> None:
    bench = documents("11")
    first = bench.tree.children("11")[0]
    named = [replace(unit, name=start) if unit.code == first.code else unit for unit in bench.tree]
    bench.tree = UnitTree(named, bench.tree.day)
    package = bench.fill()
    assert reader(package)["B11"] == start
    cell = sheet_of(package)["B11"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == (start, "s", True)
    assert set(formula_cells(package)) == {f"{letter}{bench.layout().rows[-1].number}" for letter in "CDEFGHI"}, (
        "no share is a sum"
    )


def test_a_reporting_unit_named_like_a_formula_stays_text(province: Any) -> None:
    province.tree = UnitTree(
        [*province.tree, replace(province.unit, name='=HYPERLINK("x")', type="")], province.tree.day
    )
    province.tree = UnitTree(
        [replace(unit, name="=A1", level="ministry") if unit.code == "11" else unit for unit in province.tree],
        province.tree.day,
    )
    form = replace(province.form, recipient={"ministry": "=B1"})
    province.catalog = replace(province.catalog, forms={"II.06a": form})
    sheet = sheet_of(province.fill())
    assert (sheet["J2"].value, sheet["J2"].data_type) == ("=A1", "s")
    assert (sheet["J4"].value, sheet["J4"].data_type) == ("=B1", "s")


def test_the_head_names_unit_recipient_and_period(province: Any, reader: Reader) -> None:
    read = reader(province.fill())
    assert read["A1"] == "Biểu số II.06a/VPCP/KSTT"
    assert read["A2"] == "Ban hành theo Thông tư số 01/2020/TT-VPCP ngày 21/10/2020"
    assert read["J2"] == "Ủy ban nhân dân tỉnh Điện Biên"
    assert read["J4"] == "Văn phòng Chính phủ"
    assert read["D3"] == "Kỳ báo cáo: Quý III năm 2026"
    assert read["D4"] == "(Từ ngày 15/06/2026 đến ngày 14/09/2026)"
    assert not [value for value in read.values() if isinstance(value, str) and "{" in value]


def test_the_project_defined_form_says_so_on_its_face(documents: Any, reader: Reader) -> None:
    bench = documents("11")
    assert not bench.form.official
    assert reader(bench.fill())["A5"].startswith("Biểu này KHÔNG phải biểu mẫu chính thức")


def test_it_prints_on_a4_landscape(province: Any) -> None:
    sheet = sheet_of(province.fill())
    setup = sheet.page_setup
    assert (setup.orientation, int(setup.paperSize), setup.fitToWidth, setup.fitToHeight) == ("landscape", 9, 1, 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.print_title_rows == "$7:$10"
    assert sheet.print_area == f"'II.06a'!$A$1:$M${sheet.max_row}"
    assert sheet.oddFooter.right.text == "Trang &P/&N"
    assert sheet.freeze_panes == "C11"
    assert {cell.font.name for row in sheet.iter_rows() for cell in row} == {"Times New Roman"}


def test_the_signatures_follow_the_last_note(province: Any, reader: Reader) -> None:
    package = province.fill()
    read = reader(package)
    texts = {value: cell for cell, value in read.items() if isinstance(value, str)}
    last_note = max(int(cell[1:]) for text, cell in texts.items() if text.startswith("Số liệu ghi nhận"))
    assert int(texts["THỦ TRƯỞNG ĐƠN VỊ"][1:]) == last_note + 2
    assert f"H{last_note + 2}:M{last_note + 2}" in {str(area) for area in sheet_of(package).merged_cells.ranges}


def test_blanks_are_what_the_catalog_pins(catalog: Catalog) -> None:
    for number, form in catalog.forms.items():
        assert hashlib.sha256(catalog.form_files[number].read_bytes()).hexdigest() == form.blank_sha256
        assert set(form.levels) <= set(form.recipient) <= {*form.levels, *form.on_demand}
