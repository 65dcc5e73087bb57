"""Lists of single dossiers and documents: counted as the form defines, proven to be whole, doubted one by one."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from etl.errors import SourceBroken
from etl.model import Dossiers, Moment, Page
from etl.parsing import Parsed
from tests.parsing import plain_dossiers
from tests.parsing.plain_dossiers import VIETNAM, Life
from tests.parsing.vendor_answers import CATALOG, COMMUNES, PROVINCE, Q3, TREE, page, read

FIELDS = dict(list(CATALOG.fields.items())[:3])
MEASURES = tuple(CATALOG.datasets["onestop"].columns)
AGENCIES = ("04.01", "04.02", COMMUNES[0].code, COMMUNES[1].code)
FIRST, LAST = Q3.first_day, Q3.last_day
EDGES = [FIRST + dt.timedelta(days=by) for by in (-1, 0, 1)] + [LAST + dt.timedelta(days=by) for by in (-1, 0, 1)]
# A second before and after midnight: in Vietnam another day, in UTC the same.
_times = st.sampled_from([dt.time(0, 0), dt.time(0, 0, 1), dt.time(6, 59, 59), dt.time(7, 0), dt.time(23, 59, 59)])
_days = st.sampled_from(EDGES) | st.dates(FIRST - dt.timedelta(days=40), LAST)


@st.composite
def lives(draw: st.DrawFn) -> Life:
    day = draw(_days)
    received = dt.datetime.combine(day, draw(_times), VIETNAM)
    status = draw(st.sampled_from([1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 10, 10, 10]))
    finished = None
    if status in (7, 9, 10):
        latest = max(LAST + dt.timedelta(days=1), day)
        last = draw(st.sampled_from([edge for edge in EDGES if edge >= day] or [day]) | st.dates(day, latest))
        time = dt.time(23, 59, 59) if last == day else draw(_times)
        finished = dt.datetime.combine(last, time, VIETNAM)
    due = draw(
        st.none()
        | st.sampled_from([edge for edge in EDGES if edge >= day] or [day])
        | st.dates(day, day + dt.timedelta(days=60))
        | st.just(max(finished.date() if finished else day, day))
    )
    return Life(
        draw(st.sampled_from(AGENCIES)),
        draw(st.sampled_from(list(FIELDS))),
        draw(st.sampled_from([1, 2, 3])),
        received,
        due,
        finished,
        status,
    )


def dossier(number: int, life: Life, **changes: Any) -> dict[str, Any]:
    return {
        "MaHoSo": f"H04-{number:05d}",
        "MaTTHC": "1.000001",
        "LinhVuc": life.field,
        "KenhThucHien": life.channel,
        "NgayTiepNhan": life.received.isoformat(),
        "NgayHenTra": f"{life.due:%d/%m/%Y}" if life.due else None,
        "NgayKetThucXuLy": life.finished.isoformat() if life.finished else None,
        "MaDonViTiepNhan": life.agency,
        "TrangThai": life.status,
        "LoaiDoiTuong": "Công dân",
        "MucDo": 4,
        **changes,
    }


def pages_of(records: list[dict[str, Any]], *cuts: int, total: int | None = None) -> list[tuple[Page, bytes]]:
    ends = sorted({*cuts, 0, len(records)})
    parts = [records[start:end] for start, end in pairwise(ends) if end > start]
    return [page({"tongSo": len(records) if total is None else total, "danhSach": part}) for part in parts]


def counted(parsed: Parsed) -> dict[tuple[str, str], Counter[str]]:
    found: dict[tuple[str, str], Counter[str]] = {}
    for row in parsed.table.to_pylist():
        figures = Counter({name: row[name] for name in MEASURES})
        found.setdefault((row["agency"], row["field"]), Counter()).update(figures)
    return {key: +figures for key, figures in found.items()}


def readable(life: Life) -> bool:
    """Pages are fetched on 15/09/2026: what came later cannot be told then."""
    return life.received.date() <= dt.date(2026, 9, 15)


@settings(max_examples=60, deadline=None)
@given(st.lists(lives().filter(readable), min_size=1, max_size=25), st.lists(st.integers(1, 24), max_size=4))
def test_counts_are_those_of_the_form_and_pages_add_up(found: list[Life], cuts: list[int]) -> None:
    records = [dossier(number, life) for number, life in enumerate(found)]
    whole = read("dossier_list", *pages_of(records), fields=FIELDS)
    truth = plain_dossiers.count(found, FIRST, LAST)
    assert {key: figures for key, figures in counted(whole).items() if figures} == truth
    assert whole.findings == []
    parts = read("dossier_list", *pages_of(records, *(cut for cut in cuts if cut < len(records))), fields=FIELDS)
    assert counted(parts) == counted(whole)
    assert parts.left_out == whole.left_out
    in_rows = sum(row["received_total"] for row in whole.table.to_pylist())
    assert sum(whole.left_out.values()) + in_rows == len(found)
    for row in whole.table.to_pylist():
        assert row["received_total"] == row["received_online"] + row["received_direct_postal"] + row["carried_over"]
        assert row["received_total"] == row["resolved_total"] + row["pending_total"]


def test_a_row_is_of_the_whole_list_and_cites_its_first_records() -> None:
    first, other = LIFE, replace(LIFE, agency="04.02")
    pages = pages_of(
        [dossier(number, life) for number, life in enumerate([other, other, first, first, first, first])], 2, 3
    )
    parsed = read("dossier_list", *pages, fields=FIELDS)
    (row, _) = parsed.table.to_pylist()
    assert (row["agency"], row["received_total"], row["pointer"]) == ("04.01", 4, "counted:04.01/ho_tich")
    assert row["payload"] == pages[1][0].sha256
    uris = [sent.uri for sent, _ in pages]
    assert json.loads(row["raw"]) == {
        "records": 4,
        "keys": ["H04-00002", "H04-00003", "H04-00004"],
        "pointers": [f"{uris[1]}#/danhSach/0", f"{uris[2]}#/danhSach/0", f"{uris[2]}#/danhSach/1"],
    }


def test_a_doubt_names_the_page_of_its_record() -> None:
    records = [dossier(number, LIFE) for number in range(4)]
    records[3] |= {"KenhThucHien": None}
    pages = pages_of(records, 2)
    (warned,) = read("dossier_list", *pages, fields=FIELDS).findings
    assert (warned.payload, warned.row) == (pages[1][0].sha256, "/danhSach/1")
    records[3] |= {"KenhThucHien": 9}
    pages = pages_of(records, 2)
    parsed = read("dossier_list", *pages, fields=FIELDS)
    (doubted,) = parsed.findings
    assert [(doubted.payload, doubted.row)] == list(
        zip(*(parsed.table[name].to_pylist() for name in ("payload", "pointer")), strict=True)
    ), "it is the row that is withheld"
    assert "H04-00003 (/danhSach/1 của trang 2)" in doubted.message


def test_a_list_of_more_bytes_than_memory_is_counted_and_too_little_memory_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unread = {"LoaiDoiTuong": "Công dân " * 30}
    records = [dossier(number, replace(LIFE, agency=AGENCIES[number % 4]), **unread) for number in range(240_000)]
    pages = pages_of(records, *range(0, len(records), 1_000))
    assert sum(len(content) for _, content in pages) > 128 * 10**6
    tables = []
    for memory in ("2GB", "128MB"):
        monkeypatch.setenv("BAOCAO_MEMORY", memory)
        tables.append(read("dossier_list", *pages, fields=FIELDS).table)
    assert tables[0] == tables[1]
    assert sum(tables[0]["received_total"].to_pylist()) == len(records)
    monkeypatch.setenv("BAOCAO_MEMORY", "2MB")
    refused = broken(*pages)
    assert (refused.state, refused.field) == ("misconfigured", "BAOCAO_MEMORY")


LIFE = Life("04.01", "ho_tich", 2, dt.datetime(2026, 7, 1, 9, tzinfo=VIETNAM), dt.date(2026, 7, 10), None, 4)
MOMENTS = {
    "local": Moment("NgayTiepNhan", "%Y/%m/%d %H:%M:%S", "local"),
    "utc": Moment("NgayTiepNhan", "%Y-%m-%dT%H:%M:%SZ", "utc"),
    "written": Moment("NgayTiepNhan", "%Y-%m-%dT%H:%M:%S%z", "written"),
}


@pytest.mark.parametrize(
    ("zone", "text", "inside"),
    [
        ("local", "2026/06/15 00:00:00", True),
        ("local", "2026/06/14 23:59:59", False),
        ("utc", "2026-06-14T17:00:00Z", True),
        ("utc", "2026-06-14T16:59:59Z", False),
        ("written", "2026-06-15T00:00:00+07:00", True),
        ("written", "2026-06-14T23:59:59+07:00", False),
        ("written", "2026-06-14T17:00:00+00:00", True),
        ("written", "2026-06-14T16:59:59+0000", False),
    ],
)
def test_a_day_is_a_day_in_vietnam(zone: str, text: str, inside: bool) -> None:
    kind = CATALOG.platforms["dossier_list"].records_of
    assert isinstance(kind, Dossiers)
    records_of = replace(kind, received=MOMENTS[zone])
    (row,) = read(
        "dossier_list", *pages_of([dossier(1, LIFE, NgayTiepNhan=text)]), fields=FIELDS, records_of=records_of
    ).table.to_pylist()
    assert (row["received_online"], row["carried_over"]) == ((1, 0) if inside else (0, 1))


def test_a_dossier_without_a_channel_breaks_the_sum_and_says_so() -> None:
    records = [dossier(1, LIFE), dossier(2, LIFE, KenhThucHien=None)]
    parsed = read("dossier_list", *pages_of(records), fields=FIELDS)
    (row,) = parsed.table.to_pylist()
    assert (row["received_total"], row["received_online"], row["received_direct_postal"]) == (2, 1, 0)
    assert row["problem"] is None
    (finding,) = parsed.findings
    assert (finding.rule, finding.severity, finding.row) == ("READ-CHANNEL", "warning", "/danhSach/1")
    assert "H04-00002" in finding.message


@pytest.mark.parametrize(
    ("changes", "rule", "column", "value"),
    [
        ({"TrangThai": 11}, "READ-STATUS", "TrangThai", "11"),
        ({"TrangThai": 0}, "READ-STATUS", "TrangThai", "0"),
        ({"TrangThai": None}, "READ-STATUS", "TrangThai", ""),
        ({"KenhThucHien": 4}, "READ-RECORD", "KenhThucHien", "4"),
        ({"KenhThucHien": ""}, "READ-RECORD", "KenhThucHien", ""),
        ({"MucDo": 5}, "READ-RECORD", "MucDo", "5"),
        ({"NgayTiepNhan": None}, "READ-UNRECEIVED", "NgayTiepNhan", ""),
        ({"NgayTiepNhan": ""}, "READ-UNRECEIVED", "NgayTiepNhan", ""),
        ({"NgayHenTra": "30/06/2026"}, "READ-DUE", "NgayHenTra", "2026-06-30"),
        ({"TrangThai": 10}, "READ-UNENDED", "NgayKetThucXuLy", ""),
        (
            {"TrangThai": 10, "NgayKetThucXuLy": "2026-06-30T09:00:00+07:00"},
            "READ-END",
            "NgayKetThucXuLy",
            "2026-06-30",
        ),
        (
            {"TrangThai": 10, "NgayKetThucXuLy": "2026-09-17T09:00:00+07:00"},
            *("READ-FUTURE", "NgayKetThucXuLy", "2026-09-17"),
        ),
    ],
)
def test_a_doubtful_dossier_is_found_and_its_figures_are_withheld(
    changes: dict[str, Any], rule: str, column: str, value: str
) -> None:
    other = replace(LIFE, agency="04.02")
    records = [dossier(1, LIFE), dossier(2, other), dossier(3, LIFE, **changes)]
    parsed = read("dossier_list", *pages_of(records), fields=FIELDS)
    doubtful, sound = parsed.table.to_pylist()
    assert (doubtful["agency"], doubtful["problem_rule"]) == ("04.01", rule)
    assert (sound["agency"], sound["problem"]) == ("04.02", None)
    (finding,) = parsed.findings
    assert (finding.rule, finding.severity, finding.row) == (rule, "critical", doubtful["pointer"])
    assert (finding.column, finding.value) == (column, value)
    assert "H04-00003 (/danhSach/2 của trang 1)" in finding.message


def test_each_kind_of_doubt_in_one_row_is_found_with_its_own_first_record() -> None:
    wrong = {"TrangThai": 11}, {"NgayHenTra": "30/06/2026"}, {"TrangThai": 0}
    records = [dossier(1, LIFE), *(dossier(number, LIFE, **changes) for number, changes in enumerate(wrong, 2))]
    parsed = read("dossier_list", *pages_of(records), fields=FIELDS)
    (row,) = parsed.table.to_pylist()
    assert (row["problem_rule"], row["received_total"]) == ("READ-STATUS", 1)
    assert [(one.rule, one.value, one.message.split()[0]) for one in parsed.findings] == [
        ("READ-STATUS", "11", "2"),
        ("READ-DUE", "2026-06-30", "1"),
    ]


def test_a_service_of_level_2_filed_online_is_counted_and_warned_of() -> None:
    records = [
        dossier(number, replace(LIFE, channel=channel), MucDo=level)
        for number, (channel, level) in enumerate([(2, 3), (1, 2), (2, 2)])
    ]
    parsed = read("dossier_list", *pages_of(records), fields=FIELDS)
    (row,) = parsed.table.to_pylist()
    assert (row["received_online"], row["problem"]) == (2, None)
    (finding,) = parsed.findings
    assert (finding.rule, finding.severity, finding.row) == ("READ-LEVEL-2", "warning", "/danhSach/2")
    assert (finding.column, finding.value) == ("MucDo", "2")


def test_a_dossier_that_lacks_a_column_is_doubtful() -> None:
    lacking = dossier(2, LIFE)
    del lacking["NgayHenTra"]
    parsed = read("dossier_list", *pages_of([dossier(1, LIFE), lacking]), fields=FIELDS)
    assert [finding.rule for finding in parsed.findings] == ["READ-RECORD"]
    assert "thiếu cột NgayHenTra" in parsed.findings[0].message


def test_what_cannot_touch_the_period_is_not_doubted() -> None:
    """A due date before reception of a dossier that ended a year ago, or of one that was never accepted."""
    long_ago = {"NgayTiepNhan": "2025-07-10T09:00:00+07:00", "NgayKetThucXuLy": "2025-07-20T09:00:00+07:00"}
    records = [
        dossier(1, LIFE),
        dossier(2, LIFE, TrangThai=10, NgayHenTra="01/07/2025", **long_ago),
        dossier(3, LIFE, TrangThai=3, NgayHenTra="01/06/2026"),
    ]
    parsed = read("dossier_list", *pages_of(records), fields=FIELDS)
    assert parsed.findings == []
    assert sorted(parsed.left_out.values()) == [1, 1]


def test_an_unknown_agency_or_field_is_a_row_of_its_own_with_its_problem() -> None:
    records = [dossier(1, LIFE), dossier(2, LIFE, MaDonViTiepNhan="99999"), dossier(3, LIFE, LinhVuc="thuy_loi")]
    parsed = read("dossier_list", *pages_of(records), fields=FIELDS)
    assert Counter(row["problem_rule"] for row in parsed.table.to_pylist()) == Counter(
        [None, "READ-UNIT", "READ-FIELD"]
    )
    assert {finding.rule for finding in parsed.findings} == {"READ-UNIT", "READ-FIELD"}


def broken(*pages: tuple[Page, bytes], **changes: Any) -> SourceBroken:
    with pytest.raises(SourceBroken) as caught:
        read("dossier_list", *pages, fields=FIELDS, **changes)
    return caught.value


def test_a_key_twice_makes_the_pull_unproven() -> None:
    again = [dossier(1, LIFE), dossier(2, LIFE), dossier(1, LIFE)]
    problem = broken(*pages_of(again, 2))
    assert problem.state == "repeated"
    assert "/danhSach/0 của trang 1" in str(problem)
    assert "/danhSach/0 của trang 2" in str(problem)
    moved = [dossier(1, LIFE), dossier(2, LIFE), dossier(1, LIFE, TrangThai=2)]
    assert broken(*pages_of(moved, 2)).state == "shifting"
    assert broken(*pages_of([dossier(1, LIFE, MaHoSo=None)])).state == "misshapen"


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("NgayHenTra", "07/13/2026"),  # months first
        ("NgayHenTra", "31/06/2026"),  # no such day
        ("NgayHenTra", "1/7/2026"),
        ("NgayHenTra", "2026-07-01"),
        ("NgayTiepNhan", "2026-07-01T09:00:00"),  # no offset
        ("NgayTiepNhan", "2026-07-01 09:00:00+07:00"),
        ("NgayKetThucXuLy", 1782871200),
    ],
)
def test_a_date_in_another_format_makes_the_pull_unproven(column: str, text: Any) -> None:
    """Even one: where 07/13 stands, 07/12 was read as another day."""
    problem = broken(*pages_of([dossier(1, LIFE), dossier(2, LIFE, **{column: text})]))
    assert (problem.state, problem.field) == ("wrong_date", column)


def test_totals_and_emptiness_are_proven() -> None:
    assert broken(*pages_of([dossier(1, LIFE)], total=2)).state == "short"
    assert broken(*pages_of([dossier(1, LIFE)], total=0)).state == "excess"
    assert broken(page({"tongSo": 0, "danhSach": []})).state == "empty"
    renamed = {key.replace("NgayTiepNhan", "NgayNhan"): value for key, value in dossier(1, LIFE).items()}
    problem = broken(*pages_of([renamed]))
    assert (problem.state, problem.field) == ("missing_column", "NgayTiepNhan")


def test_an_agency_without_dossiers_is_missing_unless_the_list_is_known_to_prove_zero() -> None:
    records = [dossier(number, replace(LIFE, agency=unit.code)) for number, unit in enumerate(COMMUNES[1:])]
    silent = read("dossier_list", *pages_of(records), fields=FIELDS)
    assert COMMUNES[0].code not in silent.table["unit"].to_pylist()
    proving = read("dossier_list", *pages_of(records), fields=FIELDS, absent_is_zero=True)
    zeros = [row for row in proving.table.to_pylist() if row["received_total"] == 0]
    assert {(row["unit"], row["field"]) for row in zeros} == {
        (unit, field) for unit in (COMMUNES[0].code, PROVINCE.code) for field in FIELDS
    }
    assert all(row[name] == 0 for row in zeros for name in MEASURES)
    assert {unit.code for unit in TREE.below(PROVINCE.code)} == set(proving.table["unit"].to_pylist())
    stranger = [*records, dossier(9999, replace(LIFE, agency="99999"))]  # which may be the very one that is missing
    doubtful = read("dossier_list", *pages_of(stranger), fields=FIELDS, absent_is_zero=True)
    assert COMMUNES[0].code not in doubtful.table["unit"].to_pylist()


def item(key: str, sender: str, recipients: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": key,
        "status": "03",
        "statusDesc": "",
        "createdTime": "2026/07/01 08:30:00",
        "updatedTime": "2026/07/02 08:30:00",
        "messageType": "edoc",
        "serviceType": "eDoc",
        "from": {"code": "000.00.00.H14", "name": sender},
        "to": {"code": "000.00.05.H14", "name": recipients},
        **changes,
    }


COMMITTEE, OFFICE, HOME = "UBND tỉnh Cao Bằng", "Văn phòng UBND tỉnh Cao Bằng", "Sở Nội vụ"


def vxp(sent: list[dict[str, Any]], received: list[dict[str, Any]], **changes: Any) -> Parsed:
    pages = []
    for name, items in (("sent", sent), ("received", received)):
        answered, content = page({"status": "OK", "total": len(items), "data": items})
        pages.append((replace(answered, list=name), content))
    return read("vxp", *pages, **changes)


def figures(parsed: Parsed) -> dict[str, tuple[int, int, int]]:
    found: dict[str, tuple[int, int, int]] = {}
    for row in parsed.table.to_pylist():
        before = found.get(row["agency"], (0, 0, 0))
        found[row["agency"]] = (
            before[0] + row["sent"],
            before[1] + row["received"],
            before[2] + row["exchanged"],
        )
    return found


def test_one_document_to_two_recipients_is_one_sent_and_two_received() -> None:
    parsed = vxp(
        [item("1", COMMITTEE, f"{HOME}#{OFFICE}"), item("2", OFFICE, HOME)],
        [item("1.0", COMMITTEE, HOME), item("1.1", COMMITTEE, OFFICE), item("2.0", OFFICE, HOME)],
    )
    assert figures(parsed) == {COMMITTEE: (1, 0, 1), OFFICE: (1, 1, 2), HOME: (0, 2, 2)}
    assert {(row["unit"], row["tier"]) for row in parsed.table.to_pylist()} == {("04", "province")}
    assert parsed.findings == []


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "02"},
        {"status": "13"},
        {"status": "15"},
        {"messageType": "status"},
        {"createdTime": "2026/06/14 23:59:59"},
        {"createdTime": "2026/09/15 00:00:00"},
        {"from": {"code": "A00.00.01.H14", "name": "Văn phòng Tỉnh ủy"}},
    ],
)
def test_what_is_no_document_of_the_report_is_left_out_and_listed(changes: dict[str, Any]) -> None:
    parsed = vxp([item("1", COMMITTEE, HOME), item("2", COMMITTEE, HOME, **changes)], [item("1.0", COMMITTEE, HOME)])
    assert figures(parsed) == {COMMITTEE: (1, 0, 1), HOME: (0, 1, 1)}
    assert list(parsed.left_out.values()) == [1]
    assert parsed.findings == []


def test_a_status_that_nobody_declared_withholds_its_agency() -> None:
    parsed = vxp([item("1", COMMITTEE, HOME), item("2", OFFICE, HOME, status="14")], [item("1.0", COMMITTEE, HOME)])
    assert [(row["agency"], row["problem_rule"]) for row in parsed.table.to_pylist() if row["problem"]] == [
        (OFFICE, "READ-RECORD")
    ]
    (finding,) = parsed.findings
    assert (finding.column, finding.value) == ("status", "14")


def test_each_list_must_have_answered_for_itself() -> None:
    with pytest.raises(SourceBroken, match="danh sách received rỗng"):
        vxp([item("1", COMMITTEE, HOME)], [])
    with pytest.raises(SourceBroken, match="lặp lại nguyên văn"):
        vxp([item("1", COMMITTEE, HOME)], [item("1", COMMITTEE, HOME)])


def test_a_document_names_every_recipient_in_a_list() -> None:
    record = {
        "maVanBan": "1",
        "soKyHieu": "1/CV",
        "ngayGui": "01/07/2026 08:30:00",
        "noiGui": {"ma": "000.00.00.H14", "ten": COMMITTEE},
        "noiNhan": [{"ma": "000.00.02.H14", "ten": HOME}, {"ma": "A00.00.01.H14", "ten": "Văn phòng Tỉnh ủy"}],
        "trangThai": "03",
        "nghiepVu": "0",
        "hinhThuc": "DT",
        "kySo": True,
    }
    foreign = {**record, "maVanBan": "2", "noiGui": {"ma": "000.00.00.G22", "ten": "Văn phòng Chính phủ"}}
    recall = {**record, "maVanBan": "3", "nghiepVu": "1"}
    parsed = read("document_list", page({"tongSo": 3, "vanBan": [record, foreign, recall]}))
    assert figures(parsed) == {COMMITTEE: (1, 0, 1), HOME: (0, 2, 2)}
    assert parsed.left_out == {"không tính theo nghiepVu = 1": 3, "ngoài phạm vi báo cáo": 3}


def test_an_organisation_of_another_province_is_outside_and_no_unknown_unit() -> None:
    def organ(code: str, name: str) -> dict[str, str]:
        return {"ma": code, "ten": name}

    own, other = organ("000.00.00.H14", COMMITTEE), organ("000.00.00.H22", "UBND tỉnh Hà Giang")
    stranger = organ("000.99.99.H14", "UBND xã Không Có")
    document = {
        "soKyHieu": "1/CV", "ngayGui": "01/07/2026 08:30:00", "trangThai": "03", "nghiepVu": "0", "hinhThuc": "DT",
        "kySo": True,
    }  # fmt: skip
    letters = [
        {**document, "maVanBan": "1", "noiGui": own, "noiNhan": [other, organ("000.00.02.H14", HOME)]},
        {**document, "maVanBan": "2", "noiGui": other, "noiNhan": [own]},
    ]
    told = read("document_list", page({"tongSo": 2, "vanBan": letters}), identifiers=("H14",))
    assert figures(told) == {COMMITTEE: (1, 1, 2), HOME: (0, 1, 1)}
    assert told.findings == []
    assert told.omitted.to_pylist() == [
        {"payload": told.table["payload"][0].as_py(), "pointer": at, "reason": "ngoài phạm vi báo cáo", "agency": name}
        for at, name in (("/vanBan/0", "UBND tỉnh Hà Giang"), ("/vanBan/1", "UBND tỉnh Hà Giang"))
    ]
    untold = read("document_list", page({"tongSo": 2, "vanBan": letters}))
    assert {finding.rule for finding in untold.findings} == {"READ-UNIT"}, "nobody said which codes are its own"
    letters.append({**document, "maVanBan": "3", "noiGui": own, "noiNhan": [stranger]})
    unknown = read("document_list", page({"tongSo": 3, "vanBan": letters}), identifiers=("H14",))
    assert [(finding.rule, finding.value) for finding in unknown.findings] == [("READ-UNIT", "UBND xã Không Có")]


KINDS = {("DT", True): "signed", ("DT", False): "unsigned", ("GIAY", None): "paper", ("GIAY", False): "paper"}


@settings(max_examples=20, deadline=None)
@given(kinds=st.lists(st.tuples(st.sampled_from(sorted(KINDS, key=str)), st.integers(1, 3)), min_size=1, max_size=12))
def test_what_is_signed_and_what_is_on_paper_is_counted_apart(kinds: list[tuple[tuple[str, bool | None], int]]) -> None:
    letters = [
        {
            "maVanBan": str(number),
            "soKyHieu": "1/CV",
            "ngayGui": "01/07/2026 08:30:00",
            "noiGui": {"ma": "000.00.00.H14", "ten": COMMITTEE},
            "noiNhan": [{"ma": "000.00.02.H14", "ten": HOME}] * copies,
            "trangThai": "03",
            "nghiepVu": "0",
            "hinhThuc": form,
            "kySo": signed,
        }
        for number, ((form, signed), copies) in enumerate(kinds)
    ]
    table = read("document_list", page({"tongSo": len(letters), "vanBan": letters})).table.to_pylist()
    of = [(KINDS[kind], copies) for kind, copies in kinds]
    for agency, way, counts in ((COMMITTEE, "sent", lambda copies: 1), (HOME, "received", lambda copies: copies)):
        (row,) = (one for one in table if one["agency"] == agency)
        assert row[way] == sum(counts(copies) for kind, copies in of if kind != "paper")
        assert row[f"{way}_signed"] == sum(counts(copies) for kind, copies in of if kind == "signed")
        assert row[f"{way}_paper"] == sum(counts(copies) for kind, copies in of if kind == "paper")


@pytest.mark.parametrize(("column", "value"), [("kySo", "CA"), ("kySo", None), ("hinhThuc", "FAX"), ("hinhThuc", None)])
def test_a_document_of_unknown_form_or_signature_withholds_its_agencies(column: str, value: str | None) -> None:
    letter = {
        "maVanBan": "1", "soKyHieu": "1/CV", "ngayGui": "01/07/2026 08:30:00", "trangThai": "03", "nghiepVu": "0",
        "noiGui": {"ma": "000.00.00.H14", "ten": COMMITTEE}, "noiNhan": [{"ma": "000.00.02.H14", "ten": HOME}],
        "hinhThuc": "DT", "kySo": True,
    }  # fmt: skip
    other = {**letter, "maVanBan": "2", column: value}
    parsed = read("document_list", page({"tongSo": 2, "vanBan": [letter, other]}))
    assert {(row["agency"], row["problem_rule"]) for row in parsed.table.to_pylist()} == {
        (COMMITTEE, "READ-RECORD"),
        (HOME, "READ-RECORD"),
    }
    assert {finding.column for finding in parsed.findings} == {column}
