"""Every fault over real HTTP: it does what it says to its one portal, and nothing once it is taken back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from simulator.country import Country
from tests.simulator.asking import OPENCPS, PLACES, TANDAN, Portals

Record = dict[str, Any]
AGENCY = {"opencps_v2": "govAgencyCode", "tandan_06a": "maThongKe", "bkav_axis": "organName"}
TOTAL = {"opencps_v2": "processCount", "tandan_06a": "tongSo", "igate": "received", "bkav_axis": "total"}
platforms = pytest.mark.parametrize("platform", list(PLACES))


def _ask(portals: Portals, platform: str, field: str = "ho_tich") -> requests.Response:
    match platform:
        case "opencps_v2":
            return portals.opencps()
        case "tandan_06a":
            return portals.tandan(field)
        case "igate":
            return portals.igate(field)
        case _:
            return portals.bkav()


def _records(portals: Portals, platform: str, country: Country) -> list[Record]:
    """Every record of the source, those of all fields together."""
    if platform == "opencps_v2":
        return portals.opencps().json()["dossierStatisticData"]
    if platform == "bkav_axis":
        return list(_flat(portals.bkav().json()))
    answers = [_ask(portals, platform, field).json() for field in country.field_codes]
    return [r for answer in answers for r in (answer["data"] if platform == "tandan_06a" else answer)]


def _flat(records: list[Record]) -> Iterator[Record]:
    for record in records:
        yield record
        yield from _flat(record["childOrgan"])


def _agency(platform: str, record: Record) -> str:
    return record["agency"]["code"] if platform == "igate" else record[AGENCY[platform]]


@platforms
@pytest.mark.parametrize(("kind", "status"), [("down", 503), ("unauthorized", 401), ("throttled", 429), ("error", 500)])
def test_statuses(platform: str, kind: str, status: int, portals: Portals, fault: Callable[..., None]) -> None:
    fault(platform, kind)
    answer = _ask(portals, platform)
    assert answer.status_code == status
    assert answer.headers.get("Retry-After") == ("1" if kind == "throttled" else None)


def test_a_fault_is_of_one_portal_until_it_is_taken_back(portals: Portals, fault: Callable[..., None]) -> None:
    fault("opencps_v2", "down")
    assert portals.opencps(TANDAN).status_code == 200
    assert portals.bkav(OPENCPS).status_code == 200
    listed = portals.session.get(f"{portals.url}/faults", timeout=10).json()
    assert listed[f"opencps_v2/{OPENCPS}"]["kind"] == "down"
    address = f"{portals.url}/faults/opencps_v2/{OPENCPS}"
    portals.session.delete(address, timeout=10)
    assert portals.opencps().status_code == 200


def test_a_fault_can_be_set_at_the_start(portals: Portals) -> None:
    assert portals.igate("ho_tich", code="96").status_code == 503


def test_unknown_faults_and_places_are_refused(portals: Portals) -> None:
    for path, body, status in (
        ("igate/11", {"kind": "dwon"}, 400),
        ("igate/11", {}, 400),
        ("igate/97", {"kind": "down"}, 404),
        ("vnpt/11", {"kind": "down"}, 404),
        ("igate/11", {"kind": "repeated_page"}, 400),
        ("bkav_axis/46", {"kind": "reclassified"}, 400),
    ):
        assert portals.session.put(f"{portals.url}/faults/{path}", json=body, timeout=10).status_code == status


@platforms
def test_slow(platform: str, portals: Portals, fault: Callable[..., None]) -> None:
    plain = _ask(portals, platform).content
    fault(platform, "slow", seconds=0.3)
    answer = _ask(portals, platform)
    assert answer.elapsed.total_seconds() >= 0.3
    assert answer.content == plain
    fault(platform, "slow")
    url, method, body = answer.request.url, answer.request.method, answer.request.body
    with pytest.raises(requests.ReadTimeout):
        portals.session.request(method, url, data=body, headers={**answer.request.headers}, timeout=0.3)


@platforms
def test_reset(platform: str, portals: Portals, fault: Callable[..., None]) -> None:
    fault(platform, "reset")
    with pytest.raises(requests.ConnectionError):
        _ask(portals, platform)


@platforms
def test_html(platform: str, portals: Portals, fault: Callable[..., None]) -> None:
    fault(platform, "html")
    answer = _ask(portals, platform)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "Đăng nhập" in answer.text


@platforms
def test_truncated(platform: str, portals: Portals, fault: Callable[..., None]) -> None:
    plain = _ask(portals, platform).content
    fault(platform, "truncated")
    answer = _ask(portals, platform)
    assert answer.status_code == 200
    assert answer.content == plain[: len(plain) // 2]
    with pytest.raises(json.JSONDecodeError):
        answer.json()


@platforms
def test_empty(platform: str, portals: Portals, country: Country, fault: Callable[..., None]) -> None:
    fault(platform, "empty")
    assert _ask(portals, platform).status_code == 200
    assert _records(portals, platform, country) == []
    if platform in ("opencps_v2", "tandan_06a"):
        assert 0 in _ask(portals, platform).json().values(), "the declared total is zero as well"


@platforms
def test_renamed(platform: str, portals: Portals, country: Country, fault: Callable[..., None]) -> None:
    before = _records(portals, platform, country)
    fault(platform, "renamed")
    after = _records(portals, platform, country)
    gone, new = set(before[0]) - set(after[0]), set(after[0]) - set(before[0])
    assert len(gone) == len(new) == 1
    assert [r[gone.copy().pop()] for r in before] == [r[new.copy().pop()] for r in after]


@platforms
def test_extra_column(platform: str, portals: Portals, country: Country, fault: Callable[..., None]) -> None:
    before = _records(portals, platform, country)
    fault(platform, "extra_column")
    after = _records(portals, platform, country)
    (extra,) = set(after[0]) - set(before[0])
    if platform != "bkav_axis":
        assert [{key: value for key, value in r.items() if key != extra} for r in after] == before
    assert all(extra in r for r in after)


@platforms
def test_identity(platform: str, portals: Portals, country: Country, fault: Callable[..., None]) -> None:
    before = _records(portals, platform, country)
    fault(platform, "identity")
    after = _records(portals, platform, country)
    total = TOTAL[platform]
    (pair,) = [(b, a) for b, a in zip(before, after, strict=True) if b[total] != a[total]]
    assert pair[1][total] == pair[0][total] + 1
    commune = country.provinces[PLACES[platform]].communes[0]
    if platform == "bkav_axis":
        assert pair[0]["organDomain"].split(".")[1] == "20"
    else:
        assert _agency(platform, pair[0]) == commune
    if platform == "opencps_v2":
        assert all(pair[0][key] for key in ("month", "govAgencyCode", "domainCode", "groupAgencyCode", "system"))
    _assert_untouched_after(portals, platform, country, before)


def _assert_untouched_after(portals: Portals, platform: str, country: Country, before: list[Record]) -> None:
    """What the portal keeps for the next question is not what the fault edited."""
    portals.session.delete(f"{portals.url}/faults/{platform}/{PLACES[platform]}", timeout=10)
    assert _records(portals, platform, country) == before


@platforms
def test_text_number(platform: str, portals: Portals, country: Country, fault: Callable[..., None]) -> None:
    fault(platform, "text_number")
    texts = [r for r in _records(portals, platform, country) if "1.234" in r.values()]
    assert len(texts) == 1
    assert texts[0][TOTAL[platform]] == "1.234"


@platforms
def test_missing_unit(platform: str, portals: Portals, country: Country, fault: Callable[..., None]) -> None:
    before = _records(portals, platform, country)
    fault(platform, "missing_unit")
    after = _records(portals, platform, country)
    gone = {_agency(platform, r) for r in before if _agency(platform, r)} - {_agency(platform, r) for r in after}
    assert len(gone) == 1
    if platform != "bkav_axis":
        assert gone == {country.provinces[PLACES[platform]].communes[0]}
        assert after == [r for r in before if _agency(platform, r) not in gone]
    answer = _ask(portals, platform).json()
    if platform == "opencps_v2":
        assert answer["total"] == len(answer["dossierStatisticData"])
    if platform == "tandan_06a":
        assert answer["totalCount"] == len(answer["data"]) == len(country.provinces[TANDAN].agencies) - 1


@platforms
def test_unknown_unit(platform: str, portals: Portals, country: Country, fault: Callable[..., None]) -> None:
    before = {_agency(platform, r) for r in _records(portals, platform, country)}
    fault(platform, "unknown_unit")
    after = {_agency(platform, r) for r in _records(portals, platform, country)}
    assert after - before == {"UBND xã Không Có Trong Danh Mục" if platform == "bkav_axis" else "99999"}
    assert len(before - after) == 1
