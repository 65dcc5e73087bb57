"""The seeded generator of electronic documents exchanged on a province's axis, with every recipient of each."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from etl.periods import Period
from simulator.between import CORRESPONDENTS, Between, between
from simulator.cache import Cache
from simulator.country import REFORM, Country, Province
from simulator.dossiers import DAY, OFFSET, Ints, day_number, quarters
from simulator.past import Past, Places, drawn

_ON_PAPER = 0.15
"""Documents on paper for each electronic one."""
ABROAD = -1
"""Sender of a document that came from outside the province."""
PARTY = (
    "Văn phòng Tỉnh ủy", "Ban Tổ chức Tỉnh ủy", "Ban Tuyên giáo và Dân vận Tỉnh ủy", "Ban Nội chính Tỉnh ủy",
    "Ủy ban Kiểm tra Tỉnh ủy",
)  # fmt: skip

Kind = Literal["committee", "office", "department", "commune", "district", "party"]
_OF_DISTRICT = 0.25
"""Share of the documents of what is a commune today that were of the district over it until the reform."""


@dataclass(frozen=True)
class Organ:
    """An organisation on the axis. `agency` is our code: the province for the committee and its office."""

    domain: str
    agency: str
    kind: Kind


@dataclass(frozen=True)
class Documents:
    """sender, sent, signed: an element a document (sent in seconds UTC). document, recipient: an element a delivery."""

    sender: NDArray[np.int16]
    sent: Ints
    signed: NDArray[np.bool_]
    document: Ints
    recipient: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.document)


def organs(province: Province) -> list[Organ]:
    """The province's organisations: committee, its office, departments, communes, the districts of before the reform,
    and last the Party bloc.

    Their domains are the axis' own numbering and tell nothing of statistics codes.
    """
    tail = f"X{province.code}" if province.since >= REFORM else f"Y{province.code}"
    found = [
        Organ(f"000.00.00.{tail}", province.code, "committee"),
        Organ(f"000.00.01.{tail}", province.code, "office"),
    ]
    found += [Organ(f"000.00.{n + 2:02d}.{tail}", code, "department") for n, code in enumerate(province.departments)]
    found += [
        Organ(f"000.{n % 60 + 20:02d}.{n // 60 + 31:02d}.{tail}", code, "commune")
        for n, code in enumerate(province.communes)
    ]
    found += [Organ(f"000.{n + 20:02d}.30.{tail}", code, "district") for n, code in enumerate(province.districts)]
    found += [Organ(f"A00.00.{n + 1:02d}.{tail}", province.code, "party") for n in range(len(PARTY))]
    return found


class Post:
    """The documents of the country, made when asked for; a bounded number of deliveries is kept in memory.

    Those on paper are no part of the electronic ones: no axis ever sees them.
    """

    def __init__(self, country: Country) -> None:
        self.country = country
        self._past = Past(country)
        self._cohorts: Cache[Documents] = Cache(500_000, len)
        self._between: Cache[Between] = Cache(8)

    def between(self, quarter: Period) -> Between:
        """What the committees of provinces wrote to each other."""
        return self._between.get(quarter, lambda: between(self.country, quarter))

    def own(self, province: Province, quarter: Period, *, paper: bool = False) -> Documents:
        """What was sent in the quarter within the province, or to it by ministries."""
        make = self._make if province.since >= REFORM else self._make_before
        return self._cohorts.get((province.portal, quarter, paper), lambda: make(province, quarter, paper))

    def cohort(self, province: Province, quarter: Period, *, paper: bool = False) -> Documents:
        """With what its committee wrote to those of other provinces, and what arrived from them in the quarter."""
        own = self.own(province, quarter, paper=paper)
        if paper or province.since < REFORM or province.code not in CORRESPONDENTS:
            return own
        place, letters = CORRESPONDENTS.index(province.code), self.between(quarter)
        out = letters.sender == place
        came = [(one.arrived[got], one.signed[one.document[got]]) for _, one, got in self.arrivals(province, quarter)]
        sent = np.concatenate([letters.sent[out], *(moments for moments, _ in came)])
        signed = np.concatenate([letters.signed[out], *(signs for _, signs in came)])
        more = len(sent) - int(out.sum())
        first = len(own.sender) + int(out.sum())
        return Documents(
            np.concatenate([own.sender, np.zeros(out.sum(), np.int16), np.full(more, ABROAD, np.int16)]),
            np.concatenate([own.sent, sent]),
            np.concatenate([own.signed, signed]),
            np.concatenate([own.document, first + np.arange(more)]),
            np.concatenate([own.recipient, np.zeros(more, np.int16)]),
        )

    def arrivals(self, province: Province, quarter: Period) -> list[tuple[Period, Between, NDArray[np.bool_]]]:
        """The letters between committees of the quarter before and of this one, and which deliveries of them arrived at
        the province in this one."""
        place = CORRESPONDENTS.index(province.code)
        start, end = day_number(quarter.first_day) * DAY - OFFSET, (day_number(quarter.last_day) + 1) * DAY - OFFSET
        found = []
        for sent_in in (quarter.previous(), quarter):
            one = self.between(sent_in)
            found.append((sent_in, one, (one.recipient == place) & (one.arrived >= start) & (one.arrived < end)))
        return found

    def touching(self, province: Province, first_day: dt.date, last_day: dt.date, *, paper: bool = False) -> Documents:
        """Every document sent on these local days, and others."""
        cohorts = [self.cohort(province, quarter, paper=paper) for quarter in quarters(first_day, last_day)]
        starts = np.cumsum([0, *(len(one.sender) for one in cohorts)])
        return Documents(
            np.concatenate([one.sender for one in cohorts]),
            np.concatenate([one.sent for one in cohorts]),
            np.concatenate([one.signed for one in cohorts]),
            np.concatenate([one.document + start for one, start in zip(cohorts, starts, strict=False)]),
            np.concatenate([one.recipient for one in cohorts]),
        )

    def _make(self, province: Province, quarter: Period, paper: bool) -> Documents:
        place = (self.country.seed, int(province.code), quarter.year, quarter.number)
        draw = np.random.default_rng([*place, 5 if paper else 1])
        here = organs(province)
        reported = len(here) - len(PARTY)
        usual = {"committee": 1500, "office": 1100, "department": 520, "commune": 110, "party": 160}
        rate = np.array([usual[organ.kind] for organ in here]) * self.country.scale * (_ON_PAPER if paper else 1)
        counts = np.maximum(draw.poisson(rate * draw.lognormal(0, 0.3, len(here))), 0 if paper else 1)
        sender = np.repeat(np.arange(len(here)), counts)
        sender = np.concatenate(
            [sender, np.full(draw.poisson(2400 * self.country.scale * (_ON_PAPER if paper else 1)), ABROAD)]
        )
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
        # How often an organisation signs is its habit; its own generator leaves every other draw as it was.
        hand = np.random.default_rng([*place, 6])
        signed = hand.random(n) < hand.uniform(0.4, 1, len(here) + 1)[sender]
        return Documents(
            sender.astype(np.int16),
            day * DAY + second - OFFSET,
            signed & (not paper),
            document[kept],
            recipient[kept].astype(np.int16),
        )

    def _make_before(self, province: Province, quarter: Period, paper: bool) -> Documents:
        """What the organisations of a province of before sent and received of those of the province of today.

        A document between two of them came from outside for the second; none is of a quarter begun since the reform.
        """
        after = self._past.after(province)
        places, whole = self._past.places(after), self.own(after, quarter, paper=paper)
        if places is None or quarter.first_day >= REFORM:
            nothing = np.zeros(0, np.int64)
            return Documents(
                nothing.astype(np.int16), nothing, nothing.astype(np.bool_), nothing, nothing.astype(np.int16)
            )
        table = _Before(places, after)
        stream = 11 if paper else 10
        draw = np.random.default_rng([self.country.seed, int(after.code), quarter.year, quarter.number, stream])
        sender = np.where(whole.sender == ABROAD, ABROAD, table.drawn(draw, whole.sender, None))
        first = table.drawn(draw, whole.recipient[np.searchsorted(whole.document, np.arange(len(sender)))], None)
        home = table.province[np.where(sender == ABROAD, first, sender)]
        recipient = table.drawn(draw, whole.recipient, home[whole.document])
        mine = places.before.index(province)
        then = whole.sent < day_number(REFORM) * DAY - OFFSET
        sent = then & (sender != ABROAD) & (table.province[sender] == mine)
        got = then[whole.document] & (table.province[recipient] == mine)
        kept = sent.copy()
        kept[whole.document[got]] = True
        number = np.cumsum(kept) - 1
        return Documents(
            np.where(sent, table.organ[sender], ABROAD)[kept].astype(np.int16),
            whole.sent[kept],
            whole.signed[kept],
            number[whole.document[got]],
            table.organ[recipient[got]].astype(np.int16),
        )


class _Before:
    """The organisations of the provinces that went into one, in one row, and which of them each of today may have been.

    province, organ: of each place in that row its province's position and its own within it.
    """

    def __init__(self, places: Places, after: Province) -> None:
        each = [organs(one) for one in places.before]
        self.province = np.repeat(np.arange(len(each)), [len(one) for one in each])
        self.organ = np.concatenate([np.arange(len(one)) for one in each])
        agency = {code: place for place, code in enumerate(code for one in places.before for code in one.agencies)}
        at: dict[int, int] = {}
        tops: dict[tuple[str, str], list[int]] = {}
        for place, organ in enumerate(one for here in each for one in here):
            if organ.kind in ("committee", "office", "party"):
                tops.setdefault((organ.kind, organ.domain.rsplit(".", 1)[0]), []).append(place)
            else:
                at[agency[organ.agency]] = place
        position = {code: row for row, code in enumerate(after.agencies)}
        rows: list[dict[int, float]] = []
        for organ in organs(after):
            if organ.kind in ("committee", "office", "party"):
                same = tops[organ.kind, organ.domain.rsplit(".", 1)[0]]
                rows.append({place: float(len(places.before[self.province[place]].communes)) for place in same})
                continue
            row: dict[int, float] = {}
            of_today = position[organ.agency]
            for old, weight in zip(places.candidates[of_today], places.weights[of_today], strict=True):
                if old >= 0:
                    over = places.district[old]
                    share = _OF_DISTRICT if over != old else 0.0
                    row[at[old]] = row.get(at[old], 0.0) + weight * (1 - share)
                    row[at[over]] = row.get(at[over], 0.0) + weight * share
            rows.append(row)
        width = max(map(len, rows))
        self._candidates = np.array([[*row, *[-1] * (width - len(row))] for row in rows])
        self._weights = np.array([[*row.values(), *[0.0] * (width - len(row))] for row in rows])

    def drawn(self, draw: np.random.Generator, organ: Ints, home: Ints | None) -> Ints:
        """Of each organisation of today the place of one of before; of the home province, where one of it can be."""
        weights = self._weights[organ]
        if home is not None:
            near = weights * (self.province[self._candidates[organ]] == home[:, None])
            weights = np.where(near.any(axis=1, keepdims=True), near, weights)
        return self._candidates[organ, drawn(draw, weights)]


def organ_name(country: Country, organ: Organ, day: dt.date) -> str:
    """The name an organisation goes by on that day, such as "UBND tỉnh Cao Bằng", "Sở Nội vụ", "UBND xã Đông Anh"."""
    if organ.kind == "party":
        return PARTY[int(organ.domain.split(".")[2]) - 1]
    return country.agency_name(organ.agency, day)  # the office goes under the committee's name
