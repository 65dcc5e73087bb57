"""A blank workbook, read once: what stands above the body, the template rows of the body, what stands below it.

A blank has its headings above `body_row`; there follow five template rows, each known by a marker in column A (group,
item, total, heading of the notes, note), then the signature block. Places for the unit and the period are markers
such as {ky_bao_cao} in any text above or below the body. Every part of the package that is not named in
`etl.forms.sheet` goes into a filled form byte for byte.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from etl.errors import CatalogError
from etl.forms import xml
from etl.forms.grid import column_letter
from etl.forms.package import BOOK, SHEET, STRINGS, STYLES, unpack
from etl.forms.styles import MARKS, MISSING, PLAIN, QUOTED, WAIVED, Styles
from etl.forms.xml import MAIN
from etl.model import Form

TEMPLATES = {
    "group": "{nhom}",
    "item": "{muc}",
    "total": "{tong}",
    "note_heading": "{ghi_chu_dau}",
    "note": "{ghi_chu}",
}
MARKER = re.compile(r"\{[a-z_]+\}")
_SHIFTED = ("autoFilter", "conditionalFormatting", "dataValidations", "hyperlinks", "rowBreaks", "tableParts")
"""What names rows by their number: below a body of any length they would be others."""


@dataclass(frozen=True)
class Template:
    """A template row: its height in points (None: by its text), its style in each column, whether it is one cell."""

    height: float | None
    styles: tuple[int, ...]
    merged: bool


@dataclass(frozen=True)
class MarkerCell:
    """A text with markers, and what stands in `Blank.head` or `tail` for its style and its text."""

    text: str
    style: int
    style_place: str
    text_place: str


@dataclass(frozen=True)
class Blank:
    """`frame`: the sheet before its rows, between rows and merged areas, and after them. `tail`: the rows below the
    body, @row@ in place of their number; `tail_merges`: offset of the row, first and last column."""

    parts: Mapping[str, bytes]
    frame: tuple[str, str, str]
    head: str
    head_merges: tuple[str, ...]
    templates: Mapping[str, Template]
    tail: tuple[str, ...]
    tail_merges: tuple[tuple[int, str, str], ...]
    markers: tuple[MarkerCell, ...]
    styles: Styles
    print_area: str


def read_blank(form: Form, content: bytes, waived: bool = False) -> Blank:
    """waived: with the styles of figures that stand by a waiver, which a form without them does not have.

    Raises CatalogError for a blank that is not the pinned one, or does not say what the form's YAML says."""
    found = hashlib.sha256(content).hexdigest()
    if found != form.blank_sha256:
        pinned = f"the blank forms/{form.number}.xlsx is not the one pinned here: its sha256 is {found}"
        raise CatalogError(f"forms/{form.number}.yml", 1, "blank_sha256", pinned)
    parts = unpack(content)
    sheet, shared = xml.parse(parts[SHEET]), xml.shared_strings(parts.get(STRINGS))
    rows = {int(row.get("r")): row for row in sheet.iter(f"{MAIN}row")}
    _check(form, sheet, rows, shared)
    first_below = form.body_row + len(TEMPLATES)
    merges = [area.get("ref") for area in sheet.iter(f"{MAIN}mergeCell")]
    tops = {ref: xml.split_address(ref.split(":")[0])[1] for ref in merges}
    templates = {
        name: _template(rows[form.body_row + index], len(form.columns), form.body_row + index in tops.values())
        for index, name in enumerate(TEMPLATES)
    }
    markers: list[MarkerCell] = []
    head = "".join(_frozen(rows[number], shared, markers) for number in sorted(rows) if number < form.body_row)
    tail = tuple(
        _frozen(rows[number], shared, markers, shift=True) if number in rows else '<row r="@row@"/>'
        for number in range(first_below, max(rows) + 1)
    )
    below = ((tops[ref] - first_below, *ref.split(":")) for ref in merges if tops[ref] >= first_below)
    with_variants = _variants(templates, markers, ["", WAIVED] if waived else [""])
    try:
        styles = Styles(parts[STYLES], with_variants)
    except KeyError as problem:
        raise _fault(form, "body_row", f"has a number format that is not known here: {problem}") from problem
    return Blank(
        parts=parts,
        frame=_frame(sheet),
        head=head,
        head_merges=tuple(ref for ref in merges if tops[ref] < form.body_row),
        templates=templates,
        tail=tail,
        tail_merges=tuple(
            (offset, xml.split_address(left)[0], xml.split_address(right)[0]) for offset, left, right in below
        ),
        markers=tuple(markers),
        styles=styles,
        print_area=_print_area(form, parts[BOOK]),
    )


def _fault(form: Form, key: str, problem: str) -> CatalogError:
    return CatalogError(f"forms/{form.number}.yml", 1, key, f"the blank {problem}")


def _check(form: Form, sheet: Any, rows: Mapping[int, Any], shared: list[str]) -> None:
    """The blank must say what the YAML says: title, notice, headings, column numbers, template rows."""
    texts = {cell.get("r"): xml.cell_text(cell, shared) for row in rows.values() for cell in row}
    above = [_plain(text) for at, text in texts.items() if text and xml.split_address(at)[1] < form.body_row]
    wanted = {"title": form.title, "subtitle": form.subtitle, "notice": form.notice, "unit": form.unit_of_measure}
    for key, text in wanted.items():
        if not any(_plain(text) in found for found in above):
            raise _fault(form, key, f"does not show {text!r}")
    for index, column in enumerate(form.columns):
        letter = column_letter(index)
        if texts.get(f"{letter}{form.body_row - 1}") != f"({column.number})":
            raise _fault(form, f"columns.{index}.number", f"has no ({column.number}) above column {letter}")
        for text in column.heading:
            if _plain(text) not in above:
                raise _fault(form, f"columns.{index}.heading", f"has no heading {text!r}")
    for index, (name, marker) in enumerate(TEMPLATES.items()):
        if texts.get(f"A{form.body_row + index}") != marker:
            raise _fault(form, "body_row", f"has no {marker} ({name}) in cell A{form.body_row + index}")
    if sheet.find(f"{MAIN}mergeCells") is None or sheet.find(f"{MAIN}dimension") is None:
        raise _fault(form, "body_row", "has no merged cells or no dimension")
    for name in _SHIFTED:
        if sheet.find(f"{MAIN}{name}") is not None:
            raise _fault(form, "body_row", f"has {name}, whose addresses a filled body would shift")


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _template(row: Any, width: int, merged: bool) -> Template:
    styles = {xml.split_address(cell.get("r"))[0]: int(cell.get("s", "0")) for cell in row}
    height = row.get("ht")
    found = tuple(styles.get(column_letter(index), 0) for index in range(width))
    return Template(None if height is None else float(height), found, merged)


def _frozen(row: Any, shared: list[str], markers: list[MarkerCell], shift: bool = False) -> str:
    """The row as text, with a place for the style and the text of each cell with markers (and for its number)."""
    if shift:
        row.set("r", "@row@")
    for cell in row:
        text = xml.cell_text(cell, shared)
        if shift:
            cell.set("r", f"{xml.split_address(cell.get('r'))[0]}@row@")
        if text is None or not MARKER.search(text):
            continue
        one = MarkerCell(text, int(cell.get("s", "0")), f"@style{len(markers)}@", f"@text{len(markers)}@")
        markers.append(one)
        for child in list(cell):
            cell.remove(child)
        cell.set("t", "inlineStr")
        cell.set("s", one.style_place)
        etree.SubElement(etree.SubElement(cell, f"{MAIN}is"), f"{MAIN}t").text = one.text_place
    return xml.fragment(row)


def _variants(
    templates: Mapping[str, Template], markers: list[MarkerCell], behind: Sequence[str]
) -> set[tuple[int, str]]:
    """behind: what may stand behind the mark of a state."""
    body = {style for name in ("group", "item", "total") for style in templates[name].styles}
    texts = {templates[name].styles[0] for name in ("note_heading", "note")} | {one.style for one in markers}
    return {
        *((style, kind) for style in body for kind in (MISSING, QUOTED)),
        *((style, mark + more) for style in body for mark in (*MARKS.values(), PLAIN) for more in behind),
        *((style, QUOTED) for style in texts),
    }


def _frame(sheet: Any) -> tuple[str, str, str]:
    rows, merged = sheet.find(f"{MAIN}sheetData"), sheet.find(f"{MAIN}mergeCells")
    for element in (rows, merged):
        for child in list(element):
            element.remove(child)
        element.append(etree.Comment("here"))
    merged.set("count", "@count@")
    sheet.find(f"{MAIN}dimension").set("ref", "@dimension@")
    before, between, after = etree.tostring(sheet, encoding="unicode").split("<!--here-->")
    return before, between, after


def _print_area(form: Form, book: bytes) -> str:
    """What the print area of the one sheet is called in the workbook part, such as 'II.06a'!$A$1:$M$19."""
    for name in xml.parse(book).iter(f"{MAIN}definedName"):
        if name.get("name") == "_xlnm.Print_Area" and name.get("localSheetId") == "0":
            last = column_letter(len(form.columns) - 1)
            if re.search(rf"!\$A\$1:\${last}\$\d+$", str(name.text)) is None:
                raise _fault(
                    form, "columns", f"has the print area {name.text}, which is not that of columns A to {last}"
                )
            return str(name.text)
    raise _fault(form, "columns", "has no print area")
