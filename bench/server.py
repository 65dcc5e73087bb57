"""A durable PostgreSQL of its own for a benchmark, its databases, and the processor time that it takes."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import psycopg
from psycopg import sql

from launcher.postgres import Postgres

ADMIN = "postgres"


def plain_url(server: Postgres, database: str) -> str:
    """As psycopg and psql take it."""
    return server.url(database).replace("+psycopg", "")


@contextmanager
def database(server: Postgres, template: str = "template0") -> Iterator[str]:
    """A fresh database made of another, after a checkpoint."""
    name = f"bench_{secrets.token_hex(4)}"
    made = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    execute(plain_url(server, ADMIN), made, "CHECKPOINT")
    yield name
    server.dropdb(name)


def execute(url: str, *statements: str | sql.Composable) -> list[tuple[Any, ...]]:
    """Gives the rows of the last one, if it has any."""
    with psycopg.connect(url, autocommit=True) as session:
        for statement in statements:
            cursor = session.execute(statement)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []


def processor_seconds(server: Postgres) -> float:
    """Seconds of processors so far, of every process of the server."""
    with psycopg.connect(plain_url(server, ADMIN)) as session:
        postmaster = psutil.Process(session.info.backend_pid).parent()
        assert postmaster is not None  # noqa: S101
        seconds = 0.0
        for process in (postmaster, *postmaster.children(recursive=True)):
            times = process.cpu_times()
            seconds += times.user + times.system
        ended = postmaster.cpu_times()
    return seconds + ended.children_user + ended.children_system
