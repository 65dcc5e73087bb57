"""Issued forms: which files were given out, in what order, and as of which moment each stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects.postgresql import distinct_on

from etl.model import Issue
from etl.warehouse import compliance, queries, schema, seals
from etl.warehouse import record as recording
from etl.warehouse.administration import Administration
from etl.warehouse.compliance import Received

_issue = schema.form_issue.c


@dataclass(frozen=True)
class NewIssue:
    """A filled form and the file it is in. complete: whether every figure is there.

    corrects: False where it is no filing of its own: it says of the same figures that they are final, or is a report in
    words, which an office still signs.
    """

    unit: str
    known_at: dt.datetime
    sha256: str
    uri: str
    complete: bool
    corrects: bool = True

    @property
    def name(self) -> str:
        """Of the file, without its folder: a store may be moved."""
        return self.uri.rpartition("/")[2]

    @property
    def sealed(self) -> str:
        """What its seal is of."""
        return f"{self.name} {self.known_at.astimezone(dt.UTC).isoformat()}"


class Issuing:
    """The issues of one form in one period, in a transaction that nobody else can issue it beside."""

    def __init__(self, connection: Connection, form: str, period_key: str) -> None:
        self._connection, self._form, self._period = connection, form, period_key
        self._last = _last(connection, form, period_key)

    def known_at(self, unit: str) -> dt.datetime | None:
        """The moment as known at which the unit's newest issue was filled; None before the first."""
        return self._last[unit].known_at if unit in self._last else None

    def note(self, issues: Sequence[NewIssue]) -> int:
        """Note that the forms, each of another unit, were issued, and thereby received; says how many were not known.

        What is its unit's last issue already is issued no second time; what of it was not noted as received, is now.
        """
        issued_at = {unit: last.issued_at for unit, last in self._last.items()}
        new = [one for one in issues if not self._is_last(one)]
        if new:
            together = {"form": self._form, "period": self._period}
            told = ({name: getattr(one, name) for name in ("unit", "known_at", "sha256", "uri")} for one in new)
            written = schema.form_issue.insert().returning(_issue.unit, _issue.issued_at)
            rows = self._connection.execute(written, [together | one for one in told])
            issued_at |= {row.unit: row.issued_at for row in rows}
        unfiled = {one.unit for one in issues if not one.corrects}
        received = [Received(one.unit, issued_at[one.unit], one.sha256, one.complete)
                    for one in issues if one.unit not in unfiled]  # fmt: skip
        compliance.receive_issues(self._connection, self._form, self._period, received)
        if new:
            seals.append(self._connection, [("issue", one.sealed, one.sha256, None) for one in new])
        return len(new)

    def _is_last(self, one: NewIssue) -> bool:
        last = self._last.get(one.unit)
        return last is not None and (last.sha256, last.uri.rpartition("/")[2]) == (one.sha256, one.name)


class IssuedForms(Administration):
    """The part of the Warehouse that knows of issued forms."""

    @contextmanager
    def issuing(self, form: str, period_key: str) -> Iterator[Issuing]:
        """Issue the form to many units at once: what is noted inside is there as a whole at the end, or not at all.

        Whoever else issues the same form and period waits, so look inside what is issued, and write the files there.
        """
        with self._engine.begin() as connection:
            recording.lock(connection, f"form {form} {period_key}")
            yield Issuing(connection, form, period_key)

    def issues(self, period_key: str) -> list[Issue]:
        """Every issue of every form of the period, first to last."""
        with self._snapshot() as connection:
            return queries.issues(connection, period_key)

    def seal_print(self, name: str, sha256: str, of: str) -> None:
        """Seal that the file of that name and sha256 prints the issued file whose sha256 is `of`; once is enough."""
        seal, told = schema.seal.c, f"{name} {of}"
        with self._engine.begin() as connection:
            recording.lock(connection, f"print {name}")
            known = select(seal.number).where(seal.kind == "print", seal.content == sha256, seal.of == told)
            if connection.execute(known).first() is None:
                seals.append(connection, [("print", told, sha256, None)])

    def issues_known_at(self, form: str, period_key: str) -> dict[str, dt.datetime]:
        """By unit, the moment as known at which the newest issue of the form was filled."""
        with self._snapshot() as connection:
            return {unit: last.known_at for unit, last in _last(connection, form, period_key).items()}


def _last(connection: Connection, form: str, period_key: str) -> dict[str, Row[*tuple[Any, ...]]]:
    """The newest issue of each unit that has one."""
    newest = (
        select(_issue.unit, _issue.known_at, _issue.issued_at, _issue.sha256, _issue.uri)
        .where(_issue.form == form, _issue.period == period_key)
        .ext(distinct_on(_issue.unit))
        .order_by(_issue.unit, _issue.id.desc())
    )
    return {row.unit: row for row in connection.execute(newest)}
