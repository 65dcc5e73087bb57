"""The carry-over chain: what was there at the close of a period opens the next. Set-based, in DuckDB."""

from __future__ import annotations

from collections.abc import Collection

import duckdb
import pyarrow as pa

from etl.indicators.tree import register
from etl.model import ALL


def chain(before: pa.Table, now: pa.Table, *, closing: str, opening: str, same: Collection[str]) -> pa.Table:
    """unit, tier, field, closing, opening, difference of every place in either period, of the units in `same`.

    before, now: FACTS of two periods that follow each other. closing, opening: codes of the two indicators. Where a
    unit and tier has no figure of a field but has the sum over fields, there was nothing in that field; a figure that
    is withheld or not there is null, and so is the difference then.
    """
    with duckdb.connect() as connection:
        connection.register("before_facts", before)
        connection.register("now_facts", now)
        register(connection, "same", ("unit",), [(code,) for code in sorted(same)])
        for name, code in (("before", closing), ("now", opening)):
            connection.execute(
                f"create temp table {name} as select unit, tier, field, value from {name}_facts "
                "join same using (unit) where indicator = ?",
                [code],
            )
        found: pa.Table = connection.sql(
            f"""with key as (select unit, tier, field from before union select unit, tier, field from now),
            told as (
                select key.*,
                    case when c.unit is not null then c.value when ca.value is not null then 0 end as closing,
                    case when o.unit is not null then o.value when oa.value is not null then 0 end as opening
                from key
                left join before c using (unit, tier, field) left join now o using (unit, tier, field)
                left join before ca on ca.unit = key.unit and ca.tier = key.tier and ca.field = '{ALL}'
                left join now oa on oa.unit = key.unit and oa.tier = key.tier and oa.field = '{ALL}')
            select *, opening - closing as difference from told order by unit, tier, field"""
        ).to_arrow_table()
        return found
