"""A portal of the test's own over real HTTP, on a free port of the loopback."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Asked:
    """A request as it arrived. `query` holds the last value of each key."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    """What to answer. hang_up: close without a word; length: a Content-Length that may lie; drip: seconds a byte."""

    body: bytes = b"[]"
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    delay: float = 0
    drip: float = 0
    hang_up: bool = False
    length: int | None = None


@dataclass
class Portal:
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    reply: Callable[[Asked], Reply] = lambda _: Reply()

    def answers(self, *replies: Reply) -> None:
        """Give these in turn; the last again and again."""
        queue = list(replies)
        self.reply = lambda _: queue.pop(0) if len(queue) > 1 else queue[0]


def as_json(data: Any) -> Reply:
    return Reply(json.dumps(data).encode())


@contextlib.contextmanager
def opened() -> Iterator[Portal]:
    here = Portal()
    done = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked = Asked(self.command, parts.path, query, dict(self.headers.items()), body)
            here.asked.append(asked)
            reply = here.reply(asked)
            done.wait(reply.delay)
            if reply.hang_up:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for key, value in reply.headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(reply.body) if reply.length is None else reply.length))
            if reply.length is not None:
                self.close_connection = True
            self.end_headers()
            if not reply.drip:
                self.wfile.write(reply.body)
                return
            for byte in reply.body:
                if done.is_set():
                    return
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(reply.drip)

        do_GET = do_POST = _handle

        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):  # the client went away, as some tests want it to
                super().handle()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    here.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield here
    finally:
        done.set()
        server.shutdown()
        thread.join()
        server.server_close()
