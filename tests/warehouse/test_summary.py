"""What the latest load says about itself, and the issues of forms."""

from __future__ import annotations

import json
from dataclasses import replace

from etl.model import PULL_STATES
from etl.warehouse import Warehouse
from tests.warehouse.samples import FILLED, NOON, PERIOD, Load, figure, issue, query, receipt


def test_a_period_that_was_never_loaded(warehouse: Warehouse) -> None:
    assert warehouse.summary(PERIOD) == {"period": PERIOD, "load": None}
    assert warehouse.facts(PERIOD) == []
    assert warehouse.facts_table(PERIOD).num_rows == 0
    assert warehouse.holes(PERIOD) == []
    assert warehouse.findings(PERIOD) == []


def test_the_latest_load_in_numbers(warehouse: Warehouse) -> None:
    withheld = {("received", "00102", "commune", "land"): figure(None, "quarantined")}
    down = receipt("onestop_b", [], state="timed_out")
    recorded = Load(
        {**FILLED.figures, **withheld},
        FILLED.rows,
        FILLED.quarantine,
        FILLED.findings,
        FILLED.holes,
        [*FILLED.receipts, down],
    ).into(warehouse)
    issue(warehouse, "II.06a", "01", PERIOD, NOON, "a" * 64, "file:///1.xlsx", True)
    told = json.loads(json.dumps(warehouse.summary(PERIOD)))
    assert told.pop("recorded_at") == told.pop("figures_at")
    assert told == {
        "period": PERIOD,
        "load": recorded.load,
        "run": "lượt thử",
        "catalog_version": "c1",
        "catalog_revision": None,
        "rules_version": "r1",
        "new": 3,
        "revised": 0,
        "same": 0,
        "withheld": {"quarantined": 1},
        "sources": {"complete": 1, "timed_out": 1},
        "rows": {"onestop": 1},
        "compared": {},
        "quarantined": {"OS-1": 1, "OS-2": 1},
        "findings": {"critical": 1},
        "forms": {"II.06a": 1},
    }


def test_every_state_of_a_pull_is_kept_and_what_proved_it(warehouse: Warehouse, warehouse_url: str) -> None:
    made = [receipt(f"source_{state}", [], state=state) for state in PULL_STATES]
    proven = replace(receipt("onestop_a", [], id="proven"), proof=("declared_total", "not_empty"))
    Load(FILLED.figures, receipts=[*made, proven]).into(warehouse)
    assert warehouse.summary(PERIOD)["sources"] == {state: 2 if state == "complete" else 1 for state in PULL_STATES}
    kept = dict(query(warehouse_url, "SELECT id, proof FROM baocao.receipt"))
    assert kept.pop("proven") == ["declared_total", "not_empty"]
    assert set(map(tuple, kept.values())) == {()}


def test_holes_and_findings_are_those_of_the_latest_load(warehouse: Warehouse) -> None:
    FILLED.into(warehouse)
    assert warehouse.holes(PERIOD) == list(FILLED.holes)
    assert warehouse.findings(PERIOD) == list(FILLED.findings)
    assert warehouse.findings(PERIOD, "onestop_a") == list(FILLED.findings)
    assert warehouse.findings(PERIOD, "onestop_b") == []
    Load(FILLED.figures).into(warehouse)
    assert warehouse.holes(PERIOD) == []
    assert warehouse.findings(PERIOD) == []


def test_facts_of_one_unit_of_some_units_of_some_indicators(warehouse: Warehouse) -> None:
    codes = ["01", "02", "VN"]
    Load({(name, unit, "commune", "all"): figure(1) for name in ("received", "sent") for unit in codes}).into(warehouse)

    def units(**asked: object) -> list[tuple[str, str]]:
        return [(fact.unit, fact.indicator) for fact in warehouse.facts(PERIOD, **asked)]  # type: ignore[arg-type]

    assert units(unit="02") == [("02", "received"), ("02", "sent")]
    assert units(units={"VN", "01"}, indicators=["sent"]) == [("01", "sent"), ("VN", "sent")]
    assert units(units=[]) == []
    assert len(units()) == 6


def test_an_issue_is_noted_when_it_differs_from_the_last(warehouse: Warehouse) -> None:
    issues = [
        issue(warehouse, "II.06a", unit, PERIOD, NOON, digest * 64, f"file:///{digest}.xlsx", True)
        for unit, digest in [("01", "a"), ("01", "a"), ("02", "a"), ("01", "b"), ("01", "a")]
    ]
    assert issues == [True, False, True, True, True]
