"""Portals that list dossiers, each on an address of its own, answering with bytes that lie ready in a file.

`python -m bench.records_server FOLDER PORT`: every file <name>.jsonl of FOLDER is a portal, a page a line. The n-th of
them, by name, answers on 127.0.0.n to GET /<name>...?batDau=<offset>, whatever else is asked. Its CPU is no part of
what is measured, but its processors are: so a page goes from the file to the socket without passing through here.
"""

from __future__ import annotations

import mmap
import os
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bench.records_data import PAGE

ASKED = "/asked"
"""Tells how many pages were asked for since the last such question: nobody may have left one out."""
_OFFSET = re.compile(r"[?&]batDau=(\d+)")
_ANSWERED = [0]
_COUNTING = threading.Lock()


class Portal(ThreadingHTTPServer):
    """A server of the pages of one file."""

    daemon_threads = True

    def __init__(self, address: str, port: int, file: Path) -> None:
        super().__init__((address, port), _Page)
        self.file = file.open("rb")
        with mmap.mmap(self.file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            ends = [found.start() for found in re.finditer(b"\n", content)]
        self.pages = list(zip([0, *(end + 1 for end in ends)], ends, strict=False))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no error of ours."""


class _Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Portal

    def do_GET(self) -> None:
        if self.path.endswith(ASKED):
            with _COUNTING:
                told, _ANSWERED[0] = str(_ANSWERED[0]).encode(), 0
            self._head(len(told))
            self.wfile.write(told)
            return
        offset = _OFFSET.search(self.path)
        number, off = divmod(int(offset[1]), PAGE) if offset else (0, 0)
        if off or number >= len(self.server.pages):
            self.send_error(404)
            return
        start, end = self.server.pages[number]
        self._head(end - start)
        self.wfile.flush()
        while start < end:
            start += os.sendfile(self.connection.fileno(), self.server.file.fileno(), start, end - start)
        with _COUNTING:
            _ANSWERED[0] += 1

    def _head(self, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""


def addresses(folder: Path) -> dict[str, str]:
    """The host of each portal."""
    return {file.stem: f"127.0.0.{number}" for number, file in enumerate(sorted(folder.glob("*.jsonl")), 1)}


def main(folder: str, port: str) -> None:
    portals = [
        Portal(host, int(port), Path(folder) / f"{name}.jsonl") for name, host in addresses(Path(folder)).items()
    ]
    threads = [threading.Thread(target=portal.serve_forever, args=(60.0,)) for portal in portals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
