"""Revisions: what is written, what is not, and what was known when."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.warehouse import Warehouse
from tests.warehouse.samples import PERIOD, Figure, Key, Load, current, facts, figure, query

A: Key = ("received", "00101", "commune", "land")
B: Key = ("received", "00102", "commune", "land")
_periods = (f"{year}-Q{number}" for year, number in itertools.product(range(1990, 2020), range(1, 5)))

keys = st.tuples(
    st.sampled_from(["received", "resolved"]), st.sampled_from(["00101", "01"]), st.just("commune"), st.just("all")
)
values = st.one_of(
    st.integers(-(10**15), 10**15).map(lambda whole: Decimal(whole).scaleb(-4)),
    st.sampled_from([Decimal(0), Decimal(1), Decimal("9999999999999999.9999")]),
)
figures = st.one_of(
    values.map(lambda value: (value, None)),
    st.sampled_from(["missing_source", "missing_unit", "quarantined"]).map(lambda reason: (None, reason)),
)
histories = st.lists(st.dictionaries(keys, figures, max_size=4), min_size=1, max_size=5)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories)
def test_any_history_is_remembered_as_it_was(warehouse: Warehouse, history: list[dict[Key, Figure]]) -> None:
    period = next(_periods)
    held: dict[Key, Figure | None] = {}  # None: withdrawn
    states: list[tuple[dt.datetime, dict[Key, Figure]]] = []
    for state in history:
        new = len(state.keys() - held.keys())
        same = sum(held.get(key, "never") == figure for key, figure in state.items())
        revised = len(state) - new - same
        revised += sum(figure is not None for key, figure in held.items() if key not in state)
        recorded = Load(state).into(warehouse, period)
        assert (recorded.new, recorded.revised, recorded.same) == (new, revised, same)
        held = {key: state.get(key) for key in held.keys() | state.keys()}
        states.append((dt.datetime.fromisoformat(warehouse.summary(period)["recorded_at"]), dict(state)))
        again = Load(state).into(warehouse, period)
        assert (again.new, again.revised, again.same) == (0, 0, len(state))
    assert [moment for moment, _ in states] == sorted({moment for moment, _ in states})
    earlier: dict[Key, Figure] = {}
    for moment, state in states:
        assert current(warehouse, period, moment - dt.timedelta(microseconds=1)) == earlier
        assert current(warehouse, period, moment) == state
        earlier = state
    assert current(warehouse, period) == earlier
    assert (
        warehouse.facts_table(period)
        .sort_by([("indicator", "ascending"), ("unit", "ascending")])
        .equals(facts(dict(sorted(earlier.items()))))
    )


def test_why_a_figure_was_recorded(warehouse: Warehouse, warehouse_url: str) -> None:
    Load({A: figure(None, "missing_source"), B: figure(5)}).into(warehouse)
    Load({A: figure(7), B: figure(6)}).into(warehouse)
    Load({A: figure(7), B: figure(None, "quarantined")}).into(warehouse)
    Load({A: figure(7)}).into(warehouse)
    Load({A: figure(8), B: figure(9)}).into(warehouse)
    written = query(
        warehouse_url,
        "SELECT unit, revision, value, reason, state, revision_reason FROM baocao.fact ORDER BY unit, revision",
    )
    assert written == [
        ("00101", 1, None, "missing_source", "preliminary", "first"),
        ("00101", 2, Decimal(7), None, "revised", "late"),
        ("00101", 3, Decimal(8), None, "revised", "correction"),
        ("00102", 1, Decimal(5), None, "preliminary", "first"),
        ("00102", 2, Decimal(6), None, "revised", "correction"),
        ("00102", 3, None, "quarantined", "revised", "correction"),
        ("00102", 4, None, "withdrawn", "revised", "withdrawn"),
        ("00102", 5, Decimal(9), None, "revised", "correction"),
    ]


def test_a_withdrawn_figure_is_left_out_and_withdrawn_once(warehouse: Warehouse) -> None:
    Load({A: figure(1), B: figure(2)}).into(warehouse)
    assert Load({A: figure(1)}).into(warehouse).revised == 1
    assert Load({A: figure(1)}).into(warehouse).revised == 0
    assert current(warehouse) == {A: figure(1)}


def test_no_value_is_not_zero(warehouse: Warehouse) -> None:
    Load({A: figure(None, "missing_unit")}).into(warehouse)
    assert current(warehouse) == {A: (None, "missing_unit")}
    recorded = Load({A: figure(0)}).into(warehouse)
    assert recorded.revised == 1
    assert current(warehouse) == {A: (Decimal(0), None)}
    assert Load({A: figure(None, "quarantined")}).into(warehouse).revised == 1
    assert current(warehouse) == {A: (None, "quarantined")}


def test_another_reason_is_a_revision(warehouse: Warehouse) -> None:
    Load({A: figure(None, "missing_source")}).into(warehouse)
    assert Load({A: figure(None, "quarantined")}).into(warehouse).revised == 1


def test_periods_do_not_touch_each_other(warehouse: Warehouse) -> None:
    Load({A: figure(1)}).into(warehouse, "2026-Q2")
    Load({B: figure(2)}).into(warehouse, "2026-Q3")
    Load({A: figure(3)}).into(warehouse, "2026")
    assert current(warehouse, "2026-Q2") == {A: figure(1)}
    assert current(warehouse, "2026-Q3") == {B: figure(2)}
    assert current(warehouse, "2026") == {A: figure(3)}


@pytest.mark.parametrize(
    "wrong",
    [
        {A: figure(1, "quarantined")},
        {A: figure(None)},
        {A: figure(None, "withdrawn")},
    ],
)
def test_a_value_or_a_reason(warehouse: Warehouse, wrong: dict[Key, Figure]) -> None:
    with pytest.raises(ValueError, match="a value or a reason"):
        Load(wrong).into(warehouse)
    assert warehouse.summary(PERIOD)["load"] is None


def test_a_figure_given_twice_is_refused(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    Load({A: figure(1)}).into(warehouse)
    once = facts({A: figure(1)})
    with pytest.raises(ValueError, match="1 facts stand twice"):
        warehouse.record(
            PERIOD,
            run="r",
            catalog_version="c",
            rules_version="r",
            facts=once.take([0, 0]),
            rows={},
            quarantine={},
            findings=[],
            holes=[],
            receipts=[],
        )


def test_known_at_needs_a_time_zone(warehouse: Warehouse) -> None:
    with pytest.raises(ValueError, match="time zone"):
        warehouse.facts(PERIOD, known_at=dt.datetime(2026, 9, 15))  # noqa: DTZ001


def test_the_moment_for_a_form_is_that_of_the_last_change(warehouse: Warehouse) -> None:
    assert warehouse.figures_at(PERIOD) is None
    Load({A: figure(1)}).into(warehouse)
    first = warehouse.figures_at(PERIOD)
    Load({A: figure(1)}).into(warehouse)
    assert warehouse.figures_at(PERIOD) == first
    Load({A: figure(2)}).into(warehouse)
    assert first is not None
    assert warehouse.figures_at(PERIOD) > first  # type: ignore[operator]
    assert current(warehouse, known_at=first) == {A: figure(1)}


def _states(warehouse: Warehouse) -> tuple[str, int]:
    (fact,) = warehouse.facts(PERIOD)
    return fact.state, fact.revision


def test_a_figure_that_begins_or_ends_to_move_is_a_revision(warehouse: Warehouse, warehouse_url: str) -> None:
    for given_, wanted in [
        (Load({A: figure(12)}), ("preliminary", 1)),
        (Load({A: figure(12)}, moving=True), ("moving", 2)),
        (Load({A: figure(12)}, moving=True), ("moving", 2)),
        (Load({A: figure(12)}), ("preliminary", 3)),
        (Load({A: figure(13)}, moving=True), ("moving", 4)),
        (Load({A: figure(13)}), ("revised", 5)),
        (Load({A: figure(12)}), ("revised", 6)),
    ]:
        given_.into(warehouse)
        assert _states(warehouse) == wanted
        assert warehouse.facts_table(PERIOD)["moving"].to_pylist() == [wanted[0] == "moving"]
    reasons = query(warehouse_url, "SELECT revision_reason FROM baocao.fact ORDER BY revision")
    assert reasons == [("first",), *[("correction",)] * 5]


def test_a_figure_may_be_moving_from_the_first(warehouse: Warehouse) -> None:
    Load({A: figure(12)}, moving=True).into(warehouse)
    assert _states(warehouse) == ("moving", 1)


def test_what_was_known_before_it_moved_stays(warehouse: Warehouse) -> None:
    Load({A: figure(12)}).into(warehouse)
    then = warehouse.figures_at(PERIOD)
    Load({A: figure(12)}, moving=True).into(warehouse)
    assert [fact.state for fact in warehouse.facts(PERIOD, known_at=then)] == ["preliminary"]
    assert [fact.state for fact in warehouse.facts(PERIOD)] == ["moving"]


def test_a_load_knows_the_commit_of_its_catalog(warehouse: Warehouse, warehouse_url: str) -> None:
    given = {"run": "r", "catalog_version": "c", "rules_version": "r", "facts": facts({A: figure(1)}), "rows": {}}
    nothing = {"quarantine": {}, "findings": [], "holes": [], "receipts": []}
    for commit in ("0123abc-dirty", None):
        warehouse.record(PERIOD, **given, **nothing, catalog_revision=commit)
        assert warehouse.summary(PERIOD)["catalog_revision"] == commit
    for view in (
        "SELECT catalog_revision FROM reporting.load",
        "SELECT commit_danh_muc FROM bao_cao.lan_nap_tai(now())",
    ):
        assert sorted(query(warehouse_url, view), key=str) == [("0123abc-dirty",), (None,)]
