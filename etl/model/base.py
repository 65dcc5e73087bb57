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

    `code` is the statistics code (Decision 19/2025/QĐ-TTg): 2 digits for a province, 5 for a
    commune; "VN" for the nation; the identifier code for a ministry.
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
