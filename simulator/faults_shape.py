"""What a portal declares of its answers, so that faults know where to strike; and the faults it can have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Record = dict[str, Any]

LINE = ("down", "slow", "slow_body", "reset", "html", "unauthorized", "expired", "throttled", "error")
"""What happens to a request, whatever it asks."""
REPLY = ("truncated", "truncated_page", "repeated_page", "wrong_total", "endless", "nfd", "windows_1258")
"""Edits of the answer as it leaves: its bytes, its encoding, its pages, its declared total."""
DATA = (
    "empty", "renamed", "nested", "retyped", "swapped", "identity", "text_number", "decimal_comma", "thousands",
    "null_for_zero", "zero_for_null", "wrong_total_row", "date_format", "reclassified", "extra_column", "unknown_unit",
    "missing_unit",
)  # fmt: skip
"""Edits of the records, before they are paged."""
KINDS = LINE + REPLY + DATA


@dataclass(frozen=True)
class Shape:
    """Where a platform's answers keep what a fault touches. What a platform does not have is left out.

    agency: path to the agency's code or name; `stranger` replaces it by one that no catalog knows.
    total: the measure put off by one. rename: (old, new) name of a measure. extra: a column nobody expects.
    swap: two measures that can be exchanged without any sum showing it.
    settled: by how much each measure changes when one pending dossier counts as resolved.
    resolve: of a portal that lists single records, what is otherwise in one that counts as resolved or recalled; None
    where the record does not stand to be.
    codes: columns that hold numbers and are no measures. text: whether numbers are written as texts.
    axes: columns that are all filled in a detail row; a row where one is blank or 0 is a total over it.
    dates: columns with dates, written as the first of `date_formats`; the second is another way to write them.
    children: key of nested records. records: dotted path to the list of records; count: to their declared number.
    page: the request's parameters that tell the page: its number from 1, or offsets of its first row and of the
    row after its last. token: whether the portal is opened by a token that can expire.
    file: what a portal that answers with files works into them itself (their bytes are no JSON to edit); of the
    replies' faults it has these and bytes cut off, and no record that is nested or has texts for numbers.
    shared: whether a record is of several agencies, so that none can be left out by itself.
    """

    agency: tuple[str, ...]
    stranger: str
    total: str | None
    rename: tuple[str, str]
    extra: str
    children: str | None = None
    records: str = ""
    count: str | None = None
    page: tuple[str, ...] = ()
    swap: tuple[str, str] | None = None
    settled: Mapping[str, int] = field(default_factory=dict)
    resolve: Callable[[Record], Record | None] | None = None
    codes: tuple[str, ...] = ()
    text: bool = False
    axes: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    date_formats: tuple[str, str] = ("", "")
    token: bool = False
    file: tuple[str, ...] = ()
    shared: bool = False

    @property
    def kinds(self) -> tuple[str, ...]:
        """The faults that a platform of this shape can have, in the order of KINDS."""
        needs = {
            "expired": self.token,
            "truncated_page": self.count is not None or bool(self.page),
            "repeated_page": bool(self.page),
            "wrong_total": self.count is not None,
            "endless": bool(self.page) and self.count is None,
            "wrong_total_row": (bool(self.axes) and self.total is not None) or "wrong_total_row" in self.file,
            "missing_unit": not self.shared,
            "swapped": self.swap is not None,
            "date_format": bool(self.dates) or "date_format" in self.file,
            "reclassified": bool(self.settled) or self.resolve is not None,
            **dict.fromkeys(
                ("identity", "text_number", "decimal_comma", "thousands", "null_for_zero", "zero_for_null", "retyped"),
                self.total is not None,
            ),
        }
        if self.file:
            needs |= {kind: kind in self.file for kind in ("nfd", "windows_1258", "nested", "retyped")}
        return tuple(kind for kind in KINDS if needs.get(kind, True))

    def measures(self, record: Record) -> dict[str, int]:
        """The figures of a record, by column."""
        if self.text:
            texts = {key: value for key, value in record.items() if isinstance(value, str) and key not in self.codes}
            return {key: int(value) for key, value in texts.items() if value.isascii() and value.isdigit()}
        return {key: value for key, value in record.items() if type(value) is int and key not in self.codes}

    def written(self, number: float) -> float | str:
        """A number as this portal's JSON writes it: 2, 1.234, or the same in quotes."""
        shown = int(number) if float(number).is_integer() else number
        return str(shown) if self.text else shown

    def agency_of(self, record: Record) -> Any:
        return self.holder(record)[self.agency[-1]]

    def holder(self, record: Record) -> Record:
        """The object in which the agency's code or name stands."""
        for key in self.agency[:-1]:
            record = record[key]
        return record

    def is_detail(self, record: Record) -> bool:
        return all(record[axis] for axis in self.axes)

    def covers(self, record: Record, detail: Record) -> bool:
        """Whether a record is that detail row, or a total that it is a part of."""
        return all(not record[axis] or record[axis] == detail[axis] for axis in self.axes)
