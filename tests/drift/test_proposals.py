"""Columns renamed overnight: the right new name is proposed first, and accepting it is one line.

Measured: 14 of the 14 renames below are right first, of five or six candidates each; without an earlier pull, by
names and arithmetic alone, 10 of 14. The new names were written down before the first run: names that other systems
of domain.md use, and names that say nothing (afterwards only put in an order that cannot help).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from etl import drift
from etl.errors import SourceBroken
from etl.landing import Landing
from etl.periods import Period
from etl.pipeline import changes
from tests.drift.portals import CATALOG, Q2, Q3, SOURCES, Answers, edited, landed, parsed, rename

RENAMES = [
    # Tân Dân's columns under the names of OpenCPS and of the older eGovPlatform
    ("tandan_06a", {"tiepNhanQuaMang": "onlineCount", "daXuLyTruocHan": "betimesCount", "dangXuLyQuaHan": "QUAHAN"}),
    # iGate's under those of DVCQG and eGovPlatform
    ("igate", {"receivedOnline": "HTN_TRUCTUYEN", "receivedOld": "TNKTCS_TOTAL", "resolvedOverdue": "TRE"}),
    # the axis as its own table of details calls them
    ("bkav_axis", {"sent": "total_sent", "received": "total_received"}),
    # names that tell nothing
    ("opencps_v2", {"betimesCount": "c12", "ontimeCount": "c08", "undueCount": "c09"}),
    ("igate", {"resolvedEarly": "f3", "resolvedOnTime": "f2", "unresolvedOnTime": "f1"}),
]
CASES = [(platform, names, column) for platform, names in RENAMES for column in names]
TOTAL = {"tandan_06a": "tongSo", "igate": "received", "bkav_axis": "total", "opencps_v2": "processCount"}


def overnight(platform: str, names: dict[str, str]) -> Callable[[dict[str, Any]], None]:
    """The renames, and three more columns that nobody knows: two parts of a total, and something that grows."""

    def edit(record: dict[str, Any]) -> None:
        total = record[TOTAL[platform]]
        rename(names)(record)
        record["mucDo3"], record["mucDo4"] = total // 3, total - total // 3
        record["luotXem"] = 7 * total + 1
        for column in sorted(record):  # so that the order of the columns tells nothing
            record[column] = record.pop(column)

    return edit


@pytest.fixture(scope="module")
def first(
    answers: Callable[[str, Period], Answers], tmp_path_factory: pytest.TempPathFactory
) -> dict[bool, dict[tuple[str, str], str]]:
    """With and without an earlier pull: (platform, column) -> what is proposed first."""
    found: dict[bool, dict[tuple[str, str], str]] = {True: {}, False: {}}
    for earlier in found:
        for number, (platform, names) in enumerate(RENAMES):
            source = SOURCES[platform]
            landing = Landing(str(tmp_path_factory.mktemp(f"store{number}")))
            if earlier:
                landed(landing, source, Q2, answers(platform, Q2))
            pages = landed(landing, source, Q3, edited(answers(platform, Q3), source, overnight(platform, names)))
            read = parsed(source, Q3, pages)
            assert set(read.missing) == set(names)
            for column, proposed in changes.proposals(CATALOG, landing, source, Q3, read).items():
                found[earlier][platform, column] = proposed[0].candidate if proposed else ""
    return found


def test_at_least_eight_of_ten_are_right_first(first: dict[bool, dict[tuple[str, str], str]]) -> None:
    right = {
        earlier: [column for platform, names, column in CASES if found[platform, column] == names[column]]
        for earlier, found in first.items()
    }
    assert len(CASES) >= 10
    assert len(right[True]) >= 0.8 * len(CASES), first[True]
    assert len(right[False]) >= 0.6 * len(CASES), first[False]


@pytest.mark.parametrize(
    ("old", "edit"),
    [
        ("receivedOnline", rename({"receivedOnline": "HTN_TRUCTUYEN"})),
        ("receivedOnline", lambda record: record.update(detail={"receivedOnline": record.pop("receivedOnline")})),
    ],
)
def test_the_proposed_line_mends_the_source_and_leaves_the_past_alone(
    answers: Callable[[str, Period], Answers], tmp_path: Path, old: str, edit: Any
) -> None:
    source, landing = SOURCES["igate"], Landing(str(tmp_path))
    before = landed(landing, source, Q2, answers("igate", Q2))
    after = landed(landing, source, Q3, edited(answers("igate", Q3), source, edit))
    read = parsed(source, Q3, after)
    proposed = changes.proposals(CATALOG, landing, source, Q3, read)
    (told,) = [one for one in changes.told(CATALOG, landing, source, Q3, read) if one.rule == "READ-MISSING"]
    best = proposed[old][0]
    assert f"sources/{source.id}.yml dòng: {best.line}" in told.message

    mended = replace(source, renamed=yaml.safe_load(best.line)["renamed"])
    assert parsed(mended, Q3, after).findings == []
    whole = landed(Landing(str(tmp_path / "whole")), source, Q3, answers("igate", Q3))
    measures = list(CATALOG.datasets["onestop"].columns)
    assert parsed(mended, Q3, after).table.select(measures) == parsed(source, Q3, whole).table.select(measures)
    assert parsed(mended, Q2, before).table == parsed(source, Q2, before).table
    assert parsed(mended, Q3, whole).findings == []


def test_a_renamed_column_of_the_unit_is_mended_too(answers: Callable[[str, Period], Answers], tmp_path: Path) -> None:
    source = SOURCES["tandan_06a"]
    pages = landed(
        Landing(str(tmp_path)), source, Q3, edited(answers("tandan_06a", Q3), source, rename({"maThongKe": "maDonVi"}))
    )
    with pytest.raises(SourceBroken, match="maThongKe"):
        parsed(source, Q3, pages)
    assert parsed(replace(source, renamed={"maThongKe": "maDonVi"}), Q3, pages).findings == []


def test_nothing_is_proposed_for_a_column_that_is_simply_gone(
    answers: Callable[[str, Period], Answers], tmp_path: Path
) -> None:
    source, landing = SOURCES["tandan_06a"], Landing(str(tmp_path))
    landed(landing, source, Q2, answers("tandan_06a", Q2))
    gone = edited(answers("tandan_06a", Q3), source, lambda record: record.pop("daXuLyQuaHan") and None)
    read = parsed(source, Q3, landed(landing, source, Q3, gone))
    assert read.missing == ("daXuLyQuaHan",)
    assert changes.proposals(CATALOG, landing, source, Q3, read) == {}


# --- the parts ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("tiepNhanTrucTuyen", "tiep_nhan_truc_tuyen", True),
        ("Số hồ sơ nhận", "soHoSoNhan", True),
        ("TONGNHAN", "tongNhan", True),
        ("a.b.receivedOnline", "receivedOnline", True),
        ("Đất đai", "dat_dai", True),
        ("tiepNhanQuaMang", "overdueCount", False),
        ("c12", "QUAHAN", False),
    ],
)
def test_names_compare_by_their_words(one: str, other: str, alike: bool) -> None:
    assert (drift.likeness(one, other) > 0.9) == alike
    assert drift.likeness(one, other) == drift.likeness(other, one)


@given(st.lists(st.tuples(*[st.integers(0, 50)] * 3), min_size=6, max_size=30))
def test_sums_are_found_and_nothing_else(rows: list[tuple[int, int, int]]) -> None:
    rows = [*rows, (1, 2, 4), (2, 5, 11), (3, 17, 39)]
    figures = {
        name: {(str(place), None): value for place, value in enumerate(column)}
        for name, column in {
            "a": [row[0] for row in rows],
            "b": [row[1] for row in rows],
            "c": [row[2] for row in rows],
            "all": [sum(row) for row in rows],
            "two": [row[0] + row[1] for row in rows],
            "near": [sum(row) + (place == 0) for place, row in enumerate(rows)],
            "nought": [0 for _ in rows],
        }.items()
    }
    found = {(one.total, frozenset(one.parts)) for one in drift.arithmetic(figures)}
    assert {("all", frozenset("abc")), ("two", frozenset("ab")), ("all", frozenset({"two", "c"}))} <= found
    for total, parts in found:
        assert all(figures[total][place] == sum(figures[part][place] for part in parts) for place in figures[total])
        assert "nought" not in {total, *parts}
