"""Which unit and tier an agency is, by the code or the name that the source writes."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from etl.errors import CatalogError
from etl.model import Source, Tier, Unit, UnitRule
from etl.units import UnitTree, name_key, tier_of


def composed(text: str) -> str:
    """NFC, single spaces: what patterns are tried on."""
    return " ".join(unicodedata.normalize("NFC", text).split())


class Agencies:
    """Agencies of one source, by code or by name; each text is looked up once."""

    def __init__(self, source: Source, rule: UnitRule, tree: UnitTree) -> None:
        if source.unit not in tree:
            problem = f"unit {source.unit} is not in force on {tree.day}"
            raise CatalogError(f"sources/{source.id}.yml", 1, "unit", problem)
        self._own = tree[source.unit]
        self.where = f"{self._own.name} ({self._own.code})"
        self._below = {unit.code: unit for unit in tree.below(source.unit)}
        self._lookup = source.lookups.get("unit", {})
        self._rule, self._tree = rule, tree
        patterns: list[tuple[Tier, str | None]] = [
            ("commune", rule.commune),
            ("district", rule.district),
            ("province", rule.province),
        ]
        levels = {unit.level for unit in self._below.values()}
        self._patterns = [
            (tier, re.compile(pattern))
            for tier, pattern in patterns
            if pattern is not None and (tier != "district" or "district" in levels)
        ]
        self._by_name: dict[tuple[Tier, str, str | None], Unit | None] = {}
        for unit in self._below.values():
            over = self._below.get(unit.parent or "")
            for within in {None, name_key(over.name) if over is not None else None}:
                key = (tier_of(unit), name_key(unit.name), within)
                self._by_name[key] = None if key in self._by_name else unit
        self._known: dict[str, tuple[str | None, Tier | None]] = {}

    def read(self, agency: Any) -> tuple[str | None, Tier | None]:
        """Unit code and tier; the tier may be known where the unit is not."""
        if not isinstance(agency, str):
            return None, None
        if agency not in self._known:
            self._known[agency] = self._find(agency)
        return self._known[agency]

    def _find(self, agency: str) -> tuple[str | None, Tier | None]:
        if agency in self._lookup:
            unit = self._below.get(self._lookup[agency])
            return (None, None) if unit is None else (unit.code, tier_of(unit))
        text, first = composed(agency), None
        for tier, pattern in self._patterns:
            match = pattern.fullmatch(text)
            if match is not None:
                groups = match.groupdict()
                code = self._code(tier, groups.get(self._rule.by), groups.get("within"))
                if code is not None:
                    return code, tier
                first = first or tier  # "thành phố" may be a district or the province: another tier may know it
        return None, first

    def _code(self, tier: Tier, given: str | None, within: str | None) -> str | None:
        if self._rule.by == "level":
            return self._own.code
        if tier == "province":
            if given is None:
                return self._own.code
            parent = self._own.parent
            named = self._tree.named(parent, given) if self._rule.by == "name" and parent else None
            return self._own.code if given == self._own.code or named == self._own else None
        if given is None:
            return None
        if self._rule.by == "code":
            unit = self._below.get(given)
        else:
            unit = self._by_name.get((tier, name_key(given), name_key(within) if within else None))
        return unit.code if unit is not None and unit.level == tier else None
