"""Budgets: a host is asked within bounds, over threads and processes; every try counts, waiting breaks no request."""

from __future__ import annotations

import datetime as dt
import email.utils
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from pyrate_limiter import Rate, RateItem, SQLiteBucket

from etl.connectors import pull
from etl.connectors.http import RETRIES
from etl.errors import SettingsError, SourceUnavailable
from etl.model import Budget, Platform
from etl.periods import TIMEZONE
from etl.settings import ROOT, Settings
from tests.connectors.loopback_portal import Asked, Portal, Reply, as_json, opened
from tests.connectors.pulling import PLATFORMS, Q3, source_of

FREE = Budget(None, None, None)
FIELDS = ("dat_dai", "ho_tich", "xay_dung")


def platform(budget: Budget, name: str = "tandan_06a", **changes: Any) -> Platform:
    """One request a field for Tân Dân; one in all for the document axis."""
    asked = PLATFORMS[name]
    return replace(asked, request=replace(asked.request, budget=budget, paging=None, **changes))


def collect(portal: Portal, asked: Platform, home: Path, fields: tuple[str, ...] = FIELDS) -> int:
    settings = Settings((), Path(), home, "", {"PORTAL": portal.url})
    return len(list(pull(source_of(asked.id), asked, Q3, fields, settings)))


@dataclass
class Watch:
    """What the portal saw: when each request came, and the most that were under way at once."""

    came: list[float] = field(default_factory=list)
    most: int = 0
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def request(self) -> Iterator[None]:
        with self._lock:
            self.came.append(time.monotonic())
            self._now += 1
            self.most = max(self.most, self._now)
        yield
        with self._lock:
            self._now -= 1

    def within(self, seconds: float) -> int:
        """The most requests that came in any window of so many seconds."""
        came = sorted(self.came)
        return max(sum(1 for other in came if one <= other < one + seconds) for one in came)


def watching(portal: Portal, seconds: float = 0.05) -> Watch:
    watch = Watch()

    def reply(_: Asked) -> Reply:
        with watch.request():
            time.sleep(seconds)
        return as_json([])

    portal.reply = reply
    return watch


PULL = """
import json, sys
from dataclasses import replace
from pathlib import Path
from etl.model import Budget
from tests.connectors.test_budget import collect, platform
from tests.connectors.loopback_portal import Portal
url, home, budget = sys.argv[1:]
print(collect(Portal(url), platform(Budget(**json.loads(budget))), Path(home)))
"""


def in_processes(portal: Portal, home: Path, budget: Budget, count: int) -> None:
    arguments = [sys.executable, "-c", PULL, portal.url, str(home), json.dumps(vars(budget))]
    running = [subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE) for _ in range(count)]
    for process in running:
        assert process.communicate(timeout=60)[0].split() == [str(len(FIELDS)).encode()]


def test_processes_share_one_budget(portal: Portal, tmp_path: Path) -> None:
    watch = watching(portal)
    in_processes(portal, tmp_path, Budget(per_second=4, concurrency=2), 4)
    assert len(watch.came) == 4 * len(FIELDS)
    assert watch.within(1.0) <= 4
    assert watch.most <= 2


def test_the_watch_sees_what_no_budget_holds_back(portal: Portal, tmp_path: Path) -> None:
    """The same load without a budget: else the test above would prove nothing."""
    watch = watching(portal)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: collect(portal, platform(FREE), tmp_path), range(4)))
    assert watch.within(1.0) > 4
    assert watch.most > 2
    assert not (tmp_path / "budgets").exists()


def test_threads_share_one_budget(portal: Portal, tmp_path: Path) -> None:
    watch = watching(portal)
    budget = Budget(per_second=10, per_minute=20, concurrency=1)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: collect(portal, platform(budget), tmp_path), range(4))) == [3, 3, 3, 3]
    assert watch.within(1.0) <= 10
    assert watch.most == 1


def test_a_source_on_the_same_host_counts_and_one_on_another_does_not(portal: Portal, tmp_path: Path) -> None:
    budget = Budget(per_second=None, per_minute=3, concurrency=None)
    slow = platform(budget, pull_seconds=1)
    with opened() as other:
        assert collect(portal, platform(FREE, name="bkav_axis"), tmp_path) == 1
        assert collect(portal, slow, tmp_path) == 3
        assert collect(other, slow, tmp_path) == 3
    with pytest.raises(SourceUnavailable):
        collect(portal, slow, tmp_path)


def test_every_try_is_a_request(portal: Portal, tmp_path: Path) -> None:
    portal.answers(Reply(status=503))
    began = time.monotonic()
    with pytest.raises(SourceUnavailable, match="HTTP 503"):
        collect(portal, platform(Budget(per_second=1), name="bkav_axis", timeout_seconds=0.5), tmp_path)
    assert len(portal.asked) == 1 + RETRIES
    assert time.monotonic() - began > RETRIES


def test_waiting_for_a_turn_counts_in_no_request(portal: Portal, tmp_path: Path) -> None:
    portal.reply = lambda _: as_json([])
    assert collect(portal, platform(Budget(per_second=1), timeout_seconds=0.5), tmp_path) == len(FIELDS)


def test_a_turn_that_does_not_come_ends_the_pull_with_its_reason(portal: Portal, tmp_path: Path) -> None:
    portal.reply = lambda _: as_json([])
    asked = platform(Budget(concurrency=1), pull_seconds=1.3)
    collect(portal, asked, tmp_path)
    port = portal.url.rpartition(":")[2]
    asked_before = len(portal.asked)
    held = FileLock(tmp_path / "budgets" / f"http_127.0.0.1_{port}.0.lock", thread_local=False)
    told = r"1\.3 giây của cả lượt lấy, trong đó 1 giây chờ tới lượt"
    with held, pytest.raises(SourceUnavailable, match=told) as caught:
        collect(portal, asked, tmp_path)
    assert caught.value.state == "timed_out"
    assert len(portal.asked) == asked_before


def test_a_whole_pull_is_bounded_too(portal: Portal, tmp_path: Path) -> None:
    portal.reply = lambda _: Reply(delay=0.4)
    with pytest.raises(SourceUnavailable, match="1 giây của cả lượt lấy"):
        collect(portal, platform(FREE, pull_seconds=1), tmp_path)
    assert len(portal.asked) == 3


def test_the_source_says_otherwise_than_the_platform(portal: Portal, tmp_path: Path) -> None:
    watch = watching(portal, 0)
    settings = Settings((), Path(), tmp_path, "", {"PORTAL": portal.url})
    source = source_of("tandan_06a", budget=Budget(per_second=2))
    list(pull(source, platform(FREE), Q3, FIELDS, settings))
    assert watch.within(1.0) == 2


def test_a_clock_that_was_set_back_does_not_stop_pulls(portal: Portal, tmp_path: Path) -> None:
    portal.reply = lambda _: as_json([])
    asked = platform(Budget(per_second=3), pull_seconds=3)
    collect(portal, asked, tmp_path)
    (file,) = (tmp_path / "budgets").glob("*.sqlite")
    log = SQLiteBucket.init_from_file([Rate(9, 1000)], db_path=str(file), use_file_lock=True)
    for _ in range(3):
        assert log.put(RateItem("", log.now() + 3_600_000))
    log.close()
    assert collect(portal, asked, tmp_path) == len(FIELDS)


def test_a_log_stays_small(portal: Portal, tmp_path: Path) -> None:
    portal.reply = lambda _: as_json([])
    collect(portal, platform(Budget()), tmp_path)
    (file,) = (tmp_path / "budgets").glob("*.sqlite")
    log = SQLiteBucket.init_from_file([Rate(9, 1000)], db_path=str(file), use_file_lock=True)
    assert log.count() == len(FIELDS)
    log.conn.execute("UPDATE rate_bucket SET item_timestamp = item_timestamp - 70000")
    log.conn.commit()
    collect(portal, platform(Budget(), name="bkav_axis"), tmp_path)
    assert log.count() == 1
    log.close()


def test_state_that_cannot_be_kept_is_named(portal: Portal, tmp_path: Path) -> None:
    (tmp_path / "budgets").write_text("no folder")
    for budget in (Budget(concurrency=None), Budget(per_second=None)):
        with pytest.raises(SettingsError, match="BAOCAO_HOME"):
            collect(portal, platform(budget), tmp_path)
    assert portal.asked == []


# --- Retry-After --------------------------------------------------------------------------------


def dated(seconds: float) -> tuple[str, dt.datetime]:
    moment = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(seconds=seconds)
    return email.utils.format_datetime(moment, usegmt=True), moment


def test_a_near_date_is_waited_for(portal: Portal, tmp_path: Path) -> None:
    header, moment = dated(2)
    portal.answers(Reply(status=429, headers={"Retry-After": header}), as_json([]))
    assert collect(portal, platform(FREE, name="bkav_axis"), tmp_path) == 1
    assert dt.datetime.now(dt.UTC) >= moment
    assert len(portal.asked) == 2


@pytest.mark.parametrize("status", [429, 503])
def test_a_later_date_is_told(portal: Portal, tmp_path: Path, status: int) -> None:
    header, moment = dated(7 * 24 * 3600)
    portal.answers(Reply(status=status, headers={"Retry-After": header}))
    with pytest.raises(SourceUnavailable) as caught:
        collect(portal, platform(FREE, name="bkav_axis"), tmp_path)
    assert len(portal.asked) == 1
    told = [f"{moment.astimezone(TIMEZONE) + dt.timedelta(seconds=late):%H:%M:%S %d/%m/%Y}" for late in (-1, 0, 1)]
    assert any(text in str(caught.value) for text in told)


@pytest.mark.parametrize("header", ["soon", "-5", "", "9" * 5000, "Thu, 26 Foo 2026 08:00:00 GMT"])
def test_an_unreadable_wait_says_nothing(portal: Portal, tmp_path: Path, header: str) -> None:
    portal.answers(Reply(status=429, headers={"Retry-After": header}), as_json([]))
    assert collect(portal, platform(FREE, name="bkav_axis"), tmp_path) == 1
