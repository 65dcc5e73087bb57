"""Tân Dân's list of the dossiers that spoil its statistics, with what is wrong with each known as it is made.

Every list is drawn anew from the seed, the province and the window. The truth counts what was meant to be wrong, and
never looks at a record. Some provinces have no such dossier: their list is empty, and says so by a total of 0.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from fastapi import APIRouter, Query, Response

from etl.model import ALL
from etl.periods import Period
from simulator.country import Country, Province
from simulator.faults import Faults, Record, Shape
from simulator.replies import json_reply, province_or_404
from simulator.tally import read_days, read_number

PLATFORM = "tandan_errors"
SHAPE = Shape(
    agency=("maDonVi",),
    stranger="99999",
    total=None,
    rename=("ngayTiepNhan", "ngayNhan"),
    extra="hoSoPhiDiaGioi",
    records="data",
    count="totalCount",
    page=("pageNumber",),
    dates=("ngayTiepNhan", "ngayKetThucXuLy"),
    date_formats=("%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M:%S"),
)
CHECKS = (
    *("level_2_online", "no_receive_date", "done_no_end", "receive_in_future", "end_in_future", "end_before_receive"),
    "unexplained",
)
_SOUND = 0.2
"""Share of the lists without any dossier."""
_AHEAD = 40
"""Years by which a date in the future is mistyped."""


@dataclass(frozen=True)
class Case:
    """What is wrong with a dossier, and how its record comes to be so. received, ended: days after the first of the
    window (None: blank), or mistyped, which puts them years ahead."""

    wrong: tuple[str, ...]
    status: int
    received: int | None = 3
    ended: int | None = None
    received_ahead: bool = False
    ended_ahead: bool = False
    channel: int | None = 1
    level: int = 4


CASES = (
    Case(("level_2_online",), 4, channel=2, level=2),
    Case(("no_receive_date",), 4, received=None),
    Case(("level_2_online",), 5, received=None, channel=2, level=2),  # while it waits it may have no receive date
    Case(("done_no_end",), 9),
    Case(("done_no_end",), 10, channel=None),
    Case(("receive_in_future",), 2, received_ahead=True),
    Case(("end_in_future",), 10, ended=9, ended_ahead=True),
    Case(("end_before_receive",), 10, received=20, ended=12, channel=3),
    Case(("receive_in_future", "end_before_receive"), 9, ended=9, received_ahead=True),
    Case(("level_2_online", "done_no_end"), 9, channel=2, level=2),
    Case(("no_receive_date", "end_in_future"), 10, received=None, ended=5, ended_ahead=True),
    Case(("unexplained",), 5, received=None),
    Case(("unexplained",), 10, received=5, ended=5, level=2),
)


class Faulty:
    def __init__(self, country: Country) -> None:
        self.country = country

    def drawn(self, province: Province, first: dt.date, last: dt.date) -> list[tuple[str, Case]]:
        """The agency and the case of each dossier of the list."""
        days = (first.toordinal(), last.toordinal())
        draw = np.random.default_rng([self.country.seed, int(province.code), *days, 3])
        if draw.random() < _SOUND:
            return []
        counts = draw.poisson(draw.lognormal(0, 0.8, len(province.agencies)))
        counts[0] += 1  # the agency that faults of the lab strike
        agencies = np.repeat(np.arange(len(counts)), counts)
        cases = draw.integers(0, len(CASES), len(agencies))
        return [(province.agencies[agency], CASES[case]) for agency, case in zip(agencies, cases, strict=True)]

    def records(self, province: Province, first: dt.date, last: dt.date) -> Iterator[Record]:
        for number, (agency, case) in enumerate(self.drawn(province, first, last)):
            yield {
                "maHoSo": f"H{province.code}.{agency[-2:]}-{first:%y%m%d}-{number:04d}",
                "maTTHC": f"1.{number % 90 + 10000:06d}",
                "maDonVi": agency,
                "mucDo": case.level,
                "kenhThucHien": case.channel,
                "ngayTiepNhan": _moment(first, case.received, case.received_ahead, 8 + number % 9),
                "ngayKetThucXuLy": _moment(first, case.ended, case.ended_ahead, 8 + number % 9),
                "trangThai": case.status,
                "tenLoi": "Hồ sơ gây lỗi thống kê",
            }

    def truth(self, unit: str, period: Period) -> list[Record]:
        """Of a unit: each tier it has and "all"."""
        rows: dict[str, Counter[str]] = {tier: Counter() for tier in self.country.tiers(unit, period.last_day)}
        for province in self.country.holding(unit, period.last_day):
            for agency, case in self.drawn(province, period.first_day, period.last_day):
                if province.holds(unit, agency):
                    for tier in (province.tier_of(agency), ALL):
                        rows[tier].update(["listed", *case.wrong])
        return [{"tier": tier, **{name: row[name] for name in ("listed", *CHECKS)}} for tier, row in rows.items()]


def _moment(first: dt.date, day: int | None, ahead: bool, hour: int) -> str | None:
    if day is None:
        return None
    date = first + dt.timedelta(days=day)
    return f"{date.year + _AHEAD * ahead}-{date:%m-%d}T{hour:02d}:15:00"


def router(faulty: Faulty, faults: Faults) -> APIRouter:
    routes = APIRouter(prefix=f"/{PLATFORM}/{{province_code}}")

    @routes.get("/HoSoGayLoiThongKe")
    def listed(
        province_code: str,
        parent: str | None = Query(None, alias="maDinhDanhCha"),
        first: str | None = Query(None, alias="tuNgay"),
        last: str | None = Query(None, alias="denNgay"),
        page: str | None = Query(None, alias="pageNumber"),
        size: str | None = Query(None, alias="pageSize"),
    ) -> Response:
        province = province_or_404(faulty.country, province_code)
        window = read_days(first, last, "%Y-%m-%d")
        own = parent in (None, "", province.code)
        whole = list(faulty.records(province, window.first_day, window.last_day)) if own else []
        commune = province.communes[0]
        once = next((record for record in whole if record["maDonVi"] == commune), None)
        records = faults.spoil(PLATFORM, province.portal, whole, SHAPE, commune, lambda record: record is once)
        rows = read_number(size, 50, 1)
        start = (read_number(page, 1, 1) - 1) * rows
        # A list that lost its records keeps its total, which a list of a province without faulty dossiers has at 0.
        total = len(records) or len(whole)
        return json_reply({"data": records[start : start + rows], "totalCount": total})

    return routes
