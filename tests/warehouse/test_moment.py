"""One moment: what is read within is of one snapshot on one connection, whatever is written meanwhile."""

from __future__ import annotations

import threading

from sqlalchemy import event
from sqlalchemy.pool import Pool

from etl.warehouse import Warehouse
from etl.warehouse.chain import Chain
from etl.warehouse.lookup import lookup
from etl.warehouse.moment import at_one_moment, one_moment, pool
from tests.warehouse.samples import query


def test_all_that_is_read_within_is_of_one_snapshot_on_one_connection(warehouse_url: str) -> None:
    warehouse = Warehouse(warehouse_url)
    warehouse.migrate()
    taken: list[object] = []
    event.listen(Pool, "checkout", listener := lambda *given: taken.append(given))
    try:
        with one_moment():
            assert lookup(warehouse_url).publication("2026-Q3") is None
            _elsewhere(warehouse_url)
            assert warehouse.publication("2026-Q3") is None
            assert lookup(warehouse_url).publication("2026-Q3") is None
            with one_moment():
                assert Chain(warehouse_url).issue("0" * 64) is None
            assert len(taken) == 2, "this moment's, and that of the other thread"
        assert warehouse.publication("2026-Q3") is not None
        assert at_one_moment(lookup(warehouse_url).publication)("2026-Q3") is not None
    finally:
        event.remove(Pool, "checkout", listener)
        assert pool(warehouse_url).pool.checkedout() == 0
        pool(warehouse_url).dispose()
        lookup.cache_clear()


def _elsewhere(url: str) -> None:
    """As another process would: this moment is of one thread."""

    def write() -> None:
        Warehouse(url).lock_period("2026-Q3", "Trần Thị B", "")

    other = threading.Thread(target=write)
    other.start()
    other.join()
    assert query(url, "SELECT count(*) FROM baocao.publication") == [(1,)]
