"""A locked period: what a load would change waits, and only a person's approval records it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from etl.errors import RestatementError
from etl.model import Hole
from etl.warehouse import Warehouse
from tests.warehouse.samples import PERIOD, UNITS, Key, Load, current, figure, page, query, receipt, row, rows, unit
from tests.warehouse.samples import facts as as_table

A: Key = ("received", "00101", "commune", "land")
B: Key = ("received", "00201", "commune", "land")
UP: Key = ("received", "01", "commune", "land")


def _load(payloads: dict[str, int], figures: dict[Key, int | None], **given: object) -> Load:
    """One source for each payload: onestop_<n> reports 00n01; the figures are given."""
    records = [
        row(f"onestop_{name[0]}", name, "/0", f"00{name[0]}01", received=count) for name, count in payloads.items()
    ]
    return replace(
        Load(
            {key: figure(value, None if value is not None else "missing_source") for key, value in figures.items()},
            {"onestop": rows(records, ["received"])},
            receipts=[receipt(f"onestop_{name[0]}", [page(name)], id=f"r-{name}") for name in payloads],
        ),
        **given,  # type: ignore[arg-type]
    )


FIRST = _load({"1a": 5}, {A: 5, UP: 5, B: None})
LATE = _load({"1a": 5, "2a": 7}, {A: 5, UP: 5, B: 7})
CORRECTED = _load({"1b": 6}, {A: 6, UP: 6, B: None})
BOTH = _load({"1b": 6, "2a": 7}, {A: 6, UP: 6, B: 7})


@pytest.fixture
def locked(warehouse: Warehouse) -> Warehouse:
    FIRST.into(warehouse)
    assert warehouse.lock_period(PERIOD, "Nguyễn Văn A", "đã gửi").published_by == "Nguyễn Văn A"
    assert warehouse.lock_period(PERIOD, "người sau", "").published_by == "Nguyễn Văn A"
    return warehouse


def test_the_same_again_changes_nothing(locked: Warehouse) -> None:
    again = FIRST.into(locked)
    assert (again.new, again.revised, again.same, again.restatement) == (0, 0, 3, None)
    assert locked.restatements() == []


def test_a_change_waits_and_is_recorded_when_approved(locked: Warehouse, warehouse_url: str) -> None:
    before, at = current(locked), locked.figures_at(PERIOD)
    brought = BOTH.into(locked)
    assert (brought.new, brought.revised, brought.same) == (0, 0, 0)
    assert brought.restatement is not None
    assert current(locked) == before
    assert locked.figures_at(PERIOD) == at
    assert locked.summary(PERIOD)["load"] == 1
    (waits,) = locked.restatements(PERIOD)
    assert (waits.state, waits.facts, waits.codes) == ("waiting", 3, {"correction": 2, "late": 1})

    as_if = locked.as_if_approved(waits.id)
    wanted = {A: figure(6), UP: figure(6), B: figure(7)}
    assert current(as_if) == wanted
    assert current(as_if, known_at=locked.publication(PERIOD).published_at) == before  # type: ignore[union-attr]
    assert current(locked) == before, "nothing was written"

    done = locked.approve(waits.id, "Trần Thị B")
    assert (done.state, done.decided_by) == ("approved", "Trần Thị B")
    assert current(locked) == wanted
    assert current(locked, known_at=at) == before
    assert {fact.state for fact in locked.facts(PERIOD)} == {"revised"}
    reasons = query(warehouse_url, "SELECT unit, revision_reason FROM baocao.fact WHERE revision = 2 ORDER BY unit")
    assert reasons == [("00101", "correction"), ("00201", "late"), ("01", "correction")]
    assert [row.payload for row in locked.trace(PERIOD, *A).rows] == [page("1b").sha256]
    assert BOTH.into(locked).restatement is None, "what is in force is no change"
    with pytest.raises(RestatementError, match="no longer waits"):
        locked.approve(waits.id, "C")
    with pytest.raises(RestatementError, match="no restatement 99"):
        locked.reject(99, "C", "x")


def test_states_are_read_from_the_publication(warehouse: Warehouse, warehouse_url: str) -> None:
    replace(FIRST, moving=True).into(warehouse)
    replace(CORRECTED, moving=False).into(warehouse)
    assert {fact.state for fact in warehouse.facts(PERIOD)} == {"revised", "preliminary"}
    then = warehouse.figures_at(PERIOD)
    warehouse.lock_period(PERIOD, "A", "")
    assert {fact.state for fact in warehouse.facts(PERIOD)} == {"final"}
    assert {fact.state for fact in warehouse.facts(PERIOD, known_at=then)} == {"revised", "preliminary"}
    assert query(warehouse_url, "SELECT DISTINCT state FROM baocao.fact_current") == [("final",)]
    waits = replace(CORRECTED, moving=True).into(warehouse).restatement
    assert waits is not None
    warehouse.approve(waits, "A")
    assert {fact.state for fact in warehouse.facts(PERIOD)} == {"moving"}


def test_a_newer_load_supersedes_and_the_same_one_does_not(locked: Warehouse) -> None:
    first = LATE.into(locked).restatement
    assert LATE.into(locked).restatement == first
    second = BOTH.into(locked).restatement
    assert second != first
    assert [one.state for one in locked.restatements()] == ["superseded", "waiting"]
    FIRST.into(locked)
    assert [one.state for one in locked.restatements()] == ["superseded", "superseded"], "the source took it back"
    with pytest.raises(RestatementError):
        locked.approve(second, "A")  # type: ignore[arg-type]


def test_what_was_rejected_does_not_come_again(locked: Warehouse) -> None:
    number = CORRECTED.into(locked).restatement
    assert number is not None
    assert locked.reject(number, "A", "số cũ đúng").decided_reason == "số cũ đúng"
    assert CORRECTED.into(locked).restatement == number
    assert [one.state for one in locked.restatements()] == ["rejected"]
    assert current(locked)[A] == figure(5)
    other = BOTH.into(locked).restatement
    locked.approve(other, "A", "restructuring", "sáp nhập")  # type: ignore[arg-type]
    assert [one.state for one in locked.restatements()] == ["rejected", "approved"]
    assert locked.amendments(PERIOD)[0].code == "restructuring"
    assert CORRECTED.into(locked).restatement not in (None, number), "against other figures it is another change"


def test_holes_alone_wait_too(locked: Warehouse) -> None:
    hole = Hole("onestop", "onestop_2", "02", None, None, None, "missing_source")
    number = replace(FIRST, holes=[hole]).into(locked).restatement
    assert number is not None
    assert locked.holes(PERIOD) == []
    assert locked.as_if_approved(number).holes(PERIOD) == [hole]
    locked.approve(number, "A")
    assert locked.holes(PERIOD) == [hole]


def test_other_rules_are_method_and_other_units_restructuring(locked: Warehouse) -> None:
    load = _load({"1a": 5}, {A: 5, UP: 4, B: None})
    number = locked.record(
        PERIOD, run="thử", catalog_version="c2", rules_version="r1", facts=as_table(load.figures), rows=load.rows,
        quarantine={}, findings=[], holes=[], receipts=load.receipts,
    ).restatement  # fmt: skip
    assert number is not None
    assert locked.restatements()[-1].codes == {"method": 1}
    locked.reject(number, "A", "thử")
    locked.sync_units([*UNITS, unit("00103", "commune", "01")])
    _load({"1a": 5}, {A: 5, UP: 3, B: None}).into(locked)
    assert locked.restatements()[-1].codes == {"restructuring": 1}


def test_down_and_up_with_something_approved_and_something_waiting(locked: Warehouse, warehouse_url: str) -> None:
    locked.approve(CORRECTED.into(locked).restatement or 0, "A", "method", "đổi cách tính")
    BOTH.into(locked)
    locked.downgrade("0006")
    assert query(warehouse_url, "SELECT DISTINCT revision_reason FROM baocao.fact ORDER BY 1") == [
        ("first",),
        ("method",),
    ]
    locked.migrate()
    assert current(locked)[A] == figure(6)
    assert locked.publication(PERIOD) is None
    assert BOTH.into(locked).revised == 1, "no longer locked"
