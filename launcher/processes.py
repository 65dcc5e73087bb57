"""Child processes: started with a log, and ended with everything they have started themselves."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

import psutil

PATIENCE = 20.0
"""Seconds a process has to end by itself; Airflow's LocalExecutor workers need about 13."""


def start(command: Sequence[str | Path], log: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, so that Ctrl-C reaches the launcher alone, which ends it in order."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as stream:
        return subprocess.Popen(  # noqa: S603
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            start_new_session=True,
        )


def end_tree(roots: Iterable[int], patience: float = PATIENCE) -> int:
    """End processes and all their descendants: ask, wait, then force. Returns how many had to be forced.

    Descendants are listed before the first signal: once a parent is gone, its children are nobody's. Those whose
    parent went before are known by the session, which bears the number of the process `start` made.
    """
    wanted = set(roots)
    tree: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid in wanted or os.getsid(process.pid) in wanted:
                for member in (*process.children(recursive=True), process):
                    tree.setdefault(member.pid, member)
    for process in tree.values():
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(tree.values(), timeout=patience)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=5)
    return len(alive)


def tail(log: Path, lines: int = 15) -> str:
    """The end of a log, for an error message."""
    if not log.exists():
        return "(no log)"
    return "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-lines:])


def wait_until(ready: Callable[[], bool], seconds: float, alive: Callable[[], bool]) -> bool:
    """Whether `ready` came true in time and while `alive`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if ready():
            return True
        if not alive():
            return False
        time.sleep(0.1)
    return False


class Interrupted(BaseException):
    """Ctrl-C, SIGTERM or SIGHUP: what was started is stopped on the way out."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(signal.Signals(number).name)


_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def _handling(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in _STOPPING}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


@contextlib.contextmanager
def orderly_exit() -> Iterator[None]:
    """Turn Ctrl-C, SIGTERM and SIGHUP into an exception, so that every `finally` runs."""

    def interrupt(number: int, _frame: FrameType | None) -> None:
        raise Interrupted(number)

    with _handling(interrupt):
        yield


def uninterrupted() -> contextlib.AbstractContextManager[None]:
    """While things are being stopped, a second Ctrl-C must not leave half of them running."""
    return _handling(signal.SIG_IGN)


def _let_python_write_it_down(_number: int, _frame: FrameType | None) -> None:
    """Python writes a signal's number down only for signals that have a handler."""


@contextlib.contextmanager
def leaving_at_once(stop: Callable[[], None]) -> Iterator[None]:
    """On Ctrl-C, SIGTERM and SIGHUP: stop things and leave this process, without an exception.

    Airflow's task runner takes every exception for a failure of the task and goes on, and puts its own handlers
    in place of others. So a thread waits for the numbers that Python writes down as signals arrive.
    """
    numbers, written = os.pipe()
    os.set_blocking(written, False)

    def wait() -> None:
        while arrived := os.read(numbers, 1):
            if arrived[0] in _STOPPING:
                stop()
                os._exit(128 + arrived[0])

    watcher = threading.Thread(target=wait, name="stop on signals", daemon=True)
    with _handling(_let_python_write_it_down):
        before = signal.set_wakeup_fd(written, warn_on_full_buffer=False)
        watcher.start()
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            os.close(written)
            watcher.join()
            os.close(numbers)
