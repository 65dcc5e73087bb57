"""OpenCPS v2 statistics: detail rows, eight kinds of total rows, year rows and all-time rows in one list.

Vendor's arithmetic: total = denied + process; process = received + remaining = waiting + processing + cancelled +
release; the opening stock `remaining` is a balancing number. Blank or null codes are all that tells a total row.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import numpy as np
from fastapi import APIRouter, Header, Query, Response

from etl.model import Tier
from simulator.cache import Cache
from simulator.country import Province
from simulator.dossiers import Ints
from simulator.faults import Faults, Record, Shape
from simulator.replies import json_reply, province_or_404
from simulator.tally import BadRequest, Tallies, Tally, Window, read_days, read_number

PLATFORM = "opencps_v2"
SHAPE = Shape(
    agency=("govAgencyCode",),
    stranger="99999",
    total="processCount",
    rename=("onlineCount", "onlineReceptionCount"),
    extra="dossierOnline5Count",
    records="dossierStatisticData",
    count="total",
    page=("start", "end"),
    swap=("onlineCount", "onegateCount"),
    settled={
        "processingCount": -1,
        "undueCount": -1,
        "insideCount": -1,
        "releaseCount": 1,
        "ontimeCount": 1,
        "doneCount": 1,
    },
    codes=("month", "year", "ontimePercentage", "reporting"),
    axes=("month", "year", "govAgencyCode", "domainCode", "groupAgencyCode", "system"),
)
GROUPS: dict[Tier, str] = {"commune": "XA", "district": "QH", "province": "SBN"}
SYSTEM = "1"
IN_SERVICE_SINCE = dt.date(2025, 7, 1)
# Which of agency, domain, group and system a kind of row names; the kind numbers are the vendor's.
_NAMED = {1: "", 2: "s", 3: "gs", 4: "ds", 5: "dgs", 6: "ags", 7: "adg", 8: "adgs", 9: "ads"}
_DETAIL = 8


class OpenCps:
    def __init__(self, tallies: Tallies) -> None:
        self._tallies = tallies
        self._records: Cache[list[Record]] = Cache(3)

    def records(self, province: Province, window: Window) -> list[Record]:
        """Every row of the answer, in the order of the vendor's table."""
        return self._records.get((province.portal, window), lambda: list(self._rows(province, window)))

    def _rows(self, province: Province, window: Window) -> Iterator[Record]:
        last = window.last_day
        year = Window.of_days(dt.date(last.year, 1, 1), last)
        since = max(IN_SERVICE_SINCE, last - dt.timedelta(days=Tallies.LONGEST_DAYS - 1))
        ever = Window.of_days(min(since, window.first_day), last)
        tables = [
            ((last.month, last.year), (1, 2, 3, 4, 5, 6, 7, 8, 9)),
            ((0, last.year), (1, 8)),
            ((0, 0), (1, 6)),
        ]
        tallies = self._tallies.of_all(province, (window, year, ever))
        for (when, kinds), tally in zip(tables, tallies, strict=True):
            yield from self._table(province, _counts(tally), when, kinds, last)

    def _table(
        self, province: Province, counts: dict[str, Ints], when: tuple[int, int], kinds: tuple[int, ...], day: dt.date
    ) -> Iterator[Record]:
        country = self._tallies.country
        cube = np.stack(list(counts.values()), axis=-1)  # agencies x fields x measures
        names = [country.agency_name(agency, province.day(day)) for agency in province.agencies]
        groups = {GROUPS[tier]: part for tier, part in province.parts.items()}
        group_of = [GROUPS[province.tier(agency)] for agency in range(len(names))]

        def row(kind: int, values: Ints, agency: int = -1, domain: int = -1, group: str = "") -> Record:
            named, blank = _NAMED[kind], None if kind % 2 else ""
            field = country.field_codes[domain]
            count = dict(zip(counts, values.tolist(), strict=True))
            return {
                "month": when[0],
                "year": when[1],
                "govAgencyCode": province.agencies[agency] if "a" in named else blank,
                "govAgencyName": names[agency] if "a" in named else blank,
                "groupAgencyCode": group if "g" in named else blank,
                "domainCode": field.upper() if "d" in named else blank,
                "domainName": country.fields[field] if "d" in named else blank,
                "system": SYSTEM if "s" in named else blank,
                **count,
                "ontimePercentage": _percentage(count, yearly=when[0] == 0),
                "reporting": 0,
            }

        for kind in (1, 2):
            if kind in kinds:
                yield row(kind, cube.sum(axis=(0, 1)))
        for group, part in groups.items():
            if 3 in kinds:
                yield row(3, cube[part].sum(axis=(0, 1)), group=group)
        for domain in range(len(country.field_codes)):
            if 4 in kinds and cube[:, domain].any():
                yield row(4, cube[:, domain].sum(axis=0), domain=domain)
            for group, part in groups.items():
                if 5 in kinds and cube[part, domain].any():
                    yield row(5, cube[part, domain].sum(axis=0), domain=domain, group=group)
        for agency in range(len(names)):
            group = group_of[agency]
            if 6 in kinds and cube[agency].any():
                yield row(6, cube[agency].sum(axis=0), agency, group=group)
            for domain in np.flatnonzero(cube[agency].any(axis=1)).tolist():
                for kind in (7, 8, 9):
                    if kind in kinds:
                        yield row(kind, cube[agency, domain], agency, domain, group)


def _counts(t: Tally) -> dict[str, Ints]:
    """The vendor's counters, in the order its rows give them. Nothing is ever "outside" in this version."""
    release, processing = t.early + t.on_time + t.late, t.undue + t.overdue
    process = t.waiting + processing + t.returned + release
    nothing = np.zeros_like(process)
    return {
        "totalCount": t.denied + process,
        "deniedCount": t.denied,
        "cancelledCount": t.returned,
        "processCount": process,
        "remainingCount": process - t.received,
        "receivedCount": t.received,
        "onlineCount": t.online,
        "onegateCount": t.counter,
        "releaseCount": release,
        "betimesCount": t.early,
        "ontimeCount": t.on_time,
        "overtimeCount": t.late,
        "overtimeInside": t.late,
        "overtimeOutside": nothing,
        "doneCount": t.done,
        "releasingCount": t.releasing,
        "unresolvedCount": t.unresolved,
        "processingCount": processing,
        "undueCount": t.undue,
        "overdueCount": t.overdue,
        "interoperatingCount": t.joint,
        "waitingCount": t.waiting,
        "outsideCount": nothing,
        "insideCount": processing,
    }


def _percentage(count: dict[str, int], *, yearly: bool) -> int:
    """Truncated; with nothing released a month says 100, a year 0."""
    if count["releaseCount"] == 0:
        return 0 if yearly else 100
    return (count["betimesCount"] + count["ontimeCount"]) * 100 // count["releaseCount"]


def is_detail(record: Record) -> bool:
    codes = ("govAgencyCode", "domainCode", "groupAgencyCode", "system")
    return record["month"] > 0 and all(record[code] for code in codes)


def router(tallies: Tallies, faults: Faults) -> APIRouter:
    portal = OpenCps(tallies)
    routes = APIRouter(prefix=f"/{PLATFORM}/{{province_code}}")

    @routes.get("/o/secure/rest/statistics")
    def statistics(
        province_code: str,
        group_id: str | None = Header(None, alias="groupId", convert_underscores=False),
        first: str | None = Query(None, alias="fromStatisticDate"),
        last: str | None = Query(None, alias="toStatisticDate"),
        start: str | None = None,
        end: str | None = None,
        domain: str | None = None,
    ) -> Response:
        province = province_or_404(tallies.country, province_code)
        if group_id != f"{province.code}0001":
            raise BadRequest(f"groupId không thuộc cổng này: {group_id!r}")
        window = read_days(first, last, "%d/%m/%Y")
        records = portal.records(province, window)
        commune = province.communes[0]

        def busy(record: Record) -> bool:
            return is_detail(record) and record["govAgencyCode"] == commune and record["processCount"] > 0

        target = next((record["domainCode"] for record in records if busy(record)), None)

        def struck(record: Record) -> bool:
            return busy(record) and record["domainCode"] == target

        records = faults.spoil(PLATFORM, province.portal, records, SHAPE, commune, struck)
        if domain:
            records = [record for record in records if record["domainCode"] == domain]
        from_row = read_number(start, 0, 0)
        page = records[from_row : read_number(end, len(records), from_row)]
        answer: dict[str, Any] = {
            "total": len(records),
            "agency": tallies.country.agency_name(province.code, province.day(window.last_day)),
            "dossierStatisticData": page,
        }
        return json_reply(answer)

    return routes
