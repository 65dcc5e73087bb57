"""What a reviewer said of critical findings: kept for good, sealed, and read as of any moment."""

from __future__ import annotations

import datetime as dt
from typing import Any

import psycopg
import pytest

from etl.model import Review
from etl.warehouse import Warehouse
from etl.warehouse.chain import Chain
from tests.warehouse.samples import FILLED, PERIOD, Load, connect, figure, query

SHA = "a" * 64


def said(warehouse: Warehouse, **other: Any) -> Review:
    given: dict[str, Any] = {
        "run": "lượt 1", "sha256": SHA, "findings": 2, "sources": ["s2", "s1"], "verdict": "approved", "by": "A",
        "reason": "",
    }  # fmt: skip
    return warehouse.review(PERIOD, **given | other)


def test_a_decision_is_kept_between_the_loads_around_it(warehouse: Warehouse) -> None:
    """Each moment is later than the one before, so that what was known at a moment has one answer."""
    FILLED.into(warehouse)
    loaded = warehouse.known_at(PERIOD)
    first = said(warehouse)
    again = said(warehouse, verdict="rejected", by="B", reason="số sai")
    assert loaded is not None
    assert loaded < first.decided_at < again.decided_at == warehouse.known_at(PERIOD)
    assert first.sources == ("s1", "s2")
    assert warehouse.reviews(PERIOD) == [first, again]
    assert warehouse.reviews(PERIOD, first.decided_at) == [first]
    assert warehouse.reviews(PERIOD, first.decided_at - dt.timedelta(microseconds=1)) == []
    assert warehouse.reviews("2026-Q2") == []
    Load({("received", "00101", "commune", "land"): figure(13)}).into(warehouse)
    assert (warehouse.known_at(PERIOD) or loaded) > again.decided_at
    assert warehouse.known_at("2026-Q2") is None


def test_before_the_first_load_there_can_be_a_decision(warehouse: Warehouse) -> None:
    before = said(warehouse, verdict="rejected", reason="số sai")
    FILLED.into(warehouse)
    assert (warehouse.known_at(PERIOD) or before.decided_at) > before.decided_at


@pytest.mark.parametrize(
    "spoilt",
    [{"sha256": "A" * 64}, {"findings": 0}, {"sources": []}, {"by": ""}, {"verdict": "rejected", "reason": ""}],
)
def test_a_decision_that_lacks_something_is_refused(warehouse: Warehouse, spoilt: dict[str, Any]) -> None:
    with pytest.raises(Exception, match="violates check constraint") as refused:
        said(warehouse, **spoilt)
    assert isinstance(refused.value.__cause__, psycopg.errors.CheckViolation)
    assert warehouse.reviews(PERIOD) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE baocao.review SET verdict = 'rejected', reason = 'x'", "soát xét số 1 đã bị sửa"),
        ("UPDATE baocao.review SET decided_by = 'X'", "soát xét số 1 đã bị sửa"),
        ("DELETE FROM baocao.review", "soát xét số 1 không còn"),
    ],
)
def test_a_changed_decision_is_named(warehouse: Warehouse, warehouse_url: str, change: str, named: str) -> None:
    FILLED.into(warehouse)
    said(warehouse)
    walked = Chain(warehouse_url).walk()
    assert (walked.wrong, walked.seals[-1].kind) == ([], "review")
    with connect(warehouse_url) as owner:
        owner.execute("ALTER TABLE baocao.review DISABLE TRIGGER insert_only")
        assert owner.execute(change).rowcount == 1
    (wrong,) = Chain(warehouse_url).walk().wrong
    assert named in wrong


def test_the_published_views_show_it_in_both_languages(warehouse: Warehouse, warehouse_url: str) -> None:
    first = said(warehouse)
    said(warehouse, by="B")
    told = query(warehouse_url, "SELECT period, findings, verdict, decided_by FROM reporting.review ORDER BY id")
    assert told == [(PERIOD, 2, "approved", "A"), (PERIOD, 2, "approved", "B")]
    then = f"'{first.decided_at.isoformat()}'"
    in_vietnamese = f"SELECT ky, so_loi, quyet_dinh, nguoi_quyet_dinh FROM bao_cao.soat_xet_tai({then})"
    assert query(warehouse_url, in_vietnamese) == told[:1]
