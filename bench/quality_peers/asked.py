"""What every entrant does alike: read what is asked, take the time of its own work, tell what it found.

Run as a script of the entrant's own environment: nothing of the project is imported here. The time begins after the
imports, which take Great Expectations eight seconds and would flatter the others.

A tool that tells rows by number sets them aside here: of what these environments have (polars, pandas, pyarrow) this
way costs the least, a third less than polars, so that none is slower for what it would not do by itself.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

SET_ASIDE = "set_aside.parquet"
Told = Mapping[str, Sequence[int]]
"""Of each row rule the numbers of the rows that break it, from 0."""


def told(judge: Callable[[Mapping[str, Any], Path], Told]) -> None:
    """judge: of a tool that tells which rows break a rule and leaves them where they are; see `measured`."""

    def work(asked: Mapping[str, Any], folder: Path) -> Mapping[str, int]:
        found = judge(asked, folder)
        file = pq.ParquetFile(folder / "rows.parquet")
        held = bytearray(file.metadata.num_rows)
        for rule in asked["rules"]:
            for number in found.get(rule["id"], ()) if rule["severity"] == "critical" else ():
                held[number] = True
        at = 0
        with pq.ParquetWriter(folder / SET_ASIDE, file.schema_arrow, compression="zstd") as written:
            for number in range(file.num_row_groups):
                rows = file.read_row_group(number)
                these = pa.Array.from_buffers(pa.uint8(), len(rows), [None, pa.py_buffer(held)], offset=at)
                written.write_table(rows.filter(these.cast(pa.bool_())))
                at += len(rows)
        return {rule: len(rows) for rule, rows in found.items()}

    measured(work)


def measured(work: Callable[[Mapping[str, Any], Path], Mapping[str, int]]) -> None:
    """work: what is asked, and the folder of its tables -> of each row rule how many rows break it. It leaves the rows
    that break a critical one there, whole, as SET_ASIDE."""
    folder = Path(sys.argv[1])
    asked = json.loads((folder / "asked.json").read_text("utf-8"))
    cpu, clock = _cpu(), time.monotonic()
    broken = work({**asked, "how": sys.argv[2]}, folder)
    told = {
        "cpu": _cpu() - cpu,
        "wall": time.monotonic() - clock,
        "peak": _peak(),
        "broken": {rule: count for rule, count in broken.items() if count},
    }
    (folder / "told.json").write_text(json.dumps(told), "utf-8")


def laid_out(connection: Any, folder: Path) -> None:
    """The tables that a rule may ask, as views in DuckDB; of `rows`, `number` is which one it is."""
    for name in ("reach", "given", "due"):
        connection.execute(f"create or replace view {name} as select * from read_parquet('{folder / name}.parquet')")
    connection.execute(
        "create or replace view rows as select * exclude (file_row_number), file_row_number as number "
        f"from read_parquet('{folder / 'rows.parquet'}', file_row_number = true)"
    )


def failing(violation: str) -> str:
    """The query of the numbers of the rows that break a rule, for tools that are asked by SQL."""
    return f"select number from (select number, ({violation}) as bad from rows) where bad"


def _cpu() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def _peak() -> float:
    """The most memory of this program, MB. What getrusage says begins with that of whoever started it."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
