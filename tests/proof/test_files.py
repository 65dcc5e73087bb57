"""The verifier's own reader of files, on what offices write; openpyxl makes the workbooks."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest

from etl.proof import is_workbook, read_file

DOTS: dict[str, Any] = {"format": "spreadsheet", "encoding": "utf-8-sig", "delimiter": ",", "thousands": "."}


def workbook() -> bytes:
    book = openpyxl.Workbook()
    book.create_sheet("Cả năm!")
    sheet = book.create_sheet("II.06a")
    for column, value in enumerate((1234, "1.234", "12.34", 5.0, 5.5, True, "14/9", "  7 ", "-1.000", "#REF!"), 1):
        sheet.cell(3, column, value)
    sheet["AB3"] = 99
    sheet["A4"] = 3
    sheet.merge_cells("A4:B4")
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def test_a_workbook_by_row_and_letters() -> None:
    content = workbook()
    count = read_file(content, DOTS)
    assert is_workbook(content)
    shown = [count("/II.06a!3", letter) for letter in "ABCDEFGHIJK"]
    assert shown == [1234, 1234, None, 5, None, None, None, 7, -1000, None, None]
    assert count("/II.06a!3", "AB") == 99
    assert (count("/II.06a!4", "A"), count("/II.06a!4", "B")) == (3, None), "a merged cell has its value once"
    assert count("/Cả năm!!3", "A") is None
    assert count("/II.06a!3", None) is None
    with pytest.raises(LookupError):
        count("/gone!3", "A")


@pytest.mark.parametrize("content", [b"\xd0\xcf\x11\xe0 an old workbook", b"PK\x03\x04", b""])
def test_what_is_no_xlsx_is_not_taken_for_one(content: bytes) -> None:
    assert not is_workbook(content)


def test_csv_of_another_encoding_with_a_line_end_in_quotes() -> None:
    text = 'Đơn vị;Tổng\r\n"một\nhai";1.234.567\r\nba;"12,5"\r\n'
    # windows-1258 writes the tones of letters apart
    content = (
        text.replace("ộ", "ô\u0323").replace("ơ", "ơ").replace("ị", "i\u0323").replace("ổ", "ô\u0309").encode("cp1258")
    )
    count = read_file(content, DOTS | {"format": "csv", "encoding": "cp1258", "delimiter": ";"})
    assert (count("/csv!2", "B"), count("/csv!3", "B")) == (1234567, None), "a row is a record, not a line"
    assert (
        read_file(content, DOTS | {"format": "csv", "encoding": "cp1258", "delimiter": ";", "thousands": None})(
            "/csv!2", "B"
        )
        is None
    )


def test_html_where_cells_cover_others() -> None:
    page = """<html><body><table><tr><td>khác</td></tr></table>
    <table><tr><th rowspan=2>Đơn vị<th colspan="2">Nhận</tr>
    <tr><th>tổng<th>trong đó</tr>
    <tr><td>A<table><tr><td>8</td></tr></table></td><td> 1.2<b>34</b> </td><td rowspan="2">6</td></tr>
    <tr><td>B<td>4</tr></table></body></html>"""
    count = read_file(page.encode(), DOTS | {"format": "html"})
    assert [count("/table2!3", letter) for letter in "ABC"] == [None, 1234, 6]
    assert [count("/table2!4", letter) for letter in "ABC"] == [None, 4, None], "what covers a cell stands above it"
    assert count("/table3!1", "A") == 8
