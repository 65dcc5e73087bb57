"""What every entrant does alike: read what is asked, take the time of its own work, tell what it found.

Run as a script of the entrant's own environment: nothing of the project is imported here. The time begins after the
imports, with nothing fetched and an empty database.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def measured(work: Callable[[Mapping[str, Any]], Any]) -> None:
    """work: what is asked -> what is to be told of its outcome.

    Asked are: portals (the address of each list), page (records on one), url (of the database), table, columns (name ->
    its type in PostgreSQL), key, and how (what the entrant was told to do).
    """
    folder = Path(sys.argv[1])
    asked = json.loads((folder / "asked.json").read_text("utf-8"))
    cpu, clock = _cpu(), time.monotonic()
    outcome = work({**asked, "how": sys.argv[2]})
    told = {"wall": time.monotonic() - clock, "cpu": _cpu() - cpu, "peak": _peak(), "outcome": outcome}
    (folder / "told.json").write_text(json.dumps(told), "utf-8")


def pages(asked: Mapping[str, Any], portal: str, read: Callable[[str], Mapping[str, Any]]) -> Any:
    """Each page of a portal, as `read` gives it for an address."""
    offset, total = 0, 1
    while offset < total:
        page = read(f"{portal}?batDau={offset}&ketThuc={offset + asked['page']}")
        yield page
        offset, total = offset + asked["page"], page[asked["total"]]


def key(asked: Mapping[str, Any], column: str | None = None) -> str:
    """The statement that makes the key of the dossiers."""
    return f'ALTER TABLE {asked["table"]} ADD PRIMARY KEY ("{column or asked["key"]}")'


def _cpu() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def _peak() -> float:
    """The most memory of this program, MB. What getrusage says begins with that of whoever started it."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
