"""Where the rows of a load stand, for what is held side by side with another period."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
from sqlalchemy import select

from etl.warehouse import queries, schema
from etl.warehouse.administration import Administration

_COLUMNS = ("source", "unit", "tier", "field", "payload", "pointer")


class Rows(Administration):
    def places(self, period_key: str, dataset: str, units: Collection[str]) -> pa.Table:
        """source, unit, tier, field, payload and pointer of the rows under the figures of these units, latest load."""
        row, source = schema.standard_row.c, schema.load_source.c
        joined = schema.load_source.join(
            schema.standard_row, (row.load == source.rows_load) & (row.source == source.source)
        )
        with self._snapshot() as connection:
            load = queries.latest_load(connection, period_key, None, self._as_if)
            query = (
                select(*(row[name] for name in _COLUMNS))
                .select_from(joined)
                .where(source.load == load, source.dataset == dataset, source.role == "reporting")
                .where(row.unit.in_(sorted(units)))
            )
            found = connection.execute(query).all()
        columns = zip(*found, strict=True) if found else [()] * len(_COLUMNS)
        return pa.table({name: pa.array(values, pa.string()) for name, values in zip(_COLUMNS, columns, strict=True)})
