"""What the check of a quarter costs beside one pass of DuckDB written by hand, and other tools, on the same rules."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from bench.environments import python_of
from bench.quality_rows import PLANTED, Quarter, quarter
from bench.results import Result
from etl.quality.reach import reach_of
from etl.quality.scan import row_rules
from etl.settings import ROOT

FULL = 10_000_000
SET_ASIDE = "set_aside.parquet"
"""The rows that an entrant set aside, as in quality_peers/asked.py."""
_PEERS = Path(__file__).with_name("quality_peers")


@dataclass(frozen=True)
class Entrant:
    """A script of `quality_peers`, how it is to judge, and the lock file of its environment (None: the project's)."""

    name: str
    script: str
    how: str = ""
    lock: str | None = None


OURS, BY_HAND = Entrant("ours", "ours.py"), Entrant("by hand", "by_hand.py")
PEERS = (
    Entrant("Soda Core 3.5.6", "soda_core.py", lock="soda.lock"),
    Entrant("pandera 0.35, polars", "pandera_frames.py", "polars", "pandera.lock"),
    Entrant("pandera 0.35, pandas", "pandera_frames.py", "pandas", "pandera.lock"),
    Entrant("Great Expectations 1.24, DuckDB", "expectations.py", "duckdb", "gx.lock"),
    Entrant("Great Expectations 1.24, pandas", "expectations.py", "pandas", "gx.lock"),
)
Taken = Mapping[str, Any]
"""cpu, wall (seconds), peak (MB) of an entrant; broken: of each rule how many rows; set_aside: how many rows it set
aside, and a sum over all that is in them."""


def run(runs: int, rows: int = FULL, peers: Sequence[Entrant] = PEERS) -> Result:
    """Raises AssertionError where two entrants find other numbers of rows for a rule, or set aside other rows."""
    entrants, rounds, loads = [OURS, BY_HAND, *peers], [], []
    pythons = {entrant.lock: python_of(entrant.lock and _PEERS / entrant.lock) for entrant in entrants}
    with tempfile.TemporaryDirectory(prefix="baocao-bench-") as scratch:
        folder = Path(scratch)
        made = quarter(folder / "rows.parquet", rows)
        _ask(made, folder)
        for number in range(runs):
            loads.append(os.getloadavg()[0])
            turn = number % len(entrants)
            taken: dict[str, Taken] = {}
            for entrant in [*entrants[turn:], *entrants[:turn]]:
                taken[entrant.name] = _measured(entrant, pythons[entrant.lock], folder, made.schema.names)
            _same(taken, made, rows)
            rounds.append(taken)
    return result(rounds, loads, made, [entrant.name for entrant in peers])


def result(
    rounds: Sequence[Mapping[str, Taken]], loads: Sequence[float], made: Quarter, peers: Sequence[str]
) -> Result:
    names = [OURS.name, BY_HAND.name, *peers]
    values = {
        f"{name}: {what}": [one[name][key] for one in rounds]
        for key, what in (("cpu", "CPU, s"), ("wall", "wall, s"), ("peak", "peak memory, MB"))
        for name in names
    }
    ratios = {
        f"CPU: {name} / {OURS.name}": [one[name]["cpu"] / one[OURS.name]["cpu"] for one in rounds] for name in peers
    }
    over = [one[OURS.name]["cpu"] / one[BY_HAND.name]["cpu"] for one in rounds]
    broken = rounds[0][OURS.name]["broken"]
    return Result(
        name="quality",
        title=f"{made.rows:,} rows judged by {len(made.suite.rules)} rules",
        setup=_SETUP.format(
            rules=len(made.suite.rules),
            row_rules=len(row_rules(made.suite)),
            table_rules=len(made.suite.rules) - len(row_rules(made.suite)),
            sources=len(made.due),
            planted=PLANTED,
            found=sum(broken.values()),
        ),
        figures={
            f"CPU: {OURS.name} / {BY_HAND.name}": over,
            **ratios,
            **values,
            f"load average before a round ({os.cpu_count()} CPUs)": list(loads),
        },
        target="CPU at most 1.5 times that by hand, and less than that of each of the others (medians of the ratios)",
        met=median(over) <= 1.5 and all(median(ratio) > 1 for ratio in ratios.values()),
    )


_SETUP = """\
`etl.quality.check` of one Parquet file by the real `expectations/onestop.yml`: {rules} rules, {row_rules} of them over
rows and {table_rules} over what is missing; {sources} sources, one row in {planted} planted to break each row rule,
{found:,} times a row and a rule that it breaks. Everybody finds the failing rows of every row rule, all of them, and
writes those that break a critical one, with all their values, into a Parquet file. All must find the same number of
rows for every rule and set aside the same rows (a sum over all their values), or nothing is written.

Ours besides, inside its time: the proof that every rule can fail, the rules over what is missing, the counts and their
validation by Great Expectations, why each row is set aside, findings with their words, and the holes for the figures.
By hand: one script of DuckDB written for these rules, the rules over what is missing among them. Soda Core and Great
Expectations on DuckDB are asked the conditions of the suite as queries over the file; of pandera each condition,
written for its data frames, is a check; Great Expectations on pandas judges the answers to such conditions. All of them
read only the columns that the rules ask for, tell the failing rows by number, and set them aside by the cheapest way
found (pyarrow, row group by row group).

Each runs in a process and (from a hash-locked file) an environment of its own; its time begins after its imports, with
the file unread, and is that of all its threads. Rounds are interleaved, the entrants take turns in beginning. Soda Core
is 3.5.6, the last under the Apache licence: version 4 says "Proprietary"; its telemetry is off."""


def _ask(made: Quarter, folder: Path) -> None:
    """Lay out what an entrant is asked, for those who know nothing of the project."""
    levels: list[str] = []
    source, unit, tier = zip(*reach_of(made.due, made.tree, levels), strict=True)
    given = [(source.id, measure) for source in made.due for measure in made.given[source.id]]
    tables = {
        "reach": pa.table({"source": source, "unit": unit, "tier": tier}),
        "given": pa.table({"source": [one for one, _ in given], "measure": [measure for _, measure in given]}),
        "due": pa.table({"source": [one.id for one in made.due]}),
    }
    for name, table in tables.items():
        pq.write_table(table, folder / f"{name}.parquet")
    asked = {
        "rules": [
            {"id": rule.id, "severity": rule.severity, "violation": rule.violation} for rule in row_rules(made.suite)
        ],
        "missing": [rule.violation for rule in made.suite.rules if rule.kind == "table"],
    }
    (folder / "asked.json").write_text(json.dumps(asked), "utf-8")


def _measured(entrant: Entrant, python: Path, folder: Path, columns: Sequence[str]) -> Taken:
    for left in ("told.json", SET_ASIDE, "findings.parquet", "gx.duckdb"):
        (folder / left).unlink(missing_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(ROOT) if entrant.lock is None else ""}
    done = subprocess.run(  # noqa: S603
        [python, _PEERS / entrant.script, folder, entrant.how],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
    )
    if done.returncode:
        raise RuntimeError(f"{entrant.name} failed: {(done.stderr or done.stdout)[-2000:]}")
    taken: Taken = json.loads((folder / "told.json").read_text("utf-8"))
    return {**taken, "set_aside": _set_aside(folder / SET_ASIDE, columns)}


def _set_aside(file: Path, columns: Sequence[str]) -> tuple[int, int]:
    """How many rows it holds, and the sum of their hashes: in whatever order they are written."""
    with duckdb.connect() as connection:
        query = f"select count(*), coalesce(sum(hash({', '.join(columns)})), 0) from read_parquet('{file}')"
        [(rows, sum_of_hashes)] = connection.execute(query).fetchall()
    return rows, int(sum_of_hashes)


def _same(taken: Mapping[str, Taken], made: Quarter, rows: int) -> None:
    found = taken[OURS.name]["broken"]
    silent = {rule.id for rule in row_rules(made.suite)} - set(found)
    assert rows < 50 * PLANTED or not silent, f"no row breaks {sorted(silent)}"  # noqa: S101
    for name, one in taken.items():
        differing = {
            rule: (found.get(rule), one["broken"].get(rule))
            for rule in found.keys() | one["broken"].keys()
            if found.get(rule) != one["broken"].get(rule)
        }
        assert not differing, f"{name} finds other than we do: {differing}"  # noqa: S101
        ours = taken[OURS.name]["set_aside"]
        assert one["set_aside"] == ours, f"{name} sets aside other than we do: {one['set_aside']}, {ours}"  # noqa: S101
