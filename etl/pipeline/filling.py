"""One form of a period as everything was known at one moment: the same moment, the same bytes.

Publishing, predicting and filling an old issue again all go this way, so they cannot differ.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from etl import forms as workbook
from etl.model import NATION, Amendment, Fact, Form, Hole, SourceDays, Unit
from etl.periods import Period
from etl.pipeline.office import Office
from etl.pipeline.reviewed import Reviewed, of_dataset, of_load
from etl.pipeline.selection import facts_by_unit, facts_of, procedure_titles
from etl.pipeline.waived import waived
from etl.units import UnitTree

_JUST_BEFORE = dt.timedelta(microseconds=1)


@dataclass(frozen=True)
class Filled:
    """A form as it is to be issued. content: None where its last issue is what it should be.

    says_final: it differs from the issue before publication only in saying that its figures are final.
    """

    unit: Unit
    facts: list[Fact]
    known_at: dt.datetime
    content: bytes | None
    says_final: bool = False


@dataclass(frozen=True)
class Filling:
    """known_at: the moment of all that is read, figures, holes and days; None before the first load."""

    office: Office
    form: Form
    period: Period
    known_at: dt.datetime | None
    _earlier: dict[tuple[dt.datetime, tuple[str, ...]], dict[str, list[Fact]]] = field(default_factory=dict)
    _others: dict[dt.datetime, Filling] = field(default_factory=dict)

    def facts(self, units: Sequence[Unit]) -> dict[str, list[Fact]]:
        """The facts on the form of each unit. Raises PeriodError when the warehouse held nothing of the period."""
        shown = facts_by_unit(self.office, self.form, self.period, units, self.known_at)
        return {unit.code: facts_of(self.form, unit, self._tree, shown) for unit in units}

    def filled(self, units: Sequence[Unit], issued: Mapping[str, dt.datetime]) -> Iterator[Filled]:
        """The form of each unit. issued: known_at of the last issue of those that have one.

        Of a locked period a form is filled that was not issued since it was locked, or since an approved restatement
        touched it.
        """
        shown, known_at = self.facts(units), self.known_at or self.period.end
        for unit in units:
            facts, last = shown[unit.code], issued.get(unit.code)
            if self._published_at is None:
                yield Filled(unit, facts, known_at, self._fill(unit, facts))
                continue
            touched = self._touched(unit, facts, units, last)
            if touched is None and last is not None and last >= self._published_at:
                yield Filled(unit, facts, known_at, None)
            else:
                final = touched is None and last is not None
                yield Filled(unit, facts, known_at, self._fill(unit, facts, *(touched or ())), final)

    def content(self, unit: Unit, facts: Sequence[Fact]) -> bytes:
        """The workbook. Raises FormError where the facts contradict each other."""
        return self._fill(unit, facts, *(self._touched(unit, facts, [unit], None) or ()))

    def complete(self, unit: Unit, facts: Sequence[Fact]) -> bool:
        """Whether every figure is there."""
        return workbook.complete(self.form, unit, facts, self._tree, self.office.catalog.fields)

    def _touched(
        self, unit: Unit, facts: Sequence[Fact], batch: Sequence[Unit], last: dt.datetime | None
    ) -> tuple[Amendment, list[Fact]] | None:
        """The newest amendment since the last issue with which the form's face became another one, and the figures
        just before it. batch: units whose figures are fetched at once."""
        shown = {(self.form.dataset, code) for code in workbook.members(self.form, unit, self._tree)}
        for index, one in reversed([*enumerate(self._amendments)]):
            if last is not None and last >= one.approved_at:
                return None
            if not one.gaps and not shown & one.units:
                continue
            newest = index + 1 == len(self._amendments)
            after = list(facts) if newest else self._facts_at(one.approved_at, unit, batch)
            before = self._facts_at(one.approved_at - _JUST_BEFORE, unit, batch)
            if before == after and not one.gaps:
                continue
            gaps_after = self if newest or not one.gaps else self._at(one.approved_at)
            gaps_before = self._at(one.approved_at - _JUST_BEFORE) if one.gaps else self
            if gaps_before._fill(unit, before) != gaps_after._fill(unit, after):
                return one, before
        return None

    def _fill(
        self, unit: Unit, facts: Sequence[Fact], amendment: Amendment | None = None, before: Sequence[Fact] = ()
    ) -> bytes:
        marked = bool(self._waived.by.keys() & self._keys(unit, facts))
        return workbook.fill(
            self.form,
            self._blank_waived if marked else self._blank,
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
            amendment,
            before,
            self._reviewed_of(unit),
            self._waived if marked else None,
        )

    def _keys(self, unit: Unit, facts: Sequence[Fact]) -> set[workbook.Key]:
        plan = workbook.layout(self.form, unit, facts, self._tree, self.office.catalog.fields)
        return set(plan.cells.values())

    def _reviewed_of(self, unit: Unit) -> list[str]:
        asked = self._reviewed
        findings = of_dataset(self.office, asked.findings, self.form.dataset)
        return workbook.reviewed(unit, asked.review, findings, self._tree, self.office.catalog.sources)

    def _at(self, moment: dt.datetime) -> Filling:
        if moment not in self._others:
            self._others[moment] = replace(self, known_at=moment, _earlier={}, _others={})
        return self._others[moment]

    def _facts_at(self, moment: dt.datetime, unit: Unit, batch: Sequence[Unit]) -> list[Fact]:
        key = moment, tuple(one.code for one in batch)
        if key not in self._earlier:
            self._earlier[key] = self._at(moment).facts(batch)
        return self._earlier[key][unit.code]

    def _holes_of(self, province: str) -> list[Hole]:
        """Holes of the form's dataset within the province; within all of them for the nation."""
        return [
            hole for hole in self._holes if hole.dataset == self.form.dataset and province in (NATION, hole.province)
        ]

    @cached_property
    def _published_at(self) -> dt.datetime | None:
        found = self.office.warehouse.publication(self.period.key)
        if found is None or self.known_at is None or self.known_at < found.published_at:
            return None
        return found.published_at

    @cached_property
    def _amendments(self) -> list[Amendment]:
        return self.office.warehouse.amendments(self.period.key, self.known_at)

    @cached_property
    def _tree(self) -> UnitTree:
        return self.office.catalog.tree(self.period)

    @cached_property
    def _blank(self) -> workbook.Blank:
        return workbook.read_blank(self.form, self.office.catalog.form_files[self.form.number].read_bytes())

    @cached_property
    def _blank_waived(self) -> workbook.Blank:
        return workbook.read_blank(self.form, self.office.catalog.form_files[self.form.number].read_bytes(), True)

    @cached_property
    def _waived(self) -> workbook.Waived:
        return waived(self.office, [self.form.dataset], self.period, self.known_at)

    @cached_property
    def _holes(self) -> list[Hole]:
        return self.office.warehouse.holes(self.period.key, self.known_at)

    @cached_property
    def _reviewed(self) -> Reviewed:
        return of_load(self.office, self.period, self.known_at)

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
