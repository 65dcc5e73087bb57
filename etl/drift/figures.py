"""Standard rows against those of the period before: columns exchanged, another unit of counting, nothing where
something must be. Set-based, in DuckDB, every source of a dataset at once.

What is compared is what both periods have; ordinary growth and noise must raise nothing, since a false alarm
withholds true figures. Each threshold says what it rests on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import duckdb
import pyarrow as pa

from etl.model import Dataset

FACTORS = (100, 1000)
"""Units of counting that a report may be switched to: hundreds (or a percentage), thousands."""
GROWTH = 1.5
"""A quarter has at most 50 % more than the one before, or half as much, apart from noise. Between two measures the
proportion then changes by 3 at most."""
NEAR = 2.0
"""How near to a factor a jump is: growth by half comes on top of it, or a loss of half."""
LEAST_RAISED, LEAST_LOWERED = 200, 20
"""The smaller of the two sums over the agencies. A service that starts grows from nothing by any factor, so that a
sum must be well above nothing to be multiplied; nothing ordinary divides one by 100."""
FEWEST_AGENCIES = 3
"""One absurd figure of one agency is another problem: the factor must hold without the largest agency too."""
STRANGE, ALIKE = 3.0, 2.0
"""In standard deviations of the logarithm of a proportion, Poisson noise and ±50 % at each place together: beyond
three a place no longer looks like itself; within two, in proportion and each measure by itself, like the other one."""
SPREAD = 0.2
"""Variance of the logarithm of a proportion when both figures are anything from half to one and a half."""
FEWEST_TURNED, MOST_TURNED = 5, 0.8
"""An exchange is beyond doubt when at least five places look like the other measure and no longer like themselves,
at least 5 % of all, four in five of those that changed, and hardly one speaks against it."""
CLEAR = 0.3
"""Logarithm of 57 : 43. Nearer to half and half, any quarter may turn the order of two measures."""
CHANCE = 3.0
"""In standard deviations of Poisson noise: the least by which a proportion must have changed."""
MOST_TURNED_PLACES = 2 / 3
"""Of the dossiers, by agency and by field: so many are where the order of the two measures was turned. Columns that
were exchanged turn it everywhere but where it was near to even; a habit that shifts, only where it was so."""
UNLIKELY = 3.0
"""Each new figure is within this factor of the other's old one, or something else happened."""
MANY_DOCUMENTS = 20
"""An organisation that exchanged 20 documents, and now has half as many to exchange, has none by chance once in e^10
(22,000) times; the figure is questioned, not withheld."""


@dataclass(frozen=True)
class Scale:
    """A measure of one source whose sum over the agencies is `factor` times what it was, or a part of it (down)."""

    source: str
    measure: str
    factor: int
    down: bool
    before: int
    now: int


@dataclass(frozen=True)
class Swap:
    """Two measures of one source that took each other's place; of `among` agencies (or fields, or both) `places` tell
    so. certain: no growth and no chance explains it; else it is what explains the figures best, and a growth that
    turned the order of the two in most places would look the same."""

    source: str
    one: str
    other: str
    places: int
    among: int
    certain: bool


@dataclass(frozen=True)
class Zero:
    """A row that says nothing happened, though `before` were pending (or many documents were exchanged) at the end of
    `periods`: the period before, or the last one that is in no doubt itself."""

    source: str
    agency: str
    field: str | None
    payload: str
    pointer: str
    before: int
    periods: str


@dataclass(frozen=True)
class Changes:
    scales: list[Scale]
    swaps: list[Swap]
    zeros: list[Zero]


def compare(now: pa.Table, before: pa.Table, dataset: Dataset, older: pa.Table | None = None) -> Changes:
    """The standard rows of one dataset and period against those of the period before; rows with a problem take no
    part. A source that is in one of them only is not compared.

    older: of agencies whose noughts were in doubt in the period before, what they stated before that.
    """
    past = before if older is None else pa.concat_tables([before, older])
    if not now.num_rows or not past.num_rows:
        return Changes([], [], [])
    measures = list(dataset.columns)
    with duckdb.connect() as connection:
        lay_out(connection, now, before, measures)
        connection.register("past_rows", past)
        swaps = exchanged(connection, dataset)
        return Changes(
            [Scale(*row) for row in connection.sql(_SCALES).fetchall()],
            swaps,
            [Zero(*row) for row in connection.sql(_zeros(dataset, measures)).fetchall()],
        )


def lay_out(connection: duckdb.DuckDBPyConnection, now: pa.Table, before: pa.Table, measures: Sequence[str]) -> None:
    """The tables `now` and `before`: a row for each source, agency, field and measure, with its figure."""
    columns = ", ".join(measures)
    connection.register("now_rows", now)
    connection.register("before_rows", before)
    for name in ("now", "before"):
        connection.execute(
            f"create temp table {name} as select source, agency, coalesce(field, '') as field, measure, "
            f"sum(figure)::double as figure from (unpivot (select source, agency, field, {columns} from "
            f"{name}_rows where problem is null) on {columns} into name measure value figure) "
            "where figure >= 0 group by all"
        )


def exchanged(connection: duckdb.DuckDBPyConnection, dataset: Dataset) -> list[Swap]:
    """The exchanges that the tables `now` and `before` tell."""
    connection.execute(
        "create or replace temp table matched as select source, agency, field, measure, b.figure as old, "
        "n.figure as new from before b join now n using (source, agency, field, measure)"
    )
    swaps = [Swap(*row) for row in connection.sql(_SWAPS).fetchall()]
    told = {(swap.source, swap.one, swap.other) for swap in swaps}
    swaps += [Swap(*row) for row in connection.sql(_likely(dataset)).fetchall() if row[:3] not in told]
    return sorted(swaps, key=lambda swap: (swap.source, swap.one, swap.other))


def pairs(dataset: Dataset) -> list[tuple[str, str]]:
    """The measures that may be exchanged unseen by any sum: parts of one total, or flows where there is no total."""
    totals = [column.parts for column in dataset.columns.values() if column.parts]
    flows = tuple(name for name, column in dataset.columns.items() if column.nature == "flow")
    return [(min(pair), max(pair)) for parts in totals or [flows] for pair in combinations(parts, 2)]


def continued(dataset: Dataset) -> dict[str, str]:
    """Opening stock -> the closing stock of the period before that it equals."""
    return {name: column.continues for name, column in dataset.columns.items() if column.continues}


_SCALES = f"""
with agencies as (
    select source, measure, agency, sum(old) as old, sum(new) as new from matched group by all),
sums as (
    select source, measure, sum(old) as old, sum(new) as new,
        case when sum(new) > sum(old) then arg_max(old, new) else max(old) end as old_of_largest,
        case when sum(new) > sum(old) then max(new) else arg_max(new, old) end as new_of_largest
    from agencies group by all having count(*) >= {FEWEST_AGENCIES}),
jumps as (
    select *, factor, new < old as down,
        greatest(new, old) / nullif(least(new, old), 0) / factor as exact,
        case when new < old then (old - old_of_largest) / nullif(new - new_of_largest, 0)
            else (new - new_of_largest) / nullif(old - old_of_largest, 0) end / factor as without_largest
    from sums, (select unnest({list(FACTORS)}) as factor))
select source, measure, factor, down, old::bigint, new::bigint from jumps
where exact between {1 / NEAR} and {NEAR} and without_largest between {1 / NEAR} and {NEAR}
    and least(old, new) >= case when down then {LEAST_LOWERED} else {LEAST_RAISED} end
order by all"""

_SWAPS = f"""
with places as (
    select source, 'agency' as grain, agency as place, measure, sum(old) as old, sum(new) as new from matched
    group by all
    union all
    select source, 'field', field, measure, sum(old), sum(new) from matched group by all
    union all
    select source, 'both', agency || chr(0) || field, measure, old, new from matched),
pairs as (
    select source, grain, p.measure as one, q.measure as other,
        ln((p.old + 0.5) / (q.old + 0.5)) as was, ln((p.new + 0.5) / (q.new + 0.5)) as is_now,
        greatest(
            abs(ln((p.new + 0.5) / (q.old + 0.5))) / sqrt({SPREAD} + 1 / (p.new + 0.5) + 1 / (q.old + 0.5)),
            abs(ln((q.new + 0.5) / (p.old + 0.5))) / sqrt({SPREAD} + 1 / (q.new + 0.5) + 1 / (p.old + 0.5))) as unlike,
        sqrt({SPREAD} + 1 / (p.old + 0.5) + 1 / (q.old + 0.5) + 1 / (p.new + 0.5) + 1 / (q.new + 0.5)) as deviation
    from places p join places q using (source, grain, place)
    where p.measure < q.measure and p.old + q.old + p.new + q.new > 0),
grown as (
    select *, greatest(-ln(2 * {GROWTH}), least(ln(2 * {GROWTH}), median(is_now - was) over (
        partition by source, grain, one, other))) as growth
    from pairs),
judged as (
    select source, grain, one, other, abs(is_now - was - growth) / deviation > {STRANGE} as strange,
        unlike, abs(is_now + was) / deviation as apart
    from grown),
counted as (
    select source, grain, one, other, count(*) as among, count(*) filter (strange) as strange,
        count(*) filter (strange and greatest(apart, unlike) < {ALIKE}) as turned,
        count(*) filter (apart > {STRANGE}) as against
    from judged group by all)
select source, one, other, max(turned), arg_max(among, turned), true from counted
where turned >= {FEWEST_TURNED} and turned >= 0.05 * among and turned >= {MOST_TURNED} * strange
    and against <= 0.1 * turned
group by source, one, other order by all"""


def _likely(dataset: Dataset) -> str:
    """Two parts of one total (or two flows, where the dataset has no total) of which each is now as the other was. An
    opening stock is held against the closing stock that it continues, which it must equal."""
    stocks = " ".join(f"when '{opening}' then '{closing}'" for opening, closing in continued(dataset).items())
    was_called = f"case n.measure {stocks} else n.measure end" if stocks else "n.measure"
    return f"""
with pair(one, other) as (values {", ".join(f"('{one}', '{other}')" for one, other in pairs(dataset))}),
held as (
    select n.source, n.agency, n.field, n.measure, b.figure as old, n.figure as new
    from now n join before b on b.source = n.source and b.agency = n.agency and b.field = n.field
        and b.measure = {was_called}),
places as (
    select source, 'agency' as grain, agency as place, measure, sum(old) as old, sum(new) as new from held group by all
    union all
    select source, 'field', field, measure, sum(old), sum(new) from held group by all),
pairs as (
    select p.source as source, p.grain as grain, one, other, p.old as one_old, q.old as other_old,
        p.new as one_new, q.new as other_new, p.old + q.old + p.new + q.new as volume,
        (p.old - q.old) * (p.new - q.new) < 0 as turned
    from pair join places p on p.measure = one
        join places q on q.measure = other and q.source = p.source and q.grain = p.grain and q.place = p.place),
sums as (
    select source, grain, one, other, count(*) as among, count(*) filter (turned) as places,
        coalesce(sum(volume) filter (turned), 0) / nullif(sum(volume), 0) as turned,
        sum(one_old) as one_old, sum(other_old) as other_old, sum(one_new) as one_new, sum(other_new) as other_new
    from pairs group by all having least(sum(one_old), sum(other_old), sum(one_new), sum(other_new)) > 0),
judged as (
    select *, ln(one_old / other_old) as was, ln(one_new / other_new) as is_now,
        sqrt(1 / one_old + 1 / other_old + 1 / one_new + 1 / other_new) as chance
    from sums)
select source, one, other, arg_max(places, grain = 'agency'), arg_max(among, grain = 'agency'), false from judged
group by source, one, other
having bool_and(abs(was) > {CLEAR} and abs(is_now + was) < abs(was) and abs(is_now - was) > {CHANCE} * chance
        and greatest(one_new / other_old, other_old / one_new, other_new / one_old, one_old / other_new) < {UNLIKELY})
    and max(among) filter (grain = 'agency') >= {FEWEST_AGENCIES}
    and bool_and(turned >= {MOST_TURNED_PLACES} or among < {FEWEST_AGENCIES})
order by all"""


def lasting(dataset: Dataset) -> list[str]:
    """The measures that stand at the end of a period and so at the beginning of the next: stocks, and their totals."""
    stocks = [name for name, column in dataset.columns.items() if column.nature == "closing_stock"]
    totals = [name for name, column in dataset.columns.items() if column.parts and set(column.parts) <= set(stocks)]
    return [*stocks, *totals]


def _zeros(dataset: Dataset, measures: Sequence[str]) -> str:
    """A dossier that was pending is carried over, so its agency and field cannot be all nought in the next period;
    where the dataset has no stock, an organisation that had many documents is asked about."""
    kept = lasting(dataset)
    least = 1 if kept else MANY_DOCUMENTS
    names = ", ".join(kept or measures)
    nothing = " and ".join(f"coalesce({name}, 0) = 0" for name in measures)
    some = " or ".join(f"{name} is not null" for name in measures)
    return f"""
with past as (
    select source, agency, coalesce(field, '') as field, period, measure, sum(figure) as figure
    from (unpivot (select source, agency, field, period, {names} from past_rows where problem is null) on {names}
        into name measure value figure) where figure >= 0 group by all),
left_over as (
    select source, agency, field, max(period) as period, arg_max(figure, period) as figure
    from (select source, agency, field, period, max(figure) as figure from past group by all) group by all),
silent as (
    select source, agency from now group by all having max(figure) = 0)
select r.source, r.agency, r.field, payload, pointer, sum(l.figure)::bigint as was,
    string_agg(distinct l.period, ', ' order by l.period) filter (l.figure > 0)
from now_rows r left join silent s on s.source = r.source and s.agency = r.agency
    join left_over l on l.source = r.source and l.agency = r.agency
        and (s.agency is not null or l.field = coalesce(r.field, ''))
where problem is null and ({some}) and {nothing}
group by r.source, r.agency, r.field, payload, pointer having was >= {least} order by all"""
