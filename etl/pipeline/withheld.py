"""What is missing on the forms, cell by cell, and which faults hold each cell back."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etl import forms as workbook
from etl.model import ALL, NATION, REASONS, Fact, Form, Hole, Unit
from etl.periods import Period
from etl.pipeline.filling import Filling, batches, nothing_to_fill
from etl.pipeline.office import Office
from etl.pipeline.selection import facts_of
from etl.units import UnitTree, tier_of

_MEASURE_RULES = ("READ-MISSING", "READ-SWAP", "CHAIN")
"""What they find withholds measures, and leaves no hole."""


@dataclass(frozen=True)
class Face:
    """The form of one unit: the cells that should hold a figure."""

    form: Form
    unit: Unit
    cells: list[workbook.Cell]

    @property
    def withheld(self) -> list[workbook.Cell]:
        return [cell for cell in self.cells if not cell.filled]


def faces(
    office: Office,
    period: Period,
    datasets: Collection[str],
    units: frozenset[str],
    known_at: dt.datetime,
    figures: dict[str, list[Fact]] | None = None,
) -> list[Face]:
    """The forms of these units, of those that are filled with every run, on figures of these datasets as known then.

    A form that nobody is known to owe is asked only of units that have a source for it. figures: by unit, in place of
    those that the warehouse knew.
    """
    tree, fields = office.catalog.tree(period), office.catalog.fields
    found = []
    for _, form in sorted(office.catalog.forms.items()):
        if form.period_kind != period.kind or form.dataset not in datasets:
            continue
        if not office.catalog.reports(form.dataset, period):
            continue
        asked = set(units) if form.owed else units & _reported(office, period, form.dataset)
        wanted = [unit for level in form.levels for unit in tree.at_level(level) if unit.code in asked]
        filling = Filling(office, form, period, known_at)
        for batch in batches(wanted, form):
            if figures is None:
                facts = filling.facts(batch)
            else:
                facts = {unit.code: facts_of(form, unit, tree, figures) for unit in batch}
            found += [
                Face(form, unit, workbook.demanded(form, unit, facts[unit.code], tree, fields))
                for unit in batch
                if not nothing_to_fill(form, unit, facts[unit.code])
            ]
    return found


def told(faces: Iterable[Face]) -> list[dict[str, Any]]:
    """Of each form that lacks figures: how many cells and of which columns, by reason."""
    return [
        {
            "form": face.form.number,
            "official": face.form.official,
            "unit": face.unit.code,
            "unit_name": face.unit.name,
            "cells": len(face.cells),
            "withheld": len(face.withheld),
            "columns": _counted((cell.column.number for cell in face.withheld), [c.number for c in face.form.columns]),
            "rows": list(dict.fromkeys(cell.row.label for cell in face.withheld)),
            "reasons": _counted(
                ((cell.fact.reason if cell.fact else None) or "" for cell in face.withheld), [*REASONS, ""]
            ),
        }
        for face in faces
        if face.withheld
    ]


def weigh(
    office: Office,
    period: Period,
    faces: Sequence[Face],
    holes: Sequence[Hole],
    issues: Sequence[dict[str, Any]],
    rows: Iterable[Mapping[str, Any]],
) -> int:
    """Give each issue its `cells`, those that it holds back, `only`, those that nothing else does, and by form.

    Gives how many withheld cells are behind no issue, though a fault withholds them.
    """
    whole = {name for name, dataset in office.catalog.datasets.items() if dataset.tiers == ("province",)}
    cells = _Cells(faces, office.catalog.tree(period), whole)
    held: dict[int, set[int]] = {number: set() for number in range(len(issues))}
    for row in rows:
        if row["severity"] == "critical":
            held[row["issue"]] |= set(_held_by(office, period, row, holes, cells))
    nobody = [
        {number for hole in undeclared(office, period, dataset) for number in cells.touched(hole, hole.reason)}
        for dataset in {face.form.dataset for face in faces}
    ]
    behind = Counter(cell for numbers in [*held.values(), *nobody] for cell in numbers)
    for number, issue in enumerate(issues):
        alone = {cell for cell in held[number] if behind[cell] == 1}
        issue |= {"cells": len(held[number]), "only": len(alone), "forms": cells.by_form(held[number], alone)}
    return len(cells.faulty - behind.keys())


def undeclared(office: Office, period: Period, dataset: str) -> list[Hole]:
    """The provinces that no source is due for: nobody reports them, and no finding says so."""
    reported = _reported(office, period, dataset)
    return [
        Hole(dataset, "", unit.code, None, None, None, "missing_source")
        for unit in office.catalog.tree(period).at_level("province")
        if unit.code not in reported
    ]


def _reported(office: Office, period: Period, dataset: str) -> set[str]:
    """Units that have a reporting source of the dataset, their own or one of a unit of theirs."""
    tree = office.catalog.tree(period)
    return {
        tree.home(source.unit)
        for source in office.catalog.due_sources(period)
        if source.role == "reporting" and office.catalog.dataset_of(source) == dataset
    }


def _held_by(
    office: Office, period: Period, row: Mapping[str, Any], holes: Sequence[Hole], cells: _Cells
) -> Iterator[int]:
    source = office.catalog.sources[row["source"]]
    if source.role == "comparison":
        return
    matching = {hole for hole in holes if _of(hole, row)}
    for hole in matching:
        yield from cells.touched(hole, hole.reason)
    if not matching and row["rule"] in _MEASURE_RULES:
        dataset = row["dataset"]
        platform = office.catalog.platform_of(source, period)
        names, place = set(row["column"].split(", ")), (None, None, None)
        if row["rule"] == "CHAIN":  # one place, and the totals too
            columns, place = office.catalog.datasets[dataset].columns, (row["unit"], None, row["field"])
            names |= {name for name, column in columns.items() if names & set(column.parts)}
        measures = {name for name, parts in platform.columns.items() if name in names or names & set(parts)}
        indicators = {
            one.code
            for one in office.catalog.indicators_of(dataset)
            if measures & {one.sum, *(one.ratio.numerator + one.ratio.denominator if one.ratio else ())}
        }
        held = Hole(dataset, source.id, source.unit, *place, "quarantined")
        yield from cells.touched(held, "not_provided", indicators)


def _of(hole: Hole, row: Mapping[str, Any]) -> bool:
    """Whether the hole is what the finding leaves: of a row or an answer what is held, of nothing what is missing."""
    kind = row["kind"] != "table" if hole.reason == "quarantined" else not row["payload"]
    if hole.source != row["source"] or not kind:
        return False
    if row["more"]:  # of whatever units its rows are
        return hole.reason == "quarantined"
    unit = hole.unit is None or (hole.unit == row["unit"] and not row["whole_source"])
    return unit and (hole.field in (None, ALL) or row["field"] in (None, hole.field))


def reach(hole: Hole, tree: UnitTree, whole: Collection[str]) -> Callable[[str, str, str], bool]:
    """Whether a hole withholds the figures of a unit, tier and field: etl.indicators withholds by the same rule.

    The unit: the nation, or of the province that the hole is in. whole: datasets known of provinces only.
    """
    home = tree.home(hole.province)
    if hole.dataset in whole:
        hole = Hole(hole.dataset, hole.source, home, None, None, None, hole.reason)
    unit = hole.unit if hole.province == home else hole.unit or hole.province
    if unit is not None and (unit not in tree or (tree[unit].level != "commune" and hole.tier != tier_of(tree[unit]))):
        unit = None
    above = None if unit is None else {unit, home, NATION, tree[unit].parent}
    tiers = (ALL, tier_of(tree[unit])) if unit is not None else (ALL, hole.tier)

    def reaches(code: str, tier: str, field: str) -> bool:
        return (
            (above is None or code in above)
            and (not (hole.tier or unit) or tier in tiers)
            and (hole.field in (None, ALL) or field in (ALL, hole.field))
        )

    return reaches


class _Cells:
    """The withheld cells of some forms, found by what their figures are of."""

    def __init__(self, faces: Iterable[Face], tree: UnitTree, whole: Collection[str]) -> None:
        """whole: datasets that provinces report on as a whole."""
        self._tree, self._whole = tree, whole
        self._cells = [(face, cell) for face in faces for cell in face.withheld]
        self._by_place: dict[tuple[str, str], dict[tuple[str, str, str], list[int]]] = {}
        for number, (face, cell) in enumerate(self._cells):
            spots = self._by_place.setdefault((face.form.dataset, tree.home(cell.key.unit)), {})
            spots.setdefault(cell.key[1:], []).append(number)

    @property
    def faulty(self) -> set[int]:
        """Those that a hole withholds."""
        holes = ("missing_source", "missing_unit", "quarantined")
        return {number for number, (_, cell) in enumerate(self._cells) if cell.fact and cell.fact.reason in holes}

    def touched(self, hole: Hole, reason: str, indicators: Collection[str] | None = None) -> Iterator[int]:
        """Cells whose figure the hole withholds.

        reason: the weakest that the hole can be behind; of several holes the strongest reason stands on the figure.
        """
        reasons = REASONS[: REASONS.index(reason) + 1]
        reaches = reach(hole, self._tree, self._whole)
        for place in {self._tree.home(hole.province), NATION}:
            for (code, tier, field), numbers in self._by_place.get((hole.dataset, place), {}).items():
                if not reaches(code, tier, field):
                    continue
                for number in numbers:
                    fact = self._cells[number][1].fact
                    right = fact is not None and fact.reason in reasons
                    if right and (indicators is None or self._cells[number][1].key.indicator in indicators):
                        yield number

    def by_form(self, held: set[int], alone: set[int]) -> list[dict[str, Any]]:
        found: dict[tuple[str, str, str], list[int]] = {}
        for number in sorted(held):
            face, _ = self._cells[number]
            found.setdefault((face.form.number, face.unit.code, face.unit.name), []).append(number)
        return [
            {
                "form": form,
                "unit": unit,
                "unit_name": name,
                "cells": len(numbers),
                "only": len(alone & set(numbers)),
                "columns": list(dict.fromkeys(self._cells[number][1].column.number for number in numbers)),
            }
            for (form, unit, name), numbers in found.items()
        ]


def _counted(names: Iterable[str], order: Sequence[str]) -> dict[str, int]:
    counts = Counter(names)
    return {name: counts[name] for name in order if name in counts}
