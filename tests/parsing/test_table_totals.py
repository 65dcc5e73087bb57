"""Totals inside report files: in every spelling, in blocks within blocks, proven and never added."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.errors import SourceBroken
from etl.model import Pages, Platform
from etl.parsing import Parsed, parse
from tests.parsing.export_files import NUMBERING, lines, separated
from tests.parsing.test_tables import FIELDS, _file
from tests.parsing.vendor_answers import CATALOG, COMMUNES, PROVINCE, Q3, TREE, Source

Line = tuple[str, Any]
"""Label and figure: every measure of a line is that figure, so that any sum is one number."""
PLATFORM = CATALOG.platforms["export_06a"]
TABLE = PLATFORM.table
assert TABLE is not None
SUMS_ONLY = replace(
    PLATFORM,
    table=replace(TABLE, format="csv", encoding="utf-8", delimiter=";"),
    identities=(),
    numbers=PLATFORM.numbers,
)
A, B = (f"UBND {unit.name}" for unit in COMMUNES[:2])
PROVINCIAL, COMMUNAL = "Cấp tỉnh (sở, ban, ngành)", "Cấp xã"
SPELLINGS = ("Tổng cộng", "TỔNG SỐ", "Cộng", "cộng:", "  Tổng   cộng  ", unicodedata.normalize("NFD", "TỔNG CỘNG"), "")


def read(body: list[Line], platform: Platform = SUMS_ONLY) -> Parsed:
    rows, top = lines(f"UBND {PROVINCE.name}", FIELDS)
    head = rows[: top + 3]
    cells = [["", label, *[figure] * 11] for label, figure in body]
    source = Source("x", platform.id, "04", "file:///srv", "C", files="{period}_*")
    pages = [_file(separated([*head, NUMBERING, *cells]).encode(), "tep.csv")]
    return parse(source, platform, CATALOG.datasets["onestop"], Q3, Pages.held(pages), TREE, CATALOG.fields)


def sums(parsed: Parsed) -> int:
    return sum(row["received_total"] for row in parsed.table.to_pylist())


def wrong_at(parsed: Parsed) -> list[int]:
    """The numbers of the lines, from 1, that a finding speaks of."""
    first = 4 + 3 + 1
    rows = {int(finding.row.rpartition("!")[2]) - first for finding in parsed.findings if finding.rule == "READ-VENDOR"}
    return sorted(rows)


WHOLE: list[Line] = [
    (PROVINCIAL, 5),
    ("Sở Nội vụ", 3), ("Việc làm", 3),
    ("Sở Tư pháp", 2), ("Hộ tịch", 2),
    (COMMUNAL, 12),
    (A, 7), ("Hộ tịch", 4), ("Chứng thực", 3),
    (B, 5), ("Hộ tịch", 5),
    ("Tổng cộng", 17),
    ("Trong đó: cấp xã", 12), ("- qua bưu chính", 9),
]  # fmt: skip


def test_blocks_within_blocks_tell_agency_tier_and_field() -> None:
    parsed = read(WHOLE)
    assert parsed.findings == []
    found = [(row["unit"], row["tier"], row["field"], row["received_total"]) for row in parsed.table.to_pylist()]
    assert found == [
        ("04", "province", "viec_lam", 3),
        ("04", "province", "ho_tich", 2),
        (COMMUNES[0].code, "commune", "ho_tich", 4),
        (COMMUNES[0].code, "commune", "chung_thuc", 3),
        (COMMUNES[1].code, "commune", "ho_tich", 5),
    ]
    assert parsed.left_out == {
        "dòng đánh số cột": 1, "dòng tổng của khối": 6, "dòng tổng cộng": 1, "dòng trong đó": 2,
    }  # fmt: skip


@pytest.mark.parametrize("word", SPELLINGS)
@pytest.mark.parametrize("off", [0, 1, -1])
def test_a_total_is_known_in_every_spelling_and_proven(word: str, off: int) -> None:
    body: list[Line] = [(A, 7), ("Hộ tịch", 4), ("Chứng thực", 3), (word, 7 + off)]
    parsed = read(body)
    assert sums(parsed) == 7
    assert wrong_at(parsed) == ([4] if off else [])


def test_a_unit_whose_total_equals_its_only_detail_is_counted_once() -> None:
    parsed = read([(A, 7), ("Hộ tịch", 7), (B, 7), ("Hộ tịch", 7), ("Cộng", 14)])
    assert parsed.findings == []
    assert sums(parsed) == 14
    assert [row["unit"] for row in parsed.table.to_pylist()] == [unit.code for unit in COMMUNES[:2]]


def test_a_wrong_line_is_told_of_its_agency_and_of_nobody_above() -> None:
    body = [("Hộ tịch", 8) if place == 7 else line for place, line in enumerate(WHOLE)]
    parsed = read(body)
    assert wrong_at(parsed) == [7]
    assert {(hole.unit, hole.tier) for hole in parsed.doubts.values()} == {(COMMUNES[0].code, "commune")}


def test_a_lost_agency_is_told_of_its_tier() -> None:
    parsed = read([line for place, line in enumerate(WHOLE) if place not in (9, 10)])
    assert wrong_at(parsed) == [6]
    assert {(hole.unit, hole.tier) for hole in parsed.doubts.values()} == {(COMMUNES[0].code, "commune")}


def test_a_subtotal_is_that_of_its_block_and_the_last_total_that_of_the_table() -> None:
    body: list[Line] = [(A, 7), ("Hộ tịch", 4), ("Chứng thực", 3), ("Cộng", 7), (B, 5), ("Hộ tịch", 5), ("Cộng", 5)]
    assert wrong_at(read([*body, ("TỔNG SỐ", 12)])) == []
    assert wrong_at(read([*body, ("TỔNG SỐ", 5)])) == [8]
    assert wrong_at(read(body)) == [7], "the last total of a file is that of all of it"
    assert wrong_at(read([("Tổng số", 12), *body[:3], *body[4:6], ("Tổng cộng", 12)])) == []
    assert wrong_at(read([("Tổng số", 11), *body[:3], *body[4:6], ("Tổng cộng", 12)])) == [1]


def test_a_line_that_lost_its_label_is_no_silent_total() -> None:
    parsed = read([(A, 7), ("", 4), ("Chứng thực", 3), ("Tổng cộng", 7)])
    assert {finding.severity for finding in parsed.findings} == {"critical"}
    assert sums(parsed) == 3


def test_a_file_cut_off_after_a_subtotal_is_found() -> None:
    assert wrong_at(read([(A, 7), ("Hộ tịch", 7), ("Cộng", 7), (B, 5), ("Hộ tịch", 5), ("Cộng", 5)])) == [6]
    with pytest.raises(SourceBroken, match="dòng tổng cộng") as caught:
        read([(A, 7), ("Hộ tịch", 7)])
    assert caught.value.state == "truncated"


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Line], list[int], int]:
    """A table that adds up: its lines, where its totals stand, and the sum of its details."""
    body: list[Line] = []
    totals: list[int] = []
    whole = 0
    offices = ["Sở Nội vụ", "Sở Tư pháp", "Sở Y tế"]
    communes = [f"UBND {unit.name}" for unit in COMMUNES[:5]]
    fields = [field.name for field in CATALOG.fields.values()]
    for tier, agencies in ((PROVINCIAL, offices), (COMMUNAL, communes)):
        chosen = draw(st.lists(st.sampled_from(agencies), max_size=3, unique=True))
        if not chosen:
            continue
        at, below = len(body), 0
        body.append((tier, 0))
        totals.append(at)
        for agency in chosen:
            figures = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
            totals.append(len(body))
            body.append((agency, sum(figures)))
            body += list(zip(fields, figures, strict=False))
            if draw(st.booleans()):
                totals.append(len(body))
                body.append((draw(st.sampled_from(SPELLINGS)), sum(figures)))
            below += sum(figures)
        body[at] = (tier, below)
        whole += below
    totals.append(len(body))
    body.append((draw(st.sampled_from(SPELLINGS)), whole))
    return body, totals, whole


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables(), st.data())
def test_random_tables_are_never_counted_twice_and_no_wrong_total_passes(
    made: tuple[list[Line], list[int], int], data: st.DataObject
) -> None:
    body, totals, whole = made
    if len(body) == 1:
        return
    parsed = read(body)
    assert parsed.findings == []
    assert sums(parsed) == whole
    place = data.draw(st.sampled_from(totals))
    label, figure = body[place]
    spoilt = [*body[:place], (label, figure + data.draw(st.integers(100, 109))), *body[place + 1 :]]
    parsed = read(spoilt)
    assert sums(parsed) == whole
    assert place + 1 in wrong_at(parsed)
    assert parsed.doubts
