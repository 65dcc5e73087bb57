"""Growth over earlier years, told from the definition; the chain from one period's close to the next one's opening."""

from __future__ import annotations

import datetime as dt
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
from etl.model import Fact, Growth, Indicator, Text
from etl.settings import ROOT
from etl.tables import FACTS

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


def grown(now: list[Fact], before: list[Fact], same: set[str] | None = None) -> list[Any]:
    return indicators.growth(GROWTH, now, before, period_before="2020", same=same or {"VN"})


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
    same=st.booleans(),
)
def test_a_growth_has_a_value_or_a_reason_and_never_a_made_up_one(
    now: int | None, before: int | None, there: bool, same: bool
) -> None:
    earlier = [fact(before, "2020", unit="01")] if there else []
    (one,) = grown([fact(now, unit="01")], earlier, {"01"} if same else {"VN"})
    assert (one.value is None) != (one.reason is None)
    assert (one.value is not None) == (now is not None and there and bool(before) and same)
    assert one.now.value == (None if now is None else Decimal(now))
    if one.value is not None:
        assert one.before is not None
        assert abs(Fraction(one.value) * before - now) * 20000 <= before


@pytest.mark.parametrize(
    ("now", "before", "same", "reason"),
    [
        (fact(None, reason="quarantined"), [fact(5, "2020")], {"VN"}, "quarantined"),
        (fact(5), [], {"VN"}, "no_earlier_figure"),
        (fact(5), [fact(5, "2020", field="ho_tich")], {"VN"}, "no_earlier_figure"),
        (fact(5), [fact(5, "2020", indicator="i_done")], {"VN"}, "no_earlier_figure"),
        (fact(5), [fact(None, "2020")], {"VN"}, "earlier_withheld"),
        (fact(5), [fact(0, "2020")], {"VN"}, "earlier_zero"),
        (fact(5), [fact(5, "2020")], {"01"}, "unit_changed"),
    ],
)
def test_why_there_is_no_growth(now: Fact, before: list[Fact], same: set[str], reason: str) -> None:
    (one,) = grown([now], before, same)
    assert (one.value, one.reason) == (None, reason)


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
    (one,) = indicators.growth(indicator, [now], [before], period_before="2020", same={"VN"})
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


@settings(max_examples=100, deadline=None)
@given(before=FIGURES, now=FIGURES, same=st.sets(st.sampled_from(["01", "02"])))
def test_the_chain_told_slowly(before: Any, now: Any, same: set[str]) -> None:
    def figure(figures: Any, place: tuple[str, str, str]) -> int | None:
        if place in figures:
            return figures[place]  # type: ignore[no-any-return]
        return None if figures.get((*place[:2], "all")) is None else 0

    expected = {}
    for place in {*before, *now}:
        if place[0] in same:
            was, opened = figure(before, place), figure(now, place)
            expected[place] = (was, opened, None if was is None or opened is None else opened - was)
    found = indicators.chain(
        _table("closing", before), _table("opening", now), closing="closing", opening="opening", same=same
    )
    assert {
        (one["unit"], one["tier"], one["field"]): (one["closing"], one["opening"], one["difference"])
        for one in found.to_pylist()
    } == expected
