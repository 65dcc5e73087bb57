"""From one record to one standard row: its unit, its field, its whole numbers, its vendor's arithmetic.

What cannot be read is never guessed: the row stays, with null in its place and the problem in words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import orjson

from etl.model import ALL, Field, FieldRule, Numbers, Tier
from etl.parsing.agencies import Agencies, composed
from etl.parsing.body import MISSING, Answer, Record, path_of, value_at
from etl.parsing.fields import Fields, Procedures
from etl.units import UnitTree

MOST = 10**15
"""No count of dossiers or documents is larger; a sum of a few such numbers still fits 64 bits."""
_LONGEST_SHOWN = 200
_DIGITS = re.compile(r"0|[1-9][0-9]{0,15}")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row could not be read fully: rule id, source column, value as written, what was expected."""

    rule: str
    column: str
    value: str
    expected: str
    message: str


@dataclass(slots=True)
class Row:
    """A row while it is being read. `numbers` are by source column; None is "no value"."""

    record: Record
    agency: str
    unit: str | None
    tier: Tier | None
    field: str | None
    field_raw: str | None
    numbers: dict[str, int | None]
    problems: list[Problem]

    def sum_of(self, columns: tuple[str, ...]) -> int | None:
        """The sum over source columns; None as soon as one of them has no value."""
        total = 0
        for column in columns:
            number = self.numbers[column]
            if number is None:
                return None
            total += number
        return total


def whole_number(value: Any) -> int | None:
    """The value of a JSON integer of at most 10^15, of either sign; null is None, "no value".

    Raises ValueError for anything else. A text is never a number here: "1.234" is 1234 to a Vietnamese
    reader and 1.234 to a parser. Neither are true, 5.0, nor an absent column.
    """
    if value is None:
        return None
    if type(value) is int and -MOST <= value <= MOST:
        return value
    raise ValueError(shown(value))


def text_number(value: Any) -> int | None:
    """The value of a text of digits only, for platforms that write numbers so; null and "" are None, "no value".

    Raises ValueError for anything else, JSON integers included: "1.234", "12 " and "007" have no sure meaning.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str) and _DIGITS.fullmatch(value) is not None:
        return whole_number(int(value))
    raise ValueError(shown(value))


def number_reader(numbers: Literal["json", "text"] | Numbers) -> Callable[[Any], int | None]:
    """The function that reads a number as the platform's `numbers` declares; it raises ValueError."""
    if isinstance(numbers, Numbers):
        return partial(_cell_number, numbers.thousands)
    return text_number if numbers == "text" else whole_number


def _cell_number(thousands: str | None, value: Any) -> int | None:
    """The number of a cell, or the one a text spells: all its groups of three, or none; blank is no value."""
    if not isinstance(value, str):
        return whole_number(value)
    text = value.strip()
    if not text:
        return None
    if thousands and re.fullmatch(rf"-?[1-9][0-9]{{0,2}}(?:{re.escape(thousands)}[0-9]{{3}})+", text):
        text = text.replace(thousands, "")
    return whole_number(int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else value)


def shown(value: Any) -> str:
    """A value as the source wrote it, texts in quotes, shortened."""
    text = "" if value is MISSING else orjson.dumps(value).decode()
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"


class Reader:
    """Reads the rows of one answer. Raises CatalogError for a source whose unit was not in force.

    by: what the dataset is split by. missing: columns of numbers that no row has; that is told once, and is no
    problem of each row.
    """

    def __init__(
        self,
        answer: Answer,
        tree: UnitTree,
        fields: Mapping[str, Field],
        by: Literal["none", "field", "procedure"],
        missing: Collection[str] = (),
    ) -> None:
        source, platform = answer.source, answer.platform
        self._platform = platform
        self._agency = path_of(platform.unit.column)
        self._skip = re.compile(platform.unit.skip) if platform.unit.skip is not None else None
        self._body = re.compile(platform.unit.body) if platform.unit.body is not None and source.identifiers else None
        self._identifiers = frozenset(source.identifiers)
        self._skipped = path_of(platform.unit.skip_column or platform.unit.column)
        self._units = Agencies(source, platform.unit, tree)
        procedures = by == "procedure"
        self._fields = Procedures(source) if procedures else Fields(source, fields, platform.field or FieldRule())
        self._split = (
            ("thủ tục", "mã thủ tục, như 1.012790") if procedures else ("lĩnh vực", "lĩnh vực trong fields.csv")
        )
        self._field_column = platform.field.column if platform.field else None
        self._field = path_of(self._field_column or "")
        self._number = number_reader(platform.numbers)
        self._missing = frozenset(missing)
        self._numbers = [(column, path_of(column)) for column in answer.number_columns]

    def outside(self, record: Record) -> bool:
        """Whether the agency is outside the report."""
        return self.skips(value_at(record.data, self._skipped))

    def skips(self, value: Any) -> bool:
        """Whether what stands in the column that tells it is of an agency outside the report."""
        if not isinstance(value, str):
            return False
        text = composed(value)
        if self._skip is not None and self._skip.fullmatch(text) is not None:
            return True
        told = self._body.fullmatch(text) if self._body is not None else None
        return told is not None and told["code"] not in self._identifiers

    def field_of(self, written: Any) -> str | None:
        """Our code of a field that the source writes so, or that a request asked for."""
        return self._fields.code(written)

    def place_of(self, agency: Any) -> tuple[str | None, Tier | None]:
        """Unit and tier of an agency that the source writes so; the tier may be known where the unit is not."""
        return self._units.read(agency)

    def unknown(self, agency: Any) -> Problem | None:
        """What is wrong with an agency that the source writes so."""
        if self._units.read(agency)[0] is not None:
            return None
        where, raw = self._units.where, agency if isinstance(agency, str) else shown(agency)
        message = f"không biết đơn vị {shown(agency) or '(trống)'}: không có trong danh mục của {where}"
        return Problem("READ-UNIT", self._platform.unit.column, raw, f"đơn vị thuộc {where}", message)

    def figures(self, record: Record) -> tuple[int | None, ...]:
        """Every number of a record that is not read as a row; None also where it is not a number."""
        found: list[int | None] = []
        for _, path in self._numbers:
            try:
                found.append(self._number(value_at(record.data, path)))
            except ValueError:
                found.append(None)
        return tuple(found)

    def read(self, record: Record) -> Row:
        problems: list[Problem] = []
        agency = value_at(record.data, self._agency)
        unit, tier = self._units.read(agency)
        if unit is None and (problem := self.unknown(agency)) is not None:
            problems.append(problem)
        numbers: dict[str, int | None] = {}
        field_code, field_raw = self._read_field(record, problems)
        for column, path in self._numbers:
            value = value_at(record.data, path)
            try:
                numbers[column] = self._number(value)
            except ValueError:
                numbers[column] = None
                if column in self._missing:
                    continue
                what = "thiếu cột" if value is MISSING else f"giá trị {shown(value)} không phải số nguyên ở cột"
                problems.append(Problem("READ-NUMBER", column, shown(value), "số nguyên", f"{what} {column}"))
        written = agency if isinstance(agency, str) else shown(agency)
        row = Row(record, written, unit, tier, field_code, field_raw, numbers, problems)
        self._check_arithmetic(row)
        return row

    def _read_field(self, record: Record, problems: list[Problem]) -> tuple[str | None, str | None]:
        if self._field_column is None and not self._platform.request.repeat_over_fields:
            return ALL, None
        raw: Any = record.page.field if self._field_column is None else value_at(record.data, self._field)
        text = raw if isinstance(raw, str) else shown(raw)
        code = self._fields.code(raw)
        if code is None:
            what, expected = self._split
            message = f"không biết {what} {shown(raw) or '(trống)'}"
            problems.append(Problem("READ-FIELD", self._field_column or "", text, expected, message))
        return code, text

    def _check_arithmetic(self, row: Row) -> None:
        for identity in self._platform.identities:
            total, parts = row.numbers[identity.total], row.sum_of(identity.parts)
            if total is not None and parts is not None and total != parts:
                terms = " + ".join(f"{part} {row.numbers[part]}" for part in identity.parts)
                message = f"{identity.total} = {total} nhưng {terms} = {parts}"
                row.problems.append(Problem("READ-VENDOR", identity.total, str(total), str(parts), message))
