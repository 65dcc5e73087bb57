"""polars, lazily over every file. how: the engine, `streaming` or `in-memory`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import polars as pl
from asked import measured


def work(asked: Mapping[str, Any]) -> None:
    first, last = (dt.date.fromisoformat(asked[name]) for name in ("first", "last"))
    status, channel = pl.col("TrangThai"), pl.col("KenhThucHien")
    received, ended, due = pl.col("received"), pl.col("ended"), pl.col("due")
    resolved, pending, fresh, open_ = (pl.col(name) for name in ("resolved", "pending", "fresh", "open"))
    counts = {
        "received_total": resolved | pending,
        "received_online": fresh & (channel == 2),
        "received_direct_postal": fresh & channel.is_in([1, 3]),
        "carried_over": (received < first) & (open_ | (ended >= first)),
        "resolved_total": resolved,
        "resolved_early": resolved & (status != 7) & (ended < due),
        "resolved_on_time": resolved & ((status == 7) | (ended == due) | due.is_null()),
        "resolved_overdue": resolved & (status != 7) & (ended > due),
        "pending_total": pending,
        "pending_in_time": pending & ((status == 5) | (due >= last) | due.is_null()),
        "pending_overdue": pending & (status != 5) & (due < last),
    }
    (
        pl.scan_parquet(f"{asked['folder']}/*.parquet")
        .filter(~status.is_in([1, 3]))
        .with_columns(
            received=_day("NgayTiepNhan"),
            ended=_day("NgayKetThucXuLy"),
            due=pl.col("NgayHenTra").str.to_date("%d/%m/%Y"),
            open=status.is_in([2, 4, 5, 6, 8]),
        )
        .with_columns(
            resolved=status.is_in([7, 9, 10]) & ended.is_between(first, last),
            pending=(received <= last) & (open_ | (ended > last)),
            fresh=received.is_between(first, last),
        )
        .group_by(agency="MaDonViTiepNhan", field="LinhVuc")
        .agg(**{name: counted.sum().cast(pl.Int64) for name, counted in counts.items()})
        .collect(engine=asked["how"])
        .write_parquet(asked["counted"])
    )


def _day(column: str) -> pl.Expr:
    """The calendar day in Vietnam."""
    read = pl.col(column).str.to_datetime("%Y-%m-%dT%H:%M:%S%z", time_unit="us", time_zone="UTC")
    return (read + pl.duration(hours=7)).dt.date()


if __name__ == "__main__":
    measured(work)
