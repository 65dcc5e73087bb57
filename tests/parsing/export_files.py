"""Report files as offices make them: form II.06a and the older 07a, as workbook, CSV and HTML."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import openpyxl

Figures = Sequence[Any]
"""The eleven figures of II.06a, columns 3 to 13."""
FIGURES = (12, 6, 4, 2, 8, 3, 3, 2, 4, 3, 1)

_TITLE = "TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT TTHC TẠI CƠ QUAN, ĐƠN VỊ TRỰC TIẾP GIẢI QUYẾT TTHC"
_GROUPS = [
    "Số hồ sơ nhận giải quyết",
    "",
    "",
    "",
    "Số hồ sơ đã giải quyết",
    "",
    "",
    "",
    "Số hồ sơ đang giải quyết",
    "",
    "",
]
_DONE = ["Trước hạn", "Đúng hạn", "Quá hạn"]
_HEADINGS = [
    ["TT", "Lĩnh vực, công việc giải quyết theo cấp", *_GROUPS],
    ["", "", "Tổng số", "Trong kỳ", "", "Từ kỳ trước", "Tổng số", *_DONE, "Tổng số", "Trong hạn", "Quá hạn"],
    ["", "", "", "Trực tuyến", "Trực tiếp, dịch vụ bưu chính", *[""] * 8],
]
_MERGES = ["A{0}:A{2}", "B{0}:B{2}", "C{0}:F{0}", "G{0}:J{0}", "K{0}:M{0}", "C{1}:C{2}", "D{1}:E{1}"]
_MERGES += [f"{column}{{1}}:{column}{{2}}" for column in "FGHIJKLM"]
NUMBERING = [f"({number})" for number in range(1, 14)]


def lines(
    agency: str,
    fields: Sequence[tuple[str, Figures]],
    *,
    window: str = "Từ ngày 15/06/2026 đến ngày 14/09/2026",
    block: str | None = None,
    total: Figures | None = None,
) -> tuple[list[list[Any]], int]:
    """The rows of a file, and the index of the first row of its headings. total: () for no total row."""
    head = [["Biểu số II.06a/VPCP/KSTT", "", "", _TITLE], ["", "", "", f"Kỳ báo cáo: Quý III ({window})"]]
    head += [["", f"Đơn vị báo cáo: {agency}", "", "", "Đơn vị nhận báo cáo: Văn phòng UBND"], []]
    summed = list(total) if total is not None else [sum(column) for column in zip(*(f for _, f in fields), strict=True)]
    body: list[list[Any]] = [NUMBERING]
    if block is not None:
        body.append(["I", block, *summed])
    body += [[number, name, *figures] for number, (name, figures) in enumerate(fields, start=1)]
    body += [["TỔNG CỘNG", "", *summed]] if summed else []
    body += [[], [*[""] * 10, "Ngày 16 tháng 9 năm 2026"], ["", "Người lập biểu", *[""] * 9, "Thủ trưởng đơn vị"]]
    return [*head, *map(list, _HEADINGS), *body], len(head)


def xlsx(
    rows: Sequence[Sequence[Any]], top: int, *, shift: int = 0, title: str = "II.06a", merges: Sequence[str] = _MERGES
) -> bytes:
    """A workbook with the merged headings; `shift`: so many rows are put above everything."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for number, row in enumerate(rows, start=shift + 1):
        for column, cell in enumerate(row, start=1):
            sheet.cell(number, column).value = cell if cell != "" else None
    first = shift + top + 1
    for merge in merges:
        sheet.merge_cells(merge.format(first, first + 1, first + 2))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def separated(rows: Iterable[Sequence[Any]], delimiter: str = ";") -> str:
    content = io.StringIO(newline="")
    csv.writer(content, delimiter=delimiter).writerows(rows)
    return content.getvalue()


def html(rows: Sequence[Sequence[Any]], top: int) -> str:
    """A page whose merged headings are colspan and rowspan; what stands above is a table of the same rows."""
    heads = [
        '<tr><th rowspan="3">TT<th rowspan=3>Lĩnh vực,<br/>công việc giải quyết theo cấp</th>'
        "<th colspan=4>Số hồ sơ nhận giải quyết</th><th colspan=4>Số hồ sơ đã giải quyết</th>"
        "<th colspan=3>Số hồ sơ đang giải quyết</th></tr>",
        "<tr><th rowspan=2>Tổng số<th colspan=2>Trong kỳ<th rowspan=2>Từ kỳ trước"
        + "".join(f"<th rowspan=2>{name}</th>" for name in _HEADINGS[1][6:]),
        "<tr><th>Trực tuyến</th><th>Trực tiếp, dịch vụ bưu chính</th></tr>",
    ]

    def line(row: Sequence[Any]) -> str:
        return f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>"

    parts = [*map(line, rows[:top]), *heads, *map(line, rows[top + 3 :])]
    return f"<html><body><table><tr><td>menu</td></tr></table><table>{''.join(parts)}</table></body></html>"


def lines_07a(agency: str, fields: Sequence[tuple[str, Figures]]) -> tuple[list[list[Any]], int]:
    """The older form: nine figures, after an empty first column; what is in all is given as text."""
    groups = ["Số hồ sơ nhận giải quyết", "", "", "Số hồ sơ đã giải quyết", "", "", "Số hồ sơ đang giải quyết", "", ""]
    names = ["Tổng số", "Số kỳ trước chuyển qua", "Số mới tiếp nhận", "Tổng số", "Trả đúng thời hạn", "Trả quá hạn"]
    names += ["Tổng số", "Chưa đến hạn", "Quá hạn"]
    head = [["", f"Đơn vị báo cáo: {agency}"], ["", "Từ ngày 15/06/2026 đến hết ngày 14/09/2026"]]
    summed = [f"{sum(column):,}".replace(",", ".") for column in zip(*(figures for _, figures in fields), strict=True)]
    body = [["", name, *figures] for name, figures in fields]
    return [*head, ["", "Lĩnh vực", *groups], ["", "", *names], *body, ["", "TỔNG CỘNG", *summed]], len(head)


MERGES_07A = ("B{0}:B{1}", "C{0}:E{0}", "F{0}:H{0}", "I{0}:K{0}")
