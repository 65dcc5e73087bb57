"""Faults of pages, totals, bytes and figures over real HTTP, on every platform that can have them."""

from __future__ import annotations

import ast
import copy
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from simulator.country import Country
from simulator.faults import KINDS
from simulator.faults_reply import windows_1258
from simulator.server import SHAPES
from tests.simulator.asking import OPENCPS, PLACES, Q3, TOKEN, Portals

Record = dict[str, Any]
PAGED = {"opencps_v2": {"start": 20, "end": 40}, "tandan_06a": {"pageNumber": 2, "pageSize": 20}}


def having(kind: str) -> pytest.MarkDecorator:
    able = [platform for platform in PLACES if kind in SHAPES[platform].kinds]
    assert able
    return pytest.mark.parametrize("platform", able)


def _ask(portals: Portals, platform: str, field: str = "dat_dai", **more: Any) -> requests.Response:
    asked = {
        "opencps_v2": portals.opencps,
        "tandan_06a": lambda **body: portals.tandan(field, **body),
        "igate": lambda **query: portals.igate(field, **query),
        "bkav_axis": portals.bkav,
    }
    return asked[platform](**more)


def _rows(platform: str, answer: Any) -> list[Record]:
    rows = answer[SHAPES[platform].records] if SHAPES[platform].records else answer
    return [nested for row in rows for nested in (row, *row.get("childOrgan", ()))]


def _struck(portals: Portals, platform: str, kind: str, fault: Callable[..., None]) -> tuple[list[Record], ...]:
    before = _rows(platform, _ask(portals, platform).json())
    fault(platform, kind)
    return before, _rows(platform, _ask(portals, platform).json())


def _changed(before: list[Record], after: list[Record]) -> list[tuple[Record, Record]]:
    def bare(row: Record) -> Record:
        return {key: value for key, value in row.items() if key != "childOrgan"}

    return [(b, a) for b, a in zip(before, after, strict=True) if bare(b) != bare(a)]


@having("slow_body")
def test_slow_body_drips_and_comes_whole(platform: str, portals: Portals, fault: Callable[..., None]) -> None:
    plain = _ask(portals, platform).content
    fault(platform, "slow_body", seconds=0.5)
    started = time.monotonic()
    assert _ask(portals, platform).content == plain
    assert time.monotonic() - started >= 0.4


@having("expired")
def test_a_token_expires_during_a_pull(platform: str, portals: Portals, fault: Callable[..., None]) -> None:
    fault(platform, "expired")
    answers = [_ask(portals, platform) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 401, 401]
    assert 'error="invalid_token"' in answers[2].headers["WWW-Authenticate"]


@having("truncated_page")
def test_truncated_page(platform: str, portals: Portals, fault: Callable[..., None]) -> None:
    path = SHAPES[platform].count
    assert path
    before = _ask(portals, platform).json()
    fault(platform, "truncated_page")
    after = _ask(portals, platform).json()
    assert _rows(platform, after) == _rows(platform, before)[:-1]
    assert after[path] == before[path]


@having("repeated_page")
def test_repeated_page(platform: str, portals: Portals, fault: Callable[..., None]) -> None:
    first = {name: value - 20 if value >= 20 else 1 for name, value in PAGED[platform].items()} | (
        {"pageSize": 20} if platform == "tandan_06a" else {}
    )
    one, two = (_ask(portals, platform, **asked).json() for asked in (first, PAGED[platform]))
    assert one != two
    fault(platform, "repeated_page")
    assert _ask(portals, platform, **PAGED[platform]).json() == one
    assert _ask(portals, platform, **first).json() == one


@having("wrong_total")
def test_wrong_total(platform: str, portals: Portals, fault: Callable[..., None]) -> None:
    path = SHAPES[platform].count
    assert path
    before = _ask(portals, platform).json()
    fault(platform, "wrong_total")
    after = _ask(portals, platform).json()
    assert after == {**before, path: before[path] + 1}


@having("wrong_total_row")
def test_wrong_total_row(platform: str, portals: Portals, fault: Callable[..., None]) -> None:
    ((before, after),) = _changed(*_struck(portals, platform, "wrong_total_row", fault))
    shape = SHAPES[platform]
    assert not shape.is_detail(before)
    assert after == {**before, shape.total: before[shape.total or ""] + 1}


@having("nfd")
def test_nfd(platform: str, portals: Portals, fault: Callable[..., None]) -> None:
    before = _ask(portals, platform).text
    fault(platform, "nfd")
    after = _ask(portals, platform).content.decode()
    assert after != before
    assert unicodedata.normalize("NFC", after) == unicodedata.normalize("NFC", before)


@having("windows_1258")
def test_windows_1258(platform: str, portals: Portals, fault: Callable[..., None]) -> None:
    before = _ask(portals, platform).content.decode()
    fault(platform, "windows_1258")
    content = _ask(portals, platform).content
    with pytest.raises(UnicodeDecodeError):
        content.decode()
    assert unicodedata.normalize("NFC", content.decode("windows-1258")) == unicodedata.normalize("NFC", before)


def test_every_vietnamese_letter_has_a_place_in_the_code_page() -> None:
    letters = "ằắẳẵặầấẩẫậềếểễệồốổỗộờớởỡợừứửữựỳýỷỹỵđĐƯƠ"
    assert unicodedata.normalize("NFC", windows_1258(letters).decode("windows-1258")) == letters


@having("nested")
def test_nested(platform: str, portals: Portals, fault: Callable[..., None]) -> None:
    before, after = _struck(portals, platform, "nested", fault)
    name = SHAPES[platform].rename[0]
    assert [row[name] for row in before] == [row["chiTiet"][name] for row in after]
    assert all(name not in row for row in after)


@having("retyped")
def test_retyped(platform: str, portals: Portals, fault: Callable[..., None]) -> None:
    before, after = _struck(portals, platform, "retyped", fault)
    name = SHAPES[platform].rename[0]
    assert [str(row[name]) for row in before] == [row[name] for row in after]


@having("swapped")
def test_swapped(platform: str, portals: Portals, fault: Callable[..., None]) -> None:
    before, after = _struck(portals, platform, "swapped", fault)
    one, other = SHAPES[platform].swap or ("", "")
    assert [(row[one], row[other]) for row in before] == [(row[other], row[one]) for row in after]
    assert _changed(before, after)


@having("decimal_comma")
def test_decimal_comma(platform: str, portals: Portals, country: Country, fault: Callable[..., None]) -> None:
    fields = country.field_codes if platform in ("tandan_06a", "igate") else ("",)
    plain = [_ask(portals, platform, field).json() for field in fields]
    fault(platform, "decimal_comma")
    commas = [_ask(portals, platform, field).json() for field in fields]
    rows = [[row for answer in answers for row in _rows(platform, answer)] for answers in (plain, commas)]
    ((before, after),) = _changed(*rows)
    total = SHAPES[platform].total
    assert after == {**before, total: f"{before[total]},0"}


@having("thousands")
def test_thousands(platform: str, portals: Portals, fault: Callable[..., None]) -> None:
    before, after = _struck(portals, platform, "thousands", fault)
    for one, other in zip(before, after, strict=True):
        figures = SHAPES[platform].measures(one)
        assert {name: other[name] for name in figures} == {name: value / 1000 for name, value in figures.items()}


@having("null_for_zero")
def test_null_for_zero(platform: str, portals: Portals, fault: Callable[..., None]) -> None:
    before, after = _struck(portals, platform, "null_for_zero", fault)
    for one, other in zip(before, after, strict=True):
        figures = SHAPES[platform].measures(one)
        assert {name: other[name] for name in figures} == {name: value or None for name, value in figures.items()}


def _details(platform: str, rows: list[Record]) -> list[Record]:
    return [row for row in rows if SHAPES[platform].is_detail(row)]


@having("zero_for_null")
def test_zero_for_null(platform: str, portals: Portals, country: Country, fault: Callable[..., None]) -> None:
    before, after = (_details(platform, rows) for rows in _struck(portals, platform, "zero_for_null", fault))
    shape = SHAPES[platform]
    changed = _changed(before, after)
    assert len({shape.agency_of(after) for _, after in changed}) == 1
    assert all(any(shape.measures(before).values()) for before, _ in changed)
    assert all(not any(shape.measures(after).values()) for _, after in changed)
    if platform != "bkav_axis":
        assert shape.agency_of(changed[0][1]) == country.provinces[PLACES[platform]].communes[0]


@having("reclassified")
def test_reclassified(platform: str, portals: Portals, fault: Callable[..., None]) -> None:
    before, after = (_details(platform, rows) for rows in _struck(portals, platform, "reclassified", fault))
    shape = SHAPES[platform]
    changed = _changed(before, after)
    assert 1 <= len(changed) <= 3
    for one, other in changed:
        moved = {name: other[name] - one[name] for name in shape.measures(one) if other[name] != one[name]}
        assert moved == shape.settled


def test_reclassified_lists(portals: Portals, fault: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    days = {"tuNgay": f"{Q3.first_day:%d/%m/%Y}", "denNgay": f"{Q3.last_day:%d/%m/%Y}"}
    dossiers = ("dossier_list", "ho-so", {"batDau": 0, "ketThuc": 999_999}, {"Authorization": f"Bearer {TOKEN}"})
    documents = ("document_list", "van-ban", {"trang": 1, "soDong": 999_999}, {"X-API-Key": TOKEN})
    changed = []
    for platform, path, pages, headers in (dossiers, documents):
        address = f"{portals.url}/{platform}/{OPENCPS}/api/{path}/danh-sach"
        monkeypatch.setitem(PLACES, platform, OPENCPS)

        def listed(address: str = address, pages: Record = pages, headers: Record = headers) -> list[Record]:
            answer = portals.session.get(address, params={**days, **pages}, headers=headers, timeout=20).json()
            return answer["danhSach" if "danhSach" in answer else "vanBan"]

        before = listed()
        fault(platform, "reclassified")
        changed.append(_changed(before, listed()))
    assert [len(changes) for changes in changed] == [3, 3]
    for one, other in changed[0]:
        assert one["TrangThai"] in {2, 4, 6, 8}
        assert one["NgayKetThucXuLy"] is None
        assert other["TrangThai"] == 10
        assert f"{Q3.first_day}" <= other["NgayKetThucXuLy"][:10] <= f"{Q3.last_day}"
    assert {(one["trangThai"] in {"13", "02", "15"}, other["trangThai"]) for one, other in changed[1]} == {
        (False, "13")
    }


def test_totals_of_the_portal_follow_its_wrong_rows(portals: Portals, fault: Callable[..., None]) -> None:
    for kind in ("zero_for_null", "reclassified"):
        before, after = _struck(portals, "opencps_v2", kind, fault)
        month = [row for row in after if row["month"]]
        whole = next(row for row in month if row["system"] == row["domainCode"] == row["govAgencyCode"] is None)
        details = _details("opencps_v2", after)
        for name in SHAPES["opencps_v2"].measures(whole):
            assert whole[name] == sum(row[name] for row in details), name
        portals.session.delete(f"{portals.url}/faults/opencps_v2/{OPENCPS}", timeout=10)
        again = _rows("opencps_v2", _ask(portals, "opencps_v2").json())
        assert again == before, "what the portal keeps for the next question is not what the fault edited"


@having("date_format")
def test_date_format(platform: str, portals: Portals, fault: Callable[..., None]) -> None:
    before, after = _struck(portals, platform, "date_format", fault)
    for one, other in zip(copy.deepcopy(before), after, strict=True):
        for name in SHAPES[platform].dates:
            day, clock = one[name].split(" ")
            assert other[name] == f"{'/'.join(reversed(day.split('-')))} {clock}"


def test_a_platform_says_which_faults_it_can_have(portals: Portals) -> None:
    for platform, shape in SHAPES.items():
        answer = portals.session.get(f"{portals.url}/faults/kinds", params={"platform": platform}, timeout=10)
        assert answer.json() == {"platform": platform, "kinds": list(shape.kinds)}
    assert portals.session.get(f"{portals.url}/faults/kinds", params={"platform": "x"}, timeout=10).status_code == 404


def test_every_kind_is_tested() -> None:
    texts = {
        node.value
        for name in ("test_faults.py", "test_faults_of_replies.py")
        for node in ast.walk(ast.parse(Path(__file__).with_name(name).read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    able = {kind for platform in PLACES for kind in SHAPES[platform].kinds}
    assert able <= texts
    assert able <= set(KINDS)
