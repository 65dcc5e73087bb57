"""What make and ./baocao call: quick where nothing is needed, whole where a quarter is run."""

from __future__ import annotations

import json
import re
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from launcher import LauncherError, airflow_home, services
from launcher.machine import postgres

ROOT = Path(__file__).resolve().parents[2]


def launcher(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "launcher", *arguments], cwd=ROOT, check=False, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("check",),
        ("plan", "2026-Q3"),
        ("sources",),
        ("calendar", "2026"),
        ("units",),
        ("source", "--help"),
        ("trace", "--help"),
    ],
)
def test_what_needs_no_database_starts_none(home: Path, arguments: tuple[str, ...]) -> None:
    done = launcher("cli", *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert not list(home.iterdir())


def test_a_form_is_verified_without_a_database(home: Path, tmp_path: Path) -> None:
    (tmp_path / "II.06a.bundle.zip").write_bytes(b"no archive")
    done = launcher("cli", "verify", str(tmp_path / "II.06a.bundle.zip"))
    assert done.returncode == 1
    assert "SAI / WRONG" in done.stdout
    assert not list(home.iterdir())


def test_the_database_is_started_for_whatever_else_there_is(home: Path) -> None:
    done = launcher("cli", "standings", "2021-Q1", "--json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["standings"]) == 2 * 63
    assert (home / "postgres").exists()
    assert not postgres().running()


def test_a_command_that_does_not_exist_starts_nothing(home: Path) -> None:
    done = launcher("cli", "standing", "2021")
    assert (done.returncode, done.stdout) == (2, "")
    assert not list(home.iterdir())


def test_a_warehouse_of_ones_own_is_used_as_it_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAOCAO_WAREHOUSE_URL", "postgresql+psycopg://nobody:x@127.0.0.1:1/none")
    done = launcher("cli", "facts", "2026-Q3", "--unit", "01")
    assert done.returncode != 0
    assert not (home / "postgres").exists()


def test_secrets_are_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    url = "postgresql+psycopg2://a/b"
    first = airflow_home.environment(tmp_path / "airflow", url)
    assert first == airflow_home.environment(tmp_path / "airflow", url)
    other = airflow_home.environment(tmp_path / "other", url)
    for name, file in [("CORE__FERNET_KEY", "fernet_key"), ("API_AUTH__JWT_SECRET", "jwt_secret")]:
        assert first[f"AIRFLOW__{name}"] != other[f"AIRFLOW__{name}"]
        assert stat.S_IMODE((tmp_path / "airflow" / file).stat().st_mode) == 0o600


def test_a_taken_port_is_named_with_what_to_do(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = squatter.getsockname()[1]
        monkeypatch.setenv("BAOCAO_PORT", str(port))
        with pytest.raises(LauncherError, match=rf"{port} .*BAOCAO_PORT={port + 1000} make up"):
            services.up()
    assert not (home / "postgres").exists()


def test_down_without_up_says_so(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert services.down() == 0
    assert "nothing was running" in capsys.readouterr().out


def test_the_demo_names_the_portal_that_is_down_and_fills_the_forms(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of `make demo`, on a small country with one portal down: real Airflow, HTTP, PostgreSQL."""
    monkeypatch.setenv("BAOCAO_DEMO_SCALE", "0.02")
    monkeypatch.setenv("BAOCAO_RETRY_SECONDS", "0.1")
    done = launcher("demo", "--fault", "igate/08=down")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "lấy đủ/complete 85, hỏng/failed 1" in done.stdout
    assert len(re.findall("thử lại / trying again: onestop_tuyen_quang", done.stdout)) == 2
    assert "Nguồn hỏng / source failed: (cổng đang lỗi / down) onestop_tuyen_quang, kỳ 2026-Q3" in done.stdout
    named = set(re.findall(rf"{re.escape(str(home))}/store/forms/\S+\.xlsx", done.stdout))
    assert len(named) == 2
    assert all(Path(path).stat().st_size > 1000 for path in named)
    assert not postgres().running()
    password = (home / "postgres" / "password").read_text()
    assert not [log for log in (home / "logs").iterdir() if password in log.read_text("utf-8", errors="replace")]
