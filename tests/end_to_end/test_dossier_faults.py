"""Dossiers that spoil the statistics, of two provinces: one that has some, and one whose list is empty."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import pytest
import requests

from etl import pipeline
from etl.pipeline.office import Office as Opened
from launcher.simulator import Simulator
from tests.end_to_end.office import PERIOD, ROOT, Office

YAML = """\
platform: tandan_errors
unit: "{code}"
owner: Trung tâm Phục vụ hành chính công
address: env:BAOCAO_SIMULATOR_URL/tandan_errors/{code}
"""
SMALL = 30
"""Rows of a page, so that a list has several."""


@pytest.fixture(scope="module")
def listed(simulator: Simulator, provinces: dict[str, str]) -> dict[str, int]:
    """How many faulty dossiers each province has."""
    found = {}
    for code in provinces:
        answer = requests.get(
            f"{simulator.url}/truth/dossier_faults", params={"unit": code, "period": PERIOD}, timeout=60
        )
        found[code] = next(row["listed"] for row in answer.json()["rows"] if row["tier"] == "all")
    return found


@pytest.fixture(scope="module")
def sound(listed: dict[str, int]) -> str:
    return min(listed, key=lambda code: (listed[code], code))


@pytest.fixture(scope="module")
def faulty(listed: dict[str, int]) -> str:
    return max(listed, key=lambda code: (listed[code], code))


@pytest.fixture(scope="module")
def office(
    make_office: Callable[..., Office], sound: str, faulty: str, tmp_path_factory: pytest.TempPathFactory
) -> Office:
    home = tmp_path_factory.mktemp("faulty")
    base, site = home / "catalog", home / "site"
    shutil.copytree(ROOT / "catalog", base, ignore=shutil.ignore_patterns("sources"))
    for folder in ("sources", "platforms"):
        (site / folder).mkdir(parents=True)
    for code in (sound, faulty):
        (site / f"sources/faults_{code}.yml").write_text(YAML.format(code=code), "utf-8")
    text = (ROOT / "catalog/platforms/tandan_errors.yml").read_text("utf-8")
    assert text.count("size: 500,") == 1
    (site / "platforms/tandan_errors.yml").write_text(text.replace("size: 500,", f"size: {SMALL},"), "utf-8")
    made = make_office("faulty", catalog=os.pathsep.join(map(str, (base, site))))
    made.run()
    assert made.failures == {}
    return made


def test_every_figure_of_every_unit_is_the_truth(
    office: Office, listed: dict[str, int], sound: str, faulty: str
) -> None:
    assert listed[faulty] > 2 * SMALL > listed[sound] == 0
    tree = Opened.open().catalog.tree(pipeline.office.closed(PERIOD))
    compared, wrong = 0, 0
    for province in (sound, faulty):
        for unit in tree.below(province):
            truth = office.truth("dossier_faults", unit.code)
            facts = [fact for fact in pipeline.facts(PERIOD, unit.code) if fact.indicator.startswith("fault_")]
            assert {fact.tier for fact in facts} == {
                tier for tier, _ in truth if unit.level == "province" or tier != "all"
            }
            for fact in facts:
                assert fact.value == truth[fact.tier, "all"][fact.indicator.removeprefix("fault_")], fact
                compared += 1
                wrong += bool(fact.value)
    assert compared > 1000
    assert wrong > 100


def test_an_empty_list_is_told(office: Office, sound: str) -> None:
    found = [finding for finding in Opened.open().warehouse.findings(PERIOD) if finding.rule == "READ-EMPTY"]
    assert [(finding.source, finding.severity) for finding in found] == [(f"faults_{sound}", "info")]
    (path,) = office.home.glob(f"**/receipts/faults_{sound}/{PERIOD}/*.json")
    assert '"not_empty"' not in path.read_text("utf-8")
    assert '"declared_total"' in path.read_text("utf-8")


def test_a_list_that_lost_its_dossiers_is_not_nought(office: Office, faulty: str) -> None:
    before = {fact for fact in pipeline.facts(PERIOD, faulty) if fact.indicator.startswith("fault_")}
    where = f"{office.simulator.url}/faults/tandan_errors/{faulty}"
    requests.put(where, json={"kind": "empty"}, timeout=10).raise_for_status()
    try:
        office.pull(sources=[f"faults_{faulty}"])
    finally:
        requests.delete(where, timeout=10).raise_for_status()
    assert set(office.failures) == {f"faults_{faulty}"}
    receipts = Opened.open().landing.receipts(f"faults_{faulty}", PERIOD)
    assert receipts[-1].state == "short"
    pipeline.run_from_landed(PERIOD)
    assert {fact for fact in pipeline.facts(PERIOD, faulty) if fact.indicator.startswith("fault_")} == before
