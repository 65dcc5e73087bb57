"""Exported files: columns by their headings, numbers as declared, rows that are no figures listed."""

from __future__ import annotations

import datetime as dt
import io
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import openpyxl
import pytest

from etl.errors import SourceBroken
from etl.model import FieldRule, Numbers, Page, Pages, Platform, Source, Table
from etl.parsing import Parsed, file_rows, parse
from tests.parsing.export_files import FIGURES, MERGES_07A, html, lines, lines_07a, separated, xlsx
from tests.parsing.vendor_answers import CATALOG, COMMUNES, PROVINCE, Q3, TREE, page

PLATFORM = CATALOG.platforms["export_06a"]
assert PLATFORM.table is not None
TABLE = PLATFORM.table
COMMUNE = COMMUNES[0]
AGENCY = f"UBND {COMMUNE.name}"
MORE = (1234, 600, 434, 200, 834, 300, 334, 200, 400, 399, 1)
FIELDS_07A = (("Hộ tịch", (1234, 200, 1034, 834, 800, 34, 400, 399, 1)),)
FIELDS = (("Hộ tịch", FIGURES), ("Chứng thực", MORE))


def read(content: bytes, platform: Platform = PLATFORM, **table: Any) -> Parsed:
    return read_all([content], platform, **table)


def read_all(contents: Sequence[bytes], platform: Platform = PLATFORM, **table: Any) -> Parsed:
    given = replace(platform, table=replace(platform.table, **table)) if table else platform
    source = Source("export_cao_bang", given.id, "04", "file:///srv", "Cao Bằng", files="{period}_*")
    pages = [_file(content, f"tep_{number}.xlsx") for number, content in enumerate(contents)]
    return parse(source, given, CATALOG.datasets[given.dataset], Q3, Pages.held(pages), TREE, CATALOG.fields)


def _file(content: bytes, name: str) -> tuple[Page, bytes]:
    landed, _ = page(content, media_type="")
    return replace(landed, address=f"file:///srv/{name}"), content


def figures(row: dict[str, Any]) -> tuple[int | None, ...]:
    return tuple(row[name] for name in CATALOG.datasets["onestop"].columns)


def test_a_workbook_is_read_to_the_row() -> None:
    parsed = read(xlsx(*lines(AGENCY, FIELDS)))
    assert parsed.findings == []
    rows = parsed.table.to_pylist()
    assert [(row["unit"], row["tier"], row["field"], figures(row)) for row in rows] == [
        (COMMUNE.code, "commune", "ho_tich", FIGURES),
        (COMMUNE.code, "commune", "chung_thuc", MORE),
    ]
    assert [row["pointer"] for row in rows] == ["/II.06a!9", "/II.06a!10"]
    assert parsed.left_out == {"dòng đánh số cột": 1, "dòng tổng cộng": 1, "dòng chữ sau dòng tổng cộng": 2}


def test_headings_are_found_wherever_they_stand() -> None:
    rows, top = lines(AGENCY, FIELDS)
    moved = [["", *row] for row in rows]  # an empty first column, as .xls exports have it
    assert read(xlsx(rows, top, shift=7)).table["pointer"].to_pylist()[0] == "/II.06a!16"
    text = separated(moved)
    parsed = read(text.encode(), format="csv", encoding="utf-8", delimiter=";")
    assert [figures(row) for row in parsed.table.to_pylist()] == [FIGURES, MORE]
    assert parsed.findings == []


def test_columns_may_change_places() -> None:
    rows, _ = lines(AGENCY, FIELDS)
    order = [1, 0, 10, 11, 12, *range(2, 10)]
    turned = [row if len(row) < 13 else [row[column] for column in order] for row in rows]
    parsed = read(separated(turned).encode(), format="csv", encoding="utf-8", delimiter=";")
    assert [figures(row) for row in parsed.table.to_pylist()] == [FIGURES, MORE]


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("utf-8", lambda text: text.encode()),
        ("utf-8", lambda text: text.encode("utf-8-sig")),
        ("utf-8", lambda text: unicodedata.normalize("NFD", text).encode()),
        ("windows-1258", lambda text: _in_1258(text)),
    ],
)
def test_every_encoding_gives_the_same_rows(encoding: str, content: Any) -> None:
    rows, top = lines(AGENCY, FIELDS)
    as_csv = read(content(separated(rows)), format="csv", encoding=encoding, delimiter=";")
    as_html = read(content(html(rows, top)), format="html", encoding=encoding)
    for parsed in (as_csv, as_html):
        assert [(row["unit"], row["field"], figures(row)) for row in parsed.table.to_pylist()] == [
            (COMMUNE.code, "ho_tich", FIGURES),
            (COMMUNE.code, "chung_thuc", MORE),
        ]
    assert as_csv.table["pointer"].to_pylist() == ["/csv!9", "/csv!10"]
    assert as_html.table["pointer"].to_pylist() == ["/table2!9", "/table2!10"]


def _in_1258(text: str) -> bytes:
    """The code page has letters with their hats, and the five tones as marks of their own."""
    tones = {"\u0300", "\u0301", "\u0303", "\u0309", "\u0323"}
    written = []
    for char in text:
        parts = unicodedata.normalize("NFD", char)
        letter = unicodedata.normalize("NFC", "".join(part for part in parts if part not in tones))
        written.append(letter + "".join(part for part in parts if part in tones))
    return "".join(written).encode("cp1258")


def test_another_encoding_than_declared_is_no_table() -> None:
    text = separated(lines(AGENCY, FIELDS)[0])
    with pytest.raises(SourceBroken, match=r"tep_0\.xlsx: không đọc được theo bảng mã utf-8"):
        read(_in_1258(text), format="csv", encoding="utf-8", delimiter=";")


@pytest.mark.parametrize(
    ("thousands", "written", "value"),
    [
        (".", "1.234", 1234),
        (".", "1.234.567", 1234567),
        (".", "987", 987),
        (".", "1234", 1234),
        (",", "1,234", 1234),
        (" ", "1 234", 1234),
        (None, "1234", 1234),
        (".", "", None),
    ],
)
def test_a_number_as_declared(thousands: Any, written: str, value: int | None) -> None:
    parsed = _number(thousands, written)
    assert parsed.table["received_total"].to_pylist() == [value]
    assert parsed.findings == []


@pytest.mark.parametrize(
    ("thousands", "written"),
    [
        *((".", text) for text in ("1,234", "1.23", "1.2345", "0.123", "12.34.567", "1.234,5", "-", "x", "1 234")),
        *((",", text) for text in ("1.234", "1,23")),
        (None, "1.234"),
    ],
)
def test_any_other_spelling_is_a_finding_and_no_guess(thousands: Any, written: str) -> None:
    parsed = _number(thousands, written)
    assert parsed.table["received_total"].to_pylist() == [None]
    assert [(finding.rule, finding.column, finding.row) for finding in parsed.findings] == [
        ("READ-NUMBER", "nhan_tong", "/csv!9")
    ]
    assert parsed.table["problem_rule"].to_pylist() == ["READ-NUMBER"]


def _number(thousands: Any, written: str) -> Parsed:
    rows, _ = lines(AGENCY, [("Hộ tịch", (written, *FIGURES[1:]))], total=("", *FIGURES[1:]))
    platform = replace(PLATFORM, numbers=Numbers(thousands))
    return read(separated(rows).encode(), platform, format="csv", encoding="utf-8", delimiter=";")


def test_a_fraction_in_a_cell_is_not_a_thousand() -> None:
    parsed = read(xlsx(*lines(AGENCY, [("Hộ tịch", (1.234, *FIGURES[1:]))], total=("", *FIGURES[1:]))))
    assert [finding.rule for finding in parsed.findings] == ["READ-NUMBER"]
    assert parsed.table["received_total"].to_pylist() == [None]


def test_blocks_totals_and_parts_are_left_out_and_listed() -> None:
    rows, top = lines(AGENCY, FIELDS, block="Cấp xã")
    place = next(index for index, row in enumerate(rows) if row[1:2] == ["Hộ tịch"])
    rows.insert(place + 1, ["", "Trong đó: đăng ký khai sinh", *[5] * 11])
    parsed = read(xlsx(rows, top))
    assert parsed.findings == []
    assert [row["field"] for row in parsed.table.to_pylist()] == ["ho_tich", "chung_thuc"]
    assert parsed.left_out["dòng trong đó"] == parsed.left_out["dòng tổng của khối"] == 1


def test_a_commune_block_of_a_province_is_no_commune() -> None:
    own = read(xlsx(*lines("Sở Nội vụ", FIELDS, block="Sở, ban, ngành"))).table
    assert own["tier"].to_pylist() == ["province"] * 2
    assert own["unit"].to_pylist() == [PROVINCE.code] * 2
    parsed = read(xlsx(*lines(f"UBND {PROVINCE.name}", FIELDS, block="Cấp xã")))
    assert {finding.rule for finding in parsed.findings} == {"READ-UNIT"}
    assert parsed.table["unit"].to_pylist() == [None, None]


def test_a_wrong_total_is_a_finding_at_its_row() -> None:
    wrong = [first + second for first, second in zip(FIGURES, MORE, strict=True)]
    wrong[4] += 1
    parsed = read(xlsx(*lines(AGENCY, FIELDS, total=wrong)))
    assert [(finding.rule, finding.column, finding.row) for finding in parsed.findings] == [
        ("READ-VENDOR", "xong_tong", "/II.06a!11")
    ]
    assert parsed.findings[0].severity == "critical"
    (hole,) = parsed.doubts.values()
    assert (hole.unit, hole.tier, hole.field, hole.reason) == (COMMUNE.code, "commune", None, "quarantined")


def test_each_file_has_a_total_of_its_own() -> None:
    other = f"UBND {COMMUNES[1].name}"
    parsed = read_all([xlsx(*lines(AGENCY, FIELDS)), xlsx(*lines(other, FIELDS[:1]))])
    assert parsed.findings == []
    assert parsed.table["unit"].to_pylist() == [COMMUNE.code, COMMUNE.code, COMMUNES[1].code]


def test_a_row_without_figures_is_no_row_of_zeros() -> None:
    parsed = read(xlsx(*lines(AGENCY, [FIELDS[0], ("Chứng thực", [None] * 11)], total=FIGURES)))
    assert figures(parsed.table.to_pylist()[1]) == (None,) * 11


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: rows[4].__setitem__(1, "Nội dung"), "Lĩnh vực, công việc giải quyết theo cấp"),
        (lambda rows: rows[2].__setitem__(1, "Gửi:"), "don_vi"),
        (lambda rows: rows[1].__setitem__(3, "Từ ngày 15/03/2026 đến ngày 14/06/2026"), "15/06/2026 đến 14/09/2026"),
        (lambda rows: rows[1].__setitem__(3, ""), "kỳ ghi trong tệp"),
        (lambda rows: rows.pop(10), "dòng tổng cộng"),
    ],
)
def test_what_is_missing_is_named_with_the_file(change: Any, words: str) -> None:
    rows, top = lines(AGENCY, FIELDS)
    change(rows)
    with pytest.raises(SourceBroken, match=r"tep_0\.xlsx") as caught:
        read(xlsx(rows, top))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "rỗng"),
        (b"<html>login</html>", "HTML"),
        (b"garbage", "bảng tính"),
        (xlsx(*lines(AGENCY, FIELDS))[:3000], "bảng tính"),
    ],
)
def test_no_workbook_is_told_as_such(content: bytes, words: str) -> None:
    with pytest.raises(SourceBroken, match=words):
        read(content)


def test_an_html_page_cut_off_is_told_as_such() -> None:
    with pytest.raises(SourceBroken, match="cắt cụt"):
        read(html(*lines(AGENCY, FIELDS))[:-200].encode(), format="html", encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        (lambda rows: rows[5].__setitem__(7, "Sớm hạn"), ["resolved_early"]),
        (lambda rows: rows[5].__setitem__(8, "Trước hạn"), ["resolved_early", "resolved_on_time"]),
    ],
)
def test_a_heading_that_is_gone_or_stands_twice_loses_its_column_alone(change: Any, lost: list[str]) -> None:
    rows, top = lines(AGENCY, FIELDS)
    change(rows)
    parsed = read(xlsx(rows, top))
    assert [finding.rule for finding in parsed.findings].count("READ-MISSING") == len(lost)
    assert set(CATALOG.datasets["onestop"].columns) - set(parsed.given) == set(lost)
    for row, figures_ in zip(parsed.table.to_pylist(), (FIGURES, MORE), strict=True):
        names = CATALOG.datasets["onestop"].columns
        wanted = [None if name in lost else figure for name, figure in zip(names, figures_, strict=True)]
        assert list(figures(row)) == wanted


def test_a_heading_of_another_name_is_read_once_it_is_declared() -> None:
    rows, top = lines(AGENCY, FIELDS)
    rows[5][7] = "Sớm hạn"
    new = "Số hồ sơ đã giải quyết / Sớm hạn"
    assert read(xlsx(rows, top)).unread == (new,)
    source = Source("x", "export_06a", "04", "file:///srv", "C", files="{period}_*", renamed={"xong_truoc_han": new})
    pages = [_file(xlsx(rows, top), "a.xlsx")]
    parsed = parse(source, PLATFORM, CATALOG.datasets["onestop"], Q3, Pages.held(pages), TREE, CATALOG.fields)
    assert parsed.findings == []
    assert [figures(row) for row in parsed.table.to_pylist()] == [FIGURES, MORE]


def test_an_unknown_column_is_a_finding() -> None:
    rows, top = lines(AGENCY, FIELDS)
    rows[4] += ["Ghi chú"]
    parsed = read(xlsx(rows, top))
    assert [(finding.rule, finding.severity, finding.column) for finding in parsed.findings] == [
        ("READ-COLUMN", "warning", "Ghi chú")
    ]


def test_file_rows_gives_the_record_again() -> None:
    content = xlsx(*lines(AGENCY, FIELDS))
    landed, _ = _file(content, "a.xlsx")
    source = Source("x", "export_06a", "04", "file:///srv", "Cao Bằng")
    rows, columns = file_rows(source, PLATFORM, Q3, landed, content)
    assert rows["/II.06a!10"]["nhan_tong"] == 1234
    assert [columns[name] for name in ("tt", "linh_vuc", "nhan_tong")] == [0, 1, 2]


@pytest.mark.parametrize("as_csv", [False, True])
def test_07a_has_no_channels_and_no_early_column(as_csv: bool) -> None:
    platform = CATALOG.platforms["export_07a"]
    rows, top = lines_07a(AGENCY, FIELDS_07A)
    if as_csv:
        parsed = read(separated(rows).encode(), platform, format="csv", encoding="utf-8", delimiter=";")
    else:
        parsed = read(xlsx(rows, top, merges=MERGES_07A), platform)
    assert parsed.findings == []
    row = parsed.table.to_pylist()[0]
    assert figures(row) == (1234, None, None, 200, 834, None, None, 34, 400, 399, 1)


def test_totals_by_agency_have_a_row_each_and_state_their_field() -> None:
    """The family "tổng hợp theo đơn vị": thousands with a comma, merged headings, one file a field."""
    platform = replace(
        PLATFORM,
        numbers=Numbers(","),
        unit=replace(PLATFORM.unit, column="co_quan"),
        field=FieldRule("linh_vuc", by="name"),
        table=Table(
            "html",
            {"co_quan": ("Đơn vị",), "tong": ("Tiếp nhận", "Tổng"), "mang": ("Tiếp nhận", "Trực tuyến")},
            "co_quan",
            encoding="utf-8",
            total="(?i:tổng cộng)",
            stated={"linh_vuc": "Lĩnh vực: (?P<value>.+)"},
        ),
        columns={"received_total": ("tong",), "received_online": ("mang",)},
        ignore=(),
    )
    rows = "".join(
        f"<tr><td></td><td>{name}</td><td>{total}</td><td>{online}</td></tr>"
        for name, total, online in [
            (f"UBND {COMMUNES[0].name}", "1,234", "1,000"),
            (f"UBND {COMMUNES[1].name}", "2,000", "7"),
            ("Tổng cộng", "3,234", "1,007"),
        ]
    )
    heads = "<tr><th rowspan=2><th rowspan=2>Đơn vị<th colspan=2>Tiếp nhận</tr><tr><th>Tổng<th>Trực tuyến</tr>"
    numbering = "<tr><td>(1)<td>(2)<td>(3)<td>(4)=(5)</tr>"
    text = f"<table><tr><td colspan=4>Lĩnh vực: Hộ tịch</td></tr>{heads}{numbering}{rows}</table>"
    parsed = read(text.encode(), platform)
    assert parsed.findings == []
    names = ("unit", "field", "received_total", "received_online", "carried_over")
    assert [tuple(row[name] for name in names) for row in parsed.table.to_pylist()] == [
        (COMMUNES[0].code, "ho_tich", 1234, 1000, None),
        (COMMUNES[1].code, "ho_tich", 2000, 7, None),
    ]


def test_two_tables_with_the_headings_are_not_chosen_between() -> None:
    text = html(*lines(AGENCY, FIELDS))
    with pytest.raises(SourceBroken, match="nhiều bảng cùng có các tiêu đề đã khai: table2, table4"):
        read((text + text).encode(), format="html", encoding="utf-8")


def test_a_commune_may_be_a_source_of_its_own() -> None:
    content = xlsx(*lines(AGENCY, FIELDS))
    source = Source("thu_xa", "export_06a", COMMUNE.code, "file:///srv", "UBND", files="{period}_*")
    parsed = parse(
        source, PLATFORM, CATALOG.datasets["onestop"], Q3, Pages.held([_file(content, "a")]), TREE, CATALOG.fields
    )
    assert parsed.findings == []
    assert parsed.table["unit"].to_pylist() == [COMMUNE.code] * 2
    other = xlsx(*lines(f"UBND {COMMUNES[1].name}", FIELDS))
    strange = parse(
        source, PLATFORM, CATALOG.datasets["onestop"], Q3, Pages.held([_file(other, "a")]), TREE, CATALOG.fields
    )
    assert {finding.rule for finding in strange.findings} == {"READ-UNIT"}


def _cells(change: Any) -> bytes:
    """The workbook of FIELDS, changed by openpyxl."""
    book = openpyxl.load_workbook(io.BytesIO(xlsx(*lines(AGENCY, FIELDS))))
    change(book.active)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _put(address: str, value: Any, kind: str | None = None) -> Any:
    def change(sheet: Any) -> None:
        sheet[address] = value
        if kind is not None:
            sheet[address].data_type = kind

    return change


@pytest.mark.parametrize("error", ["#REF!", "#N/A", "#VALUE!", "#DIV/0!"])
def test_an_error_cell_is_no_blank_and_no_zero(error: str) -> None:
    parsed = read(_cells(_put("D9", error, "e")))
    (finding,) = (finding for finding in parsed.findings if finding.rule == "READ-NUMBER")
    assert (finding.severity, finding.row, finding.column, finding.value) == (
        "critical",
        "/II.06a!9",
        "nhan_truc_tuyen",
        f'"{error}"',
    )
    assert parsed.table["received_online"].to_pylist() == [None, 600]


def test_a_formula_that_was_never_computed_says_so() -> None:
    parsed = read(_cells(_put("C9", "=SUM(D9:F9)")))
    (finding,) = (finding for finding in parsed.findings if finding.rule == "READ-NUMBER")
    assert "=SUM(D9:F9) (công thức chưa có kết quả)" in finding.value
    assert parsed.table["received_total"].to_pylist() == [None, 1234]


def test_an_error_in_the_total_row_is_a_wrong_total() -> None:
    parsed = read(_cells(_put("C11", "#REF!", "e")))
    assert [(finding.rule, finding.row, finding.value) for finding in parsed.findings] == [
        ("READ-VENDOR", "/II.06a!11", '"#REF!"')
    ]


@pytest.mark.parametrize("as_number", [False, True])
@pytest.mark.parametrize(("last", "right"), [(dt.date(2026, 9, 14), True), (dt.date(2026, 9, 15), False)])
def test_stated_days_may_be_dates_of_the_workbook(as_number: bool, last: dt.date, right: bool) -> None:
    def change(sheet: Any) -> None:
        days = [dt.date(2026, 6, 15), last]
        cells = [(day - dt.date(1899, 12, 30)).days for day in days] if as_number else days
        for column, cell in enumerate(["Từ ngày", cells[0], "đến ngày", cells[1]], start=4):
            sheet.cell(2, column).value = cell

    if right:
        assert read(_cells(change)).findings == []
    else:
        with pytest.raises(SourceBroken, match="kỳ ghi trong tệp"):
            read(_cells(change))
