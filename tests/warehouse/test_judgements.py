"""What the rules said of a load is kept with it, and read as of any moment."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import psycopg
import pyarrow as pa
import pytest

from etl.model import Finding, Waiver, WaiverUse
from etl.warehouse import RowTold, Warehouse
from tests.warehouse.samples import FILLED, PERIOD, Load, connect, figure, page, query, receipt, row, rows, sha


def test_what_each_rule_said_is_kept_with_its_load(warehouse: Warehouse) -> None:
    first = FILLED.into(warehouse)
    told = warehouse.rule_outcomes([PERIOD, "2026-Q2"])
    assert told.keys() == {PERIOD}
    assert (told[PERIOD].load, told[PERIOD].outcomes) == (first.load, tuple(FILLED.outcomes))
    assert warehouse.validations(first.load) == FILLED.validations

    passed = replace(FILLED.outcomes[0], state="pass", broken=0, sources={})
    second = replace(FILLED, outcomes=[passed], validations=[]).into(warehouse)
    assert warehouse.rule_outcomes([PERIOD])[PERIOD].outcomes == (passed,)
    assert warehouse.validations(second.load) == []
    then = warehouse.rule_outcomes([PERIOD], known_at=told[PERIOD].recorded_at)
    assert then == told


def test_approved_figures_keep_what_the_rules_said_of_them(warehouse: Warehouse) -> None:
    replace(FILLED, outcomes=[], validations=[]).into(warehouse)
    warehouse.lock_period(PERIOD, "A", "")
    figures = dict.fromkeys(FILLED.figures, figure(13))
    waiver = Waiver("MT-1", "onestop", "OS-3", "onestop_a", (PERIOD,), "lý do", "A", "B", dt.date(2099, 1, 1))
    passed = Finding("OS-3", "info", "onestop_a", PERIOD, "đã xét", waiver=waiver.id)
    uses = [WaiverUse(waiver, "used", 1)]
    waits = replace(FILLED, figures=figures, findings=[*FILLED.findings, passed], waivers=uses).into(warehouse)
    assert warehouse.rule_outcomes([PERIOD])[PERIOD].outcomes == (), "the figures wait, and with them what was said"
    assert waits.restatement is not None
    warehouse.approve(waits.restatement, "B")
    told = warehouse.rule_outcomes([PERIOD])[PERIOD]
    assert told.outcomes == tuple(FILLED.outcomes)
    assert warehouse.validations(told.load) == FILLED.validations
    assert warehouse.waivers(PERIOD) == uses
    assert [one.waiver for one in warehouse.findings(PERIOD) if one.rule == "OS-3"] == [waiver.id]


def test_the_rows_that_a_rule_speaks_of_are_found_in_the_newest_load(warehouse: Warehouse) -> None:
    def told(rule: str, unit: str, field: str) -> Finding:
        return Finding(rule, "critical", "a", PERIOD, "0", unit=unit, field=field, payload=sha("p"), row="/0")

    good = [row("a", "p", "/0", "00101", field=field) for field in ("land", "trade")]  # the same bytes for both
    held = rows([row("a", "p", "/0", "00102")], ["received"])
    first = Load(
        rows={"onestop": rows(good, ["received"])},
        quarantine={"onestop": held.append_column("rules", pa.array(["R"])).append_column("messages", pa.array(["0"]))},
        findings=[told("R", "00101", "trade"), told("R", "00102", "land"), told("S", "00101", "land")],
        receipts=[receipt("a", [page("p")])],
    )
    first.into(warehouse)
    found = {RowTold("a", "00101", "trade"), RowTold("a", "00102", "land")}
    assert warehouse.rows_told(PERIOD, "R") == found
    replace(first, findings=first.findings[:1]).into(warehouse)  # its rows are kept with the first load
    assert warehouse.rows_told(PERIOD, "R") == {RowTold("a", "00101", "trade")}
    assert warehouse.rows_told("2026-Q2", "R") == set()


def test_a_load_whose_outcomes_cannot_be_kept_is_not_recorded(warehouse: Warehouse, warehouse_url: str) -> None:
    twice = [*FILLED.outcomes, FILLED.outcomes[0]]
    with pytest.raises(ValueError, match="two outcomes"):
        replace(FILLED, outcomes=twice).into(warehouse)
    assert query(warehouse_url, "SELECT count(*) FROM baocao.load") == [(0,)]


@pytest.mark.parametrize("spoilt", ["broken = 1", "waived = 1", "reason = 'x'", "state = 'error'", "state = 'waived'"])
def test_an_outcome_that_contradicts_itself_is_refused(warehouse: Warehouse, warehouse_url: str, spoilt: str) -> None:
    passed = replace(FILLED.outcomes[0], state="pass", broken=0, sources={})
    replace(FILLED, outcomes=[passed]).into(warehouse)
    with connect(warehouse_url) as owner:
        owner.execute("ALTER TABLE baocao.rule_outcome DISABLE TRIGGER insert_only")
        with pytest.raises(psycopg.errors.CheckViolation):
            owner.execute(f"UPDATE baocao.rule_outcome SET {spoilt}")
