"""The country under test twice over: as a process that answers HTTP, and as objects of the same seed and scale."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from simulator.country import Country
from simulator.documents import Post
from simulator.dossiers import Archive
from simulator.truth import Truth
from tests.simulator.asking import PLACES, SCALE, SEED, TOKEN, Portals


@pytest.fixture(scope="session")
def portals() -> Iterator[Portals]:
    command = [sys.executable, "-m", "simulator", "--port", "0", "--seed", str(SEED), "--scale", str(SCALE)]
    command += ["--fault", "igate/96=down"]
    process = subprocess.Popen(
        command,
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "BAOCAO_SIMULATOR_TOKEN": TOKEN},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("simulator on http://127.0.0.1:"), line
    with requests.Session() as session:
        session.trust_env = False
        yield Portals(line.split()[-1], session)
    process.terminate()
    process.wait(10)


@pytest.fixture
def fault(portals: Portals) -> Iterator[Callable[..., None]]:
    """Set a fault of the platform's province; all are taken back after the test."""
    places = []

    def put(platform: str, kind: str, **more: Any) -> None:
        address = f"{portals.url}/faults/{platform}/{PLACES[platform]}"
        answer = portals.session.put(address, json={"kind": kind, **more}, timeout=10)
        assert answer.status_code == 200, answer.text
        places.append(address)

    yield put
    for address in places:
        assert portals.session.delete(address, timeout=10).status_code == 204


@pytest.fixture(scope="session")
def country() -> Country:
    return Country(SEED, SCALE)


@pytest.fixture(scope="session")
def archive(country: Country) -> Archive:
    return Archive(country)


@pytest.fixture(scope="session")
def post(country: Country) -> Post:
    return Post(country)


@pytest.fixture(scope="session")
def truth(archive: Archive, post: Post) -> Truth:
    return Truth(archive, post)
