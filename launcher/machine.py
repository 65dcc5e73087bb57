"""What the commands need of this machine: the state folder, the database, the simulated portals."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from etl.settings import Settings
from launcher.postgres import Postgres
from launcher.simulator import Simulator

WAREHOUSE = "warehouse"
WAREHOUSE_URL = "BAOCAO_WAREHOUSE_URL"
SIMULATOR_URL = "BAOCAO_SIMULATOR_URL"


def home() -> Path:
    """BAOCAO_HOME, made if need be."""
    folder = Settings.from_environment().home
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def logs() -> Path:
    folder = home() / "logs"
    folder.mkdir(exist_ok=True)
    return folder


def postgres() -> Postgres:
    """The embedded server of this machine's state folder; not started yet."""
    return Postgres(home() / "postgres")


def use_warehouse(server: Postgres) -> None:
    """Set BAOCAO_WAREHOUSE_URL to a database of the server, unless the user has set it to another."""
    if not os.environ.get(WAREHOUSE_URL):
        server.createdb(WAREHOUSE)
        os.environ[WAREHOUSE_URL] = server.url(WAREHOUSE)


@contextlib.contextmanager
def warehouse(*, up_to_date: bool = True) -> Iterator[None]:
    """A warehouse for the time of one command: the one the user has set, else the embedded one."""
    if os.environ.get(WAREHOUSE_URL):
        yield
        return
    server = postgres()
    server.start()
    try:
        use_warehouse(server)
        from etl import pipeline

        if up_to_date:
            pipeline.prepare()
        yield
    finally:
        server.stop()


@contextlib.contextmanager
def portals(scale: float) -> Iterator[None]:
    """The simulated portals for the time of one command, unless the user has named some that run already."""
    if os.environ.get(SIMULATOR_URL):
        yield
        return
    simulator = Simulator(logs(), scale=scale)
    try:
        simulator.start()
        os.environ |= simulator.environment
        yield
    finally:
        simulator.stop()


def demo_scale() -> float:
    """BAOCAO_DEMO_SCALE: 1 for about two million dossiers in the quarter."""
    return float(os.environ.get("BAOCAO_DEMO_SCALE") or 1)
