"""What the catalog says of datasets, indicators, forms and the calendar."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from etl.model.base import Level, PeriodKind, Text

PROCEDURE_CODE: Final = r"[0-9]\.[0-9]{6}(\.[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Z][0-9]{2})?"
"""The national code of a procedure (MaTTHC): 1.012790, or the newer 1.012790.000.00.00.H41."""


@dataclass(frozen=True)
class DatasetColumn:
    """One measure of a standard row: a count, 64-bit integer, null where the source gives none.

    nature tells how a longer period follows from its quarters: flows add, the opening stock is that
    of the first quarter, the closing stock that of the last, a total is recomputed from its `parts`.
    continues: of an opening stock, the measure that it equals at the end of the period before.
    """

    title: Text
    meaning: str
    nature: Literal["flow", "opening_stock", "closing_stock", "total"]
    parts: tuple[str, ...] = ()
    continues: str | None = None


@dataclass(frozen=True)
class Dataset:
    """What a standard row holds.

    by: what rows are split by: our fields (lĩnh vực); procedures, an open list of national codes kept as the source
    writes them (PROCEDURE_CODE); or nothing. That code is the `field` of a row, a finding and a figure.
    tiers: where a row may stand. What a province reports on as a whole has the tier province alone, and no
    figure of a commune.
    """

    title: Text
    by: Literal["none", "field", "procedure"]
    columns: Mapping[str, DatasetColumn]
    tiers: tuple[Literal["province", "district", "commune"], ...] = ("province", "district", "commune")


@dataclass(frozen=True)
class Field:
    """A field of administrative procedures (lĩnh vực) under the project's own code."""

    code: str
    name: str


@dataclass(frozen=True)
class Ratio:
    """Sum of `numerator` over sum of `denominator`, recomputed on sums at every level; x/0 is no value."""

    numerator: tuple[str, ...]
    denominator: tuple[str, ...]


@dataclass(frozen=True)
class Growth:
    """A sum, by its indicator's code, over the same figure `years` years before. Computed on reading, never stored."""

    of: str
    years: int = 1


@dataclass(frozen=True)
class Example:
    """A worked example: dataset columns in, of a growth `now` and `before`; the value out (None: no value)."""

    given: Mapping[str, int | None]
    value: Decimal | None


@dataclass(frozen=True)
class Indicator:
    """One figure. Exactly one of `sum` (a dataset column), `ratio` and `growth` is given."""

    code: str
    dataset: str
    title: Text
    unit_of_measure: Text
    law: str
    examples: tuple[Example, ...]
    sum: str | None = None
    ratio: Ratio | None = None
    growth: Growth | None = None
    digits: int = 0


@dataclass(frozen=True)
class FormColumn:
    """A column of a form: printed number, heading path from the top row down, indicator or None.

    optional: a form is complete also where the source does not provide it. share: a ratio, so no row is the sum of
    others.
    """

    number: str
    heading: tuple[str, ...]
    width: float
    indicator: str | None = None
    optional: bool = False
    share: bool = False


@dataclass(frozen=True)
class Form:
    """A report form. `repeat` says what a body row is.

    tier_field: a row for each tier, under it one for each field, a total row at the foot (II.06a).
    tier_procedure: the same with a row for each procedure (II.06b).
    child_unit: a row for the unit's own departments (tier province) and one for each unit below it.
    own_unit: one row for the unit as a whole; of the nation one for each province (II.07b).
    levels: whose forms are filled with every run. on_demand: whose are filled when asked for.
    owed: whether a text obliges these levels. A form that nobody is known to owe is filled where there is a figure.
    recipient: by level, who gets it; of a level that is not named, the unit above.
    regime: the report regime it belongs to, whose due dates are the form's (catalog/calendar.yml).
    valid_from, valid_to: owed for the periods that end from the one to before the other.
    body_row: sheet row of the first body row; columns are those of the sheet, from A on.
    blank_sha256: of the blank workbook beside the YAML, so that a changed blank is noticed.
    """

    number: str
    title: str
    subtitle: str
    official: bool
    notice: str
    regime: str
    valid_from: dt.date
    dataset: str
    levels: tuple[Level, ...]
    period_kind: PeriodKind
    recipient: Mapping[str, str]
    unit_of_measure: str
    repeat: Literal["tier_field", "tier_procedure", "child_unit", "own_unit"]
    columns: tuple[FormColumn, ...]
    notes: tuple[str, ...]
    law: str
    body_row: int
    blank_sha256: str
    valid_to: dt.date | None = None
    on_demand: tuple[Level, ...] = ()
    owed: bool = True


@dataclass(frozen=True)
class WindowRule:
    """Which days the periods of a kind count, for those that end from `valid_from` to before `valid_to`.

    number: only the first, the second ... of the year (None: each). window: the arithmetic of etl/periods.py; none for
    a kind whose days no text gives, and which is therefore no period here.
    """

    kind: PeriodKind | Literal["week"]
    window: Literal["decree_09_2019", "none"]
    valid_from: dt.date
    source: str
    verified: bool
    number: int | None = None
    valid_to: dt.date | None = None


@dataclass(frozen=True)
class Due:
    """The last day to send a report, for periods that end from `valid_from` to before `valid_to`.

    Exactly one of `day` (of the period's last month) and `working_days` (so many after the cut-off) is given.
    """

    levels: tuple[Level, ...]
    kinds: tuple[PeriodKind, ...]
    valid_from: dt.date
    source: str
    verified: bool
    day: int | None = None
    working_days: int | None = None
    valid_to: dt.date | None = None


@dataclass(frozen=True)
class LeastNotice:
    """How many working days any due date must leave after the cut-off."""

    count: int
    source: str
    verified: bool


@dataclass(frozen=True)
class MovedDay:
    """A day that the Government made a working day, or a day off, against the table of public holidays."""

    day: dt.date
    working: bool
    source: str


@dataclass(frozen=True)
class Regime:
    """One of the six report regimes of Circular 01/2020/TT-VPCP, with its periods.

    due: rules of its own, which stand before those for every regime.
    """

    number: str
    title: Text
    period_kinds: tuple[PeriodKind, ...]
    source: str
    verified: bool
    due: tuple[Due, ...] = ()


@dataclass(frozen=True)
class ReminderDays:
    """When units are written to. All counts are of working days; nobody is written to on a day off.

    before: from so many before the due date, if the period is closed by then. after: until so many after it. alert:
    so many before the due date the office that gathers the reports is told which forms are not there.
    """

    before: int
    after: int
    alert: int
    reason: str


@dataclass(frozen=True)
class Straddle:
    """A day within periods on which units change, and how a period that holds it is reported: shown on its forms.

    `day`: the first day of the new units. note: the rule for people, Vietnamese on the form.
    """

    day: dt.date
    note: Text
    source: str
    verified: bool


@dataclass(frozen=True)
class Calendar:
    """Which regime reports when. `collect_after_hours`: how long after the cut-off the pulls start.

    confirm_after_hours: how far apart two pulls of a closed period must be to show whether its figures still move.
    lock_after_due: a period is published by itself once its last due date has passed and every form due is issued.
    """

    windows: tuple[WindowRule, ...]
    least_working_days: LeastNotice
    due: tuple[Due, ...]
    moved_days: tuple[MovedDay, ...]
    collect_after_hours: int
    confirm_after_hours: int
    confirm_reason: str
    reminders: ReminderDays
    regimes: Mapping[str, Regime]
    units_on: Literal["last_day"] = "last_day"
    straddles: tuple[Straddle, ...] = ()
    lock_after_due: bool = False
