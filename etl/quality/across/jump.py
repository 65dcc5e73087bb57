"""A figure against the same quarter of the year before, and that change against the change of its peers.

Four points a year are too few to learn a model from, and all provinces share what a year brings: a new law, a holiday
that moved. So a change is strange only beside that of the other units of its level. Counts of a few vary by chance
alone: their own Poisson noise is part of the scale that they are judged on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
import pyarrow as pa

from etl.model import ALL
from etl.units.genealogy import Group

FEWEST_PEERS = 10
"""A median of fewer units says nothing of what is usual."""
LEAST = 10
"""A peer with fewer on either side tells of chance, and has no part in what is usual."""
_TO_SIGMA = 1.4826
"""From a median absolute deviation to a standard deviation, were it normal."""


def pairs(
    now: pa.Table,
    before: pa.Table,
    *,
    groups: Sequence[Group],
    measures: Mapping[str, str],
    levels: Mapping[str, str],
) -> pa.Table:
    """PAIRS of every unit and measure, with `score`, `usual`, `peers` and a `note` in words.

    now, before: FACTS of the two quarters; groups: the units of then with those of now that hold what they held, whose
    figures are added up on either side. measures: of each indicator. levels: of each unit of now.
    usual: the median of value over other in the unit's level. score: how many standard deviations the root of value is
    away from the root of what `usual` makes of other; the variance is the Poisson noise of both counts, and what the
    peers differ by (robustly, of the logarithms). Where there are too few peers nothing is known.
    """
    with duckdb.connect() as connection:
        connection.register("now_facts", now)
        connection.register("before_facts", before)
        text = pa.string()
        told = {"unit": pa.array(list(levels), text), "level": pa.array(list(levels.values()), text)}
        connection.register("levels", pa.table(told))
        named = {"indicator": pa.array(list(measures), text), "measure": pa.array(list(measures.values()), text)}
        connection.register("measures", pa.table(named))
        held = {
            "number": pa.array(range(len(groups)), pa.int64()),
            "other_units": pa.array([then for then, _ in groups], pa.list_(text)),
            "units": pa.array([since for _, since in groups], pa.list_(text)),
        }
        connection.register("held", pa.table(held))
        for side, units in (("now", "units"), ("before", "other_units")):
            connection.execute(_SUMS.format(side=side, units=units))
        found: pa.Table = connection.sql(_SCORED).to_arrow_table()
        return found


# The sum over tiers where there is one, else what is of the unit's own. Every unit of a group must have a figure.
_SUMS = f"""create temp table {{side}} as
with whole as (
    select unit, measure, value from {{side}}_facts join measures using (indicator) where field = '{ALL}'
    qualify row_number() over (partition by unit, measure order by tier <> '{ALL}', tier) = 1)
select number, measure, case when count(value) = count(*) then sum(value) end as figure
from (select number, unnest({{units}}) as unit, measure from held, (select distinct measure from measures))
left join whole using (unit, measure) group by all"""

# Roots of counts (Anscombe's) have the same variance however many are counted: that of `value` is 1, that of what is
# expected of it is `usual`. What units differ by beside chance is a share of the count, here of the mean of the two.
_SCORED = f"""with told as (
    select units[1] as unit, level, units, other_units, measure, n.figure as value, b.figure as other
    from held join now n using (number) join before b using (number, measure) join levels on levels.unit = units[1]
    where len(other_units) > 0 and measure in (
        select measure from now where figure is not null intersect select measure from before)),
usual as (
    select level, measure, exp(median(change)) as usual, {_TO_SIGMA} * mad(change) as spread, count(*) as peers
    from (select *, ln(value::double / other::double) as change from told where least(value, other) >= {LEAST})
    group by all)
select unit, units, other_units, '{ALL}' as tier, '{ALL}' as field, measure,
    case when peers >= {FEWEST_PEERS} then value end::decimal(20, 4) as value, other::decimal(20, 4) as other,
    null::varchar as source, null::varchar as other_source,
    2 * (sqrt(value::double + 0.375) - sqrt(usual * other::double + 0.375))
        / sqrt(1 + usual + spread ** 2 * (value::double + usual * other::double) / 2) as score,
    usual, coalesce(peers, 0) as peers,
    format('Trung vị của {{}} đơn vị cùng cấp: {{:.2f}} lần', peers, usual) as note
from told left join usual using (level, measure)"""
