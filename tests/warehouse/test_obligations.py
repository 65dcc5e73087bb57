"""Obligations are frozen once, what was received is noted once, and an issue of a form is received by itself."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from etl.model import Submission
from etl.warehouse import Warehouse
from tests.warehouse.samples import FILLED, NOON, OWED, PERIOD, issue, query

REPORT = Submission("II.06a", "01", PERIOD, NOON, "report", "import", "a" * 64)


def kinds(warehouse: Warehouse) -> list[tuple[str, str]]:
    return [(submission.kind, submission.origin) for submission in warehouse.submissions([PERIOD])]


def test_what_is_frozen_stays_whoever_freezes_next(warehouse: Warehouse) -> None:
    others = [replace(OWED, unit="02"), replace(OWED, form="VBDT"), replace(OWED, unit="00101", level="commune")]
    assert warehouse.freeze([OWED], "v1") == 1
    (frozen,) = warehouse.frozen([PERIOD])
    assert frozen.frozen_at is not None
    assert frozen == replace(OWED, frozen_at=frozen.frozen_at)
    moved = replace(OWED, due_on=dt.date(2026, 9, 30), name="Tỉnh B")
    assert warehouse.freeze([moved, *others], "v2") == 2, "of that form and level nobody comes later"
    assert warehouse.freeze([moved, *others], "v3") == 0
    assert frozen in warehouse.frozen([PERIOD])
    assert {(one.form, one.unit) for one in warehouse.frozen([PERIOD])} == {
        ("II.06a", "01"), ("VBDT", "01"), ("II.06a", "00101"),
    }  # fmt: skip
    assert warehouse.frozen(["2026-Q2"]) == []


def test_two_who_freeze_at_once_freeze_one_set(warehouse: Warehouse) -> None:
    sets = [[replace(OWED, unit=f"{half}{number}") for number in range(5)] for half in range(8)]
    with ThreadPoolExecutor(8) as pool:
        frozen = list(pool.map(lambda one: warehouse.freeze(one, "v1"), sets))
    assert sorted(frozen) == [0] * 7 + [5]
    assert len(warehouse.frozen([PERIOD])) == 5


def test_the_same_row_is_noted_once(warehouse: Warehouse) -> None:
    same_moment = replace(REPORT, received_at=NOON.astimezone(dt.timezone(dt.timedelta(hours=7))), evidence="b" * 64)
    assert warehouse.submit([REPORT, replace(REPORT, kind="correction")]) == 2
    assert warehouse.submit([same_moment, replace(REPORT, unit="02"), replace(REPORT, unit="02")]) == 1
    assert warehouse.submit([]) == 0
    assert [(one.unit, one.kind, one.evidence[:1]) for one in warehouse.submissions([PERIOD])] == [
        ("01", "correction", "a"), ("01", "report", "a"), ("02", "report", "a"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("issues", "received"),
    [
        ([("a", True)], ["report"]),
        ([("a", False)], ["partial"]),
        ([("a", True), ("a", True)], ["report"]),
        ([("a", True), ("b", True), ("a", True)], ["report", "correction", "correction"]),
        ([("a", False), ("b", True), ("c", True)], ["partial", "report", "correction"]),
        ([("a", False), ("b", False), ("c", True)], ["partial", "partial", "report"]),
        ([("a", True), ("b", False)], ["report", "correction"]),
    ],
)
def test_an_issued_form_is_received(warehouse: Warehouse, issues: list[tuple[str, bool]], received: list[str]) -> None:
    for digest, complete in issues:
        issue(warehouse, "II.06a", "01", PERIOD, NOON, digest * 64, "file:///x.xlsx", complete)
    assert kinds(warehouse) == [(kind, "pipeline") for kind in received]


def test_a_form_issued_after_an_imported_report_corrects_it(warehouse: Warehouse) -> None:
    warehouse.submit([REPORT])
    issue(warehouse, "II.06a", "01", PERIOD, NOON, "c" * 64, "file:///x.xlsx", True)
    issue(warehouse, "II.06a", "02", PERIOD, NOON, "c" * 64, "file:///x.xlsx", True)
    assert kinds(warehouse) == [("report", "import"), ("correction", "pipeline"), ("report", "pipeline")]


def test_what_was_issued_before_it_was_noted_as_received_is_noted_next_time(
    warehouse: Warehouse, warehouse_url: str
) -> None:
    """An older warehouse, brought up to date; going down loses what only the newer one knows, and no more."""
    FILLED.into(warehouse)
    issue(warehouse, "II.06a", "01", PERIOD, NOON, "a" * 64, "file:///x.xlsx", True)
    warehouse.freeze([OWED], "v1")
    ((issued_at,),) = query(warehouse_url, "SELECT issued_at FROM baocao.form_issue")
    warehouse.downgrade("0004")
    assert query(warehouse_url, "SELECT to_regclass('baocao.obligation'), to_regclass('baocao.submission')") == [
        (None, None)
    ]
    warehouse.migrate()
    assert (warehouse.submissions([PERIOD]), warehouse.frozen([PERIOD])) == ([], [])
    assert not issue(warehouse, "II.06a", "01", PERIOD, NOON, "a" * 64, "file:///x.xlsx", True)
    (received,) = warehouse.submissions([PERIOD])
    assert (received.kind, received.received_at) == ("report", issued_at)
