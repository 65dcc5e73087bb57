"""Soda Core over DuckDB: each rule a query of the rows that fail it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ["SODA_CORE_TELEMETRY_ENABLED"] = "false"

import json

import duckdb
from asked import laid_out, measured
from soda.scan import Scan

_QUERY = "select count(*) from (select ({}) as bad from rows) where bad"


def work(asked: Mapping[str, Any], folder: Path) -> Mapping[str, int]:
    connection = duckdb.connect()
    laid_out(connection, folder)
    scan = Scan()
    scan.add_duckdb_connection(connection, data_source_name="bench")
    scan.set_data_source_name("bench")
    checks = [
        {
            f"broken_{number} = 0": {
                "name": rule["id"],
                f"broken_{number} query": _QUERY.format(rule["violation"]),
            }
        }
        for number, rule in enumerate(asked["rules"])
    ]
    scan.add_sodacl_yaml_str(json.dumps({"checks for rows": checks}))
    scan.execute()
    results = scan.get_scan_results()
    if len(results["checks"]) != len(checks):
        raise SystemExit(scan.get_logs_text())
    return {one["name"]: int(one["diagnostics"]["value"]) for one in results["checks"]}


if __name__ == "__main__":
    measured(work)
