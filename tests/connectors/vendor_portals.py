"""Portals of vendors that no source of the catalog uses yet: small answers in their own vocabulary."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from tests.connectors.loopback_portal import Asked, Reply, as_json


def dvcqg_row(name: str, **changes: Any) -> dict[str, Any]:
    """Every value is a text, as the gateway writes them; what it does not know is empty."""
    return {
        "MA_COQUAN": "000.00.20.H14",
        "TEN": name,
        "HS_TOTAL": "1312",
        "DB_TOTAL": "1300",
        "TILE_DB": "99.09",
        "TNTK_TOTAL": "1300",
        "TNKTCS_TOTAL": "12",
        "HTN_TRUCTIEP": "100",
        "HTN_BUUCHINH": "0",
        "HTN_TRUCTUYEN": "1150",
        "HTN_TRUCTUYEN_KHONGCHUAN": "50",
        "HTDH": "1290",
        "HTQH": "2",
        "DXLTH": "19",
        "DXLQH": "1",
        "GDTTDP": "",
        "GDTTQG": "7",
        "GDTT_TOTAL": "7",
        "NTTQG_TOTAL": "",
        **changes,
    }


def dvcqg(asked: Asked) -> Reply:
    """rest.jsp: one form field with JSON in it, an array out; the rows of province 11342 by pages."""
    form = parse_qs(asked.body.decode(), strict_parsing=True)
    if asked.path.endswith("/jsp/rest.jsp") and set(form) == {"params"}:
        params = json.loads(form["params"][0])
        wanted = {"type": "ref", "service": "report_by_month_sum_service", "p_nam": 2026, "p_quy": 3}
        known = params["p_tinh_id"] == "11342" and all(params[key] == value for key, value in wanted.items())
        if known and asked.headers.get("X-Requested-With") == "XMLHttpRequest":
            names = ("UBND tỉnh Cao Bằng", "Sở Nội vụ", "UBND Phường Thục Phán")
            rows = [dvcqg_row(name) for name in names]
            start = (params["pageIndex"] - 1) * params["pageSize"]
            return as_json(rows[start : start + params["pageSize"]])
    return as_json({"error": "service not found"})


def egov(asked: Asked) -> Reply:
    """The older eGovPlatform: columns in capitals, JSON integers, no split by channel."""
    if asked.query != {"donVi": "04", "linhVuc": "ho_tich", "tuNgay": "15/06/2026", "denNgay": "14/09/2026"}:
        return Reply(b"{}", status=400)
    counts = {
        "TONGNHAN": 12,
        "TIEPNHAN": 10,
        "TONDAU": 2,
        "TONGDAGIAIQUYET": 8,
        "SOM": 3,
        "DUNG": 3,
        "TRE": 2,
        "TONGDANGGIAIQUYET": 4,
        "CHUADENHAN": 3,
        "QUAHAN": 1,
        "RUTHOSO": 0,
        "KHONGHOPLE": 0,
        "TONCUOI": 4,
    }
    units = {"04.01": "Sở Nội vụ", "01273": "Phường Thục Phán"}
    return as_json([{"MADONVI": code, "TENDONVI": name, **counts} for code, name in units.items()])


PORTALS: dict[str, Callable[[Asked], Reply]] = {"dvcqg": dvcqg, "egov": egov}
"""By platform; tests/test_documents.py lets a platform be without a source when its answers are here."""
