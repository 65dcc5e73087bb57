"""How long the pages of the console take, over twelve quarters of the whole country."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import requests

from bench.country import FULL, Country, opened
from bench.results import Result
from bench.serve import BARE, PROCESSOR, QUERIES, SELECT
from etl import pipeline
from etl.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
TARGET_MS = 300
CLIENTS = (1, 4)
LANGUAGES = ("vi", "en")
_START_SECONDS = 120
QUICK = Country(quarters=1, late="")
"""Nothing is published of it, so no restatement waits: that page is left out."""


@dataclass(frozen=True)
class Answer:
    """ms: until its last byte. processor_ms: of the server's process meanwhile, other requests included."""

    page: str
    ms: float
    size: int
    queries: int
    processor_ms: float


Asked = tuple[str, str]
"""The name of a page, and its address."""


def run(runs: int, country: Country = FULL, folder: Path | None = None) -> Result:
    home = Settings.from_environment().home / "bench"
    folder = folder or home / ("country" if country == FULL else f"country-{country.quarters}")
    loads = [os.getloadavg()[0]]
    with opened(country, folder) as environment:
        began = time.monotonic()
        pipeline.quality_ready(country.last)  # as `publish` does; nothing is left to do where this version did it
        ready = time.monotonic() - began
        with _server(environment) as url:
            first = _asked(url, _pages(country, ("vi",)), 1)
            rounds = {}
            for clients in CLIENTS:
                loads.append(os.getloadavg()[0])
                rounds[clients] = _asked(url, [*_pages(country), *_floor()] * runs, clients)
    loads.append(os.getloadavg()[0])
    return result(country, first, rounds, loads, ready)


def result(
    country: Country,
    first: Sequence[Answer],
    rounds: Mapping[int, Sequence[Answer]],
    loads: Sequence[float],
    ready: float,
) -> Result:
    floors = {name for name, _ in _floor()}
    late = sorted(
        {
            name
            for answers in rounds.values()
            for name, times in _by_page(answers).items()
            if name not in floors and percentile([one.ms for one in times]) > TARGET_MS
        }
    )
    wanted = f"every page's 95th percentile at most {TARGET_MS} ms, with one client and with four"
    return Result(
        name="console",
        title=f"the pages over {country.quarters} quarters of the country",
        setup=_SETUP.format(quarters=country.quarters, last=country.last),
        figures={
            "the quality report worked out beforehand, s (0: it was there)": [ready],
            f"load average ({os.cpu_count()} CPUs)": list(loads),
        },
        details="\n\n".join([_first(first), *(_table(number, answers) for number, answers in rounds.items())]),
        target=wanted + (f" (above it: {', '.join(late)})" if late else ""),
        met=not late,
    )


_SETUP = """\
The console over HTTP on loopback by uvicorn, one process, with its own middleware, over a warehouse with {quarters}
quarters of the whole country of the simulator, the last of them {last} with a portal down, one that lacks a unit and
rows in quarantine; the quarter before is published and a restatement waits. In front of it stands a login of the
benchmark's own instead of Airflow's, which it does not measure. Pages are asked for in random order, in both
languages, by clients that each wait for their answer. Beside them the least there is, in the same application behind
the same login and pool of connections: a page without content, and `SELECT 1`. `first look` is the first time that
anybody asks for a page of the process, the overview after its start among them; what publishing works out beforehand
is there. Processor time is that of the server's process: unlike the times by the clock it hardly depends on what else
the machine does."""


def _pages(country: Country, languages: Sequence[str] = LANGUAGES) -> list[Asked]:
    province, commune, period = country.province, country.commune, country.last
    form = f"/form/{period}/II.06a"
    places = {
        "overview": "/",
        "sources": "/sources",
        "quality": "/quality",
        "quality report": "/quality/report",
        "quality report of a province": f"/quality/report?unit={province}",
        "unit: nation": "/unit/VN",
        "unit: province": f"/unit/{province}",
        "unit: commune": f"/unit/{commune}",
        "form: nation": f"{form}/VN",
        "form: province": f"{form}/{province}",
        "form: commune": f"{form}/{commune}",
        "trace: nation": f"{form}/VN/issue/1/cell/C11",
        "trace: province": f"{form}/{province}/issue/1/cell/C11",
        "quarantine": "/quarantine",
        "restatements": "/restatements",
        "restatement": "/restatements/1",
    }
    places = {name: at for name, at in places.items() if name != "restatement" or country.late}
    every = ((name, at, language) for name, at in places.items() for language in languages)
    return [(name, f"{at}{'&' if '?' in at else '?'}period={period}&lang={lang}") for name, at, lang in every]


def _floor() -> list[Asked]:
    return [("floor: a page without content", BARE), ("floor: SELECT 1", SELECT)]


def _asked(url: str, pages: Sequence[Asked], clients: int) -> list[Answer]:
    """In random order; the first look at each in the order given would find what another left warm."""
    order = random.Random(2026).sample(pages, len(pages))  # noqa: S311 - the same order each time
    shares = [order[number::clients] for number in range(clients)]
    with ThreadPoolExecutor(clients) as pool:
        return [answer for share in pool.map(lambda share: _client(url, share), shares) for answer in share]


def _client(url: str, pages: Sequence[Asked]) -> list[Answer]:
    found = []
    with requests.Session() as session:
        for name, at in pages:
            began = time.perf_counter()
            answer = session.get(url + at, timeout=300)
            ms = (time.perf_counter() - began) * 1000
            if answer.status_code != 200:
                raise RuntimeError(f"{name}: {at} gave {answer.status_code}")
            told = answer.headers
            found.append(Answer(name, ms, len(answer.content), int(told[QUERIES]), float(told[PROCESSOR])))
    return found


def percentile(values: Sequence[float]) -> float:
    """The 95th."""
    return values[0] if len(values) == 1 else quantiles(values, n=100, method="inclusive")[94]


def _by_page(answers: Sequence[Answer]) -> dict[str, list[Answer]]:
    found: dict[str, list[Answer]] = {}
    for one in sorted(answers, key=lambda one: one.page):
        found.setdefault(one.page, []).append(one)
    return found


def _first(answers: Sequence[Answer]) -> str:
    told = (f"{one.page} {one.ms:.0f}" for one in sorted(answers, key=lambda one: -one.ms))
    return f"First look, ms: {', '.join(told)}."


def _table(clients: int, answers: Sequence[Answer]) -> str:
    lines = []
    for name, times in _by_page(answers).items():
        every = [one.ms for one in times]
        p95 = percentile(every)
        met = "floor" if name.startswith("floor") else "met" if p95 <= TARGET_MS else "**not met**"
        cells = (
            f"{median(every):.0f}",
            f"{p95:.0f}",
            f"{max(every):.0f}",
            f"{median(one.processor_ms for one in times):.0f}" if clients == 1 else "",
            f"{max(one.queries for one in times)}",
            f"{median(one.size for one in times) / 1000:.0f}",
            met,
        )
        lines.append(f"| {name} | {' | '.join(cells)} |")
    runs = max(len(times) for times in _by_page(answers).values())
    who = "one client" if clients == 1 else f"{clients} clients at once"
    head = f"| {who}, up to {runs} times each | median ms | p95 ms | max ms | processor ms | queries | kB |"
    head += f" p95 ≤ {TARGET_MS} ms |"
    return "\n".join([head, "|---|---|---|---|---|---|---|---|", *lines])


@contextmanager
def _server(environment: Mapping[str, str]) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    given = {**os.environ, **environment, "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryFile() as log:
        command = [sys.executable, "-m", "bench.serve", str(port)]
        server = subprocess.Popen(command, env=given, cwd=ROOT, stdout=log, stderr=log)  # noqa: S603
        try:
            _wait(server, port)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    """Until it takes connections: its first page is the first that is measured."""
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the console did not come up")
