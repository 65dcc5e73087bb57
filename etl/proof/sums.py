"""How rows add up to a figure, and how figures differ, with Python's standard library alone: part of the verifier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Key = tuple[str, str, str]
"""Unit, tier and field of a figure."""


def of_whole(measure: Mapping[str, Any], row: Mapping[str, Any], days: Sequence[str] | None) -> list[str]:
    """Which of a row's values count in a figure of the measure.

    A row of the whole period gives the measure itself. One of a part gives what the measure consists of: flows of
    every part, an opening stock of the first, a closing stock of the last.
    """
    if days is None or row["first_day"] is None or [row["first_day"], row["last_day"]] == list(days):
        return [measure["name"]]
    counts = {"opening_stock": row["first_day"] == days[0], "closing_stock": row["last_day"] == days[1]}
    return [leaf for leaf, nature in measure["leaves"] if counts.get(nature, True)]


def ratio(over: int, under: int, digits: int) -> Decimal | None:
    """A share, half away from zero; nothing over nothing is no value."""
    return None if under == 0 else (Decimal(over) / under).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def changed(now: int | Decimal | None, then: int | Decimal | None, how: str) -> Decimal | None:
    """By how much a figure differs from one of another period; as a `percent` of that the size alone, to one decimal.

    From or to no value, and as a part of nothing, it is none.
    """
    if now is None or then is None:
        return None
    by = Decimal(now) - then
    if how == "percent":
        return None if then == 0 else (abs(by) / then * 100).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return by


class Rows:
    """The sums of rows, by unit, tier and field and everything above them: made in one pass."""

    def __init__(
        self,
        rows: Iterable[Mapping[str, Any]],
        measures: Mapping[str, Mapping[str, Any]],
        days: Mapping[str, Sequence[str]],
        parents: Mapping[str, str | None],
        units: Iterable[str],
    ) -> None:
        """units: of which sums are wanted."""
        wanted = set(units)
        self._sums: dict[Key, dict[str, int | None]] = {}
        for row in rows:
            of = days.get(row.get("part", row["source"]))
            given = {
                name: add(row["values"].get(value) for value in of_whole(measure, row, of))
                for name, measure in measures.items()
                if measure.get("dataset") == row.get("dataset")
            }
            unit: str | None = row["unit"]
            while unit is not None:
                if unit in wanted:
                    for tier in (row["tier"], "all"):
                        for field in {row["field"], "all"}:
                            sums = self._sums.setdefault((unit, tier, field), dict.fromkeys(measures, 0))
                            for name, value in given.items():
                                sums[name] = add((sums[name], value))
                unit = parents.get(unit)

    def figure(self, key: Key, cell: Mapping[str, Any]) -> int | Decimal | None:
        """The value of an indicator there: `numerator`, and of a ratio also `denominator` and `digits`."""
        sums = self._sums.get(key, {})
        over = add(sums.get(name, 0) for name in cell["numerator"])
        if not cell["denominator"]:
            return over
        under = add(sums.get(name, 0) for name in cell["denominator"])
        return None if over is None or under is None else ratio(over, under, cell["digits"])


def add(values: Iterable[int | None]) -> int | None:
    """The sum; None as soon as one of them is: no value is never 0."""
    total = 0
    for value in values:
        if value is None:
            return None
        total += value
    return total
