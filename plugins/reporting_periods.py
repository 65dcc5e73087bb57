"""The reporting period as Airflow's partition key: "2026-Q3" is a partition, and a run belongs to one.

A period's last day is the decree's (etl/periods.py), which no calendar-aligned timetable of Airflow's can say, so
the timetable, the mapper from a quarter to the longer periods it is a part of, and the window of their quarters stand
here. All dates come from etl/periods.py, the delays from catalog/calendar.yml.
`logical_date` and `data_interval` are not used: a partitioned run has neither.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import pendulum
from airflow.exceptions import InvalidPartitionKeyError
from airflow.partition_mappers.base import PartitionMapper
from airflow.partition_mappers.window import Window
from airflow.plugins_manager import AirflowPlugin
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable
from airflow.utils.strings import get_random_string

from etl.errors import PeriodError
from etl.periods import CUT_OFF_DAY, TIMEZONE, Kind, Period

ROOM = dt.timedelta(hours=2)
"""The first pulls of a period, tried again where need be, have ended by then."""


@lru_cache(maxsize=1)
def collect_delay() -> dt.timedelta:
    """How long after the cut-off a run starts (catalog/calendar.yml).

    Read when a run is computed and not when a DAG file is parsed, which must touch no catalog.
    """
    from etl import pipeline

    return dt.timedelta(hours=pipeline.calendar_delay_hours())


@lru_cache(maxsize=1)
def confirm_delay() -> dt.timedelta:
    """The same for the second pull of a period, with room for the first pulls to have ended."""
    from etl import pipeline

    return dt.timedelta(hours=pipeline.confirm_delay_hours()) + ROOM


def _instant(moment: dt.datetime) -> pendulum.DateTime:
    return pendulum.instance(moment).in_timezone("UTC")


FIRST_DAY = pendulum.instance(Period.parse("2025-Q3").start).in_timezone(str(TIMEZONE))
"""The DAGs run by themselves for this period and those after it; earlier ones by backfill."""


class ReportingPeriodTimetable(Timetable):
    """One run for each period of a kind, some hours after the period is closed.

    again: for the second pull of the period, a set distance after the first.
    """

    partitioned = True
    periodic = True
    run_ordering = ("partition_date", "run_after")
    description = f"Sau khi kỳ báo cáo chốt số liệu (ngày {CUT_OFF_DAY}) / after the cut-off on day {CUT_OFF_DAY}"

    def __init__(self, kind: Kind = "quarter", *, again: bool = False) -> None:
        self.kind, self.again = kind, again

    def serialize(self) -> dict[str, Any]:
        return {"kind": self.kind, "again": self.again}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> ReportingPeriodTimetable:
        return cls(data["kind"], again=data.get("again", False))

    @property
    def summary(self) -> str:
        return f"{self.kind}, {CUT_OFF_DAY + 1}–{CUT_OFF_DAY}"

    # --- the scheduler -----------------------------------------------------------------------------

    def next_dagrun_info_v2(
        self, *, last_dagrun_info: DagRunInfo | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """The period after the last one; without catch-up no period older than the latest closed one."""
        latest = self._latest_closed()
        if last_dagrun_info is not None and last_dagrun_info.partition_key:
            period = Period.parse(last_dagrun_info.partition_key).shift(1)
        elif restriction.earliest is None:
            period = latest
        else:
            period = self._first_from(restriction.earliest)
        if not restriction.catchup:
            period = max(period, latest)
        info = self._info(period)
        return None if restriction.latest is not None and info.run_after > restriction.latest else info

    def infer_manual_data_interval(self, *, run_after: pendulum.DateTime) -> DataInterval:
        """Airflow asks this of every timetable when a date is given by hand: the last window closed by then."""
        period = Period.closed_before(run_after.astimezone(TIMEZONE).date(), self.kind)
        return DataInterval(_instant(period.start), _instant(period.end))

    def generate_run_id(self, *, run_type: Any, run_after: Any, data_interval: Any, **extra: Any) -> str:
        """`scheduled__2026-Q3__x7Gq`: a period may have several runs, so the key alone would not do."""
        del data_interval
        suffix = extra.get("partition_key") or run_after.isoformat()
        return str(run_type.generate_run_id(suffix=f"{suffix}__{get_random_string()}"))

    # --- backfill, and keys written by hand ----------------------------------------------------------

    def iter_partition_dagrun_infos(self, *, earliest: dt.datetime, latest: dt.datetime) -> Iterable[DagRunInfo]:
        """Every closed period that begins within the two dates, both included, read as local dates."""
        last = self.localize_partition_datetime(latest)
        period = self._first_from(self.localize_partition_datetime(earliest))
        while period.start <= last and period <= self._latest_closed():
            yield self._info(period)
            period = period.shift(1)

    def localize_partition_datetime(self, dt: dt.datetime) -> pendulum.DateTime:  # the name is Airflow's
        """A date of the command line or the API is a date in Việt Nam, whatever zone it came with."""
        return _instant(dt.replace(tzinfo=TIMEZONE))

    def _decode_partition_date(self, partition_key: str) -> dt.datetime:
        try:
            period = Period.parse(partition_key)
        except PeriodError as problem:
            raise InvalidPartitionKeyError(str(problem)) from problem
        if period.kind != self.kind:
            raise InvalidPartitionKeyError(
                f"{partition_key!r} is a {period.kind}, and this DAG runs for a {self.kind}: write a key "
                f"such as {self._latest_closed().key}"
            )
        return period.start

    # --- arithmetic ----------------------------------------------------------------------------------

    def _info(self, period: Period) -> DagRunInfo:
        return DagRunInfo(
            run_after=_instant(period.end + self._delay()),
            data_interval=None,
            partition_date=_instant(period.start),
            partition_key=period.key,
        )

    def _delay(self) -> dt.timedelta:
        return confirm_delay() if self.again else collect_delay()

    def _latest_closed(self) -> Period:
        """The last period whose window and delay are over."""
        settled = dt.datetime.now(TIMEZONE) - self._delay()
        return Period.closed_before(settled.date(), self.kind)

    def _first_from(self, moment: dt.datetime) -> Period:
        """The first period that does not begin before the moment."""
        period = Period.beginning_from(moment.astimezone(TIMEZONE).date(), self.kind)
        return period if period.start >= moment else period.shift(1)


class LongerOfQuarter(PartitionMapper):
    """'2026-Q2' belongs to '2026-H1', '2026-9M' and '2026'; '2026-Q4' to '2026-H2' and '2026'."""

    def to_downstream(self, key: str) -> list[str]:
        longer = [period.key for period in _parse(key).longer()]
        if not longer:
            raise ValueError(f"{key!r} is no quarter, and longer periods are made of quarters")
        return longer

    def to_partition_date(self, downstream_key: str) -> dt.datetime:
        period = _parse(downstream_key)
        if period.parts() == (period,):
            raise ValueError(
                f"{downstream_key!r} is a {period.kind}, and this DAG runs for longer periods: "
                f"write {period.year}-H1, {period.year}-9M or {period.year}"
            )
        return period.start


class QuartersOf(Window):
    """'2026' is complete with its four quarters, '2026-9M' with three, '2026-H1' with two."""

    def to_upstream(self, decoded_downstream: str) -> list[str]:
        return [quarter.key for quarter in _parse(decoded_downstream).parts()]


def _parse(key: str) -> Period:
    try:
        return Period.parse(key)
    except PeriodError as problem:  # Airflow understands only a ValueError here
        raise ValueError(str(problem)) from problem


class ReportingPeriodsPlugin(AirflowPlugin):
    """Without this registration a serialised DAG that uses the classes could not be read back."""

    name = "reporting_periods"
    timetables = [ReportingPeriodTimetable]  # noqa: RUF012 (Airflow declares a plain list)
    partition_mappers = [LongerOfQuarter]  # noqa: RUF012
    windows = [QuartersOf]  # noqa: RUF012
