"""Past quarters through Airflow's own scheduler and backfill, by the command that an engineer types."""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests

from launcher import processes
from launcher.airflow_api import AirflowApi
from launcher.airflow_home import Ports
from launcher.simulator import Simulator
from tests.end_to_end.office import MEASURES
from tests.launcher.small_reform import make_catalog

ROOT = Path(__file__).resolve().parents[2]
QUARTERS = ("2025-Q1", "2025-Q2", "2025-Q3")
BEFORE = ("onestop_2024_ha_giang", "onestop_2024_ha_noi", "onestop_2024_tuyen_quang")
AFTER = ("onestop_ha_noi", "onestop_tuyen_quang")
"""Hà Giang (02) went into Tuyên Quang (08) between the second quarter and the third."""
DUE = {"2025-Q1": BEFORE, "2025-Q2": BEFORE, "2025-Q3": AFTER}
REFUSING, FAULT = BEFORE[0], "opencps_v2/02-2024"
DAGS = ("collect", "standardize", "publish", "annual")
SECONDS = 600


@dataclass
class Site:
    """A machine of its own on which `make up` runs, with the portals of three old provinces and two of today."""

    home: Path
    portals: Simulator
    environment: dict[str, str]

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "launcher", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, check=False, capture_output=True, text=True, timeout=SECONDS
        )

    def backfill(self) -> tuple[int, dict[str, Any]]:
        """Exit status, and the line of each quarter."""
        done = self.call("backfill", "--from", QUARTERS[0], "--to", QUARTERS[-1], "--json")
        assert done.stdout, done.stderr
        return done.returncode, {row["period"]: row for row in json.loads(done.stdout)}

    def airflow(self) -> AirflowApi:
        password = json.loads((self.home / "airflow/passwords.json").read_text("utf-8"))["data_engineer"]
        return AirflowApi(f"http://127.0.0.1:{self.environment['BAOCAO_PORT']}", "data_engineer", password)

    def runs(self, dag: str) -> list[dict[str, Any]]:
        """Runs of the backfilled quarters, first made first."""
        return [
            run
            for run in self.airflow().every(f"dags/{dag}/dagRuns", "dag_runs", order_by="id")
            if dag == "annual" or run["partition_key"] in QUARTERS
        ]

    def attempts(self, source: str, period: str) -> list[str]:
        """States of the receipts, first to last."""
        folder = self.home / "store/receipts" / source / period
        found = [json.loads(path.read_text("utf-8")) for path in folder.iterdir()]
        return [one["state"] for one in sorted(found, key=lambda one: one["started_at"])]

    def figures(self, period: str, unit: str) -> dict[tuple[str, str], dict[str, int]]:
        """(tier, field) -> the figures of II.06a, by the command that a reviewer uses."""
        done = self.call("cli", "facts", period, "--unit", unit, "--json")
        found: dict[tuple[str, str], dict[str, int]] = {}
        for fact in json.loads(done.stdout):
            measure = fact["indicator"].removeprefix("tthc_")
            if measure in MEASURES:
                found.setdefault((fact["tier"], fact["field"]), {})[measure] = int(float(fact["value"]))
        return {place: row for place, row in found.items() if any(row.values())}

    def newest(self, dag: str) -> dict[str, dict[str, Any]]:
        return {run["partition_key"]: run for run in sorted(self.runs(dag), key=lambda run: str(run["queued_at"]))}

    def last_pull(self, run: dict[str, Any]) -> str:
        return max(str(task["end_date"]) for task in self.airflow().tasks("collect", run["dag_run_id"], task_id="pull"))

    def truth(self, period: str, unit: str) -> dict[tuple[str, str], dict[str, int]]:
        answer = requests.get(f"{self.portals.url}/truth/II.06a", params={"unit": unit, "period": period}, timeout=60)
        answer.raise_for_status()
        rows = {(row["tier"], row.get("field", "all")): row for row in answer.json()["rows"]}
        return {
            place: {measure: row[measure] for measure in MEASURES}
            for place, row in rows.items()
            # No fact is one field of all tiers; what nothing was counted in, a portal need not list.
            if (place == ("all", "all") or place[0] != "all") and any(row[measure] for measure in MEASURES)
        }


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    catalog = make_catalog(folder / "catalog", (*BEFORE, *AFTER))
    portals = Simulator(folder, scale=0.05, catalog=catalog, faults=[f"{FAULT}=unauthorized"])
    portals.start()
    environment = {
        **os.environ,
        **portals.environment,
        "BAOCAO_HOME": str(folder / "home"),
        "BAOCAO_CATALOG": str(catalog),
        "BAOCAO_PORT": str(_free_port()),
        "BAOCAO_RETRY_SECONDS": "0.1",
    }
    log = folder / "up.log"
    up = processes.start([sys.executable, "-m", "launcher", "up"], log, environment)
    made = Site(folder / "home", portals, environment)
    try:
        came_up = processes.wait_until(
            lambda: "make down" in log.read_text("utf-8"), SECONDS, lambda: up.poll() is None
        )
        assert came_up, log.read_text("utf-8")
        yield made
    finally:
        forgotten = made.call("forget")
        up.wait(SECONDS)
        portals.stop()
    assert forgotten.returncode == 0, forgotten.stderr


def _free_port() -> int:
    """One that BAOCAO_PORT may be: all those that keep their distance to it are free too.

    Below the ports that the system gives away by itself, which others may be given at any moment.
    """
    usual = Ports()
    for port in random.sample(range(10000, 30000), 100):
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            for one in vars(usual).values():
                probe = stack.enter_context(socket.socket())
                probe.bind(("127.0.0.1", port + one - usual.api))
            return port
    raise AssertionError("no free ports")


@pytest.fixture(scope="module")
def first(site: Site) -> tuple[int, dict[str, Any]]:
    """The first call, while the portal of one province refuses us."""
    return site.backfill()


def test_what_came_is_loaded_and_what_failed_is_told(site: Site, first: tuple[int, dict[str, Any]]) -> None:
    status, rows = first
    assert status == 3
    assert tuple(rows) == QUARTERS
    for period, row in rows.items():
        failed = [REFUSING] if period < "2025-Q3" else []
        assert (row["due"], list(row["failed"]), row["step_failed"]) == (len(DUE[period]), failed, "")
        assert row["proven"] == len(DUE[period]) - len(failed)
        assert row["new"] > 0
        assert row["forms"] > 0
        assert site.figures(period, "01") == site.truth(period, "01")


def test_quarters_run_through_the_scheduler_oldest_first(site: Site, first: tuple[int, dict[str, Any]]) -> None:
    runs = site.runs("collect")
    assert [(run["partition_key"], run["run_type"]) for run in runs] == [(key, "backfill") for key in QUARTERS]
    for before, now in pairwise(runs):
        assert before["end_date"] <= now["start_date"]
    opened = {run["partition_key"]: run["end_date"] for run in runs}
    for dag in ("standardize", "publish"):
        found = site.runs(dag)
        assert [run["partition_key"] for run in found] == list(QUARTERS)
        assert {run["state"] for run in found} == {"success"}
        for run in found:
            assert all(opened[key] <= run["start_date"] for key in QUARTERS if key < run["partition_key"])
    assert [run["partition_key"] for run in site.runs("annual")] == ["2025-H1", "2025-9M"]


def test_a_second_call_pulls_only_what_failed_and_a_third_does_nothing(
    site: Site, first: tuple[int, dict[str, Any]]
) -> None:
    requests.delete(f"{site.portals.url}/faults/{FAULT}", timeout=10).raise_for_status()
    status, rows = site.backfill()
    assert status == 0
    for period in ("2025-Q1", "2025-Q2"):
        assert rows[period]["failed"] == {}
        assert rows[period]["revised"] > 0, "what was withheld for the missing source has a value now"
        assert rows[period]["withheld"] < first[1][period]["withheld"]
        assert site.attempts(REFUSING, period) == ["refused", "complete"]
        for unit in ("01", "02", "08"):
            assert site.figures(period, unit) == site.truth(period, unit)
    assert (rows["2025-Q3"]["new"], rows["2025-Q3"]["revised"]) == (0, 0)
    for period, sources in DUE.items():
        for source in set(sources) - {REFUSING}:
            assert site.attempts(source, period) == ["complete"]
    collected, standardized = site.newest("collect"), site.newest("standardize")
    for before, now in pairwise(QUARTERS):
        assert site.last_pull(collected[before]) <= standardized[now]["start_date"]
    for longer, parts in (("2025-H1", QUARTERS[:2]), ("2025-9M", QUARTERS)):
        assert all(standardized[part]["start_date"] < site.newest("annual")[longer]["queued_at"] for part in parts)

    made = {dag: [(run["dag_run_id"], run["queued_at"]) for run in site.runs(dag)] for dag in DAGS}
    status, again = site.backfill()
    assert status == 0
    assert {dag: [(run["dag_run_id"], run["queued_at"]) for run in site.runs(dag)] for dag in DAGS} == made
    assert {(row["new"], row["revised"]) for row in again.values()} == {(0, 0)}
    assert {period: row["withheld"] for period, row in again.items()} == {
        period: row["withheld"] for period, row in rows.items()
    }


def test_what_was_pending_before_the_reform_is_what_the_new_units_opened_with(
    site: Site, first: tuple[int, dict[str, Any]]
) -> None:
    for period in QUARTERS[1:]:
        done = site.call("cli", "chain", period, "--json")
        chain = json.loads(done.stdout)
        assert chain["equal"] > 0
        assert chain["broken"] == []


@pytest.mark.parametrize(
    "span", [("2026-Q3", "2025-Q3"), ("2025", "2026"), ("2025-Q5", "2026-Q1"), ("2026-Q3", "2199-Q1")]
)
def test_a_wrong_span_is_refused_before_anything_starts(home: Path, span: tuple[str, str]) -> None:
    command = [sys.executable, "-m", "launcher", "backfill", "--from", span[0], "--to", span[1]]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "Lỗi / Error" in done.stderr
    assert not list(home.iterdir())
