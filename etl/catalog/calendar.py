"""What must hold within the calendar: no day has two rules, and every due date leaves time after the cut-off."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import combinations
from typing import get_args

from etl import calendar as calendars
from etl.calendar import WorkingDays
from etl.catalog.requests import Fail
from etl.model import Calendar, Due, PeriodKind, WindowRule
from etl.periods import Period

_FILE = "calendar.yml"
_LAST_OF_ANY_MONTH = 28
_MOST_REMINDERS = 20
_YEARS_TRIED = 19
"""How many years of a rule are tried, day by day: after 19 years Tết falls on the same days again."""


def check_calendar(calendar: Calendar, fail: Fail) -> None:
    """Raises CatalogError for the first rule that contradicts another, the law's least notice, or itself."""
    for index, window in enumerate(calendar.windows):
        _window(window, ("windows", str(index)), fail)
    for (_, one), (index, other) in combinations(enumerate(calendar.windows), 2):
        same_number = one.number is None or other.number is None or one.number == other.number
        if one.kind == other.kind and same_number and _at_once(one, other):
            raise fail(_FILE, ("windows", str(index)), f"a period of the kind {other.kind} has another rule already")
    days = WorkingDays(calendar.moved_days)
    if len({moved.day for moved in calendar.moved_days}) != len(calendar.moved_days):
        raise fail(_FILE, ("moved_days",), "a day stands twice")
    for name in ("before", "after", "alert"):
        if not 0 <= getattr(calendar.reminders, name) <= _MOST_REMINDERS:
            raise fail(_FILE, ("reminders", name), f"working days, 0 to {_MOST_REMINDERS}")
    _due(calendar, calendar.due, ("due",), days, fail)
    for name, regime in calendar.regimes.items():
        _due(calendar, regime.due, ("regimes", name, "due"), days, fail)


def _window(window: WindowRule, path: tuple[str, ...], fail: Fail) -> None:
    if (window.window == "none") != (window.kind == "week"):
        raise fail(_FILE, (*path, "window"), "none for the week, of which no text gives the days, and only for it")
    most = 0 if window.kind == "week" else len(Period.of_year(window.valid_from.year, window.kind))
    if window.number is not None and not 1 <= window.number <= most:
        raise fail(_FILE, (*path, "number"), f"a year has {most} periods of the kind {window.kind}")
    _validity(window, path, fail)


def _validity(rule: WindowRule | Due, path: tuple[str, ...], fail: Fail) -> None:
    if rule.valid_to is not None and rule.valid_to <= rule.valid_from:
        raise fail(_FILE, (*path, "valid_to"), "the rule ends on the day it begins, or before it begins")


def _due(calendar: Calendar, rules: Sequence[Due], path: tuple[str, ...], days: WorkingDays, fail: Fail) -> None:
    for index, rule in enumerate(rules):
        here = (*path, str(index))
        if (rule.day is None) == (rule.working_days is None):
            raise fail(_FILE, here, "give exactly one of day and working_days")
        if rule.day is not None and not 1 <= rule.day <= _LAST_OF_ANY_MONTH:
            raise fail(_FILE, (*here, "day"), f"a day that every month has: 1 to {_LAST_OF_ANY_MONTH}")
        if not rule.levels or "nation" in rule.levels:
            raise fail(_FILE, (*here, "levels"), "the levels that send the report; the nation receives it")
        if not rule.kinds:
            raise fail(_FILE, (*here, "kinds"), "the kinds of period that the rule is for")
        _validity(rule, here, fail)
        _notice(calendar, rule, here, days, fail)
    for (_, one), (index, other) in combinations(enumerate(rules), 2):
        levels, kinds = set(one.levels) & set(other.levels), set(one.kinds) & set(other.kinds)
        if levels and kinds and _at_once(one, other):
            problem = f"{min(levels)}, {min(kinds)} has another rule in force on the same day"
            raise fail(_FILE, (*path, str(index)), problem)


def _notice(calendar: Calendar, rule: Due, path: tuple[str, ...], days: WorkingDays, fail: Fail) -> None:
    """Article 8 (5) of Decree 09/2019/NĐ-CP, tried on the periods of the rule."""
    least, key = calendar.least_working_days, "day" if rule.day is not None else "working_days"
    if rule.working_days is not None:
        if rule.working_days < least.count:
            raise fail(_FILE, (*path, key), f"fewer than {least.count} after the cut-off ({least.source})")
        return
    first = rule.valid_from.year
    for year in range(first, first + _YEARS_TRIED):
        for period in (
            one for kind in get_args(PeriodKind) if kind in rule.kinds for one in Period.of_year(year, kind)
        ):
            if not calendars.holds(rule, period.last_day):
                continue
            found = calendars.applied(rule, period, days)
            if found.working_days < least.count:
                raise fail(
                    _FILE,
                    (*path, key),
                    f"{found.due_on:%d/%m/%Y} for {period.key} leaves {found.working_days} working days after the "
                    f"cut-off of {period.last_day:%d/%m/%Y}, at least {least.count} required ({least.source})",
                )


def _at_once(one: WindowRule | Due, other: WindowRule | Due) -> bool:
    last = dt.date.max
    return one.valid_from < (other.valid_to or last) and other.valid_from < (one.valid_to or last)
