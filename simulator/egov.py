"""eGovPlatform's older report of a one-stop system: HTTP Basic, columns in capitals, a bare list, no channels."""

from __future__ import annotations

import base64
import secrets
from typing import Any

from fastapi import APIRouter, Header, HTTPException, Query, Response

from simulator.country import Province
from simulator.faults import Faults, Record, Shape
from simulator.replies import json_reply, province_or_404
from simulator.tally import BadRequest, Tallies, Tally, Window, read_days

PLATFORM = "egov"
USER = "baocao"
SHAPE = Shape(
    agency=("MADONVI",),
    stranger="99999",
    total="TONGNHAN",
    rename=("SOM", "TRUOCHAN"),
    extra="PHIDIAGIOI",
    swap=("SOM", "DUNG"),
    settled={"TONGDANGGIAIQUYET": -1, "CHUADENHAN": -1, "TONCUOI": -1, "TONGDAGIAIQUYET": 1, "DUNG": 1},
)


def records(tallies: Tallies, province: Province, window: Window, fields: list[int]) -> list[Record]:
    """A row an agency, zeros where it was idle."""
    columns = _columns(tallies.of(province, window))
    counted = {name: values[:, fields].sum(axis=1).tolist() for name, values in columns.items()}
    return [
        {
            "MADONVI": agency,
            "TENDONVI": tallies.country.agency_name(agency, province.day(window.last_day)),
            **{name: values[row] for name, values in counted.items()},
        }
        for row, agency in enumerate(province.agencies)
    ]


def _columns(t: Tally) -> dict[str, Any]:
    """A withdrawn dossier is finished in time, and counted once more by itself."""
    return {
        "TONGNHAN": t.received + t.old,
        "TIEPNHAN": t.received,
        "TONDAU": t.old,
        "TONGDAGIAIQUYET": t.ended,
        "SOM": t.early,
        "DUNG": t.on_time + t.returned,
        "TRE": t.late,
        "TONGDANGGIAIQUYET": t.pending,
        "CHUADENHAN": t.undue + t.waiting,
        "QUAHAN": t.overdue,
        "RUTHOSO": t.returned,
        "KHONGHOPLE": t.denied,
        "TONCUOI": t.pending,
    }


def router(tallies: Tallies, faults: Faults, token: str) -> APIRouter:
    routes = APIRouter(prefix=f"/{PLATFORM}/{{province_code}}")
    codes = tallies.country.field_codes
    login = f"Basic {base64.b64encode(f'{USER}:{token}'.encode()).decode()}"

    @routes.get("/bao-cao")
    def report(
        province_code: str,
        authorization: str = Header(""),
        unit: str | None = Query(None, alias="donVi"),
        field: str | None = Query(None, alias="linhVuc"),
        first: str | None = Query(None, alias="tuNgay"),
        last: str | None = Query(None, alias="denNgay"),
    ) -> Response:
        if not secrets.compare_digest(authorization.encode(), login.encode()):
            raise HTTPException(401, "Unauthorized", {"WWW-Authenticate": 'Basic realm="eGov"'})
        province, window = province_or_404(tallies.country, province_code), read_days(first, last, "%d/%m/%Y")
        if field and field not in codes:
            raise BadRequest(f"không có lĩnh vực {field!r}")
        fields = [codes.index(field)] if field else list(range(len(codes)))
        rows = records(tallies, province, window, fields) if unit in (None, province.code) else []
        target, commune = tallies.of(province, window).first_busy_field, province.communes[0]

        def struck(record: Record) -> bool:
            return target in fields and record["MADONVI"] == commune

        return json_reply(faults.spoil(PLATFORM, province.portal, rows, SHAPE, commune, struck))

    return routes
