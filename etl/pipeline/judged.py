"""What a quality report is made of: a load of the warehouse, or a run that is computed and waits for a reviewer."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from etl import forms as workbook
from etl.catalog.suites import rules_version
from etl.model import Fact, Finding, Hole, RuleOutcome, WaiverUse
from etl.model.rules import ACROSS
from etl.periods import Period
from etl.pipeline import rules, waivers
from etl.pipeline.found import found_in
from etl.pipeline.office import Office
from etl.pipeline.work import holes_in, read
from etl.warehouse import LoadedSource, LoadQuality

_COLUMNS = ["indicator", "unit", "tier", "field", "value", "reason"]
Counts = Mapping[tuple[str, str | None], int]
"""Figures by state and reason, None where they have a value."""


@dataclass(frozen=True)
class Judged:
    """quality: its load is None for a run. since: of each source and rule broken, from which load of the period on.

    counted: how many figures of these units and indicators there are. figures: by unit those of a run, of these units
    and of those with a row on their forms; None where the warehouse has them.
    """

    quality: LoadQuality
    findings: Sequence[Finding]
    outcomes: Sequence[RuleOutcome]
    holes: Sequence[Hole]
    since: Mapping[tuple[str, str], dt.datetime]
    waivers: Sequence[WaiverUse]
    counted: Callable[[Collection[str], Collection[str]], Counts]
    figures: Callable[[Collection[str]], dict[str, list[Fact]]] | None = None


def of_load(office: Office, period: Period, number: int) -> Judged:
    warehouse, load = office.warehouse, office.warehouse.load_quality(number)
    at = load.recorded_at
    return Judged(
        load,
        warehouse.findings(period.key, known_at=at),
        warehouse.rule_outcomes([period.key], at)[period.key].outcomes,
        warehouse.holes(period.key, at),
        warehouse.broken_since(period.key, at),
        warehouse.waivers(period.key, at),
        lambda units, indicators: warehouse.figure_counts(period.key, units, indicators, at),
    )


def of_run(office: Office, period: Period, run_id: str, asked_at: dt.datetime) -> Judged:
    """As it would be loaded. asked_at: when a reviewer was asked about it."""
    catalog, work = office.catalog, office.store("work", period.key, run_id)
    findings = found_in(work, catalog.datasets)
    outcomes, _ = rules.kept(work, catalog.datasets, ACROSS)
    before = office.warehouse.broken_since(period.key, asked_at)
    broken = {(one.source, one.rule) for one in findings}
    quality = LoadQuality(
        load=None,
        run=run_id,
        recorded_at=asked_at,
        catalog_version=catalog.version,
        rules_version=rules_version(office.settings.expectations),
        sources=tuple(_sources(office, period, run_id)),
        held=_held(office, period, run_id),
        found=Counter((one.source, one.rule, one.severity) for one in findings),
    )
    return Judged(
        quality,
        findings,
        outcomes,
        [hole for name in catalog.datasets for hole in holes_in(work, name)],
        {key: before.get(key, asked_at) for key in broken},
        waivers.kept(work),
        lambda units, indicators: _counted(office, period, run_id, units, indicators),
        lambda units: _figures(office, period, run_id, units),
    )


def _sources(office: Office, period: Period, run_id: str) -> list[LoadedSource]:
    """Of each due source that was ever pulled how its newest pull ended, and the rows that rest on a whole one."""
    work, told = office.store("work", period.key, run_id), []
    tables = {
        name: (read(work / f"good_{name}.parquet"), read(work / f"quarantine_{name}.parquet"))
        for name in office.catalog.datasets
    }
    for source in office.catalog.due_sources(period):
        attempts = office.landing.receipts(source.id, period.key)
        if not attempts:
            continue
        dataset, last = office.catalog.dataset_of(source), attempts[-1]
        used = office.landing.latest_complete(source.id, period.key)
        good, held = (table.filter(pc.equal(table["source"], source.id)) for table in tables[dataset])
        first_days, last_days = pc.min(good["first_day"]).as_py(), pc.max(good["last_day"]).as_py()
        counts_days = first_days is not None and source.role == "reporting"
        told.append(
            LoadedSource(
                source=source.id,
                dataset=dataset,
                role=source.role,
                state=last.state,
                message=last.message,
                rows=good.num_rows,
                held=held.num_rows,
                answered_at=used.finished_at if used else None,
                days=(first_days, last_days) if counts_days else None,
            )
        )
    return told


def _held(office: Office, period: Period, run_id: str) -> dict[tuple[str, tuple[str, ...]], int]:
    """Rows set aside by source and the rules they break."""
    work = office.store("work", period.key, run_id)
    found: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for name in office.catalog.datasets:
        table = read(work / f"quarantine_{name}.parquet")
        if table.num_rows:
            for alike in table.group_by(["source", "rules"]).aggregate([([], "count_all")]).to_pylist():
                found[alike["source"], tuple(alike["rules"].split("; "))] += alike["count_all"]
    return dict(found)


def _counted(
    office: Office, period: Period, run_id: str, units: Collection[str], indicators: Collection[str]
) -> dict[tuple[str, str | None], int]:
    """What of it would revise a figure is known once it is loaded."""
    found: Counter[tuple[str, str | None]] = Counter()
    for name in office.catalog.datasets:
        table = _of(office, period, run_id, name, units, indicators).group_by("reason").aggregate([([], "count_all")])
        for row in table.to_pylist():
            found["preliminary", row["reason"]] += row["count_all"]
    return dict(found)


def _figures(office: Office, period: Period, run_id: str, units: Collection[str]) -> dict[str, list[Fact]]:
    found: dict[str, list[Fact]] = {}
    tree = office.catalog.tree(period)
    for form in office.catalog.forms.values():
        shown = {code for unit in units for code in workbook.members(form, tree[unit], tree)}
        indicators = [column.indicator for column in form.columns if column.indicator]
        for row in _of(office, period, run_id, form.dataset, shown, indicators).to_pylist():
            fact = Fact(**row, period=period.key, state="preliminary", revision=1, recorded_at=period.end, load=0)
            found.setdefault(fact.unit, []).append(fact)
    return found


def _of(
    office: Office, period: Period, run_id: str, dataset: str, units: Collection[str], indicators: Collection[str]
) -> pa.Table:
    table = read(office.store("work", period.key, run_id) / f"facts_{dataset}.parquet").select(_COLUMNS)
    wanted = pc.and_(
        pc.is_in(table["unit"], pa.array(sorted(units), pa.string())),
        pc.is_in(table["indicator"], pa.array(sorted(indicators), pa.string())),
    )
    return table.filter(wanted)
