"""Frozen obligations, what was received and who was written to: all are only ever added to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, fields

from sqlalchemy import Connection, func, insert, select, tuple_
from sqlalchemy.dialects.postgresql import insert as insert_new

from etl.model import Obligation, Reminder, Submission, SubmissionKind
from etl.warehouse import schema
from etl.warehouse.record import lock

_OBLIGATION = [schema.obligation.c[field.name] for field in fields(Obligation)]
_SUBMISSION = [schema.submission.c[field.name] for field in fields(Submission)]


def freeze(connection: Connection, obligations: Iterable[Obligation], catalog_version: str) -> int:
    """Those of a form, period and level of which nothing is frozen yet; all of these have one moment."""
    lock(connection, "freeze")
    table = schema.obligation
    given = list(obligations)
    wanted = {obligation.frozen_with for obligation in given}
    together = (table.c.form, table.c.period, table.c.level)
    query = select(*together).where(tuple_(*together).in_(wanted)).distinct()
    done = {(form, period, level) for form, period, level in connection.execute(query)}
    new = [obligation for obligation in given if obligation.frozen_with not in done]
    if new:
        moment = connection.execute(select(func.clock_timestamp())).scalar_one()
        rows = [{**asdict(one), "frozen_at": moment, "catalog_version": catalog_version} for one in new]
        connection.execute(insert(table), rows)
    return len(new)


def frozen(connection: Connection, periods: Collection[str]) -> list[Obligation]:
    table = schema.obligation.c
    query = select(*_OBLIGATION).where(table.period.in_(sorted(periods)))
    return [Obligation(*row) for row in connection.execute(query.order_by(table.period, table.form, table.unit))]


def submit(connection: Connection, submissions: Sequence[Submission]) -> int:
    """What is not there yet: the same kind for the same form, unit, period and moment was received once."""
    if not submissions:
        return 0
    statement = insert_new(schema.submission).on_conflict_do_nothing().returning(schema.submission.c.form)
    return len(connection.execute(statement, [asdict(submission) for submission in submissions]).all())


def submissions(connection: Connection, periods: Collection[str]) -> list[Submission]:
    table = schema.submission.c
    query = select(*_SUBMISSION).where(table.period.in_(sorted(periods)))
    order = (table.period, table.form, table.unit, table.received_at, table.kind)
    return [Submission(*row) for row in connection.execute(query.order_by(*order))]


def receive_issue(
    connection: Connection, form: str, unit: str, period: str, issued_at: dt.datetime, sha256: str, complete: bool
) -> None:
    """A form of our own that was issued is received: report or partial, and after a whole filing a correction."""
    table = schema.submission
    query = select(table.c.kind, table.c.received_at, table.c.origin).where(
        table.c.form == form, table.c.unit == unit, table.c.period == period, table.c.received_at <= issued_at
    )
    before = connection.execute(query).all()
    if any(row.received_at == issued_at and row.origin == "pipeline" for row in before):
        return
    filed = any(row.kind in ("report", "nil") for row in before)
    kind: SubmissionKind = "correction" if filed else "report" if complete else "partial"
    submit(connection, [Submission(form, unit, period, issued_at, kind, "pipeline", sha256)])


def remind(connection: Connection, reminder: Reminder) -> bool:
    """Note that the letter was sent; False where one of that day is noted already."""
    statement = insert_new(schema.reminder).on_conflict_do_nothing().returning(schema.reminder.c.unit)
    return connection.execute(statement, asdict(reminder)).one_or_none() is not None


def reminded(connection: Connection, day: dt.date) -> set[str]:
    """The units that were written to on the day."""
    table = schema.reminder.c
    return set(connection.scalars(select(table.unit).where(table.day == day)))
