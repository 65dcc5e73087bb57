"""What every entrant does alike: read what is asked, take the time of its own work, tell what it found.

Run as a script of the entrant's own environment: nothing of the project is imported here. The time begins after the
imports, which take Great Expectations eight seconds and would flatter the others.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def measured(work: Callable[[Mapping[str, Any], Path], Mapping[str, int]]) -> None:
    """work: what is asked, and the folder of its tables -> of each row rule how many rows break it."""
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
    """The tables that a rule may ask, as views in DuckDB."""
    for name in ("rows", "reach", "given", "due"):
        connection.execute(f"create or replace view {name} as select * from read_parquet('{folder / name}.parquet')")


def _cpu() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def _peak() -> float:
    """The most memory of this program, MB. What getrusage says begins with that of whoever started it."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
