"""What the warehouse refuses, and what is left of a load that did not end well."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pyarrow as pa
import pytest
from sqlalchemy.exc import DBAPIError

from etl.errors import TraceError
from etl.model import Finding
from etl.warehouse import Warehouse
from tests.warehouse.samples import (
    FILLED,
    OWED,
    PERIOD,
    Key,
    Load,
    connect,
    current,
    figure,
    issue,
    page,
    query,
    receipt,
    row,
    rows,
)

TABLES = ["load", "fact", "fact_2026_q3", "receipt", "payload", "load_source", "standard_row", "quarantine", "finding",
          "hole", "form_issue", "obligation", "submission", "publication", "restatement", "restatement_fact",
          "waiting_load", "restatement_decision", "review", "seal"]  # fmt: skip
A: Key = ("received", "00101", "commune", "land")


@pytest.mark.parametrize("role", ["origin", "replica"])
def test_nothing_recorded_can_be_changed(warehouse: Warehouse, warehouse_url: str, role: str) -> None:
    FILLED.into(warehouse)
    issue(warehouse, "II.06a", "01", PERIOD, warehouse.figures_at(PERIOD), "0" * 64, "file:///x.xlsx", True)  # type: ignore[arg-type]
    warehouse.freeze([OWED], "v1")
    warehouse.review(PERIOD, run="r", sha256="a" * 64, findings=1, sources=["s"], verdict="approved", by="A", reason="")
    warehouse.lock_period(PERIOD, "A", "")
    warehouse.approve(Load({A: figure(13)}).into(warehouse).restatement or 0, "A")
    counted = {table: query(warehouse_url, f"SELECT count(*) FROM baocao.{table}") for table in TABLES}
    assert all(count != [(0,)] for count in counted.values())
    column = {"load": "run", "fact": "reason", "fact_2026_q3": "reason", "receipt": "message", "finding": "message",
              "hole": "unit", "form_issue": "uri", "payload": "uri", "standard_row": "raw", "quarantine": "raw",
              "load_source": "state", "obligation": "province", "submission": "evidence",
              "publication": "reason", "restatement": "code", "restatement_fact": "reason", "waiting_load": "load",
              "restatement_decision": "reason", "review": "reason",
              "seal": "parts"}  # fmt: skip
    with connect(warehouse_url) as session:
        session.execute(f"SET session_replication_role = {role}")
        for table in TABLES:
            for statement in (
                f"UPDATE baocao.{table} SET {column[table]} = {column[table]}",
                f"DELETE FROM baocao.{table}",
                f"TRUNCATE baocao.{table} CASCADE",
            ):
                with pytest.raises(psycopg.errors.RestrictViolation, match=r"insert-only: (UPDATE|DELETE|TRUNCATE)"):
                    session.execute(statement)
    assert {table: query(warehouse_url, f"SELECT count(*) FROM baocao.{table}") for table in TABLES} == counted


def _everything(warehouse_url: str) -> dict[str, int]:
    tables = query(
        warehouse_url,
        "SELECT relname FROM pg_class WHERE relnamespace = 'baocao'::regnamespace AND relkind IN ('r', 'p')",
    )
    return {table: query(warehouse_url, f'SELECT count(*) FROM baocao."{table}"')[0][0] for (table,) in tables}


def test_a_load_that_fails_at_its_end_leaves_nothing(warehouse: Warehouse, warehouse_url: str) -> None:
    before = _everything(warehouse_url)
    broken = FILLED.quarantine["onestop"].set_column(3, "pointer", pa.array([None], pa.string()))
    with pytest.raises(DBAPIError):
        Load(FILLED.figures, FILLED.rows, {"onestop": broken}, receipts=FILLED.receipts).into(warehouse)
    assert _everything(warehouse_url) == before, "not even the partition of the period"
    assert FILLED.into(warehouse).new == len(FILLED.figures)


def test_a_load_whose_session_is_ended_leaves_nothing(warehouse: Warehouse, warehouse_url: str) -> None:
    before = _everything(warehouse_url)
    with ThreadPoolExecutor(1) as pool, connect(warehouse_url, autocommit=False) as blocker:
        # Facts are written before findings: the load now stands still with its facts in.
        blocker.execute("LOCK TABLE baocao.finding IN ACCESS EXCLUSIVE MODE")
        loading = pool.submit(FILLED.into, warehouse)
        victim = _waiting_for(warehouse_url, "baocao.finding")
        query(warehouse_url, f"SELECT pg_terminate_backend({victim})")
        with pytest.raises(DBAPIError):
            loading.result(timeout=20)
    assert _everything(warehouse_url) == before
    assert FILLED.into(warehouse).new == len(FILLED.figures)


def _waiting_for(warehouse_url: str, table: str) -> int:
    for _ in range(500):
        found = query(warehouse_url, f"SELECT pid FROM pg_locks WHERE relation = '{table}'::regclass AND NOT granted")
        if found:
            return int(found[0][0])
        time.sleep(0.02)
    raise AssertionError(f"nobody came to wait for {table}")


def test_two_writers_of_one_period_lose_nothing(warehouse: Warehouse, warehouse_url: str) -> None:
    writers, rounds = 4, 6
    start = threading.Barrier(writers)

    def write(writer: int) -> int:
        start.wait()
        counts = [Load({A: figure(writer * 100 + number)}).into(warehouse) for number in range(rounds)]
        return sum(count.new + count.revised for count in counts)

    with ThreadPoolExecutor(writers) as pool:
        changed = sum(pool.map(write, range(writers)))
    history = query(warehouse_url, "SELECT revision, recorded_at, value, load FROM baocao.fact ORDER BY revision")
    assert changed == writers * rounds
    assert [revision for revision, *_ in history] == list(range(1, writers * rounds + 1))
    moments = [moment for _, moment, *_ in history]
    assert moments == sorted(set(moments)), "later revisions carry later moments"
    assert current(warehouse) == {A: (history[-1][2], None)}


def test_periods_are_loaded_side_by_side(warehouse: Warehouse) -> None:
    periods = ["2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"]
    start = threading.Barrier(len(periods))

    def write(period: str) -> int:
        start.wait()
        return Load(FILLED.figures).into(warehouse, period).new

    with ThreadPoolExecutor(len(periods)) as pool:
        assert list(pool.map(write, periods)) == [2, 2, 2, 2]


def test_rows_must_come_by_a_receipt(warehouse: Warehouse) -> None:
    read = {"onestop": rows([row("onestop_a", "p1", "/0", "00101", received=1)], ["received"])}
    with pytest.raises(TraceError, match=r"onestop_a.*no complete receipt"):
        Load(rows=read).into(warehouse)
    with pytest.raises(TraceError, match="onestop_a"):
        Load(rows=read, receipts=[receipt("onestop_a", [page("p1")], state="broken")]).into(warehouse)
    with pytest.raises(TraceError, match="onestop_a"):
        Load(rows=read, receipts=[receipt("onestop_a", [page("p2")])]).into(warehouse)
    assert warehouse.summary(PERIOD)["load"] is None


def test_text_that_postgresql_cannot_hold(warehouse: Warehouse) -> None:
    record = row("onestop_a", "p1", "/0", "Xã\0 A", unit="00101", received=1, field_raw="đất\0")
    Load(
        {A: figure(1)},
        rows={"onestop": rows([record], ["received"])},
        findings=[Finding("X", "info", "onestop_a", PERIOD, "lạ \0 \ud800")],
        receipts=[receipt("onestop_a", [page("p1")])],
    ).into(warehouse)
    assert warehouse.trace(PERIOD, *A).rows[0].agency == "Xã\ufffd A"
    assert warehouse.findings(PERIOD)[0].message == "lạ \ufffd ?"
