"""The rules of catalog/calendar.yml applied: which days a period counts, by what day each level sends its report.

A rule is chosen by the period's last day, so one that comes later changes nothing closed before it. Pure: no clock, and
no file but the table of public holidays inside the library.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, TypeVar, get_args

from etl.model import Calendar, Due, Level, MovedDay, WindowRule
from etl.periods import Kind, Period

if TYPE_CHECKING:
    from holidays import HolidayBase

_DAY = dt.timedelta(days=1)
_Rule = TypeVar("_Rule", WindowRule, Due)


@dataclass(frozen=True)
class Deadline:
    """The last day to send a report, and the rule it follows from.

    working_days: how many lie after the cut-off, the due date counted. on_working_day: false where the day that the
    text names is none; it stays that day ("no later than").
    """

    due_on: dt.date
    rule: Due
    working_days: int
    on_working_day: bool


class WorkingDays:
    """Working days in Việt Nam: the library's weekends and holidays, with the days that the calendar moves."""

    def __init__(self, moved: Sequence[MovedDay]) -> None:
        self._moved = {one.day: one.working for one in moved}

    @cached_property
    def _table(self) -> HolidayBase:
        from holidays import country_holidays  # takes a while, and most commands need no holiday

        return country_holidays("VN")

    @cached_property
    def source(self) -> str:
        """Whose table of holidays it is, as a sentence may name it: "holidays 0.109"."""
        return f"holidays {version('holidays')}"

    def __contains__(self, day: dt.date) -> bool:
        if day in self._moved:
            return self._moved[day]
        self._table.get(day)  # the table learns of a year, and of its exchanged weekends, when it is asked for a day
        return self._table.is_working_day(day)

    def after(self, day: dt.date, count: int) -> dt.date:
        """The working day that is the `count`-th after the day."""
        while count:
            day += _DAY
            count -= day in self
        return day

    def before(self, day: dt.date, count: int) -> dt.date:
        """The working day that is the `count`-th before the day."""
        while count:
            day -= _DAY
            count -= day in self
        return day

    def between(self, day: dt.date, last: dt.date) -> int:
        """How many there are after the day, up to and with the last one."""
        return sum(day + _DAY * step in self for step in range(1, (last - day).days + 1))


def periods_of(year: int) -> Iterator[Period]:
    """Every period of every kind of the year: months, quarters, half-years, nine months, the year."""
    for kind in get_args(Kind):
        yield from Period.of_year(year, kind)


def window_of(calendar: Calendar, period: Period) -> WindowRule | None:
    """The rule that gives the period its days; None where the calendar has none for it."""
    rules = (rule for rule in calendar.windows if rule.kind == period.kind and rule.number in (None, period.number))
    return _in_force(rules, period)


def due_rule(calendar: Calendar, regime: str | None, period: Period, level: Level) -> Due | None:
    """The regime's own rule for the level, or else that for every regime; None where the calendar has none."""
    own = calendar.regimes[regime].due if regime is not None else ()
    for rules in (own, calendar.due):
        found = _in_force((rule for rule in rules if level in rule.levels and period.kind in rule.kinds), period)
        if found is not None:
            return found
    return None


def deadline(
    calendar: Calendar, regime: str | None, period: Period, level: Level, days: WorkingDays
) -> Deadline | None:
    """By what day the level sends its report on the period; None where the calendar has no rule for it."""
    rule = due_rule(calendar, regime, period, level)
    return None if rule is None else applied(rule, period, days)


def applied(rule: Due, period: Period, days: WorkingDays) -> Deadline:
    """The rule's due date for the period, whether or not the rule holds for it."""
    cut_off = period.last_day
    due_on = days.after(cut_off, rule.working_days or 0) if rule.day is None else cut_off.replace(day=rule.day)
    return Deadline(due_on, rule, days.between(cut_off, due_on), due_on in days)


def holds(rule: WindowRule | Due, day: dt.date) -> bool:
    """Whether the rule is in force on the day."""
    return rule.valid_from <= day and (rule.valid_to is None or day < rule.valid_to)


def _in_force(rules: Iterator[_Rule], period: Period) -> _Rule | None:
    return next((rule for rule in rules if holds(rule, period.last_day)), None)
