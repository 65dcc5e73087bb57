"""Reporting periods of Decree 09/2019/NĐ-CP, article 12: closed on the 14th, local time.

A quarter runs from the 15th of the month before it to the 14th of its last month, so quarters,
half-years, nine months and years tile without gap or overlap. Pure: no file, no clock, no Airflow.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from etl.errors import PeriodError
from etl.model import PeriodKind, Window

TIMEZONE = ZoneInfo("Asia/Ho_Chi_Minh")
CUT_OFF_DAY = 14
"""Last day counted in a period's last month (Decree 09/2019/NĐ-CP, article 12)."""

Kind = PeriodKind
_MONTHS: dict[Kind, int] = {"month": 1, "quarter": 3, "half": 6, "nine_months": 9, "year": 12}
_LETTER: dict[str, Kind] = {"M": "month", "Q": "quarter", "H": "half"}
_KEY = re.compile(r"(?P<year>[12]\d{3})(?:-(?:(?P<letter>[MQH])(?P<number>\d{1,2})|(?P<nine>9M)))?")
_HELP = "hãy viết / write 2026-Q3, 2026-M09, 2026-H1, 2026-9M, 2026"


@dataclass(frozen=True, order=True)
class Interval:
    """Local days from the first to the last, both counted."""

    first_day: dt.date
    last_day: dt.date

    def __str__(self) -> str:
        """As people write it: "15/06/2026 - 14/09/2026"."""
        return f"{self.first_day:%d/%m/%Y} - {self.last_day:%d/%m/%Y}"

    @property
    def start(self) -> dt.datetime:
        """First instant, inclusive, in Asia/Ho_Chi_Minh."""
        return dt.datetime.combine(self.first_day, dt.time(), TIMEZONE)

    @property
    def end(self) -> dt.datetime:
        """First instant after the days (exclusive), in Asia/Ho_Chi_Minh."""
        return dt.datetime.combine(self.last_day + dt.timedelta(days=1), dt.time(), TIMEZONE)

    def days(self) -> tuple[Interval, ...]:
        """Each day by itself."""
        count = (self.last_day - self.first_day).days + 1
        days = (self.first_day + dt.timedelta(days=index) for index in range(count))
        return tuple(Interval(day, day) for day in days)

    def months(self) -> tuple[Interval, ...]:
        """Each calendar month that one of the days is in, whole."""
        first = _month_index(self.first_day.year, self.first_day.month)
        last = _month_index(self.last_day.year, self.last_day.month)
        one = dt.timedelta(days=1)
        return tuple(
            Interval(_first_of_month(month), _first_of_month(month + 1) - one) for month in range(first, last + 1)
        )

    def tiled_by(self, parts: Iterable[Interval]) -> bool:
        """Whether the parts are these days, without gap or overlap."""
        following = self.first_day
        for part in sorted(parts):
            if part.first_day != following:
                return False
            following = part.last_day + dt.timedelta(days=1)
        return following == self.last_day + dt.timedelta(days=1)


@dataclass(frozen=True, order=True)
class Period:
    """One reporting period. `number` counts from 1 within the year; it is 1 for 9M and the year."""

    year: int
    kind: Kind
    number: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.number <= _a_year(self.kind):
            raise PeriodError(f"không có kỳ {self.kind} {self.number} năm {self.year}: {_HELP} (it does not exist)")

    @classmethod
    def parse(cls, key: str) -> Period:
        """Read a key such as "2026-Q3". Raises PeriodError with the accepted spellings."""
        match = _KEY.fullmatch(key)
        if match is None:
            raise PeriodError(f"không đọc được kỳ {key!r}: {_HELP} (the period cannot be read)")
        year = int(match["year"])
        if match["nine"]:
            period = cls(year, "nine_months")
        elif match["letter"] is None:
            period = cls(year, "year")
        else:
            period = cls(year, _LETTER[match["letter"]], int(match["number"]))
        if period.key != key:
            raise PeriodError(f"kỳ {key!r} phải viết là {period.key!r} (the period is written so)")
        return period

    @classmethod
    def containing(cls, day: dt.date, kind: Kind) -> Period:
        """The period of that kind whose window holds the (local) day.

        Raises PeriodError for nine months when the day is in the last quarter, which they leave out.
        """
        if kind == "nine_months":
            quarter = cls.containing(day, "quarter")
            if quarter.number == 4:
                raise PeriodError(f"{day} is after the first nine months of {quarter.year} and before the next")
            return cls(quarter.year, kind)
        months = _MONTHS[kind]
        shifted = _month_index(day.year, day.month) + (1 if day.day > CUT_OFF_DAY else 0)
        return cls(shifted // 12, kind, shifted % 12 // months + 1)

    @classmethod
    def of_year(cls, year: int, kind: Kind) -> tuple[Period, ...]:
        """The periods of that kind of the reporting year, first to last."""
        return tuple(cls(year, kind, number) for number in range(1, _a_year(kind) + 1))

    @classmethod
    def closed_before(cls, day: dt.date, kind: Kind) -> Period:
        """The newest period of that kind whose last day lies before the (local) day."""
        period = cls(day.year + 1, kind)
        while period.last_day >= day:
            period = period.previous()
        return period

    @classmethod
    def beginning_from(cls, day: dt.date, kind: Kind) -> Period:
        """The first period of that kind that begins on the (local) day or later."""
        period = cls(day.year, kind)
        while period.first_day < day:
            period = period.shift(1)
        return period

    @property
    def key(self) -> str:
        match self.kind:
            case "year":
                return f"{self.year}"
            case "nine_months":
                return f"{self.year}-9M"
            case "month":
                return f"{self.year}-M{self.number:02d}"
            case "quarter":
                return f"{self.year}-Q{self.number}"
            case "half":
                return f"{self.year}-H{self.number}"

    @property
    def first_day(self) -> dt.date:
        """First day counted, local date."""
        months = _MONTHS[self.kind]
        return _day_after_cut_off(_month_index(self.year, 1) + (self.number - 1) * months - 1)

    @property
    def last_day(self) -> dt.date:
        """Last day counted, local date."""
        return self._end_date - dt.timedelta(days=1)

    @property
    def days(self) -> Interval:
        """The days counted."""
        return Interval(self.first_day, self.last_day)

    @property
    def calendar_days(self) -> Interval:
        """The days of the calendar month, quarter or year of the same number, as other systems count them."""
        months = _MONTHS[self.kind]
        first = _month_index(self.year, 1) + (self.number - 1) * months
        return Interval(_first_of_month(first), _first_of_month(first + months) - dt.timedelta(days=1))

    @property
    def start(self) -> dt.datetime:
        """First instant, inclusive, in Asia/Ho_Chi_Minh."""
        return self.days.start

    @property
    def end(self) -> dt.datetime:
        """First instant after the period (exclusive), in Asia/Ho_Chi_Minh."""
        return self.days.end

    @property
    def _end_date(self) -> dt.date:
        months = _MONTHS[self.kind]
        return _day_after_cut_off(_month_index(self.year, 1) + self.number * months - 1)

    @property
    def title_vi(self) -> str:
        """The period as a Vietnamese heading: "Quý III năm 2026"."""
        roman = {1: "I", 2: "II", 3: "III", 4: "IV"}
        match self.kind:
            case "year":
                return f"Năm {self.year}"
            case "nine_months":
                return f"9 tháng năm {self.year}"
            case "month":
                return f"Tháng {self.number} năm {self.year}"
            case "quarter":
                return f"Quý {roman[self.number]} năm {self.year}"
            case "half":
                return f"6 tháng {'đầu' if self.number == 1 else 'cuối'} năm {self.year}"

    def shift(self, count: int) -> Period:
        """The period `count` steps later (earlier when negative), of the same kind."""
        per_year = _a_year(self.kind)
        index = self.year * per_year + self.number - 1 + count
        return Period(index // per_year, self.kind, index % per_year + 1)

    def previous(self) -> Period:
        return self.shift(-1)

    def longer(self) -> tuple[Period, ...]:
        """The half-year, nine months and year that a quarter is one of the quarters of, shortest first; else none."""
        kinds: tuple[Kind, ...] = ("half", "nine_months", "year") if self.kind == "quarter" else ()
        return tuple(one for kind in kinds for one in Period.of_year(self.year, kind) if self in one.parts())

    def parts(self) -> tuple[Period, ...]:
        """The quarters a half-year, nine months or a year is made of; itself for month and quarter."""
        if self.kind in ("month", "quarter"):
            return (self,)
        count = _MONTHS[self.kind] // 3
        first = (self.number - 1) * count + 1
        return tuple(Period(self.year, "quarter", number) for number in range(first, first + count))


def counted(window: Window, period: Period) -> Interval:
    """The days that a system with that window counts when it is asked for the period."""
    return period.days if window in ("asked", "days") else period.calendar_days


def parts(window: Window, period: Period) -> tuple[Interval, ...]:
    """What such a system is asked for, one request after another: they tile the days that it counts."""
    whole = counted(window, period)
    return {"days": whole.days, "months": whole.months}.get(window, lambda: (whole,))()


def _a_year(kind: Kind) -> int:
    """How many periods of the kind a year has. There is one nine months: its last quarter belongs to none."""
    return 1 if kind == "nine_months" else 12 // _MONTHS[kind]


def _month_index(year: int, month: int) -> int:
    return year * 12 + month - 1


def _first_of_month(month_index: int) -> dt.date:
    return dt.date(month_index // 12, month_index % 12 + 1, 1)


def _day_after_cut_off(month_index: int) -> dt.date:
    return dt.date(month_index // 12, month_index % 12 + 1, CUT_OFF_DAY + 1)
