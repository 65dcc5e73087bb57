"""What the reader of spreadsheets is silent about: error cells, and formulas that were never computed.

It gives both as blank cells, and blank would be "no value" where the file says "wrong".
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree

_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_BOOK = "xl/workbook.xml"
_LINKS = "xl/_rels/workbook.xml.rels"

Place = tuple[int, int]
"""Row and column, from 0."""


def unread_cells(content: bytes) -> dict[str, dict[Place, str]]:
    """By sheet: "#REF!" for an error cell, the formula for one without a computed value.

    Nothing for a file that is no .xlsx: in .xls such a cell cannot be told from a blank one.
    """
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return {}
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        if not {_BOOK, _LINKS} <= set(package.namelist()):
            return {}
        links = {
            link.get("Id"): posixpath.join("xl", link.get("Target", "")).removeprefix("/")
            for link in _elements(package.read(_LINKS), "Relationship")
        }
        found = {}
        for sheet in _elements(package.read(_BOOK), "sheet"):
            part = next((links.get(value, "") for key, value in sheet.items() if key.endswith("}id")), "")
            if part in package.namelist():
                found[sheet.get("name", "")] = dict(_unread(package.read(part)))
        return found


def _unread(content: bytes) -> Iterator[tuple[Place, str]]:
    row, column = -1, -1
    for element in _elements(content, "row", "c"):
        if _name(element) == "row":
            row, column = int(element.get("r") or row + 2) - 1, -1
            continue
        reference = _REFERENCE.fullmatch(element.get("r", ""))
        column = _column(reference[1]) if reference else column + 1
        parts = {_name(part): part.text or "" for part in element}
        if element.get("t") == "e":
            yield (row, column), parts.get("v") or "#ERROR!"
        elif "f" in parts and not parts.get("v") and element.get("t") != "str":
            yield (row, column), f"={parts['f']} (công thức chưa có kết quả)"


def _elements(content: bytes, *names: str) -> Iterator[ElementTree.Element]:
    """The elements of these names in the order they begin: a row comes before its cells."""
    root = ElementTree.fromstring(content)  # noqa: S314 (expat itself refuses entities that blow up)
    return (element for element in root.iter() if _name(element) in names)


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
