"""What lies between the steps of a run, as Parquet and JSON under work/<period>/<run>/ in the store."""

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


def write_findings(path: UPath, findings: Iterable[Finding]) -> None:
    write(path, pa.Table.from_pylist([asdict(finding) for finding in findings], schema=FINDINGS))


def read_findings(path: UPath) -> list[Finding]:
    return [Finding(**row) for row in read(path).to_pylist()]
