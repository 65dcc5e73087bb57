"""pandas: requests, the fastest parser of JSON, a data frame a portal, `to_sql`, the key. how: the driver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pandas as pd
import requests
import sqlalchemy
from asked import key, measured, pages


def work(asked: Mapping[str, Any]) -> int:
    engine, count = sqlalchemy.create_engine(asked["url"].replace("://", f"+{asked['how']}://")), 0
    with requests.Session() as session, engine.connect() as connection:
        for portal in asked["portals"]:
            records = [
                record
                for page in pages(asked, portal, lambda address: orjson.loads(session.get(address).content))
                for record in page[asked["list"]]
            ]
            frame = pd.DataFrame(records).astype({"KenhThucHien": "Int64"})
            frame.to_sql(asked["table"], connection, if_exists="append", index=False)
            count += len(frame)
        connection.execute(sqlalchemy.text(key(asked)))
        connection.commit()
    return count


if __name__ == "__main__":
    measured(work)
