"""Secrets are made once, are readable by their owner only, and are kept."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

from cryptography.fernet import Fernet

ROOT = Path(__file__).resolve().parents[2]


def make_env(file: Path) -> dict[str, str]:
    subprocess.run([ROOT / "deploy" / "make_env.sh", file], check=True, capture_output=True)
    return dict(line.split("=", 1) for line in file.read_text("ascii").splitlines())


def test_secrets_are_made_for_their_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "a folder" / "env"
    file.parent.mkdir()
    first = make_env(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert min(map(len, first.values())) >= 43
    assert len(set(first.values())) == len(first)
    assert Fernet(first["FERNET_KEY"]).decrypt(Fernet(first["FERNET_KEY"]).encrypt(b"x")) == b"x"
    assert [path.name for path in file.parent.iterdir()] == ["env"]


def test_secrets_are_kept_and_never_the_same_elsewhere(tmp_path: Path) -> None:
    first = make_env(tmp_path / "one")
    assert make_env(tmp_path / "one") == first
    assert not set(first.values()) & set(make_env(tmp_path / "two").values())


def give(users: str, file: Path) -> list[str]:
    script = ROOT / "deploy" / "airflow" / "accounts.py"
    done = subprocess.run([sys.executable, script, users, file], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def test_an_account_is_told_its_password_once(tmp_path: Path) -> None:
    file = tmp_path / "passwords.json"
    told = give("data_engineer:op,reviewer:user", file)
    passwords = json.loads(file.read_text("utf-8"))
    assert told == [f"account {name}: password {password}" for name, password in passwords.items()]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert give("data_engineer:op,reviewer:user", file) == []
    assert json.loads(file.read_text("utf-8")) == passwords


def test_an_account_that_is_not_named_any_more_is_shut_out(tmp_path: Path) -> None:
    file = tmp_path / "passwords.json"
    give("data_engineer:op,reviewer:user", file)
    kept = json.loads(file.read_text("utf-8"))["reviewer"]
    told = give("reviewer:user,viewer:viewer", file)
    assert [line.split()[1] for line in told] == ["viewer:"]
    assert json.loads(file.read_text("utf-8")).keys() == {"reviewer", "viewer"}
    assert json.loads(file.read_text("utf-8"))["reviewer"] == kept
