"""The letters: what is owed, how urgent it is and what to do, and names of sources as text."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

import pytest

from etl.catalog import load
from etl.compliance import letters
from etl.model import Contact, Obligation, Outstanding, Standing
from tests.end_to_end.office import ROOT

FORMS = load((ROOT / "catalog",)).forms
TODAY = dt.date(2026, 9, 23)
OFFICE = Contact("Phòng <tổng hợp>", "a@b.example", "0123")
UNIT = Contact("Văn phòng & lưu trữ", "c@d.example")
HELD = letters.Held("nguon_1", "Trung tâm <b>A</b>", "cổng đang lỗi", complete=False)


def outstanding(due_on: dt.date, *, partial: bool = False, verified: bool = True, unit: str = "04") -> Outstanding:
    owed = Obligation("II.06a", unit, "2026-Q3", "province", f"Tỉnh {unit}", "Tỉnh", unit, due_on, verified)
    received = TODAY - dt.timedelta(days=1) if partial else None
    return Outstanding(Standing(owed, "partial" if partial else "open", received, None, 0), due_on < TODAY, due_on)


def told(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.parametrize(
    ("due_on", "urgency", "left"),
    [
        (dt.date(2026, 9, 25), "1 biểu đến hạn ngày 25/09/2026", "25/09/2026 còn 2 ngày"),
        (dt.date(2026, 9, 23), "1 biểu đến hạn ngày 23/09/2026", "23/09/2026 hôm nay"),
        (dt.date(2026, 9, 20), "1 biểu đã quá hạn", "20/09/2026 quá hạn 3 ngày"),
    ],
)
def test_a_unit_reads_what_it_owes_and_how_urgent_it_is(due_on: dt.date, urgency: str, left: str) -> None:
    letter = letters.to_unit("04", UNIT, "c@d.example", [outstanding(due_on)], TODAY, OFFICE, FORMS, {})
    assert letter.subject == f"Nhắc gửi báo cáo: Tỉnh 04, {urgency}"
    text = told(letter.html)
    for said in (left, "II.06a", "Quý III năm 2026 (15/06/2026 - 14/09/2026)", "Chưa có báo cáo", "điện thoại 0123"):
        assert said in text
    assert "dự án đặt" not in text


def test_a_due_date_that_no_text_gives_says_so() -> None:
    owed = [outstanding(dt.date(2026, 9, 25), verified=False)]
    html = letters.to_unit("04", UNIT, "c@d.example", owed, TODAY, replace(OFFICE, phone=""), FORMS, {}).html
    assert "còn 2 ngày (hạn này do dự án đặt, chưa thấy trong văn bản)" in told(html)
    assert "điện thoại" not in html


@pytest.mark.parametrize(
    ("held", "partial", "todo"),
    [
        ([HELD], False, "Kiểm tra hệ thống nguồn: nguon_1 (Trung tâm <b>A</b>): cổng đang lỗi."),
        ([replace(HELD, state=None)], False, "Số liệu chưa được lấy từ hệ thống nguồn"),
        ([replace(HELD, complete=True)], True, "Xem các ô ghi “…” trên biểu"),
        ([replace(HELD, complete=True)], False, "đơn vị không phải làm gì thêm"),
        ([], False, "Gửi báo cáo cho đơn vị tổng hợp."),
    ],
)
def test_what_to_do_is_text_whatever_a_source_is_called(held: list[letters.Held], partial: bool, todo: str) -> None:
    owed = [outstanding(dt.date(2026, 9, 25), partial=partial)]
    behind = {("II.06a", "2026-Q3"): held}
    html = letters.to_unit("04", UNIT, "c@d.example", owed, TODAY, OFFICE, FORMS, behind).html
    assert todo.replace("<b>", "&lt;b&gt;").replace("</b>", "&lt;/b&gt;") in html
    assert "<tổng hợp>" not in html
    assert "Văn phòng &amp; lưu trữ" in html


def test_the_office_reads_who_lacks_what() -> None:
    due = dt.date(2026, 9, 25)
    owed = [outstanding(due, unit="04"), outstanding(due, unit="08", partial=True), outstanding(due, unit="11")]
    letter = letters.to_office(OFFICE, "a@b.example", owed, TODAY, FORMS, {"11": "chưa có hộp thư", "99": "khác"})
    assert letter.subject == "Cảnh báo hạn báo cáo: 3 đơn vị chưa đủ, hạn 25/09/2026"
    rows = re.findall(r"<td[^>]*>(.*?)</td>", letter.html, re.S)
    assert [told(cell) for cell in rows[3:]] == ["Tỉnh 04; Tỉnh 11", "Tỉnh 08"]
    assert "Không có thư nhắc cho: Tỉnh 11: chưa có hộp thư" in told(letter.html)
    assert "khác" not in told(letter.html).split("Việc cần làm")[0]
