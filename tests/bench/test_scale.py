"""The benchmark of sizes: what stands after one portal changed is what plain SQL counts then. Never for time."""

from __future__ import annotations

import pytest

from bench import records, scale

ROWS = 5000


def test_a_run_again_counts_what_changed_and_all_figures_are_those_of_plain_sql() -> None:
    with records.bench(ROWS) as ready:
        taken = ready.again(scale.LITTLE)
        assert ready.figures > 10_000
        assert taken["outcome"]["again"]["new"] == 0
        assert taken["outcome"]["again"]["revised"] > 0
        assert set(taken["outcome"]["stages"]) == set(taken["outcome"]["again"]["stages"])


def test_the_exponent_is_that_of_the_growth() -> None:
    assert scale.exponent({1: 3.0, 2: 6.0, 8: 24.0}) == pytest.approx(1.0)
    assert scale.exponent({1: 1.0, 10: 100.0}) == pytest.approx(2.0)
    assert scale.exponent({5: 7.0, 50: 7.0}) == pytest.approx(0.0)
