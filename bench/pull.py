"""How near a pull of many portals comes to what their latency and their budgets allow."""

from __future__ import annotations

import json
import math
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path

from bench.results import Result
from etl.catalog import Catalog, load
from etl.periods import Period

ROOT = Path(__file__).resolve().parent.parent
PERIOD = "2026-Q3"
TARGET = 1.3
_MEASURES = ("received_online", "received_direct_postal", "carried_over", "resolved_early", "resolved_on_time")

_PLATFORM = """\
title: portal of the benchmark
protocol: json_api
dataset: onestop
source: the benchmark's own
request:
  method: GET
  path: ""
  query: {{page: {{value: page}}, from: {{value: first_day}}, to: {{value: last_day}}}}
  paging: {{size: {size}, size_parameter: size, total: total}}
records: rows
unit: {{by: code, column: agency, commune: '(?P<code>\\d{{5}})', province: '(?P<code>\\d{{2}})\\.\\d+'}}
field: {{column: field}}
columns: {{{columns}}}
"""
_SOURCE = """\
platform: bench
role: comparison     # one unit may then have several: it is the asking that is measured
unit: "{unit}"
owner: benchmark
address: http://{host}:{port}/{name}
budget: {{per_second: {per_second}, concurrency: {concurrency}}}
"""


@dataclass(frozen=True)
class Group:
    """`hosts` hosts, on each of them `portals` portals, with the budget of each host."""

    hosts: int
    portals: int
    per_second: int
    concurrency: int


@dataclass(frozen=True)
class Plan:
    """What is pulled: `pages` pages of `rows` rows from every portal, each answered after `latency` seconds."""

    groups: tuple[Group, ...]
    pages: int
    rows: int
    latency: float
    jobs: int

    @property
    def portals(self) -> int:
        return sum(group.hosts * group.portals for group in self.groups)

    @property
    def requests(self) -> int:
        return self.portals * self.pages

    def allowed(self) -> float:
        """Seconds below which no pull can end that keeps to every budget: the slowest host, or too few jobs.

        A portal is asked page after page, so it takes `pages` latencies. A host answers `concurrency` requests in a
        latency; and of its n requests the last cannot be sent before ceil(n / per_second) - 1 seconds have passed.

        Nothing else is allowed for: not the machine's own work, and not that we count a request until a second after
        its answer, where a portal counts arrivals. That is how a budget is kept whatever the ways take, and it costs:
        of c requests at once, each of latency l, at most per_second in 1 + l seconds are sent, not in one. Where the
        rate binds and l is 0.2, a pull takes up to 1.2 times what this bound says.
        """
        hosts = []
        for group in self.groups:
            asked = group.portals * self.pages
            hosts += [
                self.pages * self.latency,
                asked * self.latency / min(group.concurrency, group.portals),
                math.ceil(asked / group.per_second) - 1 + self.latency,
            ]
        return max(*hosts, self.requests * self.latency / self.jobs)


FULL = Plan((Group(60, 1, 5, 1), Group(5, 5, 12, 2)), pages=20, rows=50, latency=0.2, jobs=85)


class BudgetExceeded(Exception):
    """A portal was asked more than its budget allows."""


@dataclass(frozen=True)
class Portal:
    name: str
    unit: str
    host: str
    group: Group


def portals(plan: Plan) -> list[Portal]:
    """127.0.0.1, 127.0.0.2, ...: each address a host of its own. The units are the 34 provinces, again and again."""
    units = [unit.code for unit in _catalog().tree(Period.parse(PERIOD)).at_level("province")]
    numbers, found = count(1), []
    for group in plan.groups:
        for _ in range(group.hosts):
            host = f"127.0.0.{next(numbers)}"
            for _ in range(group.portals):
                found.append(Portal(f"portal_{len(found):03}", units[len(found) % len(units)], host, group))
    return found


def run(runs: int, plan: Plan = FULL) -> Result:
    loads, taken = [], []
    with ExitStack() as kept:  # ext4 makes files slowly where many were removed within the last half minute
        for _ in range(runs):
            folder = Path(kept.enter_context(tempfile.TemporaryDirectory(prefix="baocao-bench-")))
            loads.append(os.getloadavg()[0])
            taken.append(pulled(plan, folder))
    ratios = [one.seconds / plan.allowed() for one in taken]
    own, shared = plan.groups
    return Result(
        name="pull",
        title=f"{plan.portals} portals, {plan.pages} pages each, {plan.latency * 1000:.0f} ms an answer",
        setup=(
            f"{own.hosts} portals on hosts of their own ({own.per_second} requests a second, {own.concurrency} at "
            f"once) and {shared.hosts} hosts of {shared.portals} portals each ({shared.per_second} a second, "
            f"{shared.concurrency} at once), pulled as `baocao run --jobs {plan.jobs}` does, up to the receipts: "
            f"{plan.requests} answers of {plan.rows} rows landed with fsync, read and proven. The portals write down "
            "when each request came: one too many in any window of a second, or at once, fails the benchmark.\n\n"
            f"Allowed: {plan.allowed():.2f} s, below which no pull can keep to the budgets: on the busiest hosts "
            f"{shared.portals * plan.pages} requests, {shared.concurrency} at once, each answered after "
            f"{plan.latency:g} s."
        ),
        figures={
            "wall time, s": [one.seconds for one in taken],
            "wall time / allowed": ratios,
            "CPU time of the pull, s": [one.cpu for one in taken],
            f"load average before a run ({os.cpu_count()} CPUs)": loads,
        },
        target=f"wall time at most {TARGET} times what latency and budgets allow (median)",
        met=sorted(ratios)[len(ratios) // 2] <= TARGET,
    )


@dataclass(frozen=True)
class Taken:
    """Seconds of one pull: by the clock, and of the CPU in its own process."""

    seconds: float
    cpu: float


def pulled(plan: Plan, folder: Path) -> Taken:
    """One pull of everything into an empty store in `folder`. Raises BudgetExceeded; AssertionError for a bad pull."""
    asked = portals(plan)
    with _served(plan, asked, folder) as port:
        _write_catalog(plan, asked, port, folder / "catalog")
        taken = _pull(plan, folder)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/watched", timeout=10) as answer:
            watched = json.load(answer)
    for group, host in {(portal.group, portal.host) for portal in asked}:
        verify(host, group, watched[host])
    assert sum(map(len, watched.values())) == plan.requests, "a page was asked for twice, or never"  # noqa: S101
    return taken


def verify(host: str, group: Group, seen: Sequence[Sequence[float]]) -> None:
    """Raises BudgetExceeded where any window of a second holds too many arrivals, or too many were under way."""
    came = sorted(start for start, _ in seen)
    for first, later in zip(came, came[group.per_second :], strict=False):
        if later - first < 1.0:
            raise BudgetExceeded(f"{host}: {group.per_second + 1} requests within {later - first:.3f} s")
    for start, _ in seen:
        under_way = sum(1 for other, end in seen if other <= start < end)
        if under_way > group.concurrency:
            raise BudgetExceeded(f"{host}: {under_way} requests at once")


_PULL = """
import json, sys, time
from etl import pipeline
period, jobs, sources = sys.argv[1], int(sys.argv[2]), len(pipeline.plan(sys.argv[1]))
began, cpu = time.monotonic(), time.process_time()
pulls = list(pipeline.collect_all(period, jobs=jobs))
seconds, cpu = time.monotonic() - began, time.process_time() - cpu
print(json.dumps([seconds, cpu, sources, [pull["message"] for pull in pulls if pull["message"]]]))
print(json.dumps(sorted({pull["rows"] for pull in pulls})))
"""


def _pull(plan: Plan, folder: Path) -> Taken:
    """In a process of its own, as `baocao run` is; reading the catalog and the imports are not measured."""
    environment = {**os.environ, "BAOCAO_HOME": str(folder / "home"), "BAOCAO_CATALOG": str(folder / "catalog")}
    environment.pop("BAOCAO_STORE_URL", None)
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", _PULL, PERIOD, str(plan.jobs)],
        cwd=ROOT,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    (seconds, cpu, sources, failed), rows = map(json.loads, done.stdout.splitlines())
    assert (sources, failed, rows) == (plan.portals, [], [plan.pages * plan.rows]), done.stdout[:2000]  # noqa: S101
    return Taken(seconds, cpu)


@contextmanager
def _served(plan: Plan, asked: Sequence[Portal], folder: Path) -> Iterator[int]:
    pages = folder / "pages.json"
    fields = list(_catalog().fields)
    bodies = {unit: _bodies(plan, unit, fields) for unit in {portal.unit for portal in asked}}
    pages.write_text(json.dumps({f"/{portal.name}": bodies[portal.unit] for portal in asked}), "utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    hosts = ",".join(dict.fromkeys(portal.host for portal in asked))
    arguments = [sys.executable, "-m", "bench.portals", hosts, str(port), str(pages), str(plan.latency)]
    process = subprocess.Popen(arguments, cwd=ROOT)  # noqa: S603
    try:
        _wait(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/watched", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the portals of the benchmark did not come up")


def _bodies(plan: Plan, unit: str, fields: Sequence[str]) -> list[str]:
    """The pages of a province: a row an agency, whose figures differ."""
    total = plan.pages * plan.rows
    rows = [
        {
            "agency": f"{unit}.{number}",
            "field": fields[number % len(fields)],
            **{name: number * factor % 97 for factor, name in enumerate(_MEASURES, 1)},
        }
        for number in range(total)
    ]
    starts = range(0, total, plan.rows)
    return [json.dumps({"total": total, "rows": rows[start : start + plan.rows]}) for start in starts]


def _write_catalog(plan: Plan, asked: Sequence[Portal], port: int, folder: Path) -> None:
    """The real catalog with these portals in place of its sources."""
    shutil.copytree(ROOT / "catalog", folder, ignore=shutil.ignore_patterns("sources"))
    columns = ", ".join(f"{name}: [{name}]" for name in _MEASURES)
    (folder / "platforms/bench.yml").write_text(_PLATFORM.format(size=plan.rows, columns=columns), "utf-8")
    (folder / "sources").mkdir()
    for portal in asked:
        bounds = {"per_second": portal.group.per_second, "concurrency": portal.group.concurrency}
        text = _SOURCE.format(unit=portal.unit, host=portal.host, port=port, name=portal.name, **bounds)
        (folder / f"sources/{portal.name}.yml").write_text(text, "utf-8")


@cache
def _catalog() -> Catalog:
    return load((ROOT / "catalog",))
