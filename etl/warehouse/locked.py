"""What a person does with a published period: lock it, and approve or reject what would change it."""

from __future__ import annotations

import datetime as dt
from contextlib import AbstractContextManager
from typing import Self

import orjson
from sqlalchemy import Connection, NullPool, create_engine, select

from etl.model import Amendment, Publication, Restatement, RestatementCode
from etl.warehouse import queries, schema, seals
from etl.warehouse import record as recording
from etl.warehouse import restatements as waiting
from etl.warehouse.moment import snapshot
from etl.warehouse.queries import AsIf


class LockedPeriods:
    """The part of the Warehouse that knows of publications. as_if: see `as_if_approved`."""

    def __init__(self, url: str, as_if: AsIf | None = None) -> None:
        self._url, self._as_if = url, as_if
        self._engine = create_engine(url, poolclass=NullPool, json_deserializer=orjson.loads)

    def _snapshot(self) -> AbstractContextManager[Connection]:
        """A connection all of whose queries see one state, whatever is loaded meanwhile."""
        return snapshot(self._url, self._engine)

    def lock_period(self, period_key: str, by: str, reason: str) -> Publication:
        """Lock a period: from then on what a load would change waits for `approve`. Gives the first lock there was."""
        with self._engine.begin() as connection:
            recording.lock(connection, f"period {period_key}")
            held = waiting.publication(connection, period_key)
            if held is None:
                moment = recording.moment(connection, period_key)
                held = waiting.lock_period(connection, period_key, moment, by, reason)
                seals.seal_decision(connection, "publication", period_key)
            return held

    def publication(self, period_key: str) -> Publication | None:
        """When and by whom the period was locked; None while it is open."""
        with self._snapshot() as connection:
            return waiting.publication(connection, period_key)

    def restatements(self, period_key: str | None = None) -> list[Restatement]:
        """What loads would change in locked periods, and what became of it, in the order they came."""
        with self._snapshot() as connection:
            return waiting.restatements(connection, period_key)

    def restatement_codes(self, number: int) -> dict[tuple[str, str, str, str], str]:
        """Why each of its facts would change, by indicator, unit, tier and field."""
        fact = schema.restatement_fact.c
        wanted = select(fact.indicator, fact.unit, fact.tier, fact.field, fact.code).where(fact.restatement == number)
        with self._snapshot() as connection:
            return {(row[0], row[1], row[2], row[3]): row[4] for row in connection.execute(wanted)}

    def states(self, period_key: str) -> dict[str, int]:
        """How many current figures stand in each state."""
        with self._snapshot() as connection:
            return queries.states(connection, period_key, self._as_if)

    def amendments(self, period_key: str, known_at: dt.datetime | None = None) -> list[Amendment]:
        """The approved ones of a period, first to last."""
        with self._snapshot() as connection:
            return waiting.amendments(connection, period_key, known_at, self._as_if)

    def as_if_approved(self, number: int) -> Self:
        """This warehouse read as if the waiting restatement had been approved just now; nothing is written.

        Raises RestatementError when it does not wait.
        """
        with self._snapshot() as connection:
            one = waiting.waiting(connection, number)
            moment = recording.moment(connection, one.period)
            return type(self)(self._url, AsIf(one.id, one.period, one.load, moment, one.code))

    def approve(self, number: int, by: str, code: RestatementCode | None = None, reason: str = "") -> Restatement:
        """Record what waits, at a moment of its own, with who decided and why.

        code: in place of the one that the evidence gives. Raises RestatementError when it does not wait.
        """
        with self._engine.begin() as connection:
            one = self._locked(connection, number)
            load, moment = recording.number(connection, one.period)
            waiting.approve(connection, one, load, moment, by, code, reason)
            seals.seal_load(connection, load, one.period)
            seals.seal_decision(connection, "decision", str(number))
            return waiting.restatements(connection, one.period, number)[0]

    def reject(self, number: int, by: str, reason: str) -> Restatement:
        """Keep that it is not to be recorded, and why. Raises RestatementError when it does not wait."""
        with self._engine.begin() as connection:
            one = self._locked(connection, number)
            moment = recording.moment(connection, one.period)
            waiting.reject(connection, one, moment, by, reason)
            seals.seal_decision(connection, "decision", str(number))
            return waiting.restatements(connection, one.period, number)[0]

    def _locked(self, connection: Connection, number: int) -> Restatement:
        """The restatement, with its period's lock held: a load or another decision may have come between."""
        recording.lock(connection, f"period {waiting.waiting(connection, number).period}")
        return waiting.waiting(connection, number)
