"""Growth over earlier years, told from the definition; the chain from one period's close to the next one's opening."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl import indicators
from etl.catalog import load
from etl.indicators.year_on_year import times
from etl.model import Change, Fact, Growth, Indicator, Text
from etl.settings import ROOT
from etl.tables import FACTS
from etl.units.genealogy import Genealogy, Group
from tests.test_units_restate import START, TODAY, History, histories

CATALOG = load((ROOT / "catalog",))
GROWN = [one for one in CATALOG.indicators.values() if one.growth is not None]
NOON = dt.datetime(2022, 1, 1, 12, tzinfo=dt.UTC)
COUNTS = st.integers(0, 10**12)


def fact(
    value: int | None, period: str = "2021", *, unit: str = "VN", reason: str | None = None, **changes: Any
) -> Fact:
    why = reason or (None if value is not None else "missing_unit")
    given_ = {"indicator": "i_came", "tier": "all", "field": "all", "state": "preliminary", **changes}
    return Fact(
        unit=unit, period=period, value=None if value is None else Decimal(value), reason=why, revision=1,
        recorded_at=NOON, load=1, **given_,
    )  # fmt: skip


_T = Text("", "")
GROWTH = Indicator("i_growth", "d", _T, _T, "", (), growth=Growth("i_came"), digits=4)


OF = Indicator("i_came", "d", _T, _T, "", (), sum="came")
THEN, NOW = dt.date(2020, 12, 14), dt.date(2021, 12, 14)


def grown(now: list[Fact], before: list[Fact], *links: tuple[str, str | None], divided: Any = "keep") -> list[Any]:
    """links: what became of units between the two periods; any other unit stayed."""
    changes = [Change(dt.date(2021, 7, 1), old, new, "whole", "act") for old, new in links]
    boundaries = Genealogy(changes).boundaries({one.unit for one in before}, THEN, NOW)
    return indicators.growth(GROWTH, OF, now, before, period_before="2020", boundaries=boundaries, divided=divided)


@settings(max_examples=300, deadline=None)
@given(now=COUNTS, before=COUNTS, digits=st.integers(0, 4))
def test_growth_is_the_nearest_number_to_the_true_one(now: int, before: int, digits: int) -> None:
    found = times(Decimal(now), Decimal(before), digits)
    if before == 0:
        assert found is None
        return
    assert found is not None
    assert found.as_tuple().exponent == -digits
    step = Fraction(1, 10**digits)
    off = Fraction(found) - Fraction(now, before)
    assert -step / 2 < off <= step / 2, "the nearest, and of two the one farther from 0"


@settings(max_examples=200, deadline=None)
@given(
    now=st.none() | st.integers(0, 50),
    before=st.none() | st.integers(0, 50),
    there=st.booleans(),
    another=st.booleans(),
)
def test_a_growth_has_a_value_or_a_reason_and_never_a_made_up_one(
    now: int | None, before: int | None, there: bool, another: bool
) -> None:
    earlier = [fact(before, "2020", unit="01")] if there else []
    # The code 01 was another unit then, which became 02; what is 01 now was 09, of which nothing is recorded.
    (one,) = grown([fact(now, unit="01")], earlier, *([("01", "02"), ("09", "01")] if another else []))
    assert (one.value is None) != (one.reason is None)
    assert (one.value is not None) == (now is not None and there and bool(before) and not another)
    assert one.now.value == (None if now is None else Decimal(now))
    if one.value is not None:
        assert one.before is not None
        assert abs(Fraction(one.value) * before - now) * 20000 <= before


@pytest.mark.parametrize(
    ("now", "before", "reason"),
    [
        (fact(None, reason="quarantined"), [fact(5, "2020")], "quarantined"),
        (fact(5), [], "no_earlier_figure"),
        (fact(5), [fact(5, "2020", field="ho_tich")], "no_earlier_figure"),
        (fact(5), [fact(5, "2020", indicator="i_done")], "no_earlier_figure"),
        (fact(5), [fact(None, "2020")], "earlier_withheld"),
        (fact(5), [fact(0, "2020")], "earlier_zero"),
    ],
)
def test_why_there_is_no_growth(now: Fact, before: list[Fact], reason: str) -> None:
    (one,) = grown([now], before)
    assert (one.value, one.reason) == (None, reason)


REFORM = (("a", "x"), ("b", "x"), ("c", "y"), ("c", "z"), ("d", "z"), ("e", "e2"))
"""a and b merged into x; c was divided between y and z, and d went into z too; e changed its code; s stayed."""


def communes(period: str, **figures: int | None) -> list[Fact]:
    return [fact(value, period, unit=unit, tier="commune") for unit, value in figures.items()]


def test_growth_of_merged_divided_and_unchanged_units() -> None:
    before = communes("2020", a=12, b=30, c=31, d=9, e=8, s=4)
    now = communes("2021", x=63, y=20, z=24, e2=4, s=6)
    found = {one.unit: one for one in grown(now, before, *REFORM)}
    assert {unit: (one.value, one.reason, one.label) for unit, one in found.items()} == {
        "x": (Decimal("1.5"), None, "restated"),
        "y": (None, "divided", "old_boundary"),
        "z": (None, "divided", "old_boundary"),
        "e2": (Decimal("0.5"), None, "restated"),
        "s": (Decimal("1.5"), None, "reported"),
    }
    assert (found["x"].before.value, [one.unit for one in found["x"].rests_on]) == (42, ["a", "b"])
    assert (found["s"].before, found["s"].rests_on) == (before[-1], ())

    apportioned = {one.unit: one for one in grown(now, before, *REFORM, divided="apportion")}
    assert {unit: (one.value, one.label) for unit, one in apportioned.items()} == {
        "x": (Decimal("1.5"), "restated"),
        "y": (Decimal("1.25"), "apportioned"),  # 20 over 16, the larger half of 31
        "z": (Decimal("1.0000"), "apportioned"),  # 24 over 15 + 9
        "e2": (Decimal("0.5"), "restated"),
        "s": (Decimal("1.5"), "reported"),
    }
    assert [one.unit for one in apportioned["z"].rests_on] == ["c", "d"]


@pytest.mark.parametrize(("b", "reason"), [(None, "earlier_withheld"), (..., "earlier_withheld"), (0, None)])
def test_a_merged_unit_is_compared_with_all_its_predecessors_or_not_at_all(b: Any, reason: str | None) -> None:
    figures = {"a": 12} if b is ... else {"a": 12, "b": b}
    (one,) = grown(communes("2021", x=18), communes("2020", **figures), *REFORM)
    assert (one.value, one.reason) == (None if reason else Decimal("1.5"), reason)


counts = st.integers(0, 10**6)


@settings(max_examples=500, deadline=None)
@given(data=st.data(), history=histories())
def test_growth_on_random_genealogies(data: st.DataObject, history: History) -> None:
    """The nation grows as its totals do; what units are compared with adds up to the nation's earlier total."""
    then, now = history.in_force(START), history.in_force(TODAY)
    was = {unit: data.draw(counts) for unit in then}
    has = {unit: data.draw(counts) for unit in now}
    before = [*communes("2020", **was), fact(sum(was.values()), "2020")]
    after = [*communes("2021", **has), fact(sum(has.values()))]
    boundaries = Genealogy(history.changes).boundaries({one.unit for one in before}, START, TODAY)
    ends = _ends(history, then)
    for divided in ("keep", "apportion"):
        found = {
            one.unit: one
            for one in indicators.growth(
                GROWTH, OF, after, before, period_before="2020", boundaries=boundaries, divided=divided
            )
        }
        assert set(found) == {*now, "VN"}
        nation = found.pop("VN")
        assert nation.value == times(Decimal(sum(has.values())), Decimal(sum(was.values())), 4)
        compared = [one for one in found.values() if one.before is not None and one.before.value is not None]
        assert sum(one.before.value for one in compared) <= sum(was.values())
        whole = all(None not in targets for targets in ends.values())
        if divided == "apportion" and whole:
            assert sum(one.before.value for one in compared) == sum(was.values())
        for unit, one in found.items():
            under = [old for old in then if unit in ends[old]]
            alone = all(ends[old] == {unit} for old in under)
            if divided == "apportion" and not whole:
                continue
            if not under:
                assert one.reason == "no_earlier_figure"
            elif alone:
                assert one.before.value == sum(was[old] for old in under)
                assert one.value == times(Decimal(has[unit]), one.before.value, 4)
                assert one.label == ("reported" if under == [unit] else "restated")
            elif divided == "keep":
                assert (one.value, one.reason) == (None, "divided")
            else:
                assert one.label == "apportioned"
            asked = [one for one in before if one.unit in boundaries.origins.get(unit, ())]
            told = Genealogy(history.changes).boundaries({one.unit for one in asked}, START, TODAY)
            (again,) = indicators.growth(
                GROWTH, OF, communes("2021", **{unit: has[unit]}), asked, period_before="2020", boundaries=told,
                divided=divided,
            )  # fmt: skip
            assert again == one, "a unit asked for alone grows as it does among all"


def _ends(history: History, units: Iterable[str]) -> dict[str, set[str | None]]:
    """Where every unit is today, link by link; None for a part of it that ended."""
    ends: dict[str, set[str | None]] = {unit: {unit} for unit in units}
    for date in sorted({change.date for change in history.changes}):
        links: dict[str, set[str | None]] = {}
        for change in history.changes:
            if change.date == date:
                links.setdefault(change.old, set()).add(change.new)
        ends = {
            unit: set().union(*({None} if at is None else links.get(at, {at}) for at in places))
            for unit, places in ends.items()
        }
    return ends


def test_the_growth_of_a_moving_figure_moves() -> None:
    for now, before in (("moving", "revised"), ("preliminary", "moving")):
        (one,) = grown([fact(6, state=now)], [fact(4, "2020", state=before)])
        assert (one.value, one.moving) == (Decimal("1.5"), True)
    (one,) = grown([fact(6)], [fact(4, "2020", state="revised")])
    assert not one.moving


EXAMPLES = [
    pytest.param(indicator, example, id=f"{indicator.code}-{index}")
    for indicator in GROWN
    for index, example in enumerate(indicator.examples)
]


@pytest.mark.parametrize(("indicator", "example"), EXAMPLES)
def test_worked_examples_of_growth(indicator: Any, example: Any) -> None:
    of = indicator.growth.of
    now, before = (fact(example.given[name], indicator=of) for name in ("now", "before"))
    boundaries = Genealogy([]).boundaries({"VN"}, THEN, NOW)
    (one,) = indicators.growth(
        indicator, CATALOG.indicators[of], [now], [before], period_before="2020", boundaries=boundaries
    )
    assert one.value == example.value


def test_no_growth_is_recorded_and_every_dataset_of_a_form_has_one() -> None:
    recorded = {one.code for name in CATALOG.datasets for one in CATALOG.indicators_of(name)}
    assert not recorded & {one.code for one in GROWN}
    assert {one.dataset for one in GROWN} == {"onestop", "procedure", "one_stop_scope", "edoc"}


def _table(code: str, figures: dict[tuple[str, str, str], int | None]) -> pa.Table:
    rows = [
        (
            code,
            *place,
            None if value is None else Decimal(value),
            "missing_unit" if value is None else None,
            True,
            False,
        )
        for place, value in figures.items()
    ]
    return pa.Table.from_pylist([dict(zip(FACTS.names, row, strict=True)) for row in rows], schema=FACTS)


PLACES = st.tuples(
    st.sampled_from(["01", "02"]), st.sampled_from(["province", "commune"]), st.sampled_from(["all", "f", "g"])
)
FIGURES = st.dictionaries(PLACES, st.none() | st.integers(0, 3))


def _told(before: Any, now: Any, groups: list[Group]) -> dict[Any, Any]:
    found = indicators.chain(
        _table("closing", before), _table("opening", now), closing="closing", opening="opening", groups=groups
    )
    return {
        (tuple(one["units_before"]), tuple(one["units_now"]), one["tier"], one["field"]): (
            one["closing"],
            one["opening"],
            one["difference"],
        )
        for one in found.to_pylist()
    }


@settings(max_examples=60, deadline=None)
@given(
    before=FIGURES,
    now=FIGURES,
    groups=st.sampled_from(
        [
            [(("01",), ("01",)), (("02",), ("02",))],
            [(("01", "02"), ("01",)), ((), ("02",))],
            [(("01", "02"), ("01", "02"))],
            [(("01",), ()), (("02",), ("01", "02"))],
        ]
    ),
)
def test_the_chain_told_slowly(before: Any, now: Any, groups: list[Group]) -> None:
    def stock(figures: Any, units: tuple[str, ...], place: tuple[str, str]) -> int | None:
        total = 0
        for unit in units:
            figure = figures.get((unit, *place), 0)
            if (unit, *place) not in figures and figures.get((unit, place[0], "all")) is None:
                figure = None
            if figure is None:
                return None
            total += figure
        return total if units else None

    expected = {}
    for old, new in groups:
        places = {place[1:] for place in before if place[0] in old} | {place[1:] for place in now if place[0] in new}
        for place in places:
            was, opened = stock(before, old, place), stock(now, new, place)
            expected[old, new, *place] = (was, opened, None if was is None or opened is None else opened - was)
    assert _told(before, now, groups) == expected


@settings(max_examples=100, deadline=None)
@given(data=st.data(), history=histories())
def test_stock_that_stays_within_its_group_breaks_no_link_and_any_other_move_breaks_two(
    data: st.DataObject, history: History
) -> None:
    """However a divided unit's dossiers went to its successors, the chain holds over the group and nowhere finer."""
    then, now = history.in_force(START), history.in_force(TODAY)
    ends = _ends(history, then)
    was = {unit: data.draw(st.integers(0, 50)) for unit in then if None not in ends[unit]}
    has = dict.fromkeys(now, 0)
    for unit, stock in was.items():
        for _ in range(stock):
            has[data.draw(st.sampled_from(sorted(ends[unit])))] += 1  # type: ignore[type-var]
    groups = Genealogy(history.changes).boundaries(then, START, TODAY).groups()
    assert sorted(groups) == sorted(_connected(ends))
    before = {(unit, "commune", "all"): stock for unit, stock in was.items()}
    links = _told(before, {(unit, "commune", "all"): stock for unit, stock in has.items()}, groups)
    whole = {key: link for key, link in links.items() if key[0] and key[1] and all(unit in was for unit in key[0])}
    assert {difference for _, _, difference in whole.values()} <= {0}
    assert sum(closing for closing, _, _ in whole.values()) <= sum(was.values())

    if len(whole) > 1:
        one, other = data.draw(st.permutations(sorted(whole)))[:2]
        has[one[1][0]] += 1
        has[other[1][0]] -= 1
        moved = _told(before, {(unit, "commune", "all"): stock for unit, stock in has.items()}, groups)
        assert {key for key in whole if moved[key][2]} == {one, other}
        assert (moved[one][2], moved[other][2]) == (1, -1)


def _connected(ends: dict[str, set[str | None]]) -> list[Group]:
    """The finest sets of units that share no successor."""
    sets: list[tuple[set[str], set[str]]] = []
    for old, targets in ends.items():
        joined, apart = ({old}, {unit for unit in targets if unit is not None}), []
        for one in sets:
            if one[1] & joined[1]:
                joined = (joined[0] | one[0], joined[1] | one[1])
            else:
                apart.append(one)
        sets = [*apart, joined]
    return [(tuple(sorted(old)), tuple(sorted(new))) for old, new in sets]
