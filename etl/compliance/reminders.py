"""Who still owes what, and on which days the unit is written to about it. Pure.

A unit that filed a whole report or declared nothing is never written to; one that did not is, on every working day from
`before` working days before the due date (the period being closed) until `after` working days after it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from etl.calendar import WorkingDays
from etl.model import Outstanding, ReminderDays, Standing
from etl.periods import Period


def outstanding(
    standings: Iterable[Standing], today: dt.date, rules: ReminderDays, days: WorkingDays
) -> list[Outstanding]:
    """What is owed at the end of the day, and soon due or overdue: the most urgent first.

    standings: as at the end of the same day. What is due later than the rules look ahead is left out; what is overdue
    for longer than they look back is there, its last day of reminders in the past.
    """
    spans: dict[tuple[str, dt.date], tuple[dt.date, dt.date]] = {}
    found = []
    for standing in standings:
        owed = standing.obligation
        if standing.completed_on is not None:
            continue
        key = (owed.period, owed.due_on)
        if key not in spans:
            spans[key] = span(Period.parse(owed.period), owed.due_on, rules, days)
        first, last = spans[key]
        if today < first:
            continue
        found.append(Outstanding(standing, overdue=owed.due_on < today, until=last))
    return sorted(
        found, key=lambda one: (not one.overdue, one.standing.obligation.due_on, one.standing.obligation.form)
    )


def span(period: Period, due_on: dt.date, rules: ReminderDays, days: WorkingDays) -> tuple[dt.date, dt.date]:
    """The first and the last day of the reminders: the first is after the cut-off and never after the due date."""
    closed = period.last_day + dt.timedelta(days=1)
    return max(closed, days.before(due_on, rules.before)), days.after(due_on, rules.after)


def alert_day(due_on: dt.date, rules: ReminderDays, days: WorkingDays) -> dt.date:
    """From this day on the office that gathers the reports is told what is not there."""
    return days.before(due_on, rules.alert)
