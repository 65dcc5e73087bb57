"""The part of the Lookup that lists lines: findings, sources and their pulls, rows set aside, changes that wait."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from etl.model import Hole, PullState, Restatement
from etl.warehouse import restatements
from etl.warehouse.moment import pool, snapshot


class FindingGroup(NamedTuple):
    """Findings of a load that are alike."""

    severity: str
    rule: str
    source: str
    unit: str | None
    total: int


class SourceLine(NamedTuple):
    """A source in a load, and the attempt that the load knows of last."""

    source: str
    role: str
    dataset: str | None
    rows: int
    state: PullState
    message: str
    proof: list[str]
    started_at: dt.datetime
    finished_at: dt.datetime
    bytes: int
    answers: int


class Attempt(NamedTuple):
    """How one pull of a source ended."""

    source: str
    period: str
    state: PullState
    started_at: dt.datetime
    finished_at: dt.datetime


class Quarantined(NamedTuple):
    """A row that was set aside. rules: the critical ones it breaks; findings: what was found of it, or of its whole
    source, each with the columns of baocao.finding."""

    source: str
    dataset: str
    rules: list[str]
    agency: str
    unit: str | None
    tier: str | None
    field: str | None
    pointer: str
    payload: str
    raw: str
    values: dict[str, int | None]
    findings: list[dict[str, Any]]


class Held(NamedTuple):
    """A figure that is withheld because a row is set aside."""

    indicator: str
    unit: str
    tier: str
    field: str


class Changed(NamedTuple):
    """A figure of a restatement: what was published, and what would stand or stands instead."""

    indicator: str
    unit: str
    tier: str
    field: str
    old: Decimal | None
    old_reason: str | None
    new: Decimal | None
    reason: str | None
    code: str


@dataclass(frozen=True)
class Sight:
    """The units and sources that an account may see; None: every one."""

    units: frozenset[str]
    sources: frozenset[str]


_FINDING_GROUPS = text("""
SELECT severity, rule, source, unit, count(*) FROM baocao.finding WHERE load = :load
GROUP BY severity, rule, source, unit ORDER BY severity, rule, source, unit
""")
_SEEN = """(CAST(:units AS text[]) IS NULL OR unit = ANY(:units) OR (unit IS NULL AND source = ANY(:sources)))"""
_UNDER = """(CAST(:under AS text[]) IS NULL OR unit = ANY(:under)
        OR (unit IS NULL AND source = ANY(:sources_under)))"""
_FINDINGS = text(f"""
SELECT rule, severity, source, period, message, unit, field, payload, "row", "column", value, expected,
       other_source, other_period, other_payload, other_row, tier, waiver, count(*) OVER () AS total
FROM baocao.finding
WHERE load = :load AND {_SEEN}
    AND (CAST(:severity AS text) IS NULL OR severity = :severity) AND (CAST(:rule AS text) IS NULL OR rule = :rule)
    AND (CAST(:source AS text) IS NULL OR source = :source)
    AND {_UNDER}
ORDER BY array_position(ARRAY['critical', 'warning', 'info'], severity), rule, source, position
LIMIT :limit OFFSET :offset
""")
_SOURCES = text("""
SELECT s.source, s.role, s.dataset, s.rows, s.state, r.message, r.proof, r.started_at, r.finished_at,
       coalesce(p.bytes, 0)::bigint, coalesce(p.answers, 0)
FROM baocao.load_source s
JOIN LATERAL (SELECT * FROM baocao.receipt r WHERE r.source = s.source AND r.period = :period
              ORDER BY (r.state = s.state) DESC, r.finished_at DESC LIMIT 1) r ON true
LEFT JOIN LATERAL (SELECT sum(size) AS bytes, count(*) AS answers FROM baocao.payload WHERE receipt = r.id) p ON true
WHERE s.load = :load ORDER BY s.source
""")
_ATTEMPTS = text("""
SELECT source, period, state, started_at, finished_at FROM (
    SELECT *, row_number() OVER (PARTITION BY source ORDER BY finished_at DESC) AS back FROM baocao.receipt) r
WHERE back <= :most ORDER BY source, finished_at
""")
_QUARANTINE = text(f"""
WITH found AS (
    SELECT source, payload, "row" AS pointer, unit, field,
           jsonb_agg(to_jsonb(finding) - 'load' - 'position' ORDER BY position) AS findings
    FROM baocao.finding WHERE load = :load GROUP BY 1, 2, 3, 4, 5
), held AS (
    SELECT * FROM baocao.quarantine
    WHERE load = :load AND {_SEEN} AND (CAST(:rule AS text) IS NULL OR :rule = ANY(rules))
        AND (CAST(:source AS text) IS NULL OR source = :source)
        AND (CAST(:dataset AS text) IS NULL OR dataset = :dataset) AND {_UNDER}
)
SELECT q.source, q.dataset, q.rules, q.agency, q.unit, q.tier, q.field, q.pointer, q.payload, q.raw, q."values",
       coalesce(own.findings, '[]') || coalesce(whole.findings, '[]'), count(*) OVER () AS total
FROM held q
LEFT JOIN found own ON (own.source, own.payload, own.pointer, coalesce(own.unit, ''), coalesce(own.field, ''))
    = (q.source, q.payload, q.pointer, coalesce(q.unit, ''), coalesce(q.field, ''))
LEFT JOIN found whole ON whole.source = q.source AND (whole.payload, whole.unit, whole.field) IS NULL
    AND whole.pointer = ''
ORDER BY q.source, q.position LIMIT :limit OFFSET :offset
""")
_HOLES = text("""
SELECT dataset, source, province, unit, tier, field, reason FROM baocao.hole
WHERE load = :load AND reason = 'quarantined' ORDER BY position
""")
_HELD = text("""
SELECT indicator, unit, tier, field FROM (
    SELECT DISTINCT ON (unit, indicator, tier, field) * FROM baocao.fact
    WHERE period = :period AND unit = ANY(:units) ORDER BY unit, indicator, tier, field, revision DESC) newest
WHERE value IS NULL AND reason = 'quarantined' AND revision_reason <> 'withdrawn'
""")
_BROKEN = text("""
SELECT DISTINCT l.period, f.source, f.rule FROM baocao.finding f JOIN baocao.load l ON l.id = f.load
WHERE f.load = ANY(:loads) AND f.source = ANY(:sources)
""")
# Only the figures of one page look for what was published before: joined with every one of them, all periods are read.
_CHANGED = text("""
SELECT f.indicator, f.unit, f.tier, f.field, b.value, b.reason, f.value, f.reason, f.code, f.total
FROM (
    SELECT *, count(*) OVER () AS total FROM baocao.restatement_fact
    WHERE restatement = :restatement AND (CAST(:units AS text[]) IS NULL OR unit = ANY(:units))
    ORDER BY field = 'all' DESC, tier = 'all' DESC, unit = 'VN' DESC, unit, indicator, tier, field
    LIMIT :limit OFFSET :offset
) f
JOIN baocao.restatement s ON s.id = f.restatement
LEFT JOIN LATERAL (
    SELECT value, reason FROM baocao.fact
    WHERE (period, unit, indicator, tier, field, revision)
        = (s.period, f.unit, f.indicator, f.tier, f.field, f.revision - 1)
) b ON true
ORDER BY f.field = 'all' DESC, f.tier = 'all' DESC, f.unit = 'VN' DESC, f.unit, f.indicator, f.tier, f.field
""")


class Lines:
    """Lists with a `limit` come with the number of all there are."""

    def __init__(self, url: str) -> None:
        self._url = url

    def _connect(self) -> AbstractContextManager[Connection]:
        return snapshot(self._url, pool(self._url))

    def restatements(self) -> list[Restatement]:
        """Every one there is, in the order they came."""
        with self._connect() as connection:
            return restatements.restatements(connection, None)

    def finding_groups(self, load: int) -> list[FindingGroup]:
        with self._connect() as connection:
            return [FindingGroup(*row) for row in connection.execute(_FINDING_GROUPS, {"load": load})]

    def findings(self, load: int, seen: Sight | None, under: Sight | None, **asked: Any) -> tuple[list[Any], int]:
        """asked: severity, rule, source (None: any), limit (None: all), offset. under: a unit's own, if seen."""
        given = {"load": load, **_arrays(seen), **_arrays_under(under), **asked}
        with self._connect() as connection:
            return page_of(connection.execute(_FINDINGS, given).all())

    def sources(self, period_key: str, load: int) -> list[SourceLine]:
        with self._connect() as connection:
            return [SourceLine(*row) for row in connection.execute(_SOURCES, {"period": period_key, "load": load})]

    def attempts(self, most: int) -> list[Attempt]:
        """The last pulls of every source, oldest first, at most so many of each."""
        with self._connect() as connection:
            return [Attempt(*row) for row in connection.execute(_ATTEMPTS, {"most": most})]

    def quarantine(
        self, load: int, seen: Sight | None, under: Sight | None, **asked: Any
    ) -> tuple[list[Quarantined], int]:
        """asked: rule, source, dataset (None: any), limit (None: all), offset. under: as of `findings`."""
        given = {"load": load, **_arrays(seen), **_arrays_under(under), **asked}
        with self._connect() as connection:
            rows, total = page_of(connection.execute(_QUARANTINE, given).all())
        return [Quarantined(*row[:-1]) for row in rows], total

    def holes(self, load: int) -> list[Hole]:
        """What rows set aside leave unknown."""
        with self._connect() as connection:
            return [Hole(*row) for row in connection.execute(_HOLES, {"load": load})]

    def held(self, period_key: str, units: Collection[str]) -> list[Held]:
        """The figures of these units that are withheld because of a row set aside."""
        with self._connect() as connection:
            return [Held(*row) for row in connection.execute(_HELD, {"period": period_key, "units": sorted(units)})]

    def broken(self, loads: Collection[int], sources: Collection[str]) -> set[tuple[str, str, str]]:
        """Period, source and rule of what these loads found of these sources."""
        given = {"loads": sorted(loads), "sources": sorted(sources)}
        with self._connect() as connection:
            return {(row[0], row[1], row[2]) for row in connection.execute(_BROKEN, given)}

    def changed(self, restatement: int, seen: Sight | None, limit: int, offset: int = 0) -> tuple[list[Changed], int]:
        units = None if seen is None else sorted(seen.units)
        given = {"restatement": restatement, "units": units, "limit": limit, "offset": offset}
        with self._connect() as connection:
            rows, total = page_of(connection.execute(_CHANGED, given).all())
        return [Changed(*row[:-1]) for row in rows], total


def _arrays(seen: Sight | None) -> dict[str, Any]:
    if seen is None:
        return {"units": None, "sources": None}
    return {"units": sorted(seen.units), "sources": sorted(seen.sources)}


def _arrays_under(under: Sight | None) -> dict[str, Any]:
    return {f"{name}_under".replace("units_under", "under"): one for name, one in _arrays(under).items()}


def page_of(rows: Sequence[Any]) -> tuple[list[Any], int]:
    return list(rows), rows[0].total if rows else 0
