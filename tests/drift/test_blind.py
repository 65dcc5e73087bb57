"""An exchange of two columns that nothing would tell is known as such; what somebody else states settles it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from etl.drift.blind import Trial, Tried, Witness, try_out
from etl.drift.figures import compare, pairs
from etl.periods import Period
from etl.pipeline.exchangeable import trials
from tests.drift.portals import CATALOG, SOURCES
from tests.drift.test_figures import ONESTOP, Row, channels, table

PAIR = ("cổng", "received_direct_postal", "received_online")
CHANNELS = Trial(*PAIR)
Q3 = Period.parse("2026-Q3")


def tried(now: list[Row], before: list[Row], *witnesses: Witness, trial: Trial = CHANNELS) -> Tried:
    return try_out(table(now), table(before), ONESTOP, [trial], witnesses)


def stated(rows: list[Row], independent: bool = True, exact: bool = False) -> Witness:
    """The same figures by field, as one agency tells them."""
    return Witness("cổng khác", "cổng", table([{**row, "agency": "cả tỉnh"} for row in rows]), exact, independent)


@pytest.mark.parametrize(
    ("was", "is_now", "why"),
    [
        (0.65, 0.65, None),  # exchanged, it would be told
        (0.51, 0.74, "even"),  # the truth; and so the exchanged 0.26 after 0.51 is not told either
        (0.52, 0.49, "even"),
        (0.50, 0.65, "even"),
        (0.62, 0.90, "moved"),  # exchanged it would be 0.10: nothing like the other one either
    ],
)
def test_an_exchange_that_would_not_be_told_is_blind(was: float, is_now: float, why: str | None) -> None:
    told = 0
    for share in (is_now, 1 - is_now):  # whichever of the two the portal gave
        now, before = channels(share), channels(was)
        if PAIR[1:] in {(swap.one, swap.other) for swap in compare(table(now), table(before), ONESTOP).swaps}:
            told += 1
        else:
            assert [one.why for one in tried(now, before).blind.values()] == ([why] if why else [])
    assert told == (why is None)


def test_few_agencies_and_no_quarter_before_are_blind() -> None:
    assert tried(channels(0.65, 2), channels(0.65, 2)).blind[PAIR].why == "few"
    assert tried(channels(0.65), []).blind[PAIR].why == "first"
    untold = [{**row, "received_online": None} for row in channels(0.65)]
    assert tried(channels(0.65), untold).blind[PAIR].why == "first"


def test_an_exchange_that_changes_no_figure_is_not_asked_for() -> None:
    even = [{**row, "received_online": 50, "received_direct_postal": 50} for row in channels(0.5)]
    assert tried(even, even) == Tried({}, {}, set())
    assert tried([{**row, "received_online": None} for row in channels(0.5)], channels(0.5)) == Tried({}, {}, set())


def test_who_states_the_same_figures_settles_it() -> None:
    now, before = channels(0.74), channels(0.51)
    other_days = channels(0.70)
    assert tried(now, before, stated(other_days)) == Tried({}, {}, {PAIR})
    turned = tried(channels(0.26), before, stated(other_days))
    assert (turned.blind, turned.contradicted) == ({}, {PAIR: "cổng khác"})
    near_to_even = channels(0.55)
    assert tried(near_to_even, before, stated(near_to_even)).blind.keys() == {PAIR}, "of other days it tells nothing"
    assert tried(near_to_even, before, stated(near_to_even, exact=True)).confirmed == {PAIR}


def test_a_statement_of_the_same_house_contradicts_and_does_not_confirm() -> None:
    own = stated(channels(0.74), independent=False)
    assert tried(channels(0.74), channels(0.51), own).blind.keys() == {PAIR}
    assert tried(channels(0.26), channels(0.51), own).contradicted.keys() == {PAIR}


def test_two_statements_that_differ_settle_nothing() -> None:
    one, other = stated(channels(0.74)), replace(stated(channels(0.26)), name="cổng thứ ba")
    found = tried(channels(0.74), channels(0.51), one, other)
    assert (found.blind.keys(), found.contradicted, found.confirmed) == ({PAIR}, {}, set())


def test_what_was_pending_settles_what_is_carried_over() -> None:
    trial = Trial("cổng", "carried_over", "received_direct_postal")
    pair = ("cổng", "carried_over", "received_direct_postal")
    before = [{**row, "pending_total": 38 + n} for n, row in enumerate(channels(0.8))]
    now = [{**row, "carried_over": 38 + n} for n, row in enumerate(channels(0.8))]
    assert tried(now, before, trial=trial).confirmed == {pair}
    near = [{**row, "received_direct_postal": 30 + n, "carried_over": 38 + n} for n, row in enumerate(channels(0.8))]
    turned = [{**row, "carried_over": 30 + n, "received_direct_postal": 38 + n} for n, row in enumerate(channels(0.8))]
    assert tried(near, before, trial=trial).confirmed == {pair}
    assert tried(turned, before, trial=trial).contradicted == {pair: ""}


def test_one_of_several_columns_is_tried_by_itself() -> None:
    """A part of online and a part of the counter: the measures still look like themselves."""
    rows = channels(0.65)
    part = {(row["agency"], row["field"]): row["received_online"] // 20 for row in rows}
    assert tried(rows, rows).blind == {}
    assert tried(rows, rows, trial=replace(CHANNELS, by=part)).blind[PAIR].why == "moved"
    assert tried(rows, rows, trial=replace(CHANNELS, by=dict.fromkeys(part, 0))).blind == {}


def test_a_column_that_feeds_no_measure_has_nothing_to_be_compared_with() -> None:
    rows = channels(0.65)
    part = {(row["agency"], row["field"]): 10 for row in rows}
    assert tried(rows, rows, trial=Trial("cổng", "resolved_overdue", "", part)).blind == {}, "the source has none"
    assert tried(rows, rows, trial=Trial("cổng", "received_online", "", part)).blind.popitem()[1].why == "unread"


@pytest.mark.parametrize(
    ("platform", "others"),
    [
        ("tandan_06a", {"carried_over received_online", "carried_over received_direct_postal",
                        "resolved_early resolved_overdue", "resolved_on_time resolved_overdue"}),
        ("opencps_v2", set()),  # received = online + onegate, overtime = inside + outside: its own sums tell
        ("igate", {"resolved_early resolved_overdue", "resolved_on_time resolved_overdue"}),
    ],
)  # fmt: skip
def test_what_a_sum_would_tell_is_not_tried(platform: str, others: set[str]) -> None:
    found = {f"{one.one} {one.other}" for one in trials(CATALOG, SOURCES[platform], Q3, table([]))}
    assert found == others | {
        "received_direct_postal received_online", "resolved_early resolved_on_time", "pending_in_time pending_overdue",
    }  # fmt: skip


def test_what_we_count_ourselves_and_what_is_only_compared_is_not_tried() -> None:
    sources: list[Any] = [one for one in CATALOG.due_sources(Q3) if one.role == "comparison"]
    sources += [one for one in CATALOG.due_sources(Q3) if CATALOG.platform_of(one, Q3).records_of is not None]
    assert len(sources) > 10
    assert [list(trials(CATALOG, source, Q3, table([]))) for source in sources] == [[]] * len(sources)
    assert ("received_direct_postal", "received_online") in pairs(ONESTOP)
