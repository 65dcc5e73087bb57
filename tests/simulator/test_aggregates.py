"""The other aggregate portals over HTTP: each in its own vocabulary, and reduced by a few lines, it says the truth."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from simulator.country import Country
from simulator.server import SHAPES
from simulator.tandan import CATALOGS
from simulator.truth import COLUMNS, SCOPE, Days, Truth
from tests.simulator.asking import Q3, TOKEN, Portals, unit_of

PROVINCE = "12"
CALENDAR = Days(dt.date(2026, 7, 1), dt.date(2026, 9, 30))
TANDAN = (
    "tongSo", "tiepNhanQuaMang", "tiepNhanTrucTiepVaBCCI", "tiepNhanKyTruoc", "daXuLyVaTraLai", "daXuLyTruocHan",
    "daXuLyDungHanVaTraLai", "daXuLyQuaHan", "dangXuLyVaBoSung", "dangXuLyTrongHanVaBoSung", "dangXuLyQuaHan",
)  # fmt: skip
"""In the order of II.06a, columns 3 to 13."""
LOGIN = {"Authorization": f"Basic {base64.b64encode(f'baocao:{TOKEN}'.encode()).decode()}"}
BROWSER = {"X-Requested-With": "XMLHttpRequest", "Referer": "https://dichvucong.gov.vn/"}
DVCQG = {
    "type": "ref", "service": "report_by_month_sum_service", "p_nam": 2026, "p_quy": 3, "p_thang": "0",
    "p_linhvuc": "dat_dai", "p_tinh_id": "11316", "pageIndex": 1, "pageSize": 500,
}  # fmt: skip


def tandan(portals: Portals, report: str, code: str = PROVINCE, **more: Any) -> requests.Response:
    asked = {"maDinhDanhCha": code, "tuNgay": f"{Q3.first_day}", "denNgay": f"{Q3.last_day}", "pageSize": 9999, **more}
    address = f"{portals.url}/tandan_{report.removeprefix('BaoCao').lower()}/{code}/BaoCaoTongHop/{report}"
    return portals.session.post(address, json=asked, timeout=20)


def dvcqg(portals: Portals, headers: dict[str, str] = BROWSER, **more: Any) -> requests.Response:
    params = {"params": json.dumps({**DVCQG, **more})}
    return portals.session.post(
        f"{portals.url}/dvcqg/{PROVINCE}/jsp/rest.jsp", data=params, headers=headers, timeout=20
    )


def egov(portals: Portals, headers: dict[str, str] = LOGIN, **more: Any) -> requests.Response:
    asked = {"donVi": PROVINCE, "linhVuc": "dat_dai", "tuNgay": "15/06/2026", "denNgay": "14/09/2026", **more}
    return portals.session.get(f"{portals.url}/egov/{PROVINCE}/bao-cao", params=asked, headers=headers, timeout=20)


ASKED = {
    "tandan_06b": lambda portals: tandan(portals, "BaoCao06b"),
    "tandan_06caccap": lambda portals: tandan(portals, "BaoCao06CacCap"),
    "tandan_07b": lambda portals: tandan(portals, "BaoCao07b"),
    "dvcqg": lambda portals: dvcqg(portals, p_linhvuc="0"),
    "egov": lambda portals: egov(portals, linhVuc=""),
    "tandan_errors": lambda portals: portals.session.get(
        f"{portals.url}/tandan_errors/{PROVINCE}/HoSoGayLoiThongKe",
        params={"tuNgay": f"{Q3.first_day}", "denNgay": f"{Q3.last_day}", "pageSize": 1000},
        timeout=20,
    ),
}


def figures(row: dict[str, Any]) -> Counter[str]:
    return Counter({name: row[column] for name, column in zip(COLUMNS, TANDAN, strict=True)})


def test_procedures_of_every_unit(portals: Portals, country: Country, truth: Truth) -> None:
    found: dict[tuple[str, str], Counter[str]] = {}
    rows = tandan(portals, "BaoCao06b").json()["data"]
    for row in rows:
        found.setdefault((unit_of(row["maDinhDanh"]), row["maThongKe"]), Counter()).update(figures(row))
    known = truth.procedures(country.provinces[PROVINCE], Q3)
    assert {key: +row for key, row in found.items()} == {(unit, code): +row for (unit, _, code), row in known.items()}
    assert {row["maDinhDanh"] for row in rows} == set(country.provinces[PROVINCE].agencies), "no unit is left out"
    fields: dict[str, Counter[str]] = {}
    for (_, tier, _), row in truth.onestop(country.provinces[PROVINCE], Q3).items():
        fields.setdefault(tier, Counter()).update(row)
    split: dict[str, Counter[str]] = {}
    for (_, tier, _), row in known.items():
        split.setdefault(tier, Counter()).update(row)
    assert split == fields, "procedures add up to what the fields add up to"


def test_pages_and_fields_of_procedures(portals: Portals) -> None:
    whole = tandan(portals, "BaoCao06b").json()
    pages = [tandan(portals, "BaoCao06b", pageNumber=number, pageSize=400).json() for number in range(1, 20)]
    assert {page["totalCount"] for page in pages} == {whole["totalCount"]} == {len(whole["data"])}
    assert [row for page in pages for row in page["data"]] == whole["data"]
    land = tandan(portals, "BaoCao06b", linhVucId="dat_dai").json()["data"]
    assert 0 < len({row["maThongKe"] for row in land}) <= 6
    assert tandan(portals, "BaoCao06b", "12", maDinhDanhCha="04").json() == {"data": [], "totalCount": 0}
    assert tandan(portals, "BaoCao06b", tuNgay="15/06/2026").status_code == 400


def test_levels_have_every_field_once(portals: Portals, truth: Truth) -> None:
    rows = tandan(portals, "BaoCao06CacCap").json()["data"]
    tiers = {CATALOGS[tier]: tier for tier in ("commune", "province")}
    found = {(tiers[row["catalog"]], row["maThongKe"]): figures(row) for row in rows}
    assert len(found) == len(rows)
    known = {(row["tier"], row["field"]): row for row in truth.form(PROVINCE, Q3)}
    assert found == {key: {name: known[key][name] for name in COLUMNS} for key in known if "all" not in key}


def test_the_scope_of_a_province(portals: Portals, truth: Truth) -> None:
    (row,) = tandan(portals, "BaoCao07b").json()["data"]
    names = {"procedures": ("tongSoTTHC", "soTTHC"), "one_stop": ("tongSoTTHCTheoCCMC", "soTTHCTaiBPMC")}
    names["processes"] = ("tongSoQuyTrinh", "soQuyTrinh")
    found = {}
    for name, (total, part) in names.items():
        found[f"{name}_total"] = row[total]
        for level, suffix in (("province", "CapTinh"), ("district", "CapHuyen"), ("commune", "CapXa")):
            found[f"{name}_{level}"] = row[part + suffix]
        assert row[total] == sum(row[part + suffix] for suffix in ("CapTinh", "CapHuyen", "CapXa")) > 0
        assert row[part + "CapHuyen"] == 0
    assert row["tongSoTTHCTheoCCMC"] < row["tongSoTTHC"]
    assert [{key: value for key, value in one.items() if key != "tier"} for one in truth.scope(PROVINCE, Q3)] == [
        found
    ] * 2
    provinces = [truth.scope(code, Q3)[0] for code in truth.country.provinces]
    for name in SCOPE:
        assert truth.scope("VN", Q3)[0][f"{name}_total"] == sum(int(one[f"{name}_total"]) for one in provinces)


def test_dvcqg_writes_texts_of_calendar_quarters(portals: Portals, country: Country, truth: Truth) -> None:
    rows = dvcqg(portals).json()
    assert {type(value) for row in rows for value in row.values()} == {str}
    assert {row["GDTT_TOTAL"] for row in rows} == {""}
    known = truth.form(PROVINCE, CALENDAR)
    (expected,) = [row for row in known if (row["tier"], row["field"]) == ("all", "dat_dai")]
    added = {
        name: sum(int(row[name]) for row in rows)
        for name in rows[0]
        if name[:3] in ("TNT", "TNK", "HTN", "HTD", "HTQ", "DXL")
    }
    assert added["TNTK_TOTAL"] + added["TNKTCS_TOTAL"] == expected["received_total"]
    assert added["HTN_TRUCTUYEN"] + added["HTN_TRUCTUYEN_KHONGCHUAN"] == expected["received_online"]
    assert added["HTN_TRUCTIEP"] + added["HTN_BUUCHINH"] == expected["received_direct_postal"]
    assert added["HTDH"] == expected["resolved_early"] + expected["resolved_on_time"]
    assert (added["HTQH"], added["DXLTH"], added["DXLQH"]) == (
        *(expected["resolved_overdue"], expected["pending_in_time"], expected["pending_overdue"]),
    )
    assert {row["TEN"] for row in rows} == {
        country.agency_name(agency, CALENDAR.last_day) for agency in country.provinces[PROVINCE].agencies
    }
    months = [
        sum(int(row["TNTK_TOTAL"]) for row in dvcqg(portals, p_quy=0, p_thang=month).json()) for month in (7, 8, 9)
    ]
    assert sum(months) == added["TNTK_TOTAL"]
    pages = [dvcqg(portals, pageIndex=number, pageSize=50).json() for number in range(1, 6)]
    assert [row for page in pages for row in page] == rows


@pytest.mark.parametrize("missing", sorted(BROWSER))
def test_dvcqg_demands_the_headers_of_its_dashboard(portals: Portals, missing: str) -> None:
    assert dvcqg(portals, {name: value for name, value in BROWSER.items() if name != missing}).status_code == 403


def test_dvcqg_refuses_what_it_does_not_know(portals: Portals) -> None:
    assert dvcqg(portals, p_tinh_id="1").json() == []
    for asked in ({"service": "x"}, {"p_quy": 5}, {"p_nam": "năm nay"}, {"p_linhvuc": "x"}, {"pageIndex": 0}):
        assert dvcqg(portals, **asked).status_code == 400
    address = f"{portals.url}/dvcqg/{PROVINCE}/jsp/rest.jsp"
    for body in ("", "params=x", "params=[]", "x=1"):
        assert portals.session.post(address, data=body, headers=BROWSER, timeout=20).status_code == 400


def test_egov_asks_for_a_password_and_has_no_channels(portals: Portals, truth: Truth) -> None:
    wrong = {"Authorization": f"Basic {base64.b64encode(b'baocao:x').decode()}"}
    for headers in ({}, wrong, {"Authorization": f"Bearer {TOKEN}"}):
        refused = egov(portals, headers)
        assert (refused.status_code, refused.headers["WWW-Authenticate"][:5]) == (401, "Basic")
    rows = egov(portals).json()
    (expected,) = [row for row in truth.form(PROVINCE, Q3) if (row["tier"], row["field"]) == ("all", "dat_dai")]
    columns = {"TONGNHAN": "received_total", "TONDAU": "carried_over", "TONGDAGIAIQUYET": "resolved_total"}
    columns |= {"SOM": "resolved_early", "DUNG": "resolved_on_time", "TRE": "resolved_overdue"}
    columns |= {"TONGDANGGIAIQUYET": "pending_total", "CHUADENHAN": "pending_in_time", "QUAHAN": "pending_overdue"}
    assert {name: sum(row[column] for row in rows) for column, name in columns.items()} == {
        name: expected[name] for name in columns.values()
    }
    assert all(row["TONGNHAN"] == row["TIEPNHAN"] + row["TONDAU"] for row in rows)
    assert egov(portals, donVi="04").json() == []
    assert egov(portals, tuNgay="2026-06-15").status_code == 400


def test_the_truth_of_any_days(portals: Portals, truth: Truth) -> None:
    def asked(**query: str) -> requests.Response:
        return portals.session.get(f"{portals.url}/truth/II.06a", params={"unit": PROVINCE, **query}, timeout=20)

    days = asked(first=f"{CALENDAR.first_day}", last=f"{CALENDAR.last_day}").json()["rows"]
    assert days == truth.form(PROVINCE, CALENDAR)
    period = asked(period=Q3.key).json()["rows"]
    assert asked(first=f"{Q3.first_day}", last=f"{Q3.last_day}").json()["rows"] == period != days
    assert [asked(**wrong).status_code for wrong in ({}, {"first": "2026-07-01"}, {"period": "x"})] == [400] * 3
    for form, rows in (("II.06b", truth.by_procedure(PROVINCE, Q3)), ("II.07b", truth.scope(PROVINCE, Q3))):
        answer = portals.session.get(
            f"{portals.url}/truth/{form}", params={"unit": PROVINCE, "period": Q3.key}, timeout=20
        )
        assert answer.json()["rows"] == rows


@pytest.fixture
def sound(portals: Portals) -> Iterator[dict[str, bytes]]:
    """What each portal says without a fault; faults are taken back."""
    yield {platform: ask(portals).content for platform, ask in ASKED.items()}
    for platform in ASKED:
        assert portals.session.delete(f"{portals.url}/faults/{platform}/{PROVINCE}", timeout=10).status_code == 204


def test_every_fault_of_the_data_changes_the_answer(portals: Portals, sound: dict[str, bytes]) -> None:
    for platform, ask in ASKED.items():
        for kind in SHAPES[platform].kinds:
            if kind in ("slow", "slow_body", "reset", "nfd", "windows_1258", "repeated_page", "endless"):
                continue  # those are of the line, or need another page
            address = f"{portals.url}/faults/{platform}/{PROVINCE}"
            assert portals.session.put(address, json={"kind": kind}, timeout=10).status_code == 200
            answer = ask(portals)
            assert answer.content != sound[platform], (platform, kind)
            portals.session.delete(address, timeout=10)
        assert ask(portals).content == sound[platform]
