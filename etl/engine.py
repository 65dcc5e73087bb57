"""DuckDB within the memory that BAOCAO_MEMORY gives it; what does not fit waits in a folder under BAOCAO_HOME."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa

from etl.settings import Settings

OutOfMemory = duckdb.OutOfMemoryException
"""What must be held at once is more than that."""


_OF_ENGINE = 3, 5
"""The part of the memory that the engine itself may take: pages and results lie beside it."""


@contextmanager
def connect() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection whose tables are gone with it. All of a process share the memory."""
    settings = Settings.from_environment()
    database, _ = _database(os.getpid(), settings.memory, settings.home)
    with database.cursor() as connection:
        yield connection


def portion(part: int) -> int:
    """So many bytes are this part of the memory."""
    return Settings.from_environment().memory // part


@cache
def _database(_process: int, memory: int, home: Path) -> tuple[duckdb.DuckDBPyConnection, TemporaryDirectory[str]]:
    """One for a process: to begin one takes as long as to count two thousand dossiers."""
    pa.set_memory_pool(pa.system_memory_pool())  # the usual one of Arrow gives little back of what tables took
    spill = home / "spill"
    spill.mkdir(parents=True, exist_ok=True)
    folder = TemporaryDirectory(dir=spill)  # of this one alone: another gives its files the same names
    limit = memory * _OF_ENGINE[0] // _OF_ENGINE[1]
    return duckdb.connect(config={"memory_limit": f"{limit}B", "temp_directory": folder.name}), folder
