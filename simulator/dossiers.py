"""The seeded generator of one-stop-shop dossiers: those a province received in one quarter, with their whole life.

A dossier's life is fixed when it is made; what any window sees of it follows from the window alone, so the
same question gets the same answer on any day. Instants are whole seconds UTC, days are local (UTC+7).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from etl.periods import Period
from simulator.cache import Cache
from simulator.country import DEPARTMENTS, REFORM, Country, Province
from simulator.past import Past, drawn
from simulator.procedures import PER_FIELD

OFFSET = 7 * 3600
"""Seconds that Asia/Ho_Chi_Minh is ahead of UTC; no other offset since 1975."""
DAY = 86_400
EPOCH = dt.date(1970, 1, 1)
LONGEST = 180
"""Days from reception to the end at most: two quarters are never shorter, so no older cohort can matter."""
NO_DAY = -1
REGISTERED, REFUSED, RETURNED, DONE = 1, 3, 7, 10
"""Statuses of the national portal: 1 newly registered, 3 not accepted, 7 withdrawn or returned, 10 done."""
DIRECT, ONLINE, POSTAL = 1, 2, 3
"""KenhThucHien of the national portal."""

# Days allotted by law to a dossier, by field: the middle of what its procedures take.
_ALLOTTED = {
    "ho_tich": 3, "chung_thuc": 0, "dat_dai": 20, "dang_ky_kinh_doanh": 3, "bao_tro_xa_hoi": 10, "nguoi_co_cong": 15,
    "xay_dung": 15, "moi_truong": 20, "giao_duc": 5, "y_te": 20, "duong_bo": 5, "ly_lich_tu_phap": 10, "viec_lam": 15,
    "van_hoa": 10, "nong_nghiep": 12, "thue_dat": 5,
}  # fmt: skip
# Share of what is a commune's today that the district resolved until the reform, by field: the simulator's own.
_AT_DISTRICT = {
    "dat_dai": 0.6, "dang_ky_kinh_doanh": 0.95, "xay_dung": 0.8, "giao_duc": 0.7, "moi_truong": 0.6, "van_hoa": 0.5,
    "nong_nghiep": 0.4, "nguoi_co_cong": 0.3, "bao_tro_xa_hoi": 0.2, "ho_tich": 0.05, "chung_thuc": 0.04,
}  # fmt: skip
_HOLIDAYS = ((1, 1), (4, 30), (5, 1), (9, 2))

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Dossiers:
    """Parallel arrays, an element a dossier.

    agency, field: positions in the province's agencies and the country's fields. received, ended: seconds
    UTC (ended means nothing where never accepted). due: local day, or NO_DAY. waits_from, waits_to: local
    days, waiting for supplements from the one to before the other; NO_DAY where it never waited. collected:
    local day the result was handed over. unfavourable: ended with a negative result. joint: handled with
    another agency. procedure: which of its field's procedures, from 0. before: the agency of before the reform, a
    place of `simulator.past`; means nothing in a quarter that began since.
    """

    agency: NDArray[np.int16]
    field: NDArray[np.int8]
    channel: NDArray[np.int8]
    outcome: NDArray[np.int8]
    received: Ints
    ended: Ints
    due: NDArray[np.int32]
    waits_from: NDArray[np.int32]
    waits_to: NDArray[np.int32]
    collected: NDArray[np.int32]
    unfavourable: NDArray[np.bool_]
    joint: NDArray[np.bool_]
    procedure: NDArray[np.int8]
    before: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.agency)

    def only(self, mask: NDArray[np.bool_]) -> Dossiers:
        return Dossiers(**{item.name: getattr(self, item.name)[mask] for item in fields(self)})


def day_number(day: dt.date) -> int:
    return (day - EPOCH).days


def local_day(instants: Ints) -> Ints:
    """The local day, counted from 1970-01-01, of instants in seconds UTC."""
    return (instants + OFFSET) // DAY


def quarters(first_day: dt.date, last_day: dt.date) -> list[Period]:
    """The quarters whose windows hold some day from first_day to last_day."""
    period, found = Period.containing(first_day, "quarter"), []
    while period.first_day <= last_day:
        found.append(period)
        period = period.shift(1)
    return found


def concerned(first_day: dt.date, last_day: dt.date) -> list[Period]:
    """The quarters of reception whose dossiers a question about these days may concern."""
    return quarters(first_day - dt.timedelta(days=LONGEST), last_day)


class Archive:
    """The dossiers of the country, made when asked for; a bounded number of them is kept in memory."""

    def __init__(self, country: Country) -> None:
        self.country = country
        self._past = Past(country)
        self._cohorts: Cache[Dossiers] = Cache(700_000, len)
        self._expected: Cache[NDArray[np.float64]] = Cache(len(country.provinces))

    def cohort(self, province: Province, quarter: Period) -> Dossiers:
        """The dossiers received in that quarter's window."""
        make = self._make if province.since >= REFORM else self._make_before
        return self._cohorts.get((province.portal, quarter), lambda: make(province, quarter))

    def touching(self, province: Province, first_day: dt.date, last_day: dt.date) -> Dossiers:
        """Every dossier that a question about these local days may concern, and others."""
        return _joined([self.cohort(province, quarter) for quarter in concerned(first_day, last_day)])

    def _make(self, province: Province, quarter: Period) -> Dossiers:
        draw = np.random.default_rng([self.country.seed, int(province.code), quarter.year, quarter.number])
        expected = self._expected.get(province.code, lambda: self.country.expected(province))
        counts = draw.poisson(expected * draw.uniform(0.93, 1.07))
        silent = counts.sum(axis=1) == 0
        counts[silent, expected[silent].argmax(axis=1)] = 1  # every agency handles something in every quarter
        agency, field = np.divmod(np.repeat(np.arange(counts.size), counts.ravel()), counts.shape[1])
        firsts = np.unique(agency, return_index=True)[1]
        made = _lives(draw, agency, field, firsts, quarter, self.country.field_codes)
        return self._settled(province, quarter, made) if quarter.first_day < REFORM else made

    def _settled(self, province: Province, quarter: Period, made: Dossiers) -> Dossiers:
        """With the agency that each dossier had before the reform; in a quarter that ended before it, all had some.

        What is added for that is filed and done on one day of the quarter, so that no later quarter sees it.
        """
        places = self._past.places(province)
        if places is None:
            return made
        draw = np.random.default_rng([self.country.seed, int(province.code), quarter.year, quarter.number, 8])
        agency = made.agency.astype(np.int64)
        before = places.candidates[agency, drawn(draw, places.weights[agency])]
        share = np.array([_AT_DISTRICT.get(field, 0.0) for field in self.country.field_codes])
        before = np.where(draw.random(len(made)) < share[made.field], places.district[before], before)
        made = replace(made, before=before.astype(np.int16))
        if quarter.last_day >= REFORM:
            return made
        idle = np.setdiff1d(np.arange(len(places.district)), before[made.outcome >= RETURNED])
        today = places.today()[idle]
        field = np.array([self._usual_field(province.agencies[agency]) for agency in today], np.int64)
        return _joined([made, _done_at_once(draw, today, field, idle, quarter)])

    def _usual_field(self, agency: str) -> int:
        handled = DEPARTMENTS[int(agency.split(".")[1]) - 1][1] if "." in agency else {"chung_thuc": 1.0}
        return self.country.field_codes.index(max(handled, key=lambda field: handled[field]))

    def _make_before(self, province: Province, quarter: Period) -> Dossiers:
        """Those of the province of today that were this one's: none of what was filed since the reform."""
        after = self._past.after(province)
        places = self._past.places(after)
        whole = self.cohort(after, quarter)
        if places is None or quarter.first_day >= REFORM:
            return whole.only(np.zeros(len(whole), np.bool_))
        own, agency = places.of(province, whole.before.astype(np.int64))
        own &= local_day(whole.received) < day_number(REFORM)
        return replace(whole, agency=agency.astype(np.int16)).only(own)


def _joined(parts: list[Dossiers]) -> Dossiers:
    names = [item.name for item in fields(Dossiers)]
    return Dossiers(**{name: np.concatenate([getattr(one, name) for one in parts]) for name in names})


def _done_at_once(draw: np.random.Generator, agency: Ints, field: Ints, before: Ints, quarter: Period) -> Dossiers:
    """One dossier each, resolved while one waits: on a working day, by the afternoon."""
    n, first = len(agency), day_number(quarter.first_day)
    day = first + draw.integers(2, (quarter.last_day - quarter.first_day).days + 1, n)
    day -= np.maximum((day + 3) % 7 - 4, 0)  # of a weekend, the Friday before
    second = draw.integers(27_000, 54_000, n)
    never, no = np.full(n, NO_DAY, np.int32), np.zeros(n, np.bool_)
    return Dossiers(
        agency=agency.astype(np.int16),
        field=field.astype(np.int8),
        channel=np.full(n, DIRECT, np.int8),
        outcome=np.full(n, DONE, np.int8),
        received=day * DAY + second - OFFSET,
        ended=day * DAY + second + draw.integers(300, 3_600, n) - OFFSET,
        due=day.astype(np.int32),
        waits_from=never,
        waits_to=never,
        collected=day.astype(np.int32),
        unfavourable=no,
        joint=no,
        procedure=np.zeros(n, np.int8),
        before=before.astype(np.int16),
    )


def _lives(
    draw: np.random.Generator, agency: Ints, field: Ints, firsts: Ints, quarter: Period, codes: tuple[str, ...]
) -> Dossiers:
    n = len(agency)
    holidays = [f"{year}-{m:02d}-{d:02d}" for year in range(quarter.year - 1, quarter.year + 2) for m, d in _HOLIDAYS]
    start, length = day_number(quarter.first_day), (quarter.last_day - quarter.first_day).days + 1
    weekday = (np.arange(start, start + length) + 3) % 7  # 1970-01-01 was a Thursday; 0 is Monday
    busy = np.where(weekday < 5, 1.0, np.where(weekday == 5, 0.22, 0.07))
    received_day = start + np.searchsorted(busy.cumsum() / busy.sum(), draw.random(n), side="right")
    sunday = (received_day + 3) % 7 == 6
    kind = draw.random(n)
    channel = np.where(sunday | (kind < draw.uniform(0.5, 0.8)), ONLINE, np.where(kind < 0.95, DIRECT, POSTAL))
    # Online filing never closes, so some arrive between midnight and 07:00, which is the day before in UTC.
    # Nothing arrives at midnight sharp: one vendor counts that second with the day before.
    round_the_clock = (channel == ONLINE) & (draw.random(n) < 0.35)
    second = np.where(round_the_clock, draw.integers(1, DAY, n), draw.integers(27_000, 61_200, n))

    allotted = np.array([_ALLOTTED[code] for code in codes])[field] * draw.choice([1, 1, 1, 2], n)
    working = np.busday_offset(received_day.astype("datetime64[D]"), allotted, roll="forward", holidays=holidays)
    calendar = received_day + allotted * 7 // 5
    due = np.where(draw.random(n) < 0.75, working.astype(np.int64), calendar)
    dated = (allotted == 0) | (draw.random(n) >= 0.03)

    fate, span = draw.random(n), due - received_day
    late = draw.uniform(0.03, 0.11)
    ended_day = np.where(fate < 0.55, received_day + np.floor(draw.random(n) * span).astype(np.int64), due)
    ended_day = np.where(fate > 1 - late, due + draw.geometric(1 / 9, n), ended_day)
    ended_day = np.where(dated, ended_day, received_day + draw.geometric(1 / 8, n))
    ended_day = np.where(draw.random(n) < 0.006, received_day + draw.integers(90, LONGEST + 1, n), ended_day)
    waits = (draw.random(n) < 0.07) & (span >= 3)
    waits_from = received_day + draw.integers(0, 6, n)
    wait = draw.geometric(1 / 14, n)
    ended_day = np.minimum(np.where(waits, ended_day + wait, ended_day), received_day + LONGEST)
    due = np.where(waits & (draw.random(n) < 0.6), due + wait, due)  # the law stops the clock; not every office does
    closing = np.where(draw.random(n) < 0.04, draw.integers(64_800, DAY, n), draw.integers(27_000, 64_800, n))
    closing = np.where(ended_day == received_day, second + ((DAY - 1 - second) * draw.random(n) ** 2), closing)

    verdict = draw.random(n)
    outcome = np.select(
        [(verdict < 0.006) & (channel == ONLINE), verdict < 0.018, verdict < 0.05],
        [REGISTERED, REFUSED, RETURNED],
        DONE,
    )
    outcome[firsts] = DONE
    handed_over = np.where(channel == ONLINE, 0, draw.geometric(0.35, n) - 1)
    return Dossiers(
        agency=agency.astype(np.int16),
        field=field.astype(np.int8),
        channel=channel.astype(np.int8),
        outcome=outcome.astype(np.int8),
        received=received_day * DAY + second - OFFSET,
        ended=ended_day * DAY + closing.astype(np.int64) - OFFSET,
        due=np.where(dated, due, NO_DAY).astype(np.int32),
        waits_from=np.where(waits, waits_from, NO_DAY).astype(np.int32),
        waits_to=np.where(waits, np.minimum(waits_from + wait, ended_day), NO_DAY).astype(np.int32),
        collected=(ended_day + handed_over).astype(np.int32),
        unfavourable=(outcome == DONE) & (draw.random(n) < 0.015),
        joint=draw.random(n) < 0.1,
        procedure=np.floor(draw.random(n) ** 2 * PER_FIELD).astype(np.int8),  # drawn last: the others stay as they were
        before=np.full(n, -1, np.int16),
    )
