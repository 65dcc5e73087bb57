"""A portal that is struck for a while, its quarters loaded one after another, and what is then told and withheld."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import requests
import yaml

from etl import pipeline
from etl.pipeline.office import Office as Opened
from tests.end_to_end.office import MEASURES, ROOT, Office


def office_of(make_office: Callable[..., Office], name: str, folder: Path, sources: Collection[str]) -> Office:
    """An office of those sources alone, with a catalog of its own."""
    base = folder / "catalog"
    shutil.copytree(ROOT / "catalog", base)
    for path in base.glob("sources/*.yml"):
        if path.stem not in sources:
            path.unlink()
    made = make_office(name, catalog=str(base))
    pipeline.prepare()
    return made


def _file(source: str) -> Path:
    return Path(os.environ["BAOCAO_CATALOG"]) / f"sources/{source}.yml"


@contextlib.contextmanager
def struck(office: Office, source: str, kind: str) -> Iterator[None]:
    """The source's portal with that fault."""
    declared = yaml.safe_load(_file(source).read_text("utf-8"))
    address = f"{office.simulator.url}/faults/{declared['platform']}/{declared['unit']}"
    requests.put(address, json={"kind": kind}, timeout=10).raise_for_status()
    try:
        yield
    finally:
        requests.delete(address, timeout=10).raise_for_status()


def answer(source: str, line: str) -> None:
    """The source's file with that line, in place of any answer of before."""
    file = _file(source)
    kept = [one for one in file.read_text("utf-8").splitlines() if not one.startswith(("accepted:", "exchanged:"))]
    file.write_text("\n".join([*kept, line, ""]), "utf-8")


def load(period: str) -> dict[str, str]:
    """From what is landed; the messages of the critical findings, by source and rule."""
    run = f"run-{period}"
    pipeline.parse(period, run)
    for dataset in pipeline.datasets():
        pipeline.check(period, run, dataset)
    pipeline.compute(period, run)
    pipeline.record(period, run)
    found = Opened.open().warehouse.findings(period)
    return {f"{one.source} {one.rule}": one.message for one in found if one.severity == "critical"}


def of_communes_alone(told: dict[str, str]) -> dict[str, str]:
    """What looks at figures; the provinces that no source here reports are missing in every load."""
    return {place: message for place, message in told.items() if "-PRESENT" not in place}


def withheld(period: str, unit: str) -> set[str]:
    """The figures of the unit as a whole that are withheld."""
    whole = [fact for fact in pipeline.facts(period, unit) if (fact.tier, fact.field) == ("all", "all")]
    assert len(whole) >= 14
    return {fact.indicator for fact in whole if fact.value is None and fact.indicator.startswith("tthc_")}


def wrong(office: Office, period: str, unit: str) -> list[Any]:
    """The figures shown of the province, whole and by field, that are not the truth."""
    truth = office.truth("II.06a", unit, period)
    shown = {
        (fact.indicator.removeprefix("tthc_"), fact.tier, fact.field): fact.value
        for fact in pipeline.facts(period, unit)
        if fact.value is not None and fact.indicator.removeprefix("tthc_") in MEASURES
    }
    assert len(shown) > 100
    return [place for place, value in shown.items() if value != truth[place[1:]][place[0]]]
