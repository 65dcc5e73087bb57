"""The seeded generator of electronic documents exchanged on a province's axis, with every recipient of each."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from etl.periods import Period
from simulator.cache import Cache
from simulator.country import Country, Province
from simulator.dossiers import DAY, OFFSET, Ints, day_number, quarters

ABROAD = -1
"""Sender of a document that came from outside the province."""
PARTY = (
    "Văn phòng Tỉnh ủy", "Ban Tổ chức Tỉnh ủy", "Ban Tuyên giáo và Dân vận Tỉnh ủy", "Ban Nội chính Tỉnh ủy",
    "Ủy ban Kiểm tra Tỉnh ủy",
)  # fmt: skip

Kind = Literal["committee", "office", "department", "commune", "party"]


@dataclass(frozen=True)
class Organ:
    """An organisation on the axis. `agency` is our code: the province for the committee and its office."""

    domain: str
    agency: str
    kind: Kind


@dataclass(frozen=True)
class Documents:
    """sender, sent: an element a document (sent in seconds UTC). document, recipient: an element a delivery."""

    sender: NDArray[np.int16]
    sent: Ints
    document: Ints
    recipient: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.document)


def organs(province: Province) -> list[Organ]:
    """The province's organisations: committee, its office, departments, communes, and last the Party bloc.

    Their domains are the axis' own numbering and tell nothing of statistics codes.
    """
    tail = f"X{province.code}"
    found = [
        Organ(f"000.00.00.{tail}", province.code, "committee"),
        Organ(f"000.00.01.{tail}", province.code, "office"),
    ]
    found += [Organ(f"000.00.{n + 2:02d}.{tail}", code, "department") for n, code in enumerate(province.departments)]
    found += [
        Organ(f"000.{n % 60 + 20:02d}.{n // 60 + 31:02d}.{tail}", code, "commune")
        for n, code in enumerate(province.communes)
    ]
    found += [Organ(f"A00.00.{n + 1:02d}.{tail}", province.code, "party") for n in range(len(PARTY))]
    return found


class Post:
    """The documents of the country, made when asked for; a bounded number of deliveries is kept in memory."""

    def __init__(self, country: Country) -> None:
        self.country = country
        self._cohorts: Cache[Documents] = Cache(500_000, len)

    def cohort(self, province: Province, quarter: Period) -> Documents:
        return self._cohorts.get((province.code, quarter), lambda: self._make(province, quarter))

    def touching(self, province: Province, first_day: dt.date, last_day: dt.date) -> Documents:
        """Every document sent on these local days, and others."""
        cohorts = [self.cohort(province, quarter) for quarter in quarters(first_day, last_day)]
        starts = np.cumsum([0, *(len(one.sender) for one in cohorts)])
        return Documents(
            np.concatenate([one.sender for one in cohorts]),
            np.concatenate([one.sent for one in cohorts]),
            np.concatenate([one.document + start for one, start in zip(cohorts, starts, strict=False)]),
            np.concatenate([one.recipient for one in cohorts]),
        )

    def _make(self, province: Province, quarter: Period) -> Documents:
        draw = np.random.default_rng([self.country.seed, int(province.code), quarter.year, quarter.number, 1])
        here = organs(province)
        reported = len(here) - len(PARTY)
        usual = {"committee": 1500, "office": 1100, "department": 520, "commune": 110, "party": 160}
        rate = np.array([usual[organ.kind] for organ in here]) * self.country.scale
        counts = np.maximum(draw.poisson(rate * draw.lognormal(0, 0.3, len(here))), 1)
        sender = np.repeat(np.arange(len(here)), counts)
        sender = np.concatenate([sender, np.full(draw.poisson(2400 * self.country.scale), ABROAD)])
        n = len(sender)
        length = (quarter.last_day - quarter.first_day).days + 1
        day = day_number(quarter.first_day) + draw.integers(0, length, n)
        second = np.where(draw.random(n) < 0.15, draw.integers(0, DAY, n), draw.integers(25_200, 64_800, n))
        # The first recipient is never in the Party bloc nor the sender, so deliveries inside the report
        # are never fewer than its documents; a few letters of the committee go to half the province.
        copies = draw.geometric(0.5, n)
        wide = (sender >= 0) & (sender <= 1) & (draw.random(n) < 0.04)
        copies = np.where(wide, draw.integers(20, 60, n), copies)
        first = (sender + 1 + draw.integers(0, reported - 1, n)) % reported
        first = np.where((sender == ABROAD) | (sender >= reported), draw.integers(0, reported, n), first)
        document = np.repeat(np.arange(n), copies)
        step = np.arange(len(document)) - np.repeat(np.cumsum(copies) - copies, copies)
        recipient = (first[document] + step) % len(here)
        kept = recipient != sender[document]
        return Documents(
            sender.astype(np.int16), day * DAY + second - OFFSET, document[kept], recipient[kept].astype(np.int16)
        )


def organ_name(country: Country, organ: Organ, day: dt.date) -> str:
    """The name an organisation goes by on that day, such as "UBND tỉnh Cao Bằng", "Sở Nội vụ", "UBND xã Đông Anh"."""
    if organ.kind == "party":
        return PARTY[int(organ.domain.split(".")[2]) - 1]
    return country.agency_name(organ.agency, day)  # the office goes under the committee's name
