"""Every fault of every platform: never silently wrong, always named, nothing loaded unproven, neighbours right."""

from __future__ import annotations

import pytest

from simulator.faults import KINDS
from simulator.server import SHAPES
from tests.fault_lab.lab import EXCHANGED, ROUNDS, Lab
from tests.fault_lab.small_country import COMPARED
from tests.fault_lab.table import BLIND, DOCUMENT, LIMITS, TITLES, document

NAMES = {
    "down": {"down"},
    "error": {"down"},
    "slow": {"timed_out"},
    "slow_body": {"timed_out"},
    "reset": {"cut_off", "unreachable"},
    "html": {"login_page"},
    "unauthorized": {"refused"},
    "expired": {"expired"},
    "throttled": {"throttled"},
    "truncated": {"truncated"},
    "truncated_page": {"short", "PROVINCE-PRESENT"},
    "repeated_page": {"repeated"},
    "wrong_total": {"short", "excess", "READ-VENDOR"},
    "wrong_total_row": {"READ-VENDOR"},
    "endless": {"endless", "repeated"},
    "nfd": {""},
    "windows_1258": {"wrong_encoding"},
    "empty": {"empty", "short"},
    "renamed": {"READ-MISSING", "missing_column"},
    "nested": {"READ-MISSING", "missing_column"},
    "retyped": {"READ-NUMBER"},
    "swapped": {"READ-SWAP", "II07B-7-WITHIN"},
    "identity": {"READ-VENDOR", "II06A-3-SUM", "PROC-3-SUM", "II07B-3-SUM"},
    "text_number": {"READ-NUMBER", "READ-VENDOR"},
    "decimal_comma": {"READ-NUMBER"},
    "thousands": {"READ-NUMBER", "READ-SCALE"},
    "null_for_zero": {"II06A-3-6-GIVEN", "II06A-11-13-GIVEN", "PROC-3-6-GIVEN", "II07B-3-6-GIVEN", "VB-GIVEN", ""},
    "zero_for_null": {"READ-ZERO"},
    "date_format": {"READ-DUPLICATE", "wrong_date"},
    "reclassified": {"moving", "READ-MOVING"},
    "extra_column": {"READ-COLUMN"},
    "unknown_unit": {"READ-UNIT"},
    "missing_unit": {"COMMUNE-PRESENT", "empty"},
}
"""What may name each fault; others may speak beside it."""

rounds = pytest.mark.parametrize("platforms", ROUNDS, ids="+".join)


@rounds
def test_no_figure_is_silently_wrong(lab: Lab, platforms: tuple[str, ...]) -> None:
    outcome = lab.outcome(platforms)
    wrong = {place: one.silently_wrong[:5] for place, one in outcome.struck.items() if one.silently_wrong}
    assert wrong.keys() == LIMITS & outcome.struck.keys(), wrong
    assert outcome.nation == []


@rounds
def test_every_failure_has_its_name(lab: Lab, platforms: tuple[str, ...]) -> None:
    struck = lab.outcome(platforms).struck
    wrongly = {
        place: one.name
        for place, one in struck.items()
        if place not in LIMITS
        and not NAMES[place[1]] & {*one.name.split(", ")}
        and (one.name or place[0] not in COMPARED)
    }
    assert wrongly == {}
    hidden = [
        place
        for place, one in struck.items()
        if not one.name and (one.withheld or not one.shown) and place[0] not in COMPARED
    ]
    assert hidden == []


@rounds
def test_nothing_is_loaded_from_an_unproven_pull(lab: Lab, platforms: tuple[str, ...]) -> None:
    unproven = [one for one in lab.outcome(platforms).struck.values() if one.state != "complete"]
    assert len(unproven) > 9 * len(platforms)
    assert [one for one in unproven if one.rows or one.shown] == []


@rounds
def test_the_neighbours_are_right(lab: Lab, platforms: tuple[str, ...]) -> None:
    untouched = lab.outcome(platforms).untouched
    assert {one.source.rpartition("_")[0] for one in untouched} >= set(platforms)
    assert [one for one in untouched if one.state != "complete" or one.withheld or one.silently_wrong] == []
    assert all(one.rows and (one.shown or one.source.rpartition("_")[0] in COMPARED) for one in untouched)


@pytest.mark.parametrize("platforms", EXCHANGED, ids="+".join)
def test_columns_exchanged_in_any_province_are_withheld_or_called_unproven(
    lab: Lab, platforms: tuple[str, ...]
) -> None:
    for platform, verdicts in lab.exchanged(platforms).items():
        assert len(verdicts) == len(lab.figures.country.provinces)
        assert [one.silently_wrong[:3] for one in verdicts if one.silently_wrong] == []
        assert all({*one.name.split(", ")} & {*NAMES["swapped"], BLIND} for one in verdicts), platform
        assert all(one.withheld or BLIND in one.name.split(", ") for one in verdicts), "told, and so not shown"


def test_the_forms_print_what_the_warehouse_holds(lab: Lab) -> None:
    outcome = lab.outcome(ROUNDS[0])
    assert outcome.forms == len(lab.figures.country.provinces) + 1
    assert outcome.misprinted == []


def test_every_platform_and_every_fault_is_in_the_lab() -> None:
    assert sorted(platform for platforms in ROUNDS for platform in platforms) == sorted(SHAPES)
    assert set(NAMES) == set(TITLES) == set(KINDS)


def test_the_document_is_what_the_lab_found(lab: Lab) -> None:
    found = document(
        {place: one for platforms in ROUNDS for place, one in lab.outcome(platforms).struck.items()},
        {platform: all_ for platforms in EXCHANGED for platform, all_ in lab.exchanged(platforms).items()},
    )
    assert DOCUMENT.read_text("utf-8") == found, "run: .venv/bin/python -m tests.fault_lab"
