"""Answers of the four platforms as small as they can be, read with the real catalog's declarations."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from etl import catalog
from etl.model import Field, Page, Pages, Source, Unit
from etl.parsing import Parsed, parse
from etl.periods import Period
from etl.settings import ROOT

CATALOG = catalog.load((ROOT / "catalog",))
Q3 = Period.parse("2026-Q3")
TREE = CATALOG.tree(Q3)
PROVINCE = TREE["04"]
COMMUNES: list[Unit] = TREE.children("04")
HO_TICH = {"ho_tich": CATALOG.fields["ho_tich"]}
_FETCHED = dt.datetime(2026, 9, 15, tzinfo=dt.UTC)


def page(body: Any, field: str | None = None, media_type: str = "application/json") -> tuple[Page, bytes]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    digest = hashlib.sha256(content).hexdigest()
    return Page(digest, f"raw/{digest}", len(content), media_type, 200, "GET", "http://x", "", _FETCHED, field), content


def read(
    platform_id: str,
    *pages: tuple[Page, bytes],
    lookups: Mapping[str, Mapping[str, str]] | None = None,
    fields: Mapping[str, Field] = HO_TICH,
    identifiers: tuple[str, ...] = (),
    **changes: Any,
) -> Parsed:
    """The pages of Cao Bằng's portal on that platform; `changes` are laid over the platform."""
    platform = replace(CATALOG.platforms[platform_id], **changes)
    source = Source(f"{platform_id}_cao_bang", platform_id, "04", "http://x", "Cao Bằng", lookups=lookups or {})
    source = replace(source, identifiers=identifiers)
    return parse(source, platform, CATALOG.datasets[platform.dataset], Q3, Pages.held(pages), TREE, fields)


def opencps(agency: str | None, domain: str | None = "HO_TICH", **changes: Any) -> dict[str, Any]:
    """A detail row that keeps the vendor's arithmetic: 12 = 10 received + 2 opening; 8 resolved, 4 pending."""
    counts = {
        "totalCount": 13,
        "deniedCount": 1,
        "cancelledCount": 1,
        "processCount": 12,
        "remainingCount": 2,
        "receivedCount": 10,
        "onlineCount": 6,
        "onegateCount": 4,
        "releaseCount": 7,
        "betimesCount": 3,
        "ontimeCount": 2,
        "overtimeCount": 2,
        "overtimeInside": 2,
        "overtimeOutside": 0,
        "doneCount": 5,
        "releasingCount": 1,
        "unresolvedCount": 1,
        "processingCount": 3,
        "undueCount": 2,
        "overdueCount": 1,
        "interoperatingCount": 0,
        "waitingCount": 1,
        "outsideCount": 0,
        "insideCount": 3,
    }
    return {
        "month": 9,
        "year": 2026,
        "govAgencyCode": agency,
        "govAgencyName": agency and "UBND",
        "groupAgencyCode": "XA",
        "domainCode": domain,
        "domainName": domain,
        "system": "1",
        **counts,
        "ontimePercentage": 71,
        "reporting": 0,
        **changes,
    }


def opencps_page(*rows: dict[str, Any]) -> tuple[Page, bytes]:
    return page({"total": len(rows), "agency": "Cao Bằng", "dossierStatisticData": list(rows)})


def tandan(agency: str, **changes: Any) -> dict[str, Any]:
    return {
        "maThongKe": agency,
        "tenThongKe": "UBND",
        "catalog": "xa-phuong",
        "tongSo": 12,
        "tiepNhanQuaMang": 6,
        "tiepNhanTrucTiepVaBCCI": 4,
        "tiepNhanKyTruoc": 2,
        "daXuLyVaTraLai": 8,
        "daXuLyTruocHan": 3,
        "daXuLyDungHanVaTraLai": 3,
        "daXuLyQuaHan": 2,
        "dangXuLyVaBoSung": 4,
        "dangXuLyTrongHanVaBoSung": 3,
        "dangXuLyQuaHan": 1,
        **changes,
    }


def tandan_page(*rows: dict[str, Any], field: str = "ho_tich") -> tuple[Page, bytes]:
    return page({"data": list(rows), "totalCount": len(rows)}, field)


def igate(agency: Any, **changes: Any) -> dict[str, Any]:
    return {
        "agency": {"code": agency, "name": "UBND"},
        "received": 10,
        "receivedOnline": 6,
        "receivedDirect": 4,
        "receivedOld": 2,
        "resolved": 8,
        "resolvedEarly": 3,
        "resolvedOnTime": 3,
        "resolvedOverdue": 2,
        "unresolved": 4,
        "unresolvedOnTime": 3,
        "unresolvedOverdue": 1,
        **changes,
    }


def organ(name: Any, sent: Any = 5, received: Any = 9, **changes: Any) -> dict[str, Any]:
    total = sent + received if isinstance(sent, int) and isinstance(received, int) else 0
    return {
        "organDomain": "000.00.20.X04",
        "organName": name,
        "lastUpdate": "2026-09-14 01:00:00",
        "sent": sent,
        "received": received,
        "total": total,
        "childOrgan": [],
        **changes,
    }


FORM = {
    "received_total": 12,
    "received_online": 6,
    "received_direct_postal": 4,
    "carried_over": 2,
    "resolved_total": 8,
    "resolved_early": 3,
    "resolved_on_time": 3,
    "resolved_overdue": 2,
    "pending_total": 4,
    "pending_in_time": 3,
    "pending_overdue": 1,
}
"""What every one-stop row above says, whatever the platform."""

ONESTOP = {
    "opencps_v2": lambda agency, **more: opencps_page(opencps(agency, **more)),
    "tandan_06a": lambda agency, **more: tandan_page(tandan(agency, **more)),
    "igate": lambda agency, **more: page([igate(agency, **more)], "ho_tich"),
}
"""A page with one row of that agency, by platform."""
