"""The calendar of 2020 to 2030 equals a table made by another road, and its due dates follow the rules of their day."""

from __future__ import annotations

import csv
import datetime as dt
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from etl import calendar
from etl.__main__ import main
from etl.calendar import WorkingDays, deadline, due_rule, periods_of
from etl.catalog import load
from etl.model import Due, Level, MovedDay
from etl.periods import Period

HERE = Path(__file__).parent
CALENDAR = load((HERE.parents[1] / "catalog",)).calendar
DAYS = WorkingDays(CALENDAR.moved_days)
YEARS = range(2020, 2031)


def table() -> list[dict[str, str]]:
    with (HERE / "periods_2020_2030.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def command(*arguments: str) -> Any:
    done = CliRunner().invoke(main, ["calendar", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout) if "--json" in arguments else done.stdout


def due(key: str, level: Level, regime: str | None = None) -> dt.date | None:
    found = deadline(CALENDAR, regime, Period.parse(key), level, DAYS)
    return None if found is None else found.due_on


def test_every_period_of_eleven_years_is_that_of_the_table() -> None:
    found = [row for year in YEARS for row in command(str(year), "--json")]
    assert len(found) == 20 * len(YEARS) == 220
    for level in ("ministry", "province"):
        assert all(row["due"][level]["verified"] for row in found)
    columns = {"ministry": "due_on", "province": "due_on", "district": "district_due_on", "commune": "commune_due_on"}
    for level, column in columns.items():
        shown = [
            (row["period"], row["start"], row["end"], row["due"].get(level, {}).get("due_on", "")) for row in found
        ]
        assert shown == [(row["period"], row["first_day"], row["last_day"], row[column]) for row in table()]


@pytest.mark.skipif(shutil.which("awk") is None, reason="the table was made with awk")
def test_the_table_is_what_its_script_writes() -> None:
    made = subprocess.run(["awk", "-f", HERE / "periods.awk"], check=True, capture_output=True, text=True)
    assert made.stdout == (HERE / "periods_2020_2030.csv").read_text("utf-8")


def test_what_no_text_confirms_is_marked() -> None:
    rows = {row["period"]: row for row in command("2026", "--json")}
    assert {key for key, row in rows.items() if not row["verified"]} == {"2026-H2", "2026-9M"}
    assert all(not row["due"]["commune"]["verified"] for row in rows.values())
    shown = command("2026")
    assert "6 tháng cuối năm 2026 (?)" in shown
    assert "chưa kiểm chứng / unverified" in shown
    assert "16/09/2026 (?)" in shown
    assert "25/01/2026 (*)" in shown, "a Sunday"
    assert "25/09/2026 (" not in shown
    assert "holidays 0." in shown


def test_a_regime_has_its_own_kinds_of_period() -> None:
    found = command("2026", "--regime", "edocument_exchange", "--json")
    assert [row["period"] for row in found] == ["2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("2026-Q3",), "a year is expected"), (("2026", "--regime", "x"), "no such regime"), (("năm nay",), "cannot be")],
)
def test_what_is_no_year_or_regime_is_told(arguments: tuple[str, ...], words: str) -> None:
    done = CliRunner().invoke(main, ["calendar", *arguments])
    assert done.exit_code == 2
    assert words in done.stderr


def test_before_the_decree_there_is_no_rule_and_no_day() -> None:
    rows = {row["period"]: row for row in command("2019", "--json")}
    assert (rows["2019-M02"]["start"], rows["2019-M02"]["due"], rows["2019-M02"]["verified"]) == (None, {}, False)
    assert rows["2019-Q1"]["end"] == "2019-03-14", "the decree is in force since 12/03/2019"
    assert all(row["start"] is None for row in command("2018", "--json"))


@pytest.mark.parametrize(
    ("key", "level", "day"),
    [
        ("2021-Q1", "commune", dt.date(2021, 3, 16)),  # closed on a Sunday: Monday and Tuesday
        ("2021-Q1", "district", dt.date(2021, 3, 18)),
        ("2020-Q4", "commune", dt.date(2020, 12, 16)),
        ("2021-M02", "commune", dt.date(2021, 2, 18)),  # closed on the third day of Tết, holidays until the 16th
        ("2026-M02", "commune", dt.date(2026, 2, 24)),  # the Saturday before Tết: working again on Monday the 23rd
        ("2026-M02", "province", dt.date(2026, 2, 25)),
        ("2024-M02", "commune", dt.date(2024, 2, 16)),  # Tết ends with the window, in a leap year
        ("2025-Q2", "district", dt.date(2025, 6, 19)),
        ("2025-Q3", "district", None),  # no districts on its last day
        ("2025-Q3", "commune", dt.date(2025, 9, 16)),
        ("2026-Q3", "nation", None),  # it receives the reports
    ],
)
def test_due_dates_read_off_a_wall_calendar(key: str, level: Level, day: dt.date | None) -> None:
    assert due(key, level) == day


def test_the_twenty_fifth_stays_the_twenty_fifth() -> None:
    sunday = deadline(CALENDAR, None, Period.parse("2022-Q3"), "province", DAYS)
    assert sunday is not None
    assert (sunday.due_on, sunday.on_working_day) == (dt.date(2022, 9, 25), False)


def test_every_level_has_a_working_day_and_comes_before_the_one_above() -> None:
    for year in YEARS:
        for period in periods_of(year):
            levels: tuple[Level, ...] = ("commune", "district", "province")
            found = [one for level in levels if (one := deadline(CALENDAR, None, period, level, DAYS)) is not None]
            assert len(found) == (3 if period.last_day < dt.date(2025, 7, 1) else 2)
            assert all(one.working_days >= 1 for one in found)
            dates = [one.due_on for one in found]
            assert dates == sorted(set(dates)), period.key


def test_a_later_rule_changes_no_period_closed_before() -> None:
    (old,) = (rule for rule in CALENDAR.due if "province" in rule.levels)
    moved = dt.date(2026, 9, 1)
    others = tuple(rule for rule in CALENDAR.due if rule is not old)
    later = replace(old, day=20, valid_from=moved)
    changed = replace(CALENDAR, due=(*others, replace(old, valid_to=moved), later))
    for year in YEARS:
        for period in periods_of(year):
            then, now = (deadline(rules, None, period, "province", DAYS) for rules in (CALENDAR, changed))
            assert then is not None
            assert now is not None
            if period.last_day < moved:
                assert now.due_on == then.due_on
            else:
                assert (now.due_on.day, now.rule) == (20, later)


def test_a_regimes_own_rule_comes_before_that_for_all() -> None:
    own = Due(("province",), ("quarter",), dt.date(2026, 1, 1), "test", False, working_days=5)
    regimes = dict(CALENDAR.regimes)
    regimes["edocument_exchange"] = replace(regimes["edocument_exchange"], due=(own,))
    rules = replace(CALENDAR, regimes=regimes)
    before, since = Period.parse("2025-Q4"), Period.parse("2026-Q1")
    assert due_rule(rules, "edocument_exchange", since, "province") is own
    for regime, period in [("edocument_exchange", before), ("admin_procedure_control", since), (None, since)]:
        assert due_rule(rules, regime, period, "province") in CALENDAR.due
    assert due_rule(rules, "edocument_exchange", since, "commune") in CALENDAR.due


def test_the_governments_exchange_of_days_moves_a_due_date() -> None:
    tuesday, saturday = dt.date(2027, 6, 15), dt.date(2027, 6, 19)
    quarter = Period.parse("2027-Q2")
    assert due("2027-Q2", "commune") == dt.date(2027, 6, 16)
    off = WorkingDays([MovedDay(tuesday, False, "test"), MovedDay(saturday, True, "test")])
    found = deadline(CALENDAR, None, quarter, "commune", off)
    assert found is not None
    assert found.due_on == dt.date(2027, 6, 17)
    assert off.after(dt.date(2027, 6, 18), 1) == saturday
    assert DAYS.after(dt.date(2027, 6, 18), 1) == dt.date(2027, 6, 21)


def test_exchanges_that_the_library_knows_are_kept() -> None:
    """29/04/2024 was a day off for 04/05/2024, a Saturday."""
    fresh = WorkingDays([])
    assert dt.date(2024, 5, 4) in fresh
    assert dt.date(2024, 4, 29) not in fresh
    assert DAYS.source.startswith("holidays 0.")


@given(st.dates(dt.date(2019, 1, 1), dt.date(2035, 12, 31)), st.integers(1, 30))
def test_counting_forth_and_back_agree(day: dt.date, count: int) -> None:
    last = DAYS.after(day, count)
    assert last in DAYS
    assert DAYS.between(day, last) == count
    assert DAYS.between(day, last - dt.timedelta(days=1)) == count - 1
    assert last.weekday() < 5 or last in {dt.date(2019, 1, 5), *_exchanged()}


def _exchanged() -> set[dt.date]:
    return {dt.date(2019, 5, 4), dt.date(2024, 5, 4), dt.date(2025, 4, 26), dt.date(2026, 8, 22)}


def test_a_form_is_due_when_its_regime_is() -> None:
    catalog = load((HERE.parents[1] / "catalog",))
    for form in catalog.forms.values():
        period = Period.parse("2026-Q3")
        assert period.kind in catalog.calendar.regimes[form.regime].period_kinds
        found = deadline(catalog.calendar, form.regime, period, "province", DAYS)
        assert found is not None
        assert found.due_on == dt.date(2026, 9, 25)


def test_the_week_is_named_and_is_no_period() -> None:
    (week,) = (rule for rule in CALENDAR.windows if rule.kind == "week")
    assert (week.window, week.verified) == ("none", False)
    assert all(calendar.window_of(CALENDAR, period) is not None for period in periods_of(2026))
