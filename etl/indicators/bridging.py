"""A source that counts single days or months only: its parts made into one figure of the whole period.

Flows are added over the parts, an opening stock is that of the first part, a closing stock that of the last, and a
total is added up from what it consists of. All set-based; rows that count the whole period pass as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from etl.errors import QualityError
from etl.indicators.natures import leaves
from etl.model import Dataset, Hole, Source
from etl.periods import Interval

_NEEDED = {"flow": "true", "opening_stock": "first_day = whole_first", "closing_stock": "last_day = whole_last"}
"""Which of the parts a measure of each nature is of."""


@dataclass(frozen=True)
class Gap:
    """An agency whose parts do not tile the period: `days` says in Vietnamese which are missing or counted twice.

    hole: missing_unit where days are missing, quarantined where some are counted twice. agency: of a commune its unit.
    """

    hole: Hole
    agency: str
    days: str


def bridge(
    good: pa.Table, *, dataset_id: str, dataset: Dataset, days: Mapping[str, Interval], sources: Mapping[str, Source]
) -> tuple[pa.Table, list[Gap]]:
    """The rows with the parts of each agency and field made one, and a gap where its parts do not tile the period.

    days: what the rows of each source must cover. A field that an agency has no row of on some days, while it has
    rows of others, had nothing happen on those days.
    Raises QualityError for rows of a source whose days are not given.
    """
    with duckdb.connect() as connection:
        connection.register("good", good)
        whole = {
            "source": pa.array(list(days), pa.string()),
            "whole_first": pa.array([one.first_day for one in days.values()], pa.date32()),
            "whole_last": pa.array([one.last_day for one in days.values()], pa.date32()),
        }
        connection.register("whole", pa.table(whole))
        _refuse_unknown(connection)
        connection.execute(
            "create temp table placed as select good.*, whole_first, whole_last, (first_day, last_day) "
            "is distinct from (whole_first, whole_last) as part from good join whole using (source)"
        )
        if not connection.sql("select 1 from placed where part limit 1").fetchall():
            return good, []
        gaps = [
            Gap(Hole(dataset_id, source, sources[source].unit, unit, tier, None, reason), agency, days_)
            for source, unit, tier, reason, agency, days_ in connection.sql(_UNTILED).fetchall()
        ]
        measures = ", ".join(dataset.columns)
        bridged: pa.Table = connection.sql(
            f"select source, agency, unit, tier, field, {measures} from placed where not part "
            f"union all by name select source, agency, unit, tier, field, {_measures(dataset)} from placed where part "
            "group by source, agency, unit, tier, field"
        ).to_arrow_table()
        return bridged, gaps


# A commune may change its name within the period, so its agency is its unit; a department is known by its name only.
# Where an agency has both rows of parts and rows of the whole, the days of the parts are counted twice.
_UNTILED = """
with told as (
    select distinct source, unit, tier, case when tier = 'commune' then unit else agency end as who,
        first_day, last_day, whole_first, whole_last
    from placed
    qualify bool_or(part) over (partition by source, unit, tier, who)
), stepped as (
    select *, coalesce(lag(last_day) over each_part + 1, whole_first) as due, lead(first_day) over each_part as after
    from told window each_part as (partition by source, unit, tier, who order by first_day, last_day)
), wrong as (
    select source, unit, tier, who, least(first_day, due) as since, greatest(first_day, due) - 1 as until,
        first_day < due as twice
    from stepped where first_day <> due
    union all
    select source, unit, tier, who, least(last_day, whole_last) + 1, greatest(last_day, whole_last),
        last_day > whole_last
    from stepped where after is null and last_day <> whole_last
)
select source, unit, tier, case when bool_or(twice) then 'quarantined' else 'missing_unit' end as reason, who,
    string_agg(case when twice then 'trùng ' else 'thiếu ' end || strftime(since, '%d/%m/%Y')
        || case when until > since then ' - ' || strftime(until, '%d/%m/%Y') else '' end, ', ' order by since) as which
from wrong group by source, unit, tier, who order by all
"""


def _measures(dataset: Dataset) -> str:
    """SQL of each measure over the parts. Null as soon as one of the parts that it is of gives none."""
    of = {
        name: f"case when count({name}) filter ({needed}) = count(*) filter ({needed}) and count({name}) > 0 "
        f"then coalesce(sum({name}) filter ({needed}), 0)::bigint end"
        for name, column in dataset.columns.items()
        if column.nature != "total"
        for needed in [_NEEDED[column.nature]]
    }
    return ", ".join(
        f"{of.get(name) or ' + '.join(of[leaf] for leaf in leaves(dataset.columns, name))} as {name}"
        for name in dataset.columns
    )


def _refuse_unknown(connection: duckdb.DuckDBPyConnection) -> None:
    """A join would drop such rows in silence."""
    unknown = connection.sql("select distinct source from good where source not in (select source from whole)")
    if found := unknown.fetchall():
        raise QualityError(f"rows of {found[0][0]}, but not the days that they should cover")
