"""The figures of a period as files for other systems: CSV, Parquet and SDMX-CSV, each with what describes it."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any, Literal

import orjson
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq

from etl.errors import PeriodError
from etl.pipeline import export_metadata as metadata
from etl.pipeline.office import Office, closed
from etl.pipeline.selection import moment_of

Format = Literal["csv", "parquet", "sdmx-csv"]
_ARROW = {"decimal": pa.decimal128(20, 4), "integer": pa.int32(), "dateTime": pa.timestamp("us", "UTC")}


def export(
    period_key: str, format_: Format, out: Path, *, as_of: str | None = None, licence: str | None = None
) -> dict[str, Any]:
    """Write the figures as they stand, or stood (`moment_of`), into the folder `out`: data, and what describes them.

    A figure without value is empty and has its reason. The same state gives the same bytes. licence: on what terms
    the office gives the figures; not stated unless given. Raises PeriodError when the warehouse held nothing.
    """
    office, period = Office.open(), closed(period_key)
    at = office.warehouse.known_at(period.key) if as_of is None else moment_of(as_of)
    if at is None or office.warehouse.figures_at(period.key, at) is None:
        raise PeriodError(f"kho chưa có số liệu kỳ {period.key} lúc đó (the warehouse had nothing of the period)")
    out.mkdir(parents=True, exist_ok=True)
    name = f"baocao_{period.key}"
    data = out / f"{name}.{'sdmx.csv' if format_ == 'sdmx-csv' else format_}"
    if format_ == "sdmx-csv":
        rows = office.warehouse.export(data, period.key, at, metadata.DATAFLOW)
        beside = out / f"{name}.sdmx.structure.json"
        told = metadata.structure(office.catalog, period)
    else:
        plain = data if format_ == "csv" else out / f".{name}.csv"
        rows = office.warehouse.export(plain, period.key, at)
        if format_ == "parquet":
            _parquet(plain, data, at, licence)
            plain.unlink()
        beside = out / f"{data.name}-metadata.json"
        told = metadata.csvw(data.name, period, at, _sha256(data), licence)
    beside.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    files = [{"path": str(path), "sha256": _sha256(path)} for path in (data, beside)]
    return {"period": period.key, "format": format_, "known_at": at.isoformat(), "rows": rows, "files": files}


def _parquet(plain: Path, target: Path, at: dt.datetime, licence: str | None) -> None:
    """Batch by batch; the columns with their titles in both languages in the schema's metadata."""
    types = {column.name: _ARROW.get(column.datatype, pa.string()) for column in metadata.COLUMNS}
    options = csv.ConvertOptions(column_types=types, null_values=[""], strings_can_be_null=True)
    described = pa.schema(
        [
            pa.field(one.name, types[one.name], metadata={"title_vi": one.title.vi, "title_en": one.title.en})
            for one in metadata.COLUMNS
        ],
        metadata={"known_at": at.isoformat(), "licence": licence or metadata.NO_LICENCE},
    )
    with csv.open_csv(plain, convert_options=options) as source, pq.ParquetWriter(
        target, described, compression="zstd"
    ) as writer:  # fmt: skip
        for batch in source:
            writer.write_batch(batch.cast(described))


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
