"""What is owed by whom, and what each state means, on small cases told by hand."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from etl import compliance
from etl.compliance import DueDate
from etl.model import Form, Level, Obligation, Standing, Submission, Unit
from etl.periods import TIMEZONE, Period
from etl.units import UnitTree

DUE = dt.date(2021, 9, 25)
OWED = Obligation("II.06a", "02", "2021-Q3", "province", "Tỉnh Hà Giang", "Tỉnh", "02", DUE, True)
FORM = Form(
    number="F1", title="", subtitle="", official=True, notice="", regime="r", valid_from=dt.date(2020, 12, 15),
    dataset="d", levels=("province", "nation"), period_kind="quarter", recipient={}, unit_of_measure="",
    repeat="child_unit", columns=(), notes=(), law="", body_row=1, blank_sha256="",
)  # fmt: skip


def unit(code: str, since: str, until: str | None = None, level: Level = "province", parent: str = "VN") -> Unit:
    end = dt.date.fromisoformat(until) if until else None
    return Unit(code, f"Tỉnh {code}", level, "Tỉnh", parent, dt.date.fromisoformat(since), end, True, "thử")


def received(kind: str, day: int, hour: int = 9, month: int = 9) -> Submission:
    moment = dt.datetime(2021, month, day, hour, tzinfo=TIMEZONE)
    return Submission("II.06a", "02", "2021-Q3", moment, kind, "import", "")  # type: ignore[arg-type]


def stands(*submissions: Submission, today: dt.date = dt.date(2021, 12, 3)) -> Standing:
    (standing,) = compliance.assess([OWED], submissions, today)
    return standing


@pytest.mark.parametrize(
    ("submissions", "state", "filed"),
    [
        ([], "missing", None),
        ([received("report", 25, 23)], "on_time", 25),
        ([received("report", 26, 0)], "late", 26),
        ([received("nil", 20)], "nil", 20),
        ([received("nil", 28)], "late", 28),
        ([received("partial", 20)], "partial", None),
        ([received("partial", 28)], "partial", None),
        ([received("partial", 20), received("report", 25)], "on_time", 25),
        ([received("partial", 20), received("report", 26)], "partial", 26),
        ([received("report", 26), received("partial", 27)], "late", 26),
        ([received("report", 20), received("correction", 28)], "on_time", 20),
        ([received("correction", 20)], "missing", None),
        ([received("partial", 20), received("correction", 21)], "partial", None),
        ([received("correction", 28), received("report", 20)], "on_time", 20),
        ([received("report", 28), received("report", 20)], "on_time", 20),
        ([received("partial", 20), received("report", 20)], "on_time", 20),
    ],
)
def test_the_state_of_what_is_due(submissions: list[Submission], state: str, filed: int | None) -> None:
    standing = stands(*submissions)
    assert standing.state == state
    assert standing.completed_on == (filed and dt.date(2021, 9, filed))


def test_on_time_and_revised_stays_on_time_and_counts_its_corrections() -> None:
    standing = stands(received("report", 20), received("correction", 21), received("correction", 6, month=10))
    assert (standing.state, standing.first_received_on, standing.corrections) == ("on_time", dt.date(2021, 9, 20), 2)


def test_before_the_due_date_has_passed() -> None:
    early = dt.date(2021, 9, 20)
    assert stands(today=DUE).state == "open"
    assert stands(today=dt.date(2021, 9, 26)).state == "missing"
    assert stands(received("report", 20), today=early).state == "on_time"
    assert stands(received("report", 21), today=early).state == "open", "it is not known on the day before"
    partial = stands(received("partial", 20), today=early)
    assert (partial.state, partial.first_received_on) == ("open", early)


def test_the_day_is_that_of_ha_noi() -> None:
    evening = dt.datetime(2021, 9, 25, 17, 30, tzinfo=dt.UTC)
    standing = stands(replace(received("report", 20), received_at=evening))
    assert (standing.state, standing.first_received_on) == ("late", dt.date(2021, 9, 26))


def test_who_owes_is_told_by_the_last_day_of_the_period() -> None:
    """Q2/2025 ends on 14/06, before the reform of 01/07; Q3/2025 on 14/09, after it. The nation has no due date."""
    units = [unit("VN", "2019-03-12", level="nation"), unit("02", "2019-03-12", "2025-07-01"),
             unit("08", "2019-03-12", "2025-07-01"), unit("08", "2025-07-01")]  # fmt: skip

    def due(form: Form, period: Period, level: Level) -> DueDate | None:
        return DueDate(period.last_day.replace(day=25), True) if level == "province" else None

    def owing(key: str, form: Form = FORM) -> list[str]:
        period = Period.parse(key)
        return [one.unit for one in compliance.owed([form], period, UnitTree(units, period.last_day), due)]

    assert owing("2025-Q2") == ["02", "08"]
    assert owing("2025-Q3") == ["08"]
    assert owing("2025") == [], "the form has quarters alone"
    assert owing("2020-Q4") == []
    assert owing("2021-Q1") == ["02", "08"]
    ended = replace(FORM, valid_to=dt.date(2021, 6, 14))
    assert (owing("2021-Q1", ended), owing("2021-Q2", ended)) == (["02", "08"], [])


def test_which_periods_lie_within_one() -> None:
    def keys(asked: str) -> set[str]:
        return {period.key for period in compliance.periods_within(Period.parse(asked))}

    assert keys("2021-9M") == {f"2021-M{month:02d}" for month in range(1, 10)} | {
        "2021-Q1", "2021-Q2", "2021-Q3", "2021-H1", "2021-9M",
    }  # fmt: skip
    assert keys("2021-Q3") == {"2021-M07", "2021-M08", "2021-M09", "2021-Q3"}
    assert len(keys("2021")) == 12 + 4 + 2 + 1 + 1


def test_only_what_is_past_its_due_date_is_frozen_and_only_once() -> None:
    later = replace(OWED, period="2021-Q4", due_on=dt.date(2021, 12, 25))
    today = dt.date(2021, 12, 3)
    assert compliance.to_freeze([OWED, later], [], today) == [OWED]
    frozen = [replace(OWED, frozen_at=dt.datetime(2021, 9, 26, tzinfo=TIMEZONE))]
    moved = replace(OWED, due_on=dt.date(2021, 9, 30))
    newcomer = replace(OWED, unit="99")
    assert compliance.to_freeze([moved, newcomer, later], frozen, today) == []
    assert compliance.in_effect([moved, newcomer, later], frozen) == [*frozen, later]


def test_rates_are_over_what_is_due_and_no_value_before() -> None:
    others = [replace(OWED, unit=code) for code in ("04", "06", "08")]
    received_ = [
        received("report", 20),
        replace(received("nil", 21), unit="04"),
        replace(received("report", 28), unit="06"),
    ]
    found = compliance.assess([OWED, *others], received_, dt.date(2021, 12, 3))
    tally = compliance.tally(found, dt.date(2021, 12, 3))
    assert tally.states == {"on_time": 1, "nil": 1, "late": 1, "missing": 1, "partial": 0, "open": 0}
    assert (tally.owed, tally.due, tally.timely_rate, tally.filed_rate) == (4, 4, 0.5, 0.75)
    early = compliance.tally(compliance.assess([OWED, *others], received_, DUE), DUE)
    assert (early.owed, early.due, early.timely_rate, early.filed_rate) == (4, 0, None, None)


def test_units_that_filed_all_some_and_none_of_their_periods() -> None:
    """A province made a city between two periods is one unit; two units that had one code are two."""

    def owes(code: str, quarter: int, name: str, kind: str = "Tỉnh") -> Obligation:
        return replace(OWED, unit=code, period=f"2021-Q{quarter}", name=f"{kind} {name}", type=kind)

    owed = [owes("22", 2, "Quảng Ninh"), owes("22", 3, "Quảng Ninh", "Thành phố"),
            owes("24", 2, "Bắc Giang"), owes("24", 3, "Bắc Ninh"),
            owes("26", 2, "Vĩnh Phúc"), owes("26", 3, "Vĩnh Phúc")]  # fmt: skip
    filed = [replace(received("report", 20), unit=code, period=f"2021-Q{quarter}")
             for code, quarter in [("22", 2), ("22", 3), ("24", 2), ("26", 3)]]  # fmt: skip
    today = dt.date(2021, 12, 3)
    found = compliance.coverage(compliance.assess(owed, filed, today), today)
    assert (found.units, found.full, found.partial, found.none) == (4, 2, 1, 1)
    assert found.by_filed == {0: 1, 1: 2, 2: 1}
