"""The ZIP of a workbook: its parts, and the same bytes for the same parts."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Mapping

from etl.forms import xml

BOOK = "xl/workbook.xml"
CORE = "docProps/core.xml"
SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
STYLES = "xl/styles.xml"
_TERMS = "{http://purl.org/dc/terms/}"
_ELEMENTS = "{http://purl.org/dc/elements/1.1/}"
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first moment a ZIP can hold; every member carries it, so that no clock enters the bytes."""
_FIRST = ("[Content_Types].xml", "_rels/.rels")


def unpack(package: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package)) as source:
        return {name: source.read(name) for name in source.namelist()}


def pack(parts: Mapping[str, bytes]) -> bytes:
    """The parts as a package, without a trace of the clock or the machine."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as package:
        for name in sorted(parts, key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name)):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 0  # the same on every operating system
            package.writestr(info, parts[name], compresslevel=6)
    return target.getvalue()


def described(core: bytes, title: str, moment: dt.datetime) -> bytes:
    """The document's properties with its title and one moment as that of its making and of its last change."""
    root = xml.parse(core)
    for element in root.iter(f"{_ELEMENTS}title"):
        element.text = xml.plain(title)
    for name in ("created", "modified"):
        for element in root.iter(f"{_TERMS}{name}"):
            element.text = f"{moment.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
    return xml.document(root)
