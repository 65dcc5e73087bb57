"""A document system that lists its documents one by one, each with its sender and every recipient.

Beside the documents that count stand a few that do not: refused or recalled ones, and the recalls themselves. What
went on paper is registered too, without a word on signing. The Party bloc stands among the others; letters from
outside the province come from ministries.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from fastapi import APIRouter, Header, HTTPException, Query, Response
from numpy.typing import NDArray

from etl.periods import Period
from simulator.between import CORRESPONDENTS
from simulator.cache import Cache
from simulator.country import REFORM, Country, Province
from simulator.documents import ABROAD, Organ, Post, organ_name, organs
from simulator.dossiers import OFFSET, Ints, quarters
from simulator.faults import Faults, Record, Shape
from simulator.replies import json_reply, province_or_404
from simulator.tally import BadRequest, Tallies, Window, read_days, read_number

PLATFORM = "document_list"
SHAPE = Shape(
    agency=("noiGui", "ten"),
    stranger="UBND xã Không Có Trong Danh Mục",
    total=None,
    rename=("ngayGui", "ngayBanHanh"),
    extra="mucDoMat",
    records="vanBan",
    count="tongSo",
    page=("trang",),
    dates=("ngayGui",),
    date_formats=("%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S"),
    resolve=lambda record: (
        {"trangThai": "13"} if record["trangThai"] in STANDING and record["nghiepVu"] == "0" else None
    ),
    shared=True,
)
MINISTRIES = (("G22", "Văn phòng Chính phủ"), ("G09", "Bộ Nội vụ"), ("G12", "Bộ Tài chính"))
STANDING = ("03", "06", "01", "05", "04", "06", "16", "06")
FALLEN = ("02", "13", "15")
"""Status codes of documents that count, and of those that were refused or recalled."""


@dataclass(frozen=True)
class Party:
    """An organisation as a portal names it. `place` is its position in the province, ABROAD for others."""

    place: int
    code: str
    name: str


@dataclass(frozen=True)
class Letter:
    """A document with its recipients; `stands` where it counts. sent: "2026-07-01T08:30:05", local.

    paper: it went on paper only, and can have no digital signature.
    """

    key: str
    number: int
    sent: str
    sender: Party
    recipients: tuple[Party, ...]
    stands: bool
    signed: bool
    paper: bool


class Letters:
    """The documents sent on the local days of a window, by moment, with some that do not count."""

    def __init__(self, post: Post) -> None:
        self.country: Country = post.country
        self._post = post
        self._letters: Cache[list[Letter]] = Cache(200_000, lambda letters: len(letters) + 1)

    def of(self, province: Province, window: Window) -> list[Letter]:
        if not 0 < window.end - window.start <= Tallies.LONGEST_DAYS * 86_400:
            raise BadRequest("khoảng thời gian không hợp lệ")
        return self._letters.get((province.portal, window), lambda: sorted(self._make(province, window), key=_moment))

    def _make(self, province: Province, window: Window) -> Iterator[Letter]:
        here = [
            self._party(place, organ, province.day(window.last_day)) for place, organ in enumerate(organs(province))
        ]
        for quarter in quarters(window.first_day, window.last_day):
            for paper in (False, True):
                yield from self._written(province, window, quarter, here, paper)
            if province.since >= REFORM and province.code in CORRESPONDENTS:
                yield from self._between(province, window, quarter, here[0])

    def _between(self, province: Province, window: Window, quarter: Period, committee: Party) -> Iterator[Letter]:
        """What the committee wrote to those of other provinces, and what arrived from them."""
        day, place = province.day(window.last_day), CORRESPONDENTS.index(province.code)
        others = [organs(self.country.provinces[code])[0] for code in CORRESPONDENTS]
        there = [Party(ABROAD, one.domain, organ_name(self.country, one, day)) for one in others]
        written = self._post.between(quarter)
        for number in np.flatnonzero((written.sender == place) & _within(written.sent, window)).tolist():
            to = tuple(there[one] for one in written.recipient[written.document == number].tolist())
            key = _key(province.code, quarter, number)
            yield from _twice(key, number, written.sent[number], committee, to, written.signed[number])
        for sent_in, letters, got in self._post.arrivals(province, quarter):
            for delivery in np.flatnonzero(got & _within(letters.arrived, window)).tolist():
                number = int(letters.document[delivery])
                sender = int(letters.sender[number])
                key, came = _key(CORRESPONDENTS[sender], sent_in, number), letters.arrived[delivery]
                yield from _twice(key, number, came, there[sender], (committee,), letters.signed[number])

    def _written(
        self, province: Province, window: Window, quarter: Period, here: list[Party], paper: bool
    ) -> Iterator[Letter]:
        post = self._post.own(province, quarter, paper=paper)
        ends = np.searchsorted(post.document, np.arange(len(post.sender) + 1))
        for number in np.flatnonzero(_within(post.sent, window)).tolist():
            place = int(post.sender[number])
            sender = here[place] if place != ABROAD else _ministry(number)
            recipients = tuple(here[to] for to in post.recipient[ends[number] : ends[number + 1]].tolist())
            key = f"{province.code}-{quarter.key}-{'P' if paper else ''}{number:06d}"
            yield from _twice(key, number, post.sent[number], sender, recipients, post.signed[number], paper)

    def _party(self, place: int, organ: Organ, day: dt.date) -> Party:
        name = organ_name(self.country, organ, day)
        return Party(place, organ.domain, f"Văn phòng {name}" if organ.kind == "office" else name)


def _key(sender: str, quarter: Period, number: int) -> str:
    """What a letter between provinces is called, the same for its sender and every recipient."""
    return f"{sender}-{quarter.key}-X{number:06d}"


def _within(moments: Ints, window: Window) -> NDArray[np.bool_]:
    return np.asarray((moments >= window.start) & (moments < window.end))


def _twice(
    key: str,
    number: int,
    sent: int,
    sender: Party,
    recipients: tuple[Party, ...],
    signed: bool,
    paper: bool = False,
) -> Iterator[Letter]:
    """The letter; one in forty once more, refused or recalled."""
    moment = np.datetime_as_string(np.datetime64(int(sent) + OFFSET, "s"))
    yield Letter(key, number, str(moment), sender, recipients, True, bool(signed), paper)
    if number % 40 == 0:
        yield Letter(f"{key}-x", number, str(moment), sender, recipients, False, bool(signed), paper)


def _ministry(number: int) -> Party:
    code, name = MINISTRIES[number % len(MINISTRIES)]
    return Party(ABROAD, f"000.00.00.{code}", name)


def _moment(letter: Letter) -> tuple[str, str]:
    return letter.sent, letter.key


def status_of(letter: Letter) -> str:
    codes = STANDING if letter.stands else FALLEN
    return codes[letter.number // 40 % len(codes)]


def _record(letter: Letter) -> Record:
    day, time = letter.sent.split("T")
    recall = not letter.stands and letter.number % 80 == 0
    return {
        "maVanBan": letter.key,
        "soKyHieu": f"{letter.number + 1}/CV",
        "ngayGui": f"{'/'.join(reversed(day.split('-')))} {time}",
        "noiGui": {"ma": letter.sender.code, "ten": letter.sender.name},
        "noiNhan": [{"ma": to.code, "ten": to.name} for to in letter.recipients],
        "trangThai": "03" if recall else status_of(letter),
        "nghiepVu": "1" if recall else "3" if letter.number % 90 == 7 else "0",
        "hinhThuc": "GIAY" if letter.paper else "DT",
        "kySo": None if letter.paper else letter.signed,
    }


def router(letters: Letters, faults: Faults, token: str) -> APIRouter:
    routes = APIRouter(prefix=f"/{PLATFORM}/{{province_code}}")
    pages: Cache[list[Record]] = Cache(100_000, lambda records: len(records) + 1)

    @routes.get("/api/van-ban/danh-sach")
    def listed(
        province_code: str,
        key: str = Header("", alias="X-API-Key"),
        first: str | None = Query(None, alias="tuNgay"),
        last: str | None = Query(None, alias="denNgay"),
        page: str | None = Query(None, alias="trang"),
        size: str | None = Query(None, alias="soDong"),
    ) -> Response:
        if not secrets.compare_digest(key.encode(), token.encode()):
            raise HTTPException(401, "Unauthorized")
        province = province_or_404(letters.country, province_code)
        window = read_days(first, last, "%d/%m/%Y")
        records = pages.get(
            (province.portal, window), lambda: [_record(letter) for letter in letters.of(province, window)]
        )
        commune = next(organ for organ in organs(province) if organ.kind == "commune")
        name = organ_name(letters.country, commune, province.day(window.last_day))
        once = next((record for record in records if record["noiGui"]["ten"] == name), None)
        records = faults.spoil(PLATFORM, province.portal, records, SHAPE, name, lambda record: record is once)
        rows = read_number(size, 100, 1)
        start = (read_number(page, 1, 1) - 1) * rows
        shown: list[Any] = records[start : start + rows]
        return json_reply({"tongSo": len(records), "vanBan": shown})

    return routes
