"""The console as it is served, and beside it the least that a page can take. `python -m bench.serve PORT`."""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from etl.console import Login, create_app
from etl.settings import Settings
from etl.warehouse.moment import pool

BARE, SELECT = "/floor/bare", "/floor/select"
QUERIES, PROCESSOR = "x-queries", "x-processor-ms"
_COUNTED: ContextVar[list[str] | None] = ContextVar("counted", default=None)


def app() -> FastAPI:
    """Each answer tells how many queries it took, and the seconds of the processor of this process meanwhile."""
    made = create_app(_reviewer, "a secret of the benchmark")
    event.listen(Engine, "before_cursor_execute", _count)

    @made.get(BARE)
    def bare() -> Response:
        return Response("<!doctype html><title>floor</title>", media_type="text/html")

    @made.get(SELECT)
    def select() -> Response:
        with pool(Settings.from_environment().warehouse_url).connect() as connection:
            return Response(str(connection.execute(text("SELECT 1")).scalar()), media_type="text/html")

    @made.middleware("http")
    async def measured(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        queries: list[str] = []
        token, began = _COUNTED.set(queries), time.process_time()
        try:
            response = await call_next(request)
        finally:
            _COUNTED.reset(token)
        response.headers[QUERIES] = str(len(queries))
        response.headers[PROCESSOR] = f"{(time.process_time() - began) * 1000:.3f}"
        return response

    return made


def _reviewer() -> Login:
    """Whoever asks: it is the pages that are measured, and not Airflow's login in front of them."""
    return Login("bench", reads=True, decides=True, operates=False)


def _count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    if (queries := _COUNTED.get()) is not None:
        queries.append(statement)


if __name__ == "__main__":
    uvicorn.run(app(), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
