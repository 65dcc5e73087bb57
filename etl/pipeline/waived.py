"""Which figures stand in a period because a waiver let pass what is under them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pyarrow as pa

from etl import indicators
from etl.forms import Key, Waived
from etl.model import DatasetColumn, Finding, RuleOutcome
from etl.periods import Period
from etl.pipeline.office import Office

_KINDS = ("row", "chain")
"""Of rules that hold figures back: all of a row, and an opening stock with its totals."""


def waived(office: Office, dataset_id: str, period: Period, known_at: dt.datetime | None) -> Waived:
    """Figures of one dataset that would be withheld without a waiver; of a longer period by those of its quarters."""
    by: dict[Key, frozenset[str]] = {}
    waivers = {}
    dataset, parts = office.catalog.datasets[dataset_id], period.parts()
    for number, part in enumerate(parts):
        used = {one.waiver.id: one.waiver for one in office.warehouse.waivers(part.key, known_at) if one.findings}
        if not used:
            continue
        places: dict[str, list[tuple[str, ...]]] = {}
        needed = [name for name, column in dataset.columns.items() if _needed(column, number, len(parts))]
        for finding, outcome in _released(office, dataset_id, part, known_at):
            of = needed if outcome.kind == "row" else [finding.column] if finding.column in needed else []
            at = (str(finding.unit), str(finding.tier), str(finding.field))
            places.setdefault(str(finding.waiver), []).extend((*at, measure) for measure in of)
        for waiver, told in places.items():
            waivers[waiver] = used[waiver]
            columns = zip(("unit", "tier", "field", "measure"), zip(*told, strict=True), strict=True)
            moved = pa.table({name: pa.array(values, pa.string()) for name, values in columns})
            touched = indicators.spread(moved, dataset, office.catalog.tree(part))
            for figure in indicators.made_of(touched, dataset, office.catalog.indicators_of(dataset_id)):
                key = Key(*figure)
                by[key] = by.get(key, frozenset()) | {waiver}
    return Waived(by, waivers)


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


def _needed(column: DatasetColumn, part: int, parts: int) -> bool:
    """Whether a longer period's measure rests on this part of it: an opening stock on the first only."""
    return {"opening_stock": part == 0, "closing_stock": part == parts - 1}.get(column.nature, True)
