"""The SQL of `etl.parsing.counts`, a portal after the other as `parse` does: every record judged, every row cited."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from asked import measured

from bench.records_data import PAGE, PERIOD
from etl.catalog import load
from etl.model import Dossiers
from etl.parsing.counts import answered, code_rows, counting
from etl.parsing.listing import codes_of, moments_of
from etl.periods import Period
from etl.settings import ROOT

_PLATFORM = load((ROOT / "catalog",)).platforms["dossier_list"]


def work(asked: Mapping[str, Any]) -> None:
    with duckdb.connect() as whole:
        for file in sorted(Path(asked["folder"]).glob("*.parquet")):
            found = _counted(file)  # noqa: F841 (DuckDB reads it by its name)
            first = not whole.sql("show tables").fetchall()
            whole.execute("create table told as from found" if first else "insert into told from found")
        sums = ", ".join(f"sum({name})::bigint as {name}" for name in _PLATFORM.columns)
        whole.execute(f"copy (select agency, field, {sums} from told group by all) to '{asked['counted']}'")


def _counted(file: Path) -> pa.Table:
    """The rows that the program makes of a portal's records, from the tables that `etl.parsing.listing` lays out."""
    kind = _PLATFORM.records_of
    assert isinstance(kind, Dossiers)  # noqa: S101
    assert _PLATFORM.field is not None  # noqa: S101
    texts = {"key": kind.key, "field": _PLATFORM.field.column}
    texts |= {name: moment.column for name, moment in moments_of(kind).items()}
    texts |= {name: codes.column for name, codes in codes_of(kind).items()}
    told = "".join(f", {column}::varchar as {name}" for name, column in texts.items())
    at = f"file_row_number // {PAGE} as page, file_row_number % {PAGE} as place"
    listed = f"from read_parquet('{file}', file_row_number = true)"
    agency = _PLATFORM.unit.column
    with duckdb.connect() as connection:
        connection.execute(
            f"create temp table record as select {at}, null::varchar as list, null::varchar as lacks{told} {listed};"
            f"create temp table party as select {at}, '' as counts, {agency} as agency, {agency} as skip, "
            f"null::varchar as other {listed};"
            "create temp table page as select distinct page as number, 'payload-' || page as payload, "
            "'address' as uri, '/danhSach' as at, timestamptz '2026-10-15 08:00:00+07' as fetched_at from record;"
            "create temp table agency as select distinct agency as written, agency as unit, 'commune' as tier "
            "from party; create temp table field as select distinct field as written, field as code from record;"
            "create temp table skipped (agency varchar, skip varchar)"
        )
        codes = code_rows(codes_of(kind))
        connection.register(
            "code", pa.table({name: [row[at] for row in codes] for at, name in enumerate(("name", "written", "code"))})
        )
        connection.execute(counting(kind, Period.parse(PERIOD)))
        return connection.sql(answered(kind, _PLATFORM.columns)).to_arrow_table()


if __name__ == "__main__":
    measured(work)
