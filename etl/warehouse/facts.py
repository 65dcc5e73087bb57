"""What differs between a period's figures and those already recorded becomes a revision, in one statement.

A figure that begins or ends to move is a revision as well, with the same value (docs/decisions/0005-moving.md).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql
from sqlalchemy import Connection, text

from etl.tables import FACTS
from etl.warehouse import schema
from etl.warehouse.staging import copy, stage

_KEY = ("unit", "indicator", "tier", "field")

HELD = """SELECT DISTINCT ON (unit, indicator, tier, field)
        unit, indicator, tier, field, revision, value, reason, leaf, state, revision_reason
    FROM baocao.fact
    WHERE period = :period
    ORDER BY unit, indicator, tier, field, revision DESC
"""
"""The newest revision of every figure of the period."""
DIFFERING = """FROM given_facts given
    FULL JOIN held USING (unit, indicator, tier, field)
    WHERE held.revision IS NULL
        OR (given.leaf IS NULL AND held.revision_reason <> 'withdrawn')
        OR (given.leaf IS NOT NULL
            AND (given.value IS DISTINCT FROM held.value OR given.reason IS DISTINCT FROM held.reason
                OR given.moving IS DISTINCT FROM (held.state = 'moving')))
"""
"""The staged figures beside those held, where something differs; `given.leaf` is NULL for one that is gone."""
_RECORD = text(f"""
WITH held AS (
{HELD}), written AS (
    INSERT INTO baocao.fact (period, unit, indicator, tier, field, revision, value, reason, leaf,
                             state, revision_reason, recorded_at, load)
    SELECT
        :period, unit, indicator, tier, field,
        coalesce(held.revision, 0) + 1,
        given.value,
        CASE WHEN given.leaf IS NULL THEN 'withdrawn' ELSE given.reason END,
        coalesce(given.leaf, held.leaf),
        CASE
            WHEN given.moving THEN 'moving'
            WHEN held.revision IS NULL THEN 'preliminary'
            WHEN EXISTS (
                SELECT FROM baocao.fact other
                WHERE (other.period, other.unit, other.indicator, other.tier, other.field)
                        = (:period, held.unit, held.indicator, held.tier, held.field)
                    AND (other.value, other.reason) IS DISTINCT FROM (given.value, given.reason)
            ) THEN 'revised'
            ELSE 'preliminary'
        END,
        CASE
            WHEN held.revision IS NULL THEN 'first'
            WHEN given.leaf IS NULL THEN 'withdrawn'
            WHEN held.reason = 'missing_source' THEN 'late'
            ELSE 'correction'
        END,
        :recorded_at, :load
{DIFFERING}    RETURNING revision_reason
)
SELECT count(*) FILTER (WHERE revision_reason = 'first'),
       count(*) FILTER (WHERE revision_reason <> 'first'),
       count(*) FILTER (WHERE revision_reason = 'withdrawn')
FROM written
""")


@dataclass(frozen=True)
class Difference:
    """How many facts were recorded for the first time, revised or withdrawn, and left as they stood."""

    new: int
    revised: int
    same: int


def ordered(facts: pa.Table) -> tuple[pa.Table, dict[str, int]]:
    """The figures in the order of their key, and the number of those without value, by reason.

    Raises ValueError when a figure stands twice, lacks part of its key, or breaks "a value or a reason".
    """
    facts = facts.select(FACTS.names).cast(FACTS)
    if any(facts.column(name).null_count for name in (*_KEY, "leaf", "moving")):
        raise ValueError("a fact lacks its indicator, unit, tier, field, or its mark as leaf or moving")
    reasons = facts["reason"].fill_null("")
    wrong = pc.or_(pc.equal(facts["value"].is_valid(), facts["reason"].is_valid()), pc.equal(reasons, "withdrawn"))
    if pc.any(wrong).as_py():
        row = facts.filter(wrong).slice(0, 1).to_pylist()[0]
        raise ValueError(
            "a fact has a value or a reason, never both and never neither: "
            f"{', '.join(row[name] for name in _KEY)} (value: {row['value']}, reason: {row['reason']})"
        )
    number = _ranks(facts)
    order = np.argsort(number)
    repeated = np.count_nonzero(np.diff(number[order]) == 0)
    if repeated:
        raise ValueError(f"{repeated} facts stand twice: one figure has one indicator, unit, tier and field")
    counted = facts["reason"].drop_null().value_counts().to_pylist()
    return facts.take(pa.array(order)), {one["values"]: one["counts"] for one in counted}


def _ranks(facts: pa.Table) -> Any:
    """One whole number a figure that sorts as its key does, byte by byte: some ten times faster than sorting texts."""
    number = np.zeros(facts.num_rows, np.int64)
    for name in _KEY:
        codes = facts[name].combine_chunks().dictionary_encode()
        rank = pc.rank(codes.dictionary).to_numpy(zero_copy_only=False).astype(np.int64)
        number = number * (len(rank) + 1) + rank[codes.indices.to_numpy()]
    return number


def write_first(
    connection: Connection, period_key: str, load: int, recorded_at: dt.datetime, facts: pa.Table
) -> tuple[int, str] | None:
    """Record the ordered figures of a period that has none yet: their number and the sha256 of what was written.

    None where the period has its partition already, or this login may not make one. The partition is filled
    before it has an index and before anybody sees it: a third of the time. The caller holds the period's lock.
    """
    asked = {"period": period_key}
    made = connection.execute(text("SELECT baocao.fresh_fact_partition(:period)::oid::bigint"), asked).scalar_one()
    if made is None:
        return None
    name = connection.execute(text("SELECT relname FROM pg_class WHERE oid = :made"), {"made": made}).scalar_one()
    given = {name: facts[name] for name in (*_KEY, "value", "reason", "leaf")}
    given |= {
        "period": pa.repeat(period_key, facts.num_rows),
        "revision": pa.repeat(pa.scalar(1, pa.int32()), facts.num_rows),
        "state": pc.if_else(facts["moving"], "moving", "preliminary"),
        "revision_reason": pa.repeat("first", facts.num_rows),
        "recorded_at": pa.repeat(pa.scalar(recorded_at, pa.timestamp("us", "UTC")), facts.num_rows),
        "load": pa.repeat(load, facts.num_rows),
    }
    written = pa.table({column: given[column] for column in schema.fact.c.keys()})  # noqa: SIM118 - not a dict
    sha256 = copy(connection, sql.Identifier(schema.SCHEMA, name), written)
    connection.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
    connection.execute(text("SELECT baocao.fact_partition(:period)"), asked)
    return facts.num_rows, sha256


def write_revisions(
    connection: Connection, period_key: str, load: int, recorded_at: dt.datetime, facts: pa.Table
) -> Difference:
    """Record what differs of the figures. The caller holds the period's lock."""
    stage_facts(connection, facts)
    connection.execute(text("SELECT baocao.fact_partition(:period)"), {"period": period_key})
    new, revised, withdrawn = connection.execute(
        _RECORD, {"period": period_key, "load": load, "recorded_at": recorded_at}
    ).one()
    return Difference(new=new, revised=revised, same=facts.num_rows - new - (revised - withdrawn))


def stage_facts(connection: Connection, facts: pa.Table) -> None:
    """Bring the figures beside the warehouse's, and give what compares the two the memory for it."""
    stage(connection, "given_facts", facts)
    connection.execute(text("SET LOCAL work_mem = '256MB'"))
