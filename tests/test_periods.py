"""Windows of Decree 09/2019/NĐ-CP, article 12: they tile, and their dates are those of the law."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import PeriodError
from etl.periods import Kind, Period

MOST = {"month": 12, "quarter": 4, "half": 2, "nine_months": 1, "year": 1}
TILING = ("month", "quarter", "half", "year")
DAY = dt.timedelta(days=1)


def periods(kinds: tuple[Kind, ...] = get_args(Kind)) -> st.SearchStrategy[Period]:
    return st.sampled_from(kinds).flatmap(
        lambda kind: st.builds(Period, st.integers(2000, 2100), st.just(kind), st.integers(1, MOST[kind]))
    )


days = st.dates(dt.date(2000, 1, 1), dt.date(2100, 12, 31))


@pytest.mark.parametrize(
    ("key", "first", "last", "title"),
    [
        ("2026-Q1", dt.date(2025, 12, 15), dt.date(2026, 3, 14), "Quý I năm 2026"),
        ("2026-Q2", dt.date(2026, 3, 15), dt.date(2026, 6, 14), "Quý II năm 2026"),
        ("2026-Q3", dt.date(2026, 6, 15), dt.date(2026, 9, 14), "Quý III năm 2026"),
        ("2026-Q4", dt.date(2026, 9, 15), dt.date(2026, 12, 14), "Quý IV năm 2026"),
        ("2026-H1", dt.date(2025, 12, 15), dt.date(2026, 6, 14), "6 tháng đầu năm 2026"),
        ("2026-H2", dt.date(2026, 6, 15), dt.date(2026, 12, 14), "6 tháng cuối năm 2026"),
        ("2026-9M", dt.date(2025, 12, 15), dt.date(2026, 9, 14), "9 tháng năm 2026"),
        ("2021", dt.date(2020, 12, 15), dt.date(2021, 12, 14), "Năm 2021"),
        ("2026-M01", dt.date(2025, 12, 15), dt.date(2026, 1, 14), "Tháng 1 năm 2026"),
        ("2024-M03", dt.date(2024, 2, 15), dt.date(2024, 3, 14), "Tháng 3 năm 2024"),
    ],
)
def test_dates_of_the_law(key: str, first: dt.date, last: dt.date, title: str) -> None:
    period = Period.parse(key)
    assert (period.first_day, period.last_day, period.title_vi) == (first, last, title)


def test_instants_are_local_midnights() -> None:
    period = Period.parse("2026-Q3")
    assert period.start.astimezone(dt.UTC) == dt.datetime(2026, 6, 14, 17, tzinfo=dt.UTC)
    assert period.end.astimezone(dt.UTC) == dt.datetime(2026, 9, 14, 17, tzinfo=dt.UTC)


@given(periods(TILING))
def test_periods_tile_without_gap_or_overlap(period: Period) -> None:
    following = period.shift(1)
    assert period.last_day + DAY == following.first_day
    assert period.end == following.start
    assert period.first_day < period.last_day


@given(periods(), st.integers(-40, 40), st.integers(-40, 40))
def test_shift_is_undone_and_adds_up(period: Period, one: int, other: int) -> None:
    assert period.shift(one).shift(-one) == period
    assert period.shift(one).shift(other) == period.shift(one + other)
    assert period.shift(1).previous() == period
    assert period.shift(1).first_day > period.first_day
    assert period.shift(0) == period


def test_the_quarter_before_the_first_is_the_fourth_of_last_year() -> None:
    assert Period.parse("2026-Q1").previous().key == "2025-Q4"


@given(periods())
def test_key_is_read_back(period: Period) -> None:
    assert Period.parse(period.key) == period


@pytest.mark.parametrize(
    ("key", "first", "last"),
    [
        ("2026-Q1", "2026-01-01", "2026-03-31"),
        ("2026-Q4", "2026-10-01", "2026-12-31"),
        ("2024-M02", "2024-02-01", "2024-02-29"),
        ("2026-9M", "2026-01-01", "2026-09-30"),
        ("2026", "2026-01-01", "2026-12-31"),
    ],
)
def test_the_calendar_knows_other_days(key: str, first: str, last: str) -> None:
    days = Period.parse(key).calendar_days
    assert (str(days.first_day), str(days.last_day)) == (first, last)


@given(periods(("half", "nine_months", "year")))
def test_longer_periods_are_exactly_their_quarters(period: Period) -> None:
    parts = period.parts()
    assert [part.kind for part in parts] == ["quarter"] * {"half": 2, "nine_months": 3, "year": 4}[period.kind]
    assert (parts[0].first_day, parts[-1].last_day) == (period.first_day, period.last_day)
    assert all(one.end == other.start for one, other in pairwise(parts))


@given(periods(("month", "quarter")))
def test_a_month_and_a_quarter_are_their_own_part(period: Period) -> None:
    assert period.parts() == (period,)


@given(periods())
def test_a_quarter_belongs_to_what_it_is_a_part_of(period: Period) -> None:
    for longer in period.longer():
        assert period in longer.parts()
        assert longer.first_day <= period.first_day
        assert period.last_day <= longer.last_day
    number = {"quarter": 2 if period.number == 4 else 3}.get(period.kind, 0)
    assert len(period.longer()) == number


@given(st.integers(2000, 2100), st.sampled_from(get_args(Kind)))
def test_the_periods_of_a_year_follow_one_another(year: int, kind: Kind) -> None:
    found = Period.of_year(year, kind)
    assert len(found) == MOST[kind]
    assert all(one.shift(1) == other for one, other in pairwise(found))


@given(days, st.sampled_from(get_args(Kind)))
def test_the_newest_closed_period_and_the_first_to_begin(day: dt.date, kind: Kind) -> None:
    closed, coming = Period.closed_before(day, kind), Period.beginning_from(day, kind)
    assert closed.last_day < day <= closed.shift(1).last_day
    assert coming.previous().first_day < day <= coming.first_day


@given(days, st.sampled_from(TILING))
def test_the_period_that_contains_a_day(day: dt.date, kind: Kind) -> None:
    period = Period.containing(day, kind)
    assert period.kind == kind
    assert period.first_day <= day <= period.last_day


@given(days)
def test_nine_months_leave_out_the_last_quarter(day: dt.date) -> None:
    if Period.containing(day, "quarter").number == 4:
        with pytest.raises(PeriodError, match="nine months"):
            Period.containing(day, "nine_months")
    else:
        period = Period.containing(day, "nine_months")
        assert period.first_day <= day <= period.last_day


@pytest.mark.parametrize(
    ("day", "key"),
    [
        (dt.date(2026, 9, 14), "2026-Q3"),
        (dt.date(2026, 9, 15), "2026-Q4"),
        (dt.date(2026, 12, 14), "2026-Q4"),
        (dt.date(2026, 12, 15), "2027-Q1"),
    ],
)
def test_the_cut_off_day_is_the_last_one_counted(day: dt.date, key: str) -> None:
    assert Period.containing(day, "quarter").key == key


@pytest.mark.parametrize(
    "key",
    [
        *("", "2026Q3", "2026-Q", "2026-Q0", "2026-Q5", "2026-Q03", "2026-H3", "2026-M13", "2026-M9", "2026-N1"),
        *("26-Q3", " 2026-Q3", "2026-Q3\n", "2026-q3", "quý 3", "2\uff1026", "2026-Q\u0663", "9999"),
    ],
)
def test_a_key_that_cannot_be_read_is_refused(key: str) -> None:
    with pytest.raises(PeriodError):
        Period.parse(key)


@pytest.mark.parametrize(("kind", "number"), [("quarter", 0), ("quarter", 5), ("nine_months", 2), ("year", 2)])
def test_a_period_that_does_not_exist_is_refused(kind: Kind, number: int) -> None:
    with pytest.raises(PeriodError, match="does not exist"):
        Period(2026, kind, number)
