"""The schema's revisions: which one a database has, and up and down between them (Alembic, without an ini file)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from etl.errors import SettingsError
from etl.warehouse import schema

BASE = "base"


@dataclass(frozen=True)
class Revision:
    """One step of the schema. loses: what going down from it takes away for good (vi / en), its constant LOSES."""

    number: str
    title: str
    loses: str


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration for the warehouse, in the connection's transaction."""
    config = Config()
    # Alembic reads % as the start of a reference, and a folder's name may hold one.
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def all_of_them(connection: Connection) -> list[Revision]:
    """First to last."""
    found = ScriptDirectory.from_config(alembic_config(connection)).walk_revisions()
    return [Revision(one.revision, one.doc, one.module.LOSES) for one in reversed(list(found))]


def current(connection: Connection) -> str:
    """The revision of the database; BASE before the first."""
    context = MigrationContext.configure(connection, opts={"version_table_schema": schema.SCHEMA})
    return context.get_current_revision() or BASE


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Raises SettingsError for a revision that is not ahead. The caller holds the lock of the migrations.

    Where nothing is to be done nothing is tried: the role of the loader may not change the schema.
    """
    if revision == "head" and current(connection) == all_of_them(connection)[-1].number:
        return
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema.SCHEMA}"))
    if revision != "head":
        _between(connection, current(connection), revision)
    command.upgrade(alembic_config(connection), revision)
    if connection.execute(text("SELECT to_regprocedure('baocao.grant_roles()')")).scalar() is not None:
        connection.execute(text("CALL baocao.grant_roles()"))  # whatever tables the revisions brought


def losses(connection: Connection, revision: str | None = None) -> list[Revision]:
    """The steps that going down to the revision undoes, the newest first; without one, the newest alone.

    Raises SettingsError for a revision that is not below the database's.
    """
    now = current(connection)
    if revision is None:
        if now == BASE:
            raise SettingsError("kho chưa có lược đồ nào để lùi (there is no revision to go down from)")
        return _between(connection, BASE, now)[-1:]
    return list(reversed(_between(connection, revision, now)))


def downgrade(connection: Connection, revision: str | None = None) -> list[Revision]:
    """Go down to the revision (BASE: to nothing), or by one step; gives what was undone. All of it or nothing."""
    undone = losses(connection, revision)
    for _ in undone:
        command.downgrade(alembic_config(connection), "-1")
    return undone


def _between(connection: Connection, low: str, high: str) -> list[Revision]:
    """The steps from `low`, exclusive, up to `high`."""
    known = all_of_them(connection)
    numbers = [BASE, *(one.number for one in known)]
    for asked in (low, high):
        if asked not in numbers:
            raise SettingsError(f"không có bản lược đồ {asked!r}: các bản là {', '.join(numbers)} (no such revision)")
    if numbers.index(low) > numbers.index(high):
        raise SettingsError(
            f"bản {low} đứng sau bản {high}: nâng bằng `db upgrade`, lùi bằng `db downgrade` (wrong way)"
        )
    return known[numbers.index(low) : numbers.index(high)]
