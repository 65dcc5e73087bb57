"""A machine of a test's own on which `make up` runs, and what a person or a program asks of it."""

from __future__ import annotations

import contextlib
import json
import random
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import python_calamine
import requests

from launcher import processes
from launcher.airflow_api import AirflowApi
from launcher.airflow_home import Ports
from launcher.simulator import Simulator
from tests.end_to_end.office import MEASURES

ROOT = Path(__file__).resolve().parents[2]
QUARTERS = ("2025-Q1", "2025-Q2", "2025-Q3")
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

    def airflow(self, user: str = "data_engineer") -> AirflowApi:
        return AirflowApi(self.address, user, self.password(user))

    def password(self, user: str) -> str:
        return str(json.loads((self.home / "airflow/passwords.json").read_text("utf-8"))[user])

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.environment['BAOCAO_PORT']}"

    def answer(self, user: str, period: str, option: str, comment: str = "") -> int:
        """Answer the question of the quarter's newest run as this user, as a program does; gives the HTTP status."""
        login = {"username": user, "password": self.password(user)}
        token = requests.post(f"{self.address}/auth/token", json=login, timeout=60).json()["access_token"]
        answered = requests.patch(
            f"{self.address}/api/v2/{self.question(period)}",
            json={"chosen_options": [option], "params_input": {"comment": comment}},
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )
        return answered.status_code

    def question(self, period: str) -> str:
        """Where the API has the question of the quarter's newest run."""
        run = quote(self.run_of("standardize", period)["dag_run_id"], safe="")
        return f"dags/standardize/dagRuns/{run}/taskInstances/review/-1/hitlDetails"

    def tries(self, period: str) -> dict[str, tuple[str, int]]:
        """State and number of tries of each task that is not mapped, of the quarter's newest standardize."""
        run = self.run_of("standardize", period).get("dag_run_id")
        if run is None:
            return {}
        return {one["task_id"]: (one["state"], one["try_number"]) for one in self.airflow().tasks("standardize", run)}

    def until(self, what: Callable[[], bool]) -> None:
        assert processes.wait_until(what, SECONDS, lambda: True)

    def withheld(self, period: str) -> int:
        """How many figures wait for a source."""
        facts = json.loads(self.call("cli", "facts", period, "--json").stdout)
        return sum(fact["reason"] == "missing_source" for fact in facts)

    def reviewed(self, period: str, unit: str) -> list[str]:
        """What the unit's issued form says of a review."""
        done = self.call("cli", "forms", period, "--form", "II.06a", "--unit", unit, "--json")
        (one,) = json.loads(done.stdout)
        rows = python_calamine.CalamineWorkbook.from_path(one["path"]).get_sheet_by_index(0).to_python()
        return [str(cell) for row in rows for cell in row if str(cell).startswith("Soát xét chất lượng số liệu")]

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

    def run_of(self, dag: str, period: str) -> dict[str, Any]:
        """The newest run of any quarter; empty before there is one."""
        every = self.airflow().every(f"dags/{dag}/dagRuns", "dag_runs", order_by="id")
        return max(
            (run for run in every if run["partition_key"] == period), key=lambda run: str(run["queued_at"]), default={}
        )

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


def free_port() -> int:
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
