"""What a check hands on: rows parted without loss, findings that point, holes, and errors that block."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from etl import quality
from etl.errors import QualityError
from etl.model import Finding, Hole, Source, Suite, Unit
from etl.quality.gx import judge
from etl.settings import ROOT
from etl.units import UnitTree
from tests.quality.country import COMMUNES, MEASURES, PERIOD, SUITES, due, everyone, given, row, table, tree

ONESTOP = SUITES["onestop"]


def check(rows: list[dict[str, Any]] | pa.Table | Path, suite: Suite = ONESTOP, **changes: Any) -> quality.Outcome:
    sources = changes.get("due", due(suite.dataset))
    usual = {"period": PERIOD, "due": sources, "given": given(suite.dataset, sources), "tree": tree()}
    return quality.check(
        table(suite.dataset, rows) if isinstance(rows, list) else rows,
        suite,
        **{"dataset": suite.dataset, **usual, **changes},
    )


def mend(rule: str, **changes: Any) -> Suite:
    rules = tuple(dataclasses.replace(one, **changes) if one.id == rule else one for one in ONESTOP.rules)
    assert rules != ONESTOP.rules
    return dataclasses.replace(ONESTOP, rules=rules)


def hole(source: str, province: str, unit: str | None, tier: str | None, field: str | None, reason: Any) -> Hole:
    return Hole("onestop", source, province, unit, tier, field, reason)


def test_a_broken_row_is_quarantined_with_its_values_and_leaves_a_hole(tmp_path: Path) -> None:
    rows = everyone("onestop")
    rows[2] = row("onestop", "01002", received_total=31, pointer="/data/17")
    path = tmp_path / "rows.parquet"
    pq.write_table(table("onestop", rows), path)
    outcome = check(path)
    assert outcome.good.schema == table("onestop", []).schema
    assert outcome.good.to_pylist() == rows[:2] + rows[3:]
    assert outcome.quarantine.to_pylist() == [
        rows[2]
        | {
            "rules": "II06A-3-SUM; II06A-3-BALANCE",
            "messages": "không đạt: Tổng số nhận giải quyết bằng trực tuyến, trực tiếp và kỳ trước cộng lại; "
            "không đạt: Số nhận giải quyết bằng số đã giải quyết và đang giải quyết cộng lại",
        }
    ]
    assert outcome.holes == [hole("onestop_01", "01", "01002", "commune", "ho_tich", "quarantined")]
    found = {finding.rule: finding for finding in outcome.findings}
    assert set(found) == {"II06A-3-SUM", "II06A-3-BALANCE"}
    balance = found["II06A-3-BALANCE"]
    assert (balance.severity, balance.source, balance.period) == ("critical", "onestop_01", "2026-Q3")
    assert (balance.unit, balance.field, balance.payload, balance.row) == ("01002", "ho_tich", "5e" * 32, "/data/17")
    assert (balance.column, balance.value) == ("received_total, resolved_total, pending_total", "31, 20, 10")
    assert balance.expected == "(3) = (7) + (11)"
    assert balance.message.startswith("01002, lĩnh vực ho_tich: ")


def test_the_sentence_of_the_reader_is_kept() -> None:
    said = {"problem": "không đọc được số '1.234'", "problem_rule": "READ-NUMBER"}
    rows = everyone("onestop")
    rows[1] = row("onestop", "01001", carried_over=None, **said)
    outcome = check(rows)
    assert outcome.quarantine["messages"].to_pylist() == ["không đọc được số '1.234'"]
    assert [finding.message for finding in outcome.findings] == ["01001, lĩnh vực ho_tich: không đọc được số '1.234'"]


def test_every_row_of_a_duplicate_is_held_and_the_hole_stands_once() -> None:
    outcome = check([*everyone("onestop"), row("onestop", "02002", pointer="/again")])
    assert outcome.quarantine["pointer"].to_pylist() == ["/rows/02002", "/again"]
    assert outcome.holes == [hole("onestop_02", "02", "02002", "commune", "ho_tich", "quarantined")]


def test_departments_of_a_province_and_fields_of_a_commune_are_no_duplicates() -> None:
    more = [row("onestop", "01", agency="01.02"), row("onestop", "01001", field="dat_dai")]
    assert check([*everyone("onestop"), *more]).quarantine.num_rows == 0


def test_what_is_not_known_of_a_row_is_not_known_of_its_hole() -> None:
    unread = {"problem": "?", "problem_rule": "READ-UNIT", "unit": None, "tier": None}
    rows = [
        *everyone("onestop"),
        row("onestop", "01001", agency="lạ", **unread),
        row("onestop", "02001", agency="lạ", field=None, problem="?", problem_rule="READ-FIELD"),
        row("onestop", "03001", agency="01003", field="y_te", unit="01003"),
        row("onestop", "03001", agency="lạ", field="y_te", **unread | {"tier": "commune"}),
        row("onestop", "03001", agency="xã", field="y_te", tier=None),
    ]
    assert check(rows).holes == [
        hole("onestop_01", "01", None, None, "ho_tich", "quarantined"),
        hole("onestop_02", "02", "02001", "commune", None, "quarantined"),
        hole("onestop_03", "03", None, None, "y_te", "quarantined"),
        hole("onestop_03", "03", None, "commune", "y_te", "quarantined"),
        hole("onestop_03", "03", "03001", None, "y_te", "quarantined"),
    ]


def test_what_a_source_for_comparison_lacks_is_found_and_leaves_no_hole() -> None:
    compared = [dataclasses.replace(source, id=f"so_{source.unit}", role="comparison") for source in due("onestop")]
    rows = everyone("onestop")
    others = [one | {"source": "so_01"} for one in rows if one["source"] == "onestop_01"]
    others[1] |= {"received_total": 31}
    outcome = check([*rows, *others[:3]], due=[*due("onestop"), *compared])
    assert outcome.holes == []
    assert [(finding.rule, finding.source, finding.unit) for finding in outcome.findings] == [
        ("II06A-3-SUM", "so_01", "01001"),
        ("II06A-3-BALANCE", "so_01", "01001"),
        ("SOURCE-PRESENT", "so_02", None),
        ("SOURCE-PRESENT", "so_03", None),
        ("COMMUNE-PRESENT", "so_01", "01003"),
    ]
    assert outcome.good.to_pylist() == [*rows, others[0], others[2]]
    assert outcome.quarantine["source"].to_pylist() == ["so_01"]


@pytest.mark.parametrize("dataset", ["onestop", "edoc", "procedure"])
def test_what_another_source_says_of_a_unit_does_not_stand_for_its_own(dataset: str) -> None:
    compared = dataclasses.replace(due(dataset, ["01"])[0], id="so_01", role="comparison")
    rows = everyone(dataset)
    others = [one | {"source": "so_01"} for one in rows if one["source"] == f"{dataset}_01"]
    kept = [one for one in rows if one["unit"] not in ("01", "01003")]
    outcome = check([*kept, *others], SUITES[dataset], due=[*due(dataset), compared])
    assert [(one.source, one.unit, one.reason) for one in outcome.holes] == [
        (f"{dataset}_01", "01003", "missing_unit"),
        (f"{dataset}_01", "01", "missing_unit"),
    ]


def test_a_commune_with_a_source_of_its_own_is_left_to_it() -> None:
    own = Source("hop_thu", "x", "01002", "x", "x")
    sources = [*due("onestop"), own]
    rows = [one for one in everyone("onestop") if one["unit"] != "01002"]
    inbox = row("onestop", "01002", source="hop_thu")
    assert check([*rows, inbox], due=sources).holes == []
    alone = check(rows, due=sources)
    assert alone.holes == [hole("hop_thu", "01002", None, None, None, "missing_source")]
    twice = check([*rows, inbox, row("onestop", "01002")], due=sources)
    assert [(finding.rule, finding.source, finding.unit) for finding in twice.findings] == [
        ("UNIT-OWN", "onestop_01", "01002")
    ]
    assert twice.holes == [hole("onestop_01", "01", None, None, "ho_tich", "quarantined")]
    compared = dataclasses.replace(own, role="comparison")
    assert check([*everyone("onestop"), inbox], due=[*due("onestop"), compared]).findings == []


def test_what_is_missing_is_a_finding_and_a_hole() -> None:
    rows = [one for one in everyone("onestop") if one["source"] != "onestop_02" and one["unit"] not in ("01", "01003")]
    outcome = check(rows)
    assert outcome.holes == [
        hole("onestop_02", "02", None, None, None, "missing_source"),
        hole("onestop_01", "01", "01003", "commune", None, "missing_unit"),
        hole("onestop_01", "01", "01", "province", None, "missing_unit"),
    ]
    assert [(finding.rule, finding.source, finding.unit) for finding in outcome.findings] == [
        ("SOURCE-PRESENT", "onestop_02", None),
        ("COMMUNE-PRESENT", "onestop_01", "01003"),
        ("PROVINCE-PRESENT", "onestop_01", "01"),
    ]
    assert outcome.findings[1].message.startswith("Đơn vị 01003 (01003, nguồn onestop_01): ")
    assert outcome.counts["source"].to_pylist() == ["onestop_01", "onestop_02", "onestop_03"]
    assert outcome.counts["rows"].to_pylist() == [2, 0, 2]


@pytest.mark.parametrize("dataset", SUITES)
def test_an_empty_batch_passes_nothing(dataset: str) -> None:
    outcome = check([], SUITES[dataset])
    assert [(one.reason, one.province) for one in outcome.holes] == [("missing_source", code) for code in COMMUNES]
    state = {judged.rule: judged.state for judged in outcome.rules}
    assert state.pop("SOURCE-PRESENT") == "fail"
    assert set(state.values()) == {"not_run"}
    assert (outcome.good.num_rows, outcome.quarantine.num_rows) == (0, 0)
    assert outcome.quarantine.column_names[-2:] == ["rules", "messages"]


def test_a_warning_leaves_the_row_in_the_figures() -> None:
    rows = everyone("edoc")
    rows[1] = row("edoc", "01001", sent=0, sent_signed=0, received=300, exchanged=300)
    outcome = check(rows, SUITES["edoc"])
    assert outcome.good.num_rows == len(rows)
    assert outcome.holes == []
    assert [(finding.rule, finding.severity) for finding in outcome.findings] == [("NONE-SENT", "warning")]


def test_no_row_is_lost_when_all_are_bad() -> None:
    rows = [row("onestop", "01001", agency=str(index), received_total=31) for index in range(5000)]
    outcome = check(rows)
    assert (outcome.good.num_rows, outcome.quarantine.num_rows) == (0, 5000)
    assert outcome.counts["quarantined"].to_pylist() == [5000, 0, 0]


def test_a_missing_measure_withholds_the_dataset() -> None:
    outcome = check(table("onestop", everyone("onestop")).drop_columns(["carried_over"]))
    assert {one.rule for one in outcome.rules if one.state == "error"} == {
        rule.id for rule in ONESTOP.rules if "carried_over" in (*rule.show, *re.findall(r"\w+", rule.violation))
    }
    assert {one.source for one in outcome.holes if one.reason == "unchecked"} == {one.id for one in due("onestop")}


@pytest.mark.parametrize("column", ["problem_rule", "pointer"])
def test_a_missing_column_blocks(column: str) -> None:
    with pytest.raises(QualityError, match=column):
        check(table("onestop", everyone("onestop")).drop_columns([column]))


UNABLE = [
    ("II06A-3-SUM", "received_total <>"),
    ("II06A-3-SUM", "1 / 0 > raw::int"),
    ("II06A-7-SUM", "resolved_total <> resolved_late"),
    ("COMMUNE-PRESENT", "select source, unit from reach"),
    ("COMMUNE-PRESENT", "select source, unit, tier from register"),
    ("NONE-ONLINE", "received_online = 0 and received_direct_postal >= 501"),
]
"""The last one runs, and no more fires on the record that must break it."""


@pytest.mark.parametrize(("rule", "violation"), UNABLE)
def test_a_rule_that_cannot_judge_withholds_its_dataset_and_the_others_are_judged(rule: str, violation: str) -> None:
    rows = everyone("onestop")
    rows[2] = row("onestop", "01002", resolved_early=11)
    whole = check(rows)
    outcome = check(rows, mend(rule, violation=violation))
    states = {judged.rule: judged.state for judged in outcome.rules}
    assert states.pop(rule) == "error"
    assert states == {judged.rule: judged.state for judged in whole.rules if judged.rule != rule}
    told = next(judged for judged in outcome.rules if judged.rule == rule)
    assert (told.proven, bool(told.reason)) == (False if rule == "NONE-ONLINE" else None, True)
    assert [hole for hole in outcome.holes if hole.reason == "unchecked"] == [
        hole(f"onestop_{code}", code, None, None, None, "unchecked") for code in COMMUNES
    ]
    found = [finding for finding in outcome.findings if finding.rule == rule]
    assert [(finding.source, finding.severity) for finding in found] == [
        (f"onestop_{code}", "critical") for code in COMMUNES
    ]
    assert all("bộ onestop" in finding.message and told.reason in finding.message for finding in found)
    assert "baocao rules prove" in found[0].expected
    assert outcome.good.num_rows + outcome.quarantine.num_rows == len(rows)


def test_a_rule_that_shows_what_is_not_there_cannot_judge() -> None:
    outcome = check(everyone("onestop"), mend("UNIQUE", show=("agency", "received_late")))
    assert {judged.rule for judged in outcome.rules if judged.state == "error"} == {"UNIQUE"}


def test_a_table_rule_may_reject_all_that_a_source_gave() -> None:
    doubts = "select distinct source, null as unit, null as tier from rows where unit = '02001' and received_total = 31"
    suite = mend("SOURCE-PRESENT", violation=doubts, breaks=({"unit": "02001", "received_total": 31},))
    rows = everyone("onestop")
    rows[5] = row("onestop", "02001", received_total=31, received_online=19, pending_total=11, pending_in_time=10)
    outcome = check(rows, suite)
    assert outcome.quarantine["source"].to_pylist() == ["onestop_02"] * 3
    assert set(outcome.quarantine["rules"].to_pylist()) == {"SOURCE-PRESENT"}
    assert hole("onestop_02", "02", None, None, None, "quarantined") in outcome.holes
    assert {one.source for one in outcome.holes} == {"onestop_02"}
    assert {one["source"] for one in outcome.good.to_pylist()} == {"onestop_01", "onestop_03"}


@pytest.mark.parametrize("dataset", SUITES)
def test_a_dataset_that_cannot_be_judged_withholds_everything(dataset: str) -> None:
    rows, sources = table(dataset, everyone(dataset)), due(dataset)
    compared = dataclasses.replace(sources[0], id="so_01", role="comparison")
    outcome = quality.unjudged(rows, SUITES[dataset], period=PERIOD, due=[*sources, compared], reason="thử")
    assert (outcome.good.num_rows, outcome.good.schema) == (0, rows.schema)
    assert [(one.source, one.reason) for one in outcome.holes] == [(one.id, "unchecked") for one in sources]
    assert {one.state for one in outcome.rules} == {"error"}
    assert [one.rule for one in outcome.rules] == [rule.id for rule in SUITES[dataset].rules]
    assert {(one.source, one.severity) for one in outcome.findings} == {
        (one.id, "critical") for one in [*sources, compared]
    }


def test_what_would_judge_nothing_blocks() -> None:
    rows = everyone("onestop")
    with pytest.raises(QualityError, match="no source is due"):
        check(rows, due=[])
    with pytest.raises(QualityError, match="has no rule"):
        check(rows, dataclasses.replace(ONESTOP, rules=()))
    with pytest.raises(QualityError, match="READ-UNIT stands twice"):
        check(rows, dataclasses.replace(ONESTOP, rules=(*ONESTOP.rules, ONESTOP.rules[0])))
    with pytest.raises(QualityError, match="the suite is for onestop"):
        check(rows, dataset="edoc")
    with pytest.raises(QualityError, match="does not name its source"):
        check([*rows, row("onestop", "01001", source=None)])
    with pytest.raises(QualityError, match="not in force"):
        check(rows, tree=tree({"01": ("01001",)}))


def test_great_expectations_is_not_believed_when_it_did_not_judge() -> None:
    outcome = check(everyone("onestop"))
    sources = [source.id for source in due("onestop")]
    assert set(judge(ONESTOP, outcome.counts, sources).states.values()) == {"pass"}
    unseen = judge(ONESTOP, outcome.counts.drop_columns(["bad_UNIQUE"]), sources)
    assert (unseen.states["UNIQUE"], set(unseen.errors)) == ("error", {"UNIQUE"})
    with pytest.raises(QualityError, match="a due source is missing"):
        judge(ONESTOP, outcome.counts, [*sources, "onestop_04"])
    twice = dataclasses.replace(ONESTOP, rules=(*ONESTOP.rules[1:], ONESTOP.rules[1]))
    with pytest.raises(QualityError, match=f"of {len(ONESTOP.rules)} expectations"):
        judge(twice, outcome.counts, sources)


def test_the_audit_record_is_json_and_names_failing_sources() -> None:
    outcome = check([*everyone("onestop"), row("onestop", "03001")])
    record = json.loads(json.dumps(outcome.gx))
    assert len(record["results"]) == len(ONESTOP.rules) + 1
    failed = [one for one in record["results"] if not one["success"]]
    assert [one["expectation_config"]["meta"]["id"] for one in failed] == ["UNIQUE"]
    assert failed[0]["result"]["unexpected_index_list"] == [{"bad_UNIQUE": 2, "source": "onestop_03"}]


def test_importing_the_module_does_not_import_great_expectations() -> None:
    code = "import sys, etl.quality; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_measure_that_a_platform_does_not_have_is_not_missed_of_its_rows() -> None:
    absent = ("received_online", "received_direct_postal", "resolved_early", "resolved_on_time")
    rows = [{**one, **(dict.fromkeys(absent) if one["source"] == "onestop_02" else {})} for one in everyone("onestop")]
    has = {**given("onestop"), "onestop_02": [name for name in MEASURES["onestop"] if name not in absent]}
    assert check(rows, given=has).quarantine.num_rows == 0
    assert set(check(rows).quarantine["rules"].to_pylist()) == {"II06A-3-6-GIVEN; II06A-7-10-GIVEN"}
    rows[0]["received_online"] = None  # of a portal that does have it
    assert check(rows, given=has).quarantine["source"].to_pylist() == ["onestop_01"]
    with pytest.raises(QualityError, match="onestop_02"):
        check(rows, given={**has, "onestop_02": []})


def test_until_the_reform_a_district_owes_its_rows_too() -> None:
    def unit(code: str, level: Any, parent: str | None) -> Unit:
        return Unit(code, code, level, "", parent, dt.date(2019, 3, 12), dt.date(2025, 7, 1), True, "")

    listed = [unit("VN", "nation", None), unit("01", "province", "VN")]
    listed += [unit("011", "district", "01"), unit("012", "district", "01"), unit("01001", "commune", "011")]
    country = UnitTree(listed, dt.date(2025, 6, 14))
    rows = [row("onestop", "01"), row("onestop", "01001"), row("onestop", "011", tier="district", agency="011")]
    outcome = check(rows, tree=country, due=due("onestop", ["01"]))
    assert outcome.quarantine.num_rows == 0
    assert outcome.holes == [hole("onestop_01", "01", "012", "district", None, "missing_unit")]
    whole = check([*rows, row("onestop", "012", tier="district")], tree=country, due=due("onestop", ["01"]))
    assert whole.holes == []


def test_what_the_reader_found_without_a_row_counts_under_its_rule() -> None:
    def told(rule: str, source: str) -> Finding:
        return Finding(rule, "critical", source, PERIOD.key, "câu trả lời hỏng")

    found = [told("READ-PAYLOAD", "onestop_02"), told("READ-PAYLOAD", "onestop_02"), told("READ-MOOD", "onestop_03")]
    outcome = check(everyone("onestop"), told=found)
    failed = {judged.rule: dict(judged.sources) for judged in outcome.rules if judged.state == "fail"}
    assert failed == {"READ-PAYLOAD": {"onestop_02": 2}, "READ-OTHER": {"onestop_03": 1}}
    assert outcome.findings == [], "they are told already"
    silent = dataclasses.replace(ONESTOP, rules=tuple(one for one in ONESTOP.rules if one.id != "READ-OTHER"))
    with pytest.raises(QualityError, match="no rule READ-OTHER"):
        check(everyone("onestop"), silent, told=found)
