"""Noughts that cannot be: where something was pending, or many documents were exchanged, when it was last stated."""

from __future__ import annotations

from etl.drift.figures import Zero, compare
from etl.pipeline.suspects import suspects
from tests.drift.portals import CATALOG, Q3, SOURCES
from tests.drift.test_figures import EDOC, ONESTOP, Row, table


def nought(agency: str, field: str, pointer: str, before: int, periods: str = "-") -> Zero:
    return Zero("cổng", agency, field, "-", pointer, before, periods)


def test_nothing_after_something_pending_is_told_by_row() -> None:
    some = dict.fromkeys(ONESTOP.columns, 1) | {"pending_total": 3}
    none = dict.fromkeys(ONESTOP.columns, 0)
    before = [{"agency": "a", "field": "x", **some}, {"agency": "a", "field": "y", **none}]
    before += [{"agency": "b", "field": "x", **some}, {"agency": "b", "field": "y", **none}]
    before += [{"agency": "c", "field": "x", **none}]
    zero = [{**row, **none} for row in before]
    one_field = [*zero[:2], zero[2], {**zero[3], **some}, zero[4]]
    assert compare(table(one_field), table(before), ONESTOP).zeros == [
        nought("a", "x", "/0", 3),
        nought("a", "y", "/1", 3),  # an agency that says nought everywhere is not believed in any field
        nought("b", "x", "/2", 3),
    ]
    null = [{**row, **dict.fromkeys(ONESTOP.columns)} for row in before]
    assert compare(table(null), table(before), ONESTOP).zeros == []


def test_noughts_in_doubt_are_held_against_what_was_stated_before_them() -> None:
    some, none = dict.fromkeys(ONESTOP.columns, 3), dict.fromkeys(ONESTOP.columns, 0)
    older = [{"agency": "a", "field": field, "period": "2026-Q1", **some} for field in ("x", "y")]
    before = [{"agency": "a", "field": "y", "period": "2026-Q2", **none}]  # of x it said nought, and is not believed
    still = [{"agency": "a", "field": "x", **none}, {"agency": "a", "field": "y", **none}]
    other = {"agency": "a", "field": "z", **some}

    def told(now: list[Row], before: list[Row]) -> list[Zero]:
        return compare(table(now), table(before), ONESTOP, table(older)).zeros

    assert told([*still, other], before) == [nought("a", "x", "/0", 3, "2026-Q1")], "of y the newest holds"
    assert told([*still, other], []) == [nought("a", f, f"/{n}", 3, "2026-Q1") for n, f in enumerate("xy")]
    assert told([{**row, **some} for row in still], before) == []
    both = [{**before[0], **some}]
    assert told(still, both) == [nought("a", f, f"/{n}", 6, "2026-Q1, 2026-Q2") for n, f in enumerate("xy")]


def test_the_same_bytes_for_two_fields_are_two_rows() -> None:
    some, none = dict.fromkeys(ONESTOP.columns, 3), dict.fromkeys(ONESTOP.columns, 0)
    own = {"source": SOURCES["igate"].id, "agency": "a", "pointer": "/0"}
    before = table([{**own, "field": "x", **some}, {**own, "field": "y", **none}, {**own, "field": "z", **some}])
    now = table([{**own, "field": "x", **none}, {**own, "field": "y", **none}, {**own, "field": "z", **some}])
    rows, _ = suspects(CATALOG, "onestop", Q3, [now], [before], [])
    assert rows["problem_rule"].to_pylist() == ["READ-ZERO", None, None], "nothing was pending in y"


def test_no_documents_after_many_is_told() -> None:
    before = [
        {"agency": name, "field": "all", "sent": n, "received": 0, "exchanged": n} for name, n in (("a", 20), ("b", 19))
    ]
    now = [{**row, "sent": 0, "exchanged": 0} for row in before]
    assert compare(table(now, "edoc"), table(before, "edoc"), EDOC).zeros == [nought("a", "all", "/0", 20)]
