"""Frozen obligations, what was received and who was written to: all are only ever added to."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, fields
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, insert, select, tuple_
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


class Received(NamedTuple):
    """An issue of a form of our own. complete: whether every figure is there."""

    unit: str
    issued_at: dt.datetime
    sha256: str
    complete: bool


def receive_issues(connection: Connection, form: str, period: str, issues: Collection[Received]) -> None:
    """A form that was issued is received: report or partial, and after a whole filing a correction. One a unit."""
    table = schema.submission.c
    query = select(table.unit, table.kind, table.received_at, table.origin).where(
        table.form == form, table.period == period, table.unit.in_([one.unit for one in issues])
    )
    known: defaultdict[str, list[Row[*tuple[Any, ...]]]] = defaultdict(list)
    for row in connection.execute(query):
        known[row.unit].append(row)
    new = []
    for one in issues:
        before = [row for row in known[one.unit] if row.received_at <= one.issued_at]
        if any(row.received_at == one.issued_at and row.origin == "pipeline" for row in before):
            continue
        filed = any(row.kind in ("report", "nil") for row in before)
        kind: SubmissionKind = "correction" if filed else "report" if one.complete else "partial"
        new.append(Submission(form, one.unit, period, one.issued_at, kind, "pipeline", one.sha256))
    submit(connection, new)


def remind(connection: Connection, reminder: Reminder) -> bool:
    """Note that the letter was sent; False where one of that day is noted already."""
    statement = insert_new(schema.reminder).on_conflict_do_nothing().returning(schema.reminder.c.unit)
    return connection.execute(statement, asdict(reminder)).one_or_none() is not None


def reminded(connection: Connection, day: dt.date) -> set[str]:
    """The units that were written to on the day."""
    table = schema.reminder.c
    return set(connection.scalars(select(table.unit).where(table.day == day)))
