"""The National Public Service Portal's statistics gateway: rest.jsp, one form field with JSON in it, an array out.

Every value is a text, what it does not know is empty, and only calendar months, quarters and years can be asked for.
A finished dossier is in time or late; early and on time are one. Parts of a channel are the simulator's own shares.
"""

from __future__ import annotations

import calendar
import datetime as dt
import json
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Body, Header, HTTPException, Response

from simulator.country import Province
from simulator.faults import Faults, Record, Shape
from simulator.replies import json_reply, province_or_404
from simulator.tally import BadRequest, Tallies, Window, read_number

PLATFORM = "dvcqg"
SHAPE = Shape(
    agency=("TEN",),
    stranger="UBND xã Không Có Tên",
    total="TNTK_TOTAL",
    rename=("HTDH", "HTDUNGHAN"),
    extra="HS_PHIDIAGIOI",
    page=("pageIndex",),
    swap=("HTN_TRUCTIEP", "HTN_TRUCTUYEN"),
    settled={"DXLTH": -1, "HTDH": 1},
    codes=("MA_COQUAN", "TEN", "TILE_DB"),
    text=True,
)
SERVICE = "report_by_month_sum_service"
PAGE_SIZE = 20


def province_id(province: Province) -> str:
    """The portal's own id of a province, unlike any other code: 11342 is Thanh Hóa."""
    return str(11304 + int(province.code))


def read_window(params: dict[str, Any]) -> Window:
    """The calendar month, quarter or year; 0 means all."""
    year, quarter, month = (read_number(_text(params, key), 0, 0) for key in ("p_nam", "p_quy", "p_thang"))
    if not 2000 <= year <= 2100 or quarter > 4 or month > 12:
        raise BadRequest("kỳ thống kê không hợp lệ")
    first, last = (month, month) if month else (3 * quarter - 2, 3 * quarter) if quarter else (1, 12)
    return Window.of_days(dt.date(year, first, 1), dt.date(year, last, calendar.monthrange(year, last)[1]))


def records(tallies: Tallies, province: Province, window: Window, fields: list[int]) -> list[Record]:
    """A row an agency, zeros where it was idle."""
    t = tallies.of(province, window)
    columns = {
        "HS_TOTAL": t.received + t.old,
        "DB_TOTAL": t.received + t.old,
        "TNTK_TOTAL": t.received,
        "TNKTCS_TOTAL": t.old,
        "HTN_TRUCTIEP": t.counter - t.counter // 12,
        "HTN_BUUCHINH": t.counter // 12,
        "HTN_TRUCTUYEN": t.online - t.online // 20,
        "HTN_TRUCTUYEN_KHONGCHUAN": t.online // 20,
        "HTDH": t.early + t.on_time + t.returned,
        "HTQH": t.late,
        "DXLTH": t.undue + t.waiting,
        "DXLQH": t.overdue,
    }
    counted = {name: values[:, fields].sum(axis=1).tolist() for name, values in columns.items()}
    return [
        {
            "MA_COQUAN": f"000.{row:02d}.{province.code}",
            "TEN": tallies.country.agency_name(agency, province.day(window.last_day)),
            **{name: str(values[row]) for name, values in counted.items()},
            "TILE_DB": "100",
            "GDTTDP": "",
            "GDTTQG": "",
            "GDTT_TOTAL": "",
            "NTTQG_TOTAL": "",
        }
        for row, agency in enumerate(province.agencies)
    ]


def router(tallies: Tallies, faults: Faults) -> APIRouter:
    routes = APIRouter(prefix=f"/{PLATFORM}/{{province_code}}")
    codes = tallies.country.field_codes

    @routes.post("/jsp/rest.jsp")
    def rest(
        province_code: str,
        body: bytes = Body(media_type="application/x-www-form-urlencoded"),
        requested_with: str = Header("", alias="X-Requested-With"),
        referer: str = Header(""),
    ) -> Response:
        if requested_with != "XMLHttpRequest" or not referer:
            raise HTTPException(403, "Forbidden")
        province, params = province_or_404(tallies.country, province_code), _params(body)
        if (params.get("type"), params.get("service")) != ("ref", SERVICE):
            raise BadRequest("không có dịch vụ này")
        window, field = read_window(params), _text(params, "p_linhvuc") or "0"
        if field != "0" and field not in codes:
            raise BadRequest(f"không có lĩnh vực {field!r}")
        fields = [codes.index(field)] if field != "0" else list(range(len(codes)))
        known = _text(params, "p_tinh_id") == province_id(province)
        rows = records(tallies, province, window, fields) if known else []
        target = tallies.of(province, window).first_busy_field
        commune = tallies.country.agency_name(province.communes[0], province.day(window.last_day))

        def struck(record: Record) -> bool:
            return target in fields and record["TEN"] == commune

        rows = faults.spoil(PLATFORM, province.portal, rows, SHAPE, commune, struck)
        size = read_number(_text(params, "pageSize"), PAGE_SIZE, 1)
        start = (read_number(_text(params, "pageIndex"), 1, 1) - 1) * size
        return json_reply(rows[start : start + size])

    return routes


def _params(body: bytes) -> dict[str, Any]:
    try:
        (text,) = parse_qs(body.decode(), strict_parsing=True)["params"]
        params = json.loads(text)
    except (ValueError, KeyError):
        params = None
    if not isinstance(params, dict):
        raise BadRequest("thiếu params, một đối tượng JSON trong biểu mẫu")
    return params


def _text(params: dict[str, Any], key: str) -> str | None:
    value = params.get(key)
    return None if value is None else str(value)
