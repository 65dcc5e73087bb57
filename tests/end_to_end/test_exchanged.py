"""Two columns that a portal exchanges and leaves so: withheld each quarter until it is answered; no false alarm."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from etl import pipeline
from etl.model import NATION
from etl.pipeline.office import Office as Opened
from tests.end_to_end.office import MEASURES, ROOT, Office, trace_cell

QUARTERS = ("2026-Q1", "2026-Q2", "2026-Q3")
STRUCK, UNIT = "onestop_bac_ninh", "24"
NEIGHBOURS = ("onestop_cao_bang", "onestop_son_la", "onestop_hue", "onestop_hai_phong")
"""Of three platforms; the true share of online of one goes from 75 % to 59 % and back to 77 %."""
PAIR = {"received_online", "received_direct_postal"}
WITHHELD = {"tthc_received_online", "tthc_received_direct_postal", "tthc_online_rate"}


@pytest.fixture
def office(make_office: Callable[..., Office], tmp_path: Path) -> Office:
    base = tmp_path / "catalog"
    shutil.copytree(ROOT / "catalog", base)
    for path in base.glob("sources/*.yml"):
        if path.stem not in (STRUCK, *NEIGHBOURS):
            path.unlink()
    made = make_office("exchanged", catalog=str(base))
    pipeline.prepare()
    return made


def _load(period: str) -> dict[str, str]:
    """From what is landed; the messages of the critical findings, by source and rule."""
    run = f"run-{period}"
    pipeline.parse(period, run)
    for dataset in pipeline.datasets():
        pipeline.check(period, run, dataset)
    pipeline.compute(period, run)
    pipeline.record(period, run)
    found = Opened.open().warehouse.findings(period)
    return {f"{one.source} {one.rule}": one.message for one in found if one.severity == "critical"}


def _of_communes_alone(told: dict[str, str]) -> dict[str, str]:
    """What looks at figures; the provinces that no source here reports are missing in every load."""
    return {place: message for place, message in told.items() if "-PRESENT" not in place}


def _withheld(period: str, unit: str = UNIT) -> set[str]:
    whole = [fact for fact in pipeline.facts(period, unit) if (fact.tier, fact.field) == ("all", "all")]
    assert len(whole) >= 14
    return {fact.indicator for fact in whole if fact.value is None and fact.indicator.startswith("tthc_")}


def _wrong(office: Office, period: str, unit: str = UNIT) -> list[Any]:
    """The figures shown of the province, whole and by field, that are not the truth."""
    truth = office.truth("II.06a", unit, period)
    shown = {
        (fact.indicator.removeprefix("tthc_"), fact.tier, fact.field): fact.value
        for fact in pipeline.facts(period, unit)
        if fact.value is not None and fact.indicator.removeprefix("tthc_") in MEASURES
    }
    assert len(shown) > 100
    return [place for place, value in shown.items() if value != truth[place[1:]][place[0]]]


def _answer(line: str) -> None:
    """The source's file with that line, in place of any answer of before."""
    file = Path(os.environ["BAOCAO_CATALOG"]) / f"sources/{STRUCK}.yml"
    kept = [one for one in file.read_text("utf-8").splitlines() if not one.startswith(("accepted:", "exchanged:"))]
    file.write_text("\n".join([*kept, line, ""]), "utf-8")


def test_an_exchange_is_told_each_quarter_until_it_is_answered(office: Office) -> None:
    platform = yaml.safe_load((ROOT / f"catalog/sources/{STRUCK}.yml").read_text("utf-8"))["platform"]
    address = f"{office.simulator.url}/faults/{platform}/{UNIT}"
    office.pull("2026-Q1")
    assert _of_communes_alone(_load("2026-Q1")) == {}
    requests.put(address, json={"kind": "swapped"}, timeout=10).raise_for_status()
    try:
        for period in QUARTERS[1:]:
            office.pull(period)
    finally:
        requests.delete(address, timeout=10).raise_for_status()
    assert office.failures == {}

    told = {period: _of_communes_alone(_load(period)) for period in QUARTERS[1:]}
    for period in QUARTERS[1:]:
        assert list(told[period]) == [f"{STRUCK} READ-SWAP"], "the neighbours grew, and nothing else is wrong here"
        assert _withheld(period) == WITHHELD
        assert _withheld(period, NATION) >= WITHHELD
        assert _wrong(office, period) == []
        assert [_wrong(office, period, unit) for unit in ("04", "14", "46", "31")] == [[]] * 4
    (message,) = told["2026-Q3"].values()
    assert "vẫn đổi chỗ cho nhau từ kỳ 2026-Q2" in message

    exchanged = "exchanged: {2026-Q2: {tiepNhanTrucTiepVaBCCI: tiepNhanQuaMang}}"
    accepted = "accepted: {2026-Q2: [received_direct_postal, received_online]}"
    for (said,) in (told[period].values() for period in QUARTERS[1:]):
        assert exchanged in said
        assert accepted in said

    _answer(accepted)  # of the first quarter: the next is then compared with it, as ever
    assert _of_communes_alone(_load("2026-Q3")) == {}
    assert _withheld("2026-Q3") == set()
    assert {place[0] for place in _wrong(office, "2026-Q3")} == PAIR, "a wrong word is taken at its word"

    _answer(exchanged)  # the third quarter by itself, while the doubt of the second is still on record
    assert _of_communes_alone(_load("2026-Q3")) == {}
    for period in ("2026-Q2", "2026-Q3", "2026-Q1"):
        assert _of_communes_alone(_load(period)) == {}
        assert _withheld(period) == set()
        assert _wrong(office, period) == []
    pipeline.publish("2026-Q3", "II.06a", unit=UNIT)
    found = trace_cell("II.06a", UNIT, "2026-Q3", "D12")
    assert found["indicator"] == "tthc_received_online"
    assert {tuple(row["read"].items()) for row in found["rows"]} == {
        (("tiepNhanTrucTiepVaBCCI", row["value"]),) for row in found["rows"]
    }, "each figure leads to the column that it was read from"

    _answer("")
    assert [list(_of_communes_alone(_load(period))) for period in QUARTERS[1:]] == [[f"{STRUCK} READ-SWAP"]] * 2
    office.pull("2026-Q3", [STRUCK])  # the portal turned them back, and left the quarter before as it was
    assert _of_communes_alone(_load("2026-Q3")) == {}
    assert _withheld("2026-Q3") == set()
    assert _wrong(office, "2026-Q3") == []
