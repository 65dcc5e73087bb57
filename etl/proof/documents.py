"""What stands in an office file, read with Python's standard library alone: part of the verifier in each bundle."""

from __future__ import annotations

import re
import zipfile
from decimal import Decimal
from typing import NamedTuple
from xml.etree import ElementTree


class Cell(NamedTuple):
    """A cell that holds a number, with its formula where it is computed."""

    number: Decimal
    formula: str | None


def read_cells(package: zipfile.ZipFile) -> dict[str, Cell]:
    """Every numeric cell of an XLSX package, by "Sheet!C12"; of a DOCX package every figure, by its bookmark."""
    if "word/document.xml" in package.namelist():
        return _bookmarked(package)
    found = {}
    for sheet, part in sheets(package).items():
        for cell in parts_named(package, part, "c"):
            parts = {one.tag.rpartition("}")[2]: one.text or "" for one in cell}
            if cell.get("t", "n") == "n" and parts.get("v"):
                found[f"{sheet}!{cell.get('r')}"] = Cell(Decimal(parts["v"]), parts.get("f"))
    return found


def sheets(package: zipfile.ZipFile) -> dict[str, str]:
    """The sheets of an XLSX package in their order: name and part."""
    rels = parts_named(package, "xl/_rels/workbook.xml.rels", "Relationship")
    links = {link.get("Id"): link.get("Target", "") for link in rels}
    found = {}
    for sheet in parts_named(package, "xl/workbook.xml", "sheet"):
        target = next(links[value] for key, value in sheet.items() if key.endswith("}id"))
        found[sheet.get("name", "")] = target[1:] if target.startswith("/") else f"xl/{target}"
    return found


def _bookmarked(package: zipfile.ZipFile) -> dict[str, Cell]:
    """The bookmarks of a document that hold a number as it is written in Vietnam: 1.234,5; or what changed: "tăng 12"
    (up by), "giảm 12" (down by, below zero), "không đổi" (as it was, zero)."""
    opened: dict[str, tuple[str, list[str]]] = {}
    found: dict[str, str] = {}
    for one in ElementTree.fromstring(package.read("word/document.xml")).iter():  # noqa: S314 (as below)
        kind = one.tag.rpartition("}")[2]
        given = {key.rpartition("}")[2]: value for key, value in one.items()}
        if kind == "bookmarkStart":
            opened[given["id"]] = (given["name"], [])
        elif kind == "bookmarkEnd" and given["id"] in opened:
            name, texts = opened.pop(given["id"])
            found[name] = "".join(texts)
        elif kind == "t":
            for _, texts in opened.values():
                texts.append(one.text or "")
    read = {name: _written(text) for name, text in found.items()}
    return {name: Cell(number, None) for name, number in read.items() if number is not None}


def _written(text: str) -> Decimal | None:
    if text == "không đổi":
        return Decimal(0)
    written = re.fullmatch(r"(tăng |giảm )?([0-9.]+(?:,[0-9]+)?)", text)
    if written is None:
        return None
    number = Decimal(written[2].replace(".", "").replace(",", "."))
    return -number if written[1] == "giảm " else number


def parts_named(package: zipfile.ZipFile, part: str, name: str) -> list[ElementTree.Element]:
    """Every element of the name in a part, in their order."""
    root = ElementTree.fromstring(package.read(part))  # noqa: S314 (expat itself refuses entities that blow up)
    return [one for one in root.iter() if one.tag.rpartition("}")[2] == name]
