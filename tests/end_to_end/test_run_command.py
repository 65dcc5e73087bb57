"""`baocao run` as people and programs call it: how each source ended, side by side, and its exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from etl import pipeline
from tests.end_to_end.office import PERIOD, ROOT, Office

PULLED = ("onestop_hue", "onestop_tuyen_quang", "edoc_hue", "onestop_da_nang")
REFUSING, WRONG = "08", "48"
"""The provinces of Tuyên Quang and Đà Nẵng, whose portals are of iGate."""


@pytest.fixture(scope="module")
def office(make_office: Callable[..., Office]) -> Office:
    return make_office("command")


@contextmanager
def broken(office: Office, where: str, kind: str) -> Iterator[None]:
    url = f"{office.simulator.url}/faults/{where}"
    requests.put(url, json={"kind": kind}, timeout=10).raise_for_status()
    try:
        yield
    finally:
        requests.delete(url, timeout=10).raise_for_status()


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "etl", "run", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
        text=True,
    )


def named(sources: tuple[str, ...]) -> list[str]:
    return [part for source in sources for part in ("--source", source)]


def test_all_proven(office: Office) -> None:
    done = run(PERIOD, *named(PULLED), "--jobs", "3")
    assert done.returncode == 0, done.stderr
    lines = [line.split(":")[0].strip() for line in done.stdout.splitlines() if line.endswith("dòng / rows")]
    assert sorted(lines) == sorted(PULLED)


def _amiss(pull: dict[str, Any]) -> list[dict[str, Any]]:
    """Without what is only told, and what nothing proves in the first quarter of a source."""
    return [one for one in pull["findings"] if one["severity"] != "info" and one["rule"] != "READ-SWAP-BLIND"]


def test_one_that_fails_is_told_and_stops_no_other(office: Office) -> None:
    with broken(office, f"igate/{REFUSING}", "unauthorized"), broken(office, f"igate/{WRONG}", "identity"):
        done = run(PERIOD, *named(PULLED), "--json")
    assert done.returncode == 3, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert [pull["source"] for pull in told["sources"]] == sorted(PULLED)
    pulls = {pull["source"]: pull for pull in told["sources"]}
    refused = pulls.pop("onestop_tuyen_quang")
    assert (refused["state"], refused["rows"], _amiss(refused)) == ("refused", 0, [])
    assert "HTTP 401" in refused["message"]
    assert told["failed"] == {"onestop_tuyen_quang": refused["message"]}
    for source, pull in pulls.items():
        assert (pull["state"], pull["message"]) == ("complete", "")
        assert pull["rows"] > 20
        assert "not_empty" in pull["proof"]
        (path,) = office.home.glob(f"store/receipts/{source}/{PERIOD}/*-{pull['receipt']}.json")
        receipt = json.loads(path.read_text("utf-8"))
        assert (receipt["rows"], receipt["proof"]) == (pull["rows"], pull["proof"])
    assert [source for source, pull in pulls.items() if _amiss(pull)] == ["onestop_da_nang"]
    found = pulls["onestop_da_nang"]["findings"]
    assert "critical" in {finding["severity"] for finding in found}
    assert all(finding["rule"] and finding["message"] and finding["count"] >= 1 for finding in found)
    assert told["record"]["new"] + told["record"]["revised"] > 0
    assert {form["form"] for form in told["forms"]} == set(pipeline.forms())


@pytest.mark.parametrize(
    ("arguments", "environment", "named"),
    [
        (("2026-Q3", "--source", "onestop_hue", "--source", "nobody"), {}, "nobody"),
        (("2026-Q9",), {}, "2026-Q3"),
        (("2026-Q3",), {"BAOCAO_PULLS": "none"}, "BAOCAO_PULLS"),
    ],
)
def test_what_must_be_mended_first_is_two(
    office: Office, arguments: tuple[str, ...], environment: dict[str, str], named: str
) -> None:
    before = sorted(office.home.glob("store/receipts/*/*/*"))
    done = run(*arguments, "--json", **environment)
    assert done.returncode == 2
    assert named in done.stderr
    assert sorted(office.home.glob("store/receipts/*/*/*")) == before


def test_every_source_at_once_gives_the_same_as_one_after_the_other(office: Office) -> None:
    one = {pull["source"]: pull for pull in pipeline.collect_all(PERIOD, jobs=1)}
    many = {pull["source"]: pull for pull in pipeline.collect_all(PERIOD, jobs=34)}
    assert one.keys() == many.keys() == set(pipeline.plan(PERIOD))
    for source, pull in one.items():
        assert (pull["state"], pull["rows"]) == (many[source]["state"], many[source]["rows"])
        first, second = (_pages(office, source, told["receipt"]) for told in (pull, many[source]))
        assert first == second


def _pages(office: Office, source: str, receipt: str) -> list[str]:
    """The bytes of each page; a workbook says when it was made, so that no two downloads are the same bytes."""
    (path,) = office.home.glob(f"store/receipts/{source}/{PERIOD}/*-{receipt}.json")
    pages = json.loads(path.read_text("utf-8"))["pages"]
    return [page["sha256"] for page in pages if not page["uri"].endswith(".xlsx")]
