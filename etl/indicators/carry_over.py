"""The carry-over chain: what was there at the close of a period opens the next. Set-based, in DuckDB."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import duckdb
import pyarrow as pa

from etl.indicators.tree import register
from etl.model import ALL
from etl.units.genealogy import Group


def chain(
    before: pa.Table,
    now: pa.Table,
    *,
    closing: str,
    opening: str,
    groups: Sequence[Group],
    beside: Collection[str] = (),
) -> pa.Table:
    """unit, units_before, units_now, tier, field, closing, opening, difference, leaf, verdict of every place in either
    period.

    before, now: FACTS of two periods that follow each other. closing, opening: codes of the two indicators. groups:
    the units of then with those of now that hold what they held; their stocks are added up on either side. unit: the
    first of the group. Where a unit and tier has no figure of a field but has the sum over fields, there was nothing
    in that field; a sum over a figure that is withheld or not there is null, and so is the difference then.
    leaf: straight from rows in either period, not the sum of other places. verdict: equal, broken, unknown (there is no
    difference), or handed_over: of a single tier beside a level that ended, and handed its stock to nobody knows whom.
    beside: the units where that happened.
    """
    with duckdb.connect() as connection:
        members = [
            (str(index), side, unit)
            for index, group in enumerate(groups)
            for side, units in zip(("before", "now"), group, strict=True)
            for unit in units
        ]
        register(connection, "member", ("grp", "side", "unit"), members)
        register(connection, "beside", ("unit",), [(unit,) for unit in sorted(beside)])
        connection.register("before_facts", before)
        connection.register("now_facts", now)
        sums = []
        for side, code in (("before", closing), ("now", opening)):
            connection.execute(
                f"create temp table {side} as select grp, unit, tier, field, value, leaf from {side}_facts "
                f"join member using (unit) where side = '{side}' and indicator = ?",
                [code],
            )
            # Every unit of the group must say something of this place.
            sums.append(
                f"""select grp, tier, field, case when count(value) = count(*) then sum(value) end as value
                from (select key.grp, key.tier, key.field,
                        case when f.unit is not null then f.value when a.value is not null then 0 end as value
                    from key join member m on m.grp = key.grp and m.side = '{side}'
                    left join {side} f on f.unit = m.unit and f.tier = key.tier and f.field = key.field
                    left join {side} a on a.unit = m.unit and a.tier = key.tier and a.field = '{ALL}')
                group by all"""
            )
        found: pa.Table = connection.sql(
            f"""with place as (from before union all from now),
            leaf as (select grp, tier, field, bool_or(leaf) as leaf from place group by all),
            key as (select grp, tier, field from leaf),
            unit as (
                select grp, coalesce(min(unit) filter (side = 'now'), min(unit)) as unit,
                    coalesce(list(unit order by unit) filter (side = 'before'), []) as units_before,
                    coalesce(list(unit order by unit) filter (side = 'now'), []) as units_now
                from member group by grp)
            select unit, units_before, units_now, tier, field,
                c.value as closing, o.value as opening, o.value - c.value as difference, leaf,
                case when o.value - c.value is null then 'unknown' when o.value = c.value then 'equal'
                    when tier <> '{ALL}' and unit in (from beside) then 'handed_over' else 'broken' end as verdict
            from leaf join unit using (grp)
            left join ({sums[0]}) c using (grp, tier, field) left join ({sums[1]}) o using (grp, tier, field)
            order by unit, tier, field"""
        ).to_arrow_table()
        return found
