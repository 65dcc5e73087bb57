"""The console in a real Airflow: behind its login on every page, told by its auth manager who may do what."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from etl import console, pipeline
from etl.console.writes import token
from etl.warehouse.lookup import lookup

SECRET = "a secret of this test, long enough"
USERS = {
    "one_viewer": "viewer",
    "one_reviewer": "user",
    "one_engineer": "op",
    "one_admin": "admin",
    "console_unit_04": "",
}
ROLE = {
    "one_viewer": "người xem",
    "one_reviewer": "người duyệt",
    "one_engineer": "kỹ sư dữ liệu",
    "one_admin": "kỹ sư dữ liệu",
    "console_unit_04": "đơn vị báo cáo",
}
_FORM = "form/2026-Q3/II.06a/04"
PAGES = ("", "sources", "quality", "quarantine", "units", "unit/04", "forms", _FORM, f"{_FORM}/issue/1/xlsx",
         f"{_FORM}/issue/1/cell/C11", "restatements", "restatements/1", "quality/report",
         "quality/report.csv", "quality/report.css")  # fmt: skip


@pytest.fixture
def airflow(
    airflow_db: None, warehouse_url: str, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[TestClient]:
    passwords = tmp_path / "passwords.json"
    passwords.write_text(json.dumps({name: f"of {name}" for name in USERS}))
    users = ",".join(f"{name}:{role}" for name, role in USERS.items())
    monkeypatch.setenv("BAOCAO_WAREHOUSE_URL", warehouse_url)
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", users)
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE", str(passwords))
    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "another secret of this test, also long enough")
    monkeypatch.setenv("AIRFLOW__API__SECRET_KEY", SECRET)
    pipeline.prepare()
    pipeline.database_grant("console_unit_04", None, "04")
    from airflow.api_fastapi.app import create_app

    with TestClient(create_app(apps="core"), follow_redirects=False) as client:
        yield client
    pipeline.database_revoke("console_unit_04")
    lookup(warehouse_url).close()
    lookup.cache_clear()


def _log_in(airflow: TestClient, name: str) -> None:
    airflow.cookies.clear()
    answer = airflow.post("/auth/token", json={"username": name, "password": f"of {name}"})
    airflow.cookies.set("_token", answer.json()["access_token"])


def test_the_console_is_behind_airflows_own_login(airflow: TestClient) -> None:
    for page in PAGES:
        assert airflow.get(f"/console/{page}").status_code == 401, page
    for write in ("approve", "reject"):
        assert airflow.post(f"/console/restatements/1/{write}").status_code == 401
    airflow.cookies.set("_token", "made-up")
    assert airflow.get("/console/").status_code in (401, 403)
    assert airflow.get("/console/static/console.css").status_code == 200

    for name, role in ROLE.items():
        _log_in(airflow, name)
        page = airflow.get("/console/")
        assert page.status_code == 200, name
        assert f"({role})" in page.text, name
        for write in ("approve", "reject"):
            given = {"csrf": token(SECRET, name), "reason": "không"}
            status = airflow.post(f"/console/restatements/1/{write}", data=given).status_code
            assert status == (409 if name == "one_reviewer" else 403), name  # there is none to decide on

    _log_in(airflow, "console_unit_04")
    assert airflow.get("/console/unit/04").status_code == 200
    assert airflow.get("/console/unit/11").status_code == 404
    assert airflow.get("/api/v2/dags").status_code == 403, "an account without a role sees nothing of Airflow itself"

    every = {route.path for route in _console_of(airflow).routes}
    assert len(every) == len(PAGES) + 3, "a page was added: name it above"

    policy = airflow.get("/console/").headers["content-security-policy"]
    assert "frame-ancestors 'self'" in policy, "Airflow shows it in a frame"


def _console_of(airflow: TestClient) -> FastAPI:
    mounted = next(route for route in airflow.app.routes if getattr(route, "path", "") == "/console")  # type: ignore[attr-defined]
    found: FastAPI = mounted.app._app
    return found


def test_a_process_that_only_reads_the_plugins_imports_no_console() -> None:
    """Scheduler, workers and every command import the plugin; its page would cost each of them seconds."""
    code = "import sys, reporting_console; print('loaded', [one for one in ('etl', 'fastapi') if one in sys.modules])"
    plugins = Path(console.__file__).parents[2] / "plugins"
    done = subprocess.run([sys.executable, "-c", code], cwd=plugins, capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "loaded []"
