"""pandas, whole columns at a time. how: `whole` for every file as one frame, `each` for one file after the other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from asked import measured

_OPEN, _CLOSED = [2, 4, 5, 6, 8], [7, 9, 10]


def work(asked: Mapping[str, Any]) -> None:
    files = sorted(Path(asked["folder"]).glob("*.parquet"))
    parts = [asked["folder"]] if asked["how"] == "whole" else files
    pd.concat([_counted(part, asked) for part in parts]).reset_index().to_parquet(asked["counted"])


def _counted(file: Any, asked: Mapping[str, Any]) -> pd.DataFrame:
    names = {
        "MaDonViTiepNhan": "agency",
        "LinhVuc": "field",
        "TrangThai": "status",
        "KenhThucHien": "channel",
        "NgayTiepNhan": "received",
        "NgayKetThucXuLy": "ended",
        "NgayHenTra": "due",
    }
    frame = pd.read_parquet(file, columns=list(names)).rename(columns=names)
    frame = frame[~frame["status"].isin([1, 3])]
    first, last = pd.Timestamp(asked["first"]), pd.Timestamp(asked["last"])
    received, ended = (_day(frame[name]) for name in ("received", "ended"))
    due = pd.to_datetime(frame["due"], format="%d/%m/%Y")
    status, channel = frame["status"], frame["channel"]
    open_, returned, waits = status.isin(_OPEN), status == 7, status == 5
    resolved = status.isin(_CLOSED) & ended.between(first, last)
    pending = (received <= last) & (open_ | (ended > last))
    fresh = received.between(first, last)
    counts = {
        "received_total": resolved | pending,
        "received_online": fresh & (channel == 2),
        "received_direct_postal": fresh & channel.isin([1, 3]),
        "carried_over": (received < first) & (open_ | (ended >= first)),
        "resolved_total": resolved,
        "resolved_early": resolved & ~returned & (ended < due),
        "resolved_on_time": resolved & (returned | (ended == due) | due.isna()),
        "resolved_overdue": resolved & ~returned & (ended > due),
        "pending_total": pending,
        "pending_in_time": pending & (waits | (due >= last) | due.isna()),
        "pending_overdue": pending & ~waits & (due < last),
    }
    return pd.DataFrame(counts).groupby([frame["agency"], frame["field"]], sort=False).sum()


def _day(moments: pd.Series) -> pd.Series:
    """The calendar day in Vietnam, without its zone."""
    read = pd.to_datetime(moments, format="%Y-%m-%dT%H:%M:%S%z", utc=True)
    return (read + pd.Timedelta(hours=7)).dt.tz_localize(None).dt.normalize()


if __name__ == "__main__":
    measured(work)
