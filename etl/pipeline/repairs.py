"""How a row leaves quarantine: by a line of the catalog in review, or by another answer; never by an edit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import orjson

from etl import drift
from etl.catalog import Catalog
from etl.model import Source, Text
from etl.periods import Period
from etl.warehouse.lookup_lines import Quarantined

_SURE = 0.8
"""A name of the catalog that is at least so alike is offered for one that is unknown."""
_UNKNOWN = "?"
_LOOKED_UP: Final[Mapping[str, str]] = {"READ-UNIT": "unit", "UNIT-OWN": "unit", "READ-FIELD": "field"}
"""Rules that a line of `lookups` answers: what it would say of the row."""
_LOOKUP = Text("khai tên này là đơn vị, lĩnh vực nào, rồi chạy lại", "say what the name stands for, then run again")
_ACCEPT = Text(
    "nếu đơn vị vận hành cổng xác nhận số liệu đúng như vậy, rồi chạy lại",
    "if whoever runs the portal says that the figures are right, then run again",
)
_WAIVE = Text(
    "nếu có người chịu trách nhiệm về số liệu đúng như vậy: miễn trừ được duyệt, rồi chạy lại",
    "if somebody answers for the figures as they stand: a reviewed waiver, then run again",
)
_PULL = Text("khi nguồn đã sửa, lấy lại", "once the source has mended it, pull again")


def lookup(catalog: Catalog, source: Source, period: Period, kind: str, value: str) -> dict[str, str]:
    """kind: unit or field. The line of `lookups` that would read the value, with the likeliest code, or "?"."""
    if kind == "unit":
        names = {unit.code: unit.name for unit in catalog.tree(period).below(source.unit)}
    else:
        names = {code: field.name for code, field in catalog.fields.items()}
    best = max(names, key=lambda code: max(drift.likeness(text, value) for text in (code, names[code])))
    alike = max(drift.likeness(text, value) for text in (best, names[best]))
    code = best if alike >= _SURE else _UNKNOWN
    line = f"{kind}: {{{orjson.dumps(value).decode()}: {orjson.dumps(code).decode()}}}"
    name = names[best] if code != _UNKNOWN else ""
    return {"kind": kind, "value": value, "code": code, "name": name, "line": f"lookups: {{{line}}}"}


def accepted_line(period_key: str, measures: Iterable[str]) -> str:
    """The line by which a person says that these figures of a source are right as they stand."""
    return f"accepted: {{{period_key}: [{', '.join(measures)}]}}"


def releases(
    catalog: Catalog, period: Period, row: Quarantined, told: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Each way out: `how`, `title`, the `line` for `file`, and the `command` that judges the row anew.

    told: what was found of the row, as `report.rows` tells it.
    """
    source = catalog.sources.get(row.source)
    lines = [] if source is None else list(_lines(catalog, source, period, row, told))
    pull = {"how": "pull", "title": vars(_PULL), "file": "", "line": ""}
    return [
        *({**one, "command": f"baocao replay {period.key}"} for one in lines),
        {**pull, "command": f"baocao run {period.key} --source {row.source}"},
    ]


def _lines(
    catalog: Catalog, source: Source, period: Period, row: Quarantined, told: Iterable[Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    file = f"sources/{source.id}.yml"
    for one in told:
        if one["rule"] in _LOOKED_UP:
            kind = _LOOKED_UP[one["rule"]]
            value = row.agency if kind == "unit" else one["value"]
            found = lookup(catalog, source, period, kind, value)
            yield {"how": "lookup", "title": vars(_LOOKUP), "file": file, "line": found["line"]}
        if one["waive"]:
            yield {"how": "waiver", "title": vars(_WAIVE), "file": "expectations/waivers.yml", "line": one["waive"]}
        if one["rule"] == "READ-ZERO":  # every figure is 0, so every measure is named
            line = accepted_line(period.key, catalog.platform_of(source, period).columns)
            yield {"how": "accepted", "title": vars(_ACCEPT), "file": file, "line": line}
