"""What changed at a portal since its last proven pull: proposals for columns that vanished, figures that cannot be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from etl import drift
from etl.catalog import Catalog
from etl.drift import figures as drift_figures
from etl.errors import SourceBroken, TraceError
from etl.landing import Landing
from etl.model import Dataset, Finding, Hole, Platform, Source
from etl.parsing import Parsed
from etl.parsing.rows import number_reader
from etl.periods import Period
from etl.pipeline.collect import read_rows

_TOLD = ("reason", "pointer", "agency")
_PLACES = 3
"""Records left out for one reason that a finding names; the run's left_out.parquet has them all."""
_FURTHEST = 4
"""Periods that are looked back for a proven pull: with quarters, a year."""


def before(catalog: Catalog, landing: Landing, source: Source, period: Period, furthest: int = _FURTHEST) -> pa.Table:
    """Standard rows of the last proven pull of an earlier period, from its landed bytes; None where there is none."""
    for _ in range(furthest):
        period = period.previous()
        try:
            used = landing.latest_complete(source.id, period.key)
            if used is not None:
                pages = [(page, landing.read(page)) for page in used.pages]
                return read_rows(catalog, source, period, pages).table
        except (SourceBroken, TraceError):
            continue
    return None


def proposals(
    catalog: Catalog, landing: Landing, source: Source, period: Period, parsed: Parsed
) -> dict[str, list[drift.Proposal]]:
    """For each column that this pull misses, what it may be called now, best first."""
    if not parsed.missing or not parsed.unread:
        return {}
    platform = catalog.platforms[source.platform]
    earlier = before(catalog, landing, source, period)
    return drift.propose(
        parsed.missing,
        parsed.unread,
        names={column: _names(catalog, platform, column) for column in parsed.missing},
        now=figures(parsed.table, platform),
        before=figures(earlier, platform) if earlier is not None else {},
        equations=_equations(catalog, platform),
    )


def told(catalog: Catalog, landing: Landing, source: Source, period: Period, parsed: Parsed) -> Iterator[Finding]:
    """The findings of a pull, those of a missing column with what is proposed for it."""
    proposed = proposals(catalog, landing, source, period, parsed)
    for finding in parsed.findings:
        if finding.rule == "READ-MISSING" and proposed.get(finding.column):
            best, *others = proposed[finding.column]
            also = f"; sau đó là {', '.join(other.candidate for other in others)}" if others else ""
            finding = replace(
                finding,
                message=f"{finding.message}. Có thể nay tên là {best.candidate} ({'; '.join(best.reasons)}){also}. "
                f"Nếu đúng, thêm vào sources/{source.id}.yml dòng: {best.line}",
            )
        yield finding
    if parsed.omitted.num_rows:
        yield _left_out(source, period, parsed)


def _left_out(source: Source, period: Period, parsed: Parsed) -> Finding:
    """What an answer holds beside its rows: each reason, how often, and where first."""
    places: dict[str, list[str]] = {}
    for reason, pointer, agency in zip(*(parsed.omitted[name].to_pylist() for name in _TOLD), strict=True):
        found = places.setdefault(reason, [])
        if len(found) < _PLACES:
            found.append(f"{pointer} {agency}".strip())
    told = [
        f"{reason}: {count} ({'; '.join(places[reason])}{'; …' if count > _PLACES else ''})"
        for reason, count in sorted(parsed.left_out.items())
    ]
    return Finding(
        rule="READ-LEFT-OUT",
        severity="info",
        source=source.id,
        period=period.key,
        payload=parsed.omitted["payload"][0].as_py(),
        value=str(parsed.omitted.num_rows),
        expected="mỗi bản ghi để ra ngoài đều có lý do",
        message=f"{parsed.omitted.num_rows} bản ghi của cổng không phải là dòng số liệu nên không được cộng: "
        + " · ".join(told),
    )


def suspects(
    parts: Sequence[pa.Table],
    earlier: Sequence[pa.Table],
    dataset: Dataset,
    period: Period,
    sources: Mapping[str, Source],
) -> tuple[pa.Table, list[Finding]]:
    """The standard rows of one dataset, each source's a table, against those of the period before: rows that cannot
    say nought get the problem READ-ZERO; a source whose measures took each other's place, or are in another unit, gets
    a critical finding. READ-SWAP names the two measures in its column, one after the other; none of two that a person
    accepted as they stand."""
    rows = pa.concat_tables(parts)
    found = drift_figures.compare(rows, pa.concat_tables(earlier), dataset)
    last = period.previous().key
    title = {name: f"“{column.title.vi}” ({name})" for name, column in dataset.columns.items()}
    findings = [
        _swapped(swap, period, title)
        for swap in found.swaps
        if not {swap.one, swap.other} <= {*sources[swap.source].accepted.get(period.key, ())}
    ]
    findings += [
        Finding(
            rule="READ-SCALE",
            severity="critical",
            source=scale.source,
            period=period.key,
            column=scale.measure,
            value=str(scale.now),
            expected=f"gần {scale.before} như kỳ {last}",
            message=f"{title[scale.measure]}: tổng các cơ quan từ {scale.before} (kỳ {last}) "
            f"{'xuống' if scale.down else 'lên'} {scale.now}, gần đúng {scale.factor} lần: "
            "có thể cổng đổi đơn vị tính. Hỏi đơn vị vận hành cổng",
        )
        for scale in found.scales
    ]
    return _marked(rows, found.zeros, last, drift_figures.lasting(dataset) or list(dataset.columns)), findings


def _swapped(swap: drift_figures.Swap, period: Period, title: Mapping[str, str]) -> Finding:
    last = period.previous().key
    told = (
        f"đã đổi chỗ cho nhau so với kỳ {last}: {swap.places} trong {swap.among} chỗ so được giống hẳn cột kia, "
        "không còn giống chính nó"
        if swap.certain
        else f"có thể đã đổi chỗ cho nhau: so với kỳ {last}, cột này nay gần cột kia hơn, và cột nhiều thành cột ít ở "
        f"{swap.places} trong {swap.among} cơ quan"
    )
    return Finding(
        rule="READ-SWAP",
        severity="critical",
        source=swap.source,
        period=period.key,
        column=f"{swap.one}, {swap.other}",
        expected=f"như kỳ {last}",
        message=f"{title[swap.one]} và {title[swap.other]} {told}. Hai số này và tỷ lệ tính từ chúng tạm giữ. "
        f"Hỏi đơn vị vận hành cổng: nếu số liệu đúng như vậy, thêm vào sources/{swap.source}.yml dòng "
        f"accepted: {{{period.key}: [{swap.one}, {swap.other}]}}; nếu cổng đổi cột thì cổng sửa hoặc sửa ánh xạ; "
        "rồi chạy lại",
    )


def doubted(findings: Iterable[Finding], catalog: Catalog, dataset: str) -> list[tuple[Hole, tuple[str, ...]]]:
    """What READ-SWAP leaves in doubt of one dataset: the two measures, wherever their source reports, and no other."""
    return [
        (Hole(dataset, source.id, source.unit, None, None, None, "quarantined"), tuple(finding.column.split(", ")))
        for finding in findings
        if finding.rule == "READ-SWAP"
        for source in [catalog.sources[finding.source]]
        if source.role == "reporting" and catalog.dataset_of(source) == dataset
    ]


def _marked(rows: pa.Table, zeros: Sequence[drift_figures.Zero], last: str, measures: Sequence[str]) -> pa.Table:
    if not zeros:
        return rows
    was = {(zero.payload, zero.pointer): zero.before for zero in zeros}
    told = [
        f"mọi số liệu bằng 0, trong khi kỳ {last} còn {was[place]} ({', '.join(measures)})" if place in was else None
        for place in zip(rows["payload"].to_pylist(), rows["pointer"].to_pylist(), strict=True)
    ]
    marks = {"problem": told, "problem_rule": [one and "READ-ZERO" for one in told]}
    for name, mark in marks.items():
        at = rows.schema.get_field_index(name)
        rows = rows.set_column(at, rows.schema.field(at), pc.coalesce(rows[name], pa.array(mark, pa.string())))
    return rows


def figures(table: pa.Table, platform: Platform) -> drift.Figures:
    """Of every source column in the standard rows, mapped or not, the whole numbers by agency and field."""
    number = number_reader(platform.numbers)
    found: dict[str, dict[drift.Place, int]] = {}
    rows = zip(*(table[name].to_pylist() for name in ("agency", "field", "raw")), strict=True)
    for agency, field, raw in rows:
        for column, value in _leaves(orjson.loads(raw)):
            try:
                read = number(value)
            except ValueError:
                continue
            if read is not None:
                place = found.setdefault(column, {})
                place[agency, field] = place.get((agency, field), 0) + read
    return found


def _leaves(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _names(catalog: Catalog, platform: Platform, column: str) -> set[str]:
    """Every name that the measures of a column alone are known by: the datasets', and those of other platforms."""
    dataset = catalog.datasets[platform.dataset]
    measures = {measure for measure, parts in platform.columns.items() if parts == (column,)}
    names = {name for measure in measures for name in (measure, *vars(dataset.columns[measure].title).values())}
    for other in catalog.platforms.values():
        if other.dataset == platform.dataset:
            names |= {parts[0] for measure, parts in other.columns.items() if measure in measures and len(parts) == 1}
            headings = other.table.headings if other.table is not None else {}
            names |= {" ".join(headings[name]) for name in names & headings.keys()}
    return names


def _equations(catalog: Catalog, platform: Platform) -> Iterator[drift.Equation]:
    """The vendor's identities, and the dataset's totals, in source columns."""
    for one in platform.identities:
        yield (one.total,), one.parts
    for total, column in catalog.datasets[platform.dataset].columns.items():
        parts = [platform.columns.get(part) for part in column.parts]
        if parts and total in platform.columns and None not in parts:
            yield platform.columns[total], tuple(name for names in parts if names for name in names)
