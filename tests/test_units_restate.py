"""Figures on the boundaries of any day, on random genealogies: every figure counts once, whatever the units."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from etl.model import Change
from etl.units.genealogy import Genealogy
from etl.units.restate import Told, restate

START = dt.date(2021, 1, 1)
DATES = [dt.date(2022, 1, 1), dt.date(2023, 7, 1), dt.date(2025, 7, 1)]
TODAY = dt.date(2026, 11, 23)
Figures = Mapping[str, tuple[int | None, str | None]]


@dataclass(frozen=True)
class History:
    """Random changes, and the units in force from each of the days on."""

    changes: tuple[Change, ...]
    units: tuple[tuple[dt.date, tuple[str, ...]], ...]

    def in_force(self, day: dt.date) -> tuple[str, ...]:
        return [codes for first, codes in self.units if first <= day][-1]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """On each date units merge, are divided, exchange parts, change their code, are abolished, or stay; codes return
    with another meaning."""
    alphabet = [f"{n}" for n in range(8)]
    units = tuple(sorted(draw(st.sets(st.sampled_from(alphabet), min_size=1, max_size=6))))
    told: list[tuple[dt.date, tuple[str, ...]]] = [(START, units)]
    changes: list[Change] = []
    for date in DATES:
        following: set[str] = set()
        for old in units:
            targets = draw(st.sets(st.sampled_from(alphabet), max_size=3))
            share = "part" if len(targets) > 1 else "whole"
            following |= targets
            changes += [Change(date, old, new, share, "act") for new in sorted(targets) or [None]]
        units = tuple(sorted(following))
        told.append((date, units))
    return History(tuple(changes), tuple(told))


counts = st.integers(0, 10**6)


def sums(told: list[Told]) -> int:
    return sum(one.value or 0 for one in told)


@settings(max_examples=1000, deadline=None)
@given(data=st.data(), history=histories(), day=st.sampled_from([START, *DATES]))
def test_every_figure_counts_once_on_the_units_of_any_day(data: st.DataObject, history: History, day: dt.date) -> None:
    units = history.in_force(day)
    figures: Figures = {unit: (data.draw(counts), None) for unit in units}
    total = sum(value or 0 for value, _ in figures.values())
    genealogy = Genealogy(history.changes)
    for on in (START, *DATES, TODAY):
        boundaries = genealogy.boundaries(units, day, on)
        for divided in ("keep", "apportion"):
            told = restate(figures, boundaries, divided)
            assert sums(told) == total
            assert len({(one.unit, one.day) for one in told}) == len(told)
            for one in told:
                assert (one.value is None) == (one.reason is not None)
                assert one.unit in history.in_force(one.day), "a unit stands in the tree of its own day"
                assert divided == "apportion" or one.label != "apportioned"
                if one.label == "reported":
                    assert (one.value, None) == figures[one.unit]
                if one.value is None:
                    assert (one.reason, one.label) == ("divided", "old_boundary")
                    assert divided == "keep" or any(boundaries.ended(unit) for unit in units)
    assert restate(figures, genealogy.boundaries(units, day, day)) == [
        Told(unit, day, figures[unit][0], None, "reported") for unit in sorted(units)
    ]


@settings(max_examples=1000, deadline=None)
@given(data=st.data(), history=histories())
def test_a_divided_units_parts_sum_to_the_whole(data: st.DataObject, history: History) -> None:
    units = history.in_force(START)
    divided = data.draw(st.sampled_from(units))
    value = data.draw(counts)
    figures: Figures = {unit: (value if unit == divided else 0, None) for unit in units}
    boundaries = Genealogy(history.changes).boundaries(units, START, TODAY)
    told = restate(figures, boundaries, "apportion")
    parts = {one.unit: one for one in told if one.value}
    assert sum(one.value or 0 for one in parts.values()) == value
    if boundaries.divided(divided) and not any(boundaries.ended(unit) for unit in units):
        assert set(parts) <= set(boundaries.shares[divided])
        assert {one.label for one in parts.values()} <= {"apportioned"}


@settings(max_examples=1000, deadline=None)
@given(data=st.data(), history=histories())
def test_what_rests_on_a_withheld_figure_is_withheld(data: st.DataObject, history: History) -> None:
    units = history.in_force(START)
    figures: Figures = {
        unit: data.draw(st.sampled_from([(7, None), (None, "quarantined"), (None, "missing_source")])) for unit in units
    }
    boundaries = Genealogy(history.changes).boundaries(units, START, TODAY)
    for one in restate(figures, boundaries, "apportion"):
        if one.day == TODAY and one.reason != "divided":
            reasons = {figures[origin][1] for origin in boundaries.origins[one.unit]} - {None}
            assert (one.value is None) == bool(reasons)
            strongest = "missing_source" if "missing_source" in reasons else "quarantined"
            assert one.reason == (strongest if reasons else None)


@settings(max_examples=1000, deadline=None)
@given(data=st.data(), history=histories())
def test_withdrawing_a_later_event_gives_the_former_answer(data: st.DataObject, history: History) -> None:
    units = history.in_force(START)
    figures: Figures = {unit: (data.draw(counts), None) for unit in units}

    def answer(changes: Sequence[Change], on: dt.date = TODAY) -> str:
        return repr(restate(figures, Genealogy(changes).boundaries(units, START, on)))

    former = [change for change in history.changes if change.date < DATES[-1]]
    before = answer(former)
    eve = DATES[-1] - dt.timedelta(days=1)
    for day in (START, eve):
        assert answer(history.changes, day) == answer(former, day), "an event tells nothing of the days before it"
    assert answer(data.draw(st.permutations(former))) == before


def merge(*links: tuple[str, str | None, str]) -> Genealogy:
    return Genealogy([Change(DATES[-1], old, new, share, "act") for old, new, share in links])  # type: ignore[arg-type]


def told(
    genealogy: Genealogy, figures: Figures, divided: str = "keep"
) -> list[tuple[str, int | None, str | None, str]]:
    found = restate(figures, genealogy.boundaries(figures, START, TODAY), divided)  # type: ignore[arg-type]
    return [(one.unit, one.value, one.reason, one.label) for one in found]


def test_twelve_and_thirty_are_forty_two() -> None:
    merged = merge(("a", "x", "whole"), ("b", "x", "whole"))
    assert told(merged, {"a": (12, None), "b": (30, None)}) == [("x", 42, None, "restated")]
    assert told(merged, {"a": (12, None), "b": (None, "quarantined")}) == [("x", None, "quarantined", "restated")]
    assert told(merged, {"a": (12, None)}) == [("x", None, "missing_unit", "restated")]


def test_a_divided_unit_stays_on_its_old_boundary_or_is_dealt_out() -> None:
    divided = merge(
        ("a", "x", "whole"), ("c", "x", "part"), ("c", "y", "part"), ("d", "z", "whole"), ("e", None, "whole")
    )
    figures: Figures = {"a": (12, None), "c": (31, None), "d": (5, None), "e": (2, None)}
    assert told(divided, figures) == [
        ("a", 12, None, "old_boundary"),
        ("c", 31, None, "old_boundary"),
        ("e", 2, None, "old_boundary"),
        ("x", None, "divided", "old_boundary"),
        ("y", None, "divided", "old_boundary"),
        ("z", 5, None, "restated"),
    ]
    assert told(divided, figures, "apportion") == [
        ("e", 2, None, "old_boundary"),
        ("x", 12 + 16, None, "apportioned"),
        ("y", 15, None, "apportioned"),
        ("z", 5, None, "restated"),
    ]
