"""Dossiers of the whole country as 34 portals list them: pages of JSON, and the same records as Parquet and COPY bytes.

Every number of dossiers gives the same bytes on every machine. Numbers are drawn by numpy and written by DuckDB.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pgpq
import pyarrow as pa
import pyarrow.parquet as pq

from etl.catalog import load
from etl.periods import Period
from etl.settings import ROOT

PERIOD = "2026-Q3"
PAGE = 2000
"""Records on a page: what catalog/platforms/dossier_list.yml asks for."""
LIST, TOTAL = "danhSach", "tongSo"
COLUMNS = {
    **dict.fromkeys(("MaHoSo", "MaTTHC", "LinhVuc"), "text"),
    "KenhThucHien": "bigint",
    **dict.fromkeys(("NgayTiepNhan", "NgayHenTra", "NgayKetThucXuLy", "MaDonViTiepNhan"), "text"),
    "TrangThai": "bigint",
    "LoaiDoiTuong": "text",
    "MucDo": "bigint",
    **dict.fromkeys(("ThanhPhanHoSo", "DuocThanhToanTrucTuyen", "HoSoCoThanhPhanSoHoa"), "bigint"),
    **dict.fromkeys(("TaiKhoanDuocXacThucVoiVNeID", "DuocLayTuKhoDMQG"), "bigint"),
}
"""Of a record, in their order, with their type in PostgreSQL (the fields of the synchronisation: domain.md, 3.2)."""
UNREAD = [name for name in COLUMNS if list(COLUMNS).index(name) > list(COLUMNS).index("MucDo")]
"""Columns that the platform of the catalog knows nothing of: declared as ignored, each of them."""
_DEPARTMENTS = 12
_BEFORE, _AFTER, _LATER = 75, 4, 20
"""Days before the period from which dossiers were received, after it until which, and after it on which one looks."""
_SECONDS = 86_400
_OFFSET = 7 * 3600
_WEIGHTS = (20, 45, 10, 4, 4, 2, 3, 1, 1, 1, 1, 2, 1, 1, 2, 2)
"""How often each field of fields.csv occurs in a commune; a department has one of its own."""


@dataclass(frozen=True)
class Made:
    """folder: pages/<province>.jsonl (a page a line), records/<province>.parquet, and ready.bin for COPY."""

    folder: Path
    provinces: tuple[str, ...]
    records: int
    pages: int
    bytes: int


def make(folder: Path, count: int) -> Made:
    """So many dossiers as pages, as Parquet and as the bytes of COPY. Raises ValueError as `tables` does."""
    for name in ("pages", "records"):
        (folder / name).mkdir(parents=True)
    provinces, pages, size = list[str](), 0, 0
    encoder = pgpq.ArrowToPostgresBinaryEncoder(_schema())
    with (folder / "ready.bin").open("wb") as ready:
        ready.write(encoder.write_header())
        for province, records in tables(count):
            provinces.append(province)
            pq.write_table(records, folder / f"records/{province}.parquet", compression="zstd")
            for batch in records.combine_chunks().to_batches(max_chunksize=50_000):
                ready.write(encoder.write_batch(batch))
            bodies = _bodies(records)
            with (folder / f"pages/{province}.jsonl").open("wb") as file:
                file.writelines(body.encode() + b"\n" for body in bodies)
            pages += len(bodies)
            size += sum(len(body.encode()) for body in bodies)
        ready.write(encoder.finish())
    return Made(folder, tuple(provinces), count, pages, size)


def tables(count: int) -> Iterator[tuple[str, pa.Table]]:
    """So many dossiers, parted over the provinces by how many communes each has: a province and what it lists.

    Raises ValueError below one dossier for each agency: one without any would be missing, and withhold the nation.
    """
    catalog, period = load((ROOT / "catalog",)), Period.parse(PERIOD)
    tree = catalog.tree(period)
    provinces = {unit.code: _agencies(tree, unit.code) for unit in tree.at_level("province")}
    agencies = sum(map(len, provinces.values()))
    if count < agencies:
        raise ValueError(f"--rows: at least {agencies:,}, a dossier for every agency of the country")
    ends, seen = np.cumsum([len(all_) for all_ in provinces.values()]) * count // agencies, 0
    for (province, places), end in zip(provinces.items(), ends.tolist(), strict=True):
        yield province, _records(province, places, list(catalog.fields), period, end - seen)
        seen = end


def _agencies(tree: Any, province: str) -> list[str]:
    communes = [unit.code for unit in tree.below(province) if unit.level == "commune"]
    return [*communes, *(f"{province}.{number:02}" for number in range(1, _DEPARTMENTS + 1))]


def _records(province: str, places: list[str], fields: list[str], period: Period, count: int) -> pa.Table:
    """In the order of reception, as a portal lists them."""
    drawn = pa.table(_drawn(int(province), len(places), len(fields), period, count))
    with duckdb.connect() as connection:
        connection.register("drawn", drawn)
        connection.register("place", pa.table({"number": pa.array(range(len(places)), pa.int64()), "code": places}))
        connection.register("known", pa.table({"number": pa.array(range(len(fields)), pa.int64()), "code": fields}))
        made = connection.sql(_TEXTS, params={"province": province}).to_arrow_table()
    return made.cast(_schema())


def _schema() -> pa.Schema:
    return pa.schema([(name, pa.string() if kind == "text" else pa.int64()) for name, kind in COLUMNS.items()])


_TEXTS = """
with told as (
    select d.* exclude (agency), p.code as agency, f.code as field_code,
        make_timestamp(received * 1000000) as began, make_timestamp(ended * 1000000) as done
    from drawn d join place p on p.number = d.agency join known f on f.number = d.field
)
select 'H' || $province || '.' || right(agency, 2) || '-' || strftime(began, '%y%m%d') || '-'
        || lpad(number::varchar, 7, '0') as MaHoSo,
    '1.' || lpad((10000 + field * 50 + number % 50)::varchar, 6, '0') || '.000.00.00.H' || $province as MaTTHC,
    field_code as LinhVuc,
    nullif(channel, 0) as KenhThucHien,
    case when number % 5 = 0 then strftime(began, '%Y-%m-%dT%H:%M:%S+00:00')
        else strftime(began + interval 7 hour, '%Y-%m-%dT%H:%M:%S+07:00') end as NgayTiepNhan,
    strftime(make_date(nullif(due, -1)::integer), '%d/%m/%Y') as NgayHenTra,
    case when closed then strftime(done + interval 7 hour, '%Y-%m-%dT%H:%M:%S+07:00') end as NgayKetThucXuLy,
    agency as MaDonViTiepNhan,
    status as TrangThai,
    ['Công dân', 'Doanh nghiệp', 'Tổ chức nhà nước'][1 + number % 7 // 5 + number % 49 // 48] as LoaiDoiTuong,
    3 + number % 2 as MucDo,
    number % 3 as ThanhPhanHoSo, number % 2 as DuocThanhToanTrucTuyen, number // 2 % 2 as HoSoCoThanhPhanSoHoa,
    number // 3 % 2 as TaiKhoanDuocXacThucVoiVNeID, number // 5 % 2 as DuocLayTuKhoDMQG
from told order by received, number
"""


def _drawn(seed: int, agencies: int, fields: int, period: Period, count: int) -> Mapping[str, Any]:
    """Moments are seconds UTC, due a day since 1970 or -1, channel 0 where none is told.

    The first dossiers, one an agency, count in the period whatever else is drawn: a commune without any is a hole.
    """
    draw = np.random.default_rng([2026, seed])
    day = np.datetime64("1970-01-01")
    first, last = (int((np.datetime64(one) - day).astype(int)) for one in (period.first_day, period.last_day))
    number = np.arange(count)
    sure = number < agencies
    agency = np.where(sure, number, draw.choice(agencies, count, p=_shares(draw, agencies)))
    weights = np.resize(_WEIGHTS, fields) / np.resize(_WEIGHTS, fields).sum()
    field = np.where(agency >= agencies - _DEPARTMENTS, agency % fields, draw.choice(fields, count, p=weights))
    received_day = np.where(sure, first + number % 30, draw.integers(first - _BEFORE, last + _AFTER + 1, count))
    received = received_day * _SECONDS + draw.integers(0, _SECONDS, count) - _OFFSET
    allotted = draw.choice([0, 3, 5, 10, 20, 30], count)
    due = np.where(draw.random(count) < 0.03, -1, received_day + allotted)
    spent = np.where(draw.random(count) < 0.3, allotted, draw.geometric(1 / (allotted + 3)) - 1)
    ended_day = received_day + spent
    within = draw.random(count) ** 0.5
    evening = (received_day + 1) * _SECONDS - _OFFSET
    ended = np.where(
        spent == 0,
        received + ((evening - 1 - received) * within).astype(np.int64),
        ended_day * _SECONDS + (within * (_SECONDS - 1)).astype(np.int64) - _OFFSET,
    )
    closed = ended_day <= last + _LATER
    open_ = draw.choice([2, 4, 4, 4, 4, 5, 6, 8], count)
    status = np.where(closed, draw.choice([7, 9, 10, 10, 10, 9, 10, 10, 10, 9, 10, 10], count), open_)
    fate = draw.random(count)
    status = np.where(sure, status, np.select([fate < 0.008, fate < 0.02], [1, 3], status))
    channel = draw.choice([1, 2, 2, 2, 1, 3], count)
    channel = np.where((draw.random(count) < 0.002) & ~sure, 0, channel)
    names = ("number", "agency", "field", "received", "due", "ended", "closed", "status", "channel")
    closed &= ~np.isin(status, (1, 3))
    return dict(zip(names, (number, agency, field, received, due, ended, closed, status, channel), strict=True))


def _shares(draw: np.random.Generator, agencies: int) -> Any:
    """Some agencies have many times as many dossiers as others; a department as many as several communes."""
    size = draw.lognormal(0, 0.7, agencies)
    size[-_DEPARTMENTS:] *= 4
    return size / size.sum()


def _bodies(records: pa.Table) -> list[str]:
    """The text of each page."""
    told = " || ',' || ".join(f"'{json.dumps(name)}:' || {_told(name)}" for name in COLUMNS)
    with duckdb.connect() as connection:
        connection.register("records", records.append_column("place", pa.array(range(records.num_rows))))
        found = connection.sql(
            f'select \'{{"{TOTAL}":{records.num_rows},"{LIST}":[\' || '
            f"string_agg('{{' || {told} || '}}', ',' order by place) || ']}}' from records "
            f"group by place // {PAGE} order by place // {PAGE}"
        ).fetchall()
    return [body for (body,) in found]


def _told(name: str) -> str:
    text = f"'\"' || {name} || '\"'" if COLUMNS[name] == "text" else f"{name}::varchar"
    return f"coalesce({text}, 'null')"
