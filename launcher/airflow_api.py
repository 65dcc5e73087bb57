"""Airflow's public REST API, as far as the launcher asks it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter, Retry

from launcher import LauncherError

_PAGE = 100
_SECONDS = 60.0
_PATIENCE = Retry(total=4, backoff_factor=2, allowed_methods=["GET"])
"""A busy machine may leave a question without an answer for a while; what changes something is asked once."""


class AirflowApi:
    """Airflow at `address`, as one of its users; the token is good for a day.

    Raises LauncherError with Airflow's own words when it refuses something.
    """

    def __init__(self, address: str, user: str, password: str) -> None:
        self._address = address
        self._session = requests.Session()
        self._session.trust_env = False  # loopback: no proxy of the environment
        self._session.mount("http://", HTTPAdapter(max_retries=_PATIENCE))
        token = self._answer("POST", "/auth/token", json={"username": user, "password": password})["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **query: Any) -> Any:
        return self._answer("GET", f"/api/v2/{path}", params=query)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._answer("POST", f"/api/v2/{path}", json=body)

    def every(self, path: str, name: str, **query: Any) -> Iterator[dict[str, Any]]:
        """The members of a list, over all its pages."""
        offset, total = 0, 1
        while offset < total:
            answer = self.get(path, limit=_PAGE, offset=offset, **query)
            yield from answer[name]
            offset, total = offset + _PAGE, answer["total_entries"]

    def tasks(self, dag: str, run: str, **query: Any) -> list[dict[str, Any]]:
        """The task instances of a run, each instance of a mapped task by itself."""
        return list(self.every(f"dags/{dag}/dagRuns/{quote(run, safe='')}/taskInstances", "task_instances", **query))

    def given(self, dag: str, run: str, task: str) -> Any:
        """What an unmapped task gave."""
        path = f"dags/{dag}/dagRuns/{quote(run, safe='')}/taskInstances/{task}/xcomEntries/return_value"
        return self.get(path)["value"]

    def repeat(self, dag: str, run: str, tasks: list[Any] | None = None) -> None:
        """Clear tasks of a run, each a name or a name with its map index, with all that follows them; None: the failed.

        Airflow then runs them again in the same run.
        """
        which = {"only_failed": True} if tasks is None else {"task_ids": tasks, "only_failed": False}
        body = {"dry_run": False, "dag_run_id": run, "include_downstream": tasks is not None, **which}
        self.post(f"dags/{dag}/clearTaskInstances", body)

    def _answer(self, method: str, path: str, **arguments: Any) -> Any:
        try:
            answer = self._session.request(method, self._address + path, timeout=_SECONDS, **arguments)
        except requests.RequestException as problem:
            raise LauncherError(f"Airflow không trả lời / does not answer: {method} {path}: {problem}") from problem
        if not answer.ok:
            raise LauncherError(f"Airflow: {method} {path}: HTTP {answer.status_code}: {answer.text[:500]}")
        return answer.json()
