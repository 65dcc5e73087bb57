"""One form of a period as everything was known at one moment: the same moment, the same bytes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from etl import forms as workbook
from etl.model import NATION, Fact, Form, Hole, SourceDays, Unit
from etl.periods import Period
from etl.pipeline.office import Office
from etl.pipeline.selection import facts_by_unit, facts_of, procedure_titles
from etl.units import UnitTree


@dataclass(frozen=True)
class Filling:
    """known_at: the moment of all that is read, figures, holes and days; None before the first load."""

    office: Office
    form: Form
    period: Period
    known_at: dt.datetime | None

    def facts(self, units: Sequence[Unit]) -> dict[str, list[Fact]]:
        """The facts on the form of each unit. Raises PeriodError when the warehouse held nothing of the period."""
        shown = facts_by_unit(self.office, self.form, self.period, units, self.known_at)
        return {unit.code: facts_of(self.form, unit, self._tree, shown) for unit in units}

    def content(self, unit: Unit, facts: Sequence[Fact]) -> bytes:
        """The workbook. Raises FormError where the facts contradict each other."""
        return workbook.fill(
            self.form,
            self._blank,
            unit,
            self.period,
            facts,
            self._holes_of(self._tree.home(unit.code)),
            self._tree,
            self.office.catalog.fields,
            self.office.catalog.sources,
            self._days,
            self.office.catalog.calendar.straddles,
            self._titles.get(self._tree.home(unit.code), {}),
        )

    def complete(self, unit: Unit, facts: Sequence[Fact]) -> bool:
        """Whether every figure is there."""
        return workbook.complete(self.form, unit, facts, self._tree, self.office.catalog.fields)

    def _holes_of(self, province: str) -> list[Hole]:
        """Holes of the form's dataset within the province; within all of them for the nation."""
        return [
            hole for hole in self._holes if hole.dataset == self.form.dataset and province in (NATION, hole.province)
        ]

    @cached_property
    def _tree(self) -> UnitTree:
        return self.office.catalog.tree(self.period)

    @cached_property
    def _blank(self) -> workbook.Blank:
        return workbook.read_blank(self.form, self.office.catalog.form_files[self.form.number].read_bytes())

    @cached_property
    def _holes(self) -> list[Hole]:
        return self.office.warehouse.holes(self.period.key, self.known_at)

    @cached_property
    def _titles(self) -> dict[str, dict[str, str]]:
        return procedure_titles(self.office, self.form, self.period, self.known_at)

    @cached_property
    def _days(self) -> list[SourceDays]:
        return self.office.warehouse.source_days(self.period.key, self.known_at)


def batches(units: Sequence[Unit], form: Form) -> list[list[Unit]]:
    """Units whose figures are fetched at once: those that are filled with every run, and the others by province."""
    found: dict[str | None, list[Unit]] = {}
    for unit in units:
        found.setdefault(None if unit.level in form.levels else unit.parent, []).append(unit)
    return list(found.values())


def nothing_to_fill(form: Form, unit: Unit, facts: Sequence[Fact]) -> bool:
    """A form that the unit does not owe, and of which there is no figure."""
    owes = form.owed and unit.level in form.levels
    return not owes and all(fact.value is None for fact in facts)
