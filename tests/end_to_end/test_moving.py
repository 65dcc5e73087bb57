"""A closed period that answers otherwise the next day: what moved is marked up to the nation, and settles again."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pytest
import requests
import yaml

from etl import pipeline
from etl.model import NATION
from etl.pipeline.office import Office as Opened
from tests.end_to_end.office import PERIOD, ROOT, Office

UNIT = "04"
SOURCE = "onestop_cao_bang"


@pytest.fixture(scope="module")
def office(make_office: Callable[..., Office], tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Cao Bằng only, and Hà Nội, which answers the same every day. Two pulls prove something a day apart."""
    base, site = tmp_path_factory.mktemp("base") / "catalog", tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "catalog", base)
    for path in base.glob("sources/*.yml"):
        if path.stem not in (SOURCE, "onestop_ha_noi", "edoc_cao_bang"):
            path.unlink()
    return make_office("moving", catalog=os.pathsep.join(map(str, (base, site))))


@pytest.fixture
def reclassified(office: Office) -> Iterator[Callable[[bool], None]]:
    platform = yaml.safe_load((ROOT / f"catalog/sources/{SOURCE}.yml").read_text("utf-8"))["platform"]
    address = f"{office.simulator.url}/faults/{platform}/{UNIT}"

    def switch(on: bool) -> None:
        if on:
            requests.put(address, json={"kind": "reclassified"}, timeout=10).raise_for_status()
        else:
            requests.delete(address, timeout=10).raise_for_status()

    yield switch
    switch(False)


def _distance(hours: int) -> None:
    """The calendar of the site, laid over the project's: how far apart two pulls must be."""
    site = Path(os.environ["BAOCAO_CATALOG"].split(os.pathsep)[1])
    calendar = (ROOT / "catalog/calendar.yml").read_text("utf-8")
    assert "confirm_after_hours: 24" in calendar
    (site / "calendar.yml").write_text(calendar.replace("confirm_after_hours: 24", f"confirm_after_hours: {hours}"))


def _states(unit: str) -> dict[tuple[str, str, str], str]:
    return {
        (fact.indicator, fact.tier, fact.field): fact.state
        for fact in pipeline.facts(PERIOD, unit)
        if fact.value is not None and fact.indicator.startswith("tthc_")
    }


def _marked(office: Office, unit: str) -> int:
    sheet = openpyxl.load_workbook(io.BytesIO(office.form("II.06a", unit).read_bytes())).worksheets[0]
    return sum("*" in cell.number_format for cells in sheet.iter_rows() for cell in cells)


def _moving_findings() -> dict[str, str]:
    findings = Opened.open().warehouse.findings(PERIOD)
    return {finding.source: finding.message for finding in findings if finding.rule == "READ-MOVING"}


def test_figures_that_moved_are_marked_until_they_stay(office: Office, reclassified: Callable[[bool], None]) -> None:
    first = office.run()
    assert office.failures == {}
    assert first["parse"]["confirmed"] == 0
    before = {(f.indicator, f.tier, f.field): f.value for f in pipeline.facts(PERIOD, UNIT)}
    assert set(_states(UNIT).values()) == {"preliminary"}

    # A second pull too soon proves nothing: what it changes is a correction, not a figure that moves.
    reclassified(True)
    _distance(24)
    assert pipeline.plan_again(PERIOD) == []
    assert office.run()["parse"]["confirmed"] == 0
    after = {(f.indicator, f.tier, f.field): f.value for f in pipeline.facts(PERIOD, UNIT)}
    shown = [key for key in after if after[key] is not None and key[0].startswith("tthc_")]
    changed = {key for key in shown if after[key] != before[key]}
    assert changed
    assert {key for key, state in _states(UNIT).items() if state == "revised"} == changed
    assert _moving_findings() == {}

    # The same two pulls, had they been far enough apart.
    _distance(0)
    assert pipeline.plan_again(PERIOD) == sorted(pipeline.plan(PERIOD))
    again = pipeline.run_from_landed(PERIOD)
    assert again["parse"]["confirmed"] == 3
    moving = {key for key, state in _states(UNIT).items() if state == "moving"}
    assert changed <= moving, "every figure of another value, whatever it is made of"
    assert "final" not in _states(UNIT).values()
    assert ("tthc_received_total", "all", "all") not in moving, "what was received stayed, and is not marked"
    assert set(_states("01").values()) == {"preliminary"}
    (message,) = _moving_findings().values()
    assert "số liệu của kỳ đã chốt thay đổi giữa hai lần lấy cách nhau ít nhất 0 giờ" in message
    assert "→" in message
    assert _marked(office, UNIT) > 0
    assert _marked(office, "01") == 0
    values = {(f.indicator, f.tier, f.field): f.value for f in pipeline.facts(PERIOD, UNIT)}
    assert values == after, "a state alone changes no value"
    assert pipeline.run_from_landed(PERIOD)["record"]["revised"] == 0

    # The third pull answers as the second did: nothing moves any more.
    office.run()
    settled = _states(UNIT)
    assert {key for key, state in settled.items() if state == "revised"} == changed
    assert {state for key, state in settled.items() if key not in changed} == {"preliminary"}
    assert _moving_findings() == {}
    assert _marked(office, UNIT) == 0


def test_the_nation_is_withheld_and_so_not_marked(office: Office) -> None:
    assert _states(NATION) == {}
