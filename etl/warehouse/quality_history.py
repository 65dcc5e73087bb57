"""What loads say of quality: sources, rows set aside, findings counted; since when a finding stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, exists, func, select, text
from sqlalchemy.dialects.postgresql import distinct_on

from etl.model import PullState
from etl.warehouse import schema
from etl.warehouse.administration import Administration
from etl.warehouse.later import Later, later
from etl.warehouse.queries import days_of_load, latest_load

_load, _fact = schema.load.c, schema.fact.c


@dataclass(frozen=True)
class LoadedSource:
    """A source in a load: rows that are in the figures, rows set aside, and when the answer came that it rests on.

    state, message: of its newest pull; message is "" where its rows rest on an earlier one. answered_at: None where no
    answer of the period is in use. days: those that its rows count, first and last; None without rows, and of a source
    for comparison.
    """

    source: str
    dataset: str | None
    role: str
    state: PullState
    message: str
    rows: int
    held: int
    answered_at: dt.datetime | None
    days: tuple[dt.date, dt.date] | None


@dataclass(frozen=True)
class LoadQuality:
    """A load as it was judged. load: its number, None of a run that is not loaded; held: rows set aside by source and
    the rules they broke; found: findings counted by source, rule and severity."""

    load: int | None
    run: str
    recorded_at: dt.datetime
    catalog_version: str
    rules_version: str
    sources: tuple[LoadedSource, ...]
    held: dict[tuple[str, tuple[str, ...]], int]
    found: dict[tuple[str, str, str], int]


class QualityHistory(Administration):
    """The part of the Warehouse that quality reports read."""

    def load_in_force(self, period_key: str) -> int | None:
        """Number of the newest load in force of the period; None before the first."""
        with self._snapshot() as connection:
            return latest_load(connection, period_key, None, self._as_if)

    def load_quality(self, number: int) -> LoadQuality:
        """What is known of a load, which never changes."""
        with self._snapshot() as connection:
            return _load_quality(connection, number)

    def later(self, period_key: str, indicators: Collection[str], moment: dt.datetime) -> list[Later]:
        """Figures straight from rows that are others now than they were known then, the biggest change first."""
        with self._snapshot() as connection:
            return later(connection, period_key, indicators, moment)

    def figure_counts(
        self, period_key: str, units: Collection[str], indicators: Collection[str], known_at: dt.datetime
    ) -> dict[tuple[str, str | None], int]:
        """How many figures of these units there were then, by state and reason (None: it has a value)."""
        newest = (
            select(_fact.state, _fact.reason, _fact.revision_reason)
            .where(_fact.period == period_key, _fact.unit.in_(sorted(units)), _fact.indicator.in_(sorted(indicators)))
            .where(_fact.recorded_at <= known_at)
            .ext(distinct_on(_fact.unit, _fact.indicator, _fact.tier, _fact.field))
            .order_by(_fact.unit, _fact.indicator, _fact.tier, _fact.field, _fact.revision.desc())
            .subquery()
        )
        counted = (
            select(newest.c.state, newest.c.reason, func.count())
            .where(newest.c.revision_reason != "withdrawn")
            .group_by(newest.c.state, newest.c.reason)
        )
        with self._snapshot() as connection:
            return {(row[0], row[1]): row[2] for row in connection.execute(counted)}

    def broken_since(self, period_key: str, known_at: dt.datetime) -> dict[tuple[str, str], dt.datetime]:
        """Of each source and rule that the newest load then found broken, since which load of the period unbroken."""
        finding = schema.finding.c
        waits = exists().where(schema.waiting_load.c.load == _load.id)
        loads = select(_load.id, _load.recorded_at).where(
            _load.period == period_key, ~waits, _load.recorded_at <= known_at
        )
        since: dict[tuple[str, str], dt.datetime] = {}
        standing: set[tuple[str, str]] | None = None
        with self._snapshot() as connection:
            for number, recorded_at in connection.execute(loads.order_by(_load.recorded_at.desc())).all():
                query = select(finding.source, finding.rule).where(finding.load == number).distinct()
                found = {(row[0], row[1]) for row in connection.execute(query)}
                standing = found if standing is None else standing & found
                if not standing:
                    break
                since |= dict.fromkeys(standing, recorded_at)
        return since

    def landed(self, payloads: Collection[str]) -> dict[str, tuple[str, dt.datetime]]:
        """Of landed answers by sha256: where the bytes lie in the store, and when they came last."""
        payload = schema.payload.c
        query = (
            select(payload.sha256, payload.uri, func.max(payload.fetched_at))
            .where(payload.sha256.in_(sorted(payloads)))
            .group_by(payload.sha256, payload.uri)
            .order_by(payload.sha256, payload.uri)
        )
        with self._snapshot() as connection:
            return {row[0]: (row[1], row[2]) for row in connection.execute(query)}


def _load_quality(connection: Connection, number: int) -> LoadQuality:
    load = connection.execute(select(schema.load).where(_load.id == number)).one()
    held = _counted(schema.quarantine.c, number, "source", "rules")
    found = _counted(schema.finding.c, number, "source", "rule", "severity")
    return LoadQuality(
        load=load.id,
        run=load.run,
        recorded_at=load.recorded_at,
        catalog_version=load.catalog_version,
        rules_version=load.rules_version,
        sources=tuple(_sources(connection, number)),
        held={(row.source, tuple(row.rules)): row.times for row in connection.execute(held)},
        found={(row.source, row.rule, row.severity): row.times for row in connection.execute(found)},
    )


def _counted(columns: Any, load: int, *names: str) -> Select[Any]:
    """How many of the load's rows are alike in these columns."""
    alike = [columns[name] for name in names]
    return select(*alike, func.count().label("times")).where(columns.load == load).group_by(*alike).order_by(*alike)


def _sources(connection: Connection, number: int) -> list[LoadedSource]:
    days = {one.source: (one.first_day, one.last_day) for one in days_of_load(connection, number)}
    found = connection.execute(
        text("""
        SELECT s.source, s.dataset, s.role, s.state, s.rows,
            CASE WHEN r.state = s.state THEN r.message ELSE '' END AS message,
            coalesce(held.count, 0) AS held,
            CASE WHEN r.state = 'complete' THEN r.finished_at END AS answered_at
        FROM baocao.load_source s
        JOIN baocao.receipt r ON r.id = s.receipt
        LEFT JOIN (SELECT source, count(*) FROM baocao.quarantine WHERE load = :load GROUP BY 1) held
            ON held.source = s.source
        WHERE s.load = :load ORDER BY s.source"""),
        {"load": number},
    )
    return [LoadedSource(**row, days=days.get(row["source"])) for row in found.mappings()]
