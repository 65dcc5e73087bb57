"""The nouns: frozen dataclasses, standard library only.

Those marked "from the catalog" are read from YAML by `etl.catalog`, which refuses an unknown key,
so their fields are the complete vocabulary of those files.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

Level = Literal["nation", "ministry", "province", "commune"]
Tier = Literal["province", "commune", "all"]
"""The level at which a dossier is resolved: provincial departments, communes, or both together."""
Severity = Literal["critical", "warning", "info"]
ALL = "all"
"""Tier or field of a figure summed over every tier or field."""
NATION = "VN"


@dataclass(frozen=True)
class Text:
    """A title that people read: Vietnamese first, English beside it."""

    vi: str
    en: str


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


# --- from the catalog: datasets -----------------------------------------------------------------


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
    """What a standard row holds. `by_field` tells whether rows are split by field (lĩnh vực)."""

    title: Text
    by_field: bool
    columns: Mapping[str, DatasetColumn]


@dataclass(frozen=True)
class Field:
    """A field of administrative procedures (lĩnh vực) under the project's own code."""

    code: str
    name: str


# --- from the catalog: platforms and sources ----------------------------------------------------


@dataclass(frozen=True)
class Parameter:
    """A request value that is not a literal.

    value: what it stands for; `first_day` and `last_day` are the period's local dates, `start` and
    `end` its instants (`end_inclusive` is one millisecond before `end`), `unit` the source's unit
    code, `field` the field of a request repeated over fields, `page` and `offset` count from 1 and 0,
    `offset_end` is the offset plus the page size.
    format: strftime pattern for dates and instants; instants are rendered in UTC. Without it a date is
    2026-09-14 and an instant 2026-09-14T16:59:59.999Z, with its milliseconds.
    """

    value: Literal["first_day", "last_day", "start", "end_inclusive", "unit", "field", "page", "offset", "offset_end"]
    format: str | None = None


@dataclass(frozen=True)
class Paging:
    """How to walk pages: `size` rows a page, sent as `size_parameter`; `total` points to the declared count.

    `total` and the records are reached by a dotted path in the JSON body; None where there is none.
    """

    size: int
    size_parameter: str | None
    total: str | None = None


@dataclass(frozen=True)
class Request:
    """The HTTP request of a platform, relative to the source's address.

    timeout_seconds: for the whole answer of one request, and for each silence within it.
    """

    method: Literal["GET", "POST"]
    path: str
    query: Mapping[str, str | int | bool | Parameter] = field(default_factory=dict)
    json: Mapping[str, str | int | bool | Parameter] = field(default_factory=dict)
    headers: Mapping[str, str | Parameter] = field(default_factory=dict)
    auth: Literal["none", "bearer"] = "none"
    repeat_over_fields: bool = False
    paging: Paging | None = None
    timeout_seconds: float = 30.0


@dataclass(frozen=True)
class UnitRule:
    """How the agency of a row is known.

    column: dotted path to the agency's code, or to its name when `by` is "name".
    commune, province: regular expressions tried in this order on the whole value, telling the tier;
    group `code` gives the statistics code (by code) or group `name` the unit's name (by name). A
    province pattern without the group stands for the source's own unit.
    skip: pattern of agencies outside the report (the Party bloc of a document axis); listed, never counted.
    It is tried on `skip_column`, or on `column` where none is given.
    """

    by: Literal["code", "name"]
    column: str
    commune: str
    province: str
    skip: str | None = None
    skip_column: str | None = None


@dataclass(frozen=True)
class FieldRule:
    """How the field of a row is known: from a column, or from the request when repeated over fields.

    fold_case: the vendor writes our codes in other letters (HO_TICH for ho_tich).
    """

    column: str | None = None
    fold_case: bool = False


@dataclass(frozen=True)
class TotalRule:
    """Rows that are totals of other rows and are never added: the column is blank, or equals `equals`."""

    column: str
    blank: bool = False
    equals: str | int | None = None


@dataclass(frozen=True)
class Uniqueness:
    """Rows that may come twice. `day_column` with `day_format` names the day a row was counted for.

    The same agency twice on one day with the same figures is one row; with other figures it is a finding.
    """

    day_column: str
    day_format: str


@dataclass(frozen=True)
class Platform:
    """What a vendor's system answers. `columns` maps a dataset column to the source columns it is the sum of.

    records: dotted path to the list of rows in the JSON body, "" for the body itself.
    children: key of nested rows of the same shape inside a row; they are rows of their own.
    ignore: source columns read by nobody, on purpose; any other unread column is a finding.
    identities: arithmetic of the vendor, `total` = sum of `parts`, checked before mapping.
    grand_total: columns that are all blank in the vendor's own total of the whole answer, which is
    compared with the sum of the rows; a row that an `equals` of `totals` leaves out is not meant.
    assumed: what the domain document does not state and this file supposes.
    """

    id: str
    title: str
    protocol: Literal["json_api"]
    dataset: str
    source: str
    request: Request
    unit: UnitRule
    columns: Mapping[str, tuple[str, ...]]
    field: FieldRule | None = None
    records: str = ""
    children: str | None = None
    totals: tuple[TotalRule, ...] = ()
    unique: Uniqueness | None = None
    ignore: tuple[str, ...] = ()
    identities: tuple[Identity, ...] = ()
    grand_total: tuple[str, ...] = ()
    assumed: str = ""


@dataclass(frozen=True)
class Identity:
    total: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """One portal. `address` and `credential` may be references (`env:NAME`, `env:NAME/path`).

    headers, query: literal values laid over the platform's request (such as OpenCPS' groupId).
    lookups: repairs, by "unit" or "field": raw value as the source writes it -> code.
    """

    id: str
    platform: str
    unit: str
    address: str
    owner: str
    credential: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    lookups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    valid_from: dt.date = dt.date(2025, 7, 1)
    valid_to: dt.date | None = None


# --- from the catalog: indicators and forms -----------------------------------------------------


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


# --- from the catalog: calendar ------------------------------------------------------------------


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
    """Which regime reports when. `collect_after_hours`: how long after the cut-off the pulls start."""

    window: Literal["decree_09_2019"]
    window_source: str
    window_verified: bool
    collect_after_hours: int
    regimes: Mapping[str, Regime]


# --- from the expectations -----------------------------------------------------------------------


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


# --- what flows ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Page:
    """One landed answer: its bytes by sha256, and how they were asked for.

    `uri` is relative to the store (raw/<source>/<period>/<sha256>.json), so that a store can be moved.
    `request` is the address with its query, and the body where one was sent; never a credential.
    `field` is the field asked for, when the request is repeated over fields.
    """

    sha256: str
    uri: str
    size: int
    media_type: str
    status: int
    method: str
    address: str
    request: str
    fetched_at: dt.datetime
    field: str | None = None


@dataclass(frozen=True)
class Receipt:
    """One attempt to pull a source: `state` is complete, unavailable, refused or broken."""

    id: str
    source: str
    period: str
    started_at: dt.datetime
    finished_at: dt.datetime
    state: Literal["complete", "unavailable", "refused", "broken"]
    message: str
    rows: int
    pages: tuple[Page, ...]


@dataclass(frozen=True)
class Finding:
    """Something a reviewer should know. `row` is the JSON pointer inside the payload, "" for the whole.

    `expected` is what the value should be, in words or as a number.
    """

    rule: str
    severity: Severity
    source: str
    period: str
    message: str
    unit: str | None = None
    field: str | None = None
    payload: str | None = None
    row: str = ""
    column: str = ""
    value: str = ""
    expected: str = ""


@dataclass(frozen=True)
class Hole:
    """What the figures cannot know: each figure that a hole may touch is withheld, with `reason`.

    province: the source's unit; unit, tier, field: None where any could be meant.
    """

    dataset: str
    source: str
    province: str
    unit: str | None
    tier: str | None
    field: str | None
    reason: Literal["missing_source", "missing_unit", "quarantined"]


@dataclass(frozen=True)
class Fact:
    """One figure of one unit in one period. `value` None always comes with a `reason`."""

    indicator: str
    unit: str
    period: str
    tier: str
    field: str
    value: Decimal | None
    state: Literal["preliminary", "final", "revised", "moving"]
    reason: str | None
    revision: int
    recorded_at: dt.datetime
    load: int
