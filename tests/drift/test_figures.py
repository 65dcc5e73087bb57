"""Figures that cannot be, told from those of the period before; and no alarm for what is only growth and chance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.drift.figures import Changes, Scale, Swap, compare
from etl.drift.returned import returned
from etl.tables import rows_schema
from tests.drift.portals import CATALOG

ONESTOP, EDOC = CATALOG.datasets["onestop"], CATALOG.datasets["edoc"]
Row = dict[str, Any]
FLOWS = ("received_online", "received_direct_postal", "resolved_early", "resolved_on_time", "resolved_overdue")
STOCKS = ("pending_in_time", "pending_overdue")


def table(rows: list[Row], dataset: str = "onestop") -> pa.Table:
    schema = rows_schema(CATALOG.datasets[dataset])
    fixed = dict.fromkeys(("source", "period", "payload", "pointer", "agency"), "-")
    whole = [{**fixed, "source": "cổng", "pointer": f"/{place}", **row} for place, row in enumerate(rows)]
    days = {field.name: None for field in schema if pa.types.is_date(field.type)}
    return pa.Table.from_pylist([{**days, **row} for row in whole], schema=schema)


def country(draw: np.random.Generator, agencies: int, fields: int, size: float, spread: float) -> list[Row]:
    """Agencies of very different sizes, fields with habits of their own; spread: how much those differ."""
    habits = draw.lognormal(0, spread, (fields, len(FLOWS) + len(STOCKS))) * [6, 4, 5, 3, 0.4, 0.8, 0.1]
    sizes = draw.lognormal(0, 0.8, agencies) * size
    return [
        {"agency": f"{agency}", "field": f"{field}"}
        | dict(zip((*FLOWS, *STOCKS), (draw.poisson(sizes[agency] * habits[field])).tolist(), strict=True))
        for agency in range(agencies)
        for field in range(fields)
    ]


def complete(rows: list[Row], carried: dict[tuple[str, str], int]) -> list[Row]:
    """With the columns that follow from the others; what was pending last time is carried over."""
    for row in rows:
        row["carried_over"] = carried.get((row["agency"], row["field"]), 0)
        row["pending_total"] = row["pending_in_time"] + row["pending_overdue"]
        row["resolved_total"] = row["resolved_early"] + row["resolved_on_time"] + row["resolved_overdue"]
        row["received_total"] = row["received_online"] + row["received_direct_postal"] + row["carried_over"]
    return rows


def later(draw: np.random.Generator, rows: list[Row], common: bool, most: float = 0.5) -> list[Row]:
    """The next quarter: each measure (or each figure by itself) from half to one and a half, and chance on top."""
    growth = {name: draw.uniform(1 - most, 1 + most) for name in (*FLOWS, *STOCKS)}
    new = [
        {"agency": row["agency"], "field": row["field"]}
        | {
            name: int(draw.poisson(row[name] * (growth[name] if common else draw.uniform(1 - most, 1 + most))))
            for name in (*FLOWS, *STOCKS)
        }
        for row in rows
    ]
    return complete(new, {(row["agency"], row["field"]): row["pending_total"] for row in rows})


def certain(found: Changes) -> Changes:
    return replace(found, swaps=[swap for swap in found.swaps if swap.certain])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.integers(0, 2**32),
    st.integers(1, 60),
    st.integers(1, 16),
    st.sampled_from([0.1, 1.0, 10.0, 200.0]),
    st.sampled_from([0.0, 0.4, 1.2]),
    st.booleans(),
)
def test_growth_and_chance_raise_nothing_that_is_certain(
    seed: int, agencies: int, fields: int, size: float, spread: float, common: bool
) -> None:
    draw = np.random.default_rng(seed)
    before = later(draw, complete(country(draw, agencies, fields, size, spread), {}), common)
    found = compare(table(later(draw, before, common)), table(before), ONESTOP)
    assert certain(found) == Changes([], [], [])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.integers(0, 2**32),
    st.integers(1, 60),
    st.integers(1, 16),
    st.sampled_from([1.0, 10.0, 200.0]),
    st.sampled_from([0.0, 0.4, 1.2]),
    st.booleans(),
)
def test_a_usual_quarter_raises_nothing_at_all(
    seed: int, agencies: int, fields: int, size: float, spread: float, common: bool
) -> None:
    """Each measure a tenth more or less than the quarter before: a proportion of 57 : 43 cannot be turned by it."""
    draw = np.random.default_rng(seed)
    before = later(draw, complete(country(draw, agencies, fields, size, spread), {}), common)
    found = compare(table(later(draw, before, common, most=0.1)), table(before), ONESTOP)
    assert found == Changes([], [], [])


def test_few_sources_are_asked_about_even_after_the_strongest_growth() -> None:
    """Half as much to half as much again, each measure by itself, where fields have habits: what is likely an exchange
    withholds two true columns until a person has asked, so it may be said of one source in 25 at most."""
    draw, sources = np.random.default_rng(11), 100
    before, now = [], []
    for source in range(sources):
        one = later(draw, complete(country(draw, 20, 10, 20.0, 0.4), {}), common=True)
        before += [{**row, "source": f"{source}"} for row in one]
        now += [{**row, "source": f"{source}"} for row in later(draw, one, common=True)]
    assert len({swap.source for swap in compare(table(now), table(before), ONESTOP).swaps}) <= sources / 25


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 2**32), st.integers(1, 150), st.sampled_from([1.0, 60.0, 3000.0]), st.floats(0.2, 6))
def test_growth_and_chance_of_documents_raise_nothing(seed: int, agencies: int, size: float, ratio: float) -> None:
    draw = np.random.default_rng(seed)

    def quarter(levels: Any) -> pa.Table:
        return table(
            [
                {
                    "agency": f"{agency}",
                    "field": "all",
                    "sent": int(sent),
                    "received": int(got),
                    "exchanged": int(sent + got),
                }
                for agency, (sent, got) in enumerate(draw.poisson(levels))
            ],
            "edoc",
        )

    levels = draw.lognormal(0, 0.8, (agencies, 1)) * size * [1, ratio]
    grown = levels * draw.uniform(0.5, 1.5, 2)
    assert certain(compare(quarter(grown), quarter(levels), EDOC)) == Changes([], [], [])
    usual = levels * draw.uniform(0.9, 1.1, 2)
    assert compare(quarter(usual), quarter(levels), EDOC) == Changes([], [], [])


@pytest.fixture(scope="module")
def quarters() -> tuple[list[Row], list[Row]]:
    draw = np.random.default_rng(7)
    before = later(draw, complete(country(draw, 40, 12, 20.0, 0.9), {}), common=True)
    return before, later(draw, before, common=True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("received_direct_postal", "received_online"),
        ("resolved_early", "resolved_on_time"),
        ("resolved_early", "resolved_overdue"),
        ("pending_in_time", "pending_overdue"),
        ("carried_over", "received_online"),
    ],
)
def test_two_columns_that_were_exchanged_are_told(quarters: tuple[list[Row], list[Row]], one: str, other: str) -> None:
    before, now = quarters
    swapped = [{**row, one: row[other], other: row[one]} for row in now]
    found = compare(table(swapped), table(before), ONESTOP)
    assert (one, other) in {(swap.one, swap.other) for swap in found.swaps}
    assert (found.scales, found.zeros) == ([], [])


def channels(online: float, agencies: int = 30) -> list[Row]:
    """Agencies with 100 to 390 dossiers each, of which that share comes online."""
    return [
        {
            "agency": f"{n}",
            "field": "x",
            "received_online": round((100 + 10 * n) * online),
            "received_direct_postal": round((100 + 10 * n) * (1 - online)),
            "carried_over": 20,
            "pending_total": 20,
        }
        for n in range(agencies)
    ]


CHANNELS = Swap("cổng", "received_direct_postal", "received_online", 30, 30, certain=False)


@pytest.mark.parametrize(
    ("was", "is_now", "told"),
    [
        (0.65, 0.35, True),  # exchanged
        (0.65, 0.40, True),  # exchanged, after growth
        (0.65, 0.58, False),  # a habit that shifts
        (0.50, 0.35, False),  # half and half before: no order to turn
        (0.55, 0.45, False),
        (0.60, 0.15, False),  # nothing like the other
    ],
)
def test_an_exchange_that_growth_could_explain_is_likely(was: float, is_now: float, told: bool) -> None:
    found = compare(table(channels(is_now)), table(channels(was)), ONESTOP)
    assert found == Changes([], [CHANNELS] if told else [], [])


@pytest.mark.parametrize(
    ("was", "is_now", "again"),
    [
        (0.65, 0.65, True),
        (0.65, 0.80, True),  # as it was, and grown so much that the quarter between would not tell
        (0.65, 0.35, False),  # still exchanged
        (0.65, 0.20, False),  # still exchanged, and grown: nothing like either quarter before
        (0.65, 0.50, False),  # cannot be told, so nobody has answered
    ],
)
def test_an_exchange_ends_when_the_order_is_the_old_one(was: float, is_now: float, again: bool) -> None:
    pair = (CHANNELS.one, CHANNELS.other)
    assert returned(table(channels(is_now)), table(channels(was)), pair) is again


def test_nothing_to_compare_with_ends_no_doubt() -> None:
    rows = table(channels(0.65))
    unread = table([{**row, "problem": "?"} for row in channels(0.65)])
    for one, other in ((rows, unread), (unread, rows)):
        assert not returned(one, other, (CHANNELS.one, CHANNELS.other))
        assert not returned(one, other, (CHANNELS.one,))


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.floats(0.15, 6), st.sampled_from([0.01, 0.001, 100.0, 1000.0]))
def test_another_unit_of_counting_ends_when_the_sum_is_nearer_to_the_old_one(growth: float, factor: float) -> None:
    before = [{"agency": f"{n}", "field": "x", "received_total": 10**6 + n} for n in range(5)]

    def times(number: float) -> pa.Table:
        return table([{**row, "received_total": round(row["received_total"] * number)} for row in before])

    assert returned(times(growth), table(before), ["received_total"])
    assert not returned(times(growth * factor), table(before), ["received_total"])


def test_an_order_that_few_places_turn_is_no_exchange() -> None:
    """The capital's own offices go over to the counter; everyone else is as before."""
    before, now = channels(0.65), channels(0.65)
    now[-1] |= {"received_online": 1000, "received_direct_postal": 5000}
    before[-1] |= {"received_online": 5000, "received_direct_postal": 1000}
    now[-2] |= {"received_online": 500, "received_direct_postal": 2500}
    before[-2] |= {"received_online": 2500, "received_direct_postal": 500}
    assert certain(compare(table(now), table(before), ONESTOP)).swaps == []
    fields = [{**row, "field": field} for field in "xyzt" for row in before]
    stay = [{**row, "field": field} for field in "yzt" for row in before]
    assert compare(table([*now, *stay]), table(fields), ONESTOP).swaps == []


def test_an_opening_stock_is_held_against_what_was_pending() -> None:
    """The carried over of this quarter must be the pending of the last: its own growth explains nothing."""
    before = [{**row, "carried_over": 40, "pending_total": 120} for row in channels(0.8)]
    now = [{**row, "carried_over": 120, "pending_total": 110} for row in channels(0.8)]
    assert compare(table(now), table(before), ONESTOP).swaps == []
    swapped = [
        {**row, "carried_over": row["received_direct_postal"], "received_direct_postal": row["carried_over"]}
        for row in now
    ]
    found = compare(table(swapped), table(before), ONESTOP).swaps
    assert ("carried_over", "received_direct_postal") in {(swap.one, swap.other) for swap in found}


def test_two_columns_that_cannot_be_told_apart_raise_no_alarm() -> None:
    draw = np.random.default_rng(3)
    before = [{"agency": f"{n}", "field": "x", "received_online": 50, "received_direct_postal": 50} for n in range(40)]
    now = [
        {**row, "received_online": int(draw.poisson(60)), "received_direct_postal": int(draw.poisson(40))}
        for row in before
    ]
    assert compare(table(now), table(before), ONESTOP).swaps == []


@pytest.mark.parametrize("factor", [100, 1000])
@pytest.mark.parametrize("down", [False, True])
def test_another_unit_of_counting_is_told(quarters: tuple[list[Row], list[Row]], factor: int, down: bool) -> None:
    small, large = quarters[0], [{**row} for row in quarters[1]]
    for row in large:
        row.update({name: value * factor for name, value in row.items() if isinstance(value, int)})
    before, now = (large, small) if down else (small, large)
    found = compare(table(now), table(before), ONESTOP)
    assert {scale.measure for scale in found.scales} == set(ONESTOP.columns)
    assert {(scale.factor, scale.down) for scale in found.scales} == {(factor, down)}
    assert found.scales[0].before == sum(row[found.scales[0].measure] for row in before)
    assert found.swaps == []


def test_one_absurd_figure_is_no_other_unit_of_counting(quarters: tuple[list[Row], list[Row]]) -> None:
    before, now = quarters
    absurd = [{**row} for row in now]
    absurd[5]["received_online"] = 100 * sum(row["received_online"] for row in before)
    assert compare(table(absurd), table(before), ONESTOP).scales == []


def test_a_service_that_starts_is_no_other_unit_of_counting() -> None:
    before = [{"agency": f"{n}", "field": "x", "received_online": n % 2} for n in range(60)]
    now = [{**row, "received_online": 60} for row in before]
    assert compare(table(now), table(before), ONESTOP) == Changes([], [], [])


def test_sources_are_compared_each_with_itself(quarters: tuple[list[Row], list[Row]]) -> None:
    before, now = quarters
    large = [{**row, "source": "b", **{n: v * 1000 for n, v in row.items() if isinstance(v, int)}} for row in now]
    alone = [{**row, "source": "mới"} for row in large]
    found = compare(
        table([*now, *large, *alone]), table([*before, *({**row, "source": "b"} for row in before)]), ONESTOP
    )
    assert {scale.source for scale in found.scales} == {"b"}
    assert isinstance(found.scales[0], Scale)
    assert (found.swaps, found.zeros) == ([], [])
