"""Sent against received: the worst pairs first, both figures, and no more of them than can be looked at."""

from __future__ import annotations

import pytest

from etl import report
from etl.model import Comparison, Finding, RuleOutcome, Text
from etl.report.formats import Lang
from etl.report.mirror import MOST_PAIRS
from tests.report.samples import HOSTILE, PERIOD, whole

MIRROR = Comparison("MIRROR", Text("Gương", "Mirror"), "warning", "coherence", "dự án", "mirror", "value <> other", "")
OUTCOME = RuleOutcome.of("across", MIRROR, "fail", judged=1200, unknown=30)


def pair(sent: int, received: int, sender: str = "UBND A", **told: str) -> Finding:
    message = f"{sender} (000.00.00.X25) → UBND B (000.00.00.X31), “Tiếp nhận”: {received} so với {sent}"
    more = {"severity": "warning", "value": str(received), "expected": str(sent), **told}
    return Finding("MIRROR", source="b", period=PERIOD, message=message, unit="02", other_source="a", **more)  # type: ignore[arg-type]


def test_the_worst_stands_first_whichever_side_is_short() -> None:
    found = report.mirror([pair(10, 8), pair(10, 30), pair(50, 45)], [OUTCOME], {"02": "Tỉnh B"})
    assert [(one["sent"], one["received"], one["difference"]) for one in found["pairs"]] == [
        (10, 30, 20),
        (50, 45, -5),
        (10, 8, -2),
    ]
    assert (found["judged"], found["unknown"], found["differing"]) == (1200, 30, 3)
    first = found["pairs"][0]
    assert (first["sender"], first["recipient"]) == ("UBND A (000.00.00.X25)", "UBND B (000.00.00.X31)")
    assert (first["other_source"], first["source"], first["unit_name"]) == ("a", "b", "Tỉnh B")


def test_of_many_pairs_the_worst_are_shown_and_all_are_counted() -> None:
    found = report.mirror([pair(100, 100 - lost) for lost in range(1, 51)], [OUTCOME], {})
    assert [one["difference"] for one in found["pairs"]] == [-lost for lost in range(50, 50 - MOST_PAIRS, -1)]
    assert found["differing"] == 50


def test_what_other_rules_found_is_no_pair() -> None:
    silent = Finding("MIRROR", "critical", "b", PERIOD, "Quy tắc MIRROR không kiểm tra được")
    other = Finding("CHAIN", "critical", "b", PERIOD, "…", value="1", expected="2", other_source="b")
    assert report.mirror([silent, other], [OUTCOME], {})["pairs"] == []


@pytest.mark.parametrize(("lang", "lost"), [("vi", "−1.200"), ("en", "−1,200")])
def test_the_page_shows_both_figures_and_hostile_names_as_text(lang: Lang, lost: str) -> None:
    found = report.mirror([pair(3400, 2200, HOSTILE, waiver="NO-LIST")], [OUTCOME], {})
    text = report.page(whole([], mirror=found), lang)
    for told in ("UBND B (000.00.00.X31)", lost, "NO-LIST", report.formats.number(1200, lang)):
        assert told in text
    assert "<script>" not in text
    assert report.validation_report(whole([], mirror=found))["mirror"] == found


def test_a_report_of_one_unit_says_nothing_of_it_where_nothing_differs() -> None:
    sound = report.mirror([], [OUTCOME], {})
    assert "Không cặp nào lệch." in report.page(whole([], mirror=sound))
    of_unit = {"source": None, "unit": "02", "name": "Tỉnh B"}
    assert "Gửi và nhận văn bản" not in report.page(whole([], mirror=sound, scope=of_unit))
