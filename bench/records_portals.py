"""The portals of the record benchmark: begun, waited for, ended, and asked what they answered."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.records_server import ASKED, addresses
from etl.settings import ROOT


@contextmanager
def served(pages: Path) -> Iterator[Mapping[str, str]]:
    """The address of each province's portal."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen([sys.executable, "-m", "bench.records_server", pages, str(port)], cwd=ROOT)  # noqa: S603
    try:
        portals = {name: f"http://{host}:{port}/{name}" for name, host in addresses(pages).items()}
        _wait(portals, process)
        yield portals
    finally:
        process.terminate()
        process.wait(10)


def _wait(portals: Mapping[str, str], process: subprocess.Popen[bytes]) -> None:
    deadline, last = time.monotonic() + 60, list(portals.values())[-1]
    while time.monotonic() < deadline and process.poll() is None:
        try:
            answered(last)
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the portals of the benchmark did not come up")


def answered(portal: str) -> int:
    """How many pages all portals were asked for since the last such question."""
    with urllib.request.urlopen(f"{portal}{ASKED}", timeout=10) as answer:  # noqa: S310 (loopback, http)
        return int(answer.read())
