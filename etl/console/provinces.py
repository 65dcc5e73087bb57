"""Where a province stands in the grid of provinces: roughly north to south, one square each; a scheme and no map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

_GRID: Final[Mapping[str, tuple[int, int]]] = {
    "12": (1, 2), "15": (1, 3), "08": (1, 4), "04": (1, 5),
    "11": (2, 2), "14": (2, 3), "25": (2, 4), "19": (2, 5), "20": (2, 6),
    "01": (3, 3), "24": (3, 4), "31": (3, 5), "22": (3, 6),
    "38": (4, 2), "37": (4, 3), "33": (4, 4),
    "40": (5, 2), "42": (5, 3), "44": (5, 4), "46": (5, 5),
    "48": (6, 5), "51": (6, 6),
    "52": (7, 5), "66": (7, 6),
    "80": (8, 3), "75": (8, 4), "68": (8, 5), "56": (8, 6),
    "91": (9, 1), "82": (9, 2), "86": (9, 3), "79": (9, 4),
    "96": (10, 1), "92": (10, 2),
}  # fmt: skip
"""Row and column of the 34 provinces in force since 12/06/2025, by code."""
_PREFIXES = ("Thành phố ", "Tỉnh ")
_WORST = ("missing", "reviewing", "partial", "open", "late", "nil", "on_time")


def tiles(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Of each province its square and the worst of its standings. Provinces of another day have no place: the squares
    then stand in the order of their codes."""
    provinces = [row for row in rows if row["level"] == "province"]
    placed = all(row["unit"] in _GRID for row in provinces)
    found = []
    for row in provinces:
        states = [form["state"] for form in row["forms"].values()]
        name = row["name"]
        for prefix in _PREFIXES:
            name = name.removeprefix(prefix)
        place = _GRID[row["unit"]] if placed else None
        found.append({"unit": row["unit"], "name": name, "place": place, "state": min(states, key=_WORST.index)})
    return found
