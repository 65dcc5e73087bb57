"""Which figures moved between two pulls, and which are made of one that did."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl import indicators
from etl.model import ALL, NATION
from etl.tables import FACTS, rows_schema
from tests.indicators import plain
from tests.indicators.test_bridge import COUNTRY, DATASET, PLACES, Q3, row


def table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=rows_schema(DATASET))


def moved(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return indicators.moved(table(before), table(after), DATASET).to_pylist()


def moving(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> set[tuple[str, ...]]:
    """Keys of the figures of `after` that are marked."""
    facts = indicators.compute(
        table(after),
        [],
        dataset_id="d",
        dataset=DATASET,
        indicators=plain.INDICATORS,
        tree=COUNTRY,
        fields=plain.FIELDS,
    )
    assert not any(facts["moving"].to_pylist())
    touched = indicators.spread(indicators.moved(table(before), table(after), DATASET), DATASET, COUNTRY)
    marked = indicators.mark(facts, touched, dataset=DATASET, indicators=plain.INDICATORS)
    assert marked.schema == FACTS
    assert marked.drop_columns(["moving"]).equals(facts.drop_columns(["moving"]))
    return {(one["indicator"], one["unit"], one["tier"], one["field"]) for one in marked.to_pylist() if one["moving"]}


EVERYONE = [row(Q3, unit, agency) for unit, agency in (*PLACES, ("02", "02.01"), ("02001", "02001"))]


def test_nothing_moves_where_the_rows_are_the_same_in_any_order() -> None:
    assert moved(EVERYONE, EVERYONE[::-1]) == []
    assert moving(EVERYONE, EVERYONE) == set()


def test_the_biggest_change_is_told_first() -> None:
    after = [dict(one) for one in EVERYONE]
    after[0]["done"], after[2]["came"], after[2]["taken"] = 8, 106, 110
    told = [(one["agency"], one["measure"], one["before"], one["after"]) for one in moved(EVERYONE, after)]
    assert told == [("01001", "came", 6, 106), ("01001", "taken", 10, 110), ("01.07", "done", 7, 8)]


def test_every_sum_that_contains_a_moved_figure_is_moving_and_no_other() -> None:
    """What was resolved in one commune grew: its figures, its province's, the nation's, and the rates of it."""
    after = [dict(one) for one in EVERYONE]
    after[2]["done"] = 9
    places = [
        ("01001", "commune"), ("01", "commune"), (NATION, "commune"), ("01", ALL), (NATION, ALL),
    ]  # fmt: skip
    wanted = {
        (indicator, unit, tier, field)
        for indicator in ("i_done", "i_rate", "i_share")
        for unit, tier in places
        for field in ((ALL,) if tier == ALL else ("f", ALL))
    }
    assert moving(EVERYONE, after) == wanted


def test_a_total_is_moving_with_its_parts_though_it_stayed() -> None:
    after = [dict(one) for one in EVERYONE]
    after[2] |= {"came": 5, "opening": 5}
    found = moving(EVERYONE, after)
    assert ("i_taken", "01001", "commune", "f") in found
    assert ("i_taken", NATION, ALL, ALL) in found
    assert ("i_done", "01001", "commune", "f") not in found


def test_a_sum_over_fields_is_moving_though_one_took_what_the_other_lost() -> None:
    before = [*EVERYONE, row(Q3, "01001", "01001", "g")]
    after = [dict(one) for one in before]
    after[2]["closing"], after[-1]["closing"] = 2, 4
    found = moving(before, after)
    assert {field for _, unit, _, field in found if unit == "01001"} == {"f", "g", ALL}


def test_a_row_that_comes_or_goes_has_moved_unless_it_is_of_nothing() -> None:
    more = row(Q3, "01001", "01001", "g", came=4, taken=4, opening=0, done=0, closing=4)
    nothing = row(Q3, "01002", "01002", "g", came=0, taken=0, opening=0, done=0, closing=0)
    assert {(one["measure"], one["before"], one["after"]) for one in moved(EVERYONE, [*EVERYONE, more, nothing])} == {
        ("came", None, 4),
        ("taken", None, 4),
        ("closing", None, 4),
    }
    assert len(moved([*EVERYONE, more], EVERYONE)) == 3
    silent = [{**one, "done": None} if one["agency"] == "01001" else one for one in EVERYONE]
    assert [(one["before"], one["after"]) for one in moved(EVERYONE, silent)] == [(7, None)]


def test_a_withheld_figure_is_not_moving() -> None:
    after = [{**one, "came": None} if one["agency"] == "01001" else one for one in EVERYONE]
    assert not any(indicator == "i_came" and unit == "01001" for indicator, unit, *_ in moving(EVERYONE, after))


def test_partial_counts_of_one_agency_are_compared_as_their_sum() -> None:
    halves = [row(Q3, "01001", "01001", came=came) for came in (2, 4)]
    others = [row(Q3, "01001", "01001", came=came) for came in (5, 1)]
    assert moved(halves, others) == []


def test_a_year_is_moving_with_the_quarter_that_it_takes_the_figure_from() -> None:
    def quarter(*marked: str) -> pa.Table:
        codes = [one.code for one in plain.INDICATORS if one.sum]
        rows = [(code, "01", ALL, ALL, 10, None, False, code in marked) for code in codes]
        return pa.Table.from_pylist([dict(zip(FACTS.names, one, strict=True)) for one in rows], schema=FACTS)

    def year(*quarters: pa.Table) -> set[str]:
        found = indicators.annual(quarters, dataset=DATASET, indicators=plain.INDICATORS).to_pylist()
        return {one["indicator"] for one in found if one["moving"]}

    still = quarter()
    assert year(still, still, still, still) == set()
    assert year(still, quarter("i_came"), still, still) == {"i_came", "i_taken", "i_rate", "i_share"}
    assert year(still, quarter("i_opening", "i_closing"), still, still) == set(), "stocks between quarters do not count"
    assert year(quarter("i_opening"), still, still, still) == {"i_opening", "i_taken", "i_rate", "i_share"}
    assert year(still, still, still, quarter("i_closing")) == {"i_closing"}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_figure_whose_value_changed_is_always_marked(data: st.DataObject) -> None:
    after = [dict(one) for one in EVERYONE]
    for index in data.draw(st.sets(st.integers(0, len(after) - 1), max_size=3)):
        name = data.draw(st.sampled_from(["came", "done", "closing", "opening"]))
        after[index][name] += data.draw(st.integers(-3, 3))
        after[index]["taken"] = after[index]["came"] + after[index]["opening"]

    def figures(rows: list[dict[str, Any]]) -> Any:
        return plain.compute(rows, [], DATASET, COUNTRY)

    was, now = figures(EVERYONE), figures(after)
    assert {key for key, value in now.items() if value[0] is not None and value != was[key]} <= moving(EVERYONE, after)
