"""Which figures stand in a period because a waiver let pass what is under them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator

import pyarrow as pa

from etl import indicators
from etl.forms import Key, Waived
from etl.model import ALL, DatasetColumn, Finding, RuleOutcome, Waiver
from etl.periods import Period
from etl.pipeline.earlier import Held
from etl.pipeline.office import Office

_KINDS = ("row", "chain")
"""Of rules that hold figures back: all of a row, and an opening stock with its totals."""
_TOUCHED = ("unit", "tier", "field", "measure")
_Place = tuple[str, str, str]
"""unit, tier, field"""


def waived(office: Office, datasets: Iterable[str], period: Period, known_at: dt.datetime | None) -> Waived:
    """Figures of the datasets that would be withheld without a waiver; of a longer period those of its quarters, on the
    units of its last day."""
    by: dict[Key, frozenset[str]] = {}
    waivers: dict[str, Waiver] = {}
    for part in period.parts():
        used = {one.waiver.id: one.waiver for one in office.warehouse.waivers(part.key, known_at) if one.findings}
        for dataset in datasets if used else ():
            for waiver, key in _figures(office, dataset, period, part, known_at):
                waivers[waiver] = used[waiver]
                by[key] = by.get(key, frozenset()) | {waiver}
    return Waived(by, waivers)


def _figures(
    office: Office, dataset_id: str, period: Period, part: Period, known_at: dt.datetime | None
) -> Iterator[tuple[str, Key]]:
    """By the waiver, the figures of the period that rest on what it let pass in this part of it."""
    dataset, tree, parts = office.catalog.datasets[dataset_id], office.catalog.tree(part), period.parts()
    needed = [name for name, column in dataset.columns.items() if _needed(column, parts.index(part), len(parts))]
    told: dict[str, list[tuple[str, ...]]] = {}
    for finding, outcome in _released(office, dataset_id, part, known_at):
        of_row = outcome.kind == "row"
        measures = needed if of_row else [finding.column] if finding.column in needed else []
        at = [_place(finding)] if of_row else _places(office, finding, part)
        told.setdefault(str(finding.waiver), []).extend((*place, measure) for place in at for measure in measures)
    for waiver, touched in told.items():
        spread = indicators.spread(_table(touched), dataset, tree)
        if part != period:
            spread = _on_units_of(office, period, part, spread)
        for figure in indicators.made_of(spread, dataset, office.catalog.indicators_of(dataset_id)):
            yield waiver, Key(*figure)


def _released(
    office: Office, dataset_id: str, part: Period, known_at: dt.datetime | None
) -> Iterator[tuple[Finding, RuleOutcome]]:
    """The waived findings of rules that would have held figures back."""
    judged = office.warehouse.rule_outcomes([part.key], known_at)[part.key].outcomes
    holding = {one.rule: one for one in judged if one.severity == "critical" and one.kind in _KINDS}
    sources = office.catalog.sources
    for finding in office.warehouse.findings(part.key, known_at=known_at):
        if finding.waiver is None or finding.rule not in holding or finding.source not in sources:
            continue
        source = sources[finding.source]
        if source.role == "reporting" and office.catalog.dataset_of(source) == dataset_id:
            yield finding, holding[finding.rule]


def _place(finding: Finding) -> _Place:
    return str(finding.unit), str(finding.tier), str(finding.field)


def _places(office: Office, finding: Finding, part: Period) -> list[_Place]:
    """Where a broken chain would leave its stock in doubt: at every unit that shares it, and where it is a sum over
    tiers at each of these."""
    unit, tier, field = _place(finding)
    groups = (now for _, now in Held(office.catalog, part).groups if unit in now)
    units = next(groups, (unit,))
    if tier != ALL:
        return [(one, tier, field) for one in units]
    fields = (*office.catalog.fields, ALL) if field == ALL else (field,)
    tree = office.catalog.tree(part)
    return [(*place, one) for unit in units for place in indicators.places(unit, tree) for one in fields]


def _on_units_of(office: Office, period: Period, part: Period, touched: pa.Table) -> pa.Table:
    """What is touched in a part of a longer period, at the units that its units became: as its figures are added."""
    rows = [tuple(row.values()) for row in touched.select(_TOUCHED).to_pylist()]
    units = {unit for unit, *_ in rows}
    shares = office.catalog.genealogy.boundaries(units, part.last_day, period.last_day).shares
    return _table({(target, *place) for unit, *place in rows for target in shares[unit]})


def _table(touched: Collection[tuple[str, ...]]) -> pa.Table:
    columns = zip(*touched, strict=True) if touched else [()] * len(_TOUCHED)
    return pa.table({name: pa.array(told, pa.string()) for name, told in zip(_TOUCHED, columns, strict=True)})


def _needed(column: DatasetColumn, part: int, parts: int) -> bool:
    """Whether a longer period's measure rests on this part of it: an opening stock on the first only."""
    return {"opening_stock": part == 0, "closing_stock": part == parts - 1}.get(column.nature, True)
