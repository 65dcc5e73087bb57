"""The benchmark of loads: it proves what was loaded, and its files are what it writes. Never for time."""

from __future__ import annotations

import hashlib
from pathlib import Path

import psycopg
import pytest

from bench import figures, load
from etl.warehouse import Warehouse
from tests.warehouse.samples import query

COUNT = 3000


@pytest.fixture(scope="module")
def given() -> figures.Given:
    return figures.given(COUNT)


def test_a_small_run_measures_every_entrant() -> None:
    result = load.run(1, COUNT)
    assert {len(values) for values in result.figures.values()} == {1}
    assert all(values[0] > 0 for name, values in result.figures.items() if name.endswith(", s"))
    for peer in (load.AS_COMPUTED, load.SORTED):
        for name in (load.EMPTY, load.ALONE, load.AGAIN, load.REVISED):
            [ratio] = result.figures[f"{name} / {peer}"]
            assert ratio == result.figures[f"{name}, s"][0] / result.figures[f"{peer}, s"][0]


def test_a_load_that_lost_a_figure_fails(monkeypatch: pytest.MonkeyPatch, given: figures.Given) -> None:
    record = Warehouse.record
    monkeypatch.setattr(
        Warehouse, "record", lambda self, period, *, facts, **rest: record(self, period, facts=facts.slice(1), **rest)
    )
    with pytest.raises(AssertionError, match=f"new={COUNT - 1}"):
        load.run(1, COUNT)


def test_the_ready_bytes_are_those_of_the_warehouse(warehouse_url: str, given: figures.Given, tmp_path: Path) -> None:
    """Sorted by the key they differ from what `record` sends only in the moment, which has a width of its own."""
    warehouse = Warehouse(warehouse_url)
    warehouse.migrate()
    warehouse.record(figures.PERIOD, run="r", catalog_version="c", rules_version="r", **given.alone().record)
    figures.ready_bytes(given.facts, tmp_path / "sorted.bin", in_order=True)
    ready = (tmp_path / "sorted.bin").read_bytes()
    columns = "period, unit, indicator, tier, field, revision, value, reason, leaf, state, revision_reason"
    told = query(warehouse_url, f"SELECT {columns} FROM baocao.fact ORDER BY unit, indicator, tier, field")
    with psycopg.connect(warehouse_url.replace("+psycopg", ""), autocommit=True) as session:
        session.execute("CREATE TEMPORARY TABLE ready (LIKE baocao.fact)")
        with session.cursor() as cursor, cursor.copy("COPY ready FROM STDIN (FORMAT binary)") as stream:
            stream.write(ready)
        assert session.execute(f"SELECT {columns} FROM ready").fetchall() == told
    computed = tmp_path / "computed.bin"
    figures.ready_bytes(given.facts, computed, in_order=False)
    assert len(computed.read_bytes()) == len(ready)
    assert hashlib.sha256(computed.read_bytes()).digest() != hashlib.sha256(ready).digest()


def test_what_differs(given: figures.Given) -> None:
    later = figures.altered(given)
    pairs = zip(given.facts["value"].to_pylist(), later.facts["value"].to_pylist(), strict=True)
    assert sum(before != after for before, after in pairs) == later.differing
    assert 0 < later.differing < COUNT / 50
    assert {row["source"] for row in later.rows.to_pylist()} == {row["source"] for row in given.rows.to_pylist()}
    cited = set(later.rows["payload"].to_pylist())
    assert cited <= {page.sha256 for receipt in later.receipts for page in receipt.pages}
