"""The titles that sources give what their rows are split by, read from the records themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB

from etl.warehouse import schema
from etl.warehouse.queries import AsIf, latest_load


def titles(
    connection: Connection,
    period_key: str,
    columns: Mapping[str, Sequence[str]],
    known_at: dt.datetime | None,
    as_if: AsIf | None = None,
) -> dict[str, dict[str, str]]:
    """See Warehouse.titles. Of several titles of one code the first in order counts."""
    source, row = schema.load_source.c, schema.standard_row.c
    rows = schema.load_source.join(schema.standard_row, (row.load == source.rows_load) & (row.source == source.source))
    load = latest_load(connection, period_key, known_at, as_if)
    found: dict[str, dict[str, str]] = {}
    for name, path in columns.items():
        title = func.jsonb_extract_path_text(cast(row.raw, JSONB), *path)
        query = (
            select(row.field, func.min(title.collate("C")))
            .select_from(rows)
            .where(source.load == load, source.source == name, row.field.is_not(None), title.is_not(None))
            .group_by(row.field)
        )
        found[name] = {one[0]: one[1] for one in connection.execute(query)}
    return found
