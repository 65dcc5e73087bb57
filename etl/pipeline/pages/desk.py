"""What every page starts from: the period, the units in force, what the account may see of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from etl.errors import BaocaoError
from etl.model import Text, Unit
from etl.periods import TIMEZONE, Period
from etl.pipeline import asked
from etl.pipeline.office import Office, closed
from etl.units import UnitTree
from etl.warehouse.lookup import LoadInForce, Lookup, lookup
from etl.warehouse.lookup_lines import Sight

Units = tuple[tuple[str, dt.date], ...]
"""Code and first day in force of the units that an account is tied to."""


class NotSeen(BaocaoError):
    """There is no such thing, or it is not for this account to see: which of the two, nobody is told."""


@dataclass(frozen=True)
class Desk:
    """A period as one account sees it."""

    office: Office
    period: Period
    units: Units | None
    today: dt.date

    @classmethod
    def open(cls, period_key: str | None, units: Units | None) -> Desk:
        """Without a period: the newest quarter that was loaded or that waits for a reviewer. Raises PeriodError."""
        office, today = Office.open(), dt.datetime.now(TIMEZONE).date()
        if period_key is not None:
            return cls(office, closed(period_key), units, today)
        loaded = lookup(office.settings.warehouse_url).loads()
        waits = [one.period for one in asked.every(office)]
        quarters = [period for period in map(Period.parse, {*loaded, *waits}) if period.kind == "quarter"]
        newest = max(quarters, key=lambda one: one.last_day, default=Period.closed_before(today, "quarter"))
        return cls(office, newest, units, today)

    @property
    def lookup(self) -> Lookup:
        return lookup(self.office.settings.warehouse_url)

    @cached_property
    def loads(self) -> dict[str, LoadInForce]:
        return self.lookup.loads()

    @property
    def load(self) -> LoadInForce | None:
        return self.loads.get(self.period.key)

    @cached_property
    def quarters(self) -> list[Period]:
        """Every quarter that was loaded, and this period, newest first: what a reader may choose from."""
        known = {self.period, *(one for one in map(Period.parse, self.loads) if one.kind == self.period.kind)}
        return sorted(known, key=lambda one: one.last_day, reverse=True)

    @cached_property
    def tree(self) -> UnitTree:
        return self.office.catalog.tree(self.period)

    @cached_property
    def sight(self) -> Sight | None:
        return self.sight_in(self.period)

    def sight_in(self, period: Period) -> Sight | None:
        """What the account sees of another period: where its code meant another unit then, nothing."""
        if self.units is None:
            return None
        tree = self.office.catalog.tree(period)
        mine = (code for code, day in self.units if code in tree and tree[code].valid_from == day)
        return self._around(frozenset(one.code for code in mine for one in tree.below(code)), period)

    def subtree(self, code: str) -> Sight:
        """The unit and those below it, with the sources that report for them."""
        return self._around(frozenset(one.code for one in self.tree.below(code)), self.period)

    def sees(self, code: str | None) -> bool:
        return self.sight is None or code in self.sight.units

    def seen(self, unit: Unit) -> bool:
        return self.sees(unit.code)

    def unit(self, code: str) -> Unit:
        """Raises NotSeen."""
        if code not in self.tree or not self.sees(code):
            raise NotSeen(f"không có đơn vị {code!r} trong kỳ {self.period.key} (no such unit)")
        return self.tree[code]

    def name(self, code: str | None) -> str | None:
        return self.tree[code].name if code is not None and code in self.tree else code

    def unit_of_source(self, source: str) -> str | None:
        found = self.office.catalog.sources.get(source)
        return None if found is None else found.unit

    def rule_titles(self) -> Mapping[str, Text]:
        """Titles of the rules that the suites name."""
        return {id_: rule.title for (_, id_), rule in self.office.rules().items()}

    def _around(self, units: frozenset[str], period: Period) -> Sight:
        due = self.office.catalog.due_sources(period)
        return Sight(units, frozenset(source.id for source in due if source.unit in units))
