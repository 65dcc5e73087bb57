"""What the catalog says of platforms and sources: the vocabulary of `platforms/` and `sources/`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from etl.model.records import Documents, Dossiers, FaultyDossiers
from etl.model.requests import NO_REQUEST, Budget, Envelope, Request

Encoding = Literal["utf-8", "windows-1258"]
"""How the texts of an answer are written."""
Window = Literal["asked", "days", "calendar", "months"]
"""Which days the figures of a system are of, and in what parts it is asked: see Platform."""


@dataclass(frozen=True)
class UnitRule:
    """How the agency of a row is known.

    column: dotted path to the agency's code, or to its name when `by` is "name".
    commune, district, province: regular expressions tried in this order on the whole value, telling the tier: the
    first that gives a known unit (`district` only in periods that have districts, before 01/07/2025);
    group `code` gives the statistics code (by code) or group `name` the unit's name (by name), beside which group
    `within` may give that of the unit directly above, where names repeat. A province pattern without the group stands
    for the source's own unit.
    by "level": a row is of a whole level of the source's unit and names no unit: it stands at that unit, with the
    tier whose pattern the column matches. No figure can be made of such rows, so a source of them is for comparison.
    skip: pattern of agencies outside the report (the Party bloc of a document axis); listed, never counted.
    It is tried on `skip_column`, or on `column` where none is given.
    body: pattern of identifier codes, tried on the same column; its group `code` is the body at the top (H14 of
    000.00.13.H14). Where the source lists its `identifiers`, an agency of any other body is outside this source.
    """

    by: Literal["code", "name", "level"]
    column: str
    commune: str
    province: str
    district: str | None = None
    skip: str | None = None
    skip_column: str | None = None
    body: str | None = None


@dataclass(frozen=True)
class FieldRule:
    """How the field of a row is known: from a column, or from the request when repeated over fields.

    fold_case: the vendor writes our codes in other letters (HO_TICH for ho_tich).
    by: "name" where the vendor writes the field's name of fields.csv, however it is spelt; "none" where it only
    knows sums over all fields: these are given, and no figure of one field is.
    name: the column with the title of a procedure, which forms show beside its code; nothing is told by it.
    """

    column: str | None = None
    name: str | None = None
    fold_case: bool = False
    by: Literal["code", "name", "none"] = "code"


@dataclass(frozen=True)
class TotalRule:
    """Where totals stand among the rows. They are never added, and each must be the sum of its details.

    axes: columns whose code is blank in a total over them. spans: month and year, blank or 0 in a row over all of
    them. In these, and in the columns of unit and field, "all", "total", "Tổng cộng", "Tổng số" and "Cộng" are a total
    however they are written, and so are `codes`, the vendor's own.
    parents_include_children: a row with nested rows is their total; otherwise its figures are its own.
    """

    axes: tuple[str, ...] = ()
    spans: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    parents_include_children: bool = False


@dataclass(frozen=True)
class Uniqueness:
    """Rows that may come twice. `day_column` with `day_format` names the day a row was counted for.

    The same agency twice on one day with the same figures is one row; with other figures it is a finding.
    """

    day_column: str
    day_format: str


@dataclass(frozen=True)
class Numbers:
    """Whole numbers of a file: those of its cells, and texts of digits, or of groups of three parted by `thousands`."""

    thousands: Literal[".", ",", " "] | None


@dataclass(frozen=True)
class Days:
    """Where an export says which days it counts: `pattern` with groups `first` and `last`, dates in `format`."""

    pattern: str
    format: str


@dataclass(frozen=True)
class Echo:
    """Where a JSON body repeats the days that it counted: dotted paths of the first and the last one.

    format: strptime pattern. One with hours and without an offset is of UTC instants, as they are asked for.
    """

    first: str
    last: str
    format: str


@dataclass(frozen=True)
class Table:
    """How an exported table is read: its columns are found by the texts of their headings, never by position.

    headings: our name of a source column -> the texts above it, top to bottom; cells merged over several
    columns or rows count for each. Texts compare by `name_key`. A heading that is not here is a column
    named by its texts, joined by " / ".
    encoding: of "csv" and "html". delimiter: of "csv".
    label: the column whose text tells the rows that are no figures of their own. Those rows are listed, not added:
    total (beside "Tổng cộng", "Tổng số", "Cộng" and figures without any text; one is demanded where declared),
    blocks (outermost first: each opens a block, is the total of the rows under it, and its text is appended to the
    agency, after " · "), part ("trong đó": a part of the row above). Totals and blocks must be the sums of their rows.
    stated: source column -> pattern with the group `value`, found in the cells above the headings; the
    group may be empty where the value stands in the next cell. days: those stated there: the period's.
    """

    format: Literal["spreadsheet", "csv", "html"]
    headings: Mapping[str, tuple[str, ...]]
    label: str
    encoding: Encoding | None = None
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    total: str | None = None
    blocks: tuple[str, ...] = ()
    part: str | None = None
    stated: Mapping[str, str] = field(default_factory=dict)
    days: Days | None = None


@dataclass(frozen=True)
class Dialect:
    """How the files of one source are written, where that is not as its platform has it (None: it is).

    With a format of its own, encoding and delimiter are those given here, or none.
    """

    format: Literal["spreadsheet", "csv", "html"] | None = None
    encoding: Encoding | None = None
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    thousands: Literal[".", ",", " "] | None = None


@dataclass(frozen=True)
class Platform:
    """What a vendor's system answers. `columns` maps a dataset column to the source columns it is the sum of.

    encoding: of the JSON body; bytes of another one are refused, never guessed. A file has that of its table.
    records: dotted path to the list of rows in the JSON body, "" for the body itself.
    children: key of nested rows of the same shape inside a row; they are rows of their own.
    ignore: source columns read by nobody, on purpose; any other unread column is a finding.
    identities: arithmetic of the vendor, `total` = sum of `parts`, checked before mapping.
    numbers: `json` for JSON integers; `text` for whole numbers written as texts, digits only: an empty
    text is no value, and "1.234" stays unreadable; a Numbers for the cells of files.
    window: which days the figures are of. `asked`: the days asked for. `days`: the system counts single days only, so
    it is asked for each day of the period, and the days are bridged. `calendar`: calendar months or quarters only, so
    that its figures are not of the days of the period; `months`: calendar months only, asked for one by one and
    bridged to the calendar quarter. What is not of the days of the period is always a finding, never converted.
    echo: where every answer repeats the days that it counted; they must be those that were asked for.
    unique: see Uniqueness. Without it an agency and field on two pages of a series is a pull that is not proven.
    assumed: what the domain document does not state and this file supposes.
    protocol: "json_api"; "download" of an exported file by `request`, or from a folder where the source has `files`;
    "inbox", always a folder. table: how the file of a download or an inbox is read.
    records_of: the rows are single dossiers or documents, counted by us; `columns` then maps a dataset column to
    the counts it is the sum of, and a standard row is what one page holds of one agency and field.
    absent_is_zero: a whole list proves zero for a unit in force that it does not name. Only where the list is of
    the whole province by the vendor's word; otherwise such a unit is missing.
    empty_is_zero: a list may have no record at all, of which the declared total of 0 is the proof; it is told by a
    READ-EMPTY finding. Only beside absent_is_zero; otherwise an empty list is no answer.
    envelope: where an answer of status 200 says that it is none.
    """

    id: str
    title: str
    protocol: Literal["json_api", "download", "inbox"]
    dataset: str
    source: str
    unit: UnitRule
    columns: Mapping[str, tuple[str, ...]]
    request: Request = NO_REQUEST
    table: Table | None = None
    field: FieldRule | None = None
    encoding: Encoding = "utf-8"
    records: str = ""
    children: str | None = None
    totals: TotalRule = TotalRule()
    unique: Uniqueness | None = None
    ignore: tuple[str, ...] = ()
    identities: tuple[Identity, ...] = ()
    numbers: Literal["json", "text"] | Numbers = "json"
    window: Window = "asked"
    echo: Echo | None = None
    records_of: Dossiers | FaultyDossiers | Documents | None = None
    absent_is_zero: bool = False
    empty_is_zero: bool = False
    envelope: Envelope | None = None
    assumed: str = ""

    @property
    def tells_fields(self) -> bool:
        """Whether the field of each row is known, from a column or from the request."""
        return self.request.repeat_over_fields or (self.field is not None and self.field.column is not None)

    def in_dialect(self, dialect: Dialect | None) -> Platform:
        """The platform as a source with that dialect writes it."""
        if dialect is None or self.table is None:
            return self
        base = self.table if dialect.format is None else replace(self.table, encoding=None, delimiter=None)
        table = replace(
            base,
            format=dialect.format or base.format,
            encoding=dialect.encoding or base.encoding,
            delimiter=dialect.delimiter or base.delimiter,
        )
        numbers = self.numbers if dialect.thousands is None else Numbers(dialect.thousands)
        return replace(self, table=table, numbers=numbers)

    def under_names(self, now: Mapping[str, str]) -> Platform:
        """The platform with its columns of numbers under other names; those that are not in `now` keep theirs."""

        def new(names: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(now.get(name, name) for name in names)

        columns = {measure: new(names) for measure, names in self.columns.items()}
        identities = tuple(Identity(now.get(one.total, one.total), new(one.parts)) for one in self.identities)
        return replace(self, columns=columns, identities=identities)


@dataclass(frozen=True)
class Identity:
    total: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """One portal. `address` may be a reference (`env:NAME`, `env:NAME/path`); `credential` is one (or `conn:ID`).

    budget: of the host it stands on, in place of the platform's.
    headers, query, body: literal values laid over the platform's request (such as OpenCPS' groupId); `body`
    over the fields of its JSON or its form, or of the JSON inside its form.
    token_address: where an OAuth2 token is asked for, when that is not below `address`; or its reference.
    lookups: repairs, by "unit" or "field": raw value as the source writes it -> code.
    renamed: what this portal calls a source column of its platform now; read where an answer does not have the
    platform's own name, so that answers of before are read as ever.
    exchanged: from a period on, source columns of numbers that the portal fills the one with the other's figures:
    {2026-Q3: {receivedOnline: receivedDirect}}. The same pair once more, of a later period: it turned them back.
    accepted: period -> measures whose figures a person confirmed with whoever runs the portal, though they look
    exchanged (READ-SWAP) or in another unit (READ-SCALE): {2026-Q3: [received_online, received_direct_postal]}. Every
    measure of the platform: the rows of noughts, too (READ-ZERO).
    identifiers: the codes of its own bodies (H14) where identifier codes tell the agencies of others (`unit.body` of
    the platform); all of them, where provinces were merged. Without it an agency that nobody knows is a finding.
    files: of a folder, which of its files are those of a period: a pattern such as "06a_{period}_*.xlsx", where
    {period} stands for its key (2026-Q3). dialect: how its files are written.
    window: of a source for comparison whose platform is asked by days: it is asked for the calendar period, so that it
    can be held against a system that counts no other.
    role: "reporting", the figures are made of its rows; "comparison", its rows are pulled, parsed, checked and kept
    beside the figures, but feed none and leave no hole. A dossier is never counted twice: of one unit, dataset and
    day there is one reporting source (any number for comparison). Where a province and one of its communes each have
    one, the nearest reports: the commune's is expected of its own source only, and what the province's source says
    of it all the same is a critical finding (UNIT-OWN) that withholds, since nobody knows which of the two is right.
    """

    id: str
    platform: str
    unit: str
    address: str
    owner: str
    credential: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] = field(default_factory=dict)
    token_address: str | None = None
    budget: Budget | None = None
    lookups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    exchanged: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    accepted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    identifiers: tuple[str, ...] = ()
    valid_from: dt.date = dt.date(2025, 7, 1)
    valid_to: dt.date | None = None
    files: str | None = None
    dialect: Dialect | None = None
    role: Literal["reporting", "comparison"] = "reporting"
    window: Literal["calendar"] | None = None
