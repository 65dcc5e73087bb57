"""The benchmark of dossiers: whatever is loaded is what plain SQL counts, or nothing is told. Never for time."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from bench import records, records_data, records_truth

ROWS = 5000
FIRST, LAST = dt.date(2026, 6, 15), dt.date(2026, 9, 14)


def dossier(**told: Any) -> dict[str, Any]:
    """Received online on a day of the period, done before its due date."""
    usual = {
        "MaDonViTiepNhan": "01273",
        "LinhVuc": "ho_tich",
        "TrangThai": 10,
        "KenhThucHien": 2,
        "NgayTiepNhan": "2026-07-01T08:00:00+07:00",
        "NgayHenTra": "10/07/2026",
        "NgayKetThucXuLy": "2026-07-09T23:59:59+07:00",
    }
    return {**dict.fromkeys(records_data.COLUMNS), **usual, **told}


BY_HAND = {
    # column 3 to 13 of II.06a
    "early": (dossier(), (1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0)),
    "on its due date": (dossier(NgayHenTra="09/07/2026"), (1, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0)),
    "late": (dossier(NgayHenTra="08/07/2026"), (1, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0)),
    "no due date": (dossier(NgayHenTra=None, KenhThucHien=1), (1, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0)),
    "returned late, by post": (
        dossier(TrangThai=7, NgayHenTra="01/07/2026", KenhThucHien=3),
        (1, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0),
    ),
    "no channel": (dossier(KenhThucHien=None), (1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0)),
    "not accepted": (dossier(TrangThai=3, NgayKetThucXuLy=None), None),
    "newly registered": (dossier(TrangThai=1, NgayKetThucXuLy=None), None),
    "before the period by UTC, in it in Vietnam": (
        dossier(NgayTiepNhan="2026-06-14T17:00:00+00:00"),
        (1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0),
    ),
    "carried over": (dossier(NgayTiepNhan="2026-06-14T16:59:59+00:00"), (1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0)),
    "ended before": (
        dossier(NgayTiepNhan="2026-06-01T08:00:00+07:00", NgayKetThucXuLy="2026-06-14T23:00:00+07:00"),
        None,
    ),
    "received after": (
        dossier(NgayTiepNhan="2026-09-15T00:00:00+07:00", NgayKetThucXuLy="2026-09-16T08:00:00+07:00"),
        None,
    ),
    "done after": (
        dossier(NgayKetThucXuLy="2026-09-15T00:00:00+07:00", NgayHenTra="14/09/2026"),
        (1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0),
    ),
    "open and overdue": (
        dossier(TrangThai=4, NgayKetThucXuLy=None, NgayHenTra="13/09/2026"),
        (1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1),
    ),
    "waits for supplements": (
        dossier(TrangThai=5, NgayKetThucXuLy=None, NgayHenTra="13/09/2026"),
        (1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0),
    ),
}


def counted(folder: Path, **portals: list[dict[str, Any]]) -> dict[records_truth.Spot, int]:
    folder.mkdir()
    for name, listed in portals.items():
        told = json.dumps({"tongSo": len(listed), "danhSach": listed})
        (folder / f"{name.removeprefix('p')}.jsonl").write_text(told + "\n", "utf-8")
    return dict(records_truth.counted(folder, FIRST, LAST))


@pytest.mark.parametrize("case", BY_HAND)
def test_the_truth_is_what_a_person_counts(case: str, tmp_path: Path) -> None:
    one, figures = BY_HAND[case]
    truth = counted(tmp_path / "pages", p04=[one])
    places = {("01273", "commune"), ("04", "commune"), ("VN", "commune")}
    spots = {(*place, field) for place in places for field in ("ho_tich", "all")} | {
        (unit, "all", "all") for unit in ("04", "VN")
    }
    assert truth == {
        (measure, *spot): value
        for spot in (spots if figures else ())
        for measure, value in zip(records_truth.MEASURES, figures, strict=True)
    }


def test_communes_departments_and_provinces_are_added(tmp_path: Path) -> None:
    department = dossier(MaDonViTiepNhan="04.03", LinhVuc="dat_dai")
    truth = counted(tmp_path / "pages", p04=[dossier(), dossier(), department], p11=[dossier(MaDonViTiepNhan="03127")])
    received = {spot[1:]: value for spot, value in truth.items() if spot[0] == "received_total"}
    assert received["01273", "commune", "all"] == received["04", "commune", "ho_tich"] == 2
    assert received["04", "province", "dat_dai"] == received["VN", "province", "all"] == 1
    assert (received["04", "all", "all"], received["11", "all", "all"], received["VN", "all", "all"]) == (3, 1, 4)
    assert ("04.03", "commune", "all") not in received


@pytest.mark.parametrize("found", [{}, {"a": None}, {"a": 2}, {"a": 1, "b": 1}, {"a": 1, "b": None}])
def test_a_figure_that_differs_by_one_dossier_is_no_figure(found: dict[str, int | None]) -> None:
    spots = {("received_total", name, "commune", "all"): value for name, value in found.items()}
    with pytest.raises(AssertionError, match="1 figures differ"):
        records_truth.compared({("received_total", "a", "commune", "all"): 1}, spots)


def test_the_same_dossiers_are_made_again_and_some_of_every_kind(tmp_path: Path) -> None:
    made = [records_data.make(tmp_path / name, ROWS) for name in ("one", "two")]
    assert made[0].records == made[1].records == ROWS
    files = [sorted(one.folder.rglob("*.jsonl")) for one in made]
    assert [file.read_bytes() for file in files[0]] == [file.read_bytes() for file in files[1]]
    listed = [record for file in files[0] for page in file.open() for record in json.loads(page)["danhSach"]]
    assert len({record["MaHoSo"] for record in listed}) == ROWS
    assert {record["TrangThai"] for record in listed} == set(range(1, 11))
    assert {record["KenhThucHien"] for record in listed} == {1, 2, 3, None}
    assert {record["NgayTiepNhan"][-6:] for record in listed} == {"+07:00", "+00:00"}
    assert None in {record["NgayHenTra"] for record in listed}
    parquet = duckdb.sql(f"select * from '{tmp_path}/one/records/*.parquet'").to_arrow_table().to_pylist()
    assert sorted(parquet, key=lambda one: one["MaHoSo"]) == sorted(listed, key=lambda one: one["MaHoSo"])


def test_too_few_dossiers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a dossier for every agency"):
        records_data.make(tmp_path, 100)


def test_a_small_run_loads_what_sql_counts() -> None:
    result = records.run(1, ROWS, peers=())
    [over] = result.figures["ours / floor"]
    assert over == result.figures["ours: wall, s"][0] / result.figures["floor: wall, s"][0]
    assert all(values[0] > 0 for name, values in result.figures.items() if name.endswith((": wall, s", "memory, MB")))
    assert "nothing is withheld" in result.setup


def test_it_fails_where_a_dossier_was_counted_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    told = records_truth.told

    def one_lost(url: str, period: str) -> dict[records_truth.Spot, int | None]:
        found = dict(told(url, period))
        spot = ("received_total", "VN", "all", "all")
        value = found[spot]
        assert value is not None
        return {**found, spot: value - 1}

    monkeypatch.setattr(records_truth, "told", one_lost)
    with pytest.raises(AssertionError, match="1 figures differ"):
        records.run(1, ROWS, peers=())
