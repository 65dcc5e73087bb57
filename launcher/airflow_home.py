"""Airflow's environment on one machine: everything it keeps stands under BAOCAO_HOME/airflow."""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Ports:
    """Where things listen, on loopback: the user interface, two servers of task logs, portals, mailboxes."""

    api: int = 8080
    worker_log: int = 8793
    trigger_log: int = 8794
    simulator: int = 8800
    mail: int = 8825


def environment(folder: Path, metadata_url: str, ports: Ports | None = None) -> dict[str, str]:
    """The variables that make `import airflow` use this folder and this metadata database.

    metadata_url: SQLAlchemy URL with the driver written out (postgresql+psycopg2://).
    Its keys are made at the first call and kept, mode 0600.
    """
    ports = ports or Ports()
    folder.mkdir(parents=True, exist_ok=True)
    api = f"http://127.0.0.1:{ports.api}"
    values = {
        "CORE__DAGS_FOLDER": ROOT / "dags",
        "CORE__PLUGINS_FOLDER": ROOT / "plugins",
        "CORE__LOAD_EXAMPLES": False,
        "CORE__EXECUTOR": "reporting_executor.ReadyLocalExecutor",
        "CORE__PARALLELISM": 4,
        "CORE__FERNET_KEY": secret(folder / "fernet_key", _fernet_key()),
        "CORE__EXECUTION_API_SERVER_URL": f"{api}/execution/",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": True,
        "DATABASE__SQL_ALCHEMY_CONN": metadata_url,
        "DATABASE__LOAD_DEFAULT_CONNECTIONS": False,
        "API__HOST": "127.0.0.1",
        "API__PORT": ports.api,
        "API__BASE_URL": api,
        "API__WORKERS": 1,
        "API__SECRET_KEY": secret(folder / "api_secret_key"),
        "API_AUTH__JWT_SECRET": secret(folder / "jwt_secret"),
        "LOGGING__BASE_LOG_FOLDER": folder / "logs",
        "LOGGING__WORKER_LOG_SERVER_PORT": ports.worker_log,
        "LOGGING__TRIGGER_LOG_SERVER_PORT": ports.trigger_log,
        "USAGE_DATA_COLLECTION__ENABLED": False,
    }
    path = [str(ROOT), str(ROOT / "plugins"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        "AIRFLOW_HOME": str(folder),
        "PYTHONPATH": os.pathsep.join(path),
        **{f"AIRFLOW__{name}": str(value) for name, value in values.items()},
    }


def secret(file: Path, fresh: str | None = None) -> str:
    """The text of a file only its owner reads; made at the first call."""
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(fresh or secrets.token_urlsafe(32))
    return file.read_text("ascii")


def fresh_password() -> str:
    return secrets.token_urlsafe(12)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode("ascii")
