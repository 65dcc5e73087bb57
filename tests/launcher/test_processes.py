"""What is started is ended: with its children, in order, and also when somebody else took the signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from launcher import processes

ROOT = Path(__file__).resolve().parents[2]
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
)


def start(code: str, log: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return processes.start([sys.executable, "-c", code], log, environment)


def ready(log: Path, lines: int) -> None:
    assert processes.wait_until(lambda: log.exists() and log.read_text().count("ready") >= lines, 20, lambda: True)


def test_grandchildren_end_too_and_the_deaf_are_forced(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {STUBBORN!r}]).wait()"
    process = start(child, log)
    ready(log, 1)
    family = psutil.Process(process.pid).children(recursive=True)
    assert family
    assert processes.end_tree([process.pid], patience=0.5) == 1
    assert not any(member.is_running() for member in family)
    assert process.poll() is not None


def test_orphans_of_a_dead_parent_are_found_by_their_session(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = start(f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {STUBBORN!r}])", log)
    ready(log, 1)
    process.wait()
    orphans = [other.pid for other in psutil.process_iter() if _session(other.pid) == process.pid]
    assert orphans
    processes.end_tree([process.pid], patience=0.2)
    assert not any(psutil.pid_exists(pid) for pid in orphans)


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_leaving_at_once_works_where_a_library_took_the_signals(tmp_path: Path, number: signal.Signals) -> None:
    log = tmp_path / "log"
    code = """
import signal, time
from launcher import processes
with processes.leaving_at_once(lambda: print("stopped what was started", flush=True)):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, frame: None)  # as Airflow does while a task runs
    print("ready", flush=True)
    while True:
        try:
            time.sleep(60)
        except BaseException:
            pass
"""
    process = start(code, log)
    ready(log, 1)
    process.send_signal(number)
    assert process.wait(timeout=20) == 128 + number
    assert "stopped what was started" in log.read_text()


def test_nothing_is_left_of_it_when_the_time_is_over() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with processes.leaving_at_once(lambda: None):
        pass
    with pytest.raises(processes.Interrupted, match="SIGTERM"), processes.orderly_exit():
        signal.raise_signal(signal.SIGTERM)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
