"""The bookmarks of a report in words: one around each figure, named by its indicator and by what of it stands there.

`tthc_pending_total` is the figure of the report's own period, `tthc_pending_total_before` that of the period before;
`_change` and `_change_pct` are what changed since then, `_yoy` and `_yoy_pct` since the same period of the year before.
A second place of the same figure has `_2` behind. Word takes names of up to 40 letters, digits and "_".
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal, NamedTuple

Than = Literal["before", "year_before"]
"""The period before, or the same of the year before."""
How = Literal["difference", "percent"]
LONGEST = 40


class Bookmark(NamedTuple):
    """A figure of an indicator. of: whose period it is, None of the report's own; than: what it is compared with."""

    indicator: str
    of: Than | None = None
    than: Than | None = None
    how: How | None = None

    @property
    def name(self) -> str:
        return self.indicator + next(suffix for suffix, told in SUFFIXES.items() if told == self[1:])


SUFFIXES: dict[str, tuple[Than | None, Than | None, How | None]] = {
    "": (None, None, None),
    "_before": ("before", None, None),
    "_change": (None, "before", "difference"),
    "_change_pct": (None, "before", "percent"),
    "_yoy": (None, "year_before", "difference"),
    "_yoy_pct": (None, "year_before", "percent"),
}


def names(indicator: str) -> list[str]:
    """Every bookmark that the indicator may have, at its first place."""
    return [indicator + suffix for suffix in SUFFIXES]


def bookmark(name: str, indicators: Collection[str]) -> Bookmark | None:
    """The figure that a name is of, at its first or a later place; None where it is of none of the indicators."""
    first = re.sub(r"_[0-9]+$", "", name)
    for known in (name, first):
        for suffix, told in SUFFIXES.items():
            if (code := known.removesuffix(suffix) if suffix else known) in indicators and known == code + suffix:
                return Bookmark(code, *told)
    return None
