"""Whether figures under a doubt that nobody answered stand again as they did before it.

The question is no longer whether something happened, but whether it ended: so many quarters may lie between that no
bound on growth holds, and what cannot be told counts as not ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import duckdb
import pyarrow as pa

from etl.drift.figures import FACTORS, MOST_TURNED_PLACES

NEARER = sqrt(min(FACTORS))
"""A sum that changed by less is nearer to its old unit of counting than to any other."""


def returned(now: pa.Table, ground: pa.Table, measures: Sequence[str]) -> bool:
    """Of the standard rows of one source, now and when nothing was doubted; rows with a problem take no part.

    Two measures: in places of at least two in three dossiers, by agency and by field, the greater of the two is the
    greater one again. One measure: its sum is in the old unit again.
    """
    one, other = measures[0], measures[-1]
    with duckdb.connect() as connection:
        connection.register("now_rows", now)
        connection.register("ground_rows", ground)
        for name in ("now", "ground"):
            connection.execute(
                f"create temp table {name} as select agency, coalesce(field, '') as field, sum({one})::double as one, "
                f"sum({other})::double as other from {name}_rows where problem is null and {one} >= 0 and {other} >= 0 "
                "group by all"
            )
        told = connection.sql(_SCALE if len(measures) == 1 else _ORDER).fetchall()
    return bool(told[0][0])


_SCALE = f"""
select greatest(sum(n.one), sum(g.one)) / nullif(least(sum(n.one), sum(g.one)), 0) < {NEARER}
from ground g join now n using (agency, field)"""

_ORDER = f"""
with held as (
    select agency, field, g.one as one_old, g.other as other_old, n.one as one_new, n.other as other_new
    from ground g join now n using (agency, field)),
places as (
    select 'agency' as grain, agency as place, sum(one_old) as one_old, sum(other_old) as other_old,
        sum(one_new) as one_new, sum(other_new) as other_new from held group by all
    union all
    select 'field', field, sum(one_old), sum(other_old), sum(one_new), sum(other_new) from held group by all),
grains as (
    select sum(one_old + other_old + one_new + other_new) as volume, coalesce(sum(one_old + other_old + one_new
        + other_new) filter ((one_old - other_old) * (one_new - other_new) > 0), 0) as kept
    from places group by grain)
select min(kept / nullif(volume, 0)) >= {MOST_TURNED_PLACES} from grains"""
