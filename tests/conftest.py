"""What every test may ask for: an isolated environment, a real PostgreSQL, the real simulator."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from launcher.postgres import Postgres
from launcher.simulator import Simulator

SIMULATOR_SCALE = 0.02

for _name in [name for name in os.environ if name.startswith(("BAOCAO_", "AIRFLOW")) and name != "BAOCAO_PG_BIN"]:
    del os.environ[_name]  # a developer's own settings must not reach a test, nor the modules it imports

settings.register_profile("busy", deadline=None)  # how long an example takes says more of the machine than of the code
settings.load_profile("busy")

LONGEST = (
    "end_to_end/test_restatements.py",
    "end_to_end/test_across_quarters.py",
    "fault_lab/test_fault_lab.py",
    "launcher/test_up.py",
    "end_to_end/test_as_of.py",
    "end_to_end/test_killed.py",
    "launcher/test_commands.py",
    "end_to_end/test_quarter.py",
)
"""Files that take minutes, longest first. Files run side by side, each in one process: whichever of these begins last,
the others wait for (pytest-xdist, left to itself, begins with the files of most tests, and these have few)."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    places = {here / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A server of this test run, without fsync."""
    server = Postgres(tmp_path_factory.mktemp("postgres"), durable=False)
    server.start()
    yield server
    server.destroy()


@pytest.fixture
def warehouse_url(postgres: Postgres) -> Iterator[str]:
    """The URL (postgresql+psycopg://) of an empty database of this test's own."""
    name = f"test_{secrets.token_hex(6)}"
    postgres.createdb(name)
    yield postgres.url(name)
    postgres.dropdb(name)


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """The country of portals over real HTTP: `simulator.url`, `simulator.token`.

    One for the whole run: a test that sets a fault takes it back.
    """
    portals = Simulator(tmp_path_factory.mktemp("simulator"), scale=SIMULATOR_SCALE)
    portals.start()
    yield portals
    portals.stop()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """BAOCAO_HOME of this test's own: state, store and forms stand under it."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("BAOCAO_HOME", str(folder))
    yield folder
    if (folder / "postgres").exists():  # as root its cluster may stand outside the folder
        Postgres(folder / "postgres").destroy()
