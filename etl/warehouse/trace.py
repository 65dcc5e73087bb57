"""From a figure back to the rows it was computed from, and to how each was fetched."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, text

from etl.errors import TraceError
from etl.model import Fact
from etl.periods import Period
from etl.warehouse import queries, schema


@dataclass(frozen=True)
class TraceRow:
    """One standard row under a figure, and the landed answer (`payload`: its sha256) it was read from.

    first_day, last_day: the days that the row counts, None where it was recorded before they were kept.
    values: every measure of the row; raw: the source's own record, JSON. `address`, `request` and
    `fetched_at` tell how the answer at `uri` was asked for, by the pull `receipt`.
    """

    source: str
    dataset: str
    agency: str
    unit: str
    tier: str
    field: str
    payload: str
    pointer: str
    values: Mapping[str, int | None]
    raw: str
    uri: str
    method: str
    address: str
    request: str
    fetched_at: dt.datetime
    receipt: str
    first_day: dt.date | None
    last_day: dt.date | None


@dataclass(frozen=True)
class Trace:
    """A figure and its rows, ordered by source, agency and field.

    `count` is the number of rows, also when fewer are given; `sums` adds every measure by source,
    None where a row of it has no value.
    """

    fact: Fact
    rows: tuple[TraceRow, ...]
    count: int
    sums: Mapping[str, Mapping[str, int | None]]


_SUBTREE = text("""
WITH RECURSIVE subtree AS (
    SELECT CAST(:unit AS text) COLLATE "C" AS code
    UNION
    SELECT below.code FROM baocao.unit below JOIN subtree ON below.parent = subtree.code
    WHERE below.valid_from <= :day AND (below.valid_to IS NULL OR :day < below.valid_to)
)
SELECT code FROM subtree
""")
# The subtree comes as an array: the planner sees its size and takes the index for a commune, a scan for the nation.
_UNDER = """
WITH under AS (
    SELECT r.*, s.receipt
    FROM baocao.load_source s
    JOIN baocao.standard_row r ON r.load = s.rows_load AND r.source = s.source
    WHERE s.load = :load AND s.dataset = :dataset AND s.role = 'reporting' AND r.unit = ANY(:subtree)
        AND (:tier = 'all' OR r.tier = :tier) AND (:field = 'all' OR r.field = :field)
)
"""
# The same bytes may answer two requests (two fields or days, both idle): that of the row's own comes first.
_ROWS = text(
    _UNDER
    + """
SELECT r.source, r.dataset, r.agency, r.unit, r.tier, r.field, r.payload, r.pointer, r."values", r.raw,
       p.uri, p.method, p.address, p.request, p.fetched_at, r.receipt,
       r.first_day, r.last_day
FROM (SELECT * FROM under ORDER BY source, agency, field, first_day, payload, pointer LIMIT :limit) r
CROSS JOIN LATERAL (
    SELECT * FROM baocao.payload p
    WHERE p.receipt = r.receipt AND p.sha256 = r.payload
    ORDER BY p.field IS NOT DISTINCT FROM r.field DESC, p.first_day IS NOT DISTINCT FROM r.first_day DESC, p.position
    LIMIT 1
) p
ORDER BY r.source, r.agency, r.field, r.first_day, r.payload, r.pointer
"""
)
_SUMS = """
SELECT source, count(*), {sums} FROM under GROUP BY source ORDER BY source
"""


def trace(
    connection: Connection,
    period_key: str,
    indicator: str,
    unit: str,
    tier: str,
    field: str,
    known_at: dt.datetime | None,
    limit: int | None,
) -> Trace:
    """See Warehouse.trace."""
    found = [
        fact
        for fact in queries.facts(connection, period_key, [unit], [indicator], known_at)
        if (fact.tier, fact.field) == (tier, field)
    ]
    if not found:
        raise TraceError(
            f"kho không có số liệu {indicator}, đơn vị {unit}, cấp {tier}, lĩnh vực {field}, kỳ {period_key} "
            "(the warehouse holds no such figure)"
        )
    known = schema.indicator.c
    dataset = connection.execute(select(known.dataset).where(known.code == indicator)).scalar()
    if dataset is None:
        raise TraceError(
            f"kho chưa biết chỉ tiêu {indicator} thuộc bộ số liệu nào: hãy đồng bộ chỉ tiêu từ danh mục "
            "(sync_indicators was not run with this catalog)"
        )
    asked = _asked(connection, period_key, dataset, unit, tier, field, known_at)
    rows = tuple(TraceRow(*row) for row in connection.execute(_ROWS, {**asked, "limit": limit}).all())
    sums = _sums(connection, asked)
    return Trace(
        fact=found[0],
        rows=rows,
        count=sum(count for _, count, _ in sums),
        sums={source: added for source, _, added in sums},
    )


def rows_under(
    connection: Connection,
    period_key: str,
    dataset: str,
    unit: str,
    tier: str,
    field: str,
    known_at: dt.datetime | None,
) -> tuple[TraceRow, ...]:
    """Every row under the unit's figures of the dataset, the tier and the field ("all": of any)."""
    asked = _asked(connection, period_key, dataset, unit, tier, field, known_at)
    return tuple(TraceRow(*row) for row in connection.execute(_ROWS, {**asked, "limit": None}).all())


def load_at(connection: Connection, period_key: str, known_at: dt.datetime | None) -> int | None:
    """The load whose rows stood under the figures at the moment."""
    return queries.latest_load(connection, period_key, known_at)


def _asked(
    connection: Connection,
    period_key: str,
    dataset: str,
    unit: str,
    tier: str,
    field: str,
    known_at: dt.datetime | None,
) -> dict[str, Any]:
    day = Period.parse(period_key).last_day
    return {
        "subtree": list(connection.execute(_SUBTREE, {"unit": unit, "day": day}).scalars()),
        "tier": tier,
        "field": field,
        "dataset": dataset,
        "load": load_at(connection, period_key, known_at),
    }


def _sums(connection: Connection, asked: Mapping[str, Any]) -> list[tuple[str, int, dict[str, int | None]]]:
    """Of each source under the figure: the number of its rows and the sum of every measure."""
    example = connection.execute(text(_UNDER + 'SELECT "values" FROM under LIMIT 1'), asked).scalar()
    if example is None:
        return []
    measures = {f"measure_{index}": name for index, name in enumerate(sorted(example))}
    added = ", ".join(
        f'CASE WHEN count("values" ->> :{bound}) = count(*) THEN sum(("values" ->> :{bound})::bigint)::bigint END'
        for bound in measures
    )
    query = text(_UNDER + _SUMS.format(sums=added))
    return [
        (source, count, dict(zip(measures.values(), totals, strict=True)))
        for source, count, *totals in connection.execute(query, {**asked, **measures})
    ]
