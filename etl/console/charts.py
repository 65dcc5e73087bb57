"""The series of a unit as its charts draw them: the same numbers stand in a table beside each chart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from etl.model import Indicator
from etl.periods import Period

_MOST_LINES = 5
"""More lines than that nobody tells apart."""


def of(datasets: Sequence[dict[str, Any]], periods: Sequence[Period], language: str) -> list[dict[str, Any]]:
    """Of each dataset a chart of counts and a chart of rates, of those indicators that have a figure in two quarters.

    `data`: what static/console.js gives to uPlot, as JSON: labels of the quarters, names and values of the lines.
    """
    found = []
    for dataset in datasets:
        for rate in (False, True):
            lines = [one for one in dataset["indicators"] if _is_rate(one["indicator"]) == rate and _known(one) > 1]
            shown = _first_of_form(lines)
            if shown:
                names = [getattr(one["indicator"].title, language) for one in shown]
                unit = getattr(shown[0]["indicator"].unit_of_measure, language)
                values = [
                    [None if p is None or p.value is None else float(p.value) for p in one["series"]] for one in shown
                ]
                data = {
                    "labels": [period.key for period in periods],
                    "names": names,
                    "values": values,
                    "lang": language,
                }
                found.append(
                    {"title": dataset["title"], "unit": unit, "lines": shown, "data": orjson.dumps(data).decode()}
                )
    return found


def _is_rate(indicator: Indicator) -> bool:
    return indicator.ratio is not None


def _known(one: dict[str, Any]) -> int:
    return sum(point is not None and point.value is not None for point in one["series"])


def _first_of_form(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Totals before their parts, as far as there is room."""
    totals = [one for one in lines if one["indicator"].code.endswith("_total")]
    return [*totals, *(one for one in lines if one not in totals)][:_MOST_LINES]
