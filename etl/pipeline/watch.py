"""Who is due, who is to be written to, and the letters. Each day freezes what is past due first."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from etl.calendar import WorkingDays
from etl.compliance import letters, reminders
from etl.errors import MailRefused, PeriodError, SettingsError
from etl.model import NATION, PULL_STATES, Contact, Obligation, Outstanding, Reminder
from etl.periods import TIMEZONE, Period
from etl.pipeline.office import Office
from etl.pipeline.standings import freeze_in, owed_in, periods_of, standings_in
from etl.units import UnitTree


def watch(on: str | None = None) -> dict[str, Any]:
    """Freeze what is past due; then who is soon due or overdue at the end of the day `on` ("2026-09-23"; today).

    outstanding: what is due so soon, or overdue so shortly, that the unit is written to about it on working days;
    `older` counts what is overdue for longer. letters: the units to write to on this day, without those that filed
    since, and the office that gathers the reports ("VN") once a due date is near. unwritten: why of some of the units
    nobody can be written to.
    """
    desk = _Desk.open(on)
    frozen = freeze_in(desk.office, desk.periods, desk.today)
    return {
        "on": desk.day.isoformat(),
        "working_day": desk.writes,
        "frozen": frozen,
        "outstanding": [desk.told(one) for one in desk.listed],
        "older": len(desk.outstanding) - len(desk.listed),
        "letters": desk.addressees(),
        "unwritten": desk.unwritten,
    }


def reminder(unit: str, on: str | None = None) -> dict[str, Any] | None:
    """The letter of the day to a unit, or to the office that gathers the reports ("VN"); None where none is to go out:
    it went out already, or nothing is outstanding any more.

    Raises MailRefused where there is nobody to write to.
    """
    desk = _Desk.open(on)
    owed = desk.to_alert if unit == NATION else desk.to_remind.get(unit)
    if not owed or unit in desk.office.warehouse.reminded(desk.day):
        return None
    letter = desk.alert() if unit == NATION else desk.reminder(unit)
    return {
        "unit": letter.unit,
        "day": letter.day.isoformat(),
        "address": letter.address,
        "reply_to": desk.address(desk.office.catalog.contacts.office),
        "subject": letter.subject,
        "html": letter.html,
    }


def reminded(letter: dict[str, Any]) -> bool:
    """Note that the mail server took the letter; False when one of that day to that unit was noted before."""
    day = dt.date.fromisoformat(letter["day"])
    sent = Reminder(letter["unit"], day, letter["address"], letter["subject"], letter["html"])
    return Office.open().warehouse.remind(sent)


def alert_on(period_key: str) -> str | None:
    """From which day on the office is told what is not there for the period ("2026-09-23"): before the first due date
    of its forms. None where none is owed."""
    office = Office.open()
    rules = office.catalog.calendar
    due = min((one.due_on for one in owed_in(office, [Period.parse(period_key)])), default=None)
    if due is None:
        return None
    return reminders.alert_day(due, rules.reminders, WorkingDays(rules.moved_days)).isoformat()


@dataclass(frozen=True)
class _Desk:
    """A day of the office, with what its letters rest on."""

    office: Office
    day: dt.date
    today: dt.date

    @classmethod
    def open(cls, on: str | None) -> _Desk:
        today = dt.datetime.now(TIMEZONE).date()
        try:
            day = dt.date.fromisoformat(on) if on else today
        except ValueError:
            raise PeriodError(f"không đọc được ngày {on!r}: hãy viết 2026-09-23 (the day cannot be read)") from None
        if day > today:
            raise PeriodError(f"ngày {day:%d/%m/%Y} chưa tới: chọn ngày tới hôm nay (the day has not come yet)")
        office = Office.open()
        office.warehouse.migrate()
        return cls(office, day, today)

    # --- what is outstanding -------------------------------------------------------------------------

    @cached_property
    def days(self) -> WorkingDays:
        return WorkingDays(self.office.catalog.calendar.moved_days)

    @cached_property
    def writes(self) -> bool:
        """Whether anybody is written to on this day: it is a working day."""
        return self.day in self.days

    @cached_property
    def periods(self) -> list[Period]:
        return periods_of(self.office, None)

    @cached_property
    def outstanding(self) -> list[Outstanding]:
        rules = self.office.catalog.calendar.reminders
        then = standings_in(self.office, self.periods, self.day)
        return reminders.outstanding(then, self.day, rules, self.days)

    @cached_property
    def listed(self) -> list[Outstanding]:
        return [one for one in self.outstanding if self.day <= one.until]

    @cached_property
    def filed_since(self) -> dict[tuple[str, str, str], dt.date]:
        """(form, unit, period) -> when the whole report came after the day: for a day of the past."""
        if self.day == self.today:
            return {}
        now = standings_in(self.office, [Period.parse(key) for key in self._keys()], self.today)
        return {_key(one.obligation): one.completed_on for one in now if one.completed_on is not None}

    def _keys(self) -> list[str]:
        return sorted({one.standing.obligation.period for one in self.listed})

    @cached_property
    def to_remind(self) -> dict[str, list[Outstanding]]:
        """Unit -> what it is written to about on this day."""
        found: dict[str, list[Outstanding]] = {}
        for one in self.listed if self.writes else ():
            if _key(one.standing.obligation) not in self.filed_since:
                found.setdefault(one.standing.obligation.unit, []).append(one)
        return dict(sorted(found.items()))

    @cached_property
    def to_alert(self) -> list[Outstanding]:
        """What is so near its due date, or past it, that the office is told."""
        rules = self.office.catalog.calendar.reminders
        owed = [one for members in self.to_remind.values() for one in members]
        near = {due: reminders.alert_day(due, rules, self.days) for due in {_due(one) for one in owed}}
        return [one for one in owed if near[_due(one)] <= self.day]

    def addressees(self) -> list[dict[str, str]]:
        units = [{"unit": unit, "name": owed[0].standing.obligation.name} for unit, owed in self.to_remind.items()]
        office = {"unit": NATION, "name": self.office.catalog.contacts.office.office}
        return [*units, *([office] if self.to_alert else [])]

    def told(self, one: Outstanding) -> dict[str, Any]:
        owed = one.standing.obligation
        since, first = self.filed_since.get(_key(owed)), one.standing.first_received_on
        contact = self.office.catalog.contacts.units.get(owed.unit) if owed.unit not in self._no_contact else None
        return {
            "unit": owed.unit,
            "name": owed.name,
            "form": owed.form,
            "period": owed.period,
            "due_on": owed.due_on.isoformat(),
            "due_verified": owed.due_verified,
            "urgency": "overdue" if one.overdue else "due_soon",
            "received": "nothing" if first is None else "partial",
            "first_received_on": first and first.isoformat(),
            "filed_since": since and since.isoformat(),
            "contact": contact and contact.office,
        }

    # --- whom to write to ----------------------------------------------------------------------------

    @cached_property
    def _no_contact(self) -> dict[str, str]:
        """Unit -> why there is nobody to write to."""
        now = {unit.code: unit for unit in UnitTree(self.office.catalog.units, self.day)}
        contacts = self.office.catalog.contacts.units
        found = {}
        for one in self.listed:
            owed = one.standing.obligation
            unit = now.get(owed.unit)
            if unit is None or unit.name.removeprefix(unit.type).strip() != owed.office[1]:
                found[owed.unit] = "đơn vị không còn, hãy liên hệ đơn vị kế tiếp (the unit has ended)"
            elif owed.unit not in contacts:
                found[owed.unit] = "chưa có hộp thư: thêm vào catalog/contacts.yml (no mailbox in contacts.yml)"
            else:
                try:
                    self.address(contacts[owed.unit])
                except SettingsError as problem:
                    found[owed.unit] = str(problem)
        return found

    @cached_property
    def unwritten(self) -> dict[str, str]:
        return {unit: why for unit, why in self._no_contact.items() if unit in self.to_remind}

    def address(self, contact: Contact) -> str:
        return self.office.settings.resolve(contact.email)

    # --- letters -------------------------------------------------------------------------------------

    def reminder(self, unit: str) -> Reminder:
        owed, catalog = self.to_remind[unit], self.office.catalog
        if unit in self.unwritten:
            raise MailRefused(f"{owed[0].standing.obligation.name}: {self.unwritten[unit]}")
        contact, asked = catalog.contacts.units[unit], catalog.contacts.office
        address = self.address(contact)
        return letters.to_unit(unit, contact, address, owed, self.day, asked, catalog.forms, self._behind(unit))

    def alert(self) -> Reminder:
        asked = self.office.catalog.contacts.office
        forms = self.office.catalog.forms
        return letters.to_office(asked, self.address(asked), self.to_alert, self.day, forms, self.unwritten)

    def _behind(self, unit: str) -> letters.Behind:
        found: dict[tuple[str, str], list[letters.Held]] = {}
        catalog, landing = self.office.catalog, self.office.landing
        for one in self.to_remind[unit]:
            owed = one.standing.obligation
            dataset = catalog.forms[owed.form].dataset
            for source in catalog.due_sources(Period.parse(owed.period)):
                if source.unit != unit or source.role != "reporting" or catalog.dataset_of(source) != dataset:
                    continue
                last = next(reversed(landing.receipts(source.id, owed.period)), None)
                state = None
                if last is not None:
                    ended = last.finished_at.astimezone(TIMEZONE)
                    state = f"{PULL_STATES[last.state].vi}, lần lấy cuối {ended:%d/%m/%Y %H:%M}"
                complete = last is not None and last.state == "complete"
                held = letters.Held(source.id, source.owner, state, complete)
                found.setdefault((owed.form, owed.period), []).append(held)
        return found


def _key(owed: Obligation) -> tuple[str, str, str]:
    return owed.form, owed.unit, owed.period


def _due(one: Outstanding) -> dt.date:
    return one.standing.obligation.due_on
