"""Portals that fail on request: faults of the line as ASGI middleware, faults of the data as edits of the records.

A fault is set for one platform of one province and stays until it is taken back. Faults of the data strike the
first commune in code order, in the first field it is busy in, so that a test knows where to look.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]
LINE = ("down", "slow", "reset", "html", "unauthorized", "throttled", "error", "truncated")
DATA = ("empty", "renamed", "identity", "extra_column", "unknown_unit", "missing_unit", "text_number")
KINDS = LINE + DATA
SLOW_SECONDS = 60.0

_LOGIN_PAGE = (
    "<!DOCTYPE html><html lang='vi'><head><meta charset='utf-8'><title>Đăng nhập</title></head><body><h1>Đăng nhập"
    "</h1><form method='post'><input name='username'><input name='password' type='password'></form></body></html>"
)
_ANSWERS: dict[str, tuple[int, str, str, dict[str, str]]] = {
    "down": (503, "text/html", "<html><body>503 Service Unavailable</body></html>", {}),
    "html": (200, "text/html; charset=utf-8", _LOGIN_PAGE, {}),
    "unauthorized": (401, "application/json", '{"message":"Unauthorized"}', {"WWW-Authenticate": "Bearer"}),
    "throttled": (429, "application/json", '{"message":"Too Many Requests"}', {"Retry-After": "1"}),
    "error": (500, "application/json", '{"message":"Internal Server Error"}', {}),
}


@dataclass(frozen=True)
class Fault:
    """`seconds` is how long a slow portal takes; other kinds do not read it."""

    kind: str
    seconds: float = SLOW_SECONDS

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}: one of {', '.join(KINDS)}")


@dataclass(frozen=True)
class Shape:
    """Where a platform's records keep what a fault touches.

    agency: path to the agency's code or name; `stranger` replaces it by one that no catalog knows.
    total: the measure put off by one; rename: (old, new) name of a measure; extra: a column nobody expects.
    children: key of nested records.
    """

    agency: tuple[str, ...]
    stranger: str
    total: str
    rename: tuple[str, str]
    extra: str
    children: str | None = None


class Faults:
    """The faults now set, by (platform, province)."""

    def __init__(self) -> None:
        self._set: dict[tuple[str, str], Fault] = {}
        self._lock = threading.Lock()

    def put(self, platform: str, province: str, fault: Fault) -> None:
        with self._lock:
            self._set[platform, province] = fault

    def take_back(self, platform: str, province: str) -> None:
        with self._lock:
            self._set.pop((platform, province), None)

    def get(self, platform: str, province: str) -> Fault | None:
        return self._set.get((platform, province))

    def listed(self) -> dict[str, Record]:
        with self._lock:
            return {f"{platform}/{code}": vars(fault) for (platform, code), fault in sorted(self._set.items())}

    def spoil(
        self,
        platform: str,
        province: str,
        records: list[Record],
        shape: Shape,
        agency: str,
        struck: Callable[[Record], bool],
    ) -> list[Record]:
        """The records as the portal's fault has them, before they are paged.

        agency: code or name of the commune that is struck; struck: tells its one record to damage.
        """
        fault = self.get(platform, province)
        if fault is None or fault.kind not in DATA:
            return records
        if fault.kind == "empty":
            return []
        if fault.kind == "missing_unit":
            return _without(records, shape, agency)
        copies = _copied(records, shape)
        for record in _walk(copies, shape):
            if fault.kind == "renamed":
                record[shape.rename[1]] = record.pop(shape.rename[0])
            elif fault.kind == "extra_column":
                record[shape.extra] = 0
            elif fault.kind == "unknown_unit" and _agency(record, shape) == agency:
                _holder(record, shape)[shape.agency[-1]] = shape.stranger
            elif fault.kind == "identity" and struck(record):
                record[shape.total] += 1
            elif fault.kind == "text_number" and struck(record):
                record[shape.total] = "1.234"
        return copies


def _holder(record: Record, shape: Shape) -> Record:
    for key in shape.agency[:-1]:
        record = record[key]
    return record


def _agency(record: Record, shape: Shape) -> Any:
    return _holder(record, shape)[shape.agency[-1]]


def _walk(records: list[Record], shape: Shape) -> Iterator[Record]:
    for record in records:
        yield record
        if shape.children:
            yield from _walk(record[shape.children], shape)


def _copied(records: list[Record], shape: Shape) -> list[Record]:
    """Records that can be edited: the ones given are kept by their portal for the next question."""
    copies: list[Record] = [
        {key: dict(value) if isinstance(value, dict) else value for key, value in record.items()} for record in records
    ]
    if shape.children:
        for copy in copies:
            copy[shape.children] = _copied(copy[shape.children], shape)
    return copies


def _without(records: list[Record], shape: Shape, agency: str) -> list[Record]:
    kept = [record for record in records if _agency(record, shape) != agency]
    if shape.children is None:
        return kept
    return [{**record, shape.children: _without(record[shape.children], shape, agency)} for record in kept]


class FaultyLine:
    """ASGI middleware, outermost: what happens to an answer on its way, or instead of it."""

    def __init__(self, app: Any, faults: Faults) -> None:
        self.app, self.faults = app, faults

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        parts = scope.get("path", "").split("/")
        fault = self.faults.get(parts[1], parts[2]) if scope["type"] == "http" and len(parts) > 3 else None
        if fault is None or fault.kind in DATA:
            await self.app(scope, receive, send)
        elif fault.kind == "slow":
            messages = await _body(receive)
            if not await _left(receive, fault.seconds):
                again = iter(messages)

                async def replay() -> Any:
                    return next(again, None) or await receive()

                await self.app(scope, replay, send)
        elif fault.kind == "reset":
            await _reset(receive, send)
        elif fault.kind == "truncated":
            await _send(send, *await _cut(self.app, scope, receive))
        else:
            status, media_type, body, headers = _ANSWERS[fault.kind]
            await _send(send, status, body.encode(), {"Content-Type": media_type, **headers})


async def _send(send: Any, status: int, body: bytes, headers: dict[str, str]) -> None:
    headers = {**headers, "Content-Length": str(len(body))}
    raw = [(key.lower().encode(), value.encode()) for key, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


async def _body(receive: Any) -> list[Any]:
    """The request's messages, read to the end: after them, only the client's leaving is left to hear."""
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())
    return messages


async def _left(receive: Any, seconds: float) -> bool:
    """True as soon as the client has gone away, False when it is still there after so many seconds."""
    try:
        await asyncio.wait_for(receive(), seconds)
    except TimeoutError:
        return False
    return True


async def _reset(receive: Any, send: Any) -> None:
    """Close the connection with a TCP reset, before any byte of an answer."""
    transport = send.__self__.transport  # uvicorn's request cycle: ASGI itself has no word for hanging up
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        continue


async def _cut(app: Any, scope: Any, receive: Any) -> tuple[int, bytes, dict[str, str]]:
    """The answer's first half, declared as if it were all."""
    status, body = 200, b""

    async def keep(message: Any) -> None:
        nonlocal status, body
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            body += message.get("body", b"")

    await app(scope, receive, keep)
    return status, body[: len(body) // 2], {"Content-Type": "application/json"}
