"""Whether every rule can fail: each is asked of records that its reviewers say must break it, in a small sandbox.

Why the records stand in the rules, and are not made of the conditions: docs/decisions/0022-rules-prove-themselves.md.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from etl.model import NATION, WITHOUT, Level, Source, Suite, Tier, Unit
from etl.quality.scan import MASK, bits, scan
from etl.quality.together import ROW
from etl.units import tier_of

_CLEAN, _NEIGHBOUR = "clean", "neighbour"
_HOME = {_NEIGHBOUR: "02"}
"""Every source of the sandbox is of province 01, but the neighbour."""
_DAY = dt.date(2026, 1, 1)
_LEVELS: Mapping[str, Level] = {
    "01": "province",
    "01001": "commune",
    "01002": "commune",
    "02": "province",
    "02001": "commune",
    "02002": "commune",
}
_UNITS = [
    Unit(code, f"Đơn vị {code}", level, "", NATION if level == "province" else code[:2], _DAY, None, True, "")
    for code, level in _LEVELS.items()
]


@dataclass(frozen=True)
class Proof:
    """records: how many were planted. dead: rule -> why it proves nothing; one that could not run is in `errors`."""

    records: int
    dead: Mapping[str, str]
    errors: Mapping[str, str]


def prove(suite: Suite, schema: pa.Schema) -> Proof:
    """Plant each record of each rule in rows of its own source, and ask all rules at once.

    schema: of the dataset's standard rows. A rule is dead when one of its records does not break it, when it has none,
    or when the clean rows break it. Raises QualityError as `scan` does.
    """
    planted = {f"{rule.id} {number}": (rule, one) for rule in suite.rules for number, one in enumerate(rule.breaks, 1)}
    rows: list[dict[str, Any]] = []
    place: dict[str, int] = {}
    for source in (_CLEAN, _NEIGHBOUR, *planted):
        rows += _rows(suite, source, planted[source][1] if source in planted else None)
        place[source] = len(rows) - 1
    found = scan(
        pa.Table.from_pylist(rows, schema=schema),
        suite,
        [(source, code, tier) for source in place for code, tier in _tiers(source)],
        [Source(source, "", _HOME.get(source, "01"), "", "") for source in place],
        dict.fromkeys(place, ("field", *schema.names)),
        _UNITS,
    )
    masks = dict(zip(found.struck[ROW].to_pylist(), found.struck[MASK].to_pylist(), strict=True))
    fired = {(rule.id, source) for rule in suite.rules for source, *_ in found.missing.get(rule.id, ())}
    struck = {source: masks.get(at, 0) for source, at in place.items()}
    for at, mask in masks.items():
        if (source := rows[at]["source"]) not in planted:
            struck[source] |= mask
    fired |= {(rule, source) for source, mask in struck.items() for rule, bit in bits(suite).items() if mask & bit}

    dead = {}
    for rule in suite.rules:
        if not rule.breaks:
            dead[rule.id] = "không có bản ghi thử nào (it has no record that must break it)"
        if {(rule.id, _CLEAN), (rule.id, _NEIGHBOUR)} & fired:
            dead[rule.id] = "bắt cả dòng đúng (the clean rows break it)"
    for source, (rule, record) in planted.items():
        if strange := sorted(set(record) - {WITHOUT, *schema.names}):
            dead[rule.id] = f"bản ghi thử có cột lạ {', '.join(strange)} (a column that the rows do not have)"
        elif (rule.id, source) not in fired:
            dead.setdefault(rule.id, f"không bắt được bản ghi thử {_plain(record)} (its record does not break it)")
    return Proof(len(planted), {rule: why for rule, why in dead.items() if rule not in found.errors}, found.errors)


def _tiers(source: str) -> Iterator[tuple[str, Tier]]:
    """What a source of the sandbox reports on."""
    for unit in _UNITS:
        if unit.code.startswith(_HOME.get(source, "01")):
            yield unit.code, tier_of(unit)


def _rows(suite: Suite, source: str, record: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Clean rows of one source. Of a record that is planted, the last is changed, or what it is `without` left out.

    A dataset of whole provinces has one clean row a source, so that the planted one stands beside it.
    """
    whole = suite.clean.get("tier") == "province"
    made = [
        {
            "source": source,
            "period": "sandbox",
            "payload": "0" * 64,
            "pointer": f"/{code}",
            "agency": code,
            "first_day": _DAY,
            "last_day": _DAY,
            "field_raw": suite.clean.get("field"),
            "raw": "{}",
            **suite.clean,
            "unit": code,
            "tier": tier,
        }
        for code, tier in _tiers(source)
        if tier == "province" or not whole
    ]
    if record is None:
        return made
    without = record.get(WITHOUT)
    if without is not None:
        kept = {"source": [], "province": [row for row in made if row["tier"] != "province"], "commune": made[:-1]}
        made = kept[str(without)]
    elif whole:
        made.append(dict(made[-1]))
    changes = {name: value for name, value in record.items() if name != WITHOUT}
    return [*made[:-1], made[-1] | changes] if changes else made


def _plain(record: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {'(trống)' if value is None else value}" for name, value in record.items())
