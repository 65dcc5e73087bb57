"""A sound country over twelve quarters, the reform of July 2025 among them: nothing is found.

Then, in the last quarter, one fault for every rule that these portals can break, all at once: each is found as it was
planted, those over two figures with both figures and both answers, and nothing critical beside them.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import yaml

from etl import pipeline
from etl.model import Comparison, Finding, Rule, RuleOutcome
from etl.pipeline.office import Office as Opened
from launcher.simulator import Simulator
from tests.end_to_end.office import ROOT, Office
from tests.end_to_end.planting import COLUMNS, Ground, payloads, plant
from tests.end_to_end.relanding import landed, relanded
from tests.launcher.small_reform import make_catalog

QUARTERS = ("2023-Q4", *(f"{year}-Q{number}" for year in (2024, 2025) for number in (1, 2, 3, 4)),
            "2026-Q1", "2026-Q2", "2026-Q3")  # fmt: skip
LAST = QUARTERS[-1]
REFORMED = "2025-Q3"
CHAINED = ("04", "08", "22", "24", "25", "31", "40", "46", "56", "68", "80", "92")
"""Provinces of today whose predecessors report too."""
COMPARED = ("calendar_can_tho", "dvcqg_can_tho", "levels_nghe_an", "edoc_hai_phong", "edoc_phu_tho", "edoc_cao_bang")
DOSSIERS = """platform: dossier_list
unit: "92"
role: comparison
owner: Trung tâm Phục vụ hành chính công thành phố Cần Thơ
address: env:BAOCAO_SIMULATOR_URL/dossier_list/92
credential: env:BAOCAO_SIMULATOR_TOKEN
"""


ELSEWHERE = {
    "READ-BRIDGE": "no portal of the country is asked by days: test_bridge.py",
    "READ-GAP": "the same",
    "READ-MOVING": "needs a second pull, a day later: test_moving.py",
    "READ-TOTAL": "no one-stop platform declares codes of totals: tests/parsing/test_total_rows.py",
    "READ-SWAP-BLIND": "is no fault: tests/drift/test_blind.py",
    "READ-LEFT-OUT": "is no fault: tests/parsing/test_total_rows.py",
    "READ-OTHER": "no reader finds anything of another kind: tests/quality/test_quality_rules.py",
    "UNIT-KNOWN": "READ-UNIT names it first: tests/quality/test_quality_rules.py",
    "UNIT-OWN": "READ-UNIT names it first: tests/quality/test_quality_rules.py",
    "FIELD-KNOWN": "READ-FIELD names it first: tests/quality/test_quality_rules.py",
    "WAIVER-EXPIRED": "is no fault of a portal: test_waivers.py",
    "WAIVER-IDLE": "the same",
}
"""Rules that no answer of these portals can break, and where they are seen to fire."""


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

    ground = plant(LAST)
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
    held = pipeline.facts(LAST, faults["CHAIN"][1].record["maThongKe"], "tthc_carried_over")
    assert {one.reason for one in held if one.value is None} == {"quarantined"}

    _demand_planted(ground, now)


def _demand_planted(ground: Ground, now: Loaded) -> None:
    """Each fault of the ground is found as it was planted, and nothing critical is that was not."""
    found: dict[tuple[str, str, str | None, str | None], list[Finding]] = {}
    for one in now.findings:
        found.setdefault((one.rule, one.source, one.unit, one.field), []).append(one)
    for told in ground.told:
        same = [
            one
            for one in found.get(told.key, [])
            if told.value in (None, one.value) and told.payload in (None, one.payload)
        ]
        assert same, (told, found.get(told.key))
        for one in same:
            assert one.payload is None or one.payload in payloads(told.source, LAST), told
    planted = {told.key for told in ground.told}
    critical = {key for key, ones in found.items() if ones[0].severity == "critical" and key[0] != "CHAIN"}
    assert {key for key in critical - planted if key[:2] not in ground.follows} == set()
    assert len(now.of("CHAIN")) == 1
    struck = {told.rule for told in ground.told} | set(now.outcomes) | {one.rule for one in now.of("READ-WINDOW")}
    every = {rule.id for name in ("onestop", "across") for rule in _rules(name)}
    assert every - struck == ELSEWHERE.keys()
    _demand_truth(ground)


def _demand_truth(ground: Ground) -> None:
    """What stood there before is the simulator's own count, and what should stand there is told to the reviewer."""
    for (_, unit, name), record in ground.was.items():
        asked = {"unit": unit, "period": LAST}
        answer = requests.get(f"{os.environ['BAOCAO_SIMULATOR_URL']}/truth/II.06a", params=asked, timeout=60).json()
        (truth,) = (row for row in answer["rows"] if (row["tier"], row["field"]) == ("commune", name))
        assert {measure: record[column] for measure, column in COLUMNS.items()} == {one: truth[one] for one in COLUMNS}
    rows = pipeline.quarantine(LAST)["rows"]
    held = {
        (one["rule"], row["source"], row["unit"], row["field"]): (row, one) for row in rows for one in row["broken"]
    }
    sums = [told for told in ground.told if told.expected is not None]
    assert len(sums) == 4
    for told in sums:
        row, one = held[told.key]
        assert (int(one["value"]), int(one["expected"])) == (int(str(told.value).split(", ")[0]), told.expected)
        assert (one["since"], row["payload"]) == (LAST, told.payload)
        assert row["held"]["figures"] > 0
    lines = {way["line"] for row in rows for way in row["releases"]}
    for start in ('lookups: {unit: {"99999": ', 'lookups: {field: {"linh_vuc_la": ', f"accepted: {{{LAST}: ["):
        assert any(line.startswith(start) for line in lines), start


def _rules(name: str) -> Sequence[Rule | Comparison]:
    opened = Opened.open()
    return opened.across().rules if name == "across" else opened.suite(name).rules


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
