"""Figures of a period out of the warehouse as they are written, by COPY, in the same memory however many."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import BinaryIO

from psycopg import sql
from sqlalchemy import Connection

from etl.warehouse.staging import driver_connection

PLAIN = (
    "period", "unit", "unit_name", "unit_level", "province", "indicator", "tier", "field", "value", "reason", "state",
    "revision", "recorded_at",
)  # fmt: skip
"""Columns of an export as CSV or Parquet."""
SDMX = ("UNIT", "INDICATOR", "TIER", "FIELD", "PERIOD", "OBS_VALUE", "OBS_STATUS", "NO_VALUE_REASON", "REVISION")
"""Dimensions, measure and attributes; before them SDMX-CSV has STRUCTURE, STRUCTURE_ID and ACTION."""
STATUSES = {"final": "A", "preliminary": "P", "revised": "R", "moving": "U", None: "O"}
"""OBS_STATUS by state; None: there is no value."""

_PLAIN = sql.SQL("""
    SELECT f.period, f.unit, u.name AS unit_name, u.level AS unit_level, u.province, f.indicator, f.tier, f.field,
        f.value, f.reason, f.state, f.revision,
        to_char(f.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS recorded_at
    FROM reporting.fact_as_of({at}) f
    LEFT JOIN reporting.unit_as_of({at}) u ON u.period = f.period AND u.unit = f.unit
    WHERE f.period = {period} ORDER BY f.unit, f.indicator, f.tier, f.field""")
_SDMX = sql.SQL("""
    SELECT 'dataflow' AS "STRUCTURE", {structure} AS "STRUCTURE_ID", 'I' AS "ACTION", unit AS "UNIT",
        indicator AS "INDICATOR", tier AS "TIER", field AS "FIELD", period AS "PERIOD", value AS "OBS_VALUE",
        CASE WHEN value IS NULL THEN {missing} ELSE CASE state {states} END END AS "OBS_STATUS",
        reason AS "NO_VALUE_REASON", revision AS "REVISION"
    FROM reporting.fact_as_of({at}) WHERE period = {period} ORDER BY unit, indicator, tier, field""")


def export_csv(connection: Connection, target: BinaryIO, period_key: str, at: dt.datetime) -> int:
    """The columns PLAIN; gives the number of rows."""
    query = _PLAIN.format(at=sql.Literal(at), period=sql.Literal(period_key))
    return _copy(connection, target, query)


def export_sdmx(connection: Connection, target: BinaryIO, period_key: str, at: dt.datetime, structure: str) -> int:
    """SDMX-CSV 2.0 of the dataflow `structure`; gives the number of rows. What has no value is empty, never 0."""
    states = (
        sql.SQL("WHEN {} THEN {}").format(sql.Literal(state), sql.Literal(status))
        for state, status in STATUSES.items()
        if state is not None
    )
    query = _SDMX.format(
        structure=sql.Literal(structure),
        missing=sql.Literal(STATUSES[None]),
        states=sql.SQL(" ").join(states),
        at=sql.Literal(at),
        period=sql.Literal(period_key),
    )
    return _copy(connection, target, query)


def _copy(connection: Connection, target: BinaryIO, query: sql.Composed) -> int:
    with driver_connection(connection).cursor() as cursor:
        with cursor.copy(sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, HEADER)").format(query)) as source:
            _write(target, source)
        return cursor.rowcount


def _write(target: BinaryIO, blocks: Iterable[bytes | bytearray | memoryview]) -> None:
    for block in blocks:
        target.write(block)
