"""A list of dossiers that spoil the statistics: its six checks made again, and an empty list that is an answer."""

from __future__ import annotations

from typing import Any

import pytest

from etl.errors import SourceBroken
from tests.parsing.vendor_answers import CATALOG, COMMUNES, PROVINCE, page, read

MEASURES = tuple(CATALOG.datasets["dossier_faults"].columns)
PULLED_ON, DAY_AFTER = "2026-09-15T23:59:59", "2026-09-16T00:00:00"


def dossier(number: int, **changes: Any) -> dict[str, Any]:
    """A dossier with nothing wrong."""
    return {
        "maHoSo": f"H04-{number:04d}",
        "maTTHC": "1.000001",
        "maDonVi": "04.01",
        "mucDo": 4,
        "kenhThucHien": 2,
        "ngayTiepNhan": "2026-07-01T08:00:00",
        "ngayKetThucXuLy": "2026-07-03T08:00:00",
        "trangThai": 10,
        "tenLoi": "",
        **changes,
    }


def answer(*records: dict[str, Any], total: int | None = None) -> Any:
    return page({"data": list(records), "totalCount": len(records) if total is None else total})


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, {"unexplained"}),
        ({"mucDo": 2}, {"level_2_online"}),
        ({"mucDo": 2, "kenhThucHien": 1}, {"unexplained"}),
        ({"mucDo": 2, "kenhThucHien": None}, {"unexplained"}),
        ({"ngayTiepNhan": None}, {"no_receive_date"}),
        ({"ngayTiepNhan": "", "trangThai": 4}, {"no_receive_date"}),
        ({"ngayTiepNhan": None, "trangThai": 5}, {"unexplained"}),
        ({"ngayKetThucXuLy": None}, {"done_no_end"}),
        ({"ngayKetThucXuLy": None, "trangThai": 9}, {"done_no_end"}),
        ({"ngayKetThucXuLy": None, "trangThai": 7}, {"unexplained"}),
        ({"ngayTiepNhan": DAY_AFTER, "ngayKetThucXuLy": None, "trangThai": 4}, {"receive_in_future"}),
        ({"ngayTiepNhan": PULLED_ON, "ngayKetThucXuLy": None, "trangThai": 4}, {"unexplained"}),
        ({"ngayKetThucXuLy": DAY_AFTER}, {"end_in_future"}),
        ({"ngayKetThucXuLy": PULLED_ON}, {"unexplained"}),
        ({"ngayKetThucXuLy": "2026-06-30T23:00:00"}, {"end_before_receive"}),
        ({"ngayKetThucXuLy": "2026-07-01T07:00:00"}, {"unexplained"}),
        ({"ngayTiepNhan": DAY_AFTER, "mucDo": 2}, {"receive_in_future", "end_before_receive", "level_2_online"}),
    ],
)
def test_each_check_is_made_again(changes: dict[str, Any], wrong: set[str]) -> None:
    parsed = read("tandan_errors", answer(dossier(1, **changes)))
    (row,) = [row for row in parsed.table.to_pylist() if row["listed"]]
    assert {name for name in MEASURES if row[name]} == {"listed", *wrong}
    assert parsed.findings == []


def test_dossiers_add_up_by_agency_over_pages_and_the_others_have_none() -> None:
    commune = COMMUNES[0].code
    first, second = [dossier(1), dossier(2, maDonVi=commune)], [dossier(3, mucDo=2), dossier(4, maDonVi="04.02")]
    parsed = read("tandan_errors", answer(*first, total=4), answer(*second, total=4))
    listed: dict[str, int] = {}
    for row in parsed.table.to_pylist():
        listed[row["unit"]] = listed.get(row["unit"], 0) + row["listed"]
    assert listed == {unit.code: 0 for unit in COMMUNES} | {commune: 1, PROVINCE.code: 3}


@pytest.mark.parametrize(
    "changes", [{"trangThai": 11}, {"trangThai": None}, {"mucDo": 1}, {"kenhThucHien": 4}, {"maDonVi": "99999"}]
)
def test_what_cannot_be_told_is_a_finding_and_no_figure(changes: dict[str, Any]) -> None:
    parsed = read("tandan_errors", answer(dossier(1), dossier(2, **changes)))
    assert {finding.rule for finding in parsed.findings} <= {"READ-RECORD", "READ-STATUS", "READ-UNIT"}
    assert [finding.severity for finding in parsed.findings] == ["critical"]
    assert len([row for row in parsed.table.to_pylist() if row["problem"]]) == 1


def test_an_empty_list_that_says_so_is_nought_for_every_unit() -> None:
    parsed = read("tandan_errors", answer())
    assert {row["unit"] for row in parsed.table.to_pylist()} == {PROVINCE.code, *(unit.code for unit in COMMUNES)}
    assert all(row[name] == 0 for row in parsed.table.to_pylist() for name in MEASURES)
    assert [(finding.rule, finding.severity) for finding in parsed.findings] == [("READ-EMPTY", "info")]
    assert "not_empty" not in parsed.proof


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ({"data": [], "totalCount": 3}, "short"),
        ({"data": []}, "misshapen"),
        ({"data": [], "totalCount": None}, "misshapen"),
        ({"data": [], "totalCount": "0"}, "misshapen"),
        ({"data": None, "totalCount": 0}, "misshapen"),
        ({"data": {}, "totalCount": 0}, "misshapen"),
        ({"totalCount": 0}, "misshapen"),
        ({}, "misshapen"),
        ([], "misshapen"),
        (b"", "empty"),
        (b"<html></html>", "login_page"),
    ],
)
def test_no_broken_answer_is_nought(body: Any, state: str) -> None:
    with pytest.raises(SourceBroken) as caught:
        read("tandan_errors", page(body))
    assert caught.value.state == state


def test_a_list_of_another_platform_is_never_empty() -> None:
    with pytest.raises(SourceBroken) as caught:
        read("tandan_errors", answer(), empty_is_zero=False)
    assert caught.value.state == "empty"
