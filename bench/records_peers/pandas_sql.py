"""pandas: requests, the fastest parser of JSON, a data frame a portal, `to_sql`, the key. how: driver and way.

The ways are those of `to_sql`: its own (`none`), and `copy`, the callable that its manual shows.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
import pandas as pd
import requests
import sqlalchemy
from asked import key, measured, pages


def work(asked: Mapping[str, Any]) -> int:
    driver, way = asked["how"].split()
    engine, count = sqlalchemy.create_engine(asked["url"].replace("://", f"+{driver}://")), 0
    method = {"none": None, "copy": _copy}[way]
    with requests.Session() as session, engine.connect() as connection:
        for portal in asked["portals"]:
            records = [
                record
                for page in pages(asked, portal, lambda address: orjson.loads(session.get(address).content))
                for record in page[asked["list"]]
            ]
            frame = pd.DataFrame(records).astype({"KenhThucHien": "Int64"})
            frame.to_sql(asked["table"], connection, if_exists="append", index=False, method=method)
            count += len(frame)
        connection.execute(sqlalchemy.text(key(asked)))
        connection.commit()
    return count


def _copy(table: Any, connection: Any, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    names = ", ".join(f'"{name}"' for name in columns)
    with (
        connection.connection.cursor() as cursor,
        cursor.copy(f"COPY {table.name} ({names}) FROM STDIN WITH (FORMAT csv)") as copy,
    ):
        copy.write(buffer.getvalue())


if __name__ == "__main__":
    measured(work)
