"""Twelve quarters of the whole simulated country in a warehouse of their own, made once and kept for later runs.

The last quarter has the faults that a quarter has: rows in quarantine, a portal that is down, another that lacks a
unit. The one before is published, and a province came late for it: its restatement waits.
"""

from __future__ import annotations

import os
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from etl import pipeline
from etl.periods import Period
from launcher.postgres import Postgres
from launcher.simulator import Simulator

_DATABASE = "country"
_MADE = "made"
_REVIEWER = "Trần Thị B"


@dataclass(frozen=True)
class Country:
    """quarters: how many, the last one included. late: the source whose answer came after the quarter before the last
    was published. faults: of portals in the last one, "platform/province" -> kind. province, commune: whose
    pages are looked at; the form of the commune is filled too.
    catalogs: others than the project's; the portals are made from the first."""

    last: str = "2026-Q3"
    quarters: int = 12
    scale: float = 1.0
    late: str = "onestop_phu_tho"
    faults: tuple[tuple[str, str], ...] = (("igate/42", "identity"), ("igate/56", "down"), ("igate/14", "missing_unit"))
    province: str = "15"
    commune: str = "03103"
    catalogs: tuple[Path, ...] = ()

    @property
    def periods(self) -> list[str]:
        last = Period.parse(self.last)
        return [last.shift(back - self.quarters + 1).key for back in range(self.quarters)]


FULL = Country()


@contextmanager
def opened(country: Country, folder: Path) -> Iterator[Mapping[str, str]]:
    """The environment of a process that works with the country; what of it is not in the folder yet is made first.

    It is as the program made it when it was made: remove the folder to have it made again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    server = Postgres(folder / "postgres")
    server.start()
    try:
        server.createdb(_DATABASE)
        given = {"BAOCAO_HOME": str(folder), "BAOCAO_WAREHOUSE_URL": server.url(_DATABASE)}
        if country.catalogs:
            given["BAOCAO_CATALOG"] = os.pathsep.join(map(str, country.catalogs))
        with _environment(given):
            pipeline.prepare()
            _make(country, folder)
            yield given
    finally:
        server.stop()


@contextmanager
def _environment(given: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ |= given
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= before


def _make(country: Country, folder: Path) -> None:
    made = folder / _MADE
    done = made.read_text("ascii").split() if made.exists() else []
    missing = [period for period in country.periods if period not in done]
    if not missing:
        return
    portals = Simulator(folder, scale=country.scale, catalog=country.catalogs[0] if country.catalogs else None)
    portals.start()
    try:
        with _environment(portals.environment):
            for period in missing:
                began = time.monotonic()
                _quarter(country, period, portals.url)
                with made.open("a", encoding="ascii") as file:
                    file.write(f"{period}\n")
                print(f"{period}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    finally:
        portals.stop()


def _quarter(country: Country, period: str, portals: str) -> None:
    """Faults are set before the quarter is pulled: a portal answers all later quarters with them too."""
    if period == country.last:
        for portal, kind in country.faults:
            _ask("PUT", f"{portals}/faults/{portal}", f'{{"kind": "{kind}"}}'.encode())
    published = country.quarters > 1 and period == country.periods[-2]
    _run(period, [source for source in pipeline.plan(period) if not published or source != country.late])
    if published:
        pipeline.lock(period, _REVIEWER)
        _run(period, [country.late])
    if period == country.last:
        pipeline.fill_forms(period, form="II.06a", unit=country.commune)


def _run(period: str, sources: list[str]) -> None:
    for _ in pipeline.collect_all(period, sources):
        pass
    pipeline.run_from_landed(period)


def _ask(method: str, address: str, body: bytes) -> None:
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"}, method=method)  # noqa: S310
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310 (loopback, http)
        pass
