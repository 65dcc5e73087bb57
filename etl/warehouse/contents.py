"""What a load wrote, as its seal tells it: of each table how many rows, and a sha256 over them in their order.

The recipe may change, but a seal is checked by the one that it was made with: the first line of its parts names it
("recipe 2"; the first recipe wrote no such line).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from psycopg import sql
from sqlalchemy import Connection, text

from etl.warehouse import schema
from etl.warehouse.staging import sha256_of

Told = tuple[int, str]
"""Number of rows, sha256."""


class _Content(NamedTuple):
    """columns: what is sealed of a table, in this order. order: a key of a load's rows there. rows: which they are."""

    columns: str
    order: str
    rows: str = "load = :load"


_RECEIPT = "id, load, source, period, started_at, finished_at, state, message, rows, proof"
_ROW = 'dataset, payload, pointer, agency, unit, tier, field, field_raw, problem, problem_rule, raw, "values"'
_SECOND = {
    "load": _Content(
        "id, period, last_day, run, catalog_version, rules_version, recorded_at, facts_new, facts_revised, facts_same, "
        "withheld, units_sha256, catalog_revision",
        "id",
        "id = :load",
    ),
    "fact": _Content(
        "period, unit, indicator, tier, field, revision, value, reason, leaf, state, revision_reason, recorded_at, "
        "load",
        "unit, indicator, tier, field, revision",
        "period = :period AND load = :load",
    ),
    "receipt": _Content(_RECEIPT, "id"),
    "payload": _Content(
        "receipt, position, sha256, uri, size, media_type, status, method, address, request, fetched_at, field, "
        "first_day, last_day",
        "receipt, position",
        "receipt IN (SELECT id FROM baocao.receipt WHERE load = :load)",
    ),
    "load_source": _Content("load, source, state, receipt, dataset, rows, rows_sha256, rows_load, role", "source"),
    "standard_row": _Content(f"load, source, position, {_ROW}, first_day, last_day", "source, position"),
    "quarantine": _Content(
        "load, position, dataset, rules, messages, source, payload, pointer, agency, unit, tier, field, problem, raw, "
        '"values"',
        "position",
    ),
    "finding": _Content(
        'load, position, rule, severity, source, period, message, unit, field, payload, "row", "column", value, '
        "expected, other_source, other_period, other_payload, other_row",
        "position",
    ),
    "hole": _Content("load, position, dataset, source, province, unit, tier, field, reason", "position"),
    "rule_outcome": _Content(
        "load, dataset, rule, position, title_vi, title_en, severity, dimension, law, kind, state, judged, broken, "
        "waived, unknown, sources, proven, reason",
        "dataset, rule",
    ),
    "validation": _Content("load, dataset, suite_version, result", "dataset"),
    "restatement_fact": _Content(
        "restatement, unit, indicator, tier, field, revision, value, reason, leaf, state, revision_reason, code",
        "restatement, unit, indicator, tier, field",
        "restatement IN (SELECT id FROM baocao.restatement WHERE load = :load)",
    ),
    "restatement_decision": _Content("restatement, verdict, decided_at, decided_by, reason, code, load", "restatement"),
}
"""Recipe 2: the rows as PostgreSQL gives them by COPY TO, binary; they are neither turned to text nor held together.

Columns added to a table later are in no seal until a recipe has them: seals of before stay what they were.
"""
_THIRD = {
    **_SECOND,
    "finding": _SECOND["finding"]._replace(columns=f"{_SECOND['finding'].columns}, tier, waiver"),
    "waiver": _Content(
        "load, id, state, findings, dataset, rule, source, periods, reason, owner, agreed_by, expires, unit, tier, "
        "field, measure, value, expected",
        "id",
    ),
}
"""Recipe 3: with the waivers of a load, and what each let pass."""
_COPIED = {2: _SECOND, 3: _THIRD}
NEWEST = max(_COPIED)
_FIRST = {
    "load": "id, period, last_day, run, catalog_version, rules_version, recorded_at, facts_new, facts_revised, "
    "facts_same, withheld",
    "fact": "unit, indicator, tier, field, revision, value, reason, leaf, state, revision_reason, recorded_at",
    "receipt": "id, source, period, started_at, finished_at, state, message, rows, proof",
    "payload": _SECOND["payload"].columns,
    "load_source": "source, state, receipt, dataset, rows, rows_sha256, rows_load, role",
    "standard_row": 'source, position, dataset, payload, pointer, agency, unit, tier, field, raw, "values", first_day, '
    "last_day",
    "quarantine": "position, dataset, rules, messages, source, payload, pointer, agency, unit, tier, field, raw, "
    '"values"',
    "finding": "position, rule, severity, source, period, message, unit, field, payload",
    "hole": "position, dataset, source, province, unit, tier, field, reason",
    "rule_outcome": "dataset, rule, position, title_vi, title_en, severity, dimension, law, kind, state, judged, "
    "broken, waived, sources, proven, reason",
    "validation": "dataset, suite_version, result",
    "restatement_fact": "unit, indicator, tier, field, revision, value, reason, leaf, state, revision_reason, code",
    "restatement_decision": "restatement, verdict, decided_at, decided_by, reason, code",
}
"""Recipe 1: the text of each row, a line each; small tables in the order of that text."""
_KEYED = ("fact", "standard_row")


def parts_of(
    connection: Connection, load: int, period_key: str, recipe: int = NEWEST, known: Mapping[str, Told] | None = None
) -> str:
    """A line for each table, by the recipe. known: tables whose rows need not be read again."""
    if recipe == 1:
        return "".join(f"{table} {_first(connection, table, load, period_key)}\n" for table in _FIRST)
    lines = [f"recipe {recipe}\n"]
    for table, content in _COPIED[recipe].items():
        count, sha256 = (known or {}).get(table) or _copied(connection, table, content, load, period_key)
        lines.append(f"{table} {count} {sha256}\n")
    return "".join(lines)


def recipe_of(parts: str) -> int:
    """By which recipe the parts of a seal were made."""
    return next((recipe for recipe in _COPIED if parts.startswith(f"recipe {recipe}\n")), 1)


def _copied(connection: Connection, table: str, content: _Content, load: int, period_key: str) -> Told:
    query = "SELECT {columns} FROM {schema}.{table} WHERE {rows} ORDER BY {order}".format(
        **content._asdict(), schema=schema.SCHEMA, table=table
    )
    return sha256_of(connection, _with(query, load, period_key))


def _with(query: str, load: int, period_key: str) -> sql.Composable:
    """COPY takes no parameters: the load and the period stand in the query itself."""
    return sql.SQL(query.replace(":load", "{load}").replace(":period", "{period}")).format(
        load=sql.Literal(load), period=sql.Literal(period_key)
    )


def _first(connection: Connection, table: str, load: int, period_key: str) -> str:
    tell_moments_alike(connection)
    told = f"ROW({_FIRST[table]})::text"
    order = _SECOND[table].order if table in _KEYED else f'{told} COLLATE "C"'
    query = text(
        f"SELECT count(*) || ' ' || encode(sha256(convert_to(coalesce(string_agg({told}, E'\\n' ORDER BY {order}), "
        f"''), 'UTF8')), 'hex') FROM baocao.{table} WHERE {_SECOND[table].rows}"
    )
    return str(connection.execute(query, {"load": load, "period": period_key}).scalar_one())


def tell_moments_alike(connection: Connection) -> None:
    """What the text of a moment or a day looks like must not depend on who asks."""
    for setting, value in (("TimeZone", "UTC"), ("DateStyle", "ISO, YMD")):
        connection.execute(text("SELECT set_config(:setting, :value, true)"), {"setting": setting, "value": value})
