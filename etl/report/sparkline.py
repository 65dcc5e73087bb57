"""A small line through the rates of a measure; the table of the trend has the same figures for who cannot see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

WIDTH: Final = 160
HEIGHT: Final = 34
_EDGE: Final = 5
_LEAST: Final = 0.9
"""The rate at the foot of the picture, unless one is lower: the last tenth is where reports differ."""


def points(trend: Sequence[Mapping[str, Any]], measure: str) -> list[tuple[float, float]]:
    """Where each period's rate stands, the whole at the top; a period without a rate has no point."""
    rates = {
        index: part / whole
        for index, one in enumerate(trend)
        if one["counts"] is not None
        for part, whole in [one["counts"][measure]]
        if whole
    }
    low = min([_LEAST, *rates.values()])
    step = (WIDTH - 2 * _EDGE) / max(len(trend) - 1, 1)
    return [
        (round(_EDGE + index * step, 1), round(_EDGE + (1 - rate) / (1 - low) * (HEIGHT - 2 * _EDGE), 1))
        for index, rate in rates.items()
    ]
