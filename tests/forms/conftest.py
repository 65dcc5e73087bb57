"""Figures of a made-up quarter that add up as the warehouse's do, withheld where something is missing."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from etl import forms
from etl.catalog import Catalog, load
from etl.forms.grid import children_shown
from etl.model import ALL, NATION, Fact, Form, Hole, Unit
from etl.periods import Period
from etl.settings import ROOT
from etl.units import UnitTree

RECORDED = dt.datetime(2026, 9, 15, 2, 14, 7, tzinfo=dt.UTC)
PERIOD = Period.parse("2026-Q3")


@dataclass
class Bench:
    """One form of one unit: its figures by (unit, tier, field), None where withheld."""

    catalog: Catalog
    number: str
    unit_code: str
    parts: dict[tuple[str, str, str], int | None]
    reason: str = "missing_unit"
    holes: tuple[Hole, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    tree: UnitTree = field(init=False)

    def __post_init__(self) -> None:
        self.tree = self.catalog.tree(PERIOD)

    @property
    def form(self) -> Form:
        return self.catalog.forms[self.number]

    @property
    def unit(self) -> Unit:
        return self.tree[self.unit_code]

    @property
    def indicators(self) -> list[str]:
        return [column.indicator for column in self.form.columns if column.indicator]

    @cached_property
    def facts(self) -> list[Fact]:
        """A fact for each part and indicator (the n-th column holds n times the part), and their sums."""
        values: dict[tuple[str, str, str], int | None] = dict(self.parts)
        whole = (self.unit_code, ALL, ALL)
        if self.form.repeat in ("tier_field", "tier_procedure"):
            for tier in {tier for _, tier, _ in self.parts}:
                key = (self.unit_code, tier, ALL)
                values[key] = self._sum(value for (_, of, _), value in self.parts.items() if of == tier)
        if self.unit.level != "commune":  # which has but its own tier
            values[whole] = self._sum(self.parts.values())
        return [
            fact(indicator, *key, None if value is None else value * nth, self.reason)
            for key, value in values.items()
            for nth, indicator in enumerate(self.indicators, start=1)
        ]

    @staticmethod
    def _sum(values: Any) -> int | None:
        listed = list(values)
        return None if None in listed else sum(listed)

    def layout(self) -> forms.Layout:
        return forms.layout(self.form, self.unit, self.facts, self.tree, self.catalog.fields)

    def fill(self, facts: list[Fact] | None = None) -> bytes:
        return forms.fill(
            self.form,
            forms.read_blank(self.form, self.catalog.form_files[self.number].read_bytes()),
            self.unit,
            PERIOD,
            self.facts if facts is None else facts,
            self.holes,
            self.tree,
            self.catalog.fields,
            self.catalog.sources,
            titles=self.titles,
        )


def fact(
    indicator: str, unit: str, tier: str, of: str, value: int | None, reason: str = "missing_unit", **changed: Any
) -> Fact:
    given: dict[str, Any] = {
        "indicator": indicator,
        "unit": unit,
        "period": PERIOD.key,
        "tier": tier,
        "field": of,
        "value": None if value is None else Decimal(f"{value}.0000"),  # as the warehouse keeps it
        "state": "preliminary",
        "reason": reason if value is None else None,
        "revision": 1,
        "recorded_at": RECORDED,
        "load": 1,
    }
    return Fact(**{**given, **changed})


def read(package: bytes) -> dict[str, Any]:
    """Every filled cell of the sheet by address, as a parser that is not the writer's reads it."""
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(package)).get_sheet_by_index(0)
    top, left = sheet.start or (0, 0)
    return {
        f"{chr(ord('A') + left + column)}{top + row + 1}": value
        for row, cells in enumerate(sheet.to_python(skip_empty_area=True))
        for column, value in enumerate(cells)
        if value != ""
    }


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load((ROOT / "catalog",))


@pytest.fixture
def reader() -> Callable[[bytes], Mapping[str, Any]]:
    return read


@pytest.fixture
def province(catalog: Catalog) -> Bench:
    """II.06a of Điện Biên: every field in both tiers, but no field 'chung_thuc' at the departments."""
    parts = {
        ("11", tier, code): 1000 * (tier == "commune") + 17 * place
        for tier in ("province", "commune")
        for place, code in enumerate(catalog.fields)
        if (tier, code) != ("province", "chung_thuc")
    }
    return Bench(catalog, "II.06a", "11", parts)


@pytest.fixture
def documents(catalog: Catalog) -> Callable[[str], Bench]:
    """VBDT of any unit, every row with a figure of its own."""

    def build(code: str) -> Bench:
        tree = catalog.tree(PERIOD)
        tier = ALL if code == NATION else "commune"
        keys = [(child.code, tier, ALL) for child in children_shown(tree[code], tree)]
        if code != NATION:
            keys.insert(0, (code, "province", ALL))
        return Bench(catalog, "VBDT", code, {key: 100 + place for place, key in enumerate(keys)})

    return build
