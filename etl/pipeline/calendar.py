"""The reporting calendar for people and machines: every period of a year, and by what day each level reports."""

from __future__ import annotations

from typing import Any, get_args

from etl import calendar as calendars
from etl.calendar import Deadline, WorkingDays
from etl.errors import PeriodError, SettingsError
from etl.model import Calendar, Level
from etl.periods import Period
from etl.pipeline.office import Office

_NO_RULE = "Lịch chưa có quy định nào cho kỳ này (no rule in catalog/calendar.yml)"


def calendar(year_key: str, regime: str | None = None) -> list[dict[str, Any]]:
    """Every period of every kind of the year: key, title, first and last day (both counted), due dates by level.

    With a regime only the kinds of period that it has, its own due dates before those for every regime. A period for
    which the calendar has no rule has no days. Raises PeriodError for what is no year, SettingsError for an unknown
    regime.
    """
    year = Period.parse(year_key)
    if year.kind != "year":
        raise PeriodError(f"{year_key!r} không phải một năm: hãy viết {year.year} (a year is expected)")
    rules = Office.open().catalog.calendar
    if regime is not None and regime not in rules.regimes:
        raise SettingsError(f"không có chế độ {regime!r}: các chế độ là {', '.join(rules.regimes)} (no such regime)")
    kinds = None if regime is None else rules.regimes[regime].period_kinds
    days = WorkingDays(rules.moved_days)
    periods = (period for period in calendars.periods_of(year.year) if kinds is None or period.kind in kinds)
    return [_period(rules, regime, period, days) for period in periods]


def form_deadline(office: Office, form_number: str, period: Period, level: Level) -> Deadline | None:
    """By what day a unit of the level files the form: that of its regime. None where there is no rule."""
    rules = office.catalog.calendar
    days = WorkingDays(rules.moved_days)
    return calendars.deadline(rules, office.catalog.forms[form_number].regime, period, level, days)


def calendar_delay_hours() -> int:
    """Hours from a period's cut-off to the start of its pulls (catalog/calendar.yml)."""
    return Office.open().catalog.calendar.collect_after_hours


def confirm_delay_hours() -> int:
    """Hours from a period's cut-off to the earliest second pull that proves anything (catalog/calendar.yml)."""
    rules = Office.open().catalog.calendar
    return rules.collect_after_hours + rules.confirm_after_hours


def _period(rules: Calendar, regime: str | None, period: Period, days: WorkingDays) -> dict[str, Any]:
    window = calendars.window_of(rules, period)
    due: dict[str, Any] = {}
    for level in get_args(Level):
        found = calendars.deadline(rules, regime, period, level, days) if window is not None else None
        if found is not None:
            due[level] = _deadline(found, days)
    return {
        "period": period.key,
        "kind": period.kind,
        "title": period.title_vi,
        "start": window and period.first_day.isoformat(),
        "end": window and period.last_day.isoformat(),
        "verified": window is not None and window.verified,
        "source": _NO_RULE if window is None else window.source,
        "due": due,
    }


def _deadline(found: Deadline, days: WorkingDays) -> dict[str, Any]:
    return {
        "due_on": found.due_on.isoformat(),
        "verified": found.rule.verified,
        "source": found.rule.source,
        "working_days_after_cut_off": found.working_days,
        "on_working_day": found.on_working_day,
        "holidays": days.source,
    }
