"""The CSV tables of the catalog: administrative units and fields. A mistake is a CatalogError with its line."""

from __future__ import annotations

import csv
import datetime as dt
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import get_args

from etl.errors import CatalogError
from etl.model import NATION, Field, Level, Unit

_LEVELS: dict[str, Level] = {level: level for level in get_args(Level)}
_CODES: dict[Level, str] = {
    "nation": NATION,
    "province": r"\d{2}",
    "district": r"\d{3}",
    "commune": r"\d{5}",
    "ministry": r"[A-Z]\d{2}",
}
_PARENTS: dict[Level, tuple[Level | None, ...]] = {
    "nation": (None,),
    "ministry": ("nation",),
    "province": ("nation",),
    "district": ("province",),
    "commune": ("province", "district"),
}


def fields(files: Mapping[str, Path]) -> dict[str, Field]:
    """fields.csv by code. `files`: path inside the catalog -> file."""
    name = "fields.csv"
    found: dict[str, Field] = {}
    for line, row in read_rows(files, name, ("code", "name")):
        if row["code"] in found:
            raise CatalogError(str(files[name]), line, "code", f"the field {row['code']!r} stands twice")
        found[row["code"]] = Field(row["code"], row["name"])
    return found


def units(files: Mapping[str, Path]) -> tuple[Unit, ...]:
    """units/units.csv in file order.

    Codes have the digits of their level, a parent is of a level above and in force as long as the unit is, a code
    holds once on any day.
    """
    name = "units/units.csv"
    read: list[tuple[int, Unit]] = []
    for line, row in read_rows(files, name, tuple(Unit.__dataclass_fields__)):
        try:
            unit = Unit(
                code=row["code"],
                name=row["name"],
                level=_LEVELS[row["level"]],
                type=row["type"],
                parent=row["parent"] or None,
                valid_from=dt.date.fromisoformat(row["valid_from"]),
                valid_to=dt.date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
                verified={"true": True, "false": False}[row["verified"]],
                source=row["source"],
            )
        except (KeyError, ValueError) as problem:
            raise CatalogError(
                str(files[name]), line, "", f"unit {row['code']!r} cannot be read: {problem}"
            ) from problem
        read.append((line, unit))
    levels = {unit.code: unit.level for _, unit in read}
    rows: dict[str, list[Unit]] = {}
    for line, unit in read:
        fault = _fault(unit, levels, rows.setdefault(unit.code, []))
        if fault is not None:
            raise CatalogError(str(files[name]), line, *fault)
        rows[unit.code].append(unit)
    for line, unit in read:
        if unit.parent is not None and not in_force_throughout(unit.valid_from, unit.valid_to, rows[unit.parent]):
            late = f"{unit.parent!r} is not in force as long as {unit.code!r} is"
            raise CatalogError(str(files[name]), line, "parent", late)
    return tuple(unit for _, unit in read)


def _fault(unit: Unit, levels: Mapping[str, Level], others: list[Unit]) -> tuple[str, str] | None:
    """The column at fault and why. `others`: the rows read before under the same code."""
    if not re.fullmatch(_CODES[unit.level], unit.code):
        return "code", f"{unit.code!r} is no code of a {unit.level}: is a leading zero missing?"
    if not unit.name or not unicodedata.is_normalized("NFC", unit.name):
        return "name", f"{unit.name!r} is empty or not in Unicode NFC"
    if (unit.parent and levels.get(unit.parent, "undefined")) not in _PARENTS[unit.level]:
        return "parent", f"{unit.parent!r} is no unit that a {unit.level} stands under"
    if unit.valid_to is not None and unit.valid_to <= unit.valid_from:
        return "valid_to", "the unit ends on the day it begins, or before it begins"
    for other in others:
        ends_before = unit.valid_to is not None and unit.valid_to <= other.valid_from
        begins_after = other.valid_to is not None and other.valid_to <= unit.valid_from
        if not (ends_before or begins_after):
            return "code", f"{unit.code!r} is in force twice on one day"
    return None


def in_force_throughout(first: dt.date, end: dt.date | None, rows: Sequence[Unit]) -> bool:
    """Whether the rows of one code cover every day from `first` to before `end` (None: for ever)."""
    day: dt.date | None = first
    for row in sorted(rows, key=lambda row: row.valid_from):
        if day is not None and row.valid_from <= day and (row.valid_to is None or day < row.valid_to):
            day = row.valid_to
            if day is None or (end is not None and end <= day):
                return True
    return False


def read_rows(files: Mapping[str, Path], name: str, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file with their 1-based line. Its header must be exactly `columns`."""
    if name not in files:
        raise CatalogError(name, 1, "", "the file is missing from the catalog")
    with files[name].open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines, strict=True)
        if tuple(reader.fieldnames or ()) != columns:
            raise CatalogError(str(files[name]), 1, "", f"the header must be {','.join(columns)}")
        for row in reader:
            if None in row or None in row.values():
                raise CatalogError(str(files[name]), reader.line_num, "", f"{len(columns)} cells are expected")
            yield reader.line_num, row
