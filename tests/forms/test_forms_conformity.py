"""A filled form is its blank but for the mapped cells; whatever else is changed is found, and named."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from etl import forms
from etl.errors import FormError
from etl.forms.package import pack, unpack
from etl.model import ALL, NATION
from etl.units import UnitTree
from tests.forms import calculators
from tests.forms.conftest import PERIOD, Bench

SHEET, STYLES, BOOK, CORE = "xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/workbook.xml", "docProps/core.xml"
HOSTILE = "=cmd|' /C calc'!A0"


@pytest.fixture
def procedures(province: Bench) -> Bench:
    codes = (HOSTILE, "1.012790", "1.012790.000.00.00.H41", "+1", "@SUM(A1)", "{muc}", "a&b<c>\x02\ufffe")
    parts = {("11", tier, code): 3 + place for tier in ("province", "commune") for place, code in enumerate(codes)}
    return replace(province, number="II.06b", parts=parts)


@pytest.fixture
def scope(province: Bench) -> Bench:
    provinces = province.tree.at_level("province")
    return replace(province, number="II.07b", unit_code=NATION, parts={(one.code, ALL, ALL): 7 for one in provinces})


@pytest.fixture
def benches(province: Bench, procedures: Bench, scope: Bench, documents: Callable[[str], Bench]) -> dict[str, Bench]:
    commune = province.tree.children("11")[0].code
    parts = {(commune, "commune", code): 5 for code in province.catalog.fields}
    return {
        "II.06a": province,
        "II.06a of a commune": replace(province, unit_code=commune, parts=parts),
        "II.06a with holes": replace(province, parts={**province.parts, ("11", "commune", "dat_dai"): None}),
        "II.06b": procedures,
        "II.07b": scope,
        "VBDT": documents("11"),
        "VBDT of the nation": documents(NATION),
    }


def differences(bench: Bench, package: dict[str, bytes]) -> list[str]:
    blank = unpack(bench.catalog.form_files[bench.number].read_bytes())
    return forms.prove(bench.form, blank, package, bench.layout())


def test_every_form_is_its_blank_but_for_the_mapped_cells(benches: dict[str, Bench]) -> None:
    for name, bench in benches.items():
        assert differences(bench, unpack(bench.fill())) == [], name


def test_another_parser_finds_the_same_set_up_and_cells(benches: dict[str, Bench]) -> None:
    """openpyxl, which writes no form: what it reads of the blank it reads of the form."""
    for name, bench in benches.items():
        blank = load_workbook(bench.catalog.form_files[bench.number]).worksheets[0]
        filled = load_workbook(io.BytesIO(bench.fill())).worksheets[0]
        assert filled.title == blank.title
        assert filled.freeze_panes == blank.freeze_panes, name
        assert filled.print_title_rows == blank.print_title_rows
        assert filled.print_area == f"'{blank.title}'!$A$1:${chr(64 + len(bench.form.columns))}${filled.max_row}"
        for part in ("page_setup", "page_margins", "print_options", "sheet_properties"):
            old, new = (
                {key: repr(value) for key, value in vars(getattr(sheet, part)).items() if key != "_parent"}
                for sheet in (blank, filled)
            )
            assert old == new, (name, part)
        footers = [[getattr(sheet.oddFooter, side).text for side in ("left", "right")] for sheet in (blank, filled)]
        assert footers[0] == footers[1] == [f"Biểu {bench.number}", "Trang &P/&N"]
        widths = [{key: one.width for key, one in sheet.column_dimensions.items()} for sheet in (blank, filled)]
        assert widths[0] == widths[1]
        first, below = bench.form.body_row, bench.form.body_row + 5
        shift = filled.max_row - blank.max_row
        for row in (*range(1, first), *range(below, blank.max_row + 1)):
            to = row if row < first else row + shift
            assert filled.row_dimensions[to].height == blank.row_dimensions[row].height
            for column in range(1, len(bench.form.columns) + 1):
                old, new = blank.cell(row, column), filled.cell(to, column)
                for look in ("font", "fill", "border", "alignment", "number_format"):
                    assert repr(getattr(new, look)) == repr(getattr(old, look)), (name, new.coordinate, look)
                if "{" not in str(old.value):
                    assert new.value == old.value, (name, new.coordinate)
        areas = {str(area) for area in filled.merged_cells.ranges}
        assert {str(area) for area in blank.merged_cells.ranges if area.min_row < first} <= areas
        for area in blank.merged_cells.ranges:
            if area.min_row >= below:
                area.shift(row_shift=shift)
                assert str(area) in areas
        figures = {
            cell.coordinate
            for row in filled.iter_rows()
            for cell in row
            if cell.data_type in ("n", "f") and cell.value is not None
        }
        assert figures <= set(bench.layout().cells), name


LABEL = '<c r="B12" s="14" t="inlineStr"><is><t xml:space="preserve">Hộ tịch</t></is></c>'
HEADING = '<c r="J8" s="8" t="inlineStr"><is><t>Quá hạn</t></is></c>'
AREA = '<mergeCell ref="C7:F7"/>'
TYPES = "[Content_Types].xml"
TAMPERED: dict[str, tuple[str, str, str, str]] = {
    "a heading": (SHEET, ">Trước hạn<", ">Sớm<", "row 8"),
    "a style of a heading": (SHEET, '<c r="C8" s="8"', '<c r="C8" s="9"', "row 8"),
    "the height of a row above": (SHEET, '<row r="9" ht="45"', '<row r="9" ht="46"', "row 9"),
    "a figure where none belongs": (SHEET, HEADING, '<c r="J8" s="8"><v>1</v></c>', "row 8"),
    "a formula in a label": (SHEET, LABEL, '<c r="B12" s="14"><f>1+1</f><v>2</v></c>', "cell B12"),
    "a number in a label": (SHEET, LABEL, '<c r="B12" s="14"><v>2</v></c>', "cell B12"),
    "a formula that calls": (SHEET, "<f>SUM(C12:C26)</f>", "<f>cmd|' /C calc'!A0</f>", "cell C11"),
    "a sum of other rows": (SHEET, "<f>SUM(C12:C26)</f>", "<f>SUM(C12:C25)</f>", "cell C11"),
    "a sum of another column": (SHEET, "<f>SUM(C12:C26)</f>", "<f>SUM(D12:D26)</f>", "cell C11"),
    "a sum with one row twice": (SHEET, "<f>C11+C27</f>", "<f>C11+C27+C27</f>", "cell C44"),
    "a style of the body": (SHEET, '<c r="A12" s="13"', '<c r="A12" s="16"', "row 12"),
    "a merged cell": (SHEET, AREA, "", "merged cells ['C7:F7']"),
    "another merged cell": (SHEET, AREA, AREA + '<mergeCell ref="C12:D12"/>', "merged cells ['C12:D12']"),
    "the width of a column": (SHEET, '<col width="32"', '<col width="33"', "sheet cols"),
    "the page": (SHEET, 'orientation="landscape"', 'orientation="portrait"', "sheet pageSetup"),
    "the footer": (SHEET, "Trang &amp;P", "Trang &amp;N", "sheet headerFooter"),
    "the margins": (SHEET, 'left="0.45"', 'left="0.5"', "sheet pageMargins"),
    "the frozen rows": (SHEET, 'ySplit="10"', 'ySplit="9"', "sheet sheetViews"),
    "the signature": (SHEET, ">THỦ TRƯỞNG ĐƠN VỊ<", ">NGƯỜI KHÁC<", "row "),
    "the print area": (BOOK, "$A$1:$M$", "$A$1:$L$", "print area"),
    "the repeated rows": (BOOK, "$7:$10", "$7:$9", "part xl/workbook.xml"),
    "calculation when opened": (BOOK, 'fullCalcOnLoad="1"', 'fullCalcOnLoad="0"', "part xl/workbook.xml"),
    "a font": (STYLES, '<sz val="12"/>', '<sz val="13"/>', "part xl/styles.xml"),
    "a style of the blank": (STYLES, '<xf numFmtId="0" fontId="2"', '<xf numFmtId="0" fontId="3"', "styles cellXfs"),
    "the author": (CORE, "Báo cáo ETL", "Ai đó", "part docProps/core.xml"),
    "the theme": ("xl/theme/theme1.xml", "Office", "0ffice", "part xl/theme/theme1.xml"),
    "the types of parts": (TYPES, "sheet.main+xml", "sheet.macroEnabled.main+xml", f"part {TYPES}"),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
def test_whatever_else_is_changed_is_named(province: Bench, what: str) -> None:
    name, old, new, told = TAMPERED[what]
    parts = unpack(province.fill())
    text = parts[name].decode()
    assert text.count(old), f"{what}: nothing to change"
    found = differences(province, {**parts, name: text.replace(old, new, 1).encode()})
    assert any(told in one for one in found), found


def test_a_part_more_or_less_is_named(province: Bench) -> None:
    parts = unpack(province.fill())
    assert differences(province, {**parts, "xl/vbaProject.bin": b"x"}) == ["parts ['xl/vbaProject.bin']"]
    del parts["docProps/app.xml"]
    assert differences(province, parts) == ["parts ['docProps/app.xml']"]


def test_a_row_more_is_named(province: Bench) -> None:
    parts = unpack(province.fill())
    text = parts[SHEET].decode()
    row = re.search(r'<row r="12".*?</row>', text)
    assert row is not None
    last = max(int(number) for number in re.findall(r'<row r="(\d+)"', text))
    more = re.sub(r'r="([A-M]?)12"', rf'r="\g<1>{last + 1}"', row[0])
    assert differences(province, {**parts, SHEET: text.replace("</sheetData>", f"{more}</sheetData>").encode()}) != []


def test_a_form_that_is_not_its_blank_is_never_given_out(province: Bench) -> None:
    blank = forms.read_blank(province.form, province.catalog.form_files["II.06a"].read_bytes())
    other = replace(blank, head=blank.head.replace("Trước hạn", "Sớm"))
    given = (province.unit, PERIOD, province.facts, [], province.tree, province.catalog.fields)
    with pytest.raises(FormError, match=r"II\.06a, Tỉnh Điện Biên, kỳ 2026-Q3 khác biểu trống: row 8"):
        forms.fill(province.form, other, *given)


def test_what_comes_from_a_source_stays_text_whatever_it_begins_with(procedures: Bench, reader: Any) -> None:
    package = procedures.fill()
    sheet = load_workbook(io.BytesIO(package)).worksheets[0]
    labels = {cell.value: cell for row in sheet.iter_rows(min_col=2, max_col=2) for cell in row if cell.value}
    for text in (HOSTILE, "+1", "@SUM(A1)"):
        assert (labels[text].data_type, labels[text].quotePrefix) == ("s", True)
    assert not labels["1.012790"].quotePrefix
    read = reader(package)
    assert {"{muc}", "a&b<c>  "} <= set(read.values()), "no marker of the blank, and nothing XML cannot hold"
    assert set(calculators.formulas(package)) <= set(procedures.layout().cells)
    assert all(
        re.fullmatch(r"=(SUM\([A-Z]+\d+:[A-Z]+\d+\)|[A-Z]+\d+(\+[A-Z]+\d+)*)", text)
        for text in calculators.formulas(package).values()
    )


def test_a_procedure_is_shown_by_its_title_and_code_and_a_title_is_never_a_formula(procedures: Bench) -> None:
    long = "Cấp giấy phép " * 30
    bench = replace(procedures, titles={"1.012790": HOSTILE, "1.012790.000.00.00.H41": long.strip()})
    sheet = load_workbook(io.BytesIO(bench.fill())).worksheets[0]
    labels = {cell.value: cell for row in sheet.iter_rows(min_col=2, max_col=2) for cell in row if cell.value}
    titled = labels[f"{HOSTILE} (1.012790)"]
    assert (titled.data_type, titled.quotePrefix) == ("s", True)
    tall = labels[f"{long.strip()} (1.012790.000.00.00.H41)"]
    assert sheet.row_dimensions[tall.row].height > 9 * 14
    assert "+1" in labels, "without a title there is the code alone"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(min_size=1).filter(str.strip))
def test_any_text_at_all_gives_a_sound_form(documents: Callable[[str], Bench], name: str) -> None:
    bench = documents("11")
    first = bench.tree.children("11")[0]
    units = [replace(one, name=name, type="") if one.code in (first.code, "11") else one for one in bench.tree]
    bench.tree = UnitTree(units, bench.tree.day)
    package = bench.fill()
    assert load_workbook(io.BytesIO(package)).worksheets[0]["B11"].data_type == "s"
    CalamineWorkbook.from_filelike(io.BytesIO(package)).get_sheet_by_index(0).to_python()
    assert package == pack(unpack(package))


@pytest.mark.parametrize("calculate", [calculators.by_libreoffice, calculators.by_hyperformula])
def test_every_formula_is_recomputed_by_another_program(
    benches: dict[str, Bench], calculate: Any, tmp_path: Path
) -> None:
    packages = {name: bench.fill() for name, bench in benches.items()}
    calculated = calculate(packages, tmp_path)
    compared = 0
    for name, bench in benches.items():
        values = {(one.indicator, one.unit, one.tier, one.field): one.value for one in bench.facts}
        cells = bench.layout().cells
        assert set(calculated[name]) == set(calculators.formulas(packages[name]))
        for address, value in calculated[name].items():
            assert value == values[cells[address]], (name, address)
            compared += 1
    assert compared > 100


def test_a_form_of_thousands_of_procedures_prints_its_headings_on_every_page(province: Bench) -> None:
    codes = [f"{1 + n % 3}.{n:06d}" for n in range(5000)]
    bench = replace(province, number="II.06b", unit_code=NATION, parts={(NATION, "commune", code): 2 for code in codes})
    package = bench.fill()
    sheet = load_workbook(io.BytesIO(package)).worksheets[0]
    assert sheet.print_title_rows == "$7:$10"
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
    last = bench.layout().rows[-1].number
    assert last == bench.form.body_row + 1 + 5000
    assert sheet[f"C{bench.form.body_row}"].value == f"=SUM(C{bench.form.body_row + 1}:C{last - 1})"
    assert len(package) < 500_000
