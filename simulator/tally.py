"""What a portal's own database would count between two instants: elementary numbers, by agency and field.

Plain numpy over instants, in the portals' manner; each vendor adds these up under its own names. The truth is
counted elsewhere, by dates and with SQL.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields

import numpy as np

from simulator.cache import Cache
from simulator.country import Country, Province
from simulator.dossiers import (
    DAY,
    NO_DAY,
    OFFSET,
    ONLINE,
    REFUSED,
    RETURNED,
    Archive,
    Dossiers,
    Ints,
    concerned,
    day_number,
    local_day,
)
from simulator.procedures import PER_FIELD


class BadRequest(ValueError):
    """A request that the portal cannot read; answered with 400."""


@dataclass(frozen=True)
class Window:
    """Seconds UTC from `start` to before `end`."""

    start: int
    end: int

    @classmethod
    def of_days(cls, first: dt.date, last: dt.date) -> Window:
        """Whole local days, both counted."""
        return cls(day_number(first) * DAY - OFFSET, (day_number(last) + 1) * DAY - OFFSET)

    @property
    def first_day(self) -> dt.date:
        return _date(self.start)

    @property
    def last_day(self) -> dt.date:
        return _date(self.end - 1)


def _date(instant: int) -> dt.date:
    return dt.date(1970, 1, 1) + dt.timedelta(days=(instant + OFFSET) // DAY)


@dataclass(frozen=True)
class Tally:
    """Counts, each an array agencies x fields, or agencies x procedures.

    online, counter: received in the window. old: received before and not ended before. denied: not accepted.
    early, on_time, late: ended in the window against the due day; returned: withdrawn or returned in it.
    waiting, undue, overdue: not ended at its end. joint: of the overdue, those with another agency.
    unresolved, releasing, done: the early, on_time and late once more, by how they ended.
    """

    online: Ints
    counter: Ints
    old: Ints
    denied: Ints
    early: Ints
    on_time: Ints
    late: Ints
    returned: Ints
    waiting: Ints
    undue: Ints
    overdue: Ints
    joint: Ints
    unresolved: Ints
    releasing: Ints
    done: Ints

    @property
    def received(self) -> Ints:
        return self.online + self.counter

    @property
    def ended(self) -> Ints:
        return self.early + self.on_time + self.late + self.returned

    @property
    def pending(self) -> Ints:
        return self.waiting + self.undue + self.overdue

    @property
    def handled(self) -> Ints:
        return self.ended + self.pending

    @property
    def first_busy_field(self) -> int:
        """The first column that the first commune handled anything in: where faults of the data strike."""
        return int((self.handled[0] > 0).argmax())


class Tallies:
    """The tallies of any province and window; the latest are remembered."""

    LONGEST_DAYS = 800

    def __init__(self, archive: Archive) -> None:
        self.country: Country = archive.country
        self._archive = archive
        self._tallies: Cache[tuple[Tally, ...]] = Cache(48)

    def of(self, province: Province, window: Window) -> Tally:
        """Raises BadRequest where the window is empty or longer than 800 days."""
        return self.of_all(province, (window,))[0]

    def by_procedure(self, province: Province, window: Window) -> Tally:
        """The same by procedure: PER_FIELD columns for a field."""
        return self.of_all(province, (window,), columns_per_field=PER_FIELD)[0]

    def of_all(
        self, province: Province, windows: tuple[Window, ...], *, columns_per_field: int = 1
    ) -> tuple[Tally, ...]:
        """One tally a window; each quarter's dossiers are gone through once for all of them."""
        if any(not 0 < window.end - window.start <= self.LONGEST_DAYS * DAY for window in windows):
            raise BadRequest("khoảng thời gian không hợp lệ")
        return self._tallies.get(
            (province.portal, windows, columns_per_field), lambda: self._count(province, windows, columns_per_field)
        )

    def _count(self, province: Province, windows: tuple[Window, ...], columns_per_field: int) -> tuple[Tally, ...]:
        shape = (len(province.agencies), len(self.country.field_codes) * columns_per_field)
        sums = {window: {name: np.zeros(shape, np.int64) for name in _NAMES} for window in windows}
        first, last = min(window.first_day for window in windows), max(window.last_day for window in windows)
        for quarter in concerned(first, last):
            cohort = self._archive.cohort(province, quarter)
            for window, counts in sums.items():
                if quarter in concerned(window.first_day, window.last_day):
                    _add(counts, cohort, window, shape, columns_per_field)
        return tuple(Tally(**sums[window]) for window in windows)


_NAMES = [item.name for item in fields(Tally)]


def _add(
    counts: dict[str, Ints], everyone: Dossiers, window: Window, shape: tuple[int, int], columns_per_field: int
) -> None:
    """Add what the window sees of these dossiers."""
    known = (everyone.received < window.end) & (np.maximum(everyone.received, everyone.ended) >= window.start)
    d = everyone if known.mean() > 0.7 else everyone.only(known)
    column = d.field if columns_per_field == 1 else d.field.astype(np.int64) * columns_per_field + d.procedure
    cell = d.agency.astype(np.int64) * shape[1] + column
    last_day = int(local_day(np.array([window.end - 1]))[0])

    accepted = d.outcome >= RETURNED
    inside = (d.received >= window.start) & (d.received < window.end)
    closed = accepted & (d.ended >= window.start) & (d.ended < window.end)
    running = accepted & (d.received < window.end) & (d.ended >= window.end)
    waiting = running & (d.waits_from <= last_day) & (last_day < d.waits_to)
    running &= ~waiting
    # A due day lasts until its last millisecond, so it is past only when another local day has come.
    overdue = running & (d.due != NO_DAY) & (d.due < last_day)
    released = closed & (d.outcome != RETURNED)
    end_day = local_day(d.ended)
    early = released & (end_day < d.due)
    late = released & (d.due != NO_DAY) & (end_day > d.due)
    releasing = released & ~d.unfavourable & (d.collected > last_day)
    masks = {
        "online": accepted & inside & (d.channel == ONLINE),
        "counter": accepted & inside & (d.channel != ONLINE),
        "old": accepted & (d.received < window.start) & (d.ended >= window.start),
        "denied": inside & (d.outcome == REFUSED),
        "early": early,
        "on_time": released & ~early & ~late,
        "late": late,
        "returned": closed & ~released,
        "waiting": waiting,
        "undue": running & ~overdue,
        "overdue": overdue,
        "joint": overdue & d.joint,
        "unresolved": released & d.unfavourable,
        "releasing": releasing,
        "done": released & ~d.unfavourable & ~releasing,
    }
    for name, mask in masks.items():
        counts[name] += np.bincount(cell[mask], minlength=shape[0] * shape[1]).reshape(shape)


def read_day(text: str | None, pattern: str) -> dt.date:
    """A date in the portal's own pattern; anything else is a BadRequest naming what was sent."""
    try:
        read = dt.datetime.strptime(text or "", pattern).date()  # noqa: DTZ007 (a local date, no instant)
    except ValueError:
        read = None
    if read is None or read.strftime(pattern) != text:
        raise BadRequest(f"ngày không đúng định dạng: {text!r}")
    return read


def read_days(first: str | None, last: str | None, pattern: str) -> Window:
    """Both ends of a window of whole local days."""
    return Window.of_days(read_day(first, pattern), read_day(last, pattern))


def read_number(text: str | None, default: int, least: int) -> int:
    """A whole number of at least `least`, `default` where the parameter is not sent."""
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise BadRequest(f"số không hợp lệ: {text!r}")
    return int(text)
