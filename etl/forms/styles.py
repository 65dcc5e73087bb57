"""The styles of a blank, and beside them those of marked, missing and quoted cells: appended, so that none moves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from etl.forms import xml
from etl.forms.xml import MAIN

MARKS = {"moving": "*", "revised": "§", "preliminary": "†"}
"""Behind a figure in that state; a final one has none. All of them are in Times New Roman and Liberation Serif."""
WAIVED = "‡"
"""Behind the mark of its state, where a waiver let the figure, or a part of it, pass."""
PLAIN = ""
"""In place of a mark: a figure without one."""
MISSING = "missing"
QUOTED = "quoted"
_BUILT_IN = {0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%"}
_FIRST_OWN_FORMAT = 164
_GAP = "_-"
"""As wide as a hyphen: the mark stands clear of the line beside it."""


def mark_of(code: str) -> str:
    """The marks that a number format shows behind a number."""
    found = re.search(rf'"([{"".join(MARKS.values())}{WAIVED}]+)"', code)
    return found[1] if found else ""


class Styles:
    """`part`: the styles part with the variants. `variant`: style number and variant -> number of the style."""

    def __init__(self, part: bytes, wanted: Iterable[tuple[int, str]]) -> None:
        """wanted: pairs of a style's number and MISSING, QUOTED, PLAIN or the mark to show behind its number.

        A number is shrunk rather than shown as ###; a missing one stands in the middle; QUOTED keeps Excel from
        reading a text as a formula when somebody edits the cell. KeyError for a number format that is not known here.
        """
        root = xml.parse(part)
        self._styles = root.find(f"{MAIN}cellXfs")
        self._formats = root.find(f"{MAIN}numFmts")
        if self._formats is None:
            self._formats = root.makeelement(f"{MAIN}numFmts")
            root.insert(0, self._formats)
        self._codes = {int(one.get("numFmtId")): str(one.get("formatCode")) for one in self._formats}
        self.variant: dict[tuple[int, str], int] = {}
        for number, kind in sorted(set(wanted)):
            self.variant[number, kind] = self._add(number, kind)
        for element in (self._styles, self._formats):
            element.set("count", str(len(element)))
        self.part = xml.document(root)

    def _add(self, number: int, kind: str) -> int:
        made = deepcopy(self._styles[number])
        if kind == QUOTED:
            made.set("quotePrefix", "1")
        elif kind == MISSING:
            self._align(made, horizontal="center", vertical="center")
        elif kind == PLAIN:
            self._align(made, shrinkToFit="1")
        else:
            made.set("numFmtId", str(self._marked(int(made.get("numFmtId", "0")), kind)))
            made.set("applyNumberFormat", "1")
            self._align(made, shrinkToFit="1")
        self._styles.append(made)
        return len(self._styles) - 1

    def _align(self, style: Any, **how: str) -> None:
        found = style.find(f"{MAIN}alignment")
        if found is None:
            found = style.makeelement(f"{MAIN}alignment")
            style.insert(0, found)
        for name, value in how.items():
            found.set(name, value)
        style.set("applyAlignment", "1")

    def _marked(self, number: int, mark: str) -> int:
        """The number of the format with the mark behind each of its sections."""
        code = self._codes.get(number) or _BUILT_IN[number]
        marked = ";".join(f'{section}"{mark}"{_GAP}' for section in code.split(";"))
        for known, there in self._codes.items():
            if there == marked:
                return known
        added = max([_FIRST_OWN_FORMAT - 1, *self._codes]) + 1
        self._codes[added] = marked
        made = self._formats.makeelement(f"{MAIN}numFmt", {"numFmtId": str(added), "formatCode": marked})
        self._formats.append(made)
        return added
