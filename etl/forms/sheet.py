"""The sheet of a filled form: the rows of the blank above and below, and between them a body of its template rows."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from etl.errors import CatalogError
from etl.forms import xml
from etl.forms.blank import MARKER, Blank, Template
from etl.forms.grid import column_letter
from etl.forms.package import BOOK, SHEET, STYLES
from etl.forms.styles import MISSING, QUOTED
from etl.model import Form

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_CHARACTERS_PER_WIDTH = 1.08
"""Characters of the form's font on one unit of column width, measured low so that a line never gets lost."""
_LINE_POINTS = 14.6
_AREA = re.compile(r"\$[A-Z]+\$\d+:\$([A-Z]+)\$\d+")


@dataclass(frozen=True)
class Formula:
    """A formula with the value it must give, which viewers that cannot calculate show."""

    text: str
    value: Decimal


@dataclass(frozen=True)
class Line:
    """A body or note row: values from column A on (text, number, formula, or None).

    marks: what stands behind the number of a column, from 0; the number itself stays one.
    """

    template: str
    values: tuple[str | Decimal | Formula | None, ...]
    marks: Mapping[int, str]


def write(form: Form, blank: Blank, lines: Sequence[Line], markers: Mapping[str, str]) -> dict[str, bytes]:
    """The parts of the blank, with `lines` as the body of its sheet.

    Three parts differ from the blank's: the sheet, the workbook part in its print area, the styles in those appended.
    Raises CatalogError for a marker in the blank that nothing fills.
    """
    last_column = column_letter(len(form.columns) - 1)
    body = []
    merges = [*blank.head_merges]
    for number, line in enumerate(lines, start=form.body_row):
        template = blank.templates[line.template]
        body.append(_row(form, blank, template, number, line))
        if template.merged:
            merges.append(f"A{number}:{last_column}{number}")
    below = form.body_row + len(lines)
    tail = "".join(row.replace("@row@", str(below + offset)) for offset, row in enumerate(blank.tail))
    merges += [f"{left}{below + offset}:{right}{below + offset}" for offset, left, right in blank.tail_merges]
    last = below + len(blank.tail) - 1
    head, tail = _filled(form, blank, markers, blank.head, tail)
    before, between, after = blank.frame
    merged = "".join(f'<mergeCell ref="{ref}"/>' for ref in merges)
    before = before.replace("@dimension@", f"A1:{last_column}{last}")
    between = between.replace("@count@", str(len(merges)))
    sheet = "".join((xml.DECLARATION, before, head, *body, tail, between, merged, after))
    area = _AREA.sub(rf"$A$1:$\1${last}", blank.print_area)
    book = blank.parts[BOOK].replace(blank.print_area.encode(), area.encode())
    return {**blank.parts, SHEET: sheet.encode(), BOOK: book, STYLES: blank.styles.part}


def _row(form: Form, blank: Blank, template: Template, number: int, line: Line) -> str:
    cells = []
    wraps = 1
    variant = blank.styles.variant
    for index, style in enumerate(template.styles):
        value = line.values[index] if index < len(line.values) else None
        address = f"{column_letter(index)}{number}"
        mark = line.marks.get(index)
        style = style if mark is None else variant[style, mark]
        if value is None:
            cells.append(f'<c r="{address}" s="{style}"/>')
        elif isinstance(value, Formula):
            held = plain_number(value.value)
            cells.append(f'<c r="{address}" s="{style}"><f>{value.text}</f><v>{held}</v></c>')
        elif isinstance(value, Decimal):
            cells.append(f'<c r="{address}" s="{style}"><v>{plain_number(value)}</v></c>')
        else:
            if form.columns[index].indicator:
                style = variant[style, MISSING]
            elif value.startswith(_FORMULA_STARTS):
                style = variant[style, QUOTED]
            room = sum(column.width for column in form.columns) if template.merged else form.columns[index].width
            wraps = max(wraps, lines_needed(value, room))
            cells.append(xml.text_cell(address, style, value))
    height = (
        "" if template.height is None else f' ht="{template.height + (wraps - 1) * _LINE_POINTS:g}" customHeight="1"'
    )
    return f'<row r="{number}"{height}>{"".join(cells)}</row>'


def _filled(form: Form, blank: Blank, markers: Mapping[str, str], *texts: str) -> list[str]:
    filled = list(texts)
    for cell in blank.markers:
        if unknown := [marker for marker in MARKER.findall(cell.text) if marker[1:-1] not in markers]:
            raise CatalogError(f"forms/{form.number}.xlsx", 1, unknown[0], "no such marker is filled")
        text = MARKER.sub(lambda found: markers[found[0][1:-1]], cell.text)
        style = blank.styles.variant[cell.style, QUOTED] if text.startswith(_FORMULA_STARTS) else cell.style
        for index, one in enumerate(filled):
            filled[index] = one.replace(cell.style_place, str(style)).replace(cell.text_place, xml.escaped(text))
    return filled


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
