"""Figures against those of the quarter before: what was changed is found with both figures and both answers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import requests
from click.testing import CliRunner
from fastapi.testclient import TestClient

from etl import pipeline
from etl.__main__ import main
from etl.console import create_app
from etl.model import NATION, Finding, RuleOutcome
from etl.pipeline.office import Office as Opened
from tests.console.people import PEOPLE
from tests.end_to_end.office import ROOT, Office
from tests.end_to_end.relanding import landed, relanded
from tests.warehouse.samples import query

BEFORE, NOW = "2026-Q2", "2026-Q3"
STRUCK, UNIT = "onestop_bac_ninh", "24"
NEIGHBOURS = ("onestop_cao_bang", "onestop_hue")
LOCAL, CALENDAR, NATIONAL, LIST = "onestop_can_tho", "calendar_can_tho", "dvcqg_can_tho", "dossiers_can_tho"
DOSSIERS = """platform: dossier_list
unit: "92"
role: comparison
owner: Trung tâm Phục vụ hành chính công thành phố Cần Thơ
address: env:BAOCAO_SIMULATOR_URL/dossier_list/92
credential: env:BAOCAO_SIMULATOR_TOKEN
"""
"""The dossiers of the province whose declared statistics another source pulls."""
MORE = ("tongSo", "tiepNhanKyTruoc", "dangXuLyVaBoSung", "dangXuLyTrongHanVaBoSung")
"""Columns 3, 6, 11 and 12 of the form: what else an opening stock that is too high must raise."""
LIFT = 40


@pytest.fixture(scope="module")
def office(make_office: Callable[..., Office], tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Three provinces of three platforms over two quarters, and one with four systems in the second."""
    base = tmp_path_factory.mktemp("across") / "catalog"
    shutil.copytree(ROOT / "catalog", base)
    for path in base.glob("sources/*.yml"):
        if path.stem not in (STRUCK, *NEIGHBOURS, LOCAL, CALENDAR, NATIONAL):
            path.unlink()
    (base / f"sources/{LIST}.yml").write_text(DOSSIERS, "utf-8")
    made = make_office("across", catalog=str(base))
    made.run(BEFORE, [STRUCK, *NEIGHBOURS])
    made.run(NOW)
    assert made.failures == {}
    return made


def _found(rule: str) -> list[Finding]:
    return [one for one in Opened.open().warehouse.findings(NOW) if one.rule == rule]


def _outcomes() -> dict[str, RuleOutcome]:
    (judged,) = Opened.open().warehouse.rule_outcomes([NOW]).values()
    return {one.rule: one for one in judged.outcomes if one.dataset == "across"}


def test_a_sound_quarter_breaks_nothing_and_says_how_much_was_judged(office: Office) -> None:
    told = _outcomes()
    here = ("CHAIN", "CHAIN-DRIFT", "NATIONAL", "DECLARED")
    assert {rule: one.state for rule, one in told.items()} == {
        rule: "pass" if rule in here else "not_run" for rule in told
    }
    assert [one for rule in told for one in _found(rule)] == []
    stocks = [one for one in Opened.open().warehouse.facts_table(NOW).to_pylist() if one["leaf"]]
    opened = sum(one["indicator"] == "tthc_carried_over" for one in stocks)
    assert told["CHAIN"].judged + told["CHAIN"].unknown >= opened > told["CHAIN"].unknown > 0, "of one nothing is known"
    assert min(told[rule].judged for rule in ("NATIONAL", "DECLARED")) > 1000
    assert told["NATIONAL"].unknown > 1000, "the other days of the source that reports"
    assert {one.value is None for one in pipeline.facts(NOW, UNIT) if one.indicator == "tthc_carried_over"} == {False}


def test_an_opening_stock_that_is_none_is_found_and_withheld_with_what_is_made_of_it(office: Office) -> None:
    sound = {(one.unit, one.indicator, one.tier, one.field): one for one in _stocks()}
    struck: dict[str, Any] = {}

    def lift(document: dict[str, Any]) -> None:
        for record in document["data"]:
            if record["tiepNhanKyTruoc"] and record["catalog"] == "xa-phuong" and not struck:
                struck.update({"unit": record["maThongKe"], "closing": record["tiepNhanKyTruoc"]})
                for name in MORE:
                    record[name] += LIFT

    relanded(STRUCK, NOW, lift)
    pipeline.run_from_landed(NOW)
    (found,) = _found("CHAIN")
    assert (found.severity, found.source, found.unit, found.column) == (
        "critical",
        STRUCK,
        struck["unit"],
        "carried_over",
    )
    assert (found.value, found.expected) == (str(struck["closing"] + LIFT), str(struck["closing"]))
    assert (found.period, found.other_source, found.other_period) == (NOW, STRUCK, BEFORE)
    for payload, row, value, column in (
        (found.payload, found.row, found.value, "tiepNhanKyTruoc"),
        (found.other_payload, found.other_row, found.expected, "dangXuLyVaBoSung"),
    ):
        record = landed(payload)["data"][int(str(row).rsplit("/", 1)[1])]
        assert (record["maThongKe"], record[column]) == (struck["unit"], int(value))

    stands = query(
        os.environ["BAOCAO_WAREHOUSE_URL"],
        "SELECT other_period, other_payload FROM baocao.finding WHERE rule = 'CHAIN' "
        "AND load = (SELECT max(id) FROM baocao.load)",
    )
    assert stands == [(BEFORE, found.other_payload)]
    now = {(one.unit, one.indicator, one.tier, one.field): one for one in _stocks()}
    assert now.keys() == sound.keys()
    withheld = {key for key in now if now[key].value is None and sound[key].value is not None}
    assert withheld == {
        (unit, f"tthc_{measure}", tier, field)
        for measure in ("carried_over", "received_total")
        for unit, tier, field in {
            *((unit, "commune", field) for unit in (struck["unit"], UNIT) for field in (str(found.field), "all")),
            (UNIT, "all", "all"),
        }
    }
    for key in now.keys() - withheld:
        if key[1] == "tthc_resolved_total":
            assert now[key].value == sound[key].value

    report = pipeline.quality_report(NOW, unit=UNIT)
    (issue,) = (one for one in report["issues"] if "CHAIN" in one["rules"])
    assert issue["only"] > 0, "columns 3 and 6 of the form wait for it"
    assert {one["id"]: one["state"] for one in report["rules"]}["CHAIN"] == "fail"

    pipeline.run_from_landed(NOW)
    assert _found("CHAIN") == [found], "the same again"


def test_a_small_difference_is_told_and_withholds_nothing(office: Office) -> None:
    """The portal counts a few pending dossiers as resolved in the quarter before: their stock was carried over."""
    address = f"{office.simulator.url}/faults/tandan_06a/{UNIT}"
    office.pull(NOW, [STRUCK])
    requests.put(address, json={"kind": "reclassified"}, timeout=10).raise_for_status()
    try:
        office.pull(BEFORE, [STRUCK])
    finally:
        requests.delete(address, timeout=10).raise_for_status()
    for period in (BEFORE, NOW):
        pipeline.run_from_landed(period)
    assert _found("CHAIN") == []
    drift = _found("CHAIN-DRIFT")
    assert {one.severity for one in drift} == {"warning"}
    assert {Decimal(one.value) - Decimal(one.expected) for one in drift} <= {1, 2, 3}
    (closing,) = (
        one.value
        for one in pipeline.facts(BEFORE, UNIT, "tthc_pending_total")
        if (one.tier, one.field) == ("all", "all")
    )
    true = office.truth("II.06a", UNIT, BEFORE)["all", "all"]["pending_total"]
    assert sum(Decimal(one.value) - Decimal(one.expected) for one in drift) == true - closing > 0
    opened = Opened.open()
    here = {unit.code for unit in opened.catalog.tree(pipeline.office.closed(NOW)).below(UNIT)}
    assert None not in [one.value for one in _stocks() if one.unit in here]


def test_a_stock_that_changes_after_it_was_judged_is_told_until_the_quarter_is_judged_again(office: Office) -> None:
    """The quarter before is loaded again, then published and restated."""
    assert _told_of_the_quarter_before() is None, "the last test ran both, the earlier one first"
    struck: dict[str, Any] = {}

    def lift(document: dict[str, Any]) -> None:
        for record in document["data"]:
            if record["catalog"] == "xa-phuong" and record["dangXuLyVaBoSung"] and not struck:
                struck.update({"unit": record["maThongKe"], "was": record["dangXuLyVaBoSung"]})
                for name in MORE:
                    record[name] += LIFT

    relanded(STRUCK, BEFORE, lift)
    pipeline.run_from_landed(BEFORE)
    found = _told_of_the_quarter_before()
    assert found is not None
    (one,) = found["figures"]
    assert (found["period"], found["total"], found["again"]) == (BEFORE, 1, f"baocao replay {NOW}")
    assert (one["unit"], one["was"], one["now"]) == (struck["unit"], struck["was"], struck["was"] + LIFT)
    warehouse = Opened.open().warehouse
    loads = [warehouse.load_quality(warehouse.load_in_force(period) or 0) for period in (NOW, BEFORE)]
    assert found["judged_at"] == loads[0].recorded_at.isoformat()
    assert (one["load"], found["since"]) == (loads[1].load, loads[1].recorded_at.isoformat())
    assert pipeline.quality_report(NOW, unit=UNIT)["predecessor"] == found
    assert pipeline.quality_report(NOW, source="onestop_hue")["predecessor"] is None, "of another province"
    report = pipeline.quality_report(NOW)
    assert pipeline.validation_report(report)["predecessor"] == found
    for lang, words in (("vi", "Tồn cuối kỳ trước đã đổi"), ("en", "The stock before has changed")):
        page = pipeline.quality_page(report, lang)  # type: ignore[arg-type]
        assert words in page.split("<h2>")[1]
        assert one["unit_name"] in page.split("<h2>")[1]
    for command in ("review", "quality"):
        said = CliRunner().invoke(main, [command, NOW]).output
        assert f"{struck['was']} → {struck['was'] + LIFT}" in said, said
    console = TestClient(create_app(lambda: PEOPLE["viewer"], "a secret of this test"))
    for address in (f"/quality?period={NOW}", f"/quality/report?period={NOW}"):
        page = console.get(address).text
        assert one["unit_name"] in page.split("<table")[0] or "Tồn cuối kỳ trước đã đổi" in page
        assert f"baocao replay {NOW}" in page

    pipeline.run_from_landed(NOW)
    assert _told_of_the_quarter_before() is None
    (broken,) = _found("CHAIN")
    assert (broken.unit, int(broken.expected)) == (struck["unit"], struck["was"] + LIFT)
    assert "baocao replay" not in console.get(f"/quality?period={NOW}").text

    pipeline.lock(BEFORE, "Nguyễn Văn A")
    struck.clear()
    relanded(STRUCK, BEFORE, lift)
    pipeline.run_from_landed(BEFORE)
    assert _told_of_the_quarter_before() is None, "it waits for approval"
    (waits,) = (one for one in pipeline.restatements(BEFORE) if one["state"] == "waiting")
    pipeline.approve(waits["id"], "Trần Thị B")
    again = _told_of_the_quarter_before()
    assert again is not None
    assert [(one["unit"], one["now"] - one["was"]) for one in again["figures"]] == [(struck["unit"], LIFT)]


def _told_of_the_quarter_before() -> dict[str, Any] | None:
    told: dict[str, Any] | None = pipeline.review(NOW)["predecessor"]
    return told


def test_what_the_local_and_the_national_system_say_otherwise_is_found_on_the_same_days(office: Office) -> None:
    struck: dict[str, Any] = {}

    def lift(document: list[dict[str, Any]]) -> None:
        for record in document:
            if int(record["HTN_TRUCTUYEN"]) > 10 and "xã" in record["TEN"] and not struck:
                struck.update(record)
                for name in ("TNTK_TOTAL", "HTN_TRUCTUYEN", "HTDH"):
                    record[name] = str(int(record[name]) + LIFT)

    relanded(NATIONAL, NOW, lift)
    pipeline.run_from_landed(NOW)
    found = {one.column: one for one in _found("NATIONAL")}
    assert set(found) == {"received_total", "received_online", "resolved_total"}
    for one in found.values():
        assert (one.severity, one.source, one.other_source, one.other_period) == ("warning", CALENDAR, NATIONAL, NOW)
        assert int(one.expected) - int(one.value) == LIFT
    online = found["received_online"]
    here = landed(online.payload)[int(online.row.rsplit("/", 1)[1])]
    there = landed(online.other_payload)[int(str(online.other_row).rsplit("/", 1)[1])]
    assert (here["receivedOnline"], there["TEN"]) == (int(online.value), struck["TEN"])
    assert int(there["HTN_TRUCTUYEN"]) + int(there["HTN_TRUCTUYEN_KHONGCHUAN"]) == int(online.expected)
    assert here["agency"]["code"] == online.unit
    assert _outcomes()["NATIONAL"].sources == {CALENDAR: 3}


def test_what_is_declared_and_what_the_dossiers_add_up_to_are_held_side_by_side(office: Office) -> None:
    struck: dict[str, Any] = {}

    def lift(document: list[dict[str, Any]]) -> None:
        for record in document:
            if record["receivedOnline"] > 10 and len(record["agency"]["code"]) == 5 and not struck:
                struck.update(record)
                for name in ("received", "receivedOnline", "resolved", "resolvedEarly"):
                    record[name] += LIFT

    relanded(LOCAL, NOW, lift)
    pipeline.run_from_landed(NOW)
    found = {one.column: one for one in _found("DECLARED")}
    assert set(found) == {"received_total", "received_online", "resolved_total", "resolved_early"}
    for one in found.values():
        assert (one.source, one.other_source, one.unit) == (LOCAL, LIST, struck["agency"]["code"])
        assert int(one.value) - int(one.expected) == LIFT
    online = found["received_online"]
    assert landed(online.payload)[int(online.row.rsplit("/", 1)[1])]["receivedOnline"] == int(online.value)
    assert str(online.other_row).startswith("counted:")
    assert "danhSach" in landed(online.other_payload)
    assert {one.value is None for one in pipeline.facts(NOW, "92", "tthc_received_online")} == {False}


def _stocks() -> list[Any]:
    names = ("tthc_carried_over", "tthc_received_total", "tthc_resolved_total", "tthc_pending_total")
    return [one for one in Opened.open().warehouse.facts(NOW, indicators=names) if one.unit != NATION]
