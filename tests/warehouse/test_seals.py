"""The chain of seals: what was changed behind the warehouse's back is named; writers do not fork it."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from etl.warehouse import Warehouse
from etl.warehouse.chain import Chain
from tests.warehouse.samples import FILLED, NOON, PERIOD, Load, connect, figure, issue, query

A = ("received", "00101", "commune", "land")
LATER = ("rule_outcome", "validation")


def _issue(warehouse: Warehouse, number: int = 1) -> None:
    sha256 = hashlib.sha256(str(number).encode()).hexdigest()
    issue(warehouse, "II.06a", "01", PERIOD, NOON, sha256, f"/forms/II.06a_01_{PERIOD}_lan{number}.xlsx", True)


def test_each_load_answer_and_form_has_its_seal(warehouse: Warehouse, warehouse_url: str) -> None:
    FILLED.into(warehouse)
    _issue(warehouse)
    _issue(warehouse)
    walked = Chain(warehouse_url).walk()
    assert (walked.wrong, walked.earlier) == ([], 0)
    assert [seal.kind for seal in walked.seals][-2:] == ["load", "issue"]
    landed = {sha for (sha,) in query(warehouse_url, "SELECT DISTINCT sha256 FROM baocao.payload")}
    assert {seal.content for seal in walked.seals if seal.kind == "payload"} == landed
    previous = "0" * 64  # the chain as its COMMENT tells it, computed by PostgreSQL
    for number, told, sha256 in query(
        warehouse_url,
        "SELECT number, previous, encode(sha256(convert_to(number || E'\\n' || kind || E'\\n' || of || E'\\n' "
        "|| content || E'\\n' || previous || E'\\n', 'UTF8')), 'hex') FROM baocao.seal ORDER BY number",
    ):
        assert told == previous
        assert walked.seals[number - 1].sha256 == sha256
        previous = sha256


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("fact_2026_q3", "UPDATE baocao.fact_2026_q3 SET value = value + 1"),
        ("fact_2026_q3", "DELETE FROM baocao.fact_2026_q3 WHERE unit = '01'"),
        ("standard_row", "UPDATE baocao.standard_row SET agency = 'x'"),
        ("payload", "UPDATE baocao.payload SET address = 'http://x'"),
        ("load", "UPDATE baocao.load SET recorded_at = recorded_at - interval '1 second'"),
        ("hole", "DELETE FROM baocao.hole"),
        ("rule_outcome", "UPDATE baocao.rule_outcome SET proven = false"),
        ("validation", "UPDATE baocao.validation SET result = '{}'"),
    ],
)
def test_a_changed_row_names_its_load_and_table(
    warehouse: Warehouse, warehouse_url: str, table: str, change: str
) -> None:
    FILLED.into(warehouse)
    with connect(warehouse_url) as owner:  # the owner of the tables can take the triggers away
        owner.execute(f"ALTER TABLE baocao.{table} DISABLE TRIGGER insert_only")
        assert owner.execute(change).rowcount > 0
    wrong = Chain(warehouse_url).walk().wrong
    assert len(wrong) == 1
    assert "lần nạp 1," in wrong[0]
    assert f"bảng {table.removesuffix('_2026_q3')} " in wrong[0]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE baocao.seal SET of = 'x' WHERE kind = 'issue'", "issue x"),
        ("UPDATE baocao.seal SET parts = replace(parts, 'fact 2', 'fact 3') WHERE kind = 'load'", "load 1"),
        ("DELETE FROM baocao.seal WHERE kind = 'load'", "không nối tiếp"),
        ("DELETE FROM baocao.seal WHERE kind = 'issue'", "lan1.xlsx: không có niêm phong"),
    ],
)
def test_a_changed_seal_is_named(warehouse: Warehouse, warehouse_url: str, change: str, named: str) -> None:
    FILLED.into(warehouse)
    _issue(warehouse)
    with connect(warehouse_url) as owner:
        owner.execute("ALTER TABLE baocao.seal DISABLE TRIGGER insert_only")
        assert owner.execute(change).rowcount == 1
    assert named in " ".join(Chain(warehouse_url).walk().wrong)


def _decide(warehouse: Warehouse) -> None:
    """A lock, a rejection and an approval."""
    FILLED.into(warehouse)
    warehouse.lock_period(PERIOD, "A", "công văn 12")
    warehouse.lock_period(PERIOD, "B", "sau")
    warehouse.reject(Load({A: figure(13)}).into(warehouse).restatement or 0, "A", "số cũ đúng")
    warehouse.approve(Load({A: figure(14)}).into(warehouse).restatement or 0, "A")


@pytest.mark.parametrize(
    ("table", "change", "named"),
    [
        ("publication", "UPDATE baocao.publication SET published_by = 'X'", "khóa kỳ 2026-Q3 đã bị sửa"),
        ("restatement_decision", "UPDATE baocao.restatement_decision SET reason = 'x' WHERE restatement = 1",
         "thay đổi số 1 đã bị sửa"),
        ("restatement_decision", "DELETE FROM baocao.restatement_decision WHERE restatement = 1",
         "thay đổi số 1 không còn"),
        ("restatement", "UPDATE baocao.restatement SET code = 'late' WHERE id = 2", "thay đổi số 2 đã bị sửa"),
        ("publication", "INSERT INTO baocao.publication VALUES ('2026-Q2', now(), 'X', '')",
         "khóa kỳ 2026-Q2 không có niêm phong"),
        ("waiting_load", "DELETE FROM baocao.waiting_load WHERE load = 3",
         "thay đổi chờ duyệt của lần nạp 3 không còn"),
        ("waiting_load", "INSERT INTO baocao.waiting_load VALUES (1, 1)",
         "thay đổi chờ duyệt của lần nạp 1 không có niêm phong"),
    ],
)  # fmt: skip
def test_a_changed_decision_is_named(
    warehouse: Warehouse, warehouse_url: str, table: str, change: str, named: str
) -> None:
    _decide(warehouse)
    walked = Chain(warehouse_url).walk()
    assert walked.wrong == []
    kinds = [seal.kind for seal in walked.seals if seal.kind != "payload"]
    waited = ["load", "decision"]
    assert kinds == ["load", "publication", *waited, "decision", *waited, "load", "decision"]
    with connect(warehouse_url) as owner:
        owner.execute(f"ALTER TABLE baocao.{table} DISABLE TRIGGER insert_only")
        assert owner.execute(change).rowcount == 1
    wrong = Chain(warehouse_url).walk().wrong
    assert len(wrong) == (2 if table == "restatement" else 1), "a decided one was sealed as it waited, too"
    assert named in wrong[0]


def test_what_waits_is_sealed_before_it_is_decided(warehouse: Warehouse, warehouse_url: str) -> None:
    FILLED.into(warehouse)
    warehouse.lock_period(PERIOD, "A", "công văn 12")
    waits = Load({A: figure(13)}).into(warehouse)
    assert waits.restatement is not None
    assert Chain(warehouse_url).walk().wrong == []
    with connect(warehouse_url) as owner:
        owner.execute("ALTER TABLE baocao.restatement DISABLE TRIGGER insert_only")
        assert owner.execute("UPDATE baocao.restatement SET base_load = base_load + 1").rowcount == 1
    assert [f"lần nạp {waits.load} đã bị sửa" in line for line in Chain(warehouse_url).walk().wrong] == [True]


def test_what_waits_of_before_is_sealed_by_the_upgrade(warehouse: Warehouse, warehouse_url: str) -> None:
    FILLED.into(warehouse)
    warehouse.lock_period(PERIOD, "A", "công văn 12")
    waits = Load({A: figure(13)}).into(warehouse)
    before = Chain(warehouse_url).walk().seals
    warehouse.downgrade("0018")
    with connect(warehouse_url) as session:  # as a version without these seals left it
        session.execute("ALTER TABLE baocao.seal DISABLE TRIGGER insert_only")
        assert session.execute("DELETE FROM baocao.seal WHERE kind = 'decision'").rowcount == 1
        session.execute("ALTER TABLE baocao.seal ENABLE TRIGGER insert_only")
    warehouse.migrate()
    walked = Chain(warehouse_url).walk()
    assert (walked.wrong, walked.seals) == ([], before)
    assert (before[-1].kind, before[-1].of) == ("decision", f"load {waits.load}")
    warehouse.downgrade("0018")
    warehouse.migrate()
    assert Chain(warehouse_url).walk().seals == before, "not sealed twice"


def test_decisions_of_before_are_sealed_by_the_upgrade(warehouse: Warehouse, warehouse_url: str) -> None:
    """Not again where they were sealed, and in one chain with what was there."""
    _decide(warehouse)
    before = Chain(warehouse_url).walk().seals
    warehouse.downgrade("0012")
    with connect(warehouse_url) as session:  # as a version without these seals wrote it
        session.execute("INSERT INTO baocao.publication VALUES ('2026-Q2', now(), 'Đỗ ''Văn'' \"C\"', 'dòng\n2')")
    warehouse.migrate()
    walked = Chain(warehouse_url).walk()
    assert walked.wrong == []
    assert walked.seals[: len(before)] == before
    assert [(seal.kind, seal.of) for seal in walked.seals[len(before) :]] == [("publication", "2026-Q2")]


def test_racing_writers_do_not_fork_the_chain(warehouse: Warehouse, warehouse_url: str) -> None:
    writers, rounds = 4, 5
    start = threading.Barrier(writers)

    def write(writer: int) -> None:
        start.wait()
        for number in range(rounds):
            if writer % 2:
                _issue(warehouse, 1000 * writer + number)
            else:
                Load({A: figure(writer * 100 + number)}).into(warehouse, f"2026-Q{writer + 1}")

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(write, range(writers)))
    walked = Chain(warehouse_url).walk()
    assert walked.wrong == []
    assert [seal.number for seal in walked.seals] == list(range(1, writers * rounds + 1))
    assert {seal.kind for seal in walked.seals} == {"load", "issue"}


def test_what_is_older_than_the_chain_is_told_apart(warehouse: Warehouse, warehouse_url: str) -> None:
    FILLED.into(warehouse)
    with connect(warehouse_url) as owner:
        owner.execute("ALTER TABLE baocao.seal DISABLE TRIGGER insert_only")
        owner.execute("DELETE FROM baocao.seal")
    Load({A: figure(1)}).into(warehouse)
    walked = Chain(warehouse_url).walk()
    assert (walked.wrong, walked.earlier) == ([], 1)


def test_a_table_of_later_days_holds_nothing_of_a_load_sealed_before_it(
    warehouse: Warehouse, warehouse_url: str
) -> None:
    """As a load of before revision 0011: its seal says nothing of what the rules said."""
    FILLED.into(warehouse)
    with connect(warehouse_url) as owner:
        for table in ("seal", *LATER):
            owner.execute(f"ALTER TABLE baocao.{table} DISABLE TRIGGER insert_only")
        owner.execute("DELETE FROM baocao.rule_outcome; DELETE FROM baocao.validation")
        for number, _, of, parts, _, previous, _ in owner.execute(
            "SELECT * FROM baocao.seal WHERE kind = 'load'"
        ).fetchall():
            lines = (line for line in parts.splitlines(keepends=True) if line.split()[0] not in LATER)
            content = hashlib.sha256((before := "".join(lines)).encode()).hexdigest()
            told = "".join(f"{part}\n" for part in (number, "load", of, content, previous))
            sha256 = hashlib.sha256(told.encode()).hexdigest()
            query = "UPDATE baocao.seal SET parts = %s, content = %s, sha256 = %s WHERE number = %s"
            owner.execute(query, (before, content, sha256, number))
    assert Chain(warehouse_url).walk().wrong == []
    with connect(warehouse_url) as owner:
        owner.execute("INSERT INTO baocao.validation VALUES (1, 'onestop', 3, '{}')")
    assert "bảng validation đã bị sửa" in Chain(warehouse_url).walk().wrong[0]
