"""The budget of a host: how often it is asked, and how often at once, by all processes of this machine together.

A request counts from when it is sent until a second, or a minute, after it was answered: it came to the portal at some
moment in between, so that no window of the portal's own clock holds more than the budget, however long ways take.

The state lies in `budgets` under BAOCAO_HOME: for each host a log of the requests of the last minute (SQLite) and one
lock file for each request that may be under way. Removing the folder while nothing is pulled forgets a minute, nothing
more.
"""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from filelock import FileLock, Timeout
from pyrate_limiter import Rate, RateItem, SQLiteBucket

from etl.errors import SettingsError
from etl.model import Budget

_MINUTE_MS = 60_000
_POLL_SECONDS = 0.01
"""Between two looks for a slot that another process gives back."""
_LONGEST_POLL_SECONDS = 0.25
_PORTS = {"http": 80, "https": 443}


class NoTurn(Exception):
    """The pull's time is over, or would be before its turn comes."""


class _Queue:
    """The threads of this process that want a slot of one host: only the first looks for one.

    freed: a thread gave one back, so it looks at once. held: by threads of this process; where they hold all, there is
    hardly anything to look for before that.
    """

    def __init__(self) -> None:
        self.first = threading.Lock()
        self.freed = threading.Event()
        self.held: set[FileLock] = set()


_QUEUES: defaultdict[str, _Queue] = defaultdict(_Queue)
"""By host."""


class Turns:
    """The turns of one pull, in one thread.

    until: the moment of time.monotonic() by which the pull must be over. waited: seconds it has waited so far.
    """

    def __init__(self, folder: Path, budget: Budget, until: float) -> None:
        self._folder = folder
        self._budget = budget
        self.until = until
        self._rates = _rates(budget)
        self._logs: dict[str, SQLiteBucket] = {}
        self._slots: dict[str, list[FileLock]] = {}
        self._sent: tuple[SQLiteBucket, RateItem] | None = None
        self.waited = 0.0

    @contextmanager
    def turn(self, url: str) -> Iterator[None]:
        """Within it one request to the host of `url` may be under way; `again` is for a further try of it.

        Raises NoTurn, or SettingsError where the state cannot be kept.
        """
        if time.monotonic() > self.until:
            raise NoTurn
        host = _host(url)
        slot = self._slot(host)
        try:
            self._turn(host)
            yield
        finally:
            self._answered()
            if slot is not None:
                slot.release()
                _QUEUES[host].held.discard(slot)
                _QUEUES[host].freed.set()

    def again(self, url: str) -> None:
        """Wait until one more request may be sent, and count it. Raises NoTurn."""
        self._turn(_host(url))

    def _turn(self, host: str) -> None:
        if not self._rates:
            return
        self._answered()
        try:
            log = self._log(host)
            while isinstance(counted := _counted(log), int):
                self._wait(counted / 1000)
            self._sent = (log, counted)
        except (OSError, sqlite3.Error) as problem:
            raise self._unusable(problem) from problem

    def _answered(self) -> None:
        """The request sent last counts from now on."""
        if self._sent is None:
            return
        (log, sent), self._sent = self._sent, None
        update = "UPDATE rate_bucket SET item_timestamp = ? WHERE item_timestamp = ? AND name = ?"
        with suppress(OSError, sqlite3.Error), _alone(log):  # what was pulled is whole all the same
            log.conn.execute(update, (log.now(), sent.timestamp, sent.name))
            log.conn.commit()

    def close(self) -> None:
        for log in self._logs.values():
            with suppress(OSError, sqlite3.Error), _alone(log):  # what was pulled is whole all the same
                log.leak(log.now() - _MINUTE_MS)  # another budget of the same host may count minutes
            log.close()
        self._logs.clear()

    def _slot(self, host: str) -> FileLock | None:
        if self._budget.concurrency is None:
            return None
        if host not in self._slots:
            files = [self._folder / f"{host}.{number}.lock" for number in range(self._budget.concurrency)]
            self._slots[host] = [FileLock(file, thread_local=False) for file in files]
        queue = _QUEUES[host]
        began = time.monotonic()
        if not queue.first.acquire(timeout=min(max(self.until - began, 0), threading.TIMEOUT_MAX)):
            raise NoTurn
        try:
            while True:
                queue.freed.clear()
                if (free := self._free(self._slots[host])) is not None:
                    queue.held.add(free)
                    return free
                ours = len(queue.held) >= len(self._slots[host])
                pause = min(_LONGEST_POLL_SECONDS if ours else _POLL_SECONDS, self.until - time.monotonic())
                if pause <= 0:
                    raise NoTurn
                queue.freed.wait(pause)
        finally:
            self.waited += time.monotonic() - began
            queue.first.release()

    def _free(self, slots: list[FileLock]) -> FileLock | None:
        for slot in slots:
            try:
                slot.acquire(blocking=False)  # it makes the folder
            except Timeout:
                continue
            except OSError as problem:
                raise self._unusable(problem) from problem
            return slot
        return None

    def _log(self, host: str) -> SQLiteBucket:
        if host not in self._logs:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = str(self._folder / f"{host}.sqlite")
            log = SQLiteBucket.init_from_file(self._rates, db_path=file, use_file_lock=True)
            log.lock = threading.RLock()  # the file lock was for making the file; from now on see `_alone`
            log.conn.execute("PRAGMA synchronous=OFF")  # after a power cut a minute is forgotten
            self._logs[host] = log
        return self._logs[host]

    def _unusable(self, problem: Exception) -> SettingsError:
        return SettingsError(
            f"không ghi được sổ lượt hỏi trong {self._folder} ({problem}): đặt BAOCAO_HOME là thư mục ghi được, "
            "hoặc xoá thư mục này khi không có lượt lấy nào đang chạy"
        )

    def _wait(self, seconds: float) -> None:
        if time.monotonic() + seconds > self.until:
            raise NoTurn
        time.sleep(seconds)
        self.waited += seconds


@contextmanager
def _alone(log: SQLiteBucket) -> Iterator[None]:
    """Within it no other thread or process reads or writes the log: a transaction costs less than a file lock."""
    log.conn.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        if log.conn.in_transaction:
            log.conn.rollback()


def _counted(log: SQLiteBucket) -> RateItem | int:
    """One more request, counted as sent now; or else the milliseconds until there may be room for it."""
    with _alone(log):  # before the clock is read: a request is never counted as sent before it is
        item = RateItem(uuid4().hex, log.now())
        if log.put(item):
            return item
        wait, rate = int(log.waiting(item)), log.failing_rate
        if rate is None or wait <= rate.interval + 1:
            return wait
        log.flush()  # the log is of the future: the machine's clock was set back
        return 0


def _rates(budget: Budget) -> list[Rate]:
    """The bounds that bind: where one says no more than the other, the other alone is kept."""
    second, minute = budget.per_second, budget.per_minute
    if second is not None and minute is not None:
        second = None if second >= minute else second
        minute = None if second is not None and minute >= second * 60 else minute
    return [
        *([] if second is None else [Rate(second, 1000)]),
        *([] if minute is None else [Rate(minute, _MINUTE_MS)]),
    ]


def _host(url: str) -> str:
    """Scheme, name and port, as a file can be called."""
    parts = urlsplit(url)
    try:
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:  # no number: the request will say so
        port = 0
    return re.sub(r"[^0-9a-z.-]", "_", f"{parts.scheme}_{parts.hostname or ''}_{port}")
