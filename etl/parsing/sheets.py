"""From the bytes of an export to sheets of cells: spreadsheets, CSV, tables of an HTML page.

A cell is a text, a number, a truth value, a date or None; texts are as the file has them. What a sheet means is
read in `etl.parsing.tables`.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import dataclass
from html.parser import HTMLParser
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from etl.bodies import Unreadable, refuse_page, text_of
from etl.model import Table
from etl.parsing.cells import unread_cells

Cell = str | int | float | bool | dt.date | None
Span = tuple[int, int, int, int]
"""First row, first column, last row, last column of a merged cell, from 0."""
_MOST_CELLS = 5_000_000
_ZIP, _ZIP_END = b"PK\x03\x04", b"PK\x05\x06"


@dataclass(frozen=True)
class Sheet:
    """One table of a file. `merges` is None where the format cannot tell which cells were merged (CSV)."""

    name: str
    rows: list[list[Cell]]
    merges: list[Span] | None


def sheets(table: Table, content: bytes) -> list[Sheet]:
    """Every sheet or table of the file. Raises Unreadable for a file of another kind, or a part of one."""
    if not content:
        raise Unreadable("tệp rỗng", "empty")
    if table.format != "html":
        refuse_page(content, "", "tệp báo cáo")
    if table.format == "spreadsheet":
        return _workbook(content)
    text = text_of(content, table.encoding or "utf-8")
    return [_separated(text, table.delimiter or ",")] if table.format == "csv" else _page(text)


def _workbook(content: bytes) -> list[Sheet]:
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as workbook:
            found, unread = [], unread_cells(content)
            for name in workbook.sheet_names:
                sheet = workbook.get_sheet_by_name(name)
                if sheet.total_height * sheet.total_width > _MOST_CELLS:
                    raise Unreadable(f"trang tính {name} rộng quá {_MOST_CELLS} ô", "endless")
                rows = [[_cell(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
                for (row, column), text in unread.get(name, {}).items():
                    rows += [[] for _ in range(row + 1 - len(rows))]
                    rows[row] += [None] * (column + 1 - len(rows[row]))
                    rows[row][column] = text
                merges = [(*first, *last) for first, last in sheet.merged_cell_ranges or ()]
                found.append(Sheet(name, rows, merges))
            return found
    except PasswordError:
        raise Unreadable("tệp bảng tính đặt mật khẩu") from None
    except (CalamineError, BadZipFile, ParseError) as cause:
        cut = content.startswith(_ZIP) and _ZIP_END not in content
        problem = f"không phải tệp bảng tính trọn vẹn ({cause})"
        raise Unreadable(problem, "truncated" if cut else "unreadable") from None


def _cell(value: object) -> Cell:
    """A cell of a workbook; it knows one kind of number, so a whole one is an integer. A time of day is text."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dt.datetime):
        return value.date() if value.time() == dt.time() else str(value)
    if isinstance(value, dt.date):
        return value
    if isinstance(value, str | int | float):
        return value if value != "" else None
    return None if value is None else str(value)


def _separated(text: str, delimiter: str) -> Sheet:
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as problem:
        raise Unreadable(f"không phải CSV hợp lệ ({problem})") from None
    return Sheet("csv", [[cell or None for cell in line] for line in lines], None)


def _page(text: str) -> list[Sheet]:
    parser = _Tables()
    parser.feed(text)
    parser.close()
    if parser.open:
        raise Unreadable("trang HTML bị cắt cụt: bảng chưa đóng", "truncated")
    return [Sheet(f"table{number}", rows, spans) for number, (rows, spans) in enumerate(parser.tables, start=1)]


class _Grid:
    """A table while it is being read: where a cell stands follows from the spans of those before it."""

    def __init__(self) -> None:
        self.cells: dict[tuple[int, int], Cell] = {}
        self.taken: set[tuple[int, int]] = set()
        self.spans: list[Span] = []
        self.row = -1
        self.at: tuple[int, int] | None = None
        self.words: list[str] = []

    def begin_cell(self, rows: int, columns: int) -> None:
        self.end_cell()
        self.row = max(self.row, 0)
        column = 0
        while (self.row, column) in self.taken:
            column += 1
        covered = {(self.row + down, column + right) for down in range(rows) for right in range(columns)}
        if len(self.taken) + len(covered) > _MOST_CELLS:
            raise Unreadable(f"bảng HTML rộng quá {_MOST_CELLS} ô", "endless")
        self.taken |= covered
        self.at = (self.row, column)
        if len(covered) > 1:
            self.spans.append((self.row, column, self.row + rows - 1, column + columns - 1))

    def end_cell(self) -> None:
        if self.at is not None:
            self.cells[self.at] = " ".join("".join(self.words).split()) or None
        self.at, self.words = None, []

    def rows(self) -> list[list[Cell]]:
        height = max((row for row, _ in self.taken), default=-1) + 1
        width = max((column for _, column in self.taken), default=-1) + 1
        return [[self.cells.get((row, column)) for column in range(width)] for row in range(height)]


class _Tables(HTMLParser):
    """The tables of a page in the order they begin; the text of a nested one is not in its outer cell."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[_Grid] = []
        self.grids: list[_Grid] = []
        self.silent = 0

    @property
    def tables(self) -> list[tuple[list[list[Cell]], list[Span]]]:
        return [(grid.rows(), grid.spans) for grid in self.grids]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.open.append(_Grid())
            self.grids.append(self.open[-1])
        elif tag in ("script", "style"):
            self.silent += 1
        elif self.open and tag == "tr":
            self.open[-1].end_cell()
            self.open[-1].row += 1
        elif self.open and tag in ("td", "th"):
            spans = dict(attrs)
            self.open[-1].begin_cell(_span(spans.get("rowspan")), _span(spans.get("colspan")))
        elif self.open and tag in ("br", "p", "div"):
            self.open[-1].words.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self.silent = max(0, self.silent - 1)
        elif self.open and tag in ("td", "th", "tr"):
            self.open[-1].end_cell()
        elif self.open and tag == "table":
            self.open.pop().end_cell()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1].at is not None and not self.silent:
            self.open[-1].words.append(data)


def _span(text: str | None) -> int:
    """How many rows or columns a cell covers: at least one, at most 1,000 as browsers have it."""
    return min(max(int(text), 1), 1000) if text and text.strip().isdecimal() else 1
