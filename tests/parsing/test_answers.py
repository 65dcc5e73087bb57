"""What must hold of an answer as a whole; what is left out of it, and why."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import SourceBroken
from tests.parsing.vendor_answers import (
    CATALOG,
    COMMUNES,
    igate,
    opencps,
    opencps_page,
    organ,
    page,
    read,
    tandan,
    tandan_page,
)

COMMUNE = COMMUNES[0].code


@pytest.mark.parametrize(
    ("platform", "answer", "field", "words"),
    [
        ("igate", page(b"<html>Login</html>", "ho_tich"), "nội dung", "HTML"),
        ("igate", page(b"[]", "ho_tich", "text/html"), "nội dung", "HTML"),
        ("igate", page(b'[{"agency":', "ho_tich"), "nội dung", "cắt cụt"),
        ("igate", page(b"OK", "ho_tich"), "nội dung", "không phải JSON"),
        ("igate", page({"error": 1}, "ho_tich"), "nội dung", "không có danh sách"),
        ("igate", page([1], "ho_tich"), "/0", "không phải là đối tượng"),
        ("igate", page([], "ho_tich"), "nội dung", "danh sách rỗng"),
        ("bkav_axis", page([]), "nội dung", "danh sách rỗng"),
        ("tandan_06a", page({"data": [], "totalCount": 0}, "ho_tich"), "nội dung", "danh sách rỗng"),
        ("tandan_06a", page({"rows": [], "totalCount": 0}, "ho_tich"), "data", "không có danh sách"),
        ("tandan_06a", page({"data": []}, "ho_tich"), "totalCount", "thiếu tổng số dòng"),
        ("tandan_06a", page({"data": [tandan(COMMUNE)], "totalCount": 2}, "ho_tich"), "tổng số dòng", "khai 2"),
        ("opencps_v2", opencps_page(opencps(None), opencps("", month=0)), "nội dung", "không có dòng chi tiết"),
        ("bkav_axis", page([organ("UBND tỉnh Cao Bằng", childOrgan={})]), "/0/childOrgan", "danh sách"),
    ],
)
def test_a_broken_answer_names_its_part(platform: str, answer: Any, field: str, words: str) -> None:
    with pytest.raises(SourceBroken, match=words) as caught:
        read(platform, answer)
    assert caught.value.field == field
    assert caught.value.source == f"{platform}_cao_bang"
    assert f"platforms/{platform}.yml" in caught.value.advice


def test_totals_that_change_between_pages_are_broken() -> None:
    rows = [opencps(COMMUNE), opencps("04.01")]
    pages = [page({"total": 2 + n, "dossierStatisticData": [row]}) for n, row in enumerate(rows)]
    with pytest.raises(SourceBroken, match="khác nhau giữa các trang"):
        read("opencps_v2", *pages)


PLATFORMS = {name: CATALOG.platforms[name] for name in ("opencps_v2", "tandan_06a", "igate", "bkav_axis")}
ROWS: dict[str, list[dict[str, Any]]] = {
    "opencps_v2": [opencps(COMMUNE), opencps(None)],
    "tandan_06a": [tandan(COMMUNE), tandan("04.01")],
    "igate": [igate(COMMUNE), igate("04.01")],
    "bkav_axis": [organ("Sở Nội vụ"), organ("Sở Y tế")],
}


def without(platform: str, column: str) -> Any:
    """The answer with that column under another name in every row."""
    rows = [{("renamedColumn" if key == column else key): row[key] for key in row} for row in ROWS[platform]]
    return {
        "opencps_v2": lambda: opencps_page(*rows),
        "tandan_06a": lambda: tandan_page(*rows),
        "igate": lambda: page(rows, "ho_tich"),
        "bkav_axis": lambda: page(rows),
    }[platform]()


@pytest.mark.parametrize(
    ("platform", "column"),
    [
        (name, column)
        for name, platform in PLATFORMS.items()
        for column in sorted({*platform.totals.axes, *platform.totals.spans, platform.unit.column.partition(".")[0]})
    ],
)
def test_a_column_that_places_rows_and_is_gone_from_every_row_is_named(platform: str, column: str) -> None:
    with pytest.raises(SourceBroken, match="cột lạ: renamedColumn") as caught:
        read(platform, without(platform, column))
    assert caught.value.field.partition(".")[0] == column


@pytest.mark.parametrize(
    ("platform", "column"),
    [
        (name, column)
        for name, platform in PLATFORMS.items()
        for column in sorted(
            {part for parts in platform.columns.values() for part in parts}
            | {part for one in platform.identities for part in (one.total, *one.parts)}
        )
    ],
)
def test_a_column_of_numbers_gone_from_every_row_blocks_what_needs_it_and_no_more(platform: str, column: str) -> None:
    columns, identities = PLATFORMS[platform].columns, PLATFORMS[platform].identities
    needing = {measure for measure, parts in columns.items() if column in parts}
    whole = read(platform, without(platform, "")).table.to_pylist()
    parsed = read(platform, without(platform, column))
    assert set(parsed.given) == set(columns) - needing
    for row, before in zip(parsed.table.to_pylist(), whole, strict=True):
        assert row["problem"] is None
        assert {name: row[name] for name in columns} == {
            name: None if name in needing else before[name] for name in columns
        }
    (lost,) = [finding for finding in parsed.findings if finding.rule == "READ-MISSING"]
    assert (lost.severity, lost.column, lost.row) == ("critical", column, "")
    assert "cột lạ: renamedColumn" in lost.message
    assert all(f"({measure})" in lost.message for measure in needing)
    assert ("không kiểm được" in lost.message) == any(column in (one.total, *one.parts) for one in identities)


def test_an_identity_without_one_of_its_columns_is_not_checked_and_the_others_are() -> None:
    row = {key: value for key, value in opencps(COMMUNE, undueCount=9).items() if key != "insideCount"}
    (finding, problem) = read("opencps_v2", opencps_page(row)).findings
    assert (finding.rule, problem.rule, problem.column) == ("READ-MISSING", "READ-VENDOR", "processingCount")


def test_a_column_missing_in_some_rows_is_a_problem_of_those_rows() -> None:
    row = {key: value for key, value in tandan(COMMUNE).items() if key != "tongSo"}
    parsed = read("tandan_06a", tandan_page(row, tandan("04.01")))
    assert parsed.table.column("problem_rule").to_pylist() == ["READ-NUMBER", None]
    assert set(parsed.given) == set(PLATFORMS["tandan_06a"].columns)


@pytest.mark.parametrize("inwards", [True, False])
def test_a_column_that_moved_into_an_object_or_out_of_one_is_missing(inwards: bool) -> None:
    row = igate(COMMUNE)
    if inwards:
        row["online"] = {"count": row.pop("receivedOnline")}
        parsed = read("igate", page([row], "ho_tich"))
        assert (parsed.missing, parsed.unread) == (("receivedOnline",), ("online.count",))
    else:
        columns = {**PLATFORMS["igate"].columns, "received_online": ("online.count",)}
        parsed = read("igate", page([row], "ho_tich"), columns=columns, identities=())
        assert (parsed.missing, parsed.unread) == (("online.count",), ("receivedOnline",))
    assert parsed.table["received_online"].null_count == parsed.table.num_rows == 1
    assert parsed.table["received_direct_postal"].null_count == 0


def test_an_answer_without_any_column_of_numbers_is_broken() -> None:
    with pytest.raises(SourceBroken, match="thiếu cột này ở mọi dòng"):
        read("tandan_06a", tandan_page({"maThongKe": COMMUNE, "tenThongKe": "UBND", "catalog": "xa-phuong"}))


def test_a_column_nobody_reads_is_one_warning_a_payload() -> None:
    first = tandan_page(tandan(COMMUNE, moi=1), tandan("04.01", moi=2, khac=3))
    second = tandan_page(tandan(COMMUNE), field="dat_dai")
    third = tandan_page(tandan(COMMUNE, moi=9), field="thue_dat")
    fields = {code: CATALOG.fields[code] for code in ("ho_tich", "dat_dai", "thue_dat")}
    parsed = read("tandan_06a", first, second, third, fields=fields)
    assert [(one.rule, one.severity, one.payload, one.column) for one in parsed.findings] == [
        ("READ-COLUMN", "warning", first[0].sha256, "moi, khac"),
        ("READ-COLUMN", "warning", third[0].sha256, "moi"),
    ]
    assert parsed.table.column("problem").null_count == 4


def test_a_new_column_inside_the_agency_is_noticed() -> None:
    row = igate(COMMUNE)
    row["agency"]["level"] = 2
    (finding,) = read("igate", page([row], "ho_tich")).findings
    assert finding.column == "agency.level"


def test_one_field_without_rows_is_no_fault_but_one_that_was_not_asked_is() -> None:
    fields = {code: CATALOG.fields[code] for code in ("ho_tich", "dat_dai")}
    empty, full = page([], "dat_dai"), page([igate(COMMUNE)], "ho_tich")
    assert read("igate", empty, full, fields=fields).table.num_rows == 1
    with pytest.raises(SourceBroken) as caught:
        read("igate", full, fields=fields)
    assert caught.value.field == "dat_dai"
    with pytest.raises(SourceBroken, match="danh sách rỗng"):
        read("igate", empty, page([], "ho_tich"), fields=fields)


# --- totals -------------------------------------------------------------------------------------

AXES = ("govAgencyCode", "domainCode", "groupAgencyCode", "system")
KINDS = [axes for n in range(1, 5) for axes in itertools.combinations(AXES, n)]


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from([None, "", "  "])), max_size=12), st.booleans())
def test_totals_are_never_added_to_their_parts(kinds: list[tuple[tuple[str, ...], Any]], yearly: bool) -> None:
    details = [opencps(COMMUNE), opencps(COMMUNES[1].code), opencps("04.03")]
    totals = [
        times(3 if "govAgencyCode" in axes else 1, opencps(COMMUNE, **dict.fromkeys(axes, blank)))
        for axes, blank in kinds
    ]
    years = [opencps(COMMUNE, month=0), opencps(COMMUNE, month=0, year=0)] if yearly else []
    parsed = read("opencps_v2", opencps_page(*totals, *details, *years))
    assert parsed.table.column("agency").to_pylist() == [COMMUNE, COMMUNES[1].code, "04.03"]
    assert sum(parsed.left_out.values()) == len(totals) + len(years)
    assert parsed.left_out.get("dòng tổng (month = 0)", 0) == len(years)
    assert parsed.findings == []


def times(factor: int, row: dict[str, Any]) -> dict[str, Any]:
    return {key: value * factor if key.endswith("Count") or "time" in key else value for key, value in row.items()}


def test_the_reason_names_the_blank_column() -> None:
    answer = opencps_page(opencps(COMMUNE), opencps(None), opencps(COMMUNE, ""), opencps(COMMUNE, ""))
    assert read("opencps_v2", answer).left_out == {
        "dòng tổng (govAgencyCode để trống)": 1,
        "dòng tổng (domainCode để trống)": 2,
    }


def grand(**changes: Any) -> dict[str, Any]:
    """The vendor's own total over two detail rows."""
    return {**times(2, opencps(None, None, groupAgencyCode=None, system=None)), **changes}


def test_the_vendors_total_agrees_with_its_rows() -> None:
    answer = opencps_page(grand(), opencps(COMMUNE), opencps("04.01"), grand(month=0, processCount=999))
    assert read("opencps_v2", answer).findings == []


@pytest.mark.parametrize("written", [25, "24", None])
def test_a_vendors_total_that_differs_is_shown_with_both_numbers(written: Any) -> None:
    answer = opencps_page(grand(processCount=written), opencps(COMMUNE), opencps("04.01"))
    parsed = read("opencps_v2", answer)
    (finding,) = parsed.findings
    assert (finding.rule, finding.severity, finding.unit, finding.row) == (
        "READ-VENDOR",
        "critical",
        "04",
        "/dossierStatisticData/0",
    )
    assert (finding.column, finding.expected) == ("processCount", "24")
    assert finding.value == {25: "25", "24": '"24"', None: "null"}[written]
    assert parsed.table.column("problem").null_count == 2


def test_a_total_over_unreadable_rows_is_not_judged() -> None:
    answer = opencps_page(grand(), opencps(COMMUNE, processCount="12"), opencps("04.01"))
    assert [finding.rule for finding in read("opencps_v2", answer).findings] == ["READ-NUMBER"]


# --- duplicates and the Party bloc --------------------------------------------------------------


def test_parents_do_not_hold_their_children() -> None:
    children = [organ("Sở Nội vụ", 1, 2), organ("UBND " + COMMUNES[0].name, 3, 4)]
    answer = page([organ("UBND tỉnh Cao Bằng", 100, 200, childOrgan=children)])
    rows = read("bkav_axis", answer).table.to_pylist()
    assert [(row["unit"], row["tier"], row["sent"], row["received"], row["exchanged"]) for row in rows] == [
        ("04", "province", 100, 200, 300),
        ("04", "province", 1, 2, 3),
        (COMMUNE, "commune", 3, 4, 7),
    ]


def test_the_same_figures_of_one_day_count_once() -> None:
    times = ["2026-09-14 01:00:00", "2026-09-14 02:30:00", "2026-09-14 23:59:59"]
    parsed = read("bkav_axis", page([organ("Sở Nội vụ", lastUpdate=time) for time in times]))
    assert parsed.table.num_rows == 1
    assert parsed.left_out == {"trùng cơ quan và ngày, cùng số liệu": 2}
    assert parsed.findings == []


def test_the_same_agency_in_another_spelling_is_a_duplicate_too() -> None:
    parsed = read("bkav_axis", page([organ("UBND xã Đức Hoà"), organ("UBND  xã Đức Hòa")]))
    assert parsed.left_out == {"trùng cơ quan và ngày, cùng số liệu": 1}


def test_other_figures_for_one_day_leave_no_figure_to_trust() -> None:
    rows = [organ("Sở Nội vụ", 5, 9), organ("Sở Nội vụ", 6, 9), organ("Sở Nội vụ", 5, 9), organ("Sở Y tế", 6, 9)]
    parsed = read("bkav_axis", page(rows))
    assert parsed.left_out == {"trùng cơ quan và ngày, cùng số liệu": 1}
    assert parsed.table.column("problem_rule").to_pylist() == ["READ-DUPLICATE", "READ-DUPLICATE", None]
    assert {(one.rule, one.severity) for one in parsed.findings} == {("READ-DUPLICATE", "critical")}
    assert len(parsed.findings) == 2
    assert "5/9/14 | 6/9/15" in parsed.findings[0].message


def test_another_day_is_another_count() -> None:
    rows = [organ("Sở Nội vụ"), organ("Sở Nội vụ", lastUpdate="2026-09-13 01:00:00")]
    assert read("bkav_axis", page(rows)).table.num_rows == 2


@pytest.mark.parametrize("day", ["14/09/2026", None, 20260914, ""])
def test_an_unreadable_day_is_told(day: Any) -> None:
    parsed = read("bkav_axis", page([organ("Sở Nội vụ", lastUpdate=day), organ("Sở Y tế")]))
    assert parsed.table.column("problem_rule").to_pylist() == ["READ-DUPLICATE", None]


def test_the_party_bloc_is_left_out_and_counted() -> None:
    rows = [organ("Văn phòng Tỉnh ủy", organDomain="A00.00.01.X04"), organ("Sở Nội vụ")]
    parsed = read("bkav_axis", page(rows))
    assert parsed.table.column("agency").to_pylist() == ["Sở Nội vụ"]
    assert parsed.left_out == {"ngoài phạm vi báo cáo": 1}
    assert parsed.findings == []


def test_a_party_name_without_the_party_code_is_not_taken_for_the_province() -> None:
    (row,) = read("bkav_axis", page([organ("Văn phòng Tỉnh ủy")])).table.to_pylist()
    assert (row["unit"], row["problem_rule"]) == (None, "READ-UNIT")
