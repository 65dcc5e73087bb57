"""Which figures of a closed period moved between two pulls, and every figure that is made of them.

A sum is called moving also where its own value stayed: what it is made of was moved from one part to another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
import pyarrow as pa

from etl.indicators.natures import leaves
from etl.indicators.tree import lay_out_units, register
from etl.model import ALL, Dataset, Indicator
from etl.tables import FACTS
from etl.units import UnitTree

_NEEDED = {"flow": "true", "opening_stock": "{part} = 0", "closing_stock": "{part} = {last}", "total": "true"}
"""Which part of a longer period a measure of each nature is of."""


def moved(before: pa.Table, after: pa.Table, dataset: Dataset) -> pa.Table:
    """What the rows of the same sources say otherwise, the biggest change first.

    Columns: source, agency (of a commune its unit), unit, tier, field, measure, before, after. A row that came or
    went is a change unless it is of 0; rows whose unit or field is unknown make no figure and are left aside.
    """
    with duckdb.connect() as connection:
        for name, rows in (("before", before), ("after", after)):
            connection.register(f"{name}_rows", rows)
            added = ", ".join(
                f"case when count({column}) = count(*) then sum({column})::bigint end as {column}"
                for column in dataset.columns
            )
            connection.execute(
                f"create temp table {name} as select source, case when tier = 'commune' then unit else agency end "
                f"as agency, unit, tier, field, {added}, true as told from {name}_rows "
                "where unit is not null and tier is not null and field is not null group by all"
            )
        measures = " union all ".join(
            f"select source, agency, unit, tier, field, '{name}' as measure, before.{name} as before, "
            f"after.{name} as after from before full join after using (source, agency, unit, tier, field) "
            f"where before.{name} is distinct from after.{name} "
            f"and not ((before.told is null or after.told is null) and coalesce(before.{name}, after.{name}, 0) = 0)"
            for name in dataset.columns
        )
        found: pa.Table = connection.sql(
            f"select * from ({measures}) order by abs(coalesce(after, 0) - coalesce(before, 0)) desc, "
            "source, unit, agency, field, measure"
        ).to_arrow_table()
        return found


def spread(moved: pa.Table, dataset: Dataset, tree: UnitTree) -> pa.Table:
    """Every unit, tier, field and measure that is, or adds up, one that moved."""
    with duckdb.connect() as connection:
        connection.register("moved", moved)
        lay_out_units(connection, dataset, tree)
        connection.execute(
            "create temp table touched as select distinct upper as unit, tier, field, measure "
            "from moved join above using (unit)"
        )
        connection.execute(
            f"insert into touched select distinct unit, tier, '{ALL}', measure from touched where field <> '{ALL}'"
        )
        connection.execute(
            f"insert into touched select distinct unit, '{ALL}', '{ALL}', measure from touched "
            "where not exists (select 1 from place where unit = touched.unit and tier = 'commune')"
        )
        found: pa.Table = connection.sql("select distinct * from touched").to_arrow_table()
        return found


def from_parts(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, of_column: Mapping[str, str], count: int
) -> pa.Table:
    """What is moving in the tables facts_0 to facts_<count - 1> of a longer period's parts, as `spread` gives it."""
    parts = " union ".join(
        f"select unit, tier, field, '{column}' as measure from facts_{part} where moving and indicator = '{code}' "
        f"and {_NEEDED[dataset.columns[column].nature].format(part=part, last=count - 1)}"
        for column, code in of_column.items()
        if column in dataset.columns
        for part in range(count)
    )
    found: pa.Table = connection.sql(parts).to_arrow_table()
    return found


def mark(facts: pa.Table, touched: pa.Table, *, dataset: Dataset, indicators: Sequence[Indicator]) -> pa.Table:
    """FACTS with `moving` set for each figure with a value that needs a touched measure."""
    needs = _needs(dataset, indicators)
    with duckdb.connect() as connection:
        connection.register("facts", facts)
        connection.register("touched", touched)
        register(connection, "needs", ("indicator", "measure"), needs)
        connection.execute(
            "create temp table hit as select distinct indicator, unit, tier, field "
            "from touched join needs using (measure)"
        )
        marked: pa.Table = connection.sql(
            "select facts.* replace (facts.moving or (value is not null and hit.unit is not null) as moving) "
            "from facts left join hit using (indicator, unit, tier, field) order by indicator, unit, tier, field"
        ).to_arrow_table()
        return marked.cast(FACTS)


def made_of(touched: pa.Table, dataset: Dataset, indicators: Sequence[Indicator]) -> list[tuple[str, str, str, str]]:
    """indicator, unit, tier and field of every figure that needs a touched measure (see `spread`)."""
    with duckdb.connect() as connection:
        connection.register("touched", touched)
        register(connection, "needs", ("indicator", "measure"), _needs(dataset, indicators))
        query = "select distinct indicator, unit, tier, field from touched join needs using (measure)"
        found: list[tuple[str, str, str, str]] = connection.sql(query).fetchall()
        return found


def _needs(dataset: Dataset, indicators: Sequence[Indicator]) -> list[tuple[str, str]]:
    """Of each indicator the measures that it is made of, and what these come down to."""
    return [
        (indicator.code, leaf)
        for indicator in indicators
        for column in _columns(indicator)
        if column in dataset.columns
        for leaf in dict.fromkeys([column, *leaves(dataset.columns, column)])
    ]


def _columns(indicator: Indicator) -> tuple[str, ...]:
    if indicator.ratio is not None:
        return (*indicator.ratio.numerator, *indicator.ratio.denominator)
    return (indicator.sum,) if indicator.sum is not None else ()
