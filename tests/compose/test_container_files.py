"""The container files, judged without an engine; the static check itself must find the faults it is there for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("docker-compose.yml", "Dockerfile", ".env.example", ".hadolint.yaml", "deploy")
TOOLS_MISSING = 3


def static_check(folder: Path) -> subprocess.CompletedProcess[str]:
    script = ROOT / "deploy" / "containers" / "static_check.sh"
    done = subprocess.run([script, folder], capture_output=True, text=True, timeout=300, check=False)
    if done.returncode == TOOLS_MISSING and not os.environ.get("CI"):
        pytest.skip(done.stderr.strip().splitlines()[-1])
    return done


def test_the_container_files_are_sound() -> None:
    done = static_check(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAIL" not in done.stdout
    assert done.stdout.count("ok ") >= 9


FAULTS = {
    "an image without a tag": ("docker-compose.yml", "postgres:17-trixie}", "postgres}", "not pinned"),
    "a pull of our own image": ("docker-compose.yml", "    pull_policy: never\n", "", "may not be pulled"),
    "a port for everybody": ("docker-compose.yml", '"127.0.0.1:${', '"${', "not on loopback"),
    "a password written down": ("docker-compose.yml", "${POSTGRES_PASSWORD:?", "${POSTGRES_PASSWORD:-secret?", "FAIL"),
    "a service that is not there": ("docker-compose.yml", "    init: {condition", "    inti: {condition", "inti"),
    "an unknown key": ("docker-compose.yml", "shm_size:", "shm_sizes:", "shm_sizes"),
    "waiting for the endless": ("docker-compose.yml", 'restart: "no"', "restart: always", "is restarted"),
    "a mounted file that is not there": ("docker-compose.yml", "./deploy/postgres/", "./deploy/postgre/", "not exist"),
    "a tab in the YAML": ("docker-compose.yml", "  postgres:\n", "\tpostgres:\n", "FAIL"),
    "pip as root": ("Dockerfile", "USER airflow\n", "", "DL3002"),
    "a frontend image": ("Dockerfile", "# One image", "# syntax=docker/dockerfile:1\n# One image", "one more image"),
    "an unquoted variable": ("deploy/make_env.sh", '"$unfinished" "$file"', "$unfinished $file", "SC2086"),
    "a secret that nobody makes": ("deploy/make_env.sh", "JWT_SECRET ", "", "JWT_SECRET"),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for part in PARTS:
        source = ROOT / part
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / part)
    return tmp_path


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(name: str, copy: Path) -> None:
    file, sound, faulty, said = FAULTS[name]
    text = (copy / file).read_text("utf-8")
    assert sound in text, "the fault cannot be planted any more"
    (copy / file).write_text(text.replace(sound, faulty), "utf-8")
    done = static_check(copy)
    assert done.returncode == 1, done.stdout
    assert said in done.stdout


def test_all_that_the_image_copies_is_sent_to_the_engine() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    copied = set(re.findall(r"^COPY (?:--\S+ )*(\S+) ", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE))
    assert sent == copied
    assert all((ROOT / path).exists() for path in copied)


def test_the_stack_names_what_the_settings_read() -> None:
    compose = (ROOT / "docker-compose.yml").read_text("utf-8")
    for name in ("BAOCAO_WAREHOUSE_URL", "BAOCAO_SIMULATOR_URL", "BAOCAO_SIMULATOR_TOKEN"):
        assert f"  {name}: " in compose
    settings = (ROOT / "etl" / "settings.py").read_text("utf-8")
    for name in ("BAOCAO_HOME", "BAOCAO_STORE_URL"):
        assert f"{name}=" in (ROOT / "Dockerfile").read_text("utf-8")
        assert name in settings


def test_the_accounts_are_those_of_make_up() -> None:
    from launcher.services import ROLES

    users = ",".join(f"{user}:{role}" for user, role in ROLES.items())
    assert f'SIMPLE_AUTH_MANAGER_USERS: "{users}"\n' in (ROOT / "docker-compose.yml").read_text("utf-8")
