"""The timetable, the mapper and the window, without a database."""

from __future__ import annotations

import datetime as dt

import pendulum
import pytest
import reporting_periods
from airflow.exceptions import InvalidPartitionKeyError
from airflow.timetables.base import TimeRestriction
from airflow.utils.types import DagRunType
from reporting_periods import LongerOfQuarter, QuartersOf, ReportingPeriodTimetable

from etl.periods import TIMEZONE, Period

QUARTERS = ReportingPeriodTimetable("quarter")


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch):
    """The clock and the calendar's delay: 05:59 and 06:00 on the 15th part "closed" from "not yet"."""

    class Clock(dt.datetime):
        at = dt.datetime(2026, 11, 23, 12, tzinfo=TIMEZONE)

        @classmethod
        def now(cls, tz=None):
            return cls.at.astimezone(tz)

    monkeypatch.setattr(reporting_periods.dt, "datetime", Clock)
    monkeypatch.setattr(reporting_periods, "collect_delay", lambda: dt.timedelta(hours=6))
    monkeypatch.setattr(reporting_periods, "confirm_delay", lambda: dt.timedelta(hours=32))
    return Clock


def restriction(earliest=None, latest=None, *, catchup: bool) -> TimeRestriction:
    return TimeRestriction(earliest, latest, catchup)


def local(*parts: int) -> pendulum.DateTime:
    return pendulum.datetime(*parts, tz="Asia/Ho_Chi_Minh")


def test_runs_follow_one_another_from_the_first_whole_period() -> None:
    info, found = None, []
    for _ in range(4):
        info = QUARTERS.next_dagrun_info_v2(
            last_dagrun_info=info, restriction=restriction(local(2025, 6, 16), catchup=True)
        )
        assert info is not None
        found.append((info.partition_key, info.partition_date, info.run_after, info.data_interval))
    assert found == [
        ("2025-Q4", local(2025, 9, 15), local(2025, 12, 15, 6), None),
        ("2026-Q1", local(2025, 12, 15), local(2026, 3, 15, 6), None),
        ("2026-Q2", local(2026, 3, 15), local(2026, 6, 15, 6), None),
        ("2026-Q3", local(2026, 6, 15), local(2026, 9, 15, 6), None),
    ]


@pytest.mark.parametrize(
    ("at", "key"),
    [
        ((2026, 11, 23, 12), "2026-Q3"),
        ((2026, 12, 14, 23, 59), "2026-Q3"),
        ((2026, 12, 15, 5, 59), "2026-Q3"),
        ((2026, 12, 15, 6), "2026-Q4"),
        ((2027, 1, 1), "2026-Q4"),
    ],
)
def test_without_catch_up_the_latest_closed_period_comes_first(now, at: tuple[int, ...], key: str) -> None:
    now.at = dt.datetime(*at, tzinfo=TIMEZONE)
    info = QUARTERS.next_dagrun_info_v2(
        last_dagrun_info=None, restriction=restriction(local(2025, 6, 15), catchup=False)
    )
    assert info is not None
    assert info.partition_key == key
    assert info.run_after <= now.at


def test_after_the_latest_closed_period_comes_the_next_and_after_the_end_none() -> None:
    latest = QUARTERS._info(Period.parse("2026-Q3"))
    info = QUARTERS.next_dagrun_info_v2(last_dagrun_info=latest, restriction=restriction(catchup=False))
    assert info is not None
    assert (info.partition_key, info.run_after) == ("2026-Q4", local(2026, 12, 15, 6))
    ended = restriction(latest=local(2026, 12, 1), catchup=False)
    assert QUARTERS.next_dagrun_info_v2(last_dagrun_info=latest, restriction=ended) is None


@pytest.mark.parametrize("zone", ["UTC", "Asia/Ho_Chi_Minh"])
def test_backfill_takes_both_ends_and_reads_dates_as_local(zone: str) -> None:
    found = QUARTERS.iter_partition_dagrun_infos(
        earliest=pendulum.datetime(2025, 9, 15, tz=zone), latest=pendulum.datetime(2026, 6, 15, tz=zone)
    )
    assert [info.partition_key for info in found] == ["2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3"]


def test_backfill_never_makes_an_open_period() -> None:
    found = QUARTERS.iter_partition_dagrun_infos(
        earliest=pendulum.datetime(2026, 6, 1), latest=pendulum.datetime(2030, 1, 1)
    )
    assert [info.partition_key for info in found] == ["2026-Q3"]


def test_a_key_gives_its_date_and_a_wrong_one_a_sentence() -> None:
    assert QUARTERS.resolve_partition_date("2026-Q3") == local(2026, 6, 15)
    for wrong, words in [("2026-Q5", "does not exist"), ("hôm nay", "cannot be read"), ("2026", "2026-Q3")]:
        with pytest.raises(InvalidPartitionKeyError, match=words):
            QUARTERS.resolve_partition_date(wrong)


def test_run_ids_name_the_period_and_differ() -> None:
    ids = {
        QUARTERS.generate_run_id(
            run_type=DagRunType.SCHEDULED, run_after=local(2026, 9, 15), data_interval=None, partition_key="2026-Q3"
        )
        for _ in range(20)
    }
    assert len(ids) == 20
    assert all(made.startswith("scheduled__2026-Q3__") for made in ids)


def test_the_second_pull_of_a_period_comes_later(now) -> None:
    now.at = dt.datetime(2026, 12, 15, 12, tzinfo=TIMEZONE)
    again = ReportingPeriodTimetable("quarter", again=True)
    info = again.next_dagrun_info_v2(last_dagrun_info=None, restriction=restriction(local(2025, 6, 15), catchup=False))
    assert info is not None
    assert (info.partition_key, info.run_after) == ("2026-Q3", local(2026, 9, 16, 8))
    following = again.next_dagrun_info_v2(last_dagrun_info=info, restriction=restriction(catchup=False))
    assert following is not None
    assert (following.partition_key, following.run_after) == ("2026-Q4", local(2026, 12, 16, 8))


def test_the_delays_are_those_of_the_calendar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    reporting_periods.collect_delay.cache_clear()
    reporting_periods.confirm_delay.cache_clear()
    assert reporting_periods.collect_delay() == dt.timedelta(hours=6)
    assert reporting_periods.confirm_delay() == dt.timedelta(hours=6 + 24) + reporting_periods.ROOM


@pytest.mark.parametrize("again", [False, True])
def test_a_timetable_survives_serialisation(again: bool) -> None:
    read = ReportingPeriodTimetable.deserialize(ReportingPeriodTimetable("half", again=again).serialize())
    assert (read.kind, read.again) == ("half", again)


def test_quarters_make_the_longer_periods() -> None:
    longer = LongerOfQuarter()
    assert [longer.to_downstream(f"2026-Q{number}") for number in (1, 2, 3, 4)] == [
        ["2026-H1", "2026-9M", "2026"],
        ["2026-H1", "2026-9M", "2026"],
        ["2026-H2", "2026-9M", "2026"],
        ["2026-H2", "2026"],
    ]
    assert QuartersOf().to_upstream("2026") == ["2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"]
    assert QuartersOf().to_upstream("2026-9M") == ["2026-Q1", "2026-Q2", "2026-Q3"]
    assert QuartersOf().to_upstream("2026-H2") == ["2026-Q3", "2026-Q4"]
    assert longer.to_partition_date("2026") == longer.to_partition_date("2026-9M") == local(2025, 12, 15)
    with pytest.raises(ValueError, match="write 2026-H1"):
        longer.to_partition_date("2026-Q3")
    for wrong, words in [("collected", "cannot be read"), ("2026-M01", "is no quarter"), ("2026", "is no quarter")]:
        with pytest.raises(ValueError, match=words):
            longer.to_downstream(wrong)
