"""The lab: one round is every fault of a platform at once, each in a province of its own, beside untouched ones.

Each round has an office with an empty warehouse: the quarter before is loaded clean, then the faults are planted
and the quarter is pulled. Real HTTP, a real store, a real PostgreSQL.
"""

from __future__ import annotations

import contextlib
import csv
import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from etl import pipeline
from etl.errors import SourceError
from etl.landing import Landing
from etl.pipeline.office import Office
from launcher.postgres import Postgres
from launcher.simulator import Simulator
from simulator.faults_shape import KINDS, LINE
from simulator.server import SHAPES
from tests.end_to_end.office import read_form_06a
from tests.fault_lab.judging import Bench, Verdict
from tests.fault_lab.small_country import (
    COMPARED,
    LISTED,
    LISTED_SCALE,
    PAGE,
    SCALE,
    SECONDS,
    make_catalog,
    make_sources,
    source_id,
)
from tests.fault_lab.truth import Figures

BEFORE, PERIOD = "2026-Q2", "2026-Q3"
ROUNDS = (
    ("opencps_v2", "bkav_axis"),
    ("tandan_06a", "tandan_06b", "tandan_07b"),
    ("igate", "bkav_export", "dvcqg"),
    ("egov", "tandan_06caccap"),
    ("export_06a",),
    ("export_07a",),
    ("export_units",),
    ("dossier_list", "vxp"),
    ("document_list", "tandan_errors"),
)
"""Platforms that are struck at once, each in every province: not two of one dataset, but for those only compared."""
AGAIN = frozenset({"reclassified"})
"""Faults of a portal that answered otherwise before: it is pulled once without them, then once with."""
EXCHANGED = tuple(
    kept
    for platforms in ROUNDS
    if (kept := tuple(one for one in platforms if SHAPES[one].swap is not None and one not in COMPARED))
)
"""Platforms whose columns are exchanged in every province at once."""
CLEAR = "04"
"""Where two columns are exchanged: a province of which about 65 % of the dossiers come online in both quarters. Where
half do, or 51 % did and 74 % do, no quarter before tells an exchange from a change (docs/fault_lab.md)."""
_UNTOUCHED = 2
"""Neighbours of a platform that no fault strikes."""
_AT_ONCE = 8


@dataclass(frozen=True)
class Outcome:
    """struck: verdict by (platform, kind). untouched: verdicts of the others. nation: wrong figures of the nation.

    forms: how many were filled (in the first round only). misprinted: their cells that are not the warehouse's.
    """

    struck: dict[tuple[str, str], Verdict]
    untouched: list[Verdict]
    nation: list[str]
    forms: int
    misprinted: list[str]


def placed(platform: str, provinces: Sequence[str]) -> dict[str, str]:
    """Province -> the fault planted there; the last ones are left untouched."""
    kinds = SHAPES[platform].kinds
    assert len(kinds) + _UNTOUCHED <= len(provinces)
    found = dict(zip(provinces, kinds, strict=False))
    if "swapped" in kinds:
        other = next(code for code, kind in found.items() if kind == "swapped")
        found[other], found[CLEAR] = found[CLEAR], "swapped"
    return found


@dataclass(frozen=True)
class Lab:
    """listed: the lab of the portals that list single records, over fewer of them."""

    simulator: Simulator
    postgres: Postgres
    figures: Figures
    catalog: Path
    folder: Path
    listed: Lab | None = None
    outcomes: dict[tuple[str, ...], Outcome] = field(default_factory=dict)
    everywhere: dict[tuple[str, ...], dict[str, list[Verdict]]] = field(default_factory=dict)

    def outcome(self, platforms: tuple[str, ...]) -> Outcome:
        """A round of these platforms, run once."""
        if platforms not in self.outcomes:
            lab = self.listed if self.listed and LISTED & {*platforms} else self
            self.outcomes[platforms] = lab._run(platforms)
        return self.outcomes[platforms]

    def _run(self, platforms: Sequence[str]) -> Outcome:
        provinces = sorted(self.figures.country.provinces)
        name = "_".join(platforms)
        asked = {platform: self._asked(platform, provinces) for platform in platforms}
        sources = make_sources(self.folder / name / "catalog", asked)
        faults = {
            (platform, province): kind
            for platform in platforms
            for province, kind in placed(platform, asked[platform]).items()
        }
        struck = {source_id(*place): (place[0], kind) for place, kind in faults.items()}
        with self._office(name, sources):
            pipeline.prepare()
            everyone = [source_id(platform, province) for platform, codes in asked.items() for province in codes]
            past = [source for source in everyone if struck.get(source, ("", ""))[1] not in LINE]
            self._pull(past, BEFORE)
            before = self._load(BEFORE)
            again = [source_id(*place) for place, kind in faults.items() if kind in AGAIN]
            self._pull(again, PERIOD)
            self._plant(faults)
            try:
                self._pull(everyone, PERIOD)
            finally:
                self._take_back(faults)
            after = self._load(PERIOD)
            for verdict in (self._verdict(before, source, ()) for source in past):
                assert (verdict.state, verdict.silently_wrong) == ("complete", ()), f"{BEFORE}, no fault: {verdict}"
            return self._judged(struck, everyone, before, after)

    def exchanged(self, platforms: tuple[str, ...]) -> dict[str, list[Verdict]]:
        """By platform, its two columns exchanged in every province, where the quarter before tells it and where not;
        run once."""
        if platforms not in self.everywhere:
            self.everywhere[platforms] = self._exchange(platforms)
        return self.everywhere[platforms]

    def _exchange(self, platforms: Sequence[str]) -> dict[str, list[Verdict]]:
        name = "_".join(("exchanged", *platforms))
        asked = {platform: sorted(self.figures.country.provinces) for platform in platforms}
        faults = {(platform, province): "swapped" for platform, codes in asked.items() for province in codes}
        with self._office(name, make_sources(self.folder / name / "catalog", asked)):
            pipeline.prepare()
            everyone = [source_id(*place) for place in faults]
            self._pull(everyone, BEFORE)
            self._load(BEFORE)
            self._plant(faults)
            try:
                self._pull(everyone, PERIOD)
            finally:
                self._take_back(faults)
            bench = self._load(PERIOD)
            return {
                platform: [self._verdict(bench, source_id(platform, code), ()) for code in codes]
                for platform, codes in asked.items()
            }

    def _asked(self, platform: str, provinces: Sequence[str]) -> Sequence[str]:
        """A province for each fault and some to leave untouched; only where a fault has something to strike.

        A list of faulty dossiers may be empty, or of one page.
        """
        if platform == "tandan_errors":
            provinces = [code for code in provinces if self.figures.faulty(code, PERIOD) > PAGE]
        return provinces[: len(SHAPES[platform].kinds) + _UNTOUCHED]

    def _judged(
        self, struck: Mapping[str, tuple[str, str]], everyone: Sequence[str], before: Bench, after: Bench
    ) -> Outcome:
        untouched = [source for source in everyone if source not in struck]
        usual = {one.rule for one in before.findings} | {one.rule for one in after.findings if one.source in untouched}
        return Outcome(
            {place: self._verdict(after, source, usual) for source, place in struck.items()},
            [self._verdict(after, source, ()) for source in untouched],
            after.nation(),
            *(self._forms(after) if (ROUNDS[0][0], KINDS[0]) in struck.values() else (0, [])),
        )

    def _forms(self, bench: Bench) -> tuple[int, list[str]]:
        """Every form II.06a of the first round, filled and read again by a reader that the project does not use."""
        with (self.catalog / "fields.csv").open(encoding="utf-8", newline="") as lines:
            codes = {row["name"]: row["code"] for row in csv.DictReader(lines)}
        filled = pipeline.publish(bench.period, "II.06a")["written"]
        found = []
        for issue in pipeline.issued(bench.period):
            if issue["form"] == "II.06a":
                found += bench.misprinted(issue["unit"], read_form_06a(Path(issue["path"]), codes))
        return filled, found

    def _verdict(self, bench: Bench, source: str, usual: Collection[str]) -> Verdict:
        receipt = Landing(f"{os.environ['BAOCAO_HOME']}/store").receipts(source, bench.period)[-1]
        return bench.judge(bench.catalog.sources[source], receipt, usual)

    @contextlib.contextmanager
    def _office(self, name: str, sources: Path) -> Iterator[None]:
        """An office with an empty warehouse; the environment is put back at the end."""
        home, database = self.folder / name / "home", f"fault_lab_{name}_{os.getpid()}"
        home.mkdir()
        self.postgres.createdb(database)
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("BAOCAO_HOME", str(home))
                patch.setenv("BAOCAO_WAREHOUSE_URL", self.postgres.url(database))
                patch.setenv("BAOCAO_CATALOG", os.pathsep.join(map(str, (self.catalog, sources))))
                for variable, value in self.simulator.environment.items():
                    patch.setenv(variable, value)
                yield
        finally:
            self.postgres.dropdb(database)

    def _pull(self, sources: Sequence[str], period: str) -> None:
        def one(source: str) -> None:
            with contextlib.suppress(SourceError):  # its receipt says what went wrong
                pipeline.collect(source, period)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(one, sources))

    def _load(self, period: str) -> Bench:
        run = f"lab-{period}"
        pipeline.parse(period, run)
        for dataset in pipeline.datasets():
            pipeline.check(period, run, dataset)
        pipeline.compute(period, run)
        pipeline.record(period, run)
        office = Office.open()
        facts: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for fact in office.warehouse.facts_table(period).to_pylist():
            facts[fact["unit"]].append(fact)
        return Bench(
            office.catalog,
            self.figures,
            period,
            facts,
            dict(self._states(period)),
            office.warehouse.findings(period),
            self._rows(period),
        )

    def _states(self, period: str) -> Iterator[tuple[tuple[str, ...], str]]:
        query = "select indicator, unit, tier, field, state from baocao.fact where period = %s order by revision"
        for *place, state in self._ask(query, period):
            yield tuple(place), state

    def _rows(self, period: str) -> dict[str, int]:
        """Standard rows that the period's only load took in, good and quarantined, by source."""
        query = """select t.source, count(*) from baocao.{} t join baocao.load l on l.id = t.load
                   where l.period = %s group by t.source"""
        found: Counter[str] = Counter()
        for table in ("standard_row", "quarantine"):
            found.update(dict(self._ask(query.format(table), period)))
        return found

    def _ask(self, query: str, period: str) -> list[Any]:
        url = os.environ["BAOCAO_WAREHOUSE_URL"].replace("postgresql+psycopg://", "postgresql://")
        with psycopg.connect(url) as connection:
            return connection.execute(query, (period,)).fetchall()

    def _plant(self, faults: Mapping[tuple[str, str], str]) -> None:
        for (platform, province), kind in faults.items():
            address = f"{self.simulator.url}/faults/{platform}/{province}"
            requests.put(address, json={"kind": kind, "seconds": 2 * SECONDS}, timeout=10).raise_for_status()

    def _take_back(self, faults: Mapping[tuple[str, str], str]) -> None:
        for platform, province in faults:
            requests.delete(f"{self.simulator.url}/faults/{platform}/{province}", timeout=10).raise_for_status()


@contextlib.contextmanager
def opened(folder: Path, postgres: Postgres) -> Iterator[Lab]:
    """The small country in that folder, with its portals, as long as the context lasts."""
    catalog = make_catalog(folder / "catalog")
    with contextlib.ExitStack() as stack:
        labs = []
        for scale in (LISTED_SCALE, SCALE):
            (home := folder / f"scale-{scale}").mkdir()
            portals = Simulator(home, scale=scale, catalog=catalog)
            portals.start()
            stack.callback(portals.stop)
            labs.append(Lab(portals, postgres, Figures(catalog, scale), catalog, home))
        yield replace(labs[1], listed=labs[0])
