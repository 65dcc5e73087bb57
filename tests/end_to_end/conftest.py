"""Offices with an empty warehouse each, against the real simulator; facts read without the project's readers."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from etl.settings import Settings
from launcher.postgres import Postgres
from launcher.simulator import Simulator
from tests.end_to_end.expectations import Lay, copied
from tests.end_to_end.office import ROOT, Office


@pytest.fixture(scope="module")
def make_office(
    postgres: Postgres, simulator: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Office]]:
    """Makes an office with an empty warehouse; the environment is put back at the module's end."""
    patch = pytest.MonkeyPatch()
    databases = []

    def make(name: str, catalog: str | None = None) -> Office:
        home = tmp_path_factory.mktemp(name)
        database = f"office_{name}_{os.getpid()}"
        postgres.createdb(database)
        databases.append(database)
        patch.setenv("BAOCAO_HOME", str(home))
        patch.setenv("BAOCAO_WAREHOUSE_URL", postgres.url(database))
        for variable, value in simulator.environment.items():
            patch.setenv(variable, value)
        if catalog is None:
            patch.delenv("BAOCAO_CATALOG", raising=False)
        else:
            patch.setenv("BAOCAO_CATALOG", catalog)
        return Office(home, simulator)

    yield make
    patch.undo()
    for database in databases:
        postgres.dropdb(database)


@pytest.fixture
def waivers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lay:
    """Lays these waivers over, in a copy of the expectations."""
    folder = tmp_path / "expectations"
    others = replace(Settings.from_environment(), expectations=folder)
    monkeypatch.setattr(Settings, "from_environment", lambda: others)
    return copied(folder)


@pytest.fixture(scope="session")
def provinces() -> dict[str, str]:
    """Code and name of the 34 provinces in force on 14/09/2026, read without the project's own reader."""
    with (ROOT / "catalog/units/units.csv").open(encoding="utf-8", newline="") as lines:
        return {
            row["code"]: row["name"]
            for row in csv.DictReader(lines)
            if row["level"] == "province"
            and row["valid_from"] <= "2026-09-14"
            and (not row["valid_to"] or row["valid_to"] > "2026-09-14")
        }


@pytest.fixture(scope="session")
def field_codes() -> dict[str, str]:
    with (ROOT / "catalog/fields.csv").open(encoding="utf-8", newline="") as lines:
        return {row["name"]: row["code"] for row in csv.DictReader(lines)}
