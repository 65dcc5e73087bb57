"""Reminders over random standings and days: nobody who filed, everybody who is due and did not, on working days."""

from __future__ import annotations

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st

from etl.calendar import WorkingDays
from etl.compliance import assess, reminders
from etl.model import Obligation, ReminderDays, Submission
from etl.periods import TIMEZONE, Period

DAYS = WorkingDays(())
QUARTERS = [Period(year, "quarter", number) for year in range(2021, 2027) for number in (1, 2, 3, 4)]
KINDS = st.sampled_from(["report", "partial", "nil", "correction"])


def working(first: dt.date, last: dt.date) -> list[dt.date]:
    """The working days of the span, both ends counted, one by one."""
    count = (last - first).days + 1
    return [day for day in (first + dt.timedelta(days=step) for step in range(count)) if day in DAYS]


@st.composite
def cases(draw: st.DrawFn) -> tuple[Obligation, list[Submission], dt.date, ReminderDays]:
    period = draw(st.sampled_from(QUARTERS))
    due_on = period.last_day + dt.timedelta(days=draw(st.integers(1, 20)))
    owed = Obligation("II.06a", "01", period.key, "province", "Thành phố Hà Nội", "Thành phố", "01", due_on, True)
    moments = st.integers(0, 60 * 24).map(lambda hours: period.end + dt.timedelta(hours=hours))
    received = draw(st.lists(st.tuples(moments, KINDS), max_size=3))
    sent = [Submission("II.06a", "01", period.key, moment, kind, "import", "x") for moment, kind in received]
    rules = ReminderDays(draw(st.integers(0, 5)), draw(st.integers(0, 8)), draw(st.integers(0, 5)), "x")
    return owed, sent, period.last_day + dt.timedelta(days=draw(st.integers(-30, 50))), rules


@settings(deadline=None)
@given(cases())
def test_who_is_outstanding(case: tuple[Obligation, list[Submission], dt.date, ReminderDays]) -> None:
    owed, sent, today, rules = case
    found = reminders.outstanding(assess([owed], sent, today), today, rules, DAYS)
    filed = any(one.kind in ("report", "nil") and one.received_at.astimezone(TIMEZONE).date() <= today for one in sent)
    if filed:
        assert found == []
        return
    closed = today > Period.parse(owed.period).last_day
    overdue = owed.due_on < today
    ahead = len(working(today, owed.due_on - dt.timedelta(days=1)))
    soon = closed and not overdue and ahead <= rules.before
    assert bool(found) == (soon or overdue)
    if found:
        behind = len(working(owed.due_on + dt.timedelta(days=1), today))
        assert found[0].overdue == overdue
        in_reach = not overdue or behind < rules.after or (behind == rules.after and (today in DAYS or not rules.after))
        assert (today <= found[0].until) == in_reach


@settings(deadline=None)
@given(cases())
def test_whoever_never_files_is_written_to_on_each_working_day_of_the_span(
    case: tuple[Obligation, list[Submission], dt.date, ReminderDays],
) -> None:
    owed, _, _, rules = case
    period = Period.parse(owed.period)
    first, last = reminders.span(period, owed.due_on, rules, DAYS)
    assert period.last_day < first <= owed.due_on <= last
    asked = working(period.last_day, owed.due_on + dt.timedelta(days=30))
    written = []
    for day in asked:
        found = reminders.outstanding(assess([owed], [], day), day, rules, DAYS)
        written += [day for one in found if day <= one.until]
    assert written == [day for day in asked if first <= day <= last]
    assert len([day for day in written if day > owed.due_on]) == rules.after
    assert len([day for day in written if day < owed.due_on]) <= rules.before


def test_the_days_around_a_due_date_that_falls_on_tet() -> None:
    """2026-M02 is due on 25/02/2026; 14 to 22 February are Tết and its weekends."""
    rules = ReminderDays(before=3, after=2, alert=1, reason="x")
    period, due_on = Period.parse("2026-M02"), dt.date(2026, 2, 25)
    first, last = reminders.span(period, due_on, rules, DAYS)
    assert [day.day for day in working(first, last)] == [23, 24, 25, 26, 27]
    assert first == period.last_day + dt.timedelta(days=1), "the third working day before lies before the cut-off"
    assert reminders.alert_day(due_on, rules, DAYS) == dt.date(2026, 2, 24)
