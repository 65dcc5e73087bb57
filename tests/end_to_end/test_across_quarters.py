"""A sound country over twelve quarters, the reform of July 2025 among them: nothing is found.

Then, in the last quarter, one fault for each rule over two figures: each is found with both figures and both answers.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml

from etl import pipeline
from etl.model import Finding, RuleOutcome
from etl.pipeline.office import Office as Opened
from launcher.simulator import Simulator
from tests.end_to_end.office import ROOT, Office
from tests.end_to_end.relanding import landed, relanded
from tests.launcher.small_reform import make_catalog

QUARTERS = ("2023-Q4", *(f"{year}-Q{number}" for year in (2024, 2025) for number in (1, 2, 3, 4)),
            "2026-Q1", "2026-Q2", "2026-Q3")  # fmt: skip
LAST = QUARTERS[-1]
REFORMED = "2025-Q3"
CHAINED = ("04", "08", "22", "24", "25", "31", "40", "46", "56", "68", "80", "92")
"""Provinces of today whose predecessors report too."""
COMPARED = ("calendar_can_tho", "dvcqg_can_tho", "levels_nghe_an", "edoc_hai_phong", "edoc_phu_tho")
DOSSIERS = """platform: dossier_list
unit: "92"
role: comparison
owner: Trung tâm Phục vụ hành chính công thành phố Cần Thơ
address: env:BAOCAO_SIMULATOR_URL/dossier_list/92
credential: env:BAOCAO_SIMULATOR_TOKEN
"""


@dataclass(frozen=True)
class Loaded:
    findings: list[Finding]
    outcomes: dict[str, RuleOutcome]
    units: int

    def of(self, *rules: str) -> list[Finding]:
        return [one for one in self.findings if one.rule in rules]


def _sources() -> tuple[str, ...]:
    """Every one-stop source of today, those of the predecessors of some provinces, and those that are compared."""
    with (ROOT / "catalog/units/changes.csv").open(encoding="utf-8", newline="") as file:
        before = {row["old"] for row in csv.DictReader(file) if row["new"] in CHAINED and len(row["old"]) == 2}
    found = []
    for path in sorted((ROOT / "catalog/sources").glob("onestop_*.yml")):
        past = path.stem.startswith("onestop_2024_")
        if path.stem.startswith("onestop_scope"):
            continue
        if not past or yaml.safe_load(path.read_text("utf-8"))["unit"] in before | set(CHAINED):
            found.append(path.stem)
    return (*found, *COMPARED)


@pytest.fixture(scope="module")
def quarters(
    make_office: Callable[..., Office], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Loaded]]:
    """All provinces, a handful of communes under each."""
    folder = tmp_path_factory.mktemp("quarters")
    catalog = make_catalog(folder / "catalog", _sources())
    (catalog / "sources/dossiers_can_tho.yml").write_text(DOSSIERS, "utf-8")
    portals = Simulator(folder, scale=0.05, catalog=catalog)
    portals.start()
    with pytest.MonkeyPatch.context() as patch:
        office = make_office("quarters", catalog=str(catalog))
        for variable, value in portals.environment.items():
            patch.setenv(variable, value)
        pipeline.prepare()
        loaded = {}
        for quarter in QUARTERS:
            office.pull(quarter)
            assert office.failures == {}
            loaded[quarter] = _loaded(quarter)
        yield loaded
    portals.stop()


def _loaded(quarter: str) -> Loaded:
    """From what is landed."""
    pipeline.parse(quarter, "run")
    for dataset in pipeline.datasets():
        pipeline.check(quarter, "run", dataset)
    pipeline.compute(quarter, "run")
    pipeline.record(quarter, "run")
    warehouse = Opened.open().warehouse
    (judged,) = warehouse.rule_outcomes([quarter]).values()
    return Loaded(
        warehouse.findings(quarter),
        {one.rule: one for one in judged.outcomes if one.dataset == "across"},
        len({fact.unit for fact in warehouse.facts(quarter, indicators=["tthc_received_total"])}),
    )


def test_nothing_critical_is_found_in_any_quarter(quarters: dict[str, Loaded]) -> None:
    assert {
        quarter: found
        for quarter, one in quarters.items()
        if (found := [finding for finding in one.findings if finding.severity == "critical"])
    } == {}


def test_no_chain_is_broken_and_no_document_lost(quarters: dict[str, Loaded]) -> None:
    alarms = {
        quarter: found for quarter, one in quarters.items() if (found := one.of("CHAIN", "CHAIN-DRIFT", "MIRROR"))
    }
    assert alarms == {}
    first, *others = QUARTERS
    assert quarters[first].outcomes["CHAIN"].state == "not_run"
    assert quarters[first].outcomes["CHAIN"].unknown > 0
    assert min(quarters[quarter].outcomes["CHAIN"].judged for quarter in others) > 100
    judged = {quarter for quarter, one in quarters.items() if one.outcomes["MIRROR"].judged}
    assert judged == {quarter for quarter in QUARTERS if quarter >= REFORMED}


def test_two_sound_systems_agree(quarters: dict[str, Loaded]) -> None:
    for quarter in [one for one in QUARTERS if one >= REFORMED]:
        assert quarters[quarter].of("NATIONAL", "DECLARED", "SYSTEMS") == []
        assert min(quarters[quarter].outcomes[rule].judged for rule in ("NATIONAL", "DECLARED", "SYSTEMS")) > 50


def test_at_most_one_unit_in_a_hundred_jumps(quarters: dict[str, Loaded]) -> None:
    judged = [one for one in quarters.values() if one.outcomes["JUMP"].judged]
    assert len(judged) == len(QUARTERS) - 4, "every quarter that has one a year before"
    asked = [{finding.unit for finding in one.of("JUMP")} for one in judged]
    assert sum(map(len, asked)) <= sum(one.units for one in judged) / 100


@dataclass
class Struck:
    """What a portal has otherwise now. more: by how much each column of the first record of another commune is raised
    for which `when` holds."""

    more: Mapping[str, int]
    least: str
    avoid: set[str] = field(default_factory=set)
    record: dict[str, Any] = field(default_factory=dict)

    def __call__(self, document: Any) -> None:
        for record in document if isinstance(document, list) else document["data"]:
            place = next(str(record[name]) for name in ("maThongKe", "TEN", "agency") if name in record)
            if not self.record and int(record[self.least]) > 10 and place not in self.avoid and "Sở" not in str(record):
                self.record, was = record, dict(record)
                self.avoid.add(place)
                for name, by in self.more.items():
                    record[name] = type(was[name])(int(was[name]) + by)


def _opening(by: int) -> dict[str, int]:
    return dict.fromkeys(("tongSo", "tiepNhanKyTruoc", "dangXuLyVaBoSung", "dangXuLyTrongHanVaBoSung"), by)


def _done(by: int) -> dict[str, int]:
    return dict.fromkeys(("tongSo", "tiepNhanQuaMang", "daXuLyVaTraLai", "daXuLyTruocHan"), by)


def test_one_fault_of_every_rule_is_found_with_both_figures_and_both_answers(quarters: dict[str, Loaded]) -> None:
    struck: set[str] = set()
    faults = {
        "CHAIN": ("onestop_bac_ninh", Struck(_opening(400), "tiepNhanKyTruoc", struck)),
        "CHAIN-DRIFT": ("onestop_bac_ninh", Struck(_opening(2), "tiepNhanKyTruoc", struck)),
        "JUMP": ("onestop_bac_ninh", Struck(_done(20_000), "tiepNhanQuaMang", struck)),
        "SYSTEMS": ("levels_nghe_an", Struck(_done(500), "tiepNhanQuaMang")),
        "NATIONAL": (
            "dvcqg_can_tho",
            Struck(dict.fromkeys(("TNTK_TOTAL", "HTN_TRUCTUYEN", "HTDH"), 500), "HTN_TRUCTUYEN"),
        ),
        "DECLARED": (
            "onestop_can_tho",
            Struck(dict.fromkeys(("received", "receivedOnline", "resolved", "resolvedEarly"), 500), "receivedOnline"),
        ),
    }
    for source, strike in faults.values():
        relanded(source, LAST, strike)
        assert strike.record, source
    lost: list[dict[str, Any]] = []
    for edit in (lambda document: _lose(document, lost), lambda document: _declare(document, lost)):
        relanded("edoc_hai_phong", LAST, edit)

    now = _loaded(LAST)
    assert {rule: one.state for rule, one in now.outcomes.items()} == dict.fromkeys(now.outcomes, "fail")
    assert set(now.outcomes) == {*faults, "MIRROR"}
    for rule in now.outcomes:
        found = now.of(rule)
        assert found
        for one in found:
            assert one.unit
            assert one.value != one.expected
            assert None not in (one.payload, one.other_payload, one.other_source, one.other_period)
            for payload in (one.payload, one.other_payload):
                assert landed(payload)
    by = {
        rule: {abs(int(one.value) - int(one.expected)) for one in now.of(rule)}
        for rule in ("CHAIN", "CHAIN-DRIFT", "SYSTEMS", "NATIONAL", "DECLARED")
    }
    assert by == {"CHAIN": {400}, "CHAIN-DRIFT": {2}, "SYSTEMS": {500}, "NATIONAL": {500}, "DECLARED": {500}}
    assert [len(now.of(rule)) for rule in ("CHAIN", "CHAIN-DRIFT", "MIRROR")] == [1, 1, 1]
    assert {one.column for one in now.of("SYSTEMS", "NATIONAL", "DECLARED")} == {
        *("received_total", "received_online", "resolved_total", "resolved_early")
    }
    for rule in ("CHAIN", "CHAIN-DRIFT", "JUMP"):
        assert faults[rule][1].record["maThongKe"] in {one.unit for one in now.of(rule)}
    assert [one.rule for one in now.findings if one.severity == "critical"] == ["CHAIN"]
    held = pipeline.facts(LAST, faults["CHAIN"][1].record["maThongKe"], "tthc_carried_over")
    assert {one.reason for one in held if one.value is None} == {"quarantined"}


def _lose(document: dict[str, Any], lost: list[dict[str, Any]]) -> None:
    """Up to eight letters of the middle of the quarter."""
    pair = "000.00.00.X25", "000.00.00.X31"
    for item in document["data"]:
        inner = item["createdTime"][:10] not in ("2026/06/15", "2026/09/14")
        if (item["from"]["code"], item["to"]["code"]) == pair and inner and len(lost) < 8:
            lost.append({**item, "of": document["total"]})
    gone = {item["id"] for item in lost}
    document["data"] = [item for item in document["data"] if item["id"] not in gone]


def _declare(document: dict[str, Any], lost: list[dict[str, Any]]) -> None:
    document["total"] -= len(lost) if document["total"] in {item["of"] for item in lost} else 0
