"""The standard rows under the figures of an issued form; of a longer period those of its quarters, on their units."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from etl.model import ALL, Fact
from etl.periods import Period
from etl.pipeline.office import Office
from etl.units import UnitTree
from etl.warehouse import TraceRow
from etl.warehouse.chain import Chain


@dataclass(frozen=True)
class Under:
    """A row, and where it counts: see `place`."""

    quarter: Period
    row: TraceRow
    place: dict[str, Any]


@dataclass(frozen=True)
class Ground:
    """What the figures of a period rest on, as known at a moment.

    members: the units that have figures on the form, by their codes on the last day of the period. of: another period,
    whose figures are told on the units of this one.
    """

    office: Office
    chain: Chain
    period: Period
    known_at: dt.datetime
    members: Sequence[str]
    of: Period | None = None

    @property
    def longer(self) -> bool:
        return self.quarters != (self.period,)

    @cached_property
    def quarters(self) -> tuple[Period, ...]:
        """The quarters of a longer period; any other by itself, and another period (`of`) in its place."""
        return (self.of or self.period).parts()

    @cached_property
    def days(self) -> dict[str, list[str]]:
        """The first and the last day that each source counted: of those days are its stocks (proof.of_whole).

        In a longer period by quarter and source, and with the first day of the first and the last day of the last
        quarter alone: what was open in between is not added up.
        """
        found = {}
        for quarter in self.quarters:
            opens, closes = quarter == self.quarters[0], quarter == self.quarters[-1]
            for one in self.office.warehouse.source_days(quarter.key, self.known_at):
                ends = one.first_day.isoformat() if opens else "", one.last_day.isoformat() if closes else ""
                found[self._name(quarter, one.source)] = [*ends]
        return found

    def rows(self, dataset: str, unit: str, tier: str = ALL, field: str = ALL) -> Iterator[Under]:
        """Every row under the unit's figures of the dataset, or of a tier and field of it, quarter by quarter."""
        for quarter in self.quarters:
            for origin in self.origins(quarter, unit):
                for row in self.chain.rows(quarter.key, dataset, origin, self.known_at, tier, field):
                    yield Under(quarter, row, self.place(quarter, row))

    def facts(self, indicator: str, unit: str, tier: str, field: str) -> list[Fact]:
        """The figures of the quarters that one of the longer period is made of; of another period none."""
        if not self.longer:
            return []
        found = []
        for quarter in self.quarters:
            units = self.origins(quarter, unit)
            told = self.office.warehouse.facts(quarter.key, units=units, indicators=[indicator], known_at=self.known_at)
            found += [one for one in told if (one.tier, one.field) == (tier, field)]
        return found

    def origins(self, quarter: Period, unit: str) -> tuple[str, ...]:
        """The units of the quarter that the unit of the period's last day rests on."""
        return self.office.catalog.genealogy.origins(unit, self.period.last_day, quarter.last_day)

    def place(self, quarter: Period, row: TraceRow) -> dict[str, Any]:
        """unit, first_day and last_day as sums take them; in a longer period also its quarter and the key of `days`."""
        first, last = row.first_day, row.last_day
        if self.longer:
            first, last = first or quarter.first_day, last or quarter.last_day
        told = {"first_day": first and first.isoformat(), "last_day": last and last.isoformat()}
        told["unit"] = self._name(quarter, row.unit)
        return {**told, "period": quarter.key, "part": self._name(quarter, row.source)} if self.longer else told

    def parents(self, rows: Iterable[Under]) -> dict[str, str | None]:
        """Of the unit of each row, and of all above it, the unit above.

        A unit of a quarter is written "2025-Q1:00118", as its code may mean another one later; where it went into a
        unit of the form, that is above it.
        """
        found: dict[str, str | None] = {}
        for quarter, unit in {(one.quarter, one.row.unit) for one in rows}:
            at: Period = quarter
            above: str | None = unit
            while above is not None and (name := self._name(at, above)) not in found:
                at, above = self._above(at, above)
                found[name] = above and self._name(at, above)
        return found

    def _above(self, at: Period, unit: str) -> tuple[Period, str | None]:
        """The unit above one of the quarter `at`, or of the period itself, with which of them it is of."""
        became = self._became.get(at, {}).get(unit)
        if became is not None:
            return self.period, became
        tree = self._trees[at]
        return at, tree[unit].parent if unit in tree else None

    def _name(self, at: Period, unit: str) -> str:
        return unit if at == self.period else f"{at.key}:{unit}"

    @cached_property
    def _trees(self) -> dict[Period, UnitTree]:
        return {one: self.office.catalog.tree(one) for one in (*self.quarters, self.period)}

    @cached_property
    def _became(self) -> dict[Period, dict[str, str]]:
        """Of each quarter of a longer period the units that went into a unit of the form."""
        return {
            quarter: {origin: member for member in self.members for origin in self.origins(quarter, member)}
            for quarter in self.quarters
            if self.longer
        }
