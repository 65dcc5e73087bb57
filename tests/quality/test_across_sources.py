"""Two systems on the same units: exactly the figures that differ are found, and what cannot be compared is counted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.model import Hole
from etl.periods import Interval
from etl.quality.across import Compared, compare
from etl.quality.across.sources import Side, pairs
from tests.quality.country import PERIOD, row, table
from tests.quality.test_across import RULES, nowhere

OTHER_DAYS = Interval(dt.date(2026, 7, 1), dt.date(2026, 9, 30))
OWN = Side("own", "tandan_06a", "01", PERIOD.days, reporting=True, records=False, by_level=False)
NATIONAL = Side("nation", "dvcqg", "01", PERIOD.days, reporting=False, records=False, by_level=False)
LEVELS = Side("levels", "tandan_06caccap", "01", PERIOD.days, reporting=False, records=False, by_level=True)
LIST = Side("list", "dossier_list", "01", PERIOD.days, reporting=False, records=True, by_level=False)
MEASURES = ("received_online", "pending_total", "resolved_early")
Figures = Mapping[tuple[str, str], Mapping[str, int | None]]
"""(unit, field) -> measure -> figure."""


def rows(source: str, figures: Figures) -> list[dict[str, Any]]:
    return [
        row("onestop", unit, source=source, field=field, **{**dict.fromkeys(MEASURES), **told})
        for (unit, field), told in figures.items()
    ]


def judged(rule: str, *told: tuple[Side, Figures], unknown: tuple[Hole, ...] = ()) -> Compared:
    given_rows = table("onestop", [one for side, figures in told for one in rows(side.source, figures)])
    found: pa.Table = pairs(given_rows, [side for side, _ in told], unknown, MEASURES)
    (one,) = compare([RULES[rule]], found, nowhere, nowhere)
    return one


def found(one: Compared) -> dict[tuple[str, str, str], tuple[int, int]]:
    return {
        (pair["unit"], pair["field"], pair["measure"]): (int(pair["value"]), int(pair["other"]))
        for pair in one.broken.to_pylist()
    }


A, B = ("01001", "ho_tich"), ("01001", "dat_dai")


def test_both_figures_of_every_measure_that_both_give() -> None:
    one = judged(
        "NATIONAL",
        (OWN, {A: {"received_online": 100, "pending_total": 7, "resolved_early": 3}, B: {"received_online": 20}}),
        (NATIONAL, {A: {"received_online": 80, "pending_total": 8}, B: {"received_online": 21}}),
    )
    assert found(one) == {(*A, "received_online"): (100, 80)}
    assert (one.judged, one.unknown) == (3, 1), "no pending of the other field is given; early by one of them only"


def test_other_days_are_not_judged() -> None:
    other = Side("nation", "dvcqg", "01", OTHER_DAYS, reporting=False, records=False, by_level=False)
    one = judged("NATIONAL", (OWN, {A: {"received_online": 100}}), (other, {A: {"received_online": 80}}))
    assert (found(one), one.judged, one.unknown) == ({}, 0, 1)


def test_nothing_is_what_a_source_that_tells_of_the_unit_says_of_a_field_it_has_no_row_of() -> None:
    whole = {A: {"received_online": 50}, B: {"received_online": 30}}
    one = judged("NATIONAL", (OWN, whole), (NATIONAL, {A: {"received_online": 50}}))
    assert found(one) == {(*B, "received_online"): (30, 0)}
    elsewhere = judged("NATIONAL", (OWN, whole), (NATIONAL, {("01002", "ho_tich"): {"received_online": 50}}))
    assert (found(elsewhere), elsewhere.judged, elsewhere.unknown) == ({}, 0, 3)


@pytest.mark.parametrize("field", [None, "ho_tich"])
def test_what_is_set_aside_is_not_compared(field: str | None) -> None:
    aside = Hole("onestop", "nation", "01", "01001", "commune", field, "quarantined")
    told = (OWN, {A: {"received_online": 50}, B: {"received_online": 90}}), (NATIONAL, {B: {"received_online": 30}})
    one = judged("NATIONAL", *told, unknown=(aside,))
    assert found(one) == ({} if field is None else {(*B, "received_online"): (90, 30)})


def test_sums_over_fields_and_over_units_where_one_knows_no_more() -> None:
    own = {A: {"pending_total": 10}, B: {"pending_total": 20}, ("01002", "ho_tich"): {"pending_total": 40}}
    whole = judged("NATIONAL", (OWN, own), (NATIONAL, {("01001", "all"): {"pending_total": 90}}))
    assert found(whole) == {("01001", "all", "pending_total"): (30, 90)}
    level = rows("levels", {("01", "ho_tich"): {"pending_total": 10}, ("01", "dat_dai"): {"pending_total": 20}})
    given_rows = table("onestop", [*rows("own", own), *({**one, "tier": "commune"} for one in level)])
    for holes in ((), (Hole("onestop", "own", "01", "01003", "commune", None, "missing_unit"),)):
        told = pairs(given_rows, [OWN, LEVELS], holes, MEASURES)
        (one,) = compare([RULES["SYSTEMS"]], told, nowhere, nowhere)
        expected = {} if holes else {("01", "ho_tich", "pending_total"): (50, 10)}
        assert found(one) == expected, "a sum over units of which one is missing is none"


def test_each_pair_is_of_one_rule() -> None:
    told = {A: {"pending_total": 100}}
    for side, rule in ((NATIONAL, "NATIONAL"), (LIST, "DECLARED"), (LEVELS, "SYSTEMS")):
        other = {("01" if side.by_level else "01001", "ho_tich"): {"pending_total": 10}}
        for name in ("NATIONAL", "DECLARED", "SYSTEMS"):
            one = judged(name, (OWN, told), (side, other))
            assert (one.judged + one.unknown > 0) == (name == rule)


_FIGURES = st.dictionaries(
    st.tuples(st.sampled_from(["01001", "01002"]), st.sampled_from(["ho_tich", "dat_dai", "xay_dung"])),
    st.fixed_dictionaries(
        {"received_online": st.integers(0, 60), "pending_total": st.none() | st.integers(0, 60)}
    ),
    min_size=1,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(own=_FIGURES, other=_FIGURES)
def test_the_comparison_told_slowly(own: Figures, other: Figures) -> None:
    expected, known = {}, 0
    for measure in ("received_online", "pending_total"):
        if not any(told[measure] is not None for told in other.values()):
            continue
        if not any(told[measure] is not None for told in own.values()):
            continue
        for place in own.keys() | other.keys():
            figures = [
                side[place][measure] if place in side else 0 if any(unit == place[0] for unit, _ in side) else None
                for side in (own, other)
            ]
            if None not in figures:
                known += 1
                if abs(figures[0] - figures[1]) > max(5, 0.02 * figures[1]):  # type: ignore[operator]
                    expected[(*place, measure)] = tuple(figures)
    one = judged("NATIONAL", (OWN, own), (NATIONAL, other))
    assert found(one) == expected
    assert one.judged == known
