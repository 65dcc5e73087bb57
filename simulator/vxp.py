"""The VXP gateway of the national axis: signed requests, lists of documents sent and received, no statistics.

Every answer is an envelope, and a failure is one too, with status 200. The sent list has an item a document, the
received list an item a document and recipient, each with an id of its own; timestamps are local, yyyy/MM/dd. Status
messages come among the documents, asked for or not.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, HTTPException, Query, Request, Response

from simulator.cache import Cache
from simulator.country import Province
from simulator.document_list import STANDING, Letter, Letters, Party, status_of
from simulator.documents import ABROAD, organ_name, organs
from simulator.faults import Faults, Record, Shape
from simulator.replies import json_reply, province_or_404
from simulator.tally import BadRequest, Window, read_days, read_number

PLATFORM = "vxp"
SHAPE = Shape(
    agency=("from", "name"),
    stranger="UBND xã Không Có Trong Danh Mục",
    total=None,
    rename=("createdTime", "createdAt"),
    extra="priority",
    records="data",
    count="total",
    page=("pageIndex",),
    dates=("createdTime", "updatedTime"),
    date_formats=("%Y/%m/%d %H:%M:%S", "%d/%m/%Y %H:%M:%S"),
    resolve=lambda record: (
        {"status": "13", "statusDesc": _STATUS["13"]}
        if record["status"] in STANDING and record["messageType"] == "edoc"
        else None
    ),
    token=True,
)
_SHAPES = {"getSentEdocList": SHAPE, "getReceivedEdocList": replace(SHAPE, agency=("to", "name"))}
CLIENT = "baocao"
"""The system that may ask; its secret is the simulator's token."""
_OLDEST = 300
"""Seconds that a signature is good for."""
_STATUS = {
    "01": "Đã đến", "02": "Từ chối tiếp nhận", "03": "Đã tiếp nhận", "04": "Phân công xử lý", "05": "Đang xử lý",
    "06": "Hoàn thành", "13": "Lấy lại", "15": "Đồng ý cập nhật/lấy lại", "16": "Từ chối cập nhật/lấy lại",
}  # fmt: skip


def _items(letters: list[Letter], path: str) -> Iterator[Record]:
    for letter in letters:
        if letter.paper:
            continue  # no axis carries it
        if path == "getSentEdocList":
            if letter.sender.place != ABROAD:
                yield _item(letter, letter.key, letter.recipients)
                if letter.number % 50 == 0 and letter.stands:
                    yield {**_item(letter, f"{letter.key}-s", letter.recipients), "messageType": "status"}
        else:
            for number, to in enumerate(letter.recipients):
                if to.place != ABROAD:
                    yield _item(letter, f"{letter.key}.{number}", (to,))


def _item(letter: Letter, key: str, recipients: tuple[Party, ...]) -> Record:
    moment = letter.sent.replace("-", "/").replace("T", " ")
    status = status_of(letter)
    return {
        "id": key,
        "status": status,
        "statusDesc": _STATUS[status],
        "createdTime": moment,
        "updatedTime": moment,
        "messageType": "edoc",
        "serviceType": "eDoc",
        "from": {"code": letter.sender.code, "name": letter.sender.name},
        "to": {
            "code": "#".join(to.code for to in recipients),
            "name": "#".join(to.name for to in recipients),
        },
    }


def _signed(request: Request, token: str) -> bool:
    """HMAC-SHA256 of the system's id, the method, the path and the time, a line each, in base64."""
    sent = request.headers.get("Timestamp", "")
    path = request.scope["raw_path"].decode()
    canonical = "\n".join((CLIENT, request.method, path, sent)).encode()
    wanted = base64.b64encode(hmac.new(token.encode(), canonical, hashlib.sha256).digest()).decode()
    fresh = sent.isascii() and sent.isdigit() and abs(time.time() - int(sent)) <= _OLDEST
    given = request.headers.get("Authorization", "").encode()
    known = request.headers.get("SystemId") == CLIENT
    return known and fresh and hmac.compare_digest(given, f"HMAC-SHA256 {wanted}".encode())


def _envelope(**more: Any) -> Response:
    return json_reply({"status": "OK", "ErrorCode": "0", "ErrorDesc": "", **more})


def router(letters: Letters, faults: Faults, token: str) -> APIRouter:
    routes = APIRouter(prefix=f"/{PLATFORM}/{{province_code}}")
    lists: Cache[list[Record]] = Cache(200_000, lambda records: len(records) + 1)

    def listed(province: Province, window: Window, path: str) -> list[Record]:
        records = lists.get((province.portal, window, path), lambda: list(_items(letters.of(province, window), path)))
        shape = _SHAPES[path]
        commune = next(organ for organ in organs(province) if organ.kind == "commune")
        name = organ_name(letters.country, commune, province.day(window.last_day))
        once = next((record for record in records if shape.agency_of(record) == name), None)
        return faults.spoil(PLATFORM, province.portal, records, shape, name, lambda record: record is once)

    @routes.get("/{path}")
    def ask(
        request: Request,
        province_code: str,
        path: str,
        first: str | None = Query(None, alias="fromDate"),
        last: str | None = Query(None, alias="toDate"),
        page: str | None = Query(None, alias="pageIndex"),
        size: str | None = Query(None, alias="pageSize"),
    ) -> Response:
        province = province_or_404(letters.country, province_code)
        if path not in _SHAPES:
            raise HTTPException(404, f"không có dịch vụ {path!r}")
        if not _signed(request, token):
            raise HTTPException(401, "Unauthorized")
        if (request.headers.get("servicetype"), request.headers.get("messagetype")) != ("eDoc", "edoc"):
            return _envelope(status="FAIL", ErrorCode="21", ErrorDesc="servicetype hoặc messagetype không hợp lệ")
        try:
            window = read_days(first, last, "%Y/%m/%d")
            rows, start = read_number(size, 100, 1), read_number(page, 1, 1) - 1
            records = listed(province, window, path)
        except BadRequest as problem:
            return _envelope(status="FAIL", ErrorCode="22", ErrorDesc=str(problem))
        return _envelope(total=len(records), data=records[start * rows : (start + 1) * rows])

    return routes
