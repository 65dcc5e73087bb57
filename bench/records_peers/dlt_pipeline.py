"""dlt into PostgreSQL. how: `rest_api` or `arrow`, the loader's file format, how many processes normalise.

rest_api: dlt's own source of JSON interfaces, an endpoint a portal. arrow: pages fetched and made tables by hand, which
dlt takes over as they are. Its telemetry is off, and it is spared what it can be: no indexes, no nesting, no progress,
no compression of what it writes for itself. Its own ids stay: without them it took as long. More than one process
normalise only where what was extracted lies in several files.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

os.environ |= {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "ERROR",
    "EXTRACT__WORKERS": "4",
    "LOAD__WORKERS": "2",
    "LOAD__DELETE_COMPLETED_JOBS": "true",
    "DATA_WRITER__DISABLE_COMPRESSION": "true",
    "NORMALIZE__WORKERS": sys.argv[2].split()[2],
    "DATA_WRITER__FILE_MAX_ITEMS": str(10**9 if sys.argv[2].endswith(" 1") else 10**5),
}

import dlt
import orjson
import psycopg2
import pyarrow as pa
import requests
from asked import key, measured, pages
from dlt.destinations import postgres
from dlt.sources.rest_api import rest_api_source


def work(asked: Mapping[str, Any]) -> int:
    way, file_format, _ = asked["how"].split()
    kinds = {"text": "text", "bigint": "bigint"}
    columns = {name: {"data_type": kinds[kind], "nullable": True} for name, kind in asked["columns"].items()}
    source = _rest_api(asked, columns) if way == "rest_api" else _arrow(asked)
    with tempfile.TemporaryDirectory(dir=asked["folder"]) as folder:
        pipeline = dlt.pipeline(
            "bench",
            pipelines_dir=folder,
            destination=postgres(asked["url"], create_indexes=False),
            dataset_name="public",
        )
        done = pipeline.run(source, loader_file_format=file_format)
        done.raise_on_failed_jobs()
    with psycopg2.connect(asked["url"]) as session, session.cursor() as cursor:
        cursor.execute(key(asked, "ma_ho_so"))
        cursor.execute(f"SELECT count(*) FROM {asked['table']}")
        return int(cursor.fetchone()[0])


def _rest_api(asked: Mapping[str, Any], columns: Mapping[str, Any]) -> Any:
    paginator = {
        "type": "offset",
        "limit": asked["page"],
        "offset_param": "batDau",
        "limit_param": "soLuong",
        "total_path": asked["total"],
    }
    resources = [
        {
            "name": f"portal_{number}",
            "table_name": asked["table"],
            "write_disposition": "append",
            "parallelized": True,
            "columns": columns,
            "max_table_nesting": 0,
            "endpoint": {"path": portal, "data_selector": asked["list"], "paginator": paginator},
        }
        for number, portal in enumerate(asked["portals"])
    ]
    return rest_api_source({"client": {"base_url": asked["portals"][0]}, "resources": resources})


def _arrow(asked: Mapping[str, Any]) -> Any:
    kinds = {"text": pa.string(), "bigint": pa.int64()}
    schema = pa.schema([(name, kinds[kind]) for name, kind in asked["columns"].items()])

    def listed(portal: str) -> Iterator[pa.Table]:
        with requests.Session() as session:
            for page in pages(asked, portal, lambda address: orjson.loads(session.get(address).content)):
                yield pa.Table.from_pylist(page[asked["list"]], schema=schema)

    return [
        dlt.resource(listed, name=f"portal_{number}", table_name=asked["table"], parallelized=True)(portal)
        for number, portal in enumerate(asked["portals"])
    ]


if __name__ == "__main__":
    measured(work)
