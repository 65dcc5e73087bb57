"""The genealogy of units and the codes of other systems: units/changes.csv, units/codes.csv.

What the two say must fit units.csv on the very day: a mistake is a CatalogError with its line.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args, get_type_hints

from etl.catalog.tables import in_force_throughout, read_rows
from etl.errors import CatalogError
from etl.model import Change, Unit, UnitCode

_UNITS, _CHANGES, _CODES = "units/units.csv", "units/changes.csv", "units/codes.csv"
_ONE_DAY = dt.timedelta(days=1)
_TERRITORIAL = ("province", "district", "commune")
"""Levels whose every beginning and end must be told by a link. Of ministries no act with their shares was read."""
_SHARES: dict[str, Literal["whole", "part"]] = {"whole": "whole", "part": "part"}
System = Literal["qcvn_102", "qd_20_2020", "dvcqg"]
_SYSTEMS: dict[str, System] = {system: system for system in get_args(get_type_hints(UnitCode)["system"])}
_SHAPES: dict[System, str] = {
    "qcvn_102": r"\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2}",
    "qd_20_2020": r"(?=.{1,35}$)[A-Z]\d{2}(\.[0-9A-Z]+)*",
    "dvcqg": r"\d+",
}


def changes(files: Mapping[str, Path], units: Sequence[Unit]) -> tuple[Change, ...]:
    """units/changes.csv by date, old and new unit.

    `old` is in force the day before and `new` on the day; what is whole has one successor and what is divided has
    several; a unit stays in a province that its own province went into; no beginning or end is left without a link.
    """
    by_code: dict[str, list[Unit]] = {}
    for unit in units:
        by_code.setdefault(unit.code, []).append(unit)
    read: dict[Change, int] = {}
    for line, row in read_rows(files, _CHANGES, tuple(Change.__dataclass_fields__)):
        try:
            date = dt.date.fromisoformat(row["date"])
            change = Change(date, row["old"], row["new"] or None, _SHARES[row["share"]], row["source"])
        except (KeyError, ValueError) as problem:
            raise CatalogError(str(files[_CHANGES]), line, "", f"the change cannot be read: {problem}") from problem
        if change in read:
            raise CatalogError(str(files[_CHANGES]), line, "old", f"the link of {change.old!r} stands twice")
        read[change] = line
    links: dict[tuple[dt.date, str], list[Change]] = {}
    for change in read:
        links.setdefault((change.date, change.old), []).append(change)
    for change, line in read.items():
        fault = _fault(change, links, by_code)
        if fault is not None:
            raise CatalogError(str(files[_CHANGES]), line, *fault)
    told = {(change.date, change.old) for change in read}, {(change.date, change.new) for change in read}
    untold = _untold(by_code, *told)
    if untold is not None:
        raise CatalogError(str(files[_CHANGES]), 1, "", untold)
    return tuple(sorted(read, key=lambda change: (change.date, change.old, change.new or "")))


def codes(files: Mapping[str, Path], units: Sequence[Unit]) -> tuple[UnitCode, ...]:
    """units/codes.csv in file order: a code of its system's shape, for one unit that is in force as long."""
    read: list[UnitCode] = []
    by_code: dict[str, list[Unit]] = {}
    for unit in units:
        by_code.setdefault(unit.code, []).append(unit)
    for line, row in read_rows(files, _CODES, tuple(UnitCode.__dataclass_fields__)):
        try:
            code = UnitCode(
                system=_SYSTEMS[row["system"]],
                code=row["code"],
                unit=row["unit"],
                valid_from=dt.date.fromisoformat(row["valid_from"]),
                valid_to=dt.date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
                verified={"true": True, "false": False}[row["verified"]],
                source=row["source"],
            )
        except (KeyError, ValueError) as problem:
            raise CatalogError(str(files[_CODES]), line, "", f"the code cannot be read: {problem}") from problem
        if not re.fullmatch(_SHAPES[code.system], code.code):
            raise CatalogError(str(files[_CODES]), line, "code", f"{code.code!r} is no code of {code.system}")
        if not in_force_throughout(code.valid_from, code.valid_to, by_code.get(code.unit, ())):
            raise CatalogError(str(files[_CODES]), line, "unit", f"{code.unit!r} is not in force as long as its code")
        for other in read:
            apart = (other.valid_to is not None and other.valid_to <= code.valid_from) or (
                code.valid_to is not None and code.valid_to <= other.valid_from
            )
            if (other.system, other.code) == (code.system, code.code) and not apart:
                raise CatalogError(str(files[_CODES]), line, "code", f"{code.code!r} stands for two units on one day")
        read.append(code)
    return tuple(read)


def _on(day: dt.date, rows: Iterable[Unit]) -> Unit | None:
    """The unit of one code that is in force on the day."""
    for unit in rows:
        if unit.valid_from <= day and (unit.valid_to is None or day < unit.valid_to):
            return unit
    return None


def _fault(
    change: Change, links: Mapping[tuple[dt.date, str], Sequence[Change]], by_code: Mapping[str, Sequence[Unit]]
) -> tuple[str, str] | None:
    """The column at fault and why."""
    before = change.date - _ONE_DAY
    old = _on(before, by_code.get(change.old, ()))
    if old is None:
        return "old", f"{change.old!r} is not in force on {before}"
    together = links[change.date, change.old]
    if (change.share == "whole") != (len(together) == 1):
        return "share", f"{change.old!r} has {len(together)} successors: whole is one, part is several"
    if change.new is None:
        return None
    new = _on(change.date, by_code.get(change.new, ()))
    if new is None:
        return "new", f"{change.new!r} is not in force on {change.date}"
    if (old.level == "province") != (new.level == "province"):
        return "new", f"a {old.level} cannot become a {new.level}"
    home = _province(old, before, by_code)
    allowed = [link.new for link in links.get((change.date, home), ())] or [home]
    found = _province(new, change.date, by_code)
    if found not in allowed:
        return "new", f"{change.new!r} lies in province {found}, but province {home} of {change.old!r} did not go there"
    return None


def _province(unit: Unit, day: dt.date, by_code: Mapping[str, Sequence[Unit]]) -> str:
    while unit.level != "province" and unit.parent is not None:
        above = _on(day, by_code[unit.parent])
        if above is None:
            break
        unit = above
    return unit.code


def _untold(
    by_code: Mapping[str, Sequence[Unit]],
    olds: set[tuple[dt.date, str]],
    news: set[tuple[dt.date, str | None]],
) -> str | None:
    """The first beginning or end of a unit that neither a link nor a following row under the same code explains."""
    territorial = [unit for rows in by_code.values() for unit in rows if unit.level in _TERRITORIAL]
    first = min((unit.valid_from for unit in territorial), default=None)
    for unit in territorial:
        end, begin = unit.valid_to, unit.valid_from
        if end is not None and (end, unit.code) not in olds:
            after = _on(end, by_code[unit.code])
            if after is None or (after.parent, after.level) != (unit.parent, unit.level):
                return f"no link tells what became of {unit.name} ({unit.code}) on {end}"
        if begin != first and (begin, unit.code) not in news:
            earlier = _on(begin - _ONE_DAY, by_code[unit.code])
            if earlier is None or (earlier.parent, earlier.level) != (unit.parent, unit.level):
                return f"no link tells what {unit.name} ({unit.code}) was made of on {begin}"
    return None
