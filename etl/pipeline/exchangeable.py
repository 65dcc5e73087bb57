"""Which columns of a portal could be exchanged unseen by every sum, and who else states the same figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from etl import drift
from etl.catalog import Catalog
from etl.drift.blind import Trial, Witness
from etl.drift.figures import pairs
from etl.model import Source
from etl.periods import Period
from etl.pipeline.changes import equations, figures


def trials(catalog: Catalog, source: Source, period: Period, rows: pa.Table) -> Iterator[Trial]:
    """Of the standard rows of one source: every exchange of two of its columns that changes a measure and keeps every
    sum of its platform and dataset. None of a source for comparison, nor of one whose records we count ourselves."""
    platform = catalog.platform_of(source, period)
    if source.role != "reporting" or platform.records_of is not None:
        return
    sums = list(equations(catalog, platform))
    dataset = catalog.datasets[platform.dataset]
    places: drift.Figures | None = None

    def weights(column: str) -> list[int]:
        return [total.count(column) - parts.count(column) for total, parts in sums]

    for one, other, mine, others in _columns(platform.columns, pairs(dataset), _unread(sums, platform.columns)):
        unseen = [(a, b) for a in mine for b in others if weights(a) == weights(b)]
        if other and len(mine) == len(others) == 1:
            yield from (Trial(source.id, one, other) for _ in unseen)
            continue
        for a, b in unseen:
            places = figures(rows, platform) if places is None else places
            was, is_now = places.get(a, {}), places.get(b, {})
            by = {place: is_now.get(place, 0) - was.get(place, 0) for place in was.keys() | is_now.keys()}
            yield Trial(source.id, one, other, {(agency, field or ""): more for (agency, field), more in by.items()})


def witnesses(catalog: Catalog, period: Period, parts: Sequence[pa.Table]) -> Iterator[Witness]:
    """The sources for comparison among these, each beside the reporting one of its unit and dataset."""
    given = {part["source"][0].as_py(): part for part in parts if part.num_rows}
    due = [source for source in catalog.due_sources(period) if source.id in given]
    for witness in (source for source in due if source.role == "comparison"):
        for source in (one for one in due if one.role == "reporting" and one.unit == witness.unit):
            if catalog.dataset_of(source) == catalog.dataset_of(witness):
                rows, own = given[witness.id], given[source.id]
                yield Witness(witness.id, source.id, rows, _days(rows) == _days(own), witness.owner != source.owner)


def _days(rows: pa.Table) -> tuple[Any, Any]:
    return pc.min(rows["first_day"]).as_py(), pc.max(rows["last_day"]).as_py()


def _unread(sums: Sequence[drift.Equation], columns: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Columns that a sum knows and that feed no measure."""
    read = {name for names in columns.values() for name in names}
    known = dict.fromkeys(name for total, parts in sums for name in (*total, *parts))
    return [name for name in known if name not in read]


def _columns(
    columns: Mapping[str, tuple[str, ...]], of: Sequence[tuple[str, str]], unread: Sequence[str]
) -> Iterator[tuple[str, str, list[str], list[str]]]:
    """Two measures and what columns each has for itself; with "" the columns that feed none."""
    for one, other in of:
        if one in columns and other in columns:
            yield (
                one,
                other,
                [name for name in columns[one] if name not in columns[other]],
                [name for name in columns[other] if name not in columns[one]],
            )
    for one in dict.fromkeys(name for pair in of for name in pair if name in columns):
        yield one, "", list(columns[one]), list(unread)
