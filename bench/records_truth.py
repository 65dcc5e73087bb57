"""What II.06a says of the dossiers of the benchmark, counted by plain SQL from the pages as they are served.

Written from the definitions of the form (domain.md, sections 2.2 and 3.2) and not from `etl.parsing.counts`, which it
judges: nothing of the program is used here, and a day in Vietnam is had from the text of a moment by adding hours.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import duckdb

from bench.records_data import COLUMNS, LIST, TOTAL
from bench.server import execute

MEASURES = (
    *("received_total", "received_online", "received_direct_postal", "carried_over", "resolved_total"),
    *("resolved_early", "resolved_on_time", "resolved_overdue", "pending_total", "pending_in_time", "pending_overdue"),
)
Spot = tuple[str, str, str, str]
"""Measure, unit, tier, field; `all` for the tiers of a province together, and for the fields."""

_DAY = "(left({0}, 19)::timestamp + to_hours(7 - substr({0}, 21, 2)::integer))::date"
_COUNTED = """
create table dossier as
select province, MaDonViTiepNhan as agency, LinhVuc as field, TrangThai as status, KenhThucHien as channel,
    {received} as received, {ended} as ended,
    make_date(right(NgayHenTra, 4)::int, substr(NgayHenTra, 4, 2)::int, left(NgayHenTra, 2)::int) as due
from (select parse_filename(filename, true) as province, unnest(danhSach, recursive := true)
    from read_json('{pages}', format = 'newline_delimited', maximum_object_size = 67108864, filename = true,
        columns = {{{total}: 'bigint', {list}: 'struct({columns})[]'}}));
create table counted as
select province, agency, field,
    -- column 3: the union of resolved and pending
    count(*) filter (resolved or pending) as received_total,
    count(*) filter (received between first and last and channel = 2) as received_online,
    count(*) filter (received between first and last and channel in (1, 3)) as received_direct_postal,
    count(*) filter (received < first and (open or ended >= first)) as carried_over,
    count(*) filter (resolved) as resolved_total,
    count(*) filter (resolved and status <> 7 and ended < due) as resolved_early,
    count(*) filter (resolved and (status = 7 or ended = due or due is null)) as resolved_on_time,
    count(*) filter (resolved and status <> 7 and ended > due) as resolved_overdue,
    count(*) filter (pending) as pending_total,
    count(*) filter (pending and (status = 5 or due >= last or due is null)) as pending_in_time,
    count(*) filter (pending and status <> 5 and due < last) as pending_overdue
from (select *, status in (2, 4, 5, 6, 8) as open,
        status in (7, 9, 10) and ended between first and last as resolved,
        received <= last and (status in (2, 4, 5, 6, 8) or ended > last) as pending
    from dossier, (select date '{first}' as first, date '{last}' as last) where status not in (1, 3))
group by all having received_total > 0;
create table spot as
select unit, tier, field, {sums} from (
    select * exclude (field), unnest([field, 'all']) as field from (
        select unnest([agency, province, province, 'VN', 'VN']) as unit,
            unnest(['commune', 'commune', 'all', 'commune', 'all']) as tier, *
        from counted where agency not like '%.%'
        union all
        select unnest([province, province, 'VN', 'VN']) as unit,
            unnest(['province', 'all', 'province', 'all']) as tier, *
        from counted where agency like '%.%'))
where tier <> 'all' or field = 'all'  -- the form parts fields by tier
group by all;
"""


def counted(pages: Path, first: dt.date, last: dt.date) -> Mapping[Spot, int]:
    """Of every commune, province and the nation, whatever is counted there of any tier and field."""
    columns = ", ".join(f'"{name}" {"varchar" if kind == "text" else kind}' for name, kind in COLUMNS.items())
    statement = _COUNTED.format(
        pages=f"{pages}/*.jsonl",
        received=_DAY.format("NgayTiepNhan"),
        ended=_DAY.format("NgayKetThucXuLy"),
        columns=columns,
        total=TOTAL,
        list=LIST,
        first=first,
        last=last,
        sums=", ".join(f"sum({name})::bigint as {name}" for name in MEASURES),
    )
    with duckdb.connect() as connection:
        connection.execute(statement)
        rows = connection.sql(f"select unit, tier, field, {', '.join(MEASURES)} from spot").fetchall()
    return {
        (measure, unit, tier, field): value
        for unit, tier, field, *values in rows
        for measure, value in zip(MEASURES, values, strict=True)
    }


def told(url: str, period: str) -> Mapping[Spot, int | None]:
    """What the warehouse says: None where it withholds."""
    codes = {f"tthc_{measure}": measure for measure in MEASURES}
    wanted = ", ".join(f"'{code}'" for code in codes)
    rows = execute(
        url,
        "SELECT DISTINCT ON (unit, indicator, tier, field) indicator, unit, tier, field, value FROM baocao.fact "
        f"WHERE period = '{period}' AND indicator IN ({wanted}) ORDER BY unit, indicator, tier, field, revision DESC",
    )
    return {(codes[code], unit, tier, field): value for code, unit, tier, field, value in rows}


def compared(truth: Mapping[Spot, int], found: Mapping[Spot, int | None]) -> int:
    """How many figures are the same. Raises AssertionError naming some that are not.

    A figure of what no dossier is of is 0 or is not there at all; one that is withheld is the same as nothing.
    """
    other = {
        spot: (truth.get(spot, 0), found.get(spot))
        for spot in truth.keys() | found.keys()
        if (found.get(spot) if spot in truth else found[spot]) != truth.get(spot, 0)
    }
    some = dict(sorted(other.items())[:5])
    assert not other, f"{len(other)} figures differ (in SQL, in the warehouse): {some}"  # noqa: S101
    return len(truth)
