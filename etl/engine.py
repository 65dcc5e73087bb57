"""DuckDB within the memory that BAOCAO_MEMORY gives it; what does not fit waits in a folder under BAOCAO_HOME."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import duckdb

from etl.settings import Settings

OutOfMemory = duckdb.OutOfMemoryException
"""What must be held at once is more than that."""


@contextmanager
def connect() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database of its own, gone with the connection."""
    settings = Settings.from_environment()
    spill = settings.home / "spill"
    spill.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(dir=spill) as folder,  # of this connection alone: two would give their files the same names
        duckdb.connect(config={"memory_limit": settings.memory, "temp_directory": folder}) as connection,
    ):
        yield connection
