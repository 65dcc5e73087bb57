"""Units on a day, and figures as reported or told on the units of another day."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from etl.catalog import Catalog
from etl.errors import SettingsError
from etl.indicators.restate import facts_table
from etl.indicators.restate import restated as tell
from etl.model import ALL, Event, Fact, RestatedFact
from etl.periods import TIMEZONE, Period
from etl.pipeline.office import Office, closed
from etl.pipeline.selection import moment_of, unit_named
from etl.units import UnitTree
from etl.units.genealogy import Genealogy
from etl.units.genealogy import events as happened
from etl.units.restate import Divided


def units(at: str | None = None) -> list[dict[str, Any]]:
    """The units in force on the day (YYYY-MM-DD; by default today), each with what other systems call it.

    Raises SettingsError for a day before the first that the catalog has units of.
    """
    catalog = Office.open().catalog
    day = _today() if at is None else _day(catalog, at)
    codes: dict[str, list[dict[str, Any]]] = {}
    for code in catalog.codes:
        if code.valid_from <= day and (code.valid_to is None or day < code.valid_to):
            told = {"system": code.system, "code": code.code, "verified": code.verified}
            codes.setdefault(code.unit, []).append(told)
    found = sorted(UnitTree(catalog.units, day), key=lambda unit: unit.code)
    return [{**asdict(unit), "other_codes": codes.get(unit.code, [])} for unit in found]


def events() -> list[Event]:
    """What happened to the units of the catalog, with act and date."""
    catalog = Office.open().catalog
    return happened(catalog.units, catalog.changes)


def facts(
    period_key: str, unit: str | None = None, indicator: str | None = None, as_of: str | None = None
) -> list[Fact]:
    """Facts as they were reported, of one unit (its code or name) or all: those current now or `as_of` a moment.

    as_of: see `moment_of`. Which units there are, and their names, are those of the catalog now.
    """
    office = Office.open()
    period = closed(period_key)
    code = None if unit is None else unit_named(office, period, unit).code
    wanted = None if indicator is None else [_known(office, indicator)]
    known_at = None if as_of is None else moment_of(as_of)
    return office.warehouse.facts(period.key, unit=code, indicators=wanted, known_at=known_at)


def restated(
    period_key: str,
    units_on: str,
    unit: str | None = None,
    indicator: str | None = None,
    divided: Divided = "keep",
    as_of: str | None = None,
) -> list[RestatedFact]:
    """Facts, current now or `as_of` a moment, told on the units of `units_on`: "reported" (those of the period's last
    day), "today" or a day.

    unit: code or name of a unit of that day, or the code of one of the period that has no successor; with it come
    the units of then that its figure stays on. Computed on reading: nothing is written, the facts stay as they are.
    Raises SettingsError for a day before the first that the catalog has units of.
    """
    office = Office.open()
    period = closed(period_key)
    day = period.last_day
    on = {"reported": day, "today": _today()}.get(units_on) or _day(office.catalog, units_on)
    genealogy = office.catalog.genealogy
    asked = None if unit is None else _asked(office, unit, day, on)
    origins = None if asked is None else genealogy.origins(asked, on, day) or (asked,)
    needed = None if indicator is None else _with_its_sums(office, _known(office, indicator))
    known = office.catalog.indicators
    known_at = None if as_of is None else moment_of(as_of)
    reported = office.warehouse.facts(period.key, units=origins, indicators=needed, known_at=known_at)
    boundaries = genealogy.boundaries(origins or {fact.unit for fact in reported}, day, on)
    told = tell([fact for fact in reported if fact.indicator in known], boundaries, known, divided)
    shown = {(asked, on), *((code, day) for code in origins or ())}
    return [
        one
        for one in told
        if indicator in (None, one.indicator) and (asked is None or (one.unit, one.units_on) in shown)
    ]


def past(then: Period, day: dt.date, unit: str, known_at: dt.datetime) -> dict[str, RestatedFact]:
    """The figures of an earlier period over all tiers and fields of a unit, on its boundaries of the day, by indicator;
    as known at a moment."""
    return {
        one.indicator: one
        for one in restated(then.key, day.isoformat(), unit=unit, as_of=known_at.isoformat())
        if (one.unit, one.units_on, one.tier, one.field) == (unit, day, ALL, ALL)
    }


def on_units_of(office: Office, quarter: Period, day: dt.date) -> pa.Table:
    """FACTS of a quarter, told on the units of a later day where these are others."""
    changed = [change for change in office.catalog.changes if quarter.last_day < change.date <= day]
    if not changed:
        return office.warehouse.facts_table(quarter.key)
    facts = [one for one in office.warehouse.facts(quarter.key) if one.indicator in office.catalog.indicators]
    boundaries = Genealogy(changed).boundaries({fact.unit for fact in facts}, quarter.last_day, day)
    return facts_table(tell(facts, boundaries, office.catalog.indicators), day)


def _asked(office: Office, text: str, day: dt.date, on: dt.date) -> str:
    found = UnitTree(office.catalog.units, on).find(text)
    if found is not None:
        return found.code
    if text in UnitTree(office.catalog.units, day):
        return text
    raise SettingsError(f"không có đơn vị {text!r} vào ngày {on:%d/%m/%Y}: viết mã (01) hay tên (Hà Nội)")


def _known(office: Office, indicator: str) -> str:
    if indicator not in office.catalog.indicators:
        raise SettingsError(f"không có chỉ tiêu {indicator!r} trong danh mục (no such indicator)")
    return indicator


def _with_its_sums(office: Office, code: str) -> list[str]:
    """The indicator, and for a ratio those that are the sums it is made of."""
    ratio = office.catalog.indicators[code].ratio
    columns = {*ratio.numerator, *ratio.denominator} if ratio is not None else set()
    of = office.catalog.indicators_of(office.catalog.indicators[code].dataset)
    return [code, *(one.code for one in of if one.sum in columns)]


def _today() -> dt.date:
    return dt.datetime.now(TIMEZONE).date()


def _day(catalog: Catalog, text: str) -> dt.date:
    """A day that the catalog knows units of."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError as problem:
        raise SettingsError(f"không đọc được ngày {text!r}: viết 2025-07-01 (a day is written so)") from problem
    first = min(unit.valid_from for unit in catalog.units)
    if day < first:
        raise SettingsError(f"danh mục chỉ có đơn vị từ {first:%d/%m/%Y} (no units are known of {day:%d/%m/%Y})")
    return day
