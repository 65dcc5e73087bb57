"""The ZIP and XML level of a workbook: cached formula values, and the same bytes for the same content."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Mapping

from lxml import etree

SHEET = "xl/worksheets/sheet1.xml"
_CORE = "docProps/core.xml"
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_TERMS = "{http://purl.org/dc/terms/}"
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first moment a ZIP can hold; every member carries it, so that no clock enters the bytes."""
_FIRST = ("[Content_Types].xml", "_rels/.rels")


def finish(package: bytes, cached: Mapping[str, str], moment: dt.datetime) -> bytes:
    """The package with the value of each formula cell beside its formula, and without a trace of the clock.

    cached: address -> number as text, for exactly the formula cells of the first sheet (KeyError otherwise).
    moment: becomes the document's created and modified times.
    """
    with zipfile.ZipFile(io.BytesIO(package)) as source:
        members = {name: source.read(name) for name in source.namelist()}
    members[SHEET] = _with_values(members[SHEET], cached)
    members[_CORE] = _stamped(members[_CORE], moment)
    order = sorted(members, key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as package_out:
        for name in order:
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 0  # the same on every operating system
            package_out.writestr(info, members[name], compresslevel=6)
    return target.getvalue()


def _with_values(sheet: bytes, cached: Mapping[str, str]) -> bytes:
    root = etree.fromstring(sheet, etree.XMLParser(resolve_entities=False, no_network=True))
    for cell in root.iter(f"{_MAIN}c"):
        if cell.find(f"{_MAIN}f") is None:
            continue
        value = cell.find(f"{_MAIN}v")
        if value is None:
            value = etree.SubElement(cell, f"{_MAIN}v")
        value.text = cached[cell.get("r")]
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))


def _stamped(core: bytes, moment: dt.datetime) -> bytes:
    root = etree.fromstring(core, etree.XMLParser(resolve_entities=False, no_network=True))
    for name in ("created", "modified"):
        for element in root.iter(f"{_TERMS}{name}"):
            element.text = f"{moment.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))
