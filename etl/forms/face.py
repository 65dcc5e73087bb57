"""What a reader sees in the cells of a filled form, to compare two issues cell by cell."""

from __future__ import annotations

from typing import NamedTuple

from etl.forms import xml
from etl.forms.package import SHEET, STRINGS, STYLES, unpack
from etl.forms.styles import mark_of
from etl.forms.xml import MAIN


class Shown(NamedTuple):
    """text: the number as it is kept, or the words, with the mark behind it. formula: where the cell has one."""

    text: str
    formula: str = ""


def face(package: bytes) -> dict[str, Shown]:
    """Every cell of the form that is not empty, by its address."""
    parts = unpack(package)
    strings = xml.parse(parts[STRINGS]) if STRINGS in parts else ()
    shared = ["".join(one.itertext(f"{MAIN}t")) for one in strings]
    marks = _marks(parts[STYLES])
    found = {}
    for cell in xml.parse(parts[SHEET]).iter(f"{MAIN}c"):
        value, formula = cell.find(f"{MAIN}v"), cell.find(f"{MAIN}f")
        text = xml.cell_text(cell, shared)
        if text is None and value is not None:
            text = f"{value.text}{marks[int(cell.get('s', 0))]}"
        if text is not None:
            found[str(cell.get("r"))] = Shown(text, "" if formula is None else str(formula.text))
    return found


def changed(before: bytes | None, after: bytes) -> dict[str, tuple[Shown, Shown]]:
    """The cells in which two issues differ; one that is not there shows nothing."""
    old, new, nothing = {} if before is None else face(before), face(after), Shown("")
    return {
        address: (old.get(address, nothing), new.get(address, nothing))
        for address in sorted(old.keys() | new.keys(), key=lambda one: tuple(reversed(xml.split_address(one))))
        if old.get(address, nothing) != new.get(address, nothing)
    }


def _marks(styles: bytes) -> list[str]:
    """Of each style, the mark that its number format shows behind a number."""
    root = xml.parse(styles)
    formats = {one.get("numFmtId"): str(one.get("formatCode")) for one in root.iter(f"{MAIN}numFmt")}
    codes = [formats.get(one.get("numFmtId"), "") for one in root.find(f"{MAIN}cellXfs")]
    return [mark_of(code) for code in codes]
