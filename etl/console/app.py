"""The application: who is let in, what every answer carries, how a mistake is told."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.staticfiles import StaticFiles

from etl.console import pages
from etl.console.access import Login, reader_of
from etl.console.render import STATIC, mistake
from etl.errors import BaocaoError, FormError, PeriodError, RestatementError, SettingsError, TraceError
from etl.pipeline.pages import NotSeen

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
_STATUS: dict[type[BaocaoError], int] = {
    NotSeen: 404,
    PeriodError: 404,
    SettingsError: 503,
    RestatementError: 409,
    TraceError: 409,
    FormError: 503,
}


def create_app(
    login: Callable[..., Any],
    secret: str,
    login_url: str | None = None,
    review_url: Callable[[str], str] | None = None,
) -> FastAPI:
    """login: a FastAPI dependency that gives the Login of whoever asks, or raises 401.

    secret: signs what writes carry; the same for every process that serves the console. login_url: where somebody who
    is not logged in is sent by hand. review_url: where the question about a run is answered.
    """

    def admit(request: Request, who: Login = Depends(login)) -> None:  # noqa: B008 - FastAPI's own way
        request.state.reader = reader_of(who)

    app = FastAPI(title="Báo cáo ETL", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(admit)])
    app.state.secret, app.state.login_url, app.state.review_url = secret, login_url, review_url
    app.mount("/static", StaticFiles(directory=Path(STATIC)), name="static")
    for router in pages.ROUTERS:
        app.include_router(router)
    app.middleware("http")(_with_headers)
    app.exception_handler(AnyHTTPException)(_refused)
    app.exception_handler(RequestValidationError)(_not_understood)
    app.exception_handler(BaocaoError)(_told)
    return app


async def _with_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    response.headers.update(_HEADERS)
    open_to_all = request.scope["path"].removeprefix(request.scope.get("root_path", "")).startswith("/static/")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if open_to_all else "private, no-store"
    return response


async def _refused(request: Request, problem: Exception) -> Response:
    status = problem.status_code if isinstance(problem, HTTPException | AnyHTTPException) else 500
    return mistake(request, status)


async def _not_understood(request: Request, _: Exception) -> Response:
    return mistake(request, 400)


async def _told(request: Request, problem: Exception) -> Response:
    status = next((code for kind, code in _STATUS.items() if isinstance(problem, kind)), 500)
    if status >= 500:
        logging.getLogger(__name__).error("%s", request.url.path, exc_info=problem)
    return mistake(request, status, str(problem))
