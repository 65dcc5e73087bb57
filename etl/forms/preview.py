"""A filled form as a page shows it: its rows with merged cells, the look of each cell.

Numbers are written as a Vietnamese reader sees them (1.234,5), with the mark of their state behind them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from etl.forms import xml
from etl.forms.grid import column_letter
from etl.forms.package import SHEET, STRINGS, STYLES, unpack
from etl.forms.styles import mark_of
from etl.forms.xml import MAIN

_DECIMALS = re.compile(r"0\.(0+)")
_LARGE, _SMALL = 12, 10
"""Sizes of the font, in points, from which on and up to which a text stands out."""


@dataclass(frozen=True)
class Cell:
    """look: any of bold, italic, left, center, right, top, framed, shaded, large, small. columns, rows: how many the
    cell spans."""

    address: str
    text: str
    look: tuple[str, ...]
    columns: int = 1
    rows: int = 1
    number: bool = False


@dataclass(frozen=True)
class Preview:
    """widths: of the columns, in characters. head, heading, body, foot: the rows, top to bottom; the heading and body
    are the table of the form, the others what stands around it."""

    widths: tuple[float, ...]
    head: tuple[tuple[Cell, ...], ...]
    heading: tuple[tuple[Cell, ...], ...]
    body: tuple[tuple[Cell, ...], ...]
    foot: tuple[tuple[Cell, ...], ...]


def preview(package: bytes, body_row: int) -> Preview:
    """body_row: of the form, the sheet row of its first body row."""
    parts = unpack(package)
    sheet, shared = xml.parse(parts[SHEET]), xml.shared_strings(parts.get(STRINGS))
    looks, formats = _looks(xml.parse(parts[STYLES]))
    spans, covered = _merged(sheet)
    widths = tuple(_widths(sheet))
    rows: dict[int, tuple[Cell, ...]] = {}
    for row in sheet.iter(f"{MAIN}row"):
        there = {cell.get("r"): _cell(cell, shared, looks, formats, spans) for cell in row}
        every = (f"{column_letter(index)}{row.get('r')}" for index in range(len(widths)))
        rows[int(row.get("r"))] = tuple(there.get(at, Cell(at, "", ())) for at in every if at not in covered)
    framed = {number for number, cells in rows.items() if any("framed" in cell.look for cell in cells)}
    first = last = body_row
    while first - 1 in framed:
        first -= 1
    while last in framed:
        last += 1
    return Preview(
        widths=widths,
        head=tuple(cells for number, cells in rows.items() if number < first),
        heading=tuple(cells for number, cells in rows.items() if first <= number < body_row),
        body=tuple(cells for number, cells in rows.items() if body_row <= number < last),
        foot=tuple(cells for number, cells in rows.items() if number >= last),
    )


def _cell(
    cell: Any, shared: list[str], looks: list[tuple[str, ...]], formats: list[str], spans: Mapping[str, tuple[int, int]]
) -> Cell:
    address, style, value = str(cell.get("r")), int(cell.get("s", "0")), cell.find(f"{MAIN}v")
    text, number = xml.cell_text(cell, shared), False
    if text is None and value is not None and value.text:
        text, number = _written(Decimal(value.text), formats[style]), True
    columns, rows = spans.get(address, (1, 1))
    return Cell(address, text or "", looks[style], columns, rows, number)


def _written(value: Decimal, code: str) -> str:
    decimals = _DECIMALS.search(code)
    places = len(decimals[1]) if decimals else 0 if "0" in code else max(0, -int(value.normalize().as_tuple().exponent))
    digits = f"{value:,.{places}f}".translate(str.maketrans(",.", ".,"))
    return digits + mark_of(code)


def _merged(sheet: Any) -> tuple[dict[str, tuple[int, int]], set[str]]:
    """Of each top left cell how many columns and rows it spans, and the cells that lie under another."""
    spans, covered = {}, set()
    for area in sheet.iter(f"{MAIN}mergeCell"):
        start, _, end = area.get("ref").partition(":")
        (left, top), (right, bottom) = xml.split_address(start), xml.split_address(end)
        columns = [column_letter(index) for index in range(_index(left), _index(right) + 1)]
        spans[start] = (len(columns), bottom - top + 1)
        covered |= {f"{column}{row}" for column in columns for row in range(top, bottom + 1)} - {start}
    return spans, covered


def _index(letters: str) -> int:
    found = 0
    for letter in letters:
        found = found * 26 + ord(letter) - ord("A") + 1
    return found - 1


def _looks(styles: Any) -> tuple[list[tuple[str, ...]], list[str]]:
    """Of each style how it looks, and its number format."""
    fonts = [set(_font(font)) for font in styles.find(f"{MAIN}fonts")]
    shaded = [one.find(f"{MAIN}patternFill/{MAIN}fgColor") is not None for one in styles.find(f"{MAIN}fills")]
    framed = [any(side.get("style") for side in one) for one in styles.find(f"{MAIN}borders")]
    codes = {one.get("numFmtId"): str(one.get("formatCode")) for one in styles.iter(f"{MAIN}numFmt")}
    looks, formats = [], []
    for style in styles.find(f"{MAIN}cellXfs"):
        found = set(fonts[int(style.get("fontId", "0"))])
        alignment = style.find(f"{MAIN}alignment")
        if alignment is not None:
            found |= {alignment.get("horizontal")} & {"left", "center", "right"}
            found |= {alignment.get("vertical")} & {"top"}
        if shaded[int(style.get("fillId", "0"))]:
            found.add("shaded")
        if framed[int(style.get("borderId", "0"))]:
            found.add("framed")
        looks.append(tuple(sorted(found)))
        formats.append(codes.get(style.get("numFmtId"), "0" if style.get("numFmtId") in ("1", "3") else ""))
    return looks, formats


def _font(font: Any) -> Iterator[str]:
    for tag, name in (("b", "bold"), ("i", "italic")):
        found = font.find(f"{MAIN}{tag}")
        if found is not None and found.get("val", "1") not in ("0", "false"):
            yield name
    size = font.find(f"{MAIN}sz")
    points = 11.0 if size is None else float(size.get("val"))
    if points >= _LARGE:
        yield "large"
    elif points <= _SMALL:
        yield "small"


def _widths(sheet: Any) -> Iterator[float]:
    for column in sheet.iter(f"{MAIN}col"):
        for _ in range(int(column.get("min")), int(column.get("max")) + 1):
            yield float(column.get("width"))
