"""The sheet of a form: the blank's template rows copied over the body, nothing drawn by hand.

A blank has its headings above `body_row`; there follow five template rows, each known by a marker in
column A (group, item, total, heading of the notes, note), then the signature block. Places for the
unit and the period are markers such as {ky_bao_cao} in any text above or below the body.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from openpyxl import load_workbook
from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from etl.errors import CatalogError
from etl.model import Form

MARK = "*"
"""Behind a figure that still moves."""
TEMPLATES = {
    "group": "{nhom}",
    "item": "{muc}",
    "total": "{tong}",
    "note_heading": "{ghi_chu_dau}",
    "note": "{ghi_chu}",
}
_MARKER = re.compile(r"\{[a-z_]+\}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_FORMULA_STARTS = ("=", "+", "-", "@")
_CHARACTERS_PER_WIDTH = 1.08
"""Characters of the form's font on one unit of column width, measured low so that a line never gets lost."""
_LINE_POINTS = 14.6


@dataclass(frozen=True)
class Formula:
    """A formula with the value it must give, which viewers that cannot calculate show."""

    text: str
    value: Decimal


@dataclass(frozen=True)
class Line:
    """A body or note row: values from column A on (text, number, formula, or None).

    marked: the columns, from 0, whose number is shown with a mark behind it; the number itself stays one.
    """

    template: str
    values: tuple[str | Decimal | Formula | None, ...]
    marked: frozenset[int] = frozenset()


@dataclass(frozen=True)
class _Template:
    styles: tuple[Any, ...]
    height: float | None
    merged: bool


def write(
    form: Form, blank: bytes, lines: Sequence[Line], markers: Mapping[str, str], title: str
) -> tuple[bytes, dict[str, str]]:
    """The blank with `lines` as its body, as a package, and the cached value of each formula cell.

    Raises CatalogError when the blank does not carry the form's headings, column numbers or markers.
    """
    workbook = load_workbook(io.BytesIO(blank))
    sheet = workbook.worksheets[0]
    check_blank(form, sheet)
    width = len(form.columns)
    templates = {name: _template(sheet, form.body_row + index, width) for index, name in enumerate(TEMPLATES)}
    tail = _cut(sheet, form.body_row, len(TEMPLATES), width)
    _fill_markers(form, sheet, markers, 1, form.body_row - 1)
    cached: dict[str, str] = {}
    row = form.body_row
    for line in lines:
        _write_line(form, sheet, row, line, templates[line.template], cached)
        row += 1
    last = _paste(sheet, row, tail)
    _fill_markers(form, sheet, markers, row, last)
    sheet.print_area = f"A1:{get_column_letter(width)}{last}"
    workbook.properties.title = title
    target = io.BytesIO()
    workbook.save(target)
    return target.getvalue(), cached


def check_blank(form: Form, sheet: Worksheet) -> None:
    """The blank must say what the YAML says: title, notice, headings, column numbers, template rows."""

    def fail(key: str, problem: str) -> CatalogError:
        return CatalogError(f"forms/{form.number}.yml", 1, key, f"the blank {problem}")

    head = sheet.iter_rows(min_row=1, max_row=form.body_row - 1, max_col=len(form.columns), values_only=True)
    texts = [_plain(value) for cells in head for value in cells if isinstance(value, str)]
    wanted = {"title": form.title, "subtitle": form.subtitle, "notice": form.notice, "unit": form.unit_of_measure}
    for key, text in wanted.items():
        if not any(_plain(text) in found for found in texts):
            raise fail(key, f"does not show {text!r}")
    for index, column in enumerate(form.columns):
        if sheet.cell(form.body_row - 1, index + 1).value != f"({column.number})":
            raise fail(
                f"columns.{index}.number", f"has no ({column.number}) above column {get_column_letter(index + 1)}"
            )
        for text in column.heading:
            if _plain(text) not in texts:
                raise fail(f"columns.{index}.heading", f"has no heading {text!r}")
    for index, (name, marker) in enumerate(TEMPLATES.items()):
        if sheet.cell(form.body_row + index, 1).value != marker:
            raise fail("body_row", f"has no {marker} ({name}) in cell A{form.body_row + index}")


def _cell(sheet: Worksheet, row: int, column: int) -> Any:
    """A cell with its style record, which the type stubs do not show."""
    return sheet.cell(row, column)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _template(sheet: Worksheet, row: int, width: int) -> _Template:
    merged = any(area.min_row == row for area in sheet.merged_cells.ranges)
    styles = tuple(copy(_cell(sheet, row, column)._style) for column in range(1, width + 1))
    return _Template(styles, sheet.row_dimensions[row].height, merged)


@dataclass(frozen=True)
class _Tail:
    """The rows under the templates, by offset: cells (row, column, value, style), merges, heights."""

    cells: list[tuple[int, int, Any, Any]]
    merges: list[tuple[int, int, int]]
    heights: list[float | None]


def _cut(sheet: Worksheet, body_row: int, templates: int, width: int) -> _Tail:
    first, last = body_row + templates, sheet.max_row
    merges = []
    for area in [area for area in sheet.merged_cells.ranges if area.min_row >= body_row]:
        sheet.unmerge_cells(str(area))
        if area.min_row >= first:
            merges.append((area.min_row - first, area.min_col, area.max_col))
    cells = [
        (row - first, column, sheet.cell(row, column).value, copy(_cell(sheet, row, column)._style))
        for row in range(first, last + 1)
        for column in range(1, width + 1)
    ]
    heights = [sheet.row_dimensions[row].height for row in range(first, last + 1)]
    sheet.delete_rows(body_row, last - body_row + 1)
    for row in range(body_row, last + 1):
        sheet.row_dimensions[row].height = None
    return _Tail(cells, sorted(merges), heights)


def _paste(sheet: Worksheet, row: int, tail: _Tail) -> int:
    for offset, column, value, style in tail.cells:
        cell = _cell(sheet, row + offset, column)
        cell._style = style
        _set_text(cell, value)
    for offset, left, right in tail.merges:
        sheet.merge_cells(start_row=row + offset, end_row=row + offset, start_column=left, end_column=right)
    for offset, height in enumerate(tail.heights):
        sheet.row_dimensions[row + offset].height = height
    return row + len(tail.heights) - 1


def _write_line(
    form: Form, sheet: Worksheet, row: int, line: Line, template: _Template, cached: dict[str, str]
) -> None:
    wraps = 1
    for index, style in enumerate(template.styles):
        cell = _cell(sheet, row, index + 1)
        cell._style = copy(style)
        value = line.values[index] if index < len(line.values) else None
        if isinstance(value, str):
            _set_text(cell, value)
            if form.columns[index].indicator:
                cell.alignment = Alignment(horizontal="center", vertical="center")
            room = sum(column.width for column in form.columns) if template.merged else form.columns[index].width
            wraps = max(wraps, lines_needed(value, room))
        elif isinstance(value, Formula):
            cell.value = f"={value.text}"
            cached[cell.coordinate] = plain_number(value.value)
        elif value is not None:
            cell.value = int(value) if value == value.to_integral_value() else value
        if index in line.marked:
            cell.number_format = ";".join(f'{part}"{MARK}"' for part in cell.number_format.split(";"))
    if template.merged:
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=len(template.styles))
    extra = (wraps - 1) * _LINE_POINTS
    sheet.row_dimensions[row].height = None if template.height is None else template.height + extra


def _set_text(cell: Any, text: str | None) -> None:
    """Text stays text: a name that begins as a formula does is never one, not even after an edit."""
    if text is None:
        return
    cell.value = _CONTROL.sub(" ", text)
    cell.data_type = "s"
    if text.startswith(_FORMULA_STARTS):
        cell.quotePrefix = True


def _fill_markers(form: Form, sheet: Worksheet, markers: Mapping[str, str], first: int, last: int) -> None:
    for cells in sheet.iter_rows(min_row=first, max_row=last):
        for cell in cells:
            if not isinstance(cell.value, str) or "{" not in cell.value:
                continue
            for marker in _MARKER.findall(cell.value):
                if marker[1:-1] not in markers:
                    raise CatalogError(f"forms/{form.number}.xlsx", cell.row, marker, "no such marker is filled")
            _set_text(cell, _MARKER.sub(lambda found: markers[found[0][1:-1]], cell.value))


def lines_needed(text: str, width: float) -> int:
    """Lines a text takes in a cell of that column width, breaking at words."""
    room = max(1, math.floor(width * _CHARACTERS_PER_WIDTH))
    lines, used = 1, 0
    for word in text.split():
        if used and used + 1 + len(word) > room:
            lines, used = lines + 1, 0
        used += len(word) + (1 if used else 0)
    return lines


def plain_number(value: Decimal) -> str:
    """A number as XML holds it: digits and at most a point, never an exponent."""
    return f"{int(value)}" if value == value.to_integral_value() else f"{value.normalize():f}"
