"""What lies between the steps of a run, as Parquet and JSON under work/<period>/<run>/ in the store."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from upath import UPath

from etl.model import Finding, Hole
from etl.tables import FINDINGS


def write(path: UPath, table: pa.Table) -> None:
    with path.open("wb") as target:
        pq.write_table(table, target, compression="zstd")


@contextmanager
def writing(path: UPath, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """Tables written one after the other into one file, so that they need not be held together."""
    with path.open("wb") as target, pq.ParquetWriter(target, schema, compression="zstd") as writer:
        yield writer.write_table


def read(path: UPath, columns: Sequence[str] | None = None) -> pa.Table:
    with path.open("rb") as source:
        return pq.read_table(source, columns=columns)


def in_place(path: UPath) -> Path | pa.Table:
    """The file itself where it lies on this machine, so that only what is asked for is read of it; else all of it."""
    return Path(path.path) if path.protocol in ("", "file") else read(path)


def write_findings(path: UPath, findings: Iterable[Finding]) -> None:
    write(path, pa.Table.from_pylist([asdict(finding) for finding in findings], schema=FINDINGS))


def read_findings(path: UPath) -> list[Finding]:
    return [Finding(**row) for row in read(path).to_pylist()]


def holes_in(work: UPath, dataset: str) -> list[Hole]:
    """Those of the check, and those of parts that do not tile the period."""
    return [
        Hole(**hole) for kind in ("holes", "gaps") for hole in json.loads((work / f"{kind}_{dataset}.json").read_text())
    ]


def by_source(findings: Iterable[Finding]) -> dict[str, list[dict[str, Any]]]:
    """For people and programs: of each source each rule once, with its count and the first message."""
    found: dict[str, dict[tuple[str, str], dict[str, Any]]] = {}
    for finding in findings:
        rules = found.setdefault(finding.source, {})
        told = {"rule": finding.rule, "severity": finding.severity, "count": 0, "message": finding.message}
        rules.setdefault((finding.rule, finding.severity), told)["count"] += finding.times
    return {source: [rules[key] for key in sorted(rules)] for source, rules in sorted(found.items())}
