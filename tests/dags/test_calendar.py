"""The DAGs' partition keys and dates of 2020 to 2030 are those of the table made by another road."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import pendulum
import pytest
import reporting_periods
from airflow.timetables.base import TimeRestriction
from reporting_periods import LongerOfQuarter, QuartersOf, ReportingPeriodTimetable

from etl.catalog import load
from etl.periods import TIMEZONE, Kind

ROOT = Path(__file__).resolve().parents[2]
with (ROOT / "tests/calendar/periods_2020_2030.csv").open(encoding="utf-8", newline="") as _lines:
    TABLE = list(csv.DictReader(_lines))
LETTERS = {"M": "month", "Q": "quarter", "H": "half", "9": "nine_months", "": "year"}
KINDS = get_args(Kind)


def rows(kind: str) -> list[dict[str, str]]:
    found = [row for row in TABLE if LETTERS[row["period"][5:6]] == kind]
    return sorted(found, key=lambda row: row["first_day"])


def local(day: str, hour: int = 0) -> pendulum.DateTime:
    return pendulum.instance(dt.datetime.combine(dt.date.fromisoformat(day), dt.time(hour), TIMEZONE))


@pytest.fixture(autouse=True)
def in_2031(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock(dt.datetime):
        @classmethod
        def now(cls, tz=None):
            return dt.datetime(2031, 1, 1, tzinfo=TIMEZONE).astimezone(tz)

    monkeypatch.setattr(reporting_periods, "dt", SimpleNamespace(**{**vars(dt), "datetime": Clock}))


def shown(info) -> tuple[str, pendulum.DateTime, pendulum.DateTime]:
    return info.partition_key, info.partition_date, info.run_after


def expected(kind: str) -> list[tuple[str, pendulum.DateTime, pendulum.DateTime]]:
    after = load((ROOT / "catalog",)).calendar.collect_after_hours
    return [
        (row["period"], local(row["first_day"]), local(row["last_day"]).add(days=1, hours=after)) for row in rows(kind)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_backfill_makes_the_periods_of_the_table(kind: Kind) -> None:
    first, last = rows(kind)[0], rows(kind)[-1]
    found = ReportingPeriodTimetable(kind).iter_partition_dagrun_infos(
        earliest=local(first["first_day"]), latest=local(last["first_day"])
    )
    assert [shown(info) for info in found] == expected(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_the_scheduler_makes_the_periods_of_the_table_one_by_one(kind: Kind) -> None:
    timetable, info, found = ReportingPeriodTimetable(kind), None, []
    for _ in rows(kind):
        info = timetable.next_dagrun_info_v2(
            last_dagrun_info=info, restriction=TimeRestriction(local(rows(kind)[0]["first_day"]), None, True)
        )
        assert info is not None
        found.append(shown(info))
    assert found == expected(kind)


@pytest.mark.parametrize("kind", ["half", "nine_months", "year"])
def test_longer_periods_are_made_of_the_quarters_within_their_days(kind: str) -> None:
    quarters = rows("quarter")
    for row in rows(kind):
        within = [
            one["period"]
            for one in quarters
            if row["first_day"] <= one["first_day"] and one["last_day"] <= row["last_day"]
        ]
        assert QuartersOf().to_upstream(row["period"]) == within
        assert all(row["period"] in LongerOfQuarter().to_downstream(one) for one in within)
        assert LongerOfQuarter().to_partition_date(row["period"]) == local(row["first_day"])


def test_every_kind_of_period_that_a_regime_has_is_collected(dagbag) -> None:
    """Longer kinds than the quarter are made of quarters by `annual`."""
    owed = {kind for regime in load((ROOT / "catalog",)).calendar.regimes.values() for kind in regime.period_kinds}
    assert owed == {dagbag.dags[name].timetable.kind for name in ("collect", "confirm")}
    assert {dagbag.dags[name].start_date for name in ("collect", "confirm")} == {local("2025-06-15")}
