"""Obligations frozen, receipts taken in, and how the two stand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from etl import calendar as calendars
from etl import compliance
from etl.compliance import receipts
from etl.errors import PeriodError, ReceiptsError
from etl.model import Form, Level, Obligation, Standing
from etl.periods import TIMEZONE, Period
from etl.pipeline.office import Office


def freeze(period_key: str | None = None) -> dict[str, int]:
    """Freeze the obligations whose due date has passed, of the periods within one or of all since the first form.

    What is frozen already stays as it is, so this may run every day. Late is as good as early: the units are those of
    the period's last day, whenever it runs.
    """
    office = Office.open()
    office.warehouse.migrate()
    return {"frozen": freeze_in(office, periods_of(office, period_key), _today())}


def standings(period_key: str, on: dt.date | None = None) -> dict[str, Any]:
    """How each obligation of the periods within this one stands at the end of the day `on` (today), and the counts.

    What is past its due date is frozen first, so that what is told of it once stays true.
    """
    office = Office.open()
    office.warehouse.migrate()
    periods, today = periods_of(office, period_key), _today()
    day = on or today
    if day > today:
        raise PeriodError(f"ngày {day:%d/%m/%Y} chưa tới: chọn ngày tới hôm nay (the day has not come yet)")
    freeze_in(office, periods, today)
    found = standings_in(office, periods, day)
    obligations = [standing.obligation for standing in found]
    names = _province_names(office, obligations)
    numbers = {obligation.form for obligation in obligations}
    forms = [form for number, form in sorted(office.catalog.forms.items()) if number in numbers]
    return {
        "period": Period.parse(period_key).key,
        "on": day.isoformat(),
        "forms": {form.number: {"title": form.title, "official": form.official} for form in forms},
        "standings": [_told(standing) for standing in found],
        "summary": {
            "units": _coverage(found, day),
            "levels": _tallies(found, day, ("form", "level")),
            "periods": _tallies(found, day, ("form", "period", "level")),
            "provinces": [
                {**row, "name": names[row["province"]]} for row in _tallies(found, day, ("form", "level", "province"))
            ],
        },
    }


def import_receipts(path: Path) -> dict[str, Any]:
    """Take in a list of receipts kept elsewhere: the good lines; the bad ones are told and nothing of them is kept."""
    office = Office.open()
    office.warehouse.migrate()
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise ReceiptsError(f"không đọc được tệp {path}: {problem.strerror} (the file cannot be read)") from problem

    @cache
    def owed(form: str, period: Period) -> Mapping[str, Obligation]:
        frozen = office.warehouse.frozen([period.key])
        found = compliance.in_effect(owed_in(office, [period]), frozen)
        return {obligation.unit: obligation for obligation in found if obligation.form == form}

    read, faults = receipts.read(content, office.catalog.forms, owed, dt.datetime.now(TIMEZONE))
    known = office.warehouse.submissions({submission.period for _, submission in read})
    good, without_report = receipts.unfounded(read, known)
    new = office.warehouse.submit([submission for _, submission in good])
    told = sorted((*faults, *without_report), key=lambda fault: fault.line)
    bad = len({fault.line for fault in told})
    return {
        "file": str(path),
        "lines": len(good) + bad,
        "new": new,
        "same": len(good) - new,
        "bad": bad,
        "faults": [asdict(fault) for fault in told],
    }


def _today() -> dt.date:
    return dt.datetime.now(TIMEZONE).date()


def periods_of(office: Office, period_key: str | None) -> list[Period]:
    if period_key is not None:
        return compliance.periods_within(Period.parse(period_key))
    first = min((form.valid_from.year for form in office.catalog.forms.values()), default=_today().year)
    years = range(first, _today().year + 1)
    return [period for year in years for period in compliance.periods_within(Period(year, "year"))]


def freeze_in(office: Office, periods: list[Period], today: dt.date) -> int:
    frozen = office.warehouse.frozen([period.key for period in periods])
    waiting = compliance.to_freeze(owed_in(office, periods), frozen, today)
    return office.warehouse.freeze(waiting, office.catalog.version) if waiting else 0


def standings_in(office: Office, periods: list[Period], day: dt.date) -> list[Standing]:
    """How everything owed for these periods stands at the end of the day."""
    keys = [period.key for period in periods]
    obligations = compliance.in_effect(owed_in(office, periods), office.warehouse.frozen(keys))
    return compliance.assess(obligations, office.warehouse.submissions(keys), day)


def owed_in(office: Office, periods: Iterable[Period]) -> list[Obligation]:
    catalog = office.catalog
    days = calendars.WorkingDays(catalog.calendar.moved_days)

    def due(form: Form, period: Period, level: Level) -> compliance.DueDate | None:
        found = calendars.deadline(catalog.calendar, form.regime, period, level, days)
        return None if found is None else compliance.DueDate(found.due_on, found.rule.verified)

    forms = catalog.forms.values()
    kinds = {form.period_kind for form in forms}
    return [
        obligation
        for period in periods
        if period.kind in kinds
        for obligation in compliance.owed(forms, period, catalog.tree(period), due)
    ]


def _province_names(office: Office, obligations: list[Obligation]) -> dict[str, str]:
    """As the province's own obligations have it, the latest first; of one that owes nothing itself, as the catalog."""
    names = {}
    for one in sorted(obligations, key=lambda obligation: (obligation.unit == obligation.province, obligation.due_on)):
        tree = office.catalog.tree(Period.parse(one.period))
        in_catalog = tree[one.province].name if one.province in tree else one.province
        names[one.province] = one.name if one.unit == one.province else in_catalog
    return names


def _told(standing: Standing) -> dict[str, Any]:
    owed = standing.obligation
    return {
        "unit": owed.unit,
        "name": owed.name,
        "level": owed.level,
        "province": owed.province,
        "form": owed.form,
        "period": owed.period,
        "state": standing.state,
        "first_received_on": _iso(standing.first_received_on),
        "completed_on": _iso(standing.completed_on),
        "due_on": owed.due_on.isoformat(),
        "due_verified": owed.due_verified,
        "corrections": standing.corrections,
        "frozen_at": _iso(owed.frozen_at),
    }


def _iso(moment: dt.date | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _tallies(found: list[Standing], day: dt.date, by: tuple[str, ...]) -> list[dict[str, Any]]:
    """Counts of the standings alike in these fields of their obligations."""
    groups = compliance.grouped(found, lambda standing: tuple(getattr(standing.obligation, name) for name in by))
    told = []
    for key, members in groups.items():
        tally = compliance.tally(members, day)
        told.append(
            {
                **dict(zip(by, key, strict=True)),
                "owed": tally.owed,
                **tally.states,
                "due": tally.due,
                "timely": tally.timely,
                "filed": tally.filed,
                "timely_rate": tally.timely_rate,
                "filed_rate": tally.filed_rate,
            }
        )
    return told


def _coverage(found: list[Standing], day: dt.date) -> list[dict[str, Any]]:
    groups = compliance.grouped(found, lambda standing: (standing.obligation.form, standing.obligation.level))
    return [
        {"form": form, "level": level, **asdict(compliance.coverage(members, day))}
        for (form, level), members in groups.items()
    ]
