"""From landed answers to facts that the warehouse can load. The network is not touched.

Between the steps everything lies as Parquet under work/<period>/<run>/ in the store: derived,
disposable, and the same on any machine that sees the store.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial, reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from upath import UPath

from etl import indicators, quality
from etl.errors import QualityError, SourceBroken, TraceError
from etl.model import Finding, Hole, Platform, Source, Validation
from etl.periods import Period
from etl.pipeline import changes, moving, rules, suspects, waivers
from etl.pipeline.across import Across
from etl.pipeline.office import Office, closed
from etl.pipeline.readings import kept_rows, read_rows
from etl.pipeline.unanswered import Noughts, Recorded, Unanswered
from etl.pipeline.work import holes_in, in_place, read, read_findings, write, write_findings, writing
from etl.tables import DELIVERIES, FACTS, LEFT_OUT, rows_schema

_OF_COLUMNS = ("READ-MISSING", "READ-SWAP")
"""Critical findings of columns: nulls in the rows, or `suspects.doubted`, withhold what needs these, and only that."""
_OMITTED = LEFT_OUT.append(pa.field("source", pa.string()))
_NOBODY = "kỳ này không nguồn nào phải gửi bộ dữ liệu này (no source owes this dataset in the period)"


def datasets() -> list[str]:
    return list(Office.open().catalog.datasets)


def parse(period_key: str, run_id: str, *, afresh: bool = False) -> dict[str, Any]:
    """Standard rows of every due source, from its latest complete pull.

    A source whose landed bytes cannot be read (damaged, or no longer what its platform declares) is a critical
    READ-PAYLOAD finding and counts as missing; the others go on. Beside the rows lie those of the pull before, where
    it was at least the set distance earlier and gave other bytes; `confirmed` counts the sources with such a pull.
    left_out.parquet lists every record that is no row, with its reason.
    afresh: every landed byte is read again; otherwise a list of single records is counted once for all runs.
    """
    office = Office.open()
    catalog, period = office.catalog, closed(period_key)
    work = office.store("work", period.key, run_id)
    tables = {name: [rows_schema(dataset).empty_table()] for name, dataset in catalog.datasets.items()}
    findings: list[Finding] = []
    left_out = Counter[str]()
    receipts: dict[str, list[str]] = {}
    doubts: list[dict[str, Any]] = []
    given: dict[str, tuple[str, ...]] = {}
    earlier = {name: tables[name][:] for name in tables}
    recorded = Recorded(catalog, office.landing, office.warehouse)
    standing: dict[str, list[Unanswered | Noughts]] = {name: [] for name in tables}
    before = {name: [table] for name, (table,) in tables.items()}
    deliveries = [DELIVERIES.append(pa.field("source", pa.string())).empty_table()]
    confirmed = 0
    with writing(work / "left_out.parquet", _OMITTED) as leave_out:
        for source in catalog.due_sources(period):
            try:
                attempts = office.landing.receipts(source.id, period.key)
                used = office.landing.latest_complete(source.id, period.key)
                receipts[source.id] = sorted({receipt.id for receipt in (*attempts[-1:], *([used] if used else []))})
                if used is None:
                    continue
                pages = office.landing.pages(used)
                parsed = (
                    read_rows(catalog, source, period, pages)
                    if afresh
                    else kept_rows(catalog, office.landing, source, period, pages)
                )
            except (SourceBroken, TraceError) as error:
                column = error.field if isinstance(error, SourceBroken) else ""
                findings.append(Finding("READ-PAYLOAD", "critical", source.id, period.key, str(error), column=column))
                continue
            tables[catalog.dataset_of(source)].append(parsed.table)
            given[source.id] = parsed.given
            standing[catalog.dataset_of(source)] += (doubted := recorded.of(source, period))
            if (last := changes.before(catalog, office.landing, source, period, furthest=1)) is not None:
                earlier[catalog.dataset_of(source)].append(
                    reduce(lambda rows, doubt: doubt.without(rows), doubted, last)
                )
            findings += changes.told(catalog, office.landing, source, period, parsed)
            if (first_pull := moving.pull_before(attempts, used, moving.distance(catalog))) is not None:
                try:
                    rows_then = moving.rows_before(office, source, period, first_pull, used)
                except (SourceBroken, TraceError) as error:
                    findings.append(moving.unproven(source, period, first_pull, error))
                else:
                    confirmed += 1
                    receipts[source.id].append(first_pull.id)
                    before[catalog.dataset_of(source)] += [] if rows_then is None else [rows_then]
            doubts += [
                {"payload": payload, "row": row, "hole": asdict(hole)} for (payload, row), hole in parsed.doubts.items()
            ]
            left_out.update(parsed.left_out)
            leave_out(_of(source, parsed.omitted))
            if parsed.deliveries is not None:
                deliveries.append(_of(source, parsed.deliveries))
    for name, parts in tables.items():
        marked, suspected = suspects.suspects(catalog, name, period, parts, earlier[name], standing[name])
        findings += suspected
        write(work / f"rows_{name}.parquet", marked)
        write(work / f"before_{name}.parquet", pa.concat_tables(before[name]))
    write_findings(work / "findings_parse.parquet", findings)
    write(work / "deliveries.parquet", pa.concat_tables(deliveries))
    (work / "receipts.json").write_text(json.dumps(receipts))
    (work / "doubts.json").write_text(json.dumps(doubts))
    (work / "given.json").write_text(json.dumps(given))
    rows = {name: sum(part.num_rows for part in parts) for name, parts in tables.items()}
    return {"rows": rows, "findings": len(findings), "left_out": dict(left_out), "confirmed": confirmed}


def check(period_key: str, run_id: str, dataset: str) -> dict[str, Any]:
    """Part good rows from quarantined ones.

    A rule that could not run, or proves nothing, withholds every figure of this dataset; the others go on. Of a dataset
    of which no source is due there is nothing to judge: it has no rows, findings and holes.
    """
    office = Office.open()
    catalog, period = office.catalog, closed(period_key)
    work = office.store("work", period.key, run_id)
    file = work / f"rows_{dataset}.parquet"
    due = [source for source in catalog.due_sources(period) if catalog.dataset_of(source) == dataset]
    if not due:
        for kind in ("good", "quarantine"):
            write(work / f"{kind}_{dataset}.parquet", read(file))
        write_findings(work / f"findings_{dataset}.parquet", [])
        (work / f"holes_{dataset}.json").write_text("[]")
        rules.keep(work, dataset, quality.of_suite(office.suite(dataset), "not_run", _NOBODY), None)
        return {"dataset": dataset, "rows": 0, "quarantined": 0, "failed_rules": []}
    given = json.loads((work / "given.json").read_text())
    suite, told = office.suite(dataset), _told_of_no_row(office, dataset, work, file)
    try:
        outcome = quality.check(
            in_place(file),
            suite,
            dataset=dataset,
            period=period,
            due=due,
            given={source.id: _given(catalog.platform_of(source), given.get(source.id)) for source in due},
            tree=catalog.tree(period),
            levels={source.id for source in due if catalog.platforms[source.platform].unit.by == "level"},
            told=told,
            waivers=office.waivers_of(dataset, period),
        )
    except QualityError as problem:
        outcome = quality.unjudged(read(file), suite, period=period, due=due, reason=str(problem))
    write(work / f"good_{dataset}.parquet", outcome.good)
    write(work / f"quarantine_{dataset}.parquet", outcome.quarantine)
    write(work / f"findings_{dataset}.parquet", outcome.found)
    holes = [*outcome.holes, *_holes_of_no_row(office, dataset, work, told)]
    (work / f"holes_{dataset}.json").write_text(json.dumps([asdict(hole) for hole in holes]))
    rules.keep(work, dataset, outcome.rules, Validation(dataset, suite.version, outcome.gx) if outcome.gx else None)
    broken = outcome.found["rule"].filter(pc.equal(outcome.found["severity"], "critical"))
    return {
        "dataset": dataset,
        "rows": outcome.good.num_rows + outcome.quarantine.num_rows,
        "quarantined": outcome.quarantine.num_rows,
        "failed_rules": sorted(broken.unique().to_pylist()),
    }


def compute(period_key: str, run_id: str) -> dict[str, Any]:
    """Facts of every dataset that any source reports, up the unit tree, made of the rows of reporting sources."""
    office = Office.open()
    catalog, period = office.catalog, closed(period_key)
    work = office.store("work", period.key, run_id)
    compared = pa.array(sorted(catalog.compared(period)), pa.string())
    told = read_findings(work / "findings_parse.parquet")
    across = Across(office, period, work)
    total = withheld = 0
    for name, dataset in catalog.datasets.items():
        good = read(work / f"good_{name}.parquet")
        whole, gaps = indicators.bridge(
            good.filter(pc.invert(pc.is_in(good["source"], compared))),
            dataset_id=name,
            dataset=dataset,
            days=catalog.counted(period),
            sources=catalog.sources,
        )
        (work / f"gaps_{name}.json").write_text(json.dumps([asdict(gap.hole) for gap in gaps]))
        write_findings(work / f"findings_gaps_{name}.parquet", (_gap_finding(period, gap) for gap in gaps))
        across.systems(name, good, holes_in(work, name))
        if not catalog.reports(name, period):
            write(work / f"facts_{name}.parquet", FACTS.empty_table())
            write_findings(work / f"findings_moving_{name}.parquet", [])
            continue
        made = partial(
            indicators.compute,
            whole,
            holes_in(work, name),
            dataset_id=name,
            dataset=dataset,
            indicators=catalog.indicators_of(name),
            tree=catalog.tree(period),
            fields=catalog.fields,
        )
        facts = across.chained(name, made, suspects.doubted(told, catalog, name), good)
        facts = moving.marked(catalog, period, name, work, facts)
        write(work / f"facts_{name}.parquet", facts)
        total += facts.num_rows
        withheld += facts["value"].null_count
    across.keep()
    waivers.keep(office, period, work)
    return {"facts": total, "withheld": withheld}


def _given(platform: Platform, measures: Sequence[str] | None) -> tuple[str, ...]:
    """The measures that a pull gave, or its platform has at all, and `field` where it tells fields apart."""
    return (*(measures or platform.columns), *(["field"] if platform.tells_fields else []))


def _told_of_no_row(office: Office, dataset: str, work: UPath, rows: UPath) -> list[Finding]:
    """What the readers of a dataset found that no standard row carries."""
    told = [
        finding
        for finding in read_findings(work / "findings_parse.parquet")
        if office.catalog.dataset_of(office.catalog.sources[finding.source]) == dataset
    ]
    places = read(rows, ["payload", "pointer"])
    cited = places.filter(pc.is_in(places["pointer"], pa.array([finding.row for finding in told], pa.string())))
    carried = set(zip(cited["payload"].to_pylist(), cited["pointer"].to_pylist(), strict=True))
    return [finding for finding in told if (finding.payload or "", finding.row) not in carried]


def _holes_of_no_row(office: Office, dataset: str, work: UPath, told: Sequence[Finding]) -> Iterator[Hole]:
    """A critical finding that no standard row carries leaves in doubt what it says itself (a wrong total of one
    agency or field), or else every figure of its source; nothing where that is only for comparison."""
    doubts = {
        (one["payload"], one["row"]): Hole(**one["hole"]) for one in json.loads((work / "doubts.json").read_text())
    }
    for finding in told:
        source, place = office.catalog.sources[finding.source], (finding.payload or "", finding.row)
        if source.role == "reporting" and finding.rule not in _OF_COLUMNS and finding.severity == "critical":
            yield doubts.get(place) or Hole(dataset, source.id, source.unit, None, None, None, "quarantined")


def _of(source: Source, told: pa.Table) -> pa.Table:
    return told.append_column("source", pa.repeat(source.id, told.num_rows).cast(pa.string()))


def _gap_finding(period: Period, gap: indicators.Gap) -> Finding:
    hole = gap.hole
    message = f"{gap.agency}: các phần không ghép đủ kỳ {period.key} ({gap.days}), nên số liệu của đơn vị chưa công bố"
    return Finding("READ-GAP", "critical", hole.source, period.key, message, unit=hole.unit, value=gap.days)
