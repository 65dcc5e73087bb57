"""Two systems that report on the same units and days: every figure that both give, side by side."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from etl.model import ALL, Hole
from etl.periods import Interval


@dataclass(frozen=True)
class Side:
    """A source of a dataset. home: the province it lies in; days: what it counts; records: whether we count for it.

    by_level: its rows are of whole levels of units.
    """

    source: str
    platform: str
    home: str
    days: Interval
    reporting: bool
    records: bool
    by_level: bool


def pairs(rows: pa.Table, sides: Sequence[Side], unknown: Iterable[Hole], measures: Collection[str]) -> pa.Table:
    """PAIRS of the sources of one home of which one at least is for comparison; with source, other_source, platform,
    other_platform, and recomputed: one of the two is counted by us from single records.

    rows: standard rows that count whole periods. unknown: where rows of a source are set aside or missing.
    The reporting source gives `value`. Nothing is known where the two count other days. Sums over fields are compared
    where one of them knows only these, sums over units where one reports on levels.
    """
    with duckdb.connect() as connection:
        _lay_out(connection, rows, sides, unknown, measures)
        connection.execute(_MATCHED)
        for side in ("value", "other"):
            connection.execute(_FIGURES.format(side=side))
        found: pa.Table = connection.sql(_PAIRS).to_arrow_table()
        return found


def _lay_out(
    connection: duckdb.DuckDBPyConnection,
    rows: pa.Table,
    sides: Sequence[Side],
    unknown: Iterable[Hole],
    measures: Collection[str],
) -> None:
    columns = [[getattr(side, name) for side in sides] for name in ("source", "platform", "home")]
    flags = [[getattr(side, name) for side in sides] for name in ("reporting", "records", "by_level")]
    days = [str(side.days) for side in sides]
    names = ("source", "platform", "home", "days", "reporting", "records", "by_level")
    kinds = [pa.string()] * 4 + [pa.bool_()] * 3
    laid = [pa.array(values, kind) for values, kind in zip([*columns, days, *flags], kinds, strict=True)]
    connection.register("side", pa.table(dict(zip(names, laid, strict=True))))
    holes = [(hole.source, hole.unit, hole.tier, hole.field) for hole in unknown]
    place = pa.schema([(name, pa.string()) for name in ("source", "unit", "tier", "field")])
    held = [dict(zip(place.names, hole, strict=True)) for hole in holes]
    connection.register("held", pa.Table.from_pylist(held, schema=place))
    connection.register("given", rows)
    connection.execute(
        "create temp table figure as select source, unit, tier, field, measure, figure::hugeint as figure from given "
        f"unpivot include nulls (figure for measure in ({', '.join(measures)}))"
    )


# Two comparison sources are held side by side too: the local system may be asked for the days of the national one.
_MATCHED = f"""create temp table matched as
with gives as (
    select source, bool_or(field = '{ALL}') as unsplit from figure group by source)
select row_number() over () as number, v.source as value_source, o.source as other_source, v.home,
    v.platform, o.platform as other_platform, v.records <> o.records as recomputed,
    v.by_level or o.by_level as by_level, gv.unsplit or go.unsplit as unsplit,
    v.days = o.days and not ((v.by_level or o.by_level) and (
        select count(*) from side s where s.home = v.home and s.reporting) > 1) as comparable
from side v join side o on v.home = o.home and not o.reporting and (v.reporting or v.source < o.source)
join gives gv on gv.source = v.source join gives go on go.source = o.source"""

# A measure that a source never gives is no figure of it.
_FIGURES = f"""create temp table {{side}} as
with given as (
    select source, measure from figure group by all having count(figure) > 0)
select m.number, case when by_level then home else f.unit end as unit, f.tier,
    case when unsplit then '{ALL}' else f.field end as field, measure,
    case when count(f.figure) = count(*) then sum(f.figure) end as figure
from matched m join figure f on f.source = m.{{side}}_source join given using (source, measure)
group by all"""

# A unit and tier that a source tells of, and not of this field, had nothing there; of another unit nothing is known.
_PAIRS = f"""with place as (
    select number, unit, tier, field, measure from value union select number, unit, tier, field, measure from other),
hidden as (
    select distinct p.number, p.unit, p.tier, p.field
    from place p join matched m using (number) join held h on h.source in (m.value_source, m.other_source)
    where (by_level or coalesce(h.unit, p.unit) = p.unit) and coalesce(h.tier, p.tier) = p.tier
        and (p.field = '{ALL}' or coalesce(h.field, p.field) = p.field)),
told as (
    select distinct 'value' as side, number, unit, tier, measure from value
    union all select distinct 'other', number, unit, tier, measure from other)
select p.unit, [p.unit] as units, [p.unit] as other_units, p.tier, p.field, p.measure,
    case when known and v.number is not null then v.figure when known and tv.side is not null then 0 end
        ::decimal(20, 4) as value,
    case when known and o.number is not null then o.figure when known and t.side is not null then 0 end
        ::decimal(20, 4) as other,
    value_source as source, other_source, platform, other_platform, recomputed
from (
    select p.*, m.* exclude (number), comparable and h.number is null as known
    from place p join matched m using (number) left join hidden h using (number, unit, tier, field)) p
semi join (select distinct number, measure from value) g on g.number = p.number and g.measure = p.measure
semi join (select distinct number, measure from other) go on go.number = p.number and go.measure = p.measure
left join value v using (number, unit, tier, field, measure)
left join other o using (number, unit, tier, field, measure)
left join (from told where side = 'value') tv using (number, unit, tier, measure)
left join (from told where side = 'other') t using (number, unit, tier, measure)"""
