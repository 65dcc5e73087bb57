"""A small country in a real warehouse, made once a file, and the console over it: as whoever a test names."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from fastapi import FastAPI, HTTPException, Request
from fastapi.testclient import TestClient

from etl import pipeline
from etl.console import Login, create_app
from etl.model import Finding
from etl.pipeline.office import Office as Opened
from etl.tables import FACTS
from etl.warehouse.lookup import lookup
from launcher.postgres import Postgres
from launcher.simulator import Simulator
from tests.console.people import BEFORE, HOSTILE, HOSTILE_PERIOD, PEOPLE, PERIOD, UNIT_ACCOUNT
from tests.fault_lab.small_country import SCALE, make_catalog, make_sources

PLATFORMS = {"igate": ["04", "11", "46"], "bkav_axis": ["04"]}
BROKEN, LATE = "46", "igate_11"
"""The province one of whose rows breaks an identity in the last quarter; the source that came late for the earlier."""


@pytest.fixture(scope="module")
def country(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Two quarters of four sources, all of which the country has; one row of the last is in quarantine. The earlier
    one is published, and what came late for it waits. In a still earlier one a finding holds hostile text."""
    folder = tmp_path_factory.mktemp("console")
    catalog, sources = make_catalog(folder / "catalog"), make_sources(folder / "sources", PLATFORMS)
    portals = Simulator(folder, scale=SCALE, catalog=catalog)
    database = f"console_{os.getpid()}"
    postgres.createdb(database)
    url = postgres.url(database)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BAOCAO_HOME", str(folder / "home"))
        patch.setenv("BAOCAO_WAREHOUSE_URL", url)
        patch.setenv("BAOCAO_CATALOG", f"{catalog}{os.pathsep}{sources}")
        portals.start()
        for name, value in portals.environment.items():
            patch.setenv(name, value)
        try:
            _record(portals)
            pipeline.database_grant(UNIT_ACCOUNT, None, "04")
            yield
            pipeline.database_revoke(UNIT_ACCOUNT)
        finally:
            portals.stop()
            lookup(url).close()
            lookup.cache_clear()
    postgres.dropdb(database)


@pytest.fixture
def app(country: None) -> FastAPI:
    return create_app(login, "a secret of this test")


@pytest.fixture
def browse(app: FastAPI) -> Callable[..., TestClient]:
    """browse("viewer"): a client that is logged in as that person; browse(): one that is not."""

    def as_person(name: str | None = None) -> TestClient:
        return TestClient(app, follow_redirects=False, headers={} if name is None else {"x-person": name})

    return as_person


def login(request: Request) -> Login:
    """The login in front of the console, of these tests: a header or a cookie names the person."""
    name = request.headers.get("x-person") or request.cookies.get("person")
    if name is None:
        raise HTTPException(401)
    return replace(PEOPLE[name], name=name)


def _record(portals: Simulator) -> None:
    pipeline.prepare()
    every = set(Opened.open().catalog.sources)
    _run(BEFORE, sorted(every - {LATE}))
    pipeline.lock(BEFORE, "Trần Thị B")
    _run(BEFORE, [LATE])
    broken = f"{portals.url}/faults/igate/{BROKEN}"
    requests.put(broken, json={"kind": "identity"}, timeout=10).raise_for_status()
    _run(PERIOD, sorted(every))
    told = Finding("READ-UNKNOWN", "critical", LATE, HOSTILE_PERIOD, HOSTILE, "11", None, None, HOSTILE, "", HOSTILE)
    Opened.open().warehouse.record(
        HOSTILE_PERIOD,
        run="hostile",
        catalog_version="1",
        rules_version="1",
        facts=FACTS.empty_table(),
        rows={},
        quarantine={},
        findings=[told],
        holes=[],
        receipts=[],
    )


def _run(period: str, sources: list[str]) -> None:
    for pull in pipeline.collect_all(period, sources):
        assert pull["state"] == "complete", pull["message"]
    pipeline.run_from_landed(period)


def path_of(period: str, form: str, unit: str) -> Path:
    return next(Path(one["path"]) for one in pipeline.issued(period, form) if one["unit"] == unit)
