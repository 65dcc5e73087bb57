"""How near a load of figures comes to COPY of ready bytes, and how far it is from a data frame's to_sql."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

from sqlalchemy import Numeric, create_engine

from bench.figures import FIGURES_PER_ROW, PERIOD, Given, altered, given, ready_bytes, written
from bench.results import Result
from bench.server import database, execute, plain_url, processor_seconds
from etl.warehouse import Warehouse, lineage, record, seals
from launcher.binaries import Account, find
from launcher.postgres import Postgres

FULL = 1_000_000
EMPTY, AGAIN, REVISED = "ours, empty period", "ours, nothing differs", "ours, 1 % differs"
ALONE = "ours, empty period, figures alone"
AS_COMPUTED, SORTED = "psql \\copy", "psql \\copy of sorted rows"
_BLANK = "blank"
_PART = 50
"""to_sql is given one row of so many and its time is multiplied, which flatters it: its table has yet to grow."""
_SETTINGS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "to_sql, psycopg": ("psycopg", {}),
    "to_sql, psycopg2": ("psycopg2", {}),
    'to_sql, method="multi"': ("psycopg", {"method": "multi", "chunksize": 1000}),
}
_STAGES = (
    ("figures checked and ordered", record, "ordered"),
    ("figures copied and indexed", record, "write_first"),
    ("figures staged, compared and written", record, "write_revisions"),
    ("receipts", lineage, "store_receipts"),
    ("source rows", lineage, "store_rows"),
    ("findings and holes", lineage, "store_findings"),
    ("statistics", record, "_refresh_statistics"),
    ("seal", seals, "seal_load"),
)


Load = tuple[Given, tuple[int, int, int]]
"""What is loaded, and how many figures are then new, revised and the same."""


@dataclass(frozen=True)
class Taken:
    """Seconds by the clock, seconds of processors (ours and the server's), and of the former which stage took what."""

    seconds: float
    cpu: float
    stages: Mapping[str, float] = field(default_factory=dict)


def run(runs: int, count: int = FULL) -> Result:
    rounds, loads = [], []
    with bench(count) as entrants:
        for number in range(runs):
            loads.append(os.getloadavg()[0])
            turn = number % len(entrants)
            taken: dict[str, Taken] = {}
            for entrant in [*entrants[turn:], *entrants[:turn]]:
                taken |= entrant()
            rounds.append(taken)
    return result(rounds, loads, count)


def result(rounds: Sequence[Mapping[str, Taken]], loads: Sequence[float], count: int) -> Result:
    """Every ratio is of two times of one round; to_sql is its fastest setting of the round."""
    ours = (EMPTY, ALONE, AGAIN, REVISED)
    figures = {f"{name}, s": [one[name].seconds for one in rounds] for name in (AS_COMPUTED, SORTED, *ours)}
    figures |= {f"{name}, of all rows, s": [one[name].seconds * _PART for one in rounds] for name in _SETTINGS}
    ratios = {
        f"{name} / {peer}": [one[name].seconds / one[peer].seconds for one in rounds]
        for peer in (AS_COMPUTED, SORTED)
        for name in ours
    }
    processors = {
        f"processor time: {name} / {peer}": [one[name].cpu / one[peer].cpu for one in rounds]
        for peer in (AS_COMPUTED, SORTED)
        for name in ours
    }
    to_sql = [min(one[name].seconds for name in _SETTINGS) * _PART for one in rounds]
    slower = {name: [whole / one[name].seconds for whole, one in zip(to_sql, rounds, strict=True)] for name in ours[:2]}
    of_which = {
        f"{name}: {stage}, s": [one[name].stages[stage] for one in rounds]
        for name in ours
        for stage in rounds[0][name].stages
    }
    met = (
        median(ratios[f"{EMPTY} / {AS_COMPUTED}"]) <= 1.5
        and max(median(ratios[f"{name} / {AS_COMPUTED}"]) for name in (AGAIN, REVISED)) <= 2.5
        and median(slower[ALONE]) >= 10
    )
    return Result(
        name="load",
        title=f"{count:,} figures of one period into the warehouse",
        setup=_SETUP.format(count=count, rows=count // FIGURES_PER_ROW, part=count // _PART, times=_PART),
        figures={
            **figures,
            **ratios,
            **processors,
            **{f"to_sql (fastest setting) / {name} (higher is better)": values for name, values in slower.items()},
            **of_which,
            f"load average before a round ({os.cpu_count()} CPUs)": list(loads),
        },
        target=(
            "medians of the ratios: with all that a load does an empty period at most 1.5 times psql \\copy, a full "
            "one at most 2.5 times; to_sql at least 10 times as long as the figures alone, which is what it writes"
        ),
        met=met,
    )


_SETUP = """\
`Warehouse.record()` of {count:,} figures with {rows:,} source rows of 85 sources, 595 landed pages, 500 findings and 50
holes, commit included, on a durable server of its own: into a period without figures, the same again, and again with
another value in 1 % of the figures and in the rows of one source. Inside the time: checks, ordering, revisions,
lineage, holes, findings, statistics for the planner, the seal over all of it; and once the figures alone, all that the
others load. The counts that it returns are proven.

Beside it on the same server, in a database with the same migrations: `psql \\copy ... from FILE binary` of the same
figures as ready bytes (encoding is not timed) into the same partitioned table with its key, checks and triggers; once
in the order in which they are computed, as ours gets them, and once sorted by the key, which nobody does for psql and
is the least that it can take. `DataFrame.to_sql` appends {part:,} of the rows to the same table under three settings,
times {times}. Rounds are interleaved, the entrants take turns in beginning, each in a fresh database after a
checkpoint. Processor time is that of the entrant and of every process of the server. Stages are by the clock."""


@contextmanager
def bench(count: int) -> Iterator[Sequence[Callable[[], Mapping[str, Taken]]]]:
    """The entrants, on a durable server of their own."""
    with tempfile.TemporaryDirectory(prefix="baocao-bench-") as folder:
        server = Postgres(Path(folder) / "postgres")
        server.start()
        try:
            server.createdb(_BLANK)
            Warehouse(server.url(_BLANK)).migrate()
            first = given(count)
            later = altered(first)
            files = {AS_COMPUTED: Path(folder) / "computed.bin", SORTED: Path(folder) / "sorted.bin"}
            for name, file in files.items():
                ready_bytes(first.facts, file, in_order=name == SORTED)
            yield [
                partial(_ours, server, _loads(first, later)),
                partial(_ours, server, {ALONE: (first.alone(), (count, 0, 0))}),
                *(partial(_copied, server, name, file, count) for name, file in files.items()),
                partial(_to_sql, server, written(first.facts.slice(0, count // _PART)).to_pandas()),
            ]
        finally:
            server.destroy()


def _loads(first: Given, later: Given) -> Mapping[str, Load]:
    count = first.facts.num_rows
    return {
        EMPTY: (first, (count, 0, 0)),
        AGAIN: (first, (0, 0, count)),
        REVISED: (later, (0, later.differing, count - later.differing)),
    }


def _ours(server: Postgres, loads: Mapping[str, Load]) -> Mapping[str, Taken]:
    """One after another into one warehouse."""
    taken = {}
    with database(server, _BLANK) as name:
        warehouse = Warehouse(server.url(name))
        for entrant, (load, wanted) in loads.items():
            stages: dict[str, float] = {}
            with ExitStack() as stack:
                for stage, module, function in _STAGES:
                    wrapped = _measured(stages, stage, getattr(module, function))
                    stack.enter_context(mock.patch.object(module, function, wrapped))
                clock, cpu = time.monotonic(), _cpu(server)
                got = warehouse.record(PERIOD, run="bench", catalog_version="c", rules_version="r", **load.record)
                taken[entrant] = Taken(time.monotonic() - clock, _cpu(server) - cpu, stages)
            assert (got.new, got.revised, got.same) == wanted, got  # noqa: S101
    return taken


def _copied(server: Postgres, entrant: str, file: Path, count: int) -> Mapping[str, Taken]:
    psql = find(Account(os.geteuid(), os.getegid(), drop=False), server.home) / "psql"
    with database(server, _BLANK) as name:
        url = plain_url(server, name)
        execute(url, f"SELECT baocao.fact_partition('{PERIOD}')", "CHECKPOINT")
        clock, cpu = time.monotonic(), _cpu(server)
        command = f"\\copy baocao.fact from '{file}' binary"
        subprocess.run([psql, url, "-qXc", command], check=True)  # noqa: S603
        taken = Taken(time.monotonic() - clock, _cpu(server) - cpu)
        assert execute(url, "SELECT count(*) FROM baocao.fact") == [(count,)]  # noqa: S101
    return {entrant: taken}


def _to_sql(server: Postgres, frame: Any) -> Mapping[str, Taken]:
    taken = {}
    for entrant, (driver, settings) in _SETTINGS.items():
        with database(server, _BLANK) as name:
            url = plain_url(server, name)
            execute(url, f"SELECT baocao.fact_partition('{PERIOD}')", "CHECKPOINT")
            engine = create_engine(server.url(name, driver))
            clock, cpu = time.monotonic(), _cpu(server)
            frame.to_sql(
                "fact",
                engine,
                schema="baocao",
                if_exists="append",
                index=False,
                dtype={"value": Numeric(20, 4)},
                **settings,
            )
            taken[entrant] = Taken(time.monotonic() - clock, _cpu(server) - cpu)
            engine.dispose()
            assert execute(url, "SELECT count(*) FROM baocao.fact") == [(len(frame),)]  # noqa: S101
    return taken


def _measured(stages: dict[str, float], stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def measured(*given: Any, **named: Any) -> Any:
        clock = time.monotonic()
        try:
            return function(*given, **named)
        finally:
            stages[stage] = stages.get(stage, 0.0) + time.monotonic() - clock

    return measured


def _cpu(server: Postgres) -> float:
    """Seconds of processors so far: of this process, of programs that it ran, of the server with all its processes."""
    return processor_seconds(server) + sum(os.times()[:4])
