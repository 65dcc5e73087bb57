"""From a figure back to rows, receipts and requests."""

from __future__ import annotations

import datetime as dt

import pytest

from etl.errors import TraceError
from etl.model import SourceDays
from etl.warehouse import Trace, Warehouse
from tests.warehouse.samples import (
    INDICATORS,
    PERIOD,
    UNITS,
    Key,
    Load,
    figure,
    indicator,
    page,
    query,
    receipt,
    row,
    rows,
    unit,
)

NATION: Key = ("received", "VN", "all", "all")
PROVINCE: Key = ("received", "01", "commune", "land")
FIGURES = {
    NATION: figure(111),
    PROVINCE: figure(11),
    ("received", "01", "province", "all"): figure(100),
    ("received", "00101", "commune", "all"): figure(1),
    ("sent", "01", "commune", "all"): figure(5),
}
ONESTOP = [
    row("onestop_a", "p1", "/data/0", "00101", received=1, resolved=None),
    row("onestop_a", "p1", "/data/1", "00102", received=10, resolved=4),
    row("onestop_a", "p1", "/data/2", "01.07", unit="01", tier="province", received=100, resolved=0),
    row("onestop_b", "p2", "/data/0", "00201", field="civil", received=1000, resolved=7),
]
EDOC = [row("edoc_a", "p3", "/0", "UBND xã A", unit="00101", field="all", sent=5)]
MEASURES = ["received", "resolved"]
READ = {"onestop": rows(ONESTOP, MEASURES), "edoc": rows(EDOC, ["sent"])}
RECEIPTS = [
    receipt("onestop_a", [page("p1", address="http://a.example/?trang=1")]),
    receipt("onestop_b", [page("p2")]),
    receipt("edoc_a", [page("p3")]),
]


def pointers(found: Trace) -> list[tuple[str, str]]:
    return [(row.source, row.pointer) for row in found.rows]


def test_the_rows_under_a_figure(warehouse: Warehouse) -> None:
    Load(FIGURES, READ, receipts=RECEIPTS).into(warehouse)
    found = warehouse.trace(PERIOD, *PROVINCE)
    assert found.fact.value == 11
    assert pointers(found) == [("onestop_a", "/data/0"), ("onestop_a", "/data/1")]
    assert found.count == 2
    assert found.sums == {"onestop_a": {"received": 11, "resolved": None}}, "a sum with a missing part is no value"
    first = found.rows[0]
    assert (first.dataset, first.agency, first.unit, first.tier, first.field) == (
        *("onestop", "00101", "00101", "commune", "land"),
    )
    assert first.values == {"received": 1, "resolved": None}
    assert (str(first.first_day), str(first.last_day)) == ("2026-06-15", "2026-09-14")
    assert (first.uri, first.address, first.receipt) == (
        *("file:///raw/p1", "http://a.example/?trang=1", "onestop_a-1"),
    )


def test_tiers_fields_and_datasets_are_kept_apart(warehouse: Warehouse) -> None:
    Load(FIGURES, READ, receipts=RECEIPTS).into(warehouse)
    assert pointers(warehouse.trace(PERIOD, "received", "01", "province", "all")) == [("onestop_a", "/data/2")]
    assert pointers(warehouse.trace(PERIOD, "received", "00101", "commune", "all")) == [("onestop_a", "/data/0")]
    assert pointers(warehouse.trace(PERIOD, "sent", "01", "commune", "all")) == [("edoc_a", "/0")]


def test_the_nation_with_a_limit(warehouse: Warehouse) -> None:
    Load(FIGURES, READ, receipts=RECEIPTS).into(warehouse)
    found = warehouse.trace(PERIOD, *NATION, limit=3)
    assert pointers(found) == [("onestop_a", f"/data/{number}") for number in range(3)]
    assert found.count == 4
    assert {source: added["received"] for source, added in found.sums.items()} == {"onestop_a": 111, "onestop_b": 1000}
    assert len(warehouse.trace(PERIOD, *NATION).rows) == 4


def test_rows_are_stored_again_only_when_they_changed(warehouse: Warehouse, warehouse_url: str) -> None:
    loads = [Load(FIGURES, READ, receipts=RECEIPTS).into(warehouse).load]
    shuffled = {"onestop": rows(ONESTOP[::-1], MEASURES), "edoc": READ["edoc"]}
    later = [receipt(old.source, old.pages, hour=2) for old in RECEIPTS]
    loads.append(Load(FIGURES, shuffled, receipts=later).into(warehouse).load)
    changed = [*ONESTOP[:3], {**ONESTOP[3], "received": 1001}]
    loads.append(Load(FIGURES, {**READ, "onestop": rows(changed, MEASURES)}, receipts=later).into(warehouse).load)
    loads.append(Load(FIGURES, READ, receipts=later).into(warehouse).load)
    held = query(
        warehouse_url,
        "SELECT source, array_agg(rows_load ORDER BY load) FROM baocao.load_source GROUP BY source ORDER BY source",
    )
    one, _, three, _ = loads
    assert held == [("edoc_a", [one] * 4), ("onestop_a", [one] * 4), ("onestop_b", [one, one, three, one])]
    assert query(warehouse_url, "SELECT count(*) FROM baocao.standard_row") == [(6,)]
    assert query(warehouse_url, "SELECT count(*) FROM baocao.receipt") == [(6,)]


def test_rows_for_comparison_are_kept_and_stand_under_no_figure(warehouse: Warehouse, warehouse_url: str) -> None:
    other = [row("so_sanh", "p4", "/0", "00101", received=1), row("so_sanh", "p4", "/1", "00102", received=999)]
    read = {"onestop": rows([*ONESTOP, *other], MEASURES), "edoc": READ["edoc"]}
    receipts = [*RECEIPTS, receipt("so_sanh", [page("p4")])]
    Load(FIGURES, read, receipts=receipts, compared=["so_sanh"]).into(warehouse)
    found = warehouse.trace(PERIOD, *PROVINCE)
    assert (pointers(found), found.count) == ([("onestop_a", "/data/0"), ("onestop_a", "/data/1")], 2)
    assert found.sums == {"onestop_a": {"received": 11, "resolved": None}}
    held = query(
        warehouse_url,
        "SELECT s.role, r.unit, r.\"values\" ->> 'received', r.payload = p.sha256 FROM baocao.standard_row r "
        "JOIN baocao.load_source s ON s.rows_load = r.load AND s.source = r.source "
        "JOIN baocao.payload p ON p.receipt = s.receipt WHERE r.source = 'so_sanh' ORDER BY r.pointer",
    )
    assert held == [("comparison", "00101", "1", True), ("comparison", "00102", "999", True)]
    summary = warehouse.summary(PERIOD)
    assert (summary["rows"], summary["compared"]) == ({"edoc": 1, "onestop": 4}, {"onestop": 2})
    Load(FIGURES, read, receipts=receipts).into(warehouse)
    assert warehouse.trace(PERIOD, *PROVINCE).count == 4, "the role is that of the load"


def test_the_rows_of_an_earlier_moment(warehouse: Warehouse) -> None:
    Load(FIGURES, READ, receipts=RECEIPTS).into(warehouse)
    then = warehouse.figures_at(PERIOD)
    changed = rows([{**ONESTOP[0], "received": 2}, *ONESTOP[1:]], MEASURES)
    later = [receipt("onestop_a", [page("p1")], hour=2), *RECEIPTS[1:]]
    Load({**FIGURES, PROVINCE: figure(12)}, {**READ, "onestop": changed}, receipts=later).into(warehouse)
    before, now = warehouse.trace(PERIOD, *PROVINCE, then), warehouse.trace(PERIOD, *PROVINCE)
    assert (before.fact.value, before.rows[0].values["received"], before.rows[0].receipt) == (11, 1, "onestop_a-1")
    assert (now.fact.value, now.rows[0].values["received"], now.rows[0].receipt) == (12, 2, "onestop_a-2")


def test_the_same_bytes_for_two_requests(warehouse: Warehouse) -> None:
    idle = [row("onestop_a", "same", "/data/0", "00101", field=field, received=0) for field in ("civil", "land")]
    pages = [page("same", field, f"http://a.example/?linhVuc={field}") for field in ("other", "civil", "land")]
    key = ("received", "00101", "commune", "all")
    read = {"onestop": rows(idle, ["received"])}
    Load({key: figure(0)}, read, receipts=[receipt("onestop_a", pages)]).into(warehouse)
    asked = {row.field: row.address for row in warehouse.trace(PERIOD, *key).rows}
    assert asked == {field: f"http://a.example/?linhVuc={field}" for field in ("civil", "land")}


def test_a_source_that_failed_after_it_was_complete(warehouse: Warehouse) -> None:
    failed = receipt("onestop_a", [], state="unavailable", hour=9)
    Load(FIGURES, READ, receipts=[failed, *RECEIPTS]).into(warehouse)
    assert warehouse.trace(PERIOD, *PROVINCE).rows[0].receipt == "onestop_a-1"
    assert warehouse.summary(PERIOD)["sources"] == {"complete": 2, "unavailable": 1}


def test_the_subtree_is_that_of_the_period(warehouse: Warehouse) -> None:
    moved = [unit("00301", "commune", "01", "2025-07-01", "2026-09-01"), unit("00301", "commune", "02", "2026-09-01")]
    warehouse.sync_units(moved)
    read = {"onestop": rows([row("onestop_a", "p1", "/0", "00301", received=1)], ["received"])}
    figures = {("received", province, "commune", "land"): figure(1) for province in ("01", "02")}
    Load(figures, read, receipts=RECEIPTS).into(warehouse)
    assert warehouse.trace(PERIOD, "received", "01", "commune", "land").count == 0
    assert warehouse.trace(PERIOD, "received", "02", "commune", "land").count == 1


def test_a_withheld_figure_is_traced_and_an_unknown_one_is_not(warehouse: Warehouse) -> None:
    Load({PROVINCE: figure(None, "missing_unit")}, READ, receipts=RECEIPTS).into(warehouse)
    assert warehouse.trace(PERIOD, *PROVINCE).count == 2
    with pytest.raises(TraceError, match="no such figure"):
        warehouse.trace(PERIOD, "received", "99", "commune", "land")


def test_an_indicator_outside_the_catalog_is_named(warehouse: Warehouse) -> None:
    key = ("new_one", "01", "commune", "land")
    Load({key: figure(1)}).into(warehouse)
    with pytest.raises(TraceError, match=r"new_one.*sync_indicators"):
        warehouse.trace(PERIOD, *key)
    warehouse.sync_indicators([*INDICATORS, indicator("new_one", "onestop")])
    assert warehouse.trace(PERIOD, *key).count == 0


def test_units_are_inserted_once_and_ended(warehouse: Warehouse, warehouse_url: str) -> None:
    ended = unit("00102", "commune", "01", until="2026-09-01")
    warehouse.sync_units([*UNITS[:4], ended])
    warehouse.sync_units([ended])
    found = query(warehouse_url, "SELECT code, valid_to::text FROM baocao.unit WHERE level = 'commune' ORDER BY code")
    assert found == [("00101", None), ("00102", "2026-09-01"), ("00201", None)]


def test_a_change_that_was_withdrawn_leaves_one_unit_of_a_code_on_each_day(
    warehouse: Warehouse, warehouse_url: str
) -> None:
    """Else every figure would stand twice in the views, under both units."""
    Load({("received", "00301", "commune", "land"): figure(1)}).into(warehouse)
    view = "SELECT unit_parent FROM baocao.fact_current"
    moved = [unit("00301", "commune", "01", "2025-07-01", "2026-09-01"), unit("00301", "commune", "02", "2026-09-01")]
    warehouse.sync_units(moved)
    assert query(warehouse_url, view) == [("02",)]
    warehouse.sync_units([unit("00301", "commune", "01", "2025-07-01")])
    assert query(warehouse_url, view) == [("01",)]
    warehouse.sync_units([unit("00301", "commune", "02", "2025-08-01")])
    assert query(warehouse_url, view) == [("02",)]
    warehouse.sync_units([*moved, *UNITS])
    assert query(warehouse_url, view) == [("02",)]


def test_which_days_the_figures_of_a_source_are_of(warehouse: Warehouse) -> None:
    days = [dt.date(2026, 7, day) for day in (1, 2, 3)]
    parts = [row("onestop_b", "p2", f"/{day}", "00201", received=1, first_day=day, last_day=day) for day in days]
    read = {"onestop": rows([*ONESTOP[:3], *parts], MEASURES), "edoc": READ["edoc"]}
    Load(FIGURES, read, receipts=RECEIPTS).into(warehouse)
    whole = (dt.date(2026, 6, 15), dt.date(2026, 9, 14), 1)
    assert warehouse.source_days(PERIOD) == [
        SourceDays("edoc_a", "edoc", *whole),
        SourceDays("onestop_a", "onestop", *whole),
        SourceDays("onestop_b", "onestop", days[0], days[2], 3),
    ]
    assert warehouse.source_days("2020-Q1") == []
