"""What an auditor asks of a warehouse: the chain of seals, an issued form by its bytes, the rows under it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

import orjson
from sqlalchemy import NullPool, create_engine, select

from etl.model import ALL
from etl.warehouse import schema, seals, trace
from etl.warehouse.moment import snapshot
from etl.warehouse.seals import Seal
from etl.warehouse.trace import TraceRow


@dataclass(frozen=True)
class Walk:
    """The chain, and what is wrong: with itself, with loads and decisions in the database, with what nobody sealed.

    earlier: how many loads and issues are from before the chain began. issues: (uri, sha256) of every issued form.
    """

    seals: list[Seal]
    wrong: list[str]
    earlier: int
    issues: list[tuple[str, str]]


class Issued(NamedTuple):
    """An issue of a form: see table `form_issue`."""

    form: str
    unit: str
    period: str
    known_at: dt.datetime
    sha256: str
    uri: str


class Versions(NamedTuple):
    """By which catalog and rules a load was made: see table `load`."""

    load: int
    run: str
    catalog_version: str
    rules_version: str
    recorded_at: dt.datetime
    catalog_revision: str | None


class Chain:
    """The chain of the warehouse at `url`, read only."""

    def __init__(self, url: str) -> None:
        self._url, self._engine = url, create_engine(url, poolclass=NullPool, json_deserializer=orjson.loads)

    def walk(self) -> Walk:
        """Compute every seal again, and the content of every load from its rows."""
        with self._engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            found = seals.chain(connection)
            wrong = [*seals.broken(found), *seals.changed_loads(connection, found)]
            wrong += seals.changed_decisions(connection, found)
            alone = seals.unsealed(connection)
            wrong += [f"{what}: không có niêm phong (has no seal)" for kind, what in alone if kind != "earlier"]
            issue = schema.form_issue.c
            told = connection.execute(select(issue.uri, issue.sha256).distinct()).all()
        issues = sorted((str(uri), str(sha256)) for uri, sha256 in told)
        return Walk(found, wrong, sum(kind == "earlier" for kind, _ in alone), issues)

    def issue(self, sha256: str, name: str = "") -> Issued | None:
        """The last issue of these bytes, or else under this file name: form, unit, period, known_at, sha256, uri."""
        issue = schema.form_issue.c
        query = select(issue.form, issue.unit, issue.period, issue.known_at, issue.sha256, issue.uri)
        with snapshot(self._url, self._engine) as connection:
            for which in (issue.sha256 == sha256, issue.uri.endswith(f"/{name}", autoescape=True)):
                if found := connection.execute(query.where(which).order_by(issue.id.desc()).limit(1)).one_or_none():
                    return Issued(*found)
        return None

    def seal_of(self, kind: str, content: str) -> Seal | None:
        """The first seal of that content; None for what is from before the chain."""
        seal = schema.seal.c
        with snapshot(self._url, self._engine) as connection:
            query = select(*seal).where(seal.kind == kind, seal.content == content).order_by(seal.number).limit(1)
            found = connection.execute(query).one_or_none()
        return None if found is None else Seal(*found)

    def printed(self, sha256: str) -> str | None:
        """The sha256 of the issued file that a file of these bytes prints; None where no print of ours has them."""
        seal = self.seal_of("print", sha256)
        return None if seal is None else seal.of.rpartition(" ")[2]

    def rows(
        self, period_key: str, dataset: str, unit: str, known_at: dt.datetime, tier: str = ALL, field: str = ALL
    ) -> tuple[TraceRow, ...]:
        """Every standard row under the unit's figures of a dataset, tier and field, as known at the moment."""
        with snapshot(self._url, self._engine) as connection:
            return trace.rows_under(connection, period_key, dataset, unit, tier, field, known_at)

    def versions(self, period_key: str, known_at: dt.datetime) -> Versions | None:
        """The load in force then: its number, run, catalog version, rules version and moment."""
        load = schema.load.c
        with snapshot(self._url, self._engine) as connection:
            number = trace.load_at(connection, period_key, known_at)
            versions = (load.catalog_version, load.rules_version, load.recorded_at, load.catalog_revision)
            query = select(load.id, load.run, *versions)
            found = connection.execute(query.where(load.id == number)).one_or_none()
        return None if found is None else Versions(*found)
