"""Who owes which form by when, what was received, and how the two stand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from etl.model.base import Level, Text

SubmissionKind = Literal["report", "partial", "nil", "correction"]
StandingState = Literal["open", "on_time", "late", "partial", "nil", "missing"]

STANDING_STATES: Final[dict[StandingState, Text]] = {
    "on_time": Text("đúng hạn", "on time"),
    "late": Text("muộn", "late"),
    "partial": Text("thiếu số liệu", "partial"),
    "nil": Text("báo không phát sinh", "nil"),
    "missing": Text("chưa gửi", "missing"),
    "open": Text("chưa đến hạn", "open"),
}


@dataclass(frozen=True)
class Obligation:
    """A unit owes a form for a period, to be received by the end of `due_on`.

    name, type, level and province (the one it lies in, or itself) are those of the period's last day: a code is a key
    only with its date. due_verified: whether the due date was read in a legal text. frozen_at: since when nothing can
    change it; None while it follows the catalog.
    """

    form: str
    unit: str
    period: str
    level: Level
    name: str
    type: str
    province: str
    due_on: dt.date
    due_verified: bool
    frozen_at: dt.datetime | None = None

    @property
    def frozen_with(self) -> tuple[str, str, Level]:
        """What is frozen together: one level has one due date."""
        return self.form, self.period, self.level

    @property
    def office(self) -> tuple[str, str]:
        """The unit over the periods of a year: a new type (a province made a city) makes no other one of it."""
        return self.unit, self.name.removeprefix(self.type).strip()


@dataclass(frozen=True)
class Submission:
    """Something received of a unit. A correction belongs to a filing before it and is none itself.

    report: every figure is there; partial: some are withheld; nil: the declaration that there was nothing.
    evidence: sha256 of the file it rests on: the issued form, or the list that was imported.
    """

    form: str
    unit: str
    period: str
    received_at: dt.datetime
    kind: SubmissionKind
    origin: Literal["pipeline", "import"]
    evidence: str


@dataclass(frozen=True)
class Standing:
    """How an obligation stands: see `etl.compliance` for what each state means.

    first_received_on: of the first filing, whole or not; completed_on: of the first whole one; corrections: how many
    came after the first filing, which alone decides the state.
    """

    obligation: Obligation
    state: StandingState
    first_received_on: dt.date | None
    completed_on: dt.date | None
    corrections: int


@dataclass(frozen=True)
class Outstanding:
    """A form that a unit still owes: no whole report and no nil declaration of it came.

    overdue: its due date has passed. until: the last day on which the unit is written to about it.
    """

    standing: Standing
    overdue: bool
    until: dt.date


@dataclass(frozen=True)
class Contact:
    """A mailbox of an office. email: the address, or `env:NAME` for one that the environment gives."""

    office: str
    email: str
    phone: str = ""


@dataclass(frozen=True)
class Contacts:
    """Whom reminders go to, by the code of the unit as it is today. office: who gathers the reports and is asked."""

    office: Contact
    units: Mapping[str, Contact]


@dataclass(frozen=True)
class Reminder:
    """A letter that was sent on that day: to a unit, or to the office that gathers the reports (the nation's code)."""

    unit: str
    day: dt.date
    address: str
    subject: str
    html: str
