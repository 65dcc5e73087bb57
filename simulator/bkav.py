"""Bkav's provincial axis: parents beside their children, the same row many times over, names in many spellings.

A document is one sent, and one received for each of its recipients. The committee and its office are one row,
which does not include its children. Day counts are made by a job after the day; a job run again leaves its row
once more with another time of day. The Party bloc stands among the others.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterator

import numpy as np
from fastapi import APIRouter, Query, Response

from simulator.country import Province
from simulator.documents import ABROAD, Organ, Post, organ_name, organs
from simulator.export_files import Report, reply
from simulator.faults import Faults, Record, Shape
from simulator.replies import json_reply, province_or_404
from simulator.tally import BadRequest, Tallies, Window, read_days

PLATFORM = "bkav_axis"
SHAPE = Shape(
    agency=("organName",),
    stranger="UBND xã Không Có Trong Danh Mục",
    total="total",
    rename=("sent", "sentTotal"),
    extra="signed",
    children="childOrgan",
    swap=("sent", "received"),
    dates=("lastUpdate",),
    date_formats=("%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M:%S"),
)
EXPORT = "bkav_export"
EXPORT_SHAPE = Shape(
    agency=("Đơn vị",),
    stranger="UBND xã Không Có Trong Danh Mục",
    total="Tổng",
    rename=("Gửi", "Đã gửi"),
    extra="Ký số",
    swap=("Gửi", "Nhận"),
    file=("nfd",),
)
# The tone of an open syllable "oa, oe, uy": the traditional place and the other one.
_TONES = {"òa": "oà", "óa": "oá", "ỏa": "oả", "õa": "oã", "ọa": "oạ", "òe": "oè", "óe": "oé", "ỏe": "oẻ", "ọe": "oẹ",
          "ùy": "uỳ", "úy": "uý", "ủy": "uỷ", "ũy": "uỹ", "ụy": "uỵ"}  # fmt: skip


class Axis:
    def __init__(self, post: Post) -> None:
        self._post = post

    def records(self, province: Province, window: Window) -> list[Record]:
        """The committee's row with its departments and communes under it, the Party bloc beside it and under it."""
        if not 0 < window.end - window.start <= Tallies.LONGEST_DAYS * 86_400:
            raise BadRequest("khoảng thời gian không hợp lệ")
        here = organs(province)
        sent, received = self._counts(province, window, len(here))
        # How a name is spelt, and whose job runs again, is a habit of the organisation and not of the window.
        habits = np.random.default_rng([self._post.country.seed, int(province.code), 2])
        spelling, times = (
            habits.random(len(here)),
            np.where(habits.random(len(here)) < 0.12, habits.integers(2, 5, len(here)), 1),
        )
        seconds = habits.integers(900, 4 * 3600, (len(here), 5))
        counted_on = window.last_day + dt.timedelta(days=1)

        def row(place: int, organ: Organ, copy: int = 0) -> Record:
            at = dt.datetime.combine(counted_on, dt.time()) + dt.timedelta(seconds=int(seconds[place, copy] + copy))
            name = organ_name(self._post.country, organ, province.day(window.last_day))
            return {
                "organDomain": organ.domain,
                "organName": _spelt(name, float(spelling[place])),
                "lastUpdate": at.strftime("%Y-%m-%d %H:%M:%S"),
                "sent": int(sent[place]),
                "received": int(received[place]),
                "total": int(sent[place] + received[place]),
                "childOrgan": [],
            }

        top, children, beside = row(0, here[0]), list[Record](), list[Record]()
        for place, organ in enumerate(here):
            if organ.kind == "office":
                continue  # counted in the committee's row
            copies = [row(place, organ, copy) for copy in range(int(times[place]))]
            if organ.kind == "committee":
                beside += copies[1:]
            elif organ.kind == "party" and place % 2:
                beside += copies
            else:
                children += copies
        return [{**top, "childOrgan": children}, *beside]

    def _counts(self, province: Province, window: Window, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Sent and received by organisation, the office's added to the committee's (places 1 and 0)."""
        post = self._post.touching(province, window.first_day, window.last_day)
        inside = (post.sent >= window.start) & (post.sent < window.end)
        sent = np.bincount(post.sender[inside & (post.sender != ABROAD)], minlength=n)
        received = np.bincount(post.recipient[inside[post.document]], minlength=n)
        sent[0], received[0] = sent[0] + sent[1], received[0] + received[1]
        return sent, received


def _spelt(name: str, habit: float) -> str:
    """Some organisations write NFD, some put the tone on the other vowel; all mean the same name."""
    if habit < 0.08:
        return unicodedata.normalize("NFD", name)
    if habit < 0.5:
        return " ".join(_other_tone(syllable) for syllable in name.split(" "))
    return name


def _other_tone(syllable: str) -> str:
    ending = syllable[-2:].lower()
    if ending not in _TONES or syllable[-3:-2].lower() == "q":
        return syllable
    return syllable[:-2] + _TONES[ending]


def _flat(records: list[Record]) -> Iterator[Record]:
    for record in records:
        yield record
        yield from _flat(record["childOrgan"])


def router(post: Post, faults: Faults) -> APIRouter:
    axis = Axis(post)
    routes = APIRouter(prefix=f"/{PLATFORM}/{{province_code}}")

    @routes.get("/public/-/stat/detail")
    def detail(
        province_code: str,
        first: str | None = Query(None, alias="fromDate"),
        last: str | None = Query(None, alias="toDate"),
        keyword: str = "",
    ) -> Response:
        province = province_or_404(post.country, province_code)
        records = axis.records(province, read_days(first, last, "%d/%m/%Y"))
        communes = {organ.domain: organ for organ in organs(province) if organ.kind == "commune"}
        once = next(record for record in _flat(records) if record["organDomain"] in communes)
        name = once["organName"]

        def struck(record: Record) -> bool:
            return (record["organDomain"], record["lastUpdate"]) == (once["organDomain"], once["lastUpdate"])

        records = faults.spoil(PLATFORM, province.portal, records, SHAPE, name, struck)
        if keyword:
            wanted = unicodedata.normalize("NFC", keyword).casefold()
            records = [
                {**record, "childOrgan": []}
                for record in _flat(records)
                if wanted in unicodedata.normalize("NFC", record["organName"]).casefold()
            ]
        return json_reply(records)

    return routes


def export_router(post: Post, faults: Faults) -> APIRouter:
    """What its page exports: every organisation once, under the names it has in the list."""
    axis = Axis(post)
    routes = APIRouter(prefix=f"/{EXPORT}/{{province_code}}")

    @routes.get("/public/-/stat/export/excel")
    def export(
        province_code: str,
        first: str | None = Query(None, alias="fromDate"),
        last: str | None = Query(None, alias="toDate"),
    ) -> Response:
        province = province_or_404(post.country, province_code)
        once: dict[str, Record] = {}
        for record in _flat(axis.records(province, read_days(first, last, "%d/%m/%Y"))):
            once.setdefault(record["organDomain"], record)
        names = {"organName": "Đơn vị", "sent": "Gửi", "received": "Nhận", "total": "Tổng"}
        rows = [{heading: record[key] for key, heading in names.items()} for record in once.values()]
        communes = {organ.domain for organ in organs(province) if organ.kind == "commune"}
        struck = next(record["organName"] for domain, record in once.items() if domain in communes)
        rows = faults.spoil(
            EXPORT, province.portal, rows, EXPORT_SHAPE, struck, lambda record: record["Đơn vị"] == struck
        )
        headings = list(rows[0]) if rows else list(names.values())
        headings.sort(key=lambda name: list(names.values()).index(name) if name in names.values() else len(names))
        body = [[record.get(name) for name in headings] for record in rows]
        made = Report("Thống kê", [["THỐNG KÊ GỬI, NHẬN VĂN BẢN"], []], [(name,) for name in headings], body, [])
        fault = faults.get(EXPORT, province.portal)
        return reply(made.in_nfd() if fault and fault.kind == "nfd" else made, "xlsx")

    return routes
