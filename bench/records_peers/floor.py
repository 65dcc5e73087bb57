"""The least that any of them can take: fetch every byte, COPY bytes that lie ready, build the key."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from asked import key, measured

_BLOCK = 1 << 20


def work(asked: Mapping[str, Any]) -> int:
    fetched = sum(
        _fetch(portal, pages, asked["page"]) for portal, pages in zip(asked["portals"], asked["pages"], strict=True)
    )
    columns = ", ".join(f'"{name}" {kind}' for name, kind in asked["columns"].items())
    with psycopg.connect(asked["url"]) as session, Path(asked["ready"]).open("rb") as ready:
        session.execute(f"CREATE TABLE {asked['table']} ({columns})")
        with session.cursor() as cursor, cursor.copy(f"COPY {asked['table']} FROM STDIN (FORMAT binary)") as copy:
            while block := ready.read(_BLOCK):
                copy.write(block)
        session.execute(key(asked))
    return fetched


def _fetch(portal: str, pages: int, page: int) -> int:
    """The bytes of all pages over one connection; how many there are is known, so that nothing is read of them."""
    place = urlsplit(portal)
    connection = http.client.HTTPConnection(place.netloc)
    size, block = 0, memoryview(bytearray(_BLOCK))
    for number in range(pages):
        connection.request("GET", f"{place.path}?batDau={number * page}")
        answer = connection.getresponse()
        while read := answer.readinto(block):
            size += read
    connection.close()
    return size


if __name__ == "__main__":
    measured(work)
