"""What the catalog says of datasets, indicators, forms, calendar and rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from etl.model.base import Level, Severity, Text

PROCEDURE_CODE: Final = r"[0-9]\.[0-9]{6}(\.[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Z][0-9]{2})?"
"""The national code of a procedure (MaTTHC): 1.012790, or the newer 1.012790.000.00.00.H41."""


@dataclass(frozen=True)
class DatasetColumn:
    """One measure of a standard row: a count, 64-bit integer, null where the source gives none.

    nature tells how a longer period follows from its quarters: flows add, the opening stock is that
    of the first quarter, the closing stock that of the last, a total is recomputed from its `parts`.
    """

    title: Text
    meaning: str
    nature: Literal["flow", "opening_stock", "closing_stock", "total"]
    parts: tuple[str, ...] = ()


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
    tiers: tuple[Literal["province", "commune"], ...] = ("province", "commune")


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
class Example:
    """A worked example: dataset columns in, the value out (None: no value)."""

    given: Mapping[str, int | None]
    value: Decimal | None


@dataclass(frozen=True)
class Indicator:
    """One figure. Exactly one of `sum` (a dataset column) and `ratio` is given."""

    code: str
    dataset: str
    title: Text
    unit_of_measure: Text
    law: str
    examples: tuple[Example, ...]
    sum: str | None = None
    ratio: Ratio | None = None
    digits: int = 0


@dataclass(frozen=True)
class FormColumn:
    """A column of a form: printed number, heading path from the top row down, indicator or None."""

    number: str
    heading: tuple[str, ...]
    width: float
    indicator: str | None = None


@dataclass(frozen=True)
class Form:
    """A report form. `repeat` says what a body row is.

    tier_field: a row for each tier, under it one for each field, a total row at the foot (II.06a).
    child_unit: a row for the unit's own departments (tier province) and one for each unit below it.
    body_row: sheet row of the first body row; columns are those of the sheet, from A on.
    blank_sha256: of the blank workbook beside the YAML, so that a changed blank is noticed.
    """

    number: str
    title: str
    subtitle: str
    official: bool
    notice: str
    dataset: str
    levels: tuple[Level, ...]
    period_kind: Literal["quarter"]
    recipient: Mapping[str, str]
    unit_of_measure: str
    repeat: Literal["tier_field", "child_unit"]
    columns: tuple[FormColumn, ...]
    notes: tuple[str, ...]
    law: str
    body_row: int
    blank_sha256: str


@dataclass(frozen=True)
class Due:
    """The last day to send a report: a day of the period's last month; `verified` as the domain has it."""

    day: int
    source: str
    verified: bool


@dataclass(frozen=True)
class Regime:
    """One of the six report regimes of Circular 01/2020/TT-VPCP, with its periods and due dates."""

    number: str
    title: Text
    period_kinds: tuple[Literal["month", "quarter", "half", "nine_months", "year"], ...]
    due: Mapping[Level, Due]
    source: str
    verified: bool


@dataclass(frozen=True)
class Calendar:
    """Which regime reports when. `collect_after_hours`: how long after the cut-off the pulls start.

    confirm_after_hours: how far apart two pulls of a closed period must be to show whether its figures still move.
    """

    window: Literal["decree_09_2019"]
    window_source: str
    window_verified: bool
    collect_after_hours: int
    confirm_after_hours: int
    confirm_reason: str
    regimes: Mapping[str, Regime]


@dataclass(frozen=True)
class Rule:
    """One expectation. `violation` is DuckDB SQL telling what breaks it, never what satisfies it.

    kind row: a condition over the columns of one standard row; a row that breaks a critical one is quarantined.
    kind table: a SELECT giving source, unit, tier of what is missing (unit null: the whole source).
    source: the column of the form, the article of law or the document the rule stands on.
    message: what was expected, in Vietnamese. show: the columns a reviewer needs to see.
    """

    id: str
    title: Text
    severity: Severity
    dimension: Literal["completeness", "accuracy", "coherence", "timeliness", "comparability"]
    source: str
    kind: Literal["row", "table"]
    violation: str
    message: str
    show: tuple[str, ...] = ()


@dataclass(frozen=True)
class Suite:
    """The expectations of one dataset; `version` grows with each change of a rule."""

    dataset: str
    version: int
    rules: tuple[Rule, ...]
