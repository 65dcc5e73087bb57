"""Faults of the line, as the outermost ASGI middleware: what happens to an answer on its way, or instead of it."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from simulator.faults import Fault, Faults
from simulator.faults_reply import first_page, spoilt_reply
from simulator.faults_shape import DATA, Shape

ACCEPTED = 2
"""Requests that a token opens before it expires."""

_LOGIN_PAGE = (
    "<!DOCTYPE html><html lang='vi'><head><meta charset='utf-8'><title>Đăng nhập</title></head><body><h1>Đăng nhập"
    "</h1><form method='post'><input name='username'><input name='password' type='password'></form></body></html>"
)
_ANSWERS: dict[str, tuple[int, str, str, dict[str, str]]] = {
    "down": (503, "text/html", "<html><body>503 Service Unavailable</body></html>", {}),
    "html": (200, "text/html; charset=utf-8", _LOGIN_PAGE, {}),
    "unauthorized": (401, "application/json", '{"message":"Unauthorized"}', {"WWW-Authenticate": "Bearer"}),
    "expired": (
        401,
        "application/json",
        '{"message":"The token has expired"}',
        {"WWW-Authenticate": 'Bearer error="invalid_token", error_description="The access token expired"'},
    ),
    "throttled": (429, "application/json", '{"message":"Too Many Requests"}', {"Retry-After": "1"}),
    "error": (500, "application/json", '{"message":"Internal Server Error"}', {}),
}
_DRIP_SECONDS = 0.1


class FaultyLine:
    def __init__(self, app: Any, faults: Faults) -> None:
        self.app, self.faults = app, faults

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        parts = scope.get("path", "").split("/")
        fault = self.faults.get(parts[1], parts[2]) if scope["type"] == "http" and len(parts) > 3 else None
        accepted = fault and fault.kind == "expired" and self.faults.count(parts[1], parts[2]) <= ACCEPTED
        worked_in = fault and fault.kind in self.faults.shapes[parts[1]].file
        if fault is None or fault.kind in DATA or accepted or worked_in:
            await self.app(scope, receive, send)
        elif fault.kind == "reset":
            await _reset(receive, send)
        elif fault.kind in _ANSWERS:
            status, media_type, body, headers = _ANSWERS[fault.kind]
            await _send(send, status, {"content-type": media_type, **headers}, body.encode())
        else:
            await self._spoil(scope, receive, send, fault, self.faults.shapes[parts[1]])

    async def _spoil(self, scope: Any, receive: Any, send: Any, fault: Fault, shape: Shape) -> None:
        """An answer that is late, drips, or is edited as it leaves."""
        request = await _body(receive)
        if fault.kind == "slow" and await _left(receive, fault.seconds):
            return
        asked = (scope["query_string"], request)
        if fault.kind in ("repeated_page", "endless"):
            asked = first_page(shape, *asked)
        status, headers, body = await self._answer({**scope, "query_string": asked[0]}, asked[1], receive)
        if fault.kind == "slow_body":
            await _drip(send, receive, status, headers, body, fault.seconds)
            return
        if status == 200 and fault.kind != "slow":
            page = asked != (scope["query_string"], request)
            body = spoilt_reply(fault.kind, body, shape, later_page=page)
        await _send(send, status, headers, body)

    async def _answer(self, scope: Any, request: bytes, receive: Any) -> tuple[int, dict[str, str], bytes]:
        """What the portal says to a request with that body."""
        status, headers, body = 0, dict[str, str](), b""
        waiting = [{"type": "http.request", "body": request, "more_body": False}]

        async def again() -> Any:
            return waiting.pop() if waiting else await receive()

        async def keep(message: Any) -> None:
            nonlocal status, headers, body
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = {key.decode().lower(): value.decode() for key, value in message["headers"]}
            else:
                body += message.get("body", b"")

        told = [(key, value) for key, value in scope["headers"] if key != b"content-length"]
        length = [(b"content-length", str(len(request)).encode())] if request else []
        await self.app({**scope, "headers": [*told, *length]}, again, keep)
        return status, headers, body


async def _send(send: Any, status: int, headers: dict[str, str], body: bytes) -> None:
    await _start(send, status, headers, body)
    await send({"type": "http.response.body", "body": body})


async def _start(send: Any, status: int, headers: dict[str, str], body: bytes) -> None:
    headers = {**headers, "content-length": str(len(body))}
    raw = [(key.lower().encode(), value.encode()) for key, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})


async def _drip(send: Any, receive: Any, status: int, headers: dict[str, str], body: bytes, seconds: float) -> None:
    """So many seconds for the whole body, a few bytes at a time, as long as the client stays."""
    await _start(send, status, headers, body)
    steps = max(1, int(seconds / _DRIP_SECONDS))
    size = max(1, -(-len(body) // steps))
    for start in range(0, len(body), size):
        if await _left(receive, _DRIP_SECONDS):
            return
        await send({"type": "http.response.body", "body": body[start : start + size], "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _body(receive: Any) -> bytes:
    """The request's body, read to the end: after it, only the client's leaving is left to hear."""
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    return body


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
