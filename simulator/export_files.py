"""A report as the file that a vendor's system exports: a workbook, CSV or a page with a table.

The headings have merged cells; a title, the unit and the days stand above them, date and signatures below.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import openpyxl
from fastapi import Response
from openpyxl.styles import Alignment, Font

from simulator.faults_reply import windows_1258

Cells = list[Any]
Span = tuple[int, int, int, int]
"""First row, first column, rows, columns, from the first row of the headings."""
_MEDIA = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "html": "text/html",
}


@dataclass(frozen=True)
class Report:
    """columns: of each its headings, top to bottom. lead: so many empty columns stand before the first."""

    name: str
    head: list[Cells]
    columns: list[tuple[str, ...]]
    body: list[Cells]
    foot: list[Cells]
    lead: int = 0

    @property
    def depth(self) -> int:
        return max(map(len, self.columns))

    def spans(self) -> list[Span]:
        """The cells of the headings that cover more than one."""
        found = []
        for column, path in enumerate(self.columns):
            for row, _ in enumerate(path):
                group = path[: row + 1]
                if column and self.columns[column - 1][: row + 1] == group:
                    continue
                wide = 1
                while (
                    self.columns[column + wide : column + wide + 1] and self.columns[column + wide][: row + 1] == group
                ):
                    wide += 1
                tall = self.depth - row if row + 1 == len(path) else 1
                found.append((row, column, tall, wide))
        return found

    def headings(self) -> list[Cells]:
        """The rows of the headings; a merged text stands in the first of its cells."""
        rows: list[Cells] = [[None] * len(self.columns) for _ in range(self.depth)]
        for row, column, _, _ in self.spans():
            rows[row][column] = self.columns[column][row]
        return rows

    def lines(self) -> list[Cells]:
        empty: Cells = [None] * self.lead
        return [[*empty, *row] for row in (*self.head, *self.headings(), *self.body, *self.foot)]

    def in_nfd(self) -> Report:
        def turned(rows: list[Cells]) -> list[Cells]:
            return [
                [unicodedata.normalize("NFD", cell) if isinstance(cell, str) else cell for cell in row] for row in rows
            ]

        columns = [tuple(unicodedata.normalize("NFD", text) for text in path) for path in self.columns]
        return replace(self, head=turned(self.head), columns=columns, body=turned(self.body), foot=turned(self.foot))


def reply(report: Report, kind: str, *, encoding: str = "utf-8", delimiter: str = ";") -> Response:
    """The report as a download of that kind."""
    if kind == "xlsx":
        content = _workbook(report)
    else:
        text = _separated(report, delimiter) if kind == "csv" else _page(report)
        content = windows_1258(text) if encoding == "windows-1258" else text.encode()
    headers = {"Content-Disposition": f'attachment; filename="bao-cao.{kind}"'} if kind != "html" else {}
    return Response(content, media_type=_MEDIA[kind], headers=headers)


def _workbook(report: Report) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None  # noqa: S101 (a new workbook has one)
    sheet.title = report.name
    for number, row in enumerate(report.lines(), start=1):
        for column, cell in enumerate(row, start=1):
            if cell is not None:
                sheet.cell(number, column).value = cell
    top = len(report.head) + 1
    for row, column, tall, wide in report.spans():
        first = sheet.cell(top + row, report.lead + column + 1)
        first.font, first.alignment = Font(bold=True), Alignment(horizontal="center", wrap_text=True)
        if tall > 1 or wide > 1:
            sheet.merge_cells(
                start_row=first.row, start_column=first.column,
                end_row=first.row + tall - 1, end_column=first.column + wide - 1,
            )  # fmt: skip
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _separated(report: Report, delimiter: str) -> str:
    content = io.StringIO(newline="")
    csv.writer(content, delimiter=delimiter).writerows(report.lines())
    return content.getvalue()


def _page(report: Report) -> str:
    starts = {(row, column): (tall, wide) for row, column, tall, wide in report.spans()}
    heads = []
    for row in range(report.depth):
        cells = "".join(
            f'<th rowspan="{starts[row, column][0]}" colspan="{starts[row, column][1]}">{escape(path[row])}</th>'
            for column, path in enumerate(report.columns)
            if (row, column) in starts
        )
        heads.append(f"<tr>{'<th></th>' * report.lead}{cells}</tr>")
    above, below = _rows(report.head, report.lead), _rows([*report.body, *report.foot], report.lead)
    return (
        "<!DOCTYPE html><html lang='vi'><head><title>Báo cáo</title></head><body><table><tr><td>Trang chủ</td></tr>"
        f"</table><table border='1'>{above}{''.join(heads)}{below}</table></body></html>"
    )


def _rows(rows: Sequence[Cells], lead: int) -> str:
    empty: Cells = [None] * lead
    return "".join(
        f"<tr>{''.join(f'<td>{escape(str(cell)) if cell is not None else str()}</td>' for cell in [*empty, *row])}</tr>"
        for row in rows
    )
