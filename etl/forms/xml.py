"""The little of XML and of sheet addresses that the parts of a workbook are read and written with."""

from __future__ import annotations

import re
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
DECLARATION = "<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\n"
_DECLARED = ' xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 cannot hold."""


def parse(part: bytes) -> Any:
    return etree.fromstring(part, etree.XMLParser(resolve_entities=False, no_network=True))


def document(root: Any) -> bytes:
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))


def fragment(element: Any) -> str:
    """The element as it stands within a part whose own namespace is that of sheets."""
    return str(etree.tostring(element, encoding="unicode", with_tail=False)).replace(_DECLARED, "")


def plain(text: str) -> str:
    """The text as a part can hold it."""
    return _UNWRITABLE.sub(" ", text)


def escaped(text: str) -> str:
    return escape(plain(text))


def text_cell(address: str, style: int, text: str) -> str:
    """A cell whose text stays text whatever it begins with: it is no formula and no reference into another part."""
    inner = f'<is><t xml:space="preserve">{escaped(text)}</t></is>'
    return f'<c r="{address}" s="{style}" t="inlineStr">{inner}</c>'


def split_address(address: str) -> tuple[str, int]:
    letters = address.rstrip("0123456789")
    return letters, int(address[len(letters) :])


def cell_text(cell: Any, shared: list[str]) -> str | None:
    """The text of a cell, wherever the package keeps it; None for a number, a formula or nothing."""
    kind = cell.get("t")
    if kind == "inlineStr":
        return "".join(cell.itertext(f"{MAIN}t"))
    value = cell.find(f"{MAIN}v")
    if kind == "s" and value is not None:
        return shared[int(value.text)]
    return value.text if kind == "str" and value is not None and cell.find(f"{MAIN}f") is None else None


def shared_strings(part: bytes | None) -> list[str]:
    """Texts that cells name by their place in the list."""
    return [] if part is None else ["".join(one.itertext(f"{MAIN}t")) for one in parse(part).iter(f"{MAIN}si")]
