"""What figures should be, told slowly: loops over rows and holes, from the definitions, with no set of SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pyarrow as pa

from etl.model import ALL, NATION, Dataset, DatasetColumn, Example, Field, Hole, Indicator, Ratio, Text
from etl.units import UnitTree

Key = tuple[str, str, str, str]
Value = tuple[Decimal | None, str | None]
STRENGTH = ("missing_source", "missing_unit", "quarantined", "not_provided", "zero_denominator")
FIELDS = {code: Field(code, code) for code in ("f", "g", "h")}
_T = Text("", "")


def dataset(by_field: bool) -> Dataset:
    return Dataset(
        _T,
        "field" if by_field else "none",
        {
            "taken": DatasetColumn(_T, "", "total", ("opening", "came")),
            "came": DatasetColumn(_T, "", "flow"),
            "opening": DatasetColumn(_T, "", "opening_stock"),
            "done": DatasetColumn(_T, "", "flow"),
            "closing": DatasetColumn(_T, "", "closing_stock"),
        },
    )


def _indicator(code: str, **kind: Any) -> Indicator:
    return Indicator(code, "d", _T, _T, "", (Example({}, None),), **kind)


INDICATORS = [
    *(_indicator(f"i_{column}", sum=column) for column in dataset(True).columns),
    _indicator("i_rate", ratio=Ratio(("done",), ("came", "opening")), digits=4),
    _indicator("i_share", ratio=Ratio(("came", "done"), ("taken",)), digits=2),
]


def facts(table: pa.Table) -> dict[Key, Value]:
    found = {
        (one["indicator"], one["unit"], one["tier"], one["field"]): (one["value"], one["reason"])
        for one in table.to_pylist()
    }
    assert len(found) == table.num_rows
    return found


def strongest(reasons: Sequence[str | None]) -> str | None:
    return min((reason for reason in reasons if reason), key=STRENGTH.index, default=None)


def evaluate(sums: Mapping[str, int | None], why: Mapping[str, str | None], indicator: Indicator) -> Value:
    """The figure from the sum of each column, and why a column has none."""
    ratio = indicator.ratio
    if ratio is None:
        assert indicator.sum is not None
        reason = why[indicator.sum]
        value = sums[indicator.sum]
        return (None, reason) if reason or value is None else (Decimal(value), None)
    reason = strongest([why[column] for column in (*ratio.numerator, *ratio.denominator)])
    if reason:
        return None, reason
    over = sum(sums[column] or 0 for column in ratio.numerator)
    under = sum(sums[column] or 0 for column in ratio.denominator)
    if under == 0:
        return None, "zero_denominator"
    return (Decimal(over) / Decimal(under)).quantize(Decimal(1).scaleb(-indicator.digits), ROUND_HALF_UP), None


def _under(unit: str, tree: UnitTree) -> set[str]:
    return {below.code for below in tree.below(unit)}


def _might_be_at(hole: Hole, tree: UnitTree) -> list[tuple[str, str]]:
    """Units and tiers of which the lost rows may have been."""
    if hole.unit is not None:
        return [(hole.unit, "commune" if tree[hole.unit].level == "commune" else "province")]
    places = [(hole.province, "province"), (hole.province, "commune")]
    places += [(commune.code, "commune") for commune in tree.children(hole.province)]
    return [place for place in places if hole.tier in (None, place[1])]


def _touches(hole: Hole, unit: str, tier: str, field: str, tree: UnitTree) -> bool:
    near = any(code in _under(unit, tree) and tier in (ALL, level) for code, level in _might_be_at(hole, tree))
    return near and (field == ALL or hole.field in (None, ALL, field))


def compute(
    rows: Sequence[Mapping[str, Any]], holes: Sequence[Hole], given: Dataset, tree: UnitTree
) -> dict[Key, Value]:
    holes = list(holes)
    for province in tree.at_level("province"):
        below = _under(province.code, tree)
        if not any(row["unit"] in below for row in rows) and not any(hole.province == province.code for hole in holes):
            holes.append(Hole("d", "?", province.code, None, None, None, "missing_source"))
    fields = [*FIELDS, ALL] if given.by != "none" else [ALL]
    figures: dict[Key, Value] = {}
    for unit in tree:
        if unit.level == "commune":
            shown = [("commune", field) for field in fields]
        else:
            shown = [(tier, field) for tier in ("province", "commune") for field in fields] + [(ALL, ALL)]
        for tier, field in shown:
            mine = [
                row
                for row in rows
                if row["unit"] in _under(unit.code, tree)
                and tier in (ALL, row["tier"])
                and field in (ALL, row["field"])
            ]
            unsplit = (given.by != "none" and field != ALL) and any(
                row["field"] == ALL and tier in (ALL, row["tier"])
                for row in rows
                if row["unit"] in _under(unit.code, tree)
            )
            touching = [hole for hole in holes if _touches(hole, unit.code, tier, field, tree)]
            asked = [hole for hole in touching if field == ALL or hole.field == field]
            if not mine and not asked and not unsplit:
                continue
            lost = strongest([hole.reason for hole in touching])
            why = {
                column: lost or ("not_provided" if unsplit or any(row[column] is None for row in mine) else None)
                for column in given.columns
            }
            sums = {column: sum(row[column] or 0 for row in mine) for column in given.columns}
            for indicator in INDICATORS:
                figures[indicator.code, unit.code, tier, field] = evaluate(sums, why, indicator)
    return figures


def annual(quarters: Sequence[Mapping[Key, Value]], given: Dataset) -> dict[Key, Value]:
    places = {key[1:] for quarter in quarters for key in quarter}
    figures: dict[Key, Value] = {}

    def of(quarter: Mapping[Key, Value], column: str, place: tuple[str, str, str]) -> Value:
        if (f"i_{column}", *place) in quarter:
            return quarter[f"i_{column}", *place]
        whole = quarter.get((f"i_{column}", place[0], place[1], ALL)) or quarter.get(
            (f"i_{column}", place[0], ALL, ALL)
        )
        if whole is None:
            return None, "missing_unit"
        return (None, whole[1]) if whole[1] else (Decimal(0), None)

    for place in places:
        sums: dict[str, Any] = {}
        why: dict[str, str | None] = {}
        for column in sorted(given.columns, key=lambda name: given.columns[name].nature == "total"):
            described = given.columns[column]
            if described.nature == "total":
                why[column] = strongest([why[part] for part in described.parts])
                sums[column] = sum(sums[part] or 0 for part in described.parts)
                continue
            chosen = {"flow": quarters, "opening_stock": quarters[:1], "closing_stock": quarters[-1:]}
            parts = [of(quarter, column, place) for quarter in chosen[described.nature]]
            why[column] = strongest([reason for _, reason in parts])
            sums[column] = sum(value or 0 for value, _ in parts)
        for indicator in INDICATORS:
            figures[indicator.code, *place] = evaluate(sums, why, indicator)
    return figures


def table(rows: Sequence[Mapping[str, Any]], given: Dataset) -> pa.Table:
    texts = ("source", "agency", "unit", "tier", "field")
    schema = pa.schema([(name, pa.string()) for name in texts] + [(name, pa.int64()) for name in given.columns])
    return pa.Table.from_pylist([dict.fromkeys(texts, "?") | dict(row) for row in rows], schema=schema)


__all__ = ["FIELDS", "INDICATORS", "NATION", "annual", "compute", "dataset", "facts", "table"]
