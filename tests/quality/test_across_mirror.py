"""Sent against received: documents lost or doubled on their way are found with their pair, and nothing else is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.quality.across import compare
from etl.quality.across.mirror import pairs
from etl.tables import DELIVERIES
from tests.quality.test_across import RULES

HOME = {"a1": "A", "a2": "A", "b1": "B", "b2": "B", "m": None}
"""Organisation -> the source with its lists; a ministry has none here."""


@dataclass(frozen=True)
class Message:
    """One document at one recipient. sent, received: how often each list has it; how: `plain`, at the edge of the
    period of the one or the other list, or fallen in the one or the other."""

    sender: str
    recipient: str
    sent: int = 1
    received: int = 1
    how: str = "plain"


def deliveries(messages: Iterable[Message]) -> pa.Table:
    rows: dict[tuple[str, str, str], Counter[str]] = {}
    for one in messages:
        for way, times, own in (("sent", one.sent, one.sender), ("received", one.received, one.recipient)):
            if HOME[own] is not None and times:
                counted = rows.setdefault((way, one.sender, one.recipient), Counter())
                if one.how == f"fallen_{way}":
                    counted["fallen"] += times
                    continue
                counted["documents"] += times
                counted["at_edge"] += times * (one.how == f"edge_{way}")
    told = []
    for (way, sender, recipient), counted in rows.items():
        own = sender if way == "sent" else recipient
        told.append(
            {
                **{name: counted[name] for name in ("documents", "fallen", "at_edge")},
                "way": way,
                "sender": sender,
                "recipient": recipient,
                "agency": own.upper(),
                "unit": f"u{own}",
                "wrong": False,
                "payload": f"{way}-{HOME[own]}",
                "pointer": f"/{sender}/{recipient}",
                "source": HOME[own],
            }
        )
    return pa.Table.from_pylist(told, schema=DELIVERIES.append(pa.field("source", pa.string())))


def found(messages: Iterable[Message]) -> tuple[dict[tuple[str, str], tuple[int, int]], Any]:
    laid, here, there = pairs(deliveries(messages))
    (one,) = compare([RULES["MIRROR"]], laid, lambda _: here, lambda _: there)
    return {
        tuple(pair["units"][0].split()): (int(pair["value"]), int(pair["other"])) for pair in one.broken.to_pylist()
    }, one


def test_a_lost_document_is_found_with_both_lists() -> None:
    told, one = found([Message("a1", "b1"), Message("a1", "b1", received=0), Message("b1", "a1")])
    assert told == {("a1", "b1"): (1, 2)}
    assert (one.judged, one.unknown) == (2, 0)
    (pair,) = one.broken.to_pylist()
    assert (pair["source"], pair["payload"], pair["row"]) == ("B", "received-B", "/a1/b1")
    assert (pair["other_source"], pair["other_payload"], pair["other_row"]) == ("A", "sent-A", "/a1/b1")
    assert (pair["unit"], pair["who"]) == ("ub1", "A1 (a1) → B1 (b1)")


def test_of_a_pair_that_one_list_does_not_know_the_whole_list_is_shown() -> None:
    told, one = found([Message("a1", "b1", received=0), Message("b2", "b1")])
    assert told == {("a1", "b1"): (0, 1)}
    (pair,) = one.broken.to_pylist()
    assert (pair["payload"], pair["row"], pair["other_row"]) == ("received-B", "", "/a1/b1")


def test_what_has_no_other_list_is_not_judged() -> None:
    told, one = found([Message("m", "a1"), Message("a1", "m"), Message("a1", "a2")])
    assert (told, one.judged, one.unknown) == ({}, 1, 2)


def test_a_document_under_way_at_either_end_of_the_period_may_be_missing_in_the_other_list() -> None:
    there = Message("a1", "b1")
    for missing in (Message("a1", "b1", received=0), Message("a1", "b1", sent=0)):
        assert found([there, missing])[0] != {}
    assert found([there, Message("a1", "b1", received=0, how="edge_sent")])[0] == {}
    assert found([there, Message("a1", "b1", sent=0, how="edge_received")])[0] == {}


def test_a_document_that_one_list_calls_recalled_and_the_other_received_is_no_loss() -> None:
    assert found([Message("a1", "b1"), Message("a1", "b1", how="fallen_sent")])[0] == {}
    assert found([Message("a1", "b1"), Message("a1", "b1", how="fallen_received")])[0] == {}
    lost = [Message("a1", "b1", received=0), Message("a1", "b1", how="fallen_sent")]
    assert found([*lost, Message("a1", "b1", received=0), Message("a1", "b1", received=0)])[0] == {("a1", "b1"): (1, 3)}


_MESSAGES = st.lists(
    st.builds(
        Message,
        sender=st.sampled_from(sorted(HOME)),
        recipient=st.sampled_from(sorted(HOME)),
        sent=st.sampled_from([1, 1, 1, 0, 2]),
        received=st.sampled_from([1, 1, 1, 0, 2]),
        how=st.sampled_from(["plain", "plain", "edge_sent", "edge_received", "fallen_sent", "fallen_received"]),
    ).filter(lambda one: one.sender != one.recipient),
    max_size=25,
)


@settings(max_examples=80, deadline=None)
@given(messages=_MESSAGES)
def test_the_matrix_told_slowly(messages: list[Message]) -> None:
    expected, judged = {}, 0
    known = {
        own
        for one in messages
        for own, times in ((one.sender, one.sent), (one.recipient, one.received))
        if HOME[own] is not None and times
    }
    for pair in {(one.sender, one.recipient) for one in messages}:
        of_pair = [one for one in messages if (one.sender, one.recipient) == pair]
        listed = any((one.sent and HOME[pair[0]]) or (one.received and HOME[pair[1]]) for one in of_pair)
        if not listed or not set(pair) <= known:
            continue
        judged += 1
        least, most, counts = [], [], []
        for way in ("received", "sent"):
            times = [(getattr(one, way), one.how) for one in of_pair]
            counted = sum(count for count, how in times if how != f"fallen_{way}")
            counts.append(counted)
            least.append(counted - sum(count for count, how in times if how == f"edge_{way}"))
            most.append(counted + sum(count for count, how in times if how == f"fallen_{way}"))
        if most[0] < least[1] or most[1] < least[0]:
            expected[pair] = tuple(counts)
    told, one = found(messages)
    assert told == expected
    assert one.judged == judged
