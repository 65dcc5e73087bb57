"""The simulated portals and mailboxes as a process of their own, on loopback."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from launcher import LauncherError, processes

ROOT = Path(__file__).resolve().parent.parent
SEED = 2026
_START_SECONDS = 120.0


class Simulator:
    """`python -m simulator` on a port of its own; its log is `simulator.log` in the folder given.

    faults: portals that are broken from the start, such as "igate/08=down". catalog: of another country.
    """

    def __init__(
        self,
        folder: Path,
        *,
        scale: float,
        port: int | None = None,
        mail_port: int | None = None,
        faults: Sequence[str] = (),
        catalog: Path | None = None,
    ) -> None:
        self.log = folder / "simulator.log"
        self.scale, self.faults, self.catalog = scale, faults, catalog
        self.port, self.mail_port = port or _free_port(), mail_port or _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.token = secrets.token_urlsafe(16)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What the catalog's references `env:BAOCAO_SIMULATOR_...` resolve to."""
        return {
            "BAOCAO_SIMULATOR_URL": self.url,
            "BAOCAO_SIMULATOR_TOKEN": self.token,
            "BAOCAO_SIMULATOR_LOGIN": f"baocao:{self.token}",
        }

    @property
    def mail_environment(self) -> dict[str, str]:
        """Airflow's connection to the simulated mailboxes; none where the user has set one to a real mail server."""
        extra = "disable_ssl=true&disable_tls=true&retry_limit=0&timeout=10&from_email=khong-tra-loi%40bao-cao.example"
        name = "AIRFLOW_CONN_SMTP_DEFAULT"
        return {} if os.environ.get(name) else {name: f"smtp://127.0.0.1:{self.mail_port}/?{extra}"}

    def launch(self) -> None:
        """Start without waiting: the country is made while the caller does something else."""
        arguments = [
            "--port",
            str(self.port),
            "--mail-port",
            str(self.mail_port),
            "--scale",
            str(self.scale),
            "--seed",
            str(SEED),
        ]
        arguments += [part for fault in self.faults for part in ("--fault", fault)]
        arguments += ["--catalog", str(self.catalog)] if self.catalog else []
        environment = {**os.environ, **self.environment, "PYTHONPATH": str(ROOT)}
        self._process = processes.start([sys.executable, "-m", "simulator", *arguments], self.log, environment)

    def wait(self) -> None:
        """Until it answers. Raises LauncherError with the end of its log when it does not."""
        if not processes.wait_until(self._answers, _START_SECONDS, self.alive):
            raise LauncherError(f"the simulated portals did not come up on {self.url}:\n{processes.tail(self.log)}")

    def start(self) -> None:
        self.launch()
        self.wait()

    def stop(self) -> None:
        if self._process is not None:
            processes.end_tree([self._process.pid])
            self._process.wait()
            self._process = None

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/faults", timeout=5):  # noqa: S310 (loopback, http)
                return True
        except urllib.error.HTTPError:
            return True
        except (OSError, TimeoutError):
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
