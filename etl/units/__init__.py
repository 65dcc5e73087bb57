"""The tree of units at a date, and names that compare as people mean them. Pure."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cached_property

from etl.model import Level, Tier, Unit

_TONES = {"\u0300", "\u0301", "\u0303", "\u0309", "\u0323"}
_TYPOGRAPHY = str.maketrans(
    {"\u2019": "'", "\u2018": "'", "\u02bc": "'", "`": "'", "-": " ", "\u2013": " ", "\u2014": " "}
)


def name_key(name: str) -> str:
    """A name for comparing: NFC or NFD, hòa or hoà, any case, spacing, apostrophe and dash give the same key.

    The tone mark of each syllable is moved to its end, because both placements are in use.
    """
    if name.isascii():
        return " ".join(name.casefold().translate(_TYPOGRAPHY).split())
    syllables = []
    for syllable in unicodedata.normalize("NFD", name.casefold()).translate(_TYPOGRAPHY).split():
        tones = "".join(char for char in syllable if char in _TONES)
        syllables.append("".join(char for char in syllable if char not in _TONES) + tones)
    return unicodedata.normalize("NFC", " ".join(syllables))


def tier_of(unit: Unit) -> Tier:
    """The tier of the unit's own agencies."""
    return unit.level if unit.level in ("district", "commune") else "province"


class UnitTree:
    """The units in force on one day. Raises KeyError for a code that was not in force."""

    def __init__(self, units: Iterable[Unit], day: dt.date) -> None:
        self.day = day
        self._units = {
            unit.code: unit
            for unit in units
            if unit.valid_from <= day and (unit.valid_to is None or day < unit.valid_to)
        }

    def __getitem__(self, code: str) -> Unit:
        return self._units[code]

    def __contains__(self, code: object) -> bool:
        return code in self._units

    def __iter__(self) -> Iterator[Unit]:
        return iter(self._units.values())

    @cached_property
    def _children(self) -> dict[str | None, list[Unit]]:
        children: dict[str | None, list[Unit]] = {}
        for unit in self._units.values():
            children.setdefault(unit.parent, []).append(unit)
        return children

    def children(self, code: str) -> list[Unit]:
        """Units directly below, in code order."""
        return sorted(self._children.get(code, []), key=lambda unit: unit.code)

    @cached_property
    def _levels(self) -> dict[Level, list[Unit]]:
        levels: dict[Level, list[Unit]] = {}
        for unit in sorted(self, key=lambda unit: unit.code):
            levels.setdefault(unit.level, []).append(unit)
        return levels

    def at_level(self, level: Level) -> list[Unit]:
        """In code order."""
        return list(self._levels.get(level, ()))

    def below(self, code: str) -> list[Unit]:
        """The unit and everything under it."""
        found = [self[code]]
        for child in self.children(code):
            found.extend(self.below(child.code))
        return found

    @cached_property
    def _by_name(self) -> dict[tuple[str | None, str], Unit | None]:
        names: dict[tuple[str | None, str], Unit | None] = {}
        for unit in self:
            key = (unit.parent, name_key(unit.name))
            names[key] = None if key in names else unit
        return names

    def named(self, parent: str, name: str) -> Unit | None:
        """The child of `parent` with that full name ("Xã Đông Anh"), however it is spelt; None when two have it."""
        return self._by_name.get((parent, name_key(name)))

    def home(self, code: str) -> str:
        """The province that the unit lies in; the unit itself where it lies in none."""
        unit = self[code]
        while unit.level in ("district", "commune") and unit.parent is not None:
            unit = self[unit.parent]
        return unit.code

    def find(self, text: str) -> Unit | None:
        """A unit by code, or a province, ministry or the nation by its name, for people who type."""
        code = text.strip().upper()
        if code in self:
            return self[code]
        wanted = plain(text)
        for unit in self:
            if unit.level not in ("district", "commune") and wanted in (
                plain(unit.name),
                plain(unit.name, unit.type),
            ):
                return unit
        return None


def plain(name: str, prefix: str = "") -> str:
    """The letters and digits of a name without tones or case: what people type who look for it."""
    text = unicodedata.normalize("NFD", name.removeprefix(prefix).casefold().replace("đ", "d"))
    return "".join(char for char in text if char.isalnum())
