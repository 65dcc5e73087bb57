"""One load of a period: all of it or nothing, and one after another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
from sqlalchemy import Connection, text

from etl.model import Finding, Hole, Receipt, RuleOutcome, Validation, WaiverUse
from etl.periods import Period
from etl.warehouse import judgements, lineage, queries, restatements, schema, seals
from etl.warehouse.facts import Difference, ordered, stage_facts, write_first, write_revisions


@dataclass(frozen=True)
class Recorded:
    """A load and its counts of facts; `revised` includes the withdrawn.

    restatement: the period is locked, and what the load would change waits under this number; it recorded no fact.
    """

    load: int
    new: int
    revised: int
    same: int
    restatement: int | None = None


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
    outcomes: Sequence[RuleOutcome],
    validations: Sequence[Validation],
    waivers: Sequence[WaiverUse],
    read: Collection[str],
    catalog_revision: str | None,
) -> Recorded:
    """See Warehouse.record. Runs in the caller's transaction."""
    last_day = Period.parse(period_key).last_day
    chosen = lineage.chosen_receipts(rows, receipts)
    facts, withheld = ordered(facts)
    lock(connection, f"period {period_key}")
    lineage.refuse_older(connection, period_key, receipts, read)
    load, recorded_at = number(connection, period_key)
    base = first = None
    if restatements.publication(connection, period_key) is not None:
        base = queries.latest_load(connection, period_key)
        stage_facts(connection, facts)
        difference = restatements.difference(connection, period_key, facts.num_rows)
    elif first := write_first(connection, period_key, load, recorded_at, facts):
        difference = Difference(new=facts.num_rows, revised=0, same=0)
    else:
        difference = write_revisions(connection, period_key, load, recorded_at, facts)
    connection.execute(
        schema.load.insert(),
        {
            "id": load,
            "period": period_key,
            "last_day": last_day,
            "run": run,
            "catalog_version": catalog_version,
            "rules_version": rules_version,
            "catalog_revision": catalog_revision,
            "recorded_at": recorded_at,
            "facts_new": difference.new,
            "facts_revised": difference.revised,
            "facts_same": difference.same,
            "withheld": withheld,
            "units_sha256": _units(connection, last_day),
        },
    )
    lineage.store_receipts(connection, load, receipts)
    lineage.store_rows(connection, period_key, load, rows, chosen, compared)
    lineage.store_quarantine(connection, load, quarantine)
    judgements.store_waivers(connection, load, waivers)
    lineage.store_findings(connection, load, findings, holes)
    judgements.store(connection, load, outcomes, validations)
    waits = None if base is None else restatements.keep_waiting(connection, period_key, load, base)
    _refresh_statistics(connection)
    seals.seal_load(connection, load, period_key, {"fact": first} if first else {})
    if waits is not None:
        seals.seal_decision(connection, "decision", f"load {load}")
    return Recorded(load, difference.new, difference.revised, difference.same, waits)


def lock(connection: Connection, what: str) -> None:
    """Wait for every other transaction that holds the same lock; released at the end of this one."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))"), {"what": f"baocao {what}"})


def number(connection: Connection, period_key: str) -> tuple[int, dt.datetime]:
    """The load's number and moment. The caller holds the period's lock."""
    load = connection.execute(text("SELECT nextval('baocao.load_id')")).scalar_one()
    return load, moment(connection, period_key)


def moment(connection: Connection, period_key: str) -> dt.datetime:
    """When a load, publication, review or decision of the period happens.

    Not the start of the transaction: it may have waited for a load that began later. Later than the
    last load whatever the clock does, so that "as known at" has one answer.
    """
    found: dt.datetime = connection.execute(
        text(
            "SELECT greatest(clock_timestamp(), "
            "(SELECT max(recorded_at) + interval '1 microsecond' FROM baocao.load WHERE period = :period), "
            "(SELECT published_at + interval '1 microsecond' FROM baocao.publication WHERE period = :period), "
            "(SELECT max(decided_at) + interval '1 microsecond' FROM baocao.review WHERE period = :period))"
        ),
        {"period": period_key},
    ).scalar_one()
    return found


def _units(connection: Connection, day: dt.date) -> str:
    """sha256 of who stands where in the unit tree on the day; names are no matter."""
    return str(
        connection.execute(
            text("""
            SELECT encode(sha256(convert_to(coalesce(string_agg(concat_ws('|', code, level, parent), E'\n'
                ORDER BY code), ''), 'UTF8')), 'hex')
            FROM baocao.unit WHERE valid_from <= :day AND (valid_to IS NULL OR :day < valid_to)"""),
            {"day": day},
        ).scalar_one()
    )


def _refresh_statistics(connection: Connection) -> None:
    """Of the tables that grew by a tenth, as the server would later by itself: traces of a fresh load would run on
    plans for empty tables."""
    grown = connection.execute(
        text("""
        SELECT c.oid::regclass::text FROM pg_stat_xact_user_tables x JOIN pg_class c ON c.oid = x.relid
        WHERE x.schemaname = :schema AND c.relkind = 'r' AND x.n_tup_ins > 50 + greatest(c.reltuples, 0) / 10"""),
        {"schema": schema.SCHEMA},
    )
    for table in grown.scalars().all():
        connection.execute(text(f"ANALYZE {table}"))
