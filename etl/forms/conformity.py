"""Proof that a filled form is its blank with the mapped cells filled, part by part of the package.

It reads the two packages and the layout, and knows nothing of how the form was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from lxml import etree

from etl.forms import xml
from etl.forms.blank import MARKER, TEMPLATES
from etl.forms.grid import Layout, column_letter
from etl.forms.package import BOOK, CORE, SHEET, STRINGS, STYLES
from etl.forms.xml import MAIN
from etl.model import Form

_CHANGED = (BOOK, CORE, SHEET, STYLES)
_RANGE = re.compile(r"SUM\(([A-Z]+)(\d+):\1(\d+)\)")
_SET_UP = ("sheetPr", "sheetViews", "sheetFormatPr", "cols", "printOptions", "pageMargins", "pageSetup", "headerFooter")


def prove(form: Form, blank: Mapping[str, bytes], filled: Mapping[str, bytes], plan: Layout) -> list[str]:
    """What differs and must not, in words; empty for a form that is its blank but for the cells that it may fill.

    blank, filled: parts of the two packages by name. Equal: every part but four; of these the properties but for title
    and moments, the workbook but for the last row of the print area, the styles but for some added at the end, the
    set-up of the sheet, its rows above the body but for the markers, its rows below, its merged cells. Every row of
    the body is one of the template rows; every figure and every formula stands in a cell that the layout maps, and a
    formula is the sum of such cells.
    """
    if list(blank) != list(filled) and sorted(blank) != sorted(filled):
        return [f"parts {sorted(set(blank) ^ set(filled))}"]
    differences = [f"part {name}" for name in blank if name not in _CHANGED and blank[name] != filled[name]]
    return [
        *differences,
        *_properties(blank, filled),
        *_styles(blank[STYLES], filled[STYLES]),
        *_Sheets(form, blank, filled, plan),
    ]


def _canonical(element: Any) -> tuple[Any, ...]:
    """What an element says, however it is written."""
    return (element.tag, dict(element.attrib), element.text or "", [_canonical(child) for child in element])


def _properties(blank: Mapping[str, bytes], filled: Mapping[str, bytes]) -> Iterator[str]:
    def masked(part: bytes) -> tuple[Any, ...]:
        root = xml.parse(part)
        for element in root:
            if etree.QName(element).localname in ("title", "created", "modified"):
                element.text = None
        return _canonical(root)

    if masked(blank[CORE]) != masked(filled[CORE]):
        yield f"part {CORE}"


@lru_cache(maxsize=8)  # the same for every form of a blank
def _styles(blank: bytes, filled: bytes) -> tuple[str, ...]:
    """Styles are known by their place, so those of the blank must stand first and unchanged."""
    before, after = xml.parse(blank), xml.parse(filled)
    differences = []
    for name in ("numFmts", "cellXfs"):
        old, new = before.find(f"{MAIN}{name}"), after.find(f"{MAIN}{name}")
        kept = [] if old is None else [_canonical(one) for one in old]
        if new is None or [_canonical(one) for one in new][: len(kept)] != kept:
            differences.append(f"styles {name}")
        for root, found in ((before, old), (after, new)):
            if found is not None:
                root.remove(found)
    return (*differences, *([f"part {STYLES}"] if _canonical(before) != _canonical(after) else ()))


class _Sheets:
    """The sheet of the blank beside that of the filled form; iterating gives the differences."""

    def __init__(self, form: Form, blank: Mapping[str, bytes], filled: Mapping[str, bytes], plan: Layout) -> None:
        self._form, self._plan = form, plan
        self._books = [xml.parse(parts[BOOK]) for parts in (blank, filled)]
        self._shared = xml.shared_strings(blank.get(STRINGS))
        self._before, self._after = xml.parse(blank[SHEET]), xml.parse(filled[SHEET])
        self._old, self._new = _rows(self._before), _rows(self._after)
        self._first = form.body_row
        self._shift = max(self._new) - max(self._old)
        self._below = form.body_row + len(TEMPLATES)
        self._last_column = column_letter(len(form.columns) - 1)
        self._styles = _looks(filled[STYLES])
        self._kinds = {row.number: row.kind for row in plan.rows}
        body = range(self._first, self._below + self._shift)
        self._notes = [number for number in body if number not in self._kinds]

    def __iter__(self) -> Iterator[str]:
        yield from self._book()
        yield from self._set_up()
        yield from self._around()
        yield from self._body()
        yield from self._merged()

    def _book(self) -> Iterator[str]:
        areas = []
        for book in self._books:
            for name in book.iter(f"{MAIN}definedName"):
                if name.get("name") == "_xlnm.Print_Area":
                    areas.append(name.text)
                    name.text = None
        last = max(self._new)
        if len(areas) != 2 or areas[1] != re.sub(r"\d+$", str(last), areas[0]):
            yield f"print area {areas[1:]}"
        if _canonical(self._books[0]) != _canonical(self._books[1]):
            yield f"part {BOOK}"

    def _set_up(self) -> Iterator[str]:
        for name in _SET_UP:
            old, new = self._before.find(f"{MAIN}{name}"), self._after.find(f"{MAIN}{name}")
            if (old is None) != (new is None) or (old is not None and _canonical(old) != _canonical(new)):
                yield f"sheet {name}"
        dimension = self._after.find(f"{MAIN}dimension").get("ref")
        if dimension != f"A1:{self._last_column}{max(self._new)}":
            yield f"sheet dimension {dimension}"
        if [child.tag for child in self._before] != [child.tag for child in self._after]:
            yield "sheet elements"

    def _around(self) -> Iterator[str]:
        """The rows above the body, and those below it wherever they have moved to."""
        for number, row in self._old.items():
            if self._first <= number < self._below:
                continue
            to = number if number < self._first else number + self._shift
            if to not in self._new or not self._same(row, self._new[to], to - number):
                yield f"row {to}"
        wanted = {number if number < self._first else number + self._shift for number in self._old}
        body = range(self._first, self._below + self._shift)
        yield from (f"row {number}" for number in self._new if number not in wanted and number not in body)

    def _same(self, old: Any, new: Any, shift: int) -> bool:
        if {**old.attrib, "r": ""} != {**new.attrib, "r": ""} or len(old) != len(new):
            return False
        for one, other in zip(old, new, strict=True):
            letters, number = xml.split_address(one.get("r"))
            if other.get("r") != f"{letters}{number + shift}":
                return False
            text = xml.cell_text(one, self._shared)
            if text is not None and MARKER.search(text):
                if not self._filled(text, xml.cell_text(other, self._shared)) or other.get("t") != "inlineStr":
                    return False
            elif {**one.attrib, "r": ""} != {**other.attrib, "r": ""} or [*map(_canonical, one)] != [
                *map(_canonical, other)
            ]:
                return False
        return True

    @staticmethod
    def _filled(template: str, text: str | None) -> bool:
        pattern = "".join(
            "(?s:.+)" if MARKER.fullmatch(part) else re.escape(part) for part in re.split(r"(\{[a-z_]+\})", template)
        )
        return text is not None and re.fullmatch(pattern, text) is not None

    def _body(self) -> Iterator[str]:
        for number in range(self._first, self._below + self._shift):
            row = self._new.get(number)
            kind = self._kinds.get(number) or ("note_heading" if number == self._notes[0] else "note")
            if row is None or not self._like(row, kind):
                yield f"row {number}"
            else:
                yield from (f"cell {cell.get('r')}" for cell in row if not self._allowed(cell))

    def _like(self, row: Any, kind: str) -> bool:
        """Whether each cell has the style of its template, or one that differs from it only in how a value stands."""
        template = self._old[self._first + list(TEMPLATES).index(kind)]
        looks = {xml.split_address(cell.get("r"))[0]: self._looks(cell) for cell in template}
        letters = [column_letter(index) for index in range(len(self._form.columns))]
        if [cell.get("r") for cell in row] != [f"{letter}{row.get('r')}" for letter in letters]:
            return False
        return all(
            self._looks(cell) == looks.get(letter, self._styles[0]) for letter, cell in zip(letters, row, strict=True)
        )

    def _looks(self, cell: Any) -> tuple[Any, ...]:
        return self._styles[int(cell.get("s", "0"))]

    def _allowed(self, cell: Any) -> bool:
        """A figure or formula only where the layout maps one; text, which is never a formula, anywhere else."""
        formula, value = cell.find(f"{MAIN}f"), cell.find(f"{MAIN}v")
        address, kind = cell.get("r"), cell.get("t")
        if address not in self._plan.cells and (formula is not None or value is not None):
            return False
        if formula is not None:
            return kind is None and value is not None and self._sums(formula.text, address)
        return kind in (None, "inlineStr") and (kind == "inlineStr") == (cell.find(f"{MAIN}is") is not None)

    def _sums(self, formula: str, address: str) -> bool:
        """Whether it adds the cells that the layout says the row is the sum of, and nothing else."""
        column, number = xml.split_address(address)
        parts = next(row.parts for row in self._plan.rows if row.number == number)
        if found := _RANGE.fullmatch(formula):
            first, last = int(found[2]), int(found[3])
            return (found[1], tuple(range(first, last + 1))) == (column, parts)
        return formula.split("+") == [f"{column}{part}" for part in parts]

    def _merged(self) -> Iterator[str]:
        wanted = {f"A{number}:{self._last_column}{number}" for number in self._notes}
        for area in self._before.iter(f"{MAIN}mergeCell"):
            left, right = (xml.split_address(corner) for corner in area.get("ref").split(":"))
            if left[1] < self._first:
                wanted.add(area.get("ref"))
            elif left[1] >= self._below:
                wanted.add(f"{left[0]}{left[1] + self._shift}:{right[0]}{right[1] + self._shift}")
        found = [area.get("ref") for area in self._after.iter(f"{MAIN}mergeCell")]
        if sorted(found) != sorted(wanted):
            yield f"merged cells {sorted(set(found) ^ wanted)}"


def _rows(sheet: Any) -> dict[int, Any]:
    return {int(row.get("r")): row for row in sheet.iter(f"{MAIN}row")}


@lru_cache(maxsize=8)
def _looks(styles: bytes) -> list[tuple[Any, ...]]:
    """Of each style what it looks like: all but its number format, where its value stands, and the quote."""
    found = []
    for style in xml.parse(styles).find(f"{MAIN}cellXfs"):
        for name in ("numFmtId", "applyNumberFormat", "quotePrefix", "applyAlignment"):
            style.attrib.pop(name, None)
        alignment = style.find(f"{MAIN}alignment")
        if alignment is not None:
            for name in ("horizontal", "vertical", "shrinkToFit"):
                alignment.attrib.pop(name, None)
            if not alignment.attrib:
                style.remove(alignment)
        found.append(_canonical(style))
    return found
