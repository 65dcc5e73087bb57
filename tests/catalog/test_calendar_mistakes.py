"""A calendar that contradicts itself or the decree does not load, and the line at fault is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.catalog import load
from etl.errors import CatalogError
from tests.catalog.miniature import edit

WINDOW = "  - {kind: quarter, window: decree_09_2019, valid_from: 2019-03-12, source: Điều 12, verified: true}\n"
RULE = "  - {levels: [province], kinds: [quarter], day: 25, valid_from: 2019-03-12, source: Điều 13, verified: true}\n"
LATER = "levels: [province, commune], kinds: [year, quarter], working_days: 1, source: x, verified: false"


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "problem"),
    [
        (WINDOW, WINDOW + WINDOW.replace("2019-03-12", "2025-01-01"), 3, "windows.1", "another rule already"),
        (WINDOW, WINDOW + WINDOW.replace("12,", "12, number: 1,", 1), 3, "windows.1", "another rule already"),
        (WINDOW, WINDOW.replace("12,", "12, number: 5,", 1), 2, "windows.0.number", "4 periods of the kind quarter"),
        (WINDOW, WINDOW.replace("quarter", "week"), 2, "windows.0.window", "of which no text gives the days"),
        (WINDOW, WINDOW.replace("decree_09_2019", "none"), 2, "windows.0.window", "of which no text gives the days"),
        (WINDOW, WINDOW.replace("decree_09_2019", "lunar"), 2, "windows.0.window", "'decree_09_2019'"),
        (WINDOW, WINDOW.replace("2019,", "2019, valid_to: 2019-03-12,"), 2, "windows.0.valid_to", "before it begins"),
        (RULE, f"{RULE}  - {{{LATER}, valid_from: 2020-01-01}}\n", 6, "due.1", "province, quarter has another rule"),
        (RULE, RULE.replace("province", "tỉnh"), 5, "due.0.levels.0", "'province'"),
        (RULE, RULE.replace("province", "nation"), 5, "due.0.levels", "the nation receives it"),
        (RULE, RULE.replace("[province]", "[]"), 5, "due.0.levels", "the levels that send"),
        (RULE, RULE.replace("[quarter]", "[]"), 5, "due.0.kinds", "the kinds of period"),
        (RULE, RULE.replace("[quarter]", "[week]"), 5, "due.0.kinds.0", "'month'"),
        (RULE, RULE.replace("day: 25", "day: 25, working_days: 2"), 5, "due.0", "exactly one"),
        (RULE, RULE.replace("day: 25, ", ""), 5, "due.0", "exactly one"),
        (RULE, RULE.replace("day: 25", "day: 31"), 5, "due.0.day", "1 to 28"),
        (RULE, RULE.replace("12,", "12, valid_to: 2019-03-12,", 1), 5, "due.0.valid_to", "before it begins"),
        # at least one working day after the cut-off: 14/06/2019 was a Friday
        (RULE, RULE.replace("day: 25", "day: 14"), 5, "due.0.day", "14/03/2019 for 2019-Q1 leaves 0 working days"),
        (RULE, RULE.replace("day: 25", "day: 16"), 5, "due.0.day", "16/06/2019 for 2019-Q2 leaves 0 working days"),
        (RULE, RULE.replace("day: 25", "working_days: 0"), 5, "due.0.working_days", "fewer than 1"),
        # Tết: the Saturday of 14/02/2026 is followed by eight days off
        (
            RULE,
            RULE.replace("[quarter]", "[month]").replace("day: 25", "day: 19").replace("2019-03", "2026-01"),
            5,
            "due.0.day",
            "19/02/2026 for 2026-M02 leaves 0 working days",
        ),
        (
            "moved_days: []",
            f"moved_days: [{', '.join(['{day: 2027-05-01, working: true, source: x}'] * 2)}]",
            6,
            "moved_days",
            "twice",
        ),
        (
            "    source: Thông tư 01/2020/TT-VPCP\n    verified: true\n",
            f"    source: x\n    verified: true\n    due: [{{{LATER}, day: 20, valid_from: 2020-01-01}}]\n",
            18,
            "regimes.documents.due.0",
            "exactly one",
        ),
    ],
)
def test_a_mistake_in_the_calendar_is_named(
    folder: Path, old: str, new: str, line: int, key: str, problem: str
) -> None:
    edit(folder, "calendar.yml", old, new)
    with pytest.raises(CatalogError) as caught:
        load((folder,))
    assert (caught.value.file, caught.value.line, caught.value.key) == (str(folder / "calendar.yml"), line, key)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (RULE, f"{RULE.replace('12,', '12, valid_to: 2020-01-01,', 1)}  - {{{LATER}, valid_from: 2020-01-01}}\n"),
        (RULE, f"{RULE}  - {{{LATER.replace('year, quarter', 'year')}, valid_from: 2020-01-01}}\n"),
        (RULE, RULE.replace("day: 25", "day: 18")),
        (WINDOW, WINDOW.replace("12,", "12, number: 1,", 1) + WINDOW.replace("12,", "12, number: 2,", 1)),
        (WINDOW, WINDOW + "  - {kind: week, window: none, valid_from: 2019-03-12, source: x, verified: false}\n"),
    ],
)
def test_rules_that_follow_or_stand_beside_one_another_load(folder: Path, old: str, new: str) -> None:
    edit(folder, "calendar.yml", old, new)
    load((folder,))


@pytest.mark.parametrize(
    ("old", "new", "key", "problem"),
    [
        ("regime: documents", "regime: meetings", "regime", "no regime 'meetings'"),
        ("period_kind: quarter", "period_kind: month", "period_kind", "no period of this kind"),
    ],
)
def test_a_form_is_of_a_regime_that_has_its_periods(folder: Path, old: str, new: str, key: str, problem: str) -> None:
    edit(folder, "forms/F1.yml", old, new)
    with pytest.raises(CatalogError) as caught:
        load((folder,))
    assert (caught.value.file, caught.value.key) == (str(folder / "forms/F1.yml"), key)
    assert problem in str(caught.value)
