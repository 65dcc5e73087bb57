"""Runs one quarter on a started stack through Airflow's REST interface: `quarter.py ADDRESS PASSWORDS PERIOD`.

Standard library only, since it runs outside the stack. Exit status 1 when a run failed or did not end in time.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

CHAIN = ("collect", "standardize", "publish")
USER = "data_engineer"
PARSED_SECONDS = 180.0
RUN_SECONDS = 1800.0
_ENDED = ("success", "failed")


class Airflow:
    """The REST interface, signed in as one user."""

    def __init__(self, address: str, password: str) -> None:
        self._address, self._token = address, ""
        self._token = self.ask("POST", "/auth/token", {"username": USER, "password": password})["access_token"]

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"}
        data = None if body is None else json.dumps(body).encode()
        request = Request(self._address + path, data, headers, method=method)  # noqa: S310 (loopback)
        with urlopen(request, timeout=60) as answer:  # noqa: S310
            return json.load(answer)

    def parsed(self, dag: str) -> bool:
        try:
            self.ask("GET", f"/api/v2/dags/{dag}")
        except HTTPError as problem:
            if problem.code == 404:
                return False
            raise
        return True

    def runs(self, dag: str, period: str) -> dict[str, str]:
        """State of every run of the DAG for the period, by run id."""
        found = self.ask("GET", f"/api/v2/dags/{dag}/dagRuns?limit=100")["dag_runs"]
        return {run["dag_run_id"]: run["state"] for run in found if run["partition_key"] == period}


def say(text: str) -> None:
    print(f"{time.strftime('%T')}  {text}", flush=True)


def start(airflow: Airflow, period: str) -> str:
    """Unpause the chain and trigger its first DAG for the period; the run's id.

    The run is there before its DAG is unpaused. A schedule whose latest period is the same one may start it a
    second time then: that is Airflow's way, and the figures must not suffer from it.
    """
    deadline = time.monotonic() + PARSED_SECONDS
    while not all(airflow.parsed(dag) for dag in CHAIN):
        if errors := airflow.ask("GET", "/api/v2/importErrors")["import_errors"]:
            sys.exit("\n".join(f"{error['filename']}: {error['stack_trace']}" for error in errors))
        if time.monotonic() > deadline:
            sys.exit(f"the DAGs {', '.join(CHAIN)} were not read within {PARSED_SECONDS:.0f} s")
        time.sleep(2)
    run = airflow.ask("POST", f"/api/v2/dags/{CHAIN[0]}/dagRuns", {"logical_date": None, "partition_key": period})
    for dag in reversed(CHAIN):  # a paused DAG would miss what the one before it tells
        airflow.ask("PATCH", f"/api/v2/dags/{dag}", {"is_paused": False})
    return str(run["dag_run_id"])


def wait(airflow: Airflow, period: str, first: str) -> dict[str, dict[str, str]]:
    """Until every DAG of the chain has a run for the period and none is still on its way; their states."""
    deadline, shown = time.monotonic() + RUN_SECONDS, ""
    while time.monotonic() < deadline:
        states = {dag: airflow.runs(dag, period) for dag in CHAIN}
        text = "; ".join(f"{dag} {', '.join(sorted(runs.values())) or '-'}" for dag, runs in states.items())
        if text != shown:
            say(text)
            shown = text
        every = [state for runs in states.values() for state in runs.values()]
        done = all(states.values()) and all(state in _ENDED for state in every)
        if done or "failed" in every:
            return states
        time.sleep(3)
    sys.exit(f"the run {first} and what follows it did not end within {RUN_SECONDS:.0f} s")


def main() -> int:
    address, passwords, period = sys.argv[1:]
    airflow = Airflow(address, json.loads(Path(passwords).read_text("utf-8"))[USER])
    first = start(airflow, period)
    began = time.monotonic()
    states = wait(airflow, period, first)
    failed = [f"{dag} {run}" for dag, runs in states.items() for run, state in runs.items() if state != "success"]
    say(f"{'failed: ' + ', '.join(failed) if failed else 'all runs succeeded'} after {time.monotonic() - began:.0f} s")
    pulls = airflow.ask("GET", f"/api/v2/dags/{CHAIN[0]}/dagRuns/{first}/taskInstances?limit=500")["task_instances"]
    succeeded = sum(task["task_id"] == "pull" and task["state"] == "success" for task in pulls)
    say(f"{succeeded} of {sum(task['task_id'] == 'pull' for task in pulls)} sources pulled in {first}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
