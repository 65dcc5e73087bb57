"""Answers that were asked day by day or month by month: each row keeps its part, and no part is missing."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from etl.errors import SourceBroken
from etl.model import Page
from etl.periods import Interval, Period, parts
from tests.parsing.vendor_answers import COMMUNES, Q3, igate, opencps, opencps_page, organ, page, read

TOP = "UBND tỉnh Cao Bằng"
DAYS = parts("days", Q3)


def of(days: Interval, answer: tuple[Page, bytes]) -> tuple[Page, bytes]:
    return replace(answer[0], first_day=days.first_day, last_day=days.last_day), answer[1]


def asked_daily(**changes: Any) -> list[tuple[Page, bytes]]:
    """The same bytes every day, as of a job that ran once for all of them."""
    return [of(day, page([organ(TOP, **changes)])) for day in DAYS]


def test_every_row_keeps_its_day_and_no_day_is_taken_for_a_repetition() -> None:
    parsed = read("bkav_axis", *asked_daily(), window="days")
    rows = parsed.table.to_pylist()
    assert [Interval(row["first_day"], row["last_day"]) for row in rows] == list(DAYS)
    assert parsed.left_out == {}
    (finding,) = parsed.findings
    assert (finding.rule, finding.severity, finding.value) == ("READ-BRIDGE", "info", "15/06/2026 - 14/09/2026")
    assert "ghép từ 92 ngày, 15/06/2026 - 14/09/2026" in finding.message


def test_a_row_twice_on_one_day_is_still_one() -> None:
    answers = asked_daily()
    answers[7] = of(DAYS[7], page([organ(TOP), organ(TOP, lastUpdate="2026-09-14 03:00:00")]))
    parsed = read("bkav_axis", *answers, window="days")
    assert parsed.table.num_rows == len(DAYS)
    assert parsed.left_out == {"trùng cơ quan và ngày, cùng số liệu": 1}


@pytest.mark.parametrize(
    ("kept", "field"),
    [
        (slice(1, None), "15/06/2026 - 15/06/2026"),
        (slice(None, -1), "14/09/2026 - 14/09/2026"),
        (slice(None, None, 2), "16/06/2026 - 16/06/2026, 18/06/2026 - 18/06/2026"),
    ],
)
def test_a_day_that_was_not_asked_breaks_the_pull(kept: slice, field: str) -> None:
    with pytest.raises(SourceBroken, match="chưa lấy đủ các ngày của kỳ") as caught:
        read("bkav_axis", *asked_daily()[kept], window="days")
    assert caught.value.state == "short"
    assert caught.value.field.startswith(field)


def test_the_days_asked_must_be_those_of_the_period() -> None:
    beyond = Interval(Q3.last_day, Q3.last_day + dt.timedelta(days=1))
    with pytest.raises(SourceBroken, match="chồng lên nhau"):
        read("bkav_axis", *asked_daily(), of(beyond, page([organ(TOP)])), window="days")


def test_each_field_is_asked_on_each_day() -> None:
    answers = [of(day, page([igate(COMMUNES[0].code)], "ho_tich")) for day in DAYS]
    assert read("igate", *answers, window="days").table.num_rows == len(DAYS)
    lost = of(DAYS[3], page([igate(COMMUNES[0].code)], "dat_dai"))
    with pytest.raises(SourceBroken, match="chưa lấy lĩnh vực này"):
        read("igate", *answers[:3], lost, *answers[4:], window="days")


def test_a_total_is_that_of_its_own_day() -> None:
    code = COMMUNES[0].code
    detail, total = opencps(code), opencps(None)
    good = [of(day, opencps_page(detail, total)) for day in DAYS]
    parsed = read("opencps_v2", *good, window="days")
    assert [finding.rule for finding in parsed.findings] == ["READ-BRIDGE"]
    wrong = of(DAYS[5], opencps_page(detail, opencps(None, onlineCount=7, receivedCount=11)))
    rules = {finding.rule for finding in read("opencps_v2", *good[:5], wrong, *good[6:], window="days").findings}
    assert rules == {"READ-BRIDGE", "READ-VENDOR"}


def test_months_are_of_the_calendar_quarter_and_say_so() -> None:
    months = parts("months", Q3)
    assert [str(month) for month in months] == [
        "01/07/2026 - 31/07/2026",
        "01/08/2026 - 31/08/2026",
        "01/09/2026 - 30/09/2026",
    ]
    parsed = read("bkav_axis", *(of(month, page([organ(TOP)])) for month in months), window="months")
    found = {finding.rule: finding for finding in parsed.findings}
    assert set(found) == {"READ-WINDOW", "READ-BRIDGE"}
    assert found["READ-WINDOW"].severity == "warning"
    assert (found["READ-WINDOW"].value, found["READ-WINDOW"].expected) == (
        *("01/07/2026 - 30/09/2026", "15/06/2026 - 14/09/2026"),
    )
    assert "ghép từ 3 tháng" in found["READ-BRIDGE"].message


@pytest.mark.parametrize(("key", "count"), [("2026-M02", 31), ("2024-M03", 29), ("2026", 365)])
def test_any_kind_of_period_has_its_days(key: str, count: int) -> None:
    period = Period.parse(key)
    days = parts("days", period)
    assert len(days) == count
    assert (days[0].first_day, days[-1].last_day) == (period.first_day, period.last_day)
    assert period.days.tiled_by(days)
    assert not period.days.tiled_by(days[1:])
    assert not period.days.tiled_by([*days, days[0]])
