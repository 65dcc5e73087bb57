"""How long counting takes: single dossiers to the figures of II.06a by agency and field, beside pandas and polars."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import pyarrow.parquet as pq

from bench.environments import python_of
from bench.records import LOCK, Entrant
from bench.records_data import PERIOD, tables
from bench.records_truth import MEASURES
from bench.results import Result
from etl.periods import Period
from etl.settings import ROOT

FULL = 10_000_000
_PEERS = Path(__file__).with_name("records_peers")


OURS, BY_HAND = Entrant("ours", "count_ours.py"), Entrant("DuckDB by hand", "count_by_hand.py")
PANDAS, POLARS = "pandas", "polars"
PEERS = (
    Entrant("pandas", "count_pandas.py", "whole", LOCK, PANDAS),
    Entrant("pandas, a portal at a time", "count_pandas.py", "each", LOCK, PANDAS),
    Entrant("polars, in memory", "count_polars.py", "in-memory", LOCK, POLARS),
    Entrant("polars, streaming", "count_polars.py", "streaming", LOCK, POLARS),
)
FASTER, LEANER = 2.0, 0.25
"""How many times as long as ours a peer takes at least; what part of the memory of pandas ours takes at most."""
Taken = Mapping[str, Any]
"""wall, cpu (seconds) and peak (MB)."""


def run(runs: int, rows: int = FULL, peers: Sequence[Entrant] = PEERS) -> Result:
    """Raises AssertionError where two entrants differ in a figure."""
    entrants, rounds, loads = [OURS, BY_HAND, *peers], [], []
    pythons = {entrant.lock: python_of(entrant.lock) for entrant in entrants}
    with tempfile.TemporaryDirectory(prefix="baocao-bench-") as scratch:
        folder = Path(scratch)
        _lay_out(folder, rows)
        for number in range(runs):
            loads.append(os.getloadavg()[0])
            turn = number % len(entrants)
            order = [*entrants[turn:], *entrants[:turn]]
            rounds.append({one.name: _measured(one, pythons[one.lock], folder) for one in order})
            found = {one.name: counted(folder / f"{one.script}-{one.how}.parquet") for one in entrants}
            same(found)
    return result(rounds, loads, rows, peers, len(found[OURS.name]))


def result(
    rounds: Sequence[Mapping[str, Taken]], loads: Sequence[float], rows: int, peers: Sequence[Entrant], groups: int
) -> Result:
    """Every ratio is of two values of one round."""
    names = [OURS.name, BY_HAND.name, *(peer.name for peer in peers)]
    told = (("wall", "wall, s"), ("cpu", "CPU, s"), ("peak", "peak memory, MB"))
    values = {f"{name}: {what}": [one[name][key] for one in rounds] for key, what in told for name in names}
    slower = {
        group: [min(one[peer.name]["wall"] for peer in peers if peer.group == group) / one[OURS.name]["wall"]
                for one in rounds]
        for group in dict.fromkeys(peer.group for peer in peers)
    }  # fmt: skip
    leaner = [one[OURS.name]["peak"] / one[PEERS[0].name]["peak"] for one in rounds if PEERS[0].name in one]
    fast = all(median(ratios) >= FASTER for ratios in slower.values())
    lean = not leaner or median(leaner) <= LEANER
    return Result(
        name="transform",
        title=f"{rows:,} dossiers counted by agency and field",
        setup=_SETUP.format(rows=rows, groups=groups, figures=groups * len(MEASURES)),
        figures={
            **{f"{group} (fastest) / ours (higher is better)": ratios for group, ratios in slower.items()},
            f"{OURS.name} / {BY_HAND.name}": [one[OURS.name]["wall"] / one[BY_HAND.name]["wall"] for one in rounds],
            **({f"peak memory: {OURS.name} / {PEERS[0].name}": leaner} if leaner else {}),
            **values,
            f"load average before a round ({os.cpu_count()} CPUs)": list(loads),
        },
        target=f"medians: pandas and polars, the fastest of each, at least {FASTER:g} times as long as ours; our peak "
        f"memory at most {LEANER:g} of that of pandas with one frame",
        met=fast and lean,
    )


_SETUP = """\
{rows:,} dossiers of 34 portals, as texts in Parquet (zstd), a file a portal, counted into the {figures:,} figures of
{groups:,} agencies and fields that form II.06a asks for, written as Parquet. Days are read from texts as the portals
write them, of two offsets. All must find the same figures, to the last dossier, or nothing is written.

Ours is the SQL of `etl.parsing.counts`, which `parse` runs over the records of a portal: **beside counting it judges
every record by the codes and dates of the platform, says why one is left out, and cites for each row its first records
by key and page; the others only count, and trust what they read.** By hand is one statement of DuckDB for these columns
and definitions. pandas reads seven columns, as one frame or a portal at a time; polars scans them lazily, in memory or
streaming. Each runs in a process and (peers) from a hash-locked file in an environment of its own; its time begins
after its imports, with the files unread. Rounds are interleaved, the entrants take turns in beginning."""


def counted(file: Path) -> dict[tuple[str, str], tuple[int, ...]]:
    """The figures of each agency and field that has any."""
    rows = duckdb.sql(f"select agency, field, {', '.join(MEASURES)} from '{file}'").fetchall()
    return {(agency, field): tuple(map(int, figures)) for agency, field, *figures in rows if any(figures)}


def same(found: Mapping[str, Mapping[tuple[str, str], tuple[int, ...]]]) -> None:
    ours = found[OURS.name]
    assert ours, "nothing was counted"  # noqa: S101
    for name, theirs in found.items():
        other = {spot: (ours.get(spot), theirs.get(spot)) for spot in ours.keys() | theirs.keys()}
        other = {spot: both for spot, both in other.items() if both[0] != both[1]}
        assert not other, f"{name} counts other than ours in {len(other)}: {dict(sorted(other.items())[:3])}"  # noqa: S101


def _lay_out(folder: Path, rows: int) -> None:
    (folder / "records").mkdir()
    for province, records in tables(rows):
        pq.write_table(records, folder / f"records/{province}.parquet", compression="zstd")


def _measured(entrant: Entrant, python: Path, folder: Path) -> Taken:
    (folder / "told.json").unlink(missing_ok=True)
    period = Period.parse(PERIOD)
    asked = {
        "folder": str(folder / "records"),
        "counted": str(folder / f"{entrant.script}-{entrant.how}.parquet"),
        "first": period.first_day.isoformat(),
        "last": period.last_day.isoformat(),
    }
    Path(asked["counted"]).unlink(missing_ok=True)
    (folder / "asked.json").write_text(json.dumps(asked), "utf-8")
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
    return taken
