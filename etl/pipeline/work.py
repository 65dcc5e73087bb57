"""The tables of one run, as Parquet in its folder of the store (work/<period>/<run>/)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

import pyarrow as pa
import pyarrow.parquet as pq
from upath import UPath

from etl.model import Finding
from etl.tables import FINDINGS


def write(path: UPath, table: pa.Table) -> None:
    with path.open("wb") as target:
        pq.write_table(table, target, compression="zstd")


def read(path: UPath) -> pa.Table:
    with path.open("rb") as source:
        return pq.read_table(source)


def to_table(findings: Iterable[Finding]) -> pa.Table:
    return pa.Table.from_pylist([asdict(finding) for finding in findings], schema=FINDINGS)


def from_table(table: pa.Table) -> list[Finding]:
    return [Finding(**row) for row in table.to_pylist()]
