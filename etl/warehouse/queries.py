"""Figures as they stand or stood, and what is known about a period's latest load."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any

import pyarrow as pa
import pyarrow.csv as csv
from sqlalchemy import BigInteger, Connection, DateTime, Select, Table, Text, exists, func, literal, select, union_all
from sqlalchemy.dialects.postgresql import distinct_on

from etl.model import Fact, Finding, Hole, Issue, RestatementCode, SourceDays
from etl.tables import FACTS
from etl.warehouse import schema
from etl.warehouse.staging import driver_connection

_fact, _load = schema.fact.c, schema.load.c
_KEY = (_fact.unit, _fact.indicator, _fact.tier, _fact.field)


@dataclass(frozen=True)
class AsIf:
    """A waiting restatement read as if it had been approved at `moment`; `load` brings it."""

    restatement: int
    period: str
    load: int
    moment: dt.datetime
    code: RestatementCode

    def known(self, period_key: str, known_at: dt.datetime | None) -> bool:
        return period_key == self.period and (known_at is None or known_at >= self.moment)


def _known(
    period_key: str,
    units: Collection[str] | None,
    indicators: Collection[str] | None,
    known_at: dt.datetime | None,
    as_if: AsIf | None = None,
) -> Select[Any]:
    """Newest revision of each fact as known at the moment, withdrawn ones left out, ordered by key."""
    if known_at is not None and known_at.tzinfo is None:
        raise ValueError("known_at needs a time zone: two zones would mean two answers")

    def wanted(source: Any) -> Select[Any]:
        found = select(*(source[column.name] for column in _fact)).where(source.period == period_key)
        if units is not None:
            found = found.where(source.unit.in_(sorted(units)))
        if indicators is not None:
            found = found.where(source.indicator.in_(sorted(indicators)))
        return found if known_at is None else found.where(source.recorded_at <= known_at)

    if as_if is not None and as_if.known(period_key, known_at):
        revisions = union_all(wanted(_fact), wanted(_waiting(as_if).c)).subquery()
    else:
        revisions = wanted(_fact).subquery()
    key = [revisions.c[column.name] for column in _KEY]
    newest = select(revisions).ext(distinct_on(*key)).order_by(*key, revisions.c.revision.desc()).subquery()
    return (
        select(newest)
        .where(newest.c.revision_reason != "withdrawn")
        .order_by(newest.c.unit, newest.c.indicator, newest.c.tier, newest.c.field)
    )


def _waiting(as_if: AsIf) -> Any:
    """The facts of a waiting restatement, in the columns of the recorded ones."""
    fact = schema.restatement_fact.c
    given: dict[str, Any] = {
        "period": literal(as_if.period, Text),
        "recorded_at": literal(as_if.moment, DateTime(timezone=True)),
        "load": literal(as_if.load, BigInteger),
    }
    columns = [given[name].label(name) if name in given else fact[name] for name in schema.fact.c.keys()]  # noqa: SIM118 - not a dict
    return select(*columns).where(fact.restatement == as_if.restatement).subquery()


def facts(
    connection: Connection,
    period_key: str,
    units: Collection[str] | None,
    indicators: Collection[str] | None,
    known_at: dt.datetime | None,
    as_if: AsIf | None = None,
) -> list[Fact]:
    """Of a locked period each state is what the publication makes of it (see baocao.shown_state)."""
    known = _known(period_key, units, indicators, known_at, as_if).subquery().c
    shown = _shown_state(known, period_key, known_at)
    columns = (
        known.indicator,
        known.unit,
        known.period,
        known.tier,
        known.field,
        known.value,
        shown,
        known.reason,
        known.revision,
        known.recorded_at,
        known.load,
    )
    return [Fact(*row) for row in connection.execute(select(*columns)).all()]


def _shown_state(known: Any, period_key: str, known_at: dt.datetime | None) -> Any:
    locked = schema.publication.c
    published = select(locked.published_at).where(locked.period == period_key)
    if known_at is not None:
        published = published.where(locked.published_at <= known_at)
    return func.baocao.shown_state(known.state, known.recorded_at, published.scalar_subquery())


def states(connection: Connection, period_key: str, as_if: AsIf | None) -> dict[str, int]:
    known = _known(period_key, None, None, None, as_if).subquery().c
    shown = _shown_state(known, period_key, None).label("shown")
    found = connection.execute(select(shown, func.count()).group_by(shown).order_by(shown))
    return {row[0]: row[1] for row in found}


def facts_table(
    connection: Connection,
    period_key: str,
    indicators: Collection[str] | None,
    known_at: dt.datetime | None,
    as_if: AsIf | None = None,
) -> pa.Table:
    """The same figures as an Arrow table with the FACTS columns; by CSV, many times faster than by objects."""
    known = _known(period_key, None, indicators, known_at, as_if).subquery()
    figures = [known.c[name] for name in FACTS.names if name != "moving"]
    wanted = select(*figures, known.c.state == "moving")
    compiled = wanted.compile(connection, compile_kwargs={"render_postcompile": True})
    body = io.BytesIO()
    with (
        driver_connection(connection).cursor() as cursor,
        cursor.copy(f"COPY ({compiled}) TO STDOUT (FORMAT csv)", compiled.params) as source,
    ):
        for block in source:
            body.write(block)
    if not body.tell():
        return FACTS.empty_table()
    body.seek(0)
    return csv.read_csv(
        body,
        read_options=csv.ReadOptions(column_names=FACTS.names),
        convert_options=csv.ConvertOptions(
            column_types=FACTS, null_values=[""], strings_can_be_null=True, true_values=["t"], false_values=["f"]
        ),
    )


def latest_load(
    connection: Connection, period_key: str, known_at: dt.datetime | None = None, as_if: AsIf | None = None
) -> int | None:
    """Number of the period's newest load that is in force, or of the newest at that moment."""
    if as_if is not None and as_if.known(period_key, known_at):
        return as_if.load
    waits = exists().where(schema.waiting_load.c.load == _load.id)
    loads = select(_load.id).where(_load.period == period_key, ~waits)
    if known_at is not None:
        loads = loads.where(_load.recorded_at <= known_at)
    return connection.execute(loads.order_by(_load.recorded_at.desc()).limit(1)).scalar()


def known_at(connection: Connection, period_key: str, as_if: AsIf | None) -> dt.datetime | None:
    load = latest_load(connection, period_key, None, as_if)
    if as_if is not None and load == as_if.load:
        return as_if.moment
    loaded = select(_load.recorded_at).where(_load.id == load)
    locked = select(schema.publication.c.published_at).where(schema.publication.c.period == period_key)
    reviewed = select(func.max(schema.review.c.decided_at)).where(schema.review.c.period == period_key)
    moments = [connection.execute(query).scalar() for query in (loaded, locked, reviewed)]
    return max((moment for moment in moments if moment is not None), default=None)


def holes(
    connection: Connection, period_key: str, known_at: dt.datetime | None = None, as_if: AsIf | None = None
) -> list[Hole]:
    load = latest_load(connection, period_key, known_at, as_if)
    return [Hole(**row) for row in _of_load(connection, schema.hole, load)]


def source_days(
    connection: Connection, period_key: str, known_at: dt.datetime | None = None, as_if: AsIf | None = None
) -> list[SourceDays]:
    return days_of_load(connection, latest_load(connection, period_key, known_at, as_if))


def days_of_load(connection: Connection, load: int | None) -> list[SourceDays]:
    source, row = schema.load_source.c, schema.standard_row.c
    rows = schema.load_source.join(schema.standard_row, (row.load == source.rows_load) & (row.source == source.source))
    first, last = func.min(row.first_day), func.max(row.last_day)
    query = (
        select(source.source, source.dataset, first, last, func.count(row.first_day.distinct()))
        .select_from(rows)
        .where(source.load == load, row.first_day.is_not(None), source.role == "reporting")
        .group_by(source.source, source.dataset)
        .order_by(source.source)
    )
    return [SourceDays(*one) for one in connection.execute(query).all()]


def findings(
    connection: Connection,
    period_key: str,
    source: str | None,
    known_at: dt.datetime | None,
    as_if: AsIf | None = None,
) -> list[Finding]:
    load = latest_load(connection, period_key, known_at, as_if)
    found = [Finding(**row) for row in _of_load(connection, schema.finding, load)]
    return [finding for finding in found if source in (None, finding.source)]


def _of_load(connection: Connection, table: Table, load: int | None) -> list[dict[str, Any]]:
    columns = [column for column in table.c if column.name not in ("load", "position")]
    query = select(*columns).where(table.c.load == load).order_by(table.c.position)
    return [dict(row) for row in connection.execute(query).mappings()]


def issues(connection: Connection, period_key: str) -> list[Issue]:
    issue = schema.form_issue.c
    columns = (issue[field.name] for field in fields(Issue))
    query = select(*columns).where(issue.period == period_key).order_by(issue.id)
    return [Issue(*row) for row in connection.execute(query)]


def figures_at(connection: Connection, period_key: str, known_at: dt.datetime | None = None) -> dt.datetime | None:
    """Moment of the last load that recorded anything: as known then is as known now."""
    changing = select(func.max(_load.recorded_at)).where(
        _load.period == period_key, _load.facts_new + _load.facts_revised > 0
    )
    if known_at is not None:
        changing = changing.where(_load.recorded_at <= known_at)
    return connection.execute(changing).scalar()


def summary(connection: Connection, period_key: str) -> dict[str, Any]:
    load = connection.execute(select(schema.load).where(_load.id == latest_load(connection, period_key))).one_or_none()
    if load is None:
        return {"period": period_key, "load": None}
    source, finding, quarantine, issue = (
        table.c for table in (schema.load_source, schema.finding, schema.quarantine, schema.form_issue)
    )
    rule = func.unnest(quarantine.rules)
    figures = figures_at(connection, period_key)
    rows = (source.load == load.id) & source.dataset.is_not(None)

    def counts(*columns: Any) -> dict[str, int]:
        """Column one and the number of rows, or the given measure, ordered by column one."""
        name, measure, condition = columns
        return {
            key: int(count)
            for key, count in connection.execute(select(name, measure).where(condition).group_by(name).order_by(name))
        }

    return {
        "period": period_key,
        "load": load.id,
        "run": load.run,
        "recorded_at": load.recorded_at.isoformat(),
        "figures_at": figures.isoformat() if figures else None,
        "catalog_version": load.catalog_version,
        "catalog_revision": load.catalog_revision,
        "rules_version": load.rules_version,
        "new": load.facts_new,
        "revised": load.facts_revised,
        "same": load.facts_same,
        "withheld": load.withheld,
        "sources": counts(source.state, func.count(), source.load == load.id),
        "rows": counts(source.dataset, func.sum(source.rows), rows & (source.role == "reporting")),
        "compared": counts(source.dataset, func.sum(source.rows), rows & (source.role == "comparison")),
        "quarantined": counts(rule, func.count(), quarantine.load == load.id),
        "findings": counts(finding.severity, func.count(), finding.load == load.id),
        "forms": counts(issue.form, func.count(issue.unit.distinct()), issue.period == period_key),
    }
