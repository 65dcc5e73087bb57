"""How long dossiers take from the pages of 34 portals to the warehouse, beside dlt, pandas and the least there is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench import records_truth
from bench.environments import python_of
from bench.records_catalog import lay_out, source_id
from bench.records_data import COLUMNS, LIST, PAGE, PERIOD, TOTAL, Made, make
from bench.records_portals import answered, served
from bench.results import Result
from bench.server import database, execute, plain_url, processor_seconds
from etl.periods import Period
from etl.settings import ROOT
from launcher.postgres import Postgres

FULL = 1_000_000
TABLE = "dossier"
_PEERS = Path(__file__).with_name("records_peers")
LOCK = _PEERS / "peers.lock"
_BLANK = "blank"


@dataclass(frozen=True)
class Entrant:
    """A script of `records_peers`, how it is to go about it, and the lock file of its environment (None: ours).

    group: entrants that are one peer under several settings; its fastest of a round counts."""

    name: str
    script: str
    how: str = ""
    lock: Path | None = None
    group: str = ""


OURS, FLOOR = Entrant("ours", "ours.py", "count"), Entrant("floor", "floor.py")
REST_API, ARROW, PANDAS, COPY = "dlt rest_api", "dlt, Arrow made by hand", "pandas, to_sql", "pandas, to_sql by COPY"
PEERS = (
    Entrant("dlt rest_api, parquet", "dlt_pipeline.py", "rest_api parquet 1", LOCK, REST_API),
    Entrant("dlt rest_api, parquet, 2 workers", "dlt_pipeline.py", "rest_api parquet 2", LOCK, REST_API),
    Entrant("dlt rest_api, csv, 2 workers", "dlt_pipeline.py", "rest_api csv 2", LOCK, REST_API),
    Entrant("dlt Arrow, parquet", "dlt_pipeline.py", "arrow parquet 1", LOCK, ARROW),
    Entrant("dlt Arrow, csv", "dlt_pipeline.py", "arrow csv 1", LOCK, ARROW),
    Entrant("pandas, to_sql, psycopg", "pandas_sql.py", "psycopg none", LOCK, PANDAS),
    Entrant("pandas, to_sql, psycopg2", "pandas_sql.py", "psycopg2 none", LOCK, PANDAS),
    Entrant("pandas, to_sql by COPY", "pandas_sql.py", "psycopg copy", LOCK, COPY),
)
WANTED = {REST_API: 10.0, ARROW: 2.0, PANDAS: 8.0}
"""How many times as long as ours each peer takes at least; of others it is told and not judged."""
MOST_OF_FLOOR = 2.5
Taken = Mapping[str, Any]
"""wall, cpu, server (seconds), peak (MB), and outcome, which is the entrant's own."""


def run(runs: int, rows: int = FULL, peers: Sequence[Entrant] = PEERS) -> Result:
    """Raises AssertionError where a page was left out, a dossier lost, or a figure of the warehouse is another than
    plain SQL counts."""
    entrants, rounds, loads = [OURS, FLOOR, *peers], [], []
    pythons = {entrant.lock: python_of(entrant.lock) for entrant in entrants}
    with bench(rows) as ready:
        for number in range(runs):
            loads.append(os.getloadavg()[0])
            turn = number % len(entrants)
            order = [*entrants[turn:], *entrants[:turn]]
            rounds.append({one.name: ready.measured(one, pythons[one.lock]) for one in order})
        return result(rounds, loads, ready.made, peers, ready.figures)


def result(
    rounds: Sequence[Mapping[str, Taken]], loads: Sequence[float], made: Made, peers: Sequence[Entrant], same: int
) -> Result:
    """Every ratio is of two times of one round."""
    names = [OURS.name, FLOOR.name, *(peer.name for peer in peers)]
    told = (("wall", "wall, s"), ("cpu", "CPU, s"), ("server", "CPU of PostgreSQL, s"), ("peak", "peak memory, MB"))
    values = {f"{name}: {what}": [one[name][key] for one in rounds] for key, what in told for name in names}
    groups = {group: [peer.name for peer in peers if peer.group == group] for group in dict.fromkeys([*WANTED, COPY])}
    slower = {
        group: [min(one[name]["wall"] for name in members) / one[OURS.name]["wall"] for one in rounds]
        for group, members in groups.items()
        if members
    }
    over = [one[OURS.name]["wall"] / one[FLOOR.name]["wall"] for one in rounds]
    stages = {
        f"ours: {stage}, s": [one[OURS.name]["outcome"]["stages"][stage] for one in rounds]
        for stage in rounds[0][OURS.name]["outcome"]["stages"]
    }
    reached = {group: median(slower[group]) >= WANTED[group] for group in WANTED if group in slower}
    verdicts = [
        f"{group} at least {WANTED[group]:g} times as long as ours ({_met(ok)})" for group, ok in reached.items()
    ]
    near = median(over) <= MOST_OF_FLOOR
    return Result(
        name="records",
        title=f"{made.records:,} dossiers of {len(made.provinces)} portals, from their pages to the warehouse",
        setup=_SETUP.format(
            records=made.records,
            portals=len(made.provinces),
            pages=made.pages,
            size=made.bytes / 1e6,
            each=made.bytes / made.records,
            page=PAGE,
            rows=rounds[0][OURS.name]["outcome"]["rows"],
            facts=rounds[0][OURS.name]["outcome"]["new"],
            same=same,
        ),
        figures={
            **{f"{group} (fastest) / ours (higher is better)": ratio for group, ratio in slower.items()},
            f"{OURS.name} / {FLOOR.name}": over,
            "ours, dossiers a second (higher is better)": [made.records / one[OURS.name]["wall"] for one in rounds],
            **values,
            **stages,
            f"load average before a round ({os.cpu_count()} CPUs)": list(loads),
        },
        target=f"medians of wall time: {'; '.join(verdicts)}{'; ' if verdicts else ''}ours at most {MOST_OF_FLOOR:g} "
        f"times the floor ({_met(near)})",
        met=near and all(reached.values()),
    )


def _met(ok: bool) -> str:
    return "met" if ok else "not met"


_SETUP = """\
{records:,} dossiers on {pages} pages of at most {page} ({size:.0f} MB, {each:.0f} bytes a dossier), of {portals}
portals, each on a host of its own, that answer at once and set no budget. The bytes lie ready, the server hands them
from the file to the socket; a page that was not asked for exactly once fails the benchmark.

Ours is `etl.pipeline`: collect (land with its receipt, prove), parse, check, compute, record: {rows:,} rows of a page,
agency and field, {facts:,} figures of communes, provinces and the nation, with their lineage, in a migrated warehouse.
**It leaves the dossiers themselves in the landing store; the others bring each of them into a table of 16 columns with
its key, and count nothing.** After every run {same:,} figures of the warehouse are held against those that plain SQL,
written from the form's definitions and not from ours, counts on the pages: of every commune and department's tier by
field, of the provinces and of the nation, each must be the same, to the last dossier. Dossiers without a channel break
a sum of the form: a waiver lets them pass, so that nothing is withheld.

The floor fetches every byte, one portal after the other, sends bytes that lie ready by COPY and builds the key. dlt is
1.31: its `rest_api` source with an endpoint a portal, and tables of Arrow made from pages fetched by `requests` and
`orjson`; each by two of its loaders, and rest_api also normalised by two processes from files of 100,000 rows; the
fastest of a round counts; telemetry, compression, nesting and indexes are off, columns are told. pandas makes a frame a
portal of what `orjson` reads, and `to_sql` sends it by two drivers (`method="multi"` took ten times as long), or
by COPY from the callable that its manual shows. All of them end with the same key.

Each runs in a process and (peers) from a hash-locked file in an environment of its own; its time begins after its
imports, with nothing fetched, in a fresh database on a durable server, after a checkpoint. CPU is of the entrant, and
beside it of the server. Peak memory is of the entrant. Rounds are interleaved, the entrants take turns in beginning."""


@dataclass
class Ready:
    """What stands ready before the clock starts. figures: how many were compared with the truth last. more: pages that
    are asked for twice, as their portal has other dossiers then."""

    folder: Path
    made: Made
    server: Postgres
    portals: Mapping[str, str]
    truth: Mapping[records_truth.Spot, int]
    environment: Mapping[str, str]
    figures: int = 0
    more: int = 0

    def measured(self, entrant: Entrant, python: Path) -> Taken:
        """One entrant, in a fresh database; what it did is proven."""
        told = self.folder / "told.json"
        told.unlink(missing_ok=True)
        shutil.rmtree(self.folder / "home", ignore_errors=True)
        with database(self.server, _BLANK if entrant.script == OURS.script else "template0") as name:
            self._ask(name)
            before = processor_seconds(self.server)
            self._run(entrant, python, name)
            server = processor_seconds(self.server) - before
            taken = {**json.loads(told.read_text("utf-8")), "server": server}
            self._prove(entrant, name)
        return taken

    @property
    def changing(self) -> str:
        """The province whose portal answers otherwise the second time, where an entrant asks again."""
        return sorted(self.portals)[len(self.portals) // 2]

    def again(self, memory: str) -> Taken:
        """Ours within so much memory, and once more after one portal changed; what stands then is proven."""
        self.environment = {**self.environment, "BAOCAO_MEMORY": memory}
        self.more = _lines(self.made.folder / f"pages/{self.changing}.jsonl")
        try:
            return self.measured(Entrant(OURS.name, OURS.script, "again"), Path(sys.executable))
        finally:
            self.more = 0

    def prepare(self) -> None:
        """The warehouse that ours finds: migrated, with the units and words of the catalog."""
        self.server.createdb(_BLANK)
        self._ask(_BLANK)
        self._run(Entrant(OURS.name, OURS.script, "prepare"), Path(sys.executable), _BLANK)

    def _ask(self, name: str) -> None:
        asked = {
            "portals": list(self.portals.values()),
            "pages": [_lines(self.made.folder / f"pages/{province}.jsonl") for province in self.portals],
            "page": PAGE,
            "total": TOTAL,
            "list": LIST,
            "url": plain_url(self.server, name),
            "table": TABLE,
            "columns": COLUMNS,
            "key": "MaHoSo",
            "ready": str(self.made.folder / "ready.bin"),
            "folder": str(self.folder),
            "changing": str(self.made.folder / f"pages/{self.changing}.jsonl"),
            "changes": source_id(self.changing),
        }
        (self.folder / "asked.json").write_text(json.dumps(asked), "utf-8")

    def _run(self, entrant: Entrant, python: Path, name: str) -> None:
        environment = {**os.environ, **self.environment, "BAOCAO_WAREHOUSE_URL": self.server.url(name)}
        environment["PYTHONPATH"] = str(ROOT) if entrant.lock is None else ""
        done = subprocess.run(  # noqa: S603
            [python, _PEERS / entrant.script, self.folder, entrant.how],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=environment,
        )
        if done.returncode:
            raise RuntimeError(f"{entrant.name} failed: {(done.stderr or done.stdout)[-3000:]}")

    def _prove(self, entrant: Entrant, name: str) -> None:
        asked = answered(next(iter(self.portals.values())))
        due = self.made.pages + self.more
        assert asked == due, f"{entrant.name} asked for {asked} pages of {due}"  # noqa: S101
        url = plain_url(self.server, name)
        if entrant.script == OURS.script:
            truth = self.truth if not self.more else _truth(self.made)
            self.figures = records_truth.compared(truth, records_truth.told(url, PERIOD))
        else:
            [(count,)] = execute(url, f"SELECT count(*) FROM {TABLE}")
            assert count == self.made.records, f"{entrant.name} loaded {count} of {self.made.records}"  # noqa: S101


def _truth(made: Made) -> Mapping[records_truth.Spot, int]:
    period = Period.parse(PERIOD)
    return records_truth.counted(made.folder / "pages", period.first_day, period.last_day)


def _lines(file: Path) -> int:
    with file.open("rb") as pages:
        return sum(1 for _ in pages)


@contextmanager
def bench(rows: int) -> Iterator[Ready]:
    """Pages served, a durable server with a migrated database, and the truth."""
    with tempfile.TemporaryDirectory(prefix="baocao-bench-") as scratch:
        folder = Path(scratch)
        made = make(folder / "made", rows)
        truth = _truth(made)
        server = Postgres(folder / "postgres")
        server.start()
        try:
            with served(made.folder / "pages") as portals:
                environment = lay_out(folder, portals)
                ready = Ready(folder, made, server, portals, truth, environment)
                ready.prepare()
                yield ready
        finally:
            server.destroy()
