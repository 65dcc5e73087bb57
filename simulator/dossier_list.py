"""A one-stop system that lists its dossiers one by one, in the words of the synchronisation with the national portal.

Statuses are those of some days after the window, as a list pulled later shows them: some dossiers that were pending
at its end are done by then. Beside the dossiers of the window stand a few that were never accepted, and a few that
ended just before it or came just after. Reception and end are moments with their offset, the due date is a day.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from fastapi import APIRouter, Header, HTTPException, Query, Response

from etl.periods import TIMEZONE
from simulator.cache import Cache
from simulator.country import Province
from simulator.dossiers import (
    NO_DAY,
    OFFSET,
    REFUSED,
    REGISTERED,
    RETURNED,
    Archive,
    Dossiers,
    Ints,
    concerned,
    day_number,
    local_day,
)
from simulator.faults import Faults, Record, Shape
from simulator.replies import json_reply, province_or_404
from simulator.tally import BadRequest, Tallies, Window, read_days, read_number

PLATFORM = "dossier_list"
_PENDING = (2, 4, 6, 8)


def _done_at_once(since: str, record: Record) -> Record | None:
    """A pending dossier received since that day, as a list has it that now says it was done when it came."""
    if record["TrangThai"] not in _PENDING or record["NgayKetThucXuLy"] or record["NgayTiepNhan"] < since:
        return None
    return {"TrangThai": 10, "NgayKetThucXuLy": record["NgayTiepNhan"]}


SHAPE = Shape(
    agency=("MaDonViTiepNhan",),
    stranger="99999",
    total=None,
    rename=("NgayTiepNhan", "NgayNhan"),
    extra="DuocThanhToanTrucTuyen",
    records="danhSach",
    count="tongSo",
    page=("batDau", "ketThuc"),
    dates=("NgayHenTra",),
    date_formats=("%d/%m/%Y", "%m/%d/%Y"),
    resolve=partial(_done_at_once, ""),
    token=True,
)
_LATER = 20
"""Days after the window at which the list shows the statuses, or yesterday where that is earlier."""
_AROUND = 6
"""Days before and after the window from which a few dossiers stand in the list that are not of it."""
_OPEN = np.array([4, 4, 2, 4, 8, 4, 6, 4, 2, 4])


class DossierList:
    def __init__(self, archive: Archive) -> None:
        self.country = archive.country
        self._archive = archive
        self._lists: Cache[list[Record]] = Cache(300_000, lambda records: len(records) + 1)

    def records(self, province: Province, window: Window) -> list[Record]:
        """Every dossier of the list, by moment of reception."""
        if not 0 < window.end - window.start <= Tallies.LONGEST_DAYS * 86_400:
            raise BadRequest("khoảng thời gian không hợp lệ")
        return self._lists.get((province.portal, window), lambda: self._list(province, window))

    def _list(self, province: Province, window: Window) -> list[Record]:
        around = dt.timedelta(days=_AROUND)
        quarters = concerned(window.first_day - around, window.last_day + around)
        found = [
            record
            for quarter in quarters
            for record in _written(self._archive.cohort(province, quarter), province, window, self.country.field_codes)
        ]
        return sorted(found, key=lambda record: (record["NgayTiepNhan"], record["MaHoSo"]))


def _written(cohort: Dossiers, province: Province, window: Window, fields: tuple[str, ...]) -> Iterator[Record]:
    number = np.arange(len(cohort))
    first, last = day_number(window.first_day), day_number(window.last_day)
    received, ended = local_day(cohort.received), local_day(cohort.ended)
    accepted = cohort.outcome >= RETURNED
    asked = np.where(accepted, (received <= last) & (ended >= first), (received >= first) & (received <= last))
    few = number % 4 == 0
    asked |= few & accepted & (ended >= first - _AROUND) & (ended < first)
    asked |= few & accepted & (received > last) & (received <= last + _AROUND)
    taken = np.flatnonzero(asked)

    closed = accepted & (ended <= last)
    yesterday = day_number(dt.datetime.now(TIMEZONE).date()) - 1
    waiting = (cohort.waits_from <= last) & (last < cohort.waits_to)
    moved = accepted & ~closed & ~waiting & (ended <= min(last + _LATER, yesterday)) & (number % 2 == 0)
    done = np.where(cohort.collected <= last, 10, 9)
    status = np.select(
        [cohort.outcome == REGISTERED, cohort.outcome == REFUSED, closed | moved, waiting],
        [REGISTERED, REFUSED, np.where(cohort.outcome == RETURNED, RETURNED, done), 5],
        _OPEN[number % len(_OPEN)],
    )
    began, finished = _moments(cohort.received), _moments(cohort.ended)
    due = np.datetime_as_string(np.where(cohort.due == NO_DAY, 0, cohort.due).astype("datetime64[D]"))
    over = closed | moved
    for place in taken.tolist():
        agency = province.agencies[cohort.agency[place]]
        year, month, day = began[place][:10].split("-")
        yield {
            "MaHoSo": f"H{province.code}.{agency[-2:]}-{year[2:]}{month}{day}-{place:06d}",
            "MaTTHC": f"1.{int(cohort.field[place]) + 10000:06d}",
            "LinhVuc": fields[cohort.field[place]],
            "KenhThucHien": int(cohort.channel[place]),
            "NgayTiepNhan": began[place],
            "NgayHenTra": None if cohort.due[place] == NO_DAY else "/".join(reversed(due[place].split("-"))),
            "NgayKetThucXuLy": finished[place] if over[place] else None,
            "MaDonViTiepNhan": agency,
            "TrangThai": int(status[place]),
            "LoaiDoiTuong": "Doanh nghiệp" if place % 7 == 0 else "Công dân",
            "MucDo": 4,
        }


def _moments(instants: Ints) -> list[str]:
    """ISO-8601 with the offset of Vietnam."""
    return [f"{text}+07:00" for text in np.datetime_as_string((instants + OFFSET).astype("datetime64[s]"))]


def router(archive: Archive, faults: Faults, token: str) -> APIRouter:
    portal = DossierList(archive)
    routes = APIRouter(prefix=f"/{PLATFORM}/{{province_code}}")

    @routes.get("/api/ho-so/danh-sach")
    def listed(
        province_code: str,
        authorization: str = Header(""),
        first: str | None = Query(None, alias="tuNgay"),
        last: str | None = Query(None, alias="denNgay"),
        start: str | None = Query(None, alias="batDau"),
        end: str | None = Query(None, alias="ketThuc"),
    ) -> Response:
        if not secrets.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
            raise HTTPException(401, "Unauthorized", {"WWW-Authenticate": "Bearer"})
        province = province_or_404(archive.country, province_code)
        window = read_days(first, last, "%d/%m/%Y")
        records = portal.records(province, window)
        shape = replace(SHAPE, resolve=partial(_done_at_once, f"{window.first_day}"))
        commune = province.communes[0]
        once = next((record for record in records if record["MaDonViTiepNhan"] == commune), None)
        records = faults.spoil(PLATFORM, province.portal, records, shape, commune, lambda record: record is once)
        from_row = read_number(start, 0, 0)
        page: list[Any] = records[from_row : read_number(end, len(records), from_row)]
        return json_reply({"tongSo": len(records), "danhSach": page})

    return routes
