"""Changes over a year: what no peer did and chance does not explain is found; of a sound country next to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.quality.across import Compared, compare
from etl.quality.across.jump import FEWEST_PEERS, pairs
from etl.tables import FACTS
from etl.units.genealogy import Group
from tests.quality.test_across import RULES, nowhere

Figures = Mapping[str, int | None]
CODES = {"i_online": "received_online"}


def facts(figures: Figures, tier: str = "all") -> pa.Table:
    told = [
        {
            **dict.fromkeys(FACTS.names),
            "indicator": "i_online",
            "unit": unit,
            "tier": tier,
            "field": "all",
            "leaf": False,
            "moving": False,
            "value": None if value is None else Decimal(value),
            "reason": "missing_unit" if value is None else None,
        }
        for unit, value in figures.items()
    ]
    return pa.Table.from_pylist(told, schema=FACTS)


def judged(now: Figures, before: Figures, groups: list[Group] | None = None) -> Compared:
    laid = pairs(
        facts(now),
        facts(before),
        groups=groups if groups is not None else [((unit,), (unit,)) for unit in now],
        measures=CODES,
        levels=dict.fromkeys(now, "commune"),
    )
    (one,) = compare([RULES["JUMP"]], laid, nowhere, nowhere)
    return one


def found(one: Compared) -> set[str]:
    return set(one.broken["unit"].to_pylist())


def country(units: int = 40, factor: float = 1.0, size: int = 400) -> tuple[dict[str, int], dict[str, int]]:
    before = {f"u{number:02}": size + 7 * number for number in range(units)}
    habit = {unit: 1 + 0.02 * (number % 5 - 2) for number, unit in enumerate(before)}
    return {unit: round(value * factor * habit[unit]) for unit, value in before.items()}, before


@pytest.mark.parametrize("factor", [0.4, 1.0, 2.5])
def test_what_all_peers_did_is_no_jump_and_what_one_did_alone_is(factor: float) -> None:
    now, before = country(factor=factor)
    assert found(judged(now, before)) == set()
    for change in (0.3, 3.0):
        one = judged(now | {"u07": round(now["u07"] * change)}, before)
        assert found(one) == {"u07"}
        (pair,) = one.broken.to_pylist()
        assert (pair["value"], pair["other"], pair["peers"]) == (round(now["u07"] * change), before["u07"], 40)
        assert pair["usual"] == pytest.approx(factor, rel=0.03)
        assert "40 đơn vị" in pair["note"]


def test_a_few_vary_by_chance_and_nothing_that_becomes_much_does_not() -> None:
    now, before = country()
    few = {"s1": (0, 6), "s2": (9, 1), "s3": (2, 0), "s4": (20, 12)}
    now |= {unit: told[0] for unit, told in few.items()}
    before |= {unit: told[1] for unit, told in few.items()}
    assert found(judged(now, before)) == set()
    assert found(judged(now | {"s5": 60}, before | {"s5": 0})) == {"s5"}
    assert found(judged(now | {"s6": 0}, before | {"s6": 60})) == {"s6"}


def test_too_few_peers_are_no_measure_and_what_is_not_known_is_not_judged() -> None:
    now, before = country(units=FEWEST_PEERS - 1)
    one = judged(now | {"u03": 9999}, before)
    assert (found(one), one.judged, one.unknown) == (set(), 0, FEWEST_PEERS - 1)
    now, before = country()
    one = judged(now | {"u03": None, "new": 50}, before | {"u04": None})
    assert (found(one), one.judged, one.unknown) == (set(), 38, 3)


def test_merged_units_are_held_against_all_that_went_into_them() -> None:
    now, before = country()
    before |= {"old1": 500, "old2": 700}
    groups: list[Group] = [((unit,), (unit,)) for unit in now]
    groups.append((("old1", "old2"), ("both",)))
    assert found(judged(now | {"both": 1210}, before, groups)) == set()
    one = judged(now | {"both": 4000}, before, groups)
    assert found(one) == {"both"}
    assert one.broken["other"].to_pylist() == [1200]
    del before["old2"]
    one = judged(now | {"both": 4000}, before, groups)
    assert (found(one), one.unknown) == (set(), 1)


def test_the_sum_over_tiers_is_judged_and_of_a_unit_without_one_its_own_tier() -> None:
    now, before = country()
    more: dict[str, Any] = {"measures": CODES, "levels": dict.fromkeys(now, "province")}
    groups: list[Group] = [((unit,), (unit,)) for unit in now]
    both = pa.concat_tables([facts(now), facts(dict.fromkeys(now, 1), tier="province")])
    laid = pairs(both, facts(before, tier="commune"), groups=groups, **more)
    assert {row["unit"]: int(row["value"]) for row in laid.to_pylist()} == now


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.sampled_from([2, 12, 60, 900]), shift=st.floats(0.5, 2))
def test_of_a_sound_country_hardly_a_unit_is_asked_about(seed: int, size: int, shift: float) -> None:
    """Every unit has habits of its own (±20 %), and Poisson noise on top: at most one of a hundred units is found."""
    draw = np.random.default_rng(seed)
    units = [f"c{number:03}" for number in range(300)]
    rate = size * draw.lognormal(0, 0.8, len(units))
    before = draw.poisson(rate)
    now = draw.poisson(rate * shift * draw.lognormal(0, 0.2, len(units)))
    one = judged(dict(zip(units, now.tolist(), strict=True)), dict(zip(units, before.tolist(), strict=True)))
    assert one.broken.num_rows <= len(units) / 100
