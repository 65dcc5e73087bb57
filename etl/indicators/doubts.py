"""Measures that are in doubt where others of the same rows are not."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from etl.indicators.tree import register
from etl.model import ALL, Hole

Doubt = tuple[Hole, Sequence[str]]
"""Where, and which measures; the others are as they were."""


def withhold_measures(
    connection: duckdb.DuckDBPyConnection, measures: Sequence[str], spots: set[tuple[str, str, str | None, str]]
) -> None:
    """The table base with these measures withheld in the fields of the places, in the sums over fields, and in what
    these are counted in. A field None means every field."""
    register(connection, "doubt", ("unit", "tier", "field", "why"), sorted(spots, key=str))
    connection.execute(
        "create or replace temp table doubtful as select upper as unit, tier, field, min(why) as why "
        "from doubt join above using (unit) group by upper, tier, field"
    )
    connection.execute(
        f"insert into doubtful select unit, '{ALL}', null, min(why) from doubtful "
        "where not exists (select 1 from place where unit = doubtful.unit and tier = 'commune') group by unit"
    )
    held = ", ".join(f"least(why_{name}, why) as why_{name}" for name in measures)
    connection.execute(
        f"""create or replace temp table base as with told as (
            select base.unit, base.tier, base.field, min(why) as why from base join doubtful d
            on d.unit = base.unit and d.tier = base.tier
                and (d.field is null or d.field = base.field or base.field = '{ALL}')
            group by all)
        select base.* replace ({held}) from base left join told using (unit, tier, field)"""
    )
