"""The totals of a vendor's answer: left out, proven one by one, and a wrong one doubted no wider than it reaches."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Sequence
from typing import Any

import pytest

from etl.model import TotalRule
from tests.parsing.vendor_answers import (
    CATALOG,
    COMMUNES,
    TREE,
    igate,
    opencps,
    opencps_page,
    organ,
    page,
    read,
)

AXES = ("govAgencyCode", "domainCode", "groupAgencyCode", "system")
# Which of agency, domain, group and system each kind of row names; 8 is the detail, the others are totals.
KINDS = {1: "", 2: "s", 3: "gs", 4: "ds", 5: "dgs", 6: "ags", 7: "adg", 8: "adgs", 9: "ads"}
BLANKS: tuple[Any, ...] = (None, "  ", unicodedata.normalize("NFD", "TỔNG  CỘNG:"), "\u00a0All ")
FIELDS = {code: CATALOG.fields[code] for code in ("ho_tich", "dat_dai")}
FIRST, SECOND = COMMUNES[0].code, COMMUNES[1].code
Record = dict[str, Any]


def is_count(key: str) -> bool:
    return key.endswith("Count") or key.startswith("overtime")


def table(blanks: Sequence[Any] = (None,)) -> list[Record]:
    """Details and all their totals of the eight kinds, then a year row and an all-time row."""
    details = []
    spots = [(FIRST, "XA"), (SECOND, "XA"), ("04.01", "SBN")]
    for weight, ((agency, group), domain) in enumerate(itertools.product(spots, ("HO_TICH", "DAT_DAI")), 1):
        row = opencps(agency, domain, groupAgencyCode=group)
        details.append({key: value * weight if is_count(key) else value for key, value in row.items()})
    del details[3]  # the second commune has one field only: its total equals its only detail
    rows = []
    spelling = itertools.cycle(blanks)
    for names in KINDS.values():
        named = [axis for axis in AXES if axis.replace("gov", "").casefold()[0] in names]
        groups: dict[tuple[Any, ...], list[Record]] = {}
        for detail in details:
            groups.setdefault(tuple(detail[axis] for axis in named), []).append(detail)
        for parts in groups.values():
            codes = {axis: parts[0][axis] if axis in named else next(spelling) for axis in AXES}
            sums = {key: sum(part[key] for part in parts) for key in parts[0] if is_count(key)}
            rows.append({**parts[0], **codes, **sums})
    return [*rows, {**rows[0], "month": 0, "totalCount": 99}, {**rows[-1], "month": 0, "year": 0, "totalCount": 99}]


def kind_of(row: Record) -> int:
    named = "".join(axis.replace("gov", "").casefold()[0] for axis in AXES if isinstance(row[axis], str))
    return next(kind for kind, names in KINDS.items() if set(names) == set(named))


def marked(parsed: Any) -> set[tuple[str, str]]:
    return {(row["agency"], row["field"]) for row in parsed.table.to_pylist() if row["problem_rule"]}


@pytest.mark.parametrize("blank", BLANKS, ids=ascii)
def test_the_nine_kinds_of_rows_give_the_grand_total(blank: Any) -> None:
    rows = table([blank])
    parsed = read("opencps_v2", opencps_page(*rows), fields=FIELDS)
    grand = rows[0]
    assert parsed.findings == []
    assert parsed.table.num_rows == 5
    assert sum(parsed.table.column("received_total").to_pylist()) == grand["processCount"] == 12 * (1 + 2 + 3 + 5 + 6)
    assert sum(parsed.table.column("pending_total").to_pylist()) == 4 * (1 + 2 + 3 + 5 + 6)
    assert sum(parsed.left_out.values()) == len(rows) - 5
    assert parsed.left_out["dòng tổng (month = 0)"] == 2


def test_the_spellings_may_stand_side_by_side() -> None:
    parsed = read("opencps_v2", opencps_page(*table(BLANKS)), fields=FIELDS)
    assert parsed.findings == []
    assert sum(parsed.table.column("received_total").to_pylist()) == 12 * 17


@pytest.mark.parametrize("place", range(len(table()) - 2))
def test_each_total_off_by_one_is_found_at_its_place(place: int) -> None:
    rows = table()
    kind = kind_of(rows[place])
    if kind == 8:
        return
    true = rows[place]["onlineCount"]
    rows[place]["onlineCount"] += 1
    parsed = read("opencps_v2", opencps_page(*rows), fields=FIELDS)
    (finding,) = [finding for finding in parsed.findings if finding.row == f"/dossierStatisticData/{place}"]
    assert (finding.rule, finding.severity, finding.column) == ("READ-VENDOR", "critical", "onlineCount")
    assert (finding.value, finding.expected) == (str(true + 1), str(true))
    assert f"/dossierStatisticData/{place}" in finding.message
    (hole,) = parsed.doubts.values()
    wrong = rows[place]
    agency, domain = wrong["govAgencyCode"], wrong["domainCode"]
    if kind in (1, 2, 3):
        assert (hole.unit, hole.tier, hole.field, marked(parsed)) == (None, None, None, set())
        return
    assert hole.field == (domain and domain.lower())
    assert (hole.unit, hole.tier) == {FIRST: (FIRST, "commune"), SECOND: (SECOND, "commune")}.get(
        agency, ("04", "province") if agency else (None, None)
    )
    assert marked(parsed) == {
        (row["govAgencyCode"], row["domainCode"].lower())
        for row in rows
        if kind_of(row) == 8 and row["month"] and all(row[axis] == wrong[axis] for axis in AXES if wrong[axis])
    }
    assert 0 < len(marked(parsed)) < 5


def test_a_year_row_is_listed_and_not_judged() -> None:
    rows = table()
    rows[-1]["processCount"] = rows[-2]["processCount"] = 10**9
    assert read("opencps_v2", opencps_page(*rows), fields=FIELDS).findings == []


def test_a_total_without_any_detail_row_doubts_its_agency_alone() -> None:
    rows = [*table(), opencps(COMMUNES[2].code, None)]
    parsed = read("opencps_v2", opencps_page(*rows), fields=FIELDS)
    assert {finding.row for finding in parsed.findings} == {f"/dossierStatisticData/{len(rows) - 1}"}
    assert {(hole.unit, hole.field) for hole in parsed.doubts.values()} == {(COMMUNES[2].code, None)}
    assert marked(parsed) == set()


# --- platforms that declare no totals -------------------------------------------------------------


def provinces_row(code: str, factor: int, **changes: Any) -> Record:
    row = igate(code)
    return {key: value * factor if isinstance(value, int) else value for key, value in row.items()} | changes


def test_a_total_in_words_is_left_out_of_each_field() -> None:
    pages = [
        page([igate(FIRST), igate(SECOND), provinces_row("Tổng số", 2)], "ho_tich"),
        page([igate(FIRST), provinces_row("TỔNG SỐ", 1)], "dat_dai"),
    ]
    parsed = read("igate", *pages, fields=FIELDS)
    assert parsed.findings == []
    assert parsed.table.num_rows == 3
    assert parsed.left_out == {"dòng tổng (agency.code = Tổng số)": 1, "dòng tổng (agency.code = TỔNG SỐ)": 1}


def test_a_wrong_total_of_one_field_leaves_the_others_alone() -> None:
    pages = [
        page([igate(FIRST), igate(SECOND), provinces_row("Tổng số", 2, received=21)], "ho_tich"),
        page([igate(FIRST), provinces_row("Tổng số", 1)], "dat_dai"),
    ]
    parsed = read("igate", *pages, fields=FIELDS)
    assert marked(parsed) == {(FIRST, "ho_tich"), (SECOND, "ho_tich")}
    (hole,) = parsed.doubts.values()
    assert (hole.province, hole.unit, hole.tier, hole.field) == ("04", None, None, "ho_tich")


def test_a_total_that_only_arithmetic_tells_is_left_out_with_a_warning() -> None:
    pages = [
        page([provinces_row("04", 2), igate(FIRST), igate(SECOND)], "ho_tich"),
        page([provinces_row("04", 1), igate("04.02")], "dat_dai"),
    ]
    parsed = read("igate", *pages, fields=FIELDS)
    assert parsed.table.column("agency").to_pylist() == [FIRST, SECOND, "04.02"]
    (finding,) = parsed.findings
    assert (finding.rule, finding.severity, finding.row) == ("READ-TOTAL", "warning", "/0")
    assert (finding.column, finding.value) == ("agency.code", '"04"')
    assert "platforms/igate.yml" in finding.message
    assert "sources/igate_cao_bang.yml" in finding.message
    assert sum(parsed.left_out.values()) == 2
    declared = read("igate", *pages, fields=FIELDS, totals=TotalRule(codes=("04",)))
    assert declared.findings == []
    assert declared.table.equals(parsed.table)


@pytest.mark.parametrize(
    "rows",
    [
        [provinces_row("04", 2, received=21, receivedDirect=9), igate(FIRST), igate(SECOND)],
        [igate("04"), igate(FIRST)],
        [provinces_row("99999", 2), igate(FIRST), igate(SECOND)],
    ],
    ids=["off by one", "equal to the only detail", "a commune of an unknown code"],
)
def test_an_unknown_unit_that_is_not_proven_a_total_is_never_counted(rows: list[Record]) -> None:
    parsed = read("igate", page(rows, "ho_tich"))
    assert parsed.table.column("problem_rule").to_pylist() == ["READ-UNIT", *[None] * (len(rows) - 1)]


def test_parents_that_include_their_children_are_proven_too() -> None:
    children = [organ("Sở Nội vụ", 1, 2), organ("UBND " + COMMUNES[0].name, 3, 4)]
    rule = TotalRule(parents_include_children=True)
    right = page([organ("UBND tỉnh Cao Bằng", 4, 6, childOrgan=children), organ("Sở Y tế", 1, 1)])
    parsed = read("bkav_axis", right, totals=rule)
    assert parsed.table.column("pointer").to_pylist() == ["/0/childOrgan/0", "/0/childOrgan/1", "/1"]
    assert parsed.left_out == {"dòng tổng (gồm các dòng con của nó)": 1}
    assert parsed.findings == []
    wrong = page([organ("UBND tỉnh Cao Bằng", 5, 6, childOrgan=children), organ("Sở Y tế", 1, 1)])
    found = read("bkav_axis", wrong, totals=rule)
    assert {(one.row, one.column, one.value, one.expected) for one in found.findings} == {
        ("/0", "sent", "5", "4"),
        ("/0", "total", "11", "10"),
    }
    assert TREE["04"].code == next(iter(found.doubts.values())).province
