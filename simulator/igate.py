"""VNPT iGate's statistics by agency: a bearer token, UTC instants taken to the millisecond, a bare list."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from typing import Any

from fastapi import APIRouter, Header, HTTPException, Query, Response

from simulator.country import Province
from simulator.faults import Faults, Record, Shape
from simulator.replies import json_reply, province_or_404
from simulator.tally import BadRequest, Tallies, Tally, Window

PLATFORM = "igate"
SHAPE = Shape(
    agency=("agency", "code"),
    stranger="99999",
    total="received",
    rename=("receivedOnline", "onlineReceived"),
    extra="receivedNonBoundary",
    swap=("receivedOnline", "receivedDirect"),
    settled={"unresolved": -1, "unresolvedOnTime": -1, "resolved": 1, "resolvedOnTime": 1},
    token=True,
)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z")


def read_window(first: str | None, last: str | None) -> Window:
    """From the first instant to the last, both counted; dossiers carry whole seconds."""
    return Window(-(-_milliseconds(first) // 1000), _milliseconds(last) // 1000 + 1)


def _milliseconds(text: str | None) -> int:
    try:
        if not _INSTANT.fullmatch(text or ""):
            raise ValueError
        instant = dt.datetime.fromisoformat(text or "")
    except ValueError:
        raise BadRequest(f"thời điểm không đúng định dạng ISO-8601 UTC: {text!r}") from None
    return round(instant.timestamp() * 1000)


def records(
    tallies: Tallies, province: Province, window: Window, fields: list[int], *, hide_idle: bool
) -> list[Record]:
    """A record an agency, its counts over the fields asked for; idle agencies left out when asked to."""
    country = tallies.country
    tally = tallies.of(province, window)
    columns = {name: values[:, fields].sum(axis=1).tolist() for name, values in _columns(tally).items()}
    handled = tally.handled[:, fields].sum(axis=1)
    return [
        {
            "agency": {"code": agency, "name": country.agency_name(agency, province.day(window.last_day))},
            **{name: values[row] for name, values in columns.items()},
        }
        for row, agency in enumerate(province.agencies)
        if handled[row] or not hide_idle
    ]


def _columns(t: Tally) -> dict[str, Any]:
    """`received` is what came within the window; what was carried over stands beside it."""
    return {
        "received": t.received,
        "receivedOnline": t.online,
        "receivedDirect": t.counter,
        "receivedOld": t.old,
        "resolved": t.ended,
        "resolvedEarly": t.early,
        "resolvedOnTime": t.on_time + t.returned,
        "resolvedOverdue": t.late,
        "unresolved": t.pending,
        "unresolvedOnTime": t.undue + t.waiting,
        "unresolvedOverdue": t.overdue,
    }


def router(tallies: Tallies, faults: Faults, token: str) -> APIRouter:
    routes = APIRouter(prefix=f"/{PLATFORM}/{{province_code}}")
    codes = tallies.country.field_codes

    @routes.get("/pa/dossier-statistic/--statistic-agency-kgg")
    def statistic(
        province_code: str,
        authorization: str = Header(""),
        agency_id: str | None = Query(None, alias="agency-id"),
        first: str | None = Query(None, alias="from-date"),
        last: str | None = Query(None, alias="to-date"),
        sector: str | None = Query(None, alias="sector-id"),
        hide: str = Query("false", alias="hide-agency-no-dossier"),
    ) -> Response:
        if not secrets.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
            raise HTTPException(401, "Unauthorized", {"WWW-Authenticate": "Bearer"})
        province = province_or_404(tallies.country, province_code)
        window = read_window(first, last)
        if sector and sector not in codes:
            raise BadRequest(f"không có lĩnh vực {sector!r}")
        if hide.lower() not in ("true", "false"):
            raise BadRequest(f"hide-agency-no-dossier không hợp lệ: {hide!r}")
        fields = [codes.index(sector)] if sector else list(range(len(codes)))
        known = agency_id in (None, province.code)
        rows = records(tallies, province, window, fields, hide_idle=hide.lower() == "true") if known else []
        target = tallies.of(province, window).first_busy_field
        commune = province.communes[0]

        def struck(record: Record) -> bool:
            return target in fields and record["agency"]["code"] == commune

        return json_reply(faults.spoil(PLATFORM, province.portal, rows, SHAPE, commune, struck))

    return routes
