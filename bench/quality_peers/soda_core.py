"""Soda Core over DuckDB: each rule a query of the rows that fail it, which its sampler is handed."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

os.environ["SODA_CORE_TELEMETRY_ENABLED"] = "false"

import json

import duckdb
import soda.sampler.db_sample
from asked import Told, failing, laid_out, told
from soda.common.memory_safe_cursor_fetcher import MemorySafeCursorFetcher
from soda.sampler.sample_context import SampleContext
from soda.sampler.sample_ref import SampleRef
from soda.sampler.sampler import Sampler
from soda.scan import Scan

# It hands on ten thousand failing rows at most, with no setting for it; asking again for the others would cost it more.
soda.sampler.db_sample.MemorySafeCursorFetcher = partial(MemorySafeCursorFetcher, limit=sys.maxsize)


class Failing(Sampler):
    def __init__(self) -> None:
        self.rows: dict[str, list[int]] = {}

    def store_sample(self, sample_context: SampleContext) -> SampleRef:
        rows = [number for (number,) in sample_context.sample.get_rows()]
        self.rows[sample_context.check_name] = rows
        kept = SampleRef.TYPE_NOT_PERSISTED
        return SampleRef(sample_context.sample_name, sample_context.sample.get_schema(), len(rows), len(rows), kept)


def judge(asked: Mapping[str, Any], folder: Path) -> Told:
    connection = duckdb.connect()
    laid_out(connection, folder)
    scan, sampler = Scan(), Failing()
    scan.sampler = sampler
    scan.add_duckdb_connection(connection, data_source_name="bench")
    scan.set_data_source_name("bench")
    checks = [
        {"failed rows": {"name": rule["id"], "fail query": failing(rule["violation"])}} for rule in asked["rules"]
    ]
    scan.add_sodacl_yaml_str(json.dumps({"checks for rows": checks}))
    scan.execute()
    results = scan.get_scan_results()
    counts = {one["name"]: int(one["diagnostics"]["value"]) for one in results["checks"]}
    if len(counts) != len(checks) or counts != {rule: len(rows) for rule, rows in sampler.rows.items()}:
        raise SystemExit(scan.get_logs_text())
    return sampler.rows


if __name__ == "__main__":
    told(judge)
