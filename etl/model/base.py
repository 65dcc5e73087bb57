"""Words and units that every other noun uses."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

Level = Literal["nation", "ministry", "province", "district", "commune"]
"""Districts until 30/06/2025: a commune stood under a district then, and stands under its province since."""
Tier = Literal["province", "district", "commune", "all"]
"""The level at which a dossier is resolved: provincial departments, districts (until 30/06/2025), communes, or all."""
Severity = Literal["critical", "warning", "info"]
PeriodKind = Literal["month", "quarter", "half", "nine_months", "year"]
ALL = "all"
"""Tier or field of a figure summed over every tier or field."""
NATION = "VN"


@dataclass(frozen=True)
class Text:
    """A title that people read: Vietnamese first, English beside it."""

    vi: str
    en: str

    @property
    def both(self) -> str:
        return f"{self.vi} / {self.en}"


@dataclass(frozen=True)
class Unit:
    """An administrative unit in force from `valid_from` to before `valid_to` (None: still in force).

    `code` is the statistics code (Decision 19/2025/QĐ-TTg, before it that of the statistics office): 2 digits for a
    province, 3 for a district, 5 for a commune; "VN" for the nation; the identifier code for a ministry. It is a key
    only with its date: most codes of communes stand in the lists before and after 01/07/2025, with another meaning.
    """

    code: str
    name: str
    level: Level
    type: str
    parent: str | None
    valid_from: dt.date
    valid_to: dt.date | None
    verified: bool
    source: str


@dataclass(frozen=True)
class Change:
    """A link of the genealogy: on `date` all of the unit `old` (in force the day before), or a part of it, went into
    the unit `new` (in force on that day). `new` None: the unit was abolished without a successor."""

    date: dt.date
    old: str
    new: str | None
    share: Literal["whole", "part"]
    source: str


EventKind = Literal["merge", "split", "many_to_many", "rename", "change_of_type", "move", "abolition"]


@dataclass(frozen=True)
class Event:
    """What happened to units on one day, by one act: derived from links and rows, never written down.

    merge: several into one; split: one into several; many_to_many: what cannot be told apart; of one unit into one,
    change_of_type, rename, or move under another unit; abolition: of units of one level, without successors.
    """

    date: dt.date
    kind: EventKind
    old: tuple[str, ...]
    new: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class UnitCode:
    """What a system other than the statistics office calls a unit, for as long as both hold.

    system: "qcvn_102" (000.00.31.H53) and "qd_20_2020" (H53), the identifiers of agencies; "dvcqg", ids inside the
    national portal. The three kinds of code are never compared with each other.
    """

    system: Literal["qcvn_102", "qd_20_2020", "dvcqg"]
    code: str
    unit: str
    valid_from: dt.date
    valid_to: dt.date | None
    verified: bool
    source: str
