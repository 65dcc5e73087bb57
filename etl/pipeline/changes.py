"""What changed in a portal's answer since its last proven pull: proposals for columns that vanished."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from etl import drift
from etl.catalog import Catalog
from etl.errors import SourceBroken, TraceError
from etl.landing import Landing
from etl.model import Finding, Platform, Source
from etl.parsing import Parsed
from etl.parsing.rows import number_reader
from etl.periods import Period
from etl.pipeline.readings import kept_rows

_PLACES = 3
"""Records left out for one reason that a finding names; the run's left_out.parquet has them all."""
FURTHEST = 4
"""Periods that are looked back for a proven pull: with quarters, a year."""


def before(catalog: Catalog, landing: Landing, source: Source, period: Period, furthest: int = FURTHEST) -> pa.Table:
    """Standard rows of the last proven pull of an earlier period, from its landed bytes; None where there is none."""
    for _ in range(furthest):
        period = period.previous()
        try:
            used = landing.latest_complete(source.id, period.key)
            if used is not None:
                return kept_rows(catalog, landing, source, period, landing.pages(used)).table
        except (SourceBroken, TraceError):
            continue
    return None


def proposals(
    catalog: Catalog, landing: Landing, source: Source, period: Period, parsed: Parsed
) -> dict[str, list[drift.Proposal]]:
    """For each column that this pull misses, what it may be called now, best first."""
    if not parsed.missing or not parsed.unread:
        return {}
    platform = catalog.platform_of(source, period)
    earlier = before(catalog, landing, source, period)
    return drift.propose(
        parsed.missing,
        parsed.unread,
        names={column: _names(catalog, platform, column) for column in parsed.missing},
        now=figures(parsed.table, platform),
        before=figures(earlier, platform) if earlier is not None else {},
        equations=equations(catalog, platform),
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
    told = []
    for reason, count in sorted(parsed.left_out.items()):
        first = parsed.omitted.filter(pc.equal(parsed.omitted["reason"], reason)).slice(0, _PLACES).to_pylist()
        places = "; ".join(f"{one['pointer']} {one['agency']}".strip() for one in first)
        told.append(f"{reason}: {count} ({places}{'; …' if count > _PLACES else ''})")
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


def equations(catalog: Catalog, platform: Platform) -> Iterator[drift.Equation]:
    """The vendor's identities, and the dataset's totals, in source columns."""
    for one in platform.identities:
        yield (one.total,), one.parts
    for total, column in catalog.datasets[platform.dataset].columns.items():
        parts = [platform.columns.get(part) for part in column.parts]
        if parts and total in platform.columns and None not in parts:
            yield platform.columns[total], tuple(name for names in parts if names for name in names)
