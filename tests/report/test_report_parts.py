"""What a report says of findings, by hand; its criteria; and what machines read."""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
import yaml

from etl import report
from etl.model import Rule, RuleOutcome, RuleState, Text, Waiver
from etl.report import formats
from tests.report.samples import KNOWN, MANY, PERIOD, SUM, THERE, finding, summed, whole

SHAPE = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["id", "type", "event", "rule", "data", "value"],
        "properties": {
            "id": {"type": "string"},
            "type": {"const": "validation"},
            "value": {"enum": ["0", "1", "NA"]},
            "event": {"required": ["time", "actor"], "properties": {"time": {"type": "string"}}},
            "rule": {
                "required": ["language", "expression", "severity"],
                "properties": {
                    "severity": {"enum": ["information", "warning", "error"]},
                    **{name: {"type": "string"} for name in ("language", "expression", "description", "explanation")},
                },
            },
            "data": {
                "required": ["source", "target"],
                "properties": {
                    **{name: {"type": "array", "items": {"type": "array"}} for name in ("source", "target")},
                    "description": {"type": "string"},
                },
            },
        },
    },
}
"""What the ESS schema 1.0.1 asks of a validation, written from its description."""


def test_a_total_is_told_with_what_its_parts_add_up_to() -> None:
    (row,) = report.rows([summed(9, 4, 3)], KNOWN)
    assert (row["value"], row["expected"], row["sum_of"], row["difference"]) == ("9", "7", "4 + 3", 2)
    assert [one["title"]["vi"] for one in row["figures"]] == ["total vi", "one vi", "other vi"]
    assert (row["unit_name"], row["field_name"], row["owner"]) == ("Xã C", "Lĩnh vực F", "Chủ a")
    assert (row["uri"], row["pointer"]) == ("raw/a/2026-Q3/abab.json", "/0")


def test_an_operand_that_is_missing_adds_up_to_nothing() -> None:
    given = summed(9, 4, 3, value="9, (trống), 3")
    (row,) = report.rows([given], KNOWN)
    assert (row["expected"], row["difference"]) == ("(3) = (4) + (5)", None)


@pytest.mark.parametrize(
    ("value", "expected", "difference"), [("12", "15", -3), ("12", "mười lăm", None), ("", "", None)]
)
def test_a_number_is_compared_with_a_number(value: str, expected: str, difference: int | None) -> None:
    (row,) = report.rows([finding(MANY, value=value, expected=expected)], KNOWN)
    assert row["difference"] == difference


def test_rows_come_by_severity_and_then_by_the_size_of_the_difference() -> None:
    given = [
        finding(MANY, value="900", expected="1"),
        summed(9, 4, 3, "/0"),
        summed(1, 4, 3, "/1"),
        finding(THERE, "b"),
    ]
    rows = report.rows(given, KNOWN)
    assert [(row["rule"], row["difference"]) for row in rows] == [
        ("SUM", -6),
        ("SUM", 2),
        ("THERE", None),
        ("MANY", 899),
    ]


def test_rows_that_break_the_same_rules_are_one_issue() -> None:
    also = finding(MANY, unit="00101", payload="ab" * 32, row="/0", value="9", expected="1")
    rows = report.rows([summed(9, 4, 3, "/0"), also, summed(1, 4, 3, "/1"), summed(2, 4, 3, "/2")], KNOWN)
    since = {
        ("a", "SUM"): {"period": "2026-Q2", "recorded_at": "2"},
        ("a", "MANY"): {"period": "2026-Q1", "recorded_at": "1"},
    }
    issues = {tuple(sorted(one["rules"])): one for one in report.dated(report.issues(rows), since)}
    assert {rules: (one["rows"], one["since"]["period"]) for rules, one in issues.items()} == {
        ("SUM",): (2, "2026-Q2"),
        ("MANY", "SUM"): (1, "2026-Q1"),
    }
    assert issues["SUM",]["row"]["difference"] == -6, "the gravest row stands for them"
    assert {row["issue"] for row in rows if row["pointer"] == "/0"} == {issues["MANY", "SUM"]["id"]}


def test_a_criterion_is_met_by_the_whole_alone() -> None:
    counts = dict.fromkeys(report.MEASURES, (5, 5)) | {"sources": (84, 85), "reports": (0, 0)}
    told = {
        one["id"]: one for one in report.criteria(counts, {"accuracy": {"warning": 1}, "coherence": {"critical": 1}})
    }
    assert {name: one["state"] for name, one in told.items()} == {
        "completeness": "failed",
        "accuracy": "warned",
        "coherence": "failed",
        "timeliness": "none",
        "comparability": "met",
    }
    assert [one["rate"] for one in told["timeliness"]["measures"]] == [None], "nothing due is no rate, and not 0"


@pytest.mark.parametrize(
    ("part", "total", "shown"),
    [(9999, 10000, "99,9 %"), (5, 5, "100 %"), (0, 7, "0,0 %"), (0, 0, "–"), (1, 3, "33,3 %")],
)
def test_a_rate_is_cut_so_that_all_is_all(part: int, total: int, shown: str) -> None:
    assert formats.percent(part, total, "vi") == shown


def test_numbers_are_written_as_the_reader_writes_them() -> None:
    assert [formats.number(1234567, lang) for lang in ("vi", "en")] == ["1.234.567", "1,234,567"]
    assert formats.number("1.234", "vi") == "1.234", "what a source wrote stays as it is"
    assert [formats.signed(value, "vi") for value in (3, -1200, 0)] == ["+3", "−1.200", "0"]
    assert formats.moment("2026-09-14T17:30:00+00:00") == "00:30 15/09/2026", "of Hanoi"


def test_machines_get_an_ess_validation_report() -> None:
    told = report.validation_report(whole([summed(9, 4, 3), finding(THERE, "b"), finding(MANY, value="900")]))
    jsonschema.validate(told["validations"], SHAPE)
    by_id = {one["id"]: one for one in told["validations"]}
    assert {key: (one["value"], one["state"], one["rows"]) for key, one in by_id.items() if key.count("/") == 1} == {
        "d/SUM": ("0", "fail", 1),
        "d/THERE": ("0", "fail", 1),
        "d/MANY": ("0", "fail", 1),
    }
    (broken,) = [one for key, one in by_id.items() if key.startswith("d/SUM/")]
    assert broken["data"]["source"] == [["ab" * 32, "/0"]]
    assert broken["data"]["target"] == [["d", PERIOD, "00101", "f", name] for name in ("total", "one", "other")]
    assert (broken["observed"], broken["expected"], broken["difference"]) == ("9", "7", 2)
    assert by_id["d/SUM"]["rule"]["expression"].startswith("NOT (")


def test_what_holds_is_said_too() -> None:
    told = report.validation_report(whole([]))
    assert {(one["value"], one["state"]) for one in told["validations"]} == {("1", "pass")}


def test_a_spreadsheet_reads_no_formula_from_a_source() -> None:
    given = [finding(MANY, message="=cmd|' /C calc'!A0", value="-5", expected="@x")]
    (row,) = csv.DictReader(io.StringIO(report.table(report.rows(given, KNOWN)).removeprefix("\ufeff")))
    assert (row["message"], row["value"], row["expected"]) == ("'=cmd|' /C calc'!A0", "-5", "'@x")


def outcome(rule: Rule, state: RuleState, **told: Any) -> RuleOutcome:
    return RuleOutcome("d", rule.id, rule.title, rule.severity, rule.dimension, rule.source, rule.kind, state, **told)


def test_a_rule_that_does_not_judge_stands_first() -> None:
    judged = [
        outcome(SUM, "pass", judged=9, proven=True),
        outcome(MANY, "pass", judged=9, proven=False),
        outcome(THERE, "error", reason="cột không có"),
        RuleOutcome("other", "ELSE", Text("", ""), "info", "accuracy", "", "row", "fail"),
    ]
    told = report.outcomes(judged, KNOWN.rules, [], {"d"})
    assert [(one["id"], one["state"], one["dead"]) for one in told] == [
        ("MANY", "pass", True),
        ("THERE", "error", False),
        ("SUM", "pass", False),
    ]
    validations = {one["id"]: one for one in report.validations(PERIOD, {"run": "r", "recorded_at": "t"}, told, [])}
    assert (validations["d/THERE"]["value"], validations["d/MANY"]["dead"]) == ("NA", True)


def test_a_rule_fails_for_who_it_concerns() -> None:
    judged = [outcome(SUM, "fail", broken=2), outcome(MANY, "waived", broken=1, waived=1), outcome(THERE, "not_run")]
    mine = report.outcomes(judged, KNOWN.rules, report.rows([summed(9, 4, 3)], KNOWN), {"d"})
    assert {one["id"]: one["state"] for one in mine} == {"SUM": "fail", "MANY": "waived", "THERE": "not_run"}
    others = report.outcomes(judged, KNOWN.rules, [], {"d"})
    assert {one["id"]: one["state"] for one in others} == {"SUM": "pass", "MANY": "waived", "THERE": "not_run"}


def test_a_source_that_gave_nothing_is_told_with_the_end_of_its_pull() -> None:
    nothing, something = report.rows([finding(THERE, "b"), finding(THERE, "b", unit="00101")], KNOWN)
    told = {row["whole_source"]: row["pull"] for row in (nothing, something)}
    assert told == {
        True: {"title": {"vi": "bị từ chối", "en": "refused"}, "message": "Xin cấp lại mã truy cập"},
        False: None,
    }


def test_what_is_waived_stands_apart_and_counts_as_nothing_open() -> None:
    waived = summed(9, 4, 3, severity="info", waiver="MT-1")
    entry = {"id": "MT-1", "source": "a", "rule": "SUM", "reason": "đã đối chiếu", "owner": "Sở A", "agreed_by": "An"}
    entry |= {"expires": "2026-12-31", "state": "used", "findings": 1}
    found = whole([waived, summed(8, 4, 3, row="/1")], waivers=[entry])
    for lang, words in (("vi", ("Được miễn trừ", "đang miễn")), ("en", ("Waived", "in use"))):
        page = report.page(found, lang, "")
        told = page[page.index("<code>MT-1</code>") :]
        assert [word in told for word in ("đã đối chiếu", "Sở A", "31/12/2026")] == [True] * 3
        assert [word in page for word in words] == [True] * 2
    assert [(one["severity"], one["waiver"]) for one in found["issues"]] == [("critical", None), ("info", "MT-1")]
    (rule,) = [
        one for one in report.outcomes([], KNOWN.rules, report.rows([waived], KNOWN), {"d"}) if one["id"] == "SUM"
    ]
    assert (rule["state"], rule["rows"]) == ("waived", 1)
    told = {
        one["observed"]: one["state"] for one in report.validation_report(found)["validations"] if "observed" in one
    }
    assert told == {"9": "waived", "8": "fail"}


def test_a_finding_that_may_be_waived_has_its_block_and_the_block_wants_a_person() -> None:
    """Read again it is the very finding, and nothing of what a person must say is said."""
    rule = replace(SUM, waivable=True)
    known = replace(KNOWN, rules={**KNOWN.rules, ("d", "SUM"): rule})
    open_, waived = summed(9, 4, 3, tier="commune"), summed(9, 4, 3, waiver="MT-1", severity="info")
    (row,) = report.rows([open_], known)
    (entry,) = yaml.safe_load(f"waivers:\n{row['waive']}")["waivers"]
    assert {name for name, value in entry.items() if not value} == {"reason", "agreed_by", "expires"}
    given = {**entry, "periods": tuple(entry["periods"]), "expires": dt.date(2027, 1, 1)}
    assert Waiver(**given).lets(open_)
    assert not Waiver(**given).lets(replace(open_, value="9, 4, 4"))
    assert [one["waive"] for one in report.rows([waived], known)] == [""]
    assert [one["waive"] for one in report.rows([open_], KNOWN)] == [""]
