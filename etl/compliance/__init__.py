"""Obligations from forms, calendar and the tree of units; standings from obligations, submissions and the day. Pure.

What each state means (docs/decisions/0008-obligations.md has the reasons), by local days:

    on_time   a whole report was received by the due date; later corrections change nothing
    nil       the same, and it was the declaration that there was nothing to report
    partial   what was received first was incomplete, and no whole report followed by the due date
    late      what was received first came whole, after the due date
    missing   the due date has passed and nothing was received
    open      none of these is certain yet: the due date has not passed

Every rate is a count of some members of a set over the count of that set, so it lies between 0 and 1.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, get_args

from etl.model import STANDING_STATES, Form, Level, Obligation, Standing, StandingState, Submission
from etl.periods import TIMEZONE, Kind, Period
from etl.units import UnitTree

_TIMELY: tuple[StandingState, ...] = ("on_time", "nil")
_WHOLE = ("report", "nil", "partial")
"""Of two filings of one moment the whole one counts as the first."""


@dataclass(frozen=True)
class DueDate:
    """By what day a level sends its report, and whether a legal text says so."""

    day: dt.date
    verified: bool


class DueDates(Protocol):
    """The calendar as obligations need it; None where it has no due date for the level: then nothing is owed."""

    def __call__(self, form: Form, period: Period, level: Level) -> DueDate | None: ...


def periods_within(asked: Period) -> list[Period]:
    """The period asked for and every one of any kind whose days lie in its own, shortest and earliest first."""
    every = (period for kind in get_args(Kind) for period in Period.of_year(asked.year, kind))
    return [one for one in every if asked.first_day <= one.first_day and one.last_day <= asked.last_day]


def owed(forms: Iterable[Form], period: Period, tree: UnitTree, due: DueDates) -> list[Obligation]:
    """Who owes which form for the period. tree: the units in force on its last day.

    A form is owed for the periods of its kind that end while it is in force; one that no text is known to ask for, by
    nobody.
    """
    day = period.last_day
    found = []
    for form in forms:
        in_force = form.valid_from <= day and (form.valid_to is None or day < form.valid_to)
        if not form.owed or form.period_kind != period.kind or not in_force:
            continue
        for level in form.levels:
            date = due(form, period, level)
            if date is None:
                continue
            for unit in tree.at_level(level):
                found.append(
                    Obligation(
                        form=form.number,
                        unit=unit.code,
                        period=period.key,
                        level=level,
                        name=unit.name,
                        type=unit.type,
                        province=tree.home(unit.code),
                        due_on=date.day,
                        due_verified=date.verified,
                    )
                )
    return found


def to_freeze(owed: Iterable[Obligation], frozen: Iterable[Obligation], today: dt.date) -> list[Obligation]:
    """Those whose due date has passed, of levels of which nothing is frozen yet."""
    done = {obligation.frozen_with for obligation in frozen}
    return [one for one in owed if one.due_on < today and one.frozen_with not in done]


def in_effect(owed: Iterable[Obligation], frozen: Iterable[Obligation]) -> list[Obligation]:
    """What is frozen as it was frozen, the rest as the catalog has it."""
    kept = list(frozen)
    done = {obligation.frozen_with for obligation in kept}
    return [*kept, *(one for one in owed if one.frozen_with not in done)]


def assess(obligations: Iterable[Obligation], submissions: Iterable[Submission], today: dt.date) -> list[Standing]:
    """How each obligation stands at the end of the day; what is received later is not known yet.

    A submission that answers no obligation changes nothing.
    """
    received: dict[tuple[str, str, str], list[Submission]] = {}
    for submission in submissions:
        if _day(submission) <= today:
            received.setdefault((submission.form, submission.unit, submission.period), []).append(submission)
    return [_standing(one, received.get((one.form, one.unit, one.period), ()), today) for one in obligations]


def _standing(obligation: Obligation, received: Sequence[Submission], today: dt.date) -> Standing:
    filings = sorted(
        (submission for submission in received if submission.kind != "correction"),
        key=lambda filing: (filing.received_at, _WHOLE.index(filing.kind)),
    )
    first = filings[0] if filings else None
    whole = next((filing for filing in filings if filing.kind != "partial"), None)
    corrections = sum(
        first is not None and submission.kind == "correction" and submission.received_at >= first.received_at
        for submission in received
    )
    state: StandingState
    if whole is not None and _day(whole) <= obligation.due_on:
        state = "nil" if whole.kind == "nil" else "on_time"
    elif today <= obligation.due_on:
        state = "open"
    elif first is None:
        state = "missing"
    else:
        state = "partial" if first.kind == "partial" else "late"
    first_on = None if first is None else _day(first)
    completed_on = None if whole is None else _day(whole)
    return Standing(obligation, state, first_on, completed_on, corrections)


def _day(submission: Submission) -> dt.date:
    return submission.received_at.astimezone(TIMEZONE).date()


@dataclass(frozen=True)
class Tally:
    """Obligations counted. `due`: those whose due date has passed; the rates are over these alone.

    states: all that are owed, by state. timely: of the due ones, on time or nil; filed: those of which a whole report
    was received, whenever that was.
    """

    owed: int
    states: Mapping[str, int]
    due: int
    timely: int
    filed: int

    @property
    def timely_rate(self) -> float | None:
        return _rate(self.timely, self.due)

    @property
    def filed_rate(self) -> float | None:
        return _rate(self.filed, self.due)


def _rate(part: int, whole: int) -> float | None:
    """None where nothing is due: no value, and not 0."""
    return part / whole if whole else None


def tally(standings: Collection[Standing], today: dt.date) -> Tally:
    due = _due(standings, today)
    states = Counter(standing.state for standing in standings)
    return Tally(
        owed=len(standings),
        states={state: states[state] for state in STANDING_STATES},
        due=len(due),
        timely=sum(standing.state in _TIMELY for standing in due),
        filed=sum(standing.completed_on is not None for standing in due),
    )


@dataclass(frozen=True)
class Coverage:
    """How many units filed how many of their due periods: all of them, some, none.

    by_filed: number of periods filed -> units. `units` leaves out those of which nothing is due yet.
    """

    units: int
    full: int
    partial: int
    none: int
    by_filed: Mapping[int, int]


def coverage(standings: Iterable[Standing], today: dt.date) -> Coverage:
    """Of the standings of one form and level. A unit that existed for a part of the time owes for that part."""
    of_unit: dict[tuple[str, str], list[bool]] = {}
    for standing in _due(standings, today):
        of_unit.setdefault(standing.obligation.office, []).append(standing.completed_on is not None)
    by_filed = Counter(sum(filed) for filed in of_unit.values())
    full, none = sum(map(all, of_unit.values())), by_filed[0]
    return Coverage(len(of_unit), full, len(of_unit) - full - none, none, dict(sorted(by_filed.items())))


def _due(standings: Iterable[Standing], today: dt.date) -> list[Standing]:
    return [standing for standing in standings if standing.obligation.due_on < today]


def grouped(
    standings: Iterable[Standing], key: Callable[[Standing], tuple[str, ...]]
) -> dict[tuple[str, ...], list[Standing]]:
    """By the key, in its order."""
    groups: dict[tuple[str, ...], list[Standing]] = {}
    for standing in standings:
        groups.setdefault(key(standing), []).append(standing)
    return dict(sorted(groups.items()))
