"""Ten thousand made-up histories: every rate lies between 0 and 1, and what was frozen never moves again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from etl import compliance
from etl.compliance import DueDate
from etl.model import Form, Level, Obligation, Standing, Submission, SubmissionKind
from etl.periods import TIMEZONE, Period
from etl.units import UnitTree
from tests.compliance.test_compliance import FORM, unit

PERIODS = [Period(2021, "quarter", number) for number in (1, 2, 3)]
CODES = ["02", "04", "06", "08"]
FIRST, DAYS = dt.date(2021, 3, 1), 320


def date(day: int) -> dt.date:
    return FIRST + dt.timedelta(days=day)


@dataclass(frozen=True)
class Received:
    """Reports, nil declarations and corrections, in time, late, of units that owe nothing any more, or twice."""

    day: int
    code: str
    period: Period
    kind: SubmissionKind


@dataclass(frozen=True)
class Merged:
    """The catalog tells on `day` that the unit ended `since`, long ago or in the future; `into` is founded that day
    unless it is there already. Without `into` the unit is closed."""

    day: int
    code: str
    into: str | None
    since: int


@dataclass(frozen=True)
class Moved:
    """The calendar has another due date for the period, so many days after the first of its last month."""

    day: int
    period: Period
    due: int


Event = Received | Merged | Moved


class Office:
    """What a real office does: it takes in receipts, its catalog changes, and now and then it freezes what is due."""

    def __init__(self) -> None:
        self.units = [unit(code, "2019-03-12") for code in CODES]
        self.due = {period.key: 24 for period in PERIODS}
        self.received: list[Submission] = []
        self.frozen: list[Obligation] = []
        self.owed = self.derived()

    def happens(self, event: Event) -> None:
        self.tell(event)
        if not isinstance(event, Received):
            self.owed = self.derived()

    def tell(self, event: Event) -> None:
        match event:
            case Received():
                moment = dt.datetime.combine(date(event.day), dt.time(9), TIMEZONE)
                self.received.append(Submission("F1", event.code, event.period.key, moment, event.kind, "import", ""))
            case Merged():
                since = date(event.since)
                self.units = [
                    replace(one, valid_to=since) if one.code == event.code and one.valid_from < since else one
                    for one in self.units
                ]
                if event.into is not None and not any(
                    one.code == event.into and (one.valid_to is None or since < one.valid_to) for one in self.units
                ):
                    self.units.append(unit(event.into, since.isoformat()))
            case Moved():
                self.due[event.period.key] = event.due

    def derived(self) -> list[Obligation]:
        """What is owed by the catalog of now."""

        def due(form: Form, period: Period, level: Level) -> DueDate | None:
            day = period.last_day.replace(day=1) + dt.timedelta(days=self.due[period.key])
            return DueDate(day, True) if level == "province" else None

        trees = [(period, UnitTree(self.units, period.last_day)) for period in PERIODS]
        return [one for period, tree in trees for one in compliance.owed([FORM], period, tree, due)]

    def freeze(self, today: dt.date) -> None:
        moment = dt.datetime.combine(today, dt.time(6), TIMEZONE)
        new = compliance.to_freeze(self.owed, self.frozen, today)
        self.frozen += [replace(one, frozen_at=moment) for one in new]

    def standings(self, today: dt.date) -> list[Standing]:
        return compliance.assess(compliance.in_effect(self.owed, self.frozen), self.received, today)

    def frozen_rates(self, today: dt.date) -> dict[str, float | None]:
        """Of each frozen period the on-time rate as at that day."""
        frozen = {one.period for one in self.frozen}
        of_period: dict[str, list[Standing]] = {}
        for standing in self.standings(today):
            of_period.setdefault(standing.obligation.period, []).append(standing)
        return {key: compliance.tally(of_period[key], today).timely_rate for key in sorted(frozen)}


day = st.integers(0, DAYS)
code = st.sampled_from(CODES)
period = st.sampled_from(PERIODS)
kind: st.SearchStrategy[SubmissionKind] = st.sampled_from(get_args(SubmissionKind))
received = st.builds(Received, day, code, period, kind)
merged = st.builds(Merged, day, code, st.one_of(st.none(), code), day)
moved = st.builds(Moved, day, period, st.integers(15, 90))


def in_bounds(standings: Sequence[Standing], today: dt.date) -> None:
    tally = compliance.tally(standings, today)
    assert sum(tally.states.values()) == tally.owed
    assert 0 <= tally.timely <= tally.filed <= tally.due <= tally.owed
    for rate in (tally.timely_rate, tally.filed_rate):
        assert (rate is None) == (tally.due == 0)
        assert rate is None or 0 <= rate <= 1
    coverage = compliance.coverage(standings, today)
    assert coverage.full + coverage.partial + coverage.none == coverage.units == sum(coverage.by_filed.values())
    assert min(coverage.full, coverage.partial, coverage.none) >= 0


@settings(max_examples=10_000, deadline=None)
@given(
    st.lists(received, max_size=6), st.lists(merged, max_size=2), st.lists(moved, max_size=2), st.lists(day, max_size=2)
)
def test_rates_lie_between_0_and_1_and_frozen_ones_never_move(
    receipts: list[Received], mergers: list[Merged], moves: list[Moved], looks: list[int]
) -> None:
    """The office looks, and freezes what is due, on a few days and on the last. What it was told of a frozen period it
    is told again at each later look: as at the day of then, and as at today."""
    office = Office()
    waiting = sorted([*receipts, *mergers, *moves], key=lambda event: event.day)
    first_told: dict[str, tuple[dt.date, float | None]] = {}
    settled: dict[tuple[str, str], str] = {}
    for look in sorted({*looks, DAYS}):
        today = date(look)
        while waiting and waiting[0].day <= look:
            office.happens(waiting.pop(0))
        before = list(office.frozen)
        office.freeze(today)
        assert office.frozen[: len(before)] == before
        found = office.standings(today)
        in_bounds(found, today)
        frozen = {(one.unit, one.period) for one in office.frozen}
        assert len(frozen) == len(office.frozen), "nobody owes the same twice"
        for standing in found:
            key = (standing.obligation.unit, standing.obligation.period)
            if standing.obligation.due_on < today:
                assert key in frozen
                assert settled.setdefault(key, standing.state) in ("missing", standing.state)
                settled[key] = standing.state
        rates = office.frozen_rates(today)
        for key, (then, rate) in first_told.items():
            assert rates[key] == rate, "what has been received since is late"
            assert office.frozen_rates(then)[key] == rate
        for key, rate in rates.items():
            first_told.setdefault(key, (today, rate))


def test_a_merger_and_a_later_deadline_would_have_changed_the_rate() -> None:
    """The same office by hand, so that the histories are about something."""
    office = Office()
    april, december = dt.date(2021, 4, 1), dt.date(2021, 12, 1)
    office.happens(Received(20, "02", PERIODS[0], "report"))
    office.freeze(april)
    assert office.frozen_rates(april) == {"2021-Q1": 0.25}
    office.happens(Received(50, "04", PERIODS[0], "report"))
    office.happens(Moved(60, PERIODS[0], 80))
    office.happens(Merged(60, "06", "08", 5))
    in_time = [standing.state == "on_time" for standing in office.standings(december)]
    assert in_time.count(True) == 1
    office.freeze(december)
    assert office.frozen_rates(december)["2021-Q1"] == 0.25
    office.frozen = [one for one in office.frozen if one.period != "2021-Q1"]
    office.freeze(december)
    assert office.frozen_rates(december)["2021-Q1"] == 2 / 3
