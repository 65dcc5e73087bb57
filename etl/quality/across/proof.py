"""Whether every rule over two figures can fail: each is asked of pairs that its reviewers say must break it.

Beside each of them stands its sound twin, of the same systems with the same figure on both sides, that must not: a rule
that always fires proves as little as one that never does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from etl.errors import QualityError
from etl.model import ALL, Comparison
from etl.quality.across import PAIRS, PLACES, compare

_MORE = pa.schema(
    [
        *((name, pa.string()) for name in ("platform", "other_platform", "who", "note")),
        ("recomputed", pa.bool_()),
        *((f"{side}_{bound}", pa.int64()) for side in ("value", "other") for bound in ("least", "most")),
        *((name, pa.float64()) for name in ("score", "usual")),
        ("peers", pa.int64()),
    ]
)
"""What the pairs of one kind or another have beside PAIRS."""
_SCHEMA = pa.schema([*PAIRS, *_MORE])
_PLACE = {"units": ["01001"], "other_units": ["01001"], "tier": "commune", "field": ALL, "measure": "sandbox"}
_SYSTEMS = {"platform": "one", "other_platform": "other", "recomputed": False}
_SAME = {"value": 100, "other": 100, "score": 0.0, "usual": 1.0, "peers": 34}


def prove(rules: Sequence[Comparison]) -> dict[str, str]:
    """Of each rule that proves nothing, why."""
    dead = {}
    for rule in rules:
        if not rule.breaks:
            dead[rule.id] = "không có cặp số thử nào (it has no pair that must break it)"
        for record in rule.breaks:
            if strange := sorted(set(record) - {*_SCHEMA.names}):
                dead[rule.id] = f"cặp số thử có cột lạ {', '.join(strange)} (a column that no pair has)"
        if [one.id for one in rules].count(rule.id) > 1:
            dead[rule.id] = "có hai quy tắc cùng mã (two rules have this id)"
    asked = [rule for rule in rules if rule.id not in dead]
    try:
        return dead | _asked(asked)
    except QualityError:
        for rule in asked:
            try:
                dead |= _asked([rule])
            except QualityError as problem:
                dead[rule.id] = str(problem)
        return dead


def _asked(rules: Sequence[Comparison]) -> dict[str, str]:
    """Those that do not tell a planted pair, or tell its twin. Raises QualityError as `compare` does."""
    laid: list[dict[str, Any]] = []
    for rule in rules:
        for number, record in enumerate(rule.breaks):
            systems = {name: value for name, value in record.items() if name in _SYSTEMS}
            laid += [_pair(f"{rule.id} {number}", record), _pair(f"{rule.id} {number} twin", systems)]
    nothing = PLACES.empty_table()
    pairs = pa.Table.from_pylist(laid, schema=_SCHEMA)
    dead = {}
    for one in compare(rules, pairs, lambda _: nothing, lambda _: nothing):
        told = set(one.broken["unit"].to_pylist())
        for number, record in enumerate(one.rule.breaks):
            if f"{one.rule.id} {number}" not in told:
                dead[one.rule.id] = f"không bắt được cặp số thử {_plain(record)} (its pair does not break it)"
            elif f"{one.rule.id} {number} twin" in told:
                dead[one.rule.id] = "bắt cả cặp số bằng nhau (two equal figures break it)"
    return dead


def _pair(unit: str, record: Mapping[str, Any]) -> dict[str, Any]:
    pair = {**_PLACE, **_SYSTEMS, **_SAME, **record, "unit": unit}
    bounds = {name: pair[name.partition("_")[0]] for name in _MORE.names if name.endswith(("_least", "_most"))}
    told = {**dict.fromkeys(_SCHEMA.names), **bounds, **pair}
    return {name: Decimal(value) if name in ("value", "other") else value for name, value in told.items()}


def _plain(record: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in record.items())
