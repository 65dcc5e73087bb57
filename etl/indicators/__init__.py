"""Standard rows -> facts, up the unit tree; quarters -> longer periods. Set-based, in DuckDB.

A figure that a hole may touch is no value and says why: what is left is never summed in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import duckdb
import pyarrow as pa

from etl.errors import QualityError
from etl.indicators.bridging import Gap, bridge
from etl.indicators.carry_over import chain
from etl.indicators.doubts import Doubt, withhold_measures
from etl.indicators.facts import RANKED, evaluate
from etl.indicators.moving import from_parts, made_of, mark, moved, spread
from etl.indicators.natures import leaves
from etl.indicators.ranks import ranks
from etl.indicators.tree import lay_out_units, register
from etl.indicators.year_on_year import growth
from etl.model import ALL, NATION, PROCEDURE_CODE, Dataset, Field, Hole, Indicator
from etl.units import UnitTree, tier_of

__all__ = [
    "Doubt",
    "Gap",
    "annual",
    "bridge",
    "chain",
    "compute",
    "growth",
    "leaves",
    "made_of",
    "mark",
    "moved",
    "places",
    "ranks",
    "spread",
]


def compute(
    good: pa.Table,
    holes: Sequence[Hole],
    doubts: Sequence[Doubt] = (),
    *,
    dataset_id: str,
    dataset: Dataset,
    indicators: Sequence[Indicator],
    tree: UnitTree,
    fields: Mapping[str, Field],
) -> pa.Table:
    """FACTS of one dataset and period: every indicator for each unit, tier and field that has rows or a hole.

    Units and the tiers of a province are added; provinces make the nation; `all` is the sum over fields, and for
    provinces and the nation over tiers. A row whose field is `all` counts in these sums, and no figure of one field
    is provided wherever it stands. A province without rows and without a hole counts as a missing source.
    doubts: holes of some measures alone.
    Raises QualityError when a row names a unit, tier or field that could not be added anywhere.
    """
    wanted = [indicator for indicator in indicators if indicator.dataset == dataset_id]
    with duckdb.connect() as connection:
        connection.register("good", good)
        lay_out_units(connection, dataset, tree)
        _refuse_unplaced(connection, dataset_id, dataset, fields)
        _sum_up(connection, dataset)
        _say_unsplit(connection, dataset, fields)
        seen = {unit for (unit,) in connection.sql("select distinct unit from leaf").fetchall()}
        spots = _spots([hole for hole in holes if hole.dataset == dataset_id], dataset, tree, seen)
        _withhold(connection, dataset, spots)
        for measures in {tuple(doubted): None for _, doubted in doubts}:
            of_measures = [hole for hole, doubted in doubts if tuple(doubted) == measures]
            withhold_measures(connection, measures, _spots_of(of_measures, dataset, tree))
        return evaluate(connection, wanted)


def annual(quarters: Sequence[pa.Table], *, dataset: Dataset, indicators: Sequence[Indicator]) -> pa.Table:
    """FACTS of the longer period from those of its quarters, first to last (of other datasets too: left aside).

    Flows add, an opening stock is that of the first quarter, a closing stock that of the last, totals are added
    up and ratios divided anew. A figure is withheld, with the strongest reason, when a quarter it needs is. Where
    a quarter has no figure of a field or tier but has the sum over all, nothing happened there; where that sum
    is withheld or missing too, the quarter is not known (missing_unit when it says nothing of the unit at all).
    What is made of a moving figure is moving.
    """
    of_column = {indicator.sum: indicator.code for indicator in indicators if indicator.sum is not None}
    for column in dataset.columns:
        if column not in of_column:
            raise QualityError(f"no indicator is the sum of {column}, so no year can be told from its quarters")
    # A quarter that was computed before an indicator was defined does not provide it.
    wide = ", ".join(
        f"{value} as {column}, case when {value} is null then coalesce({why}, '{RANKED['not_provided']}') "
        f"end as why_{column}"
        for column, code in of_column.items()
        for value, why in [(f"max(value) filter (indicator = '{code}')", f"min(why) filter (indicator = '{code}')")]
    )
    ranks = " ".join(f"when '{reason}' then '{ranked}'" for reason, ranked in RANKED.items())
    with duckdb.connect() as connection:
        for index, quarter in enumerate(quarters):
            connection.register(f"facts_{index}", quarter)
            connection.execute(
                f"create temp table quarter_{index} as select unit, tier, field, {wide} from "
                f"(select *, case reason {ranks} else '9' || reason end as why from facts_{index}) "
                f"where indicator in ({_texts(of_column.values())}) group by unit, tier, field"
            )
        _add_quarters(connection, dataset, len(quarters))
        moving = from_parts(connection, dataset, of_column, len(quarters))
        return mark(evaluate(connection, indicators), moving, dataset=dataset, indicators=indicators)


def _refuse_unplaced(
    connection: duckdb.DuckDBPyConnection, dataset_id: str, dataset: Dataset, fields: Mapping[str, Field]
) -> None:
    """A join would drop such a row in silence, and with it its figures."""
    known = f"field in ({_texts([*fields, ALL] if dataset.by == 'field' else [ALL])})"
    if dataset.by == "procedure":
        known = f"regexp_full_match(field, '{PROCEDURE_CODE}')"
    stray = connection.sql(
        "select source, agency, unit, tier, field from good where field is null "
        f"or not ({known}) or not exists "
        "(select 1 from place where place.unit = good.unit and place.tier = good.tier) limit 1"
    ).fetchall()
    if stray:
        source, agency, unit, tier, field = stray[0]
        raise QualityError(
            f"{dataset_id}: a row passed the checks but cannot be placed: source {source}, agency {agency}, "
            f"unit {unit}, tier {tier}, field {field}"
        )


def _sum_up(connection: duckdb.DuckDBPyConnection, dataset: Dataset) -> None:
    """summed: for unit, tier, field the sum of each column and, as n_<column>, how many rows do not give it."""
    first = ", ".join(
        f"sum({name})::hugeint as {name}, count(*) - count({name}) as n_{name}" for name in dataset.columns
    )
    again = ", ".join(f"sum({name})::hugeint as {name}, sum(n_{name}) as n_{name}" for name in dataset.columns)
    connection.execute(f"create temp table leaf as select unit, tier, field, {first} from good group by all")
    connection.execute(
        "create temp table summed as select upper as unit, tier, field, "
        f"{again} from leaf join above using (unit) group by upper, tier, field"
    )
    if dataset.by != "none":
        connection.execute(
            f"create temp table whole as select unit, tier, '{ALL}' as field, {again} from summed group by unit, tier"
        )
        connection.execute(f"delete from summed where field = '{ALL}'")
        connection.execute("insert into summed select * from whole")
    connection.execute(
        f"insert into summed select unit, '{ALL}', '{ALL}', {again} from summed "
        f"where field = '{ALL}' and not exists (select 1 from place where unit = summed.unit and tier = 'commune') "
        "group by unit"
    )


def _say_unsplit(connection: duckdb.DuckDBPyConnection, dataset: Dataset, fields: Mapping[str, Field]) -> None:
    """unsplit: every unit, tier and field of which a row that knows sums over fields only may hold a part."""
    register(connection, "each_field", ("field",), [(code,) for code in fields] if dataset.by == "field" else [])
    connection.execute(
        "create temp table unsplit as select distinct upper as unit, tier, each_field.field "
        f"from leaf join above using (unit), each_field where leaf.field = '{ALL}'"
    )


def _spots(
    holes: Sequence[Hole], dataset: Dataset, tree: UnitTree, seen: set[str]
) -> set[tuple[str, str, str | None, str]]:
    """(unit, tier, field or None for any, ranked reason) of each place where a hole may be."""
    spots = _spots_of(holes, dataset, tree)
    told = {hole.province for hole in holes}
    for code in [unit.code for unit in tree.at_level("province")]:
        below = {unit.code for unit in tree.below(code)}
        if code not in told and not seen & below:
            spots |= {(*place, None, RANKED["missing_source"]) for place in places(code, tree)}
    return {spot for spot in spots if spot[1] in dataset.tiers}


def _spots_of(holes: Sequence[Hole], dataset: Dataset, tree: UnitTree) -> set[tuple[str, str, str | None, str]]:
    spots = set()
    for province, unit, tier, field, reason in {_key(hole, dataset, tree) for hole in holes}:
        for code, stands_at in places(province, tree) if unit is None else [(unit, tier_of(tree[unit]))]:
            if tier in (None, stands_at):
                spots.add((code, stands_at, field, RANKED[reason]))
    return spots


def places(province: str, tree: UnitTree) -> list[tuple[str, str]]:
    """Every place below; a unit stands for those under it too, since its sum over them is not known either."""
    if province == NATION:
        return [place for unit in tree.at_level("province") for place in places(unit.code, tree)]
    with_districts = any(unit.level == "district" for unit in tree.children(province))
    lower = {"province": ("district", "commune") if with_districts else ("commune",), "district": ("commune",)}
    return [(unit.code, tier) for unit in tree.below(province) for tier in (tier_of(unit), *lower.get(unit.level, ()))]


def _key(hole: Hole, dataset: Dataset, tree: UnitTree) -> tuple[str, str | None, str | None, str | None, str]:
    """What matters of a hole. A unit that is not in force, or one that stands for those under it, is no unit."""
    unit, province = hole.unit, hole.province
    if province not in tree:
        raise QualityError(f"{hole.source}: a hole in unit {province}, which is not in force on {tree.day}")
    if tree[province].level == "commune":
        unit, province = unit or province, tree.home(province)
    if unit is not None and (unit not in tree or (tree[unit].level != "commune" and hole.tier != tier_of(tree[unit]))):
        unit = None
    if dataset.tiers == ("province",):  # a row that was read at another tier may be the province's
        return province, None, None, None, hole.reason
    field = hole.field if dataset.by != "none" and hole.field != ALL else None
    return province, unit, hole.tier if hole.tier != ALL else None, field, hole.reason


def _withhold(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, spots: set[tuple[str, str, str | None, str]]
) -> None:
    """base: for every unit, tier and field with rows or a hole, each column and, as why_<column>, what withholds it."""
    register(connection, "spot", ("unit", "tier", "field", "why"), sorted(spots, key=str))
    connection.execute(
        "create temp table touched as select upper as unit, tier, field, min(why) as why "
        "from spot join above using (unit) group by upper, tier, field"
    )
    connection.execute(
        f"insert into touched select unit, '{ALL}', null, min(why) from touched "
        "where not exists (select 1 from place where unit = touched.unit and tier = 'commune') group by unit"
    )
    columns = ", ".join(
        f"{name}, least(why, case when n_{name} > 0 then '{RANKED['not_provided']}' end) as why_{name}"
        for name in dataset.columns
    )
    connection.execute(
        f"""create temp table base as
        with key as (
            select unit, tier, field from summed
            union select unit, tier, field from touched where field is not null
            union select unit, tier, field from unsplit
            union select unit, tier, '{ALL}' from touched),
        any_field as (select unit, tier, min(why) as why from touched where field is null group by all),
        some_field as (select unit, tier, min(why) as why from touched group by all),
        told as (
            select key.unit, key.tier, key.field,
                case when key.field = '{ALL}' then s.why
                else least(a.why, o.why, case when u.unit is not null then '{RANKED["not_provided"]}' end) end as why
            from key
            left join any_field a on a.unit = key.unit and a.tier = key.tier
            left join some_field s on s.unit = key.unit and s.tier = key.tier
            left join touched o on o.unit = key.unit and o.tier = key.tier and o.field = key.field
            left join unsplit u on u.unit = key.unit and u.tier = key.tier and u.field = key.field)
        select unit, tier, field, leaf.unit is not null as leaf, {columns}
        from told left join summed using (unit, tier, field)
        left join (select unit, tier, field from leaf) leaf using (unit, tier, field)"""
    )


def _add_quarters(connection: duckdb.DuckDBPyConnection, dataset: Dataset, count: int) -> None:
    """base of the longer period, each column by its nature."""
    columns = dataset.columns
    flat = [name for name, column in columns.items() if column.nature != "total"]
    known = ", ".join(
        f"coalesce(q.{name}, 0) as {name}, "
        f"case when q.unit is not null then q.why_{name} when a.unit is not null then a.why_{name} "
        f"when w.unit is not null then w.why_{name} else '{RANKED['missing_unit']}' end as why_{name}"
        for name in flat
    )
    every = range(count)
    parts = " union all ".join(
        f"select {index} as quarter, key.*, {known} from key "
        f"left join quarter_{index} q on q.unit = key.unit and q.tier = key.tier and q.field = key.field "
        f"left join quarter_{index} a on a.unit = key.unit and a.tier = key.tier and a.field = '{ALL}' "
        f"left join quarter_{index} w on w.unit = key.unit and w.tier = '{ALL}' and w.field = '{ALL}'"
        for index in every
    )
    keys = " union ".join(f"select unit, tier, field from quarter_{index}" for index in every)
    needed = {"flow": "true", "opening_stock": "quarter = 0", "closing_stock": f"quarter = {count - 1}"}
    added = ", ".join(
        f"sum({name}) filter ({needed[columns[name].nature]}) as {name}, "
        f"min(why_{name}) filter ({needed[columns[name].nature]}) as why_{name}"
        for name in flat
    )
    totals = "".join(
        f", {' + '.join(names)} as {name}, least({', '.join(f'why_{leaf}' for leaf in names)}, null) as why_{name}"
        for name, column in columns.items()
        if column.nature == "total"
        for names in [leaves(columns, name)]
    )
    connection.execute(
        f"create temp table base as select *{totals} from (select unit, tier, field, false as leaf, {added} "
        f"from (with key as ({keys}) {parts}) group by unit, tier, field)"
    )


def _texts(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
