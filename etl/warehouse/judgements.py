"""What the rules said of loads, and the validation results that they rest on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, text

from etl.model import (
    ComparisonKind,
    Finding,
    Hole,
    Review,
    ReviewVerdict,
    RuleOutcome,
    Text,
    Validation,
    Waiver,
    WaiverUse,
)
from etl.warehouse import queries, schema, seals
from etl.warehouse import record as recording
from etl.warehouse.locked import LockedPeriods
from etl.warehouse.queries import AsIf

# The same bytes may answer for two units or fields, both idle: their place in them alone names no row.
_ROWS_TOLD = text("""
SELECT r.source, r.agency, r.field
FROM baocao.finding f JOIN (
    SELECT source, payload, pointer, agency, unit, field FROM baocao.quarantine WHERE load = :load
    UNION ALL
    SELECT r.source, r.payload, r.pointer, r.agency, r.unit, r.field
    FROM baocao.load_source s JOIN baocao.standard_row r ON r.load = s.rows_load AND r.source = s.source
    WHERE s.load = :load
) r ON (r.source, r.payload, r.pointer) = (f.source, f.payload, f."row")
    AND r.unit IS NOT DISTINCT FROM f.unit AND r.field IS NOT DISTINCT FROM f.field
WHERE f.load = :load AND f.rule = :rule
""")


@dataclass(frozen=True)
class Judged:
    """The rules of one load, in the order of the suites."""

    load: int
    recorded_at: dt.datetime
    outcomes: tuple[RuleOutcome, ...]


class RowTold(NamedTuple):
    """Whose row it is; agency as the source writes it."""

    source: str
    agency: str
    field: str | None


class Judgements(LockedPeriods):
    """The part of the Warehouse that knows what the rules said, and what follows from it."""

    def holes(self, period_key: str, known_at: dt.datetime | None = None) -> list[Hole]:
        """What the latest load could not know."""
        with self._snapshot() as connection:
            return queries.holes(connection, period_key, known_at, self._as_if)

    def findings(
        self, period_key: str, source: str | None = None, known_at: dt.datetime | None = None
    ) -> list[Finding]:
        """Findings of the latest load, of every source or one."""
        with self._snapshot() as connection:
            return queries.findings(connection, period_key, source, known_at, self._as_if)

    def reviews(self, period_key: str, known_at: dt.datetime | None = None) -> list[Review]:
        """What reviewers said of the period's critical findings, in the order in which they did."""
        with self._snapshot() as connection:
            return reviews(connection, period_key, known_at)

    def review(
        self,
        period_key: str,
        *,
        run: str,
        sha256: str,
        findings: int,
        sources: Collection[str],
        verdict: ReviewVerdict,
        by: str,
        reason: str,
    ) -> Review:
        """Keep a decision on critical findings, sealed; a later one on the same findings is in force in its place."""
        given = {"period": period_key, "run": run, "sha256": sha256, "findings": findings, "sources": sorted(sources)}
        with self._engine.begin() as connection:
            recording.lock(connection, f"period {period_key}")
            told = {"verdict": verdict, "decided_at": recording.moment(connection, period_key)}
            written = schema.review.insert().returning(schema.review)
            row = connection.execute(written, given | told | {"decided_by": by, "reason": reason}).mappings().one()
            seals.seal_decision(connection, "review", str(row["id"]))
            return _review(row)

    def rows_told(self, period_key: str, rule: str) -> set[RowTold]:
        """The rows that a rule speaks of in the latest load, set aside or not."""
        with self._snapshot() as connection:
            load = queries.latest_load(connection, period_key)
            return {RowTold(*row) for row in connection.execute(_ROWS_TOLD, {"load": load, "rule": rule})}

    def rule_outcomes(self, period_keys: Collection[str], known_at: dt.datetime | None = None) -> dict[str, Judged]:
        """Of each period that was loaded: what every rule said in its newest load."""
        with self._snapshot() as connection:
            return _of_periods(connection, period_keys, known_at, self._as_if)

    def waivers(self, period_key: str, known_at: dt.datetime | None = None) -> list[WaiverUse]:
        """What became of the waivers in the period's newest load."""
        with self._snapshot() as connection:
            load = queries.latest_load(connection, period_key, known_at, self._as_if)
            found = connection.execute(
                select(schema.waiver).where(schema.waiver.c.load == load).order_by(schema.waiver.c.id)
            )
            return [_use(row) for row in found.mappings()]

    def validations(self, load: int) -> list[Validation]:
        """The validation results of a load, by dataset."""
        columns = schema.validation.c
        query = select(columns.dataset, columns.suite_version, columns.result).where(columns.load == load)
        with self._snapshot() as connection:
            return [Validation(*row) for row in connection.execute(query.order_by(columns.dataset))]


def store_waivers(connection: Connection, load: int, uses: Sequence[WaiverUse]) -> None:
    """Before the findings, which name them."""
    rows = [{**asdict(one.waiver), "load": load, "state": one.state, "findings": one.findings} for one in uses]
    if rows:
        connection.execute(schema.waiver.insert(), [{**row, "periods": list(row["periods"])} for row in rows])


def store(
    connection: Connection, load: int, outcomes: Sequence[RuleOutcome], validations: Sequence[Validation]
) -> None:
    """Outcomes in the order given. Raises ValueError when a rule of a dataset stands twice."""
    if len({(one.dataset, one.rule) for one in outcomes}) < len(outcomes):
        raise ValueError("a rule of a dataset has two outcomes: a load asks it once")
    told = [
        {
            **asdict(one),
            "load": load,
            "position": position,
            "title_vi": one.title.vi,
            "title_en": one.title.en,
            "sources": dict(one.sources),
        }
        for position, one in enumerate(outcomes)
    ]
    for table, rows in (
        (schema.rule_outcome, [{column.name: row[column.name] for column in schema.rule_outcome.c} for row in told]),
        (schema.validation, [{**asdict(one), "load": load} for one in validations]),
    ):
        if rows:
            connection.execute(table.insert(), rows)


def _of_periods(
    connection: Connection, period_keys: Collection[str], known_at: dt.datetime | None, as_if: AsIf | None
) -> dict[str, Judged]:
    newest = {key: queries.latest_load(connection, key, known_at, as_if) for key in period_keys}
    loads = [load for load in newest.values() if load is not None]
    moments = select(schema.load.c.id, schema.load.c.recorded_at).where(schema.load.c.id.in_(loads))
    recorded_at = {row.id: row.recorded_at for row in connection.execute(moments)}
    found: dict[int, list[RuleOutcome]] = {load: [] for load in loads}
    outcome = schema.rule_outcome
    query = select(outcome).where(outcome.c.load.in_(loads)).order_by(outcome.c.load, outcome.c.position)
    for row in connection.execute(query).mappings():
        found[row["load"]].append(_outcome(row))
    return {
        key: Judged(load, recorded_at[load], tuple(found[load])) for key, load in newest.items() if load is not None
    }


def outcomes(connection: Connection, load: int, kind: ComparisonKind) -> list[RuleOutcome]:
    """What the rules of a kind said in a load."""
    outcome = schema.rule_outcome
    query = select(outcome).where(outcome.c.load == load, outcome.c.kind == kind).order_by(outcome.c.position)
    return [_outcome(row) for row in connection.execute(query).mappings()]


def reviews(connection: Connection, period_key: str | None = None, known_at: dt.datetime | None = None) -> list[Review]:
    """Of a period or of all, in the order in which they were decided; known_at: up to then."""
    review = schema.review.c
    query = select(schema.review).order_by(review.id)
    if period_key is not None:
        query = query.where(review.period == period_key)
    if known_at is not None:
        query = query.where(review.decided_at <= known_at)
    return [_review(row) for row in connection.execute(query).mappings()]


def _review(row: Any) -> Review:
    return Review(**{**row, "sources": tuple(row["sources"])})


def _use(row: Any) -> WaiverUse:
    told = {name: row[name] for name in row if name not in ("load", "state", "findings")}
    return WaiverUse(Waiver(**{**told, "periods": tuple(row["periods"])}), row["state"], row["findings"])


def _outcome(row: Any) -> RuleOutcome:
    same = ("dataset", "rule", "severity", "dimension", "law", "kind", "state", "judged", "broken", "waived")
    return RuleOutcome(
        title=Text(row["title_vi"], row["title_en"]),
        **{name: row[name] for name in (*same, "sources", "proven", "reason", "unknown")},
    )
