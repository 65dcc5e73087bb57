"""One load of a period: all of it or nothing, and one after another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
from sqlalchemy import Connection, text

from etl.model import Finding, Hole, Receipt
from etl.periods import Period
from etl.warehouse import lineage, schema
from etl.warehouse.facts import stage_facts, write_revisions


@dataclass(frozen=True)
class Recorded:
    """A load and its counts of facts; `revised` includes the withdrawn."""

    load: int
    new: int
    revised: int
    same: int


def record(
    connection: Connection,
    period_key: str,
    *,
    run: str,
    catalog_version: str,
    rules_version: str,
    facts: pa.Table,
    rows: Mapping[str, pa.Table],
    quarantine: Mapping[str, pa.Table],
    findings: Sequence[Finding],
    holes: Sequence[Hole],
    receipts: Sequence[Receipt],
    compared: Collection[str],
) -> Recorded:
    """See Warehouse.record. Runs in the caller's transaction."""
    last_day = Period.parse(period_key).last_day
    chosen = lineage.chosen_receipts(rows, receipts)
    withheld = stage_facts(connection, facts)
    staged = lineage.stage_rows(connection, rows)
    lock(connection, f"period {period_key}")
    load, recorded_at = _number(connection, period_key)
    difference = write_revisions(connection, period_key, load, recorded_at, facts.num_rows)
    connection.execute(
        schema.load.insert(),
        {
            "id": load,
            "period": period_key,
            "last_day": last_day,
            "run": run,
            "catalog_version": catalog_version,
            "rules_version": rules_version,
            "recorded_at": recorded_at,
            "facts_new": difference.new,
            "facts_revised": difference.revised,
            "facts_same": difference.same,
            "withheld": withheld,
        },
    )
    lineage.store_receipts(connection, load, receipts)
    lineage.store_rows(connection, period_key, load, rows, staged, chosen, compared)
    lineage.store_quarantine(connection, load, quarantine)
    lineage.store_findings(connection, load, findings, holes)
    if difference.new + difference.revised:
        _refresh_statistics(connection, period_key)
    return Recorded(load, difference.new, difference.revised, difference.same)


def lock(connection: Connection, what: str) -> None:
    """Wait for every other transaction that holds the same lock; released at the end of this one."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))"), {"what": f"baocao {what}"})


def _number(connection: Connection, period_key: str) -> tuple[int, dt.datetime]:
    """The load's number and moment.

    Not the start of the transaction: it may have waited for a load that began later. Later than the
    last load whatever the clock does, so that "as known at" has one answer.
    """
    load, recorded_at = connection.execute(
        text(
            "SELECT nextval('baocao.load_id'), greatest(clock_timestamp(), "
            "(SELECT max(recorded_at) + interval '1 microsecond' FROM baocao.load WHERE period = :period))"
        ),
        {"period": period_key},
    ).one()
    return load, recorded_at


def _refresh_statistics(connection: Connection, period_key: str) -> None:
    """Until the server gets to it by itself, traces of a fresh load would run on plans for empty tables."""
    partition = connection.execute(
        text("SELECT baocao.fact_partition(:period)::text"), {"period": period_key}
    ).scalar_one()
    tables = [partition, *(f"{schema.SCHEMA}.{name}" for name in ("standard_row", "load_source", "payload", "receipt"))]
    connection.execute(text(f"ANALYZE {', '.join(tables)}"))
