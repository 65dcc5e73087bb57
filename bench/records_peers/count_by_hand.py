"""DuckDB, one statement over every file, written for these columns and these definitions: the least there is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
from asked import measured

_DAY = "(left({0}, 19)::timestamp + to_hours(7 - substr({0}, 21, 2)::integer))::date"
_COUNTED = """
copy (select agency, field,
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
    from (select MaDonViTiepNhan as agency, LinhVuc as field, TrangThai as status, KenhThucHien as channel,
            {received} as received, {ended} as ended,
            make_date(right(NgayHenTra, 4)::int, substr(NgayHenTra, 4, 2)::int, left(NgayHenTra, 2)::int) as due,
            date '{first}' as first, date '{last}' as last
        from read_parquet('{folder}/*.parquet')) where status not in (1, 3))
group by all) to '{counted}'
"""


def work(asked: Mapping[str, Any]) -> None:
    days = {"received": _DAY.format("NgayTiepNhan"), "ended": _DAY.format("NgayKetThucXuLy")}
    with duckdb.connect() as connection:
        connection.execute(_COUNTED.format(**asked, **days))


if __name__ == "__main__":
    measured(work)
