"""What differs between a period's figures and those already recorded becomes a revision, in one statement.

A figure that begins or ends to move is a revision as well, with the same value (docs/decisions/0005-moving.md).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pyarrow as pa
from sqlalchemy import Connection, text

from etl.tables import FACTS
from etl.warehouse.staging import stage

_KEY = ["indicator", "unit", "tier", "field"]

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


def stage_facts(connection: Connection, facts: pa.Table) -> dict[str, int]:
    """Bring the figures beside the warehouse's; gives the number of those without value, by reason.

    Raises ValueError when a figure stands twice, lacks part of its key, or breaks "a value or a reason".
    """
    facts = facts.select(FACTS.names).cast(FACTS)
    if any(facts.column(name).null_count for name in (*_KEY, "leaf", "moving")):
        raise ValueError("a fact lacks its indicator, unit, tier, field, or its mark as leaf or moving")
    repeated = facts.num_rows - facts.group_by(_KEY).aggregate([]).num_rows
    if repeated:
        raise ValueError(f"{repeated} facts stand twice: one figure has one indicator, unit, tier and field")
    stage(connection, "given_facts", facts)
    counted = connection.execute(
        text(
            "SELECT reason, count(*), count(value) FROM given_facts "
            "WHERE reason IS NOT NULL OR value IS NULL GROUP BY 1"
        )
    ).all()
    for reason, _, valued in counted:
        if reason is None or reason == "withdrawn" or valued:
            raise ValueError(f"a fact has a value or a reason, never both and never neither (reason: {reason})")
    return {reason: count for reason, count, _ in counted}


def write_revisions(
    connection: Connection, period_key: str, load: int, recorded_at: dt.datetime, count: int
) -> Difference:
    """Record what differs of the `count` staged figures. The caller holds the period's lock."""
    connection.execute(text("SELECT baocao.fact_partition(:period)"), {"period": period_key})
    new, revised, withdrawn = connection.execute(
        _RECORD, {"period": period_key, "load": load, "recorded_at": recorded_at}
    ).one()
    return Difference(new=new, revised=revised, same=count - new - (revised - withdrawn))
