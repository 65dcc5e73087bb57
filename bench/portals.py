"""Portals that answer late and watch who asks: each host writes down when a request came and when it was answered.

`python -m bench.portals ADDRESSES PORT PAGES LATENCY`: PAGES is a JSON file, path -> the bodies of its pages. Every
address of ADDRESSES (127.0.0.1,127.0.0.2) is a host of its own. GET /watched gives {address: [[came, answered]]}.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import uvicorn


class Portals:
    """The ASGI application."""

    def __init__(self, pages: dict[str, list[str]], latency: float) -> None:
        self._pages = {path: [body.encode() for body in bodies] for path, bodies in pages.items()}
        self._latency = latency
        self._watched: dict[str, list[list[float]]] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG002 (as ASGI calls it)
        if scope["type"] != "http":
            return
        if scope["path"] == "/watched":
            await _send(send, json.dumps(self._watched).encode())
            return
        seen = [time.monotonic(), 0.0]
        self._watched.setdefault(scope["server"][0], []).append(seen)
        page = int(parse_qs(scope["query_string"].decode())["page"][0])
        await asyncio.sleep(self._latency)
        seen[1] = time.monotonic()
        await _send(send, self._pages[scope["path"]][page - 1])


async def _send(send: Any, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def main(addresses: str, port: str, pages: str, latency: str) -> None:
    sockets = []
    for address in addresses.split(","):
        opened = socket.socket(proto=socket.IPPROTO_TCP)  # else asyncio leaves the delay of small packets on
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((address, int(port)))
        sockets.append(opened)
    app = Portals(json.loads(Path(pages).read_text("utf-8")), float(latency))
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", timeout_keep_alive=60)
    asyncio.run(uvicorn.Server(config).serve(sockets=sockets))


if __name__ == "__main__":
    main(*sys.argv[1:])
