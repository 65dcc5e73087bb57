"""What stands in a landed file (workbook, CSV, tables of an HTML page), read with Python's standard library alone.

Part of the verifier in each bundle, and on purpose another reader than the one that read the figures (etl/parsing).
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

from etl.proof.documents import parts_named, sheets

Place = tuple[int, int]
"""Row and column, both from 1."""
Sheet = Mapping[Place, str | Decimal]


def read_file(content: bytes, written: Mapping[str, Any]) -> Callable[[str, str | None], int | None]:
    """The file as a function that gives the count in a row ("/Sheet!12") and a column ("F"); None: there is none.

    written: `format`, `encoding`, `delimiter` and `thousands`, as the manifest has them.
    """
    if written["format"] == "spreadsheet":
        found = _workbook(content)
    else:
        text = content.decode(written["encoding"])
        found = {"csv": _lines(text, written["delimiter"])} if written["format"] == "csv" else _page(text)

    def count(pointer: str, column: str | None) -> int | None:
        sheet, _, row = pointer.removeprefix("/").rpartition("!")
        return None if column is None else _count(found[sheet].get((int(row), _number(column))), written["thousands"])

    return count


def is_workbook(content: bytes) -> bool:
    """Whether it is an XLSX package."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return False
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return "xl/workbook.xml" in package.namelist()


def _count(cell: str | Decimal | None, thousands: str | None) -> int | None:
    """A whole number, or the one that a text spells: all its groups of three parted, or none."""
    if isinstance(cell, Decimal):
        return int(cell) if cell == cell.to_integral_value() else None
    text = (cell or "").strip()
    if thousands and re.fullmatch(rf"-?[1-9][0-9]{{0,2}}({re.escape(thousands)}[0-9]{{3}})+", text):
        text = text.replace(thousands, "")
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else None


def _workbook(content: bytes) -> dict[str, Sheet]:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        shared = []
        if "xl/sharedStrings.xml" in package.namelist():
            shared = [_text(one) for one in parts_named(package, "xl/sharedStrings.xml", "si")]
        found: dict[str, Sheet] = {}
        for name, part in sheets(package).items():
            cells: dict[Place, str | Decimal] = {}
            for cell in parts_named(package, part, "c"):
                if (value := _value(cell, shared)) is not None:
                    letters, row = re.fullmatch(r"([A-Z]+)([0-9]+)", cell.get("r", "")).groups()  # type: ignore[union-attr]
                    cells[int(row), _number(letters)] = value
            found[name] = cells
        return found


def _value(cell: ElementTree.Element, shared: list[str]) -> str | Decimal | None:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return _text(cell)
    given = next((one.text for one in cell if one.tag.rpartition("}")[2] == "v"), None)
    if given is None or kind in ("b", "e", "d"):
        return None
    if kind == "s":
        return shared[int(given)]
    try:
        return given if kind == "str" else Decimal(given)
    except InvalidOperation:
        return None


def _text(element: ElementTree.Element) -> str:
    return "".join(one.text or "" for one in element.iter() if one.tag.rpartition("}")[2] == "t")


def _lines(text: str, delimiter: str) -> Sheet:
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return {(row, column): cell for row, line in enumerate(lines, 1) for column, cell in enumerate(line, 1)}


def _page(text: str) -> dict[str, Sheet]:
    reader = _Tables()
    reader.feed(text)
    reader.close()
    return {f"table{number}": table for number, table in enumerate(reader.tables, 1)}


class _Tables(HTMLParser):
    """The tables of a page, numbered as they begin; a cell that covers several rows or columns stands in the first."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[dict[Place, str]] = []
        self._open: list[_Table] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._open.append(_Table())
            self.tables.append(self._open[-1].cells)
        elif self._open and tag == "tr":
            self._open[-1].row += 1
            self._open[-1].at = None
        elif self._open and tag in ("td", "th"):
            given = dict(attrs)
            rows, columns = (max(int(given.get(name) or 1), 1) for name in ("rowspan", "colspan"))
            self._open[-1].begin(rows, columns)
        elif tag == "br":
            self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        if self._open and tag == "table":
            self._open.pop()
        elif self._open and tag in ("td", "th", "tr"):
            self._open[-1].at = None

    def handle_data(self, data: str) -> None:
        if self._open and (at := self._open[-1].at) is not None:
            self._open[-1].cells[at] += data


class _Table:
    def __init__(self) -> None:
        self.cells: dict[Place, str] = {}
        self.row, self.at = 0, None  # type: int, Place | None
        self._covered: defaultdict[int, set[int]] = defaultdict(set)

    def begin(self, rows: int, columns: int) -> None:
        row = self.row = max(self.row, 1)
        column = 1
        while column in self._covered[row]:
            column += 1
        for down in range(rows):
            self._covered[row + down].update(range(column, column + columns))
        self.at = (row, column)
        self.cells[self.at] = ""


def _number(letters: str) -> int:
    """A -> 1, Z -> 26, AA -> 27."""
    found = 0
    for letter in letters:
        found = found * 26 + ord(letter) - ord("A") + 1
    return found
