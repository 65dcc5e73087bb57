"""The simulated country as one ASGI application: every platform for every province, their truth and their faults."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from fastapi import Body, FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException

from etl import periods
from simulator import (
    bkav,
    document_list,
    dossier_list,
    dvcqg,
    egov,
    exports,
    igate,
    mail,
    opencps,
    tandan,
    tandan_errors,
    vxp,
)
from simulator.country import CATALOG, Country
from simulator.documents import Post
from simulator.dossiers import Archive
from simulator.faults import SLOW_SECONDS, Fault, Faults
from simulator.faults_line import FaultyLine
from simulator.mail import Mailboxes
from simulator.replies import json_reply, province_or_404
from simulator.tally import BadRequest, Tallies, read_day
from simulator.truth import Days, Truth

SHAPES = {
    **{portal.PLATFORM: portal.SHAPE for portal in (opencps, igate, bkav, dvcqg, egov)},
    bkav.EXPORT: bkav.EXPORT_SHAPE,
    **tandan.SHAPES,
    **exports.SHAPES,
    **{portal.PLATFORM: portal.SHAPE for portal in (dossier_list, document_list, vxp, tandan_errors)},
}


def create_app(
    seed: int,
    scale: float,
    token: str,
    faults: Faults | None = None,
    catalog: Path = CATALOG,
    mailboxes: Mailboxes | None = None,
) -> FaultyLine:
    """The country of that seed; `scale` 1.0 is two million dossiers a quarter. `token` opens the portals that want one,
    with the user "baocao" those of eGovPlatform and VXP."""
    if not token:
        raise ValueError("the simulator needs a token for its iGate portals")
    faults = faults or Faults(SHAPES)
    country = Country(seed, scale, catalog)
    archive, post = Archive(country), Post(country)
    tallies = Tallies(archive)
    app = FastAPI(title="Báo cáo ETL: simulated portals", openapi_url=None)
    app.include_router(opencps.router(tallies, faults))
    app.include_router(tandan.router(tallies, faults))
    app.include_router(igate.router(tallies, faults, token))
    app.include_router(bkav.router(post, faults))
    app.include_router(dvcqg.router(tallies, faults))
    app.include_router(egov.router(tallies, faults, token))
    app.include_router(bkav.export_router(post, faults))
    for family in exports.FAMILIES:
        app.include_router(exports.router(family, tallies, faults))
    app.include_router(dossier_list.router(archive, faults, token))
    letters = document_list.Letters(post)
    app.include_router(document_list.router(letters, faults, token))
    app.include_router(vxp.router(letters, faults, token))
    faulty = tandan_errors.Faulty(country)
    app.include_router(tandan_errors.router(faulty, faults))
    app.include_router(mail.router(mailboxes or Mailboxes()))
    _truth_routes(app, Truth(archive, post), faulty)
    _fault_routes(app, country, faults)

    @app.get("/health")
    def health() -> dict[str, Any]:
        return {"status": "ok", "seed": seed, "scale": scale}

    @app.exception_handler(BadRequest)
    def bad_request(_: Request, error: Exception) -> Response:
        return _problem(400, str(error))

    @app.exception_handler(RequestValidationError)
    def unreadable(_: Request, __: Exception) -> Response:
        return _problem(400, "yêu cầu không đọc được")

    @app.exception_handler(StarletteHTTPException)
    def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, StarletteHTTPException)  # noqa: S101 (what the handler is registered for)
        return _problem(error.status_code, str(error.detail), error.headers)

    return FaultyLine(app, faults)


def _problem(status: int, message: str, headers: Any = None) -> Response:
    reply = json_reply({"message": message})
    reply.status_code = status
    reply.headers.update(headers or {})
    return reply


def _truth_routes(app: FastAPI, truth: Truth, faulty: tandan_errors.Faulty) -> None:
    def known(unit: str, day: dt.date) -> None:
        try:
            truth.country.holding(unit, day)
        except KeyError:
            raise HTTPException(404, f"no unit {unit!r} on {day}") from None

    def asked(unit: str, key: str) -> periods.Period:
        try:
            period = periods.Period.parse(key)
        except periods.PeriodError as error:  # the simulator may not import etl.errors
            raise BadRequest(str(error)) from None
        known(unit, period.last_day)
        return period

    @app.get("/truth/II.06a")
    def form(unit: str, period: str | None = None, first: str | None = None, last: str | None = None) -> Response:
        """Of a period, or of any local days from `first` to `last`, both counted."""
        if period is not None:
            return json_reply({"unit": unit, "period": period, "rows": truth.form(unit, asked(unit, period))})
        days = Days(read_day(first, "%Y-%m-%d"), read_day(last, "%Y-%m-%d"))
        known(unit, days.last_day)
        return json_reply({"unit": unit, "first": first, "last": last, "rows": truth.form(unit, days)})

    @app.get("/truth/II.06b")
    def by_procedure(unit: str, period: str) -> Response:
        return json_reply({"unit": unit, "period": period, "rows": truth.by_procedure(unit, asked(unit, period))})

    @app.get("/truth/II.07b")
    def scope(unit: str, period: str) -> Response:
        return json_reply({"unit": unit, "period": period, "rows": truth.scope(unit, asked(unit, period))})

    @app.get("/truth/edoc")
    def exchange(unit: str, period: str) -> Response:
        return json_reply({"unit": unit, "period": period, "rows": truth.exchange(unit, asked(unit, period))})

    @app.get("/truth/dossier_faults")
    def listed_as_faulty(unit: str, period: str) -> Response:
        return json_reply({"unit": unit, "period": period, "rows": faulty.truth(unit, asked(unit, period))})


def _fault_routes(app: FastAPI, country: Country, faults: Faults) -> None:
    def place(platform: str, province: str) -> tuple[str, str]:
        if platform not in SHAPES:
            raise HTTPException(404, f"no platform {platform!r}")
        return platform, province_or_404(country, province).portal

    @app.get("/faults")
    def listed() -> dict[str, Any]:
        return faults.listed()

    @app.get("/faults/kinds")
    def kinds(platform: str) -> dict[str, Any]:
        if platform not in SHAPES:
            raise HTTPException(404, f"no platform {platform!r}")
        return {"platform": platform, "kinds": SHAPES[platform].kinds}

    @app.put("/faults/{platform}/{province}")
    def put(platform: str, province: str, asked: dict[str, Any] = Body()) -> dict[str, Any]:  # noqa: B008 (FastAPI's way)
        try:
            fault = Fault(str(asked.get("kind")), float(asked.get("seconds", SLOW_SECONDS)))
            faults.put(*place(platform, province), fault)
        except (TypeError, ValueError) as error:
            raise BadRequest(str(error)) from None
        return vars(fault)

    @app.delete("/faults/{platform}/{province}", status_code=204)
    def take_back(platform: str, province: str) -> None:
        faults.take_back(*place(platform, province))
