"""Each portal over HTTP, in its own vocabulary; reduced by a few independent lines, it says the truth."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from etl.periods import Period
from etl.units import name_key
from simulator.__main__ import main
from simulator.country import Country
from simulator.server import create_app
from simulator.truth import COLUMNS, Truth
from tests.simulator.asking import (
    BKAV,
    IGATE,
    OPENCPS,
    Q3,
    SCALE,
    SEED,
    TANDAN,
    TOKEN,
    Portals,
    Record,
    assert_truth,
    unit_of,
)


def _rows(portals: Portals, unit: str, period: Period = Q3, form: str = "II.06a") -> list[Record]:
    answer = portals.session.get(f"{portals.url}/truth/{form}", params={"unit": unit, "period": period.key}, timeout=60)
    return answer.json()["rows"]


def _pull_tandan(portals: Portals, country: Country, period: Period, **body: Any) -> Iterator[tuple[str, list[Record]]]:
    for field in country.field_codes:
        yield field, portals.tandan(field, period=period, **body).json()["data"]


_TANDAN = (
    "tongSo", "tiepNhanQuaMang", "tiepNhanTrucTiepVaBCCI", "tiepNhanKyTruoc", "daXuLyVaTraLai", "daXuLyTruocHan",
    "daXuLyDungHanVaTraLai", "daXuLyQuaHan", "dangXuLyVaBoSung", "dangXuLyTrongHanVaBoSung", "dangXuLyQuaHan",
)  # fmt: skip


@pytest.mark.parametrize("key", ["2026-Q3", "2026-Q2"])
def test_tandan_says_the_truth(key: str, portals: Portals, country: Country, truth: Truth) -> None:
    period = Period.parse(key)
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for field, records in _pull_tandan(portals, country, period):
        for r in records:
            found[unit_of(r["maThongKe"]), field].update(
                {ours: r[theirs] for ours, theirs in zip(COLUMNS, _TANDAN, strict=True)}
            )
    assert_truth(found, country, truth, TANDAN, period)


def test_tandan_gives_idle_units_with_zeros_and_honours_catalog_and_paging(portals: Portals, country: Country) -> None:
    province = country.provinces[TANDAN]
    whole = portals.tandan("dat_dai").json()
    assert [r["maThongKe"] for r in whole["data"]] == list(province.agencies)
    assert whole["totalCount"] == len(province.agencies)
    idle = [r for r in whole["data"] if not any(r[name] for name in _TANDAN)]
    assert len(idle) >= 13
    pages = [portals.tandan("dat_dai", pageNumber=page, pageSize=50).json() for page in (1, 2, 3, 4)]
    assert [r for page in pages for r in page["data"]] == whole["data"]
    assert {page["totalCount"] for page in pages} == {whole["totalCount"]}
    communes = portals.tandan("dat_dai", catalog="xa-phuong").json()["data"]
    assert [r["maThongKe"] for r in communes] == list(province.communes)
    everything = portals.tandan("").json()["data"][0]
    parts = [portals.tandan(field).json()["data"][0] for field in country.field_codes]
    assert everything["tongSo"] == sum(part["tongSo"] for part in parts) > 0
    assert portals.tandan("dat_dai", maDinhDanhCha="99").json() == {"data": [], "totalCount": 0}


def test_igate_says_the_truth(portals: Portals, country: Country, truth: Truth) -> None:
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for field in country.field_codes:
        for r in portals.igate(field).json():
            assert r["received"] == r["receivedOnline"] + r["receivedDirect"]
            assert r["agency"]["name"].startswith(("UBND ", "Sở "))
            figures = (
                r["received"] + r["receivedOld"], r["receivedOnline"], r["receivedDirect"], r["receivedOld"],
                r["resolved"], r["resolvedEarly"], r["resolvedOnTime"], r["resolvedOverdue"],
                r["unresolved"], r["unresolvedOnTime"], r["unresolvedOverdue"],
            )  # fmt: skip
            found[unit_of(r["agency"]["code"]), field].update(dict(zip(COLUMNS, figures, strict=True)))
    assert_truth(found, country, truth, IGATE, Q3)


def test_igate_takes_instants_to_the_letter(portals: Portals, country: Country) -> None:
    def received(first: str, last: str) -> int:
        answer = portals.igate("", "79", **{"from-date": first, "to-date": last}).json()
        return sum(r["received"] for r in answer)

    whole = received("2026-06-14T17:00:00.000Z", "2026-09-14T16:59:59.999Z")
    halves = [
        received("2026-06-14T17:00:00.000Z", "2026-08-03T05:43:20.999Z"),
        received("2026-08-03T05:43:21.000Z", "2026-09-14T16:59:59.999Z"),
    ]
    assert sum(halves) == whole
    assert min(halves) > 0
    utc_dates = received("2026-06-15T00:00:00.000Z", "2026-09-14T23:59:59.999Z")
    assert utc_dates != whole, "local dates taken for UTC would go unnoticed"


def test_igate_hides_idle_agencies_when_asked_to(portals: Portals, country: Country) -> None:
    field = "duong_bo"  # handled by one department alone
    assert [r["agency"]["code"] for r in portals.igate(field).json()] == [f"{IGATE}.06"]
    shown = portals.igate(field, **{"hide-agency-no-dossier": "false"}).json()
    assert len(shown) == len(country.provinces[IGATE].agencies)


@pytest.mark.parametrize("token", [None, "wrong"])
def test_igate_asks_for_the_token(token: str | None, portals: Portals) -> None:
    assert portals.igate("ho_tich", token=token).status_code == 401
    assert portals.igate("ho_tich", token=TOKEN).status_code == 200


def _flat(records: list[Record]) -> Iterator[Record]:
    for record in records:
        yield record
        yield from _flat(record["childOrgan"])


@pytest.mark.parametrize("key", ["2026-Q3", "2026-M08"])
def test_bkav_says_the_truth(key: str, portals: Portals, country: Country, truth: Truth) -> None:
    period = Period.parse(key)
    names = {name_key(country.agency_name(code, period.last_day)): code for code in country.provinces[BKAV].communes}
    once: dict[str, Record] = {}
    for r in _flat(portals.bkav(period=period).json()):
        assert r["total"] == r["sent"] + r["received"]
        first = once.setdefault(r["organDomain"], r)
        assert (first["sent"], first["received"]) == (r["sent"], r["received"])
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for domain, r in once.items():
        if not domain.startswith("A"):
            code = names.get(name_key(r["organName"]))
            key = (code, "commune") if code else (BKAV, "province")
            found[key].update({"sent": r["sent"], "received": r["received"]})
    whole = truth.edoc(country.provinces[BKAV], period).items()
    assert found == {place: Counter(sent=row["sent"], received=row["received"]) for place, row in whole}
    assert len(found) == len(names) + 1


def test_bkav_quirks_are_all_there(portals: Portals) -> None:
    answer = portals.bkav().json()
    rows = list(_flat(answer))
    assert answer[0]["organName"].replace("oà", "òa") in (
        "UBND thành phố Huế",
        unicodedata.normalize("NFD", "UBND thành phố Huế"),
    )
    assert len(answer[0]["childOrgan"]) > 40
    assert answer[0]["sent"] < sum(r["sent"] for r in _flat(answer[0]["childOrgan"])), "a parent without its children"
    times = defaultdict(list)
    for r in rows:
        times[r["organDomain"]].append(r["lastUpdate"])
    repeated = [stamps for stamps in times.values() if len(stamps) > 1]
    assert repeated
    for stamps in repeated:
        assert len(set(stamps)) == len(stamps)
        assert {stamp[:10] for stamp in stamps} == {"2026-09-15"}
    assert any(r["organDomain"].startswith("A") for r in rows)
    names = [r["organName"] for r in rows]
    assert any(unicodedata.normalize("NFC", name) != name for name in names)
    assert any("oà" in name or "uỷ" in name for name in names)
    kept = [r for r in rows if not r["organDomain"].startswith("A")]
    assert sum(r["received"] for r in kept) >= sum(r["sent"] for r in kept)
    found = portals.bkav(keyword="sở y tế").json()
    assert {r["organDomain"][:9] for r in found} == {"000.00.12"}


def test_names_follow_the_day(portals: Portals) -> None:
    """Quảng Ninh became a city on 1 September 2026."""
    before = portals.bkav("22", Period.parse("2026-Q2")).json()[0]["organName"]
    after = portals.bkav("22", Q3).json()[0]["organName"]
    assert name_key(before) == name_key("UBND tỉnh Quảng Ninh")
    assert name_key(after) == name_key("UBND thành phố Quảng Ninh")


def test_wrong_requests_are_refused(portals: Portals) -> None:
    refused = [
        portals.opencps(fromStatisticDate="2026-06-15"),
        portals.opencps(toStatisticDate="31/02/2026"),
        portals.opencps(toStatisticDate="14/06/2026"),
        portals.opencps(start="-1"),
        portals.session.get(f"{portals.url}/opencps_v2/04/o/secure/rest/statistics", timeout=10),
        portals.tandan("ho_tich", tuNgay="15/06/2026"),
        portals.tandan("ho_tich", denNgay=None),
        portals.tandan("HO_TICH"),
        portals.tandan("ho_tich", pageNumber=0),
        portals.session.post(f"{portals.url}/tandan_06a/08/BaoCaoTongHop/BaoCao06a", data=b"tuNgay=1", timeout=10),
        portals.igate("ho_tich", **{"from-date": "2026-06-15"}),
        portals.igate("ho_tich", **{"to-date": "2026-09-14T23:59:59.999+07:00"}),
        portals.igate("khong_co"),
        portals.bkav(fromDate="2026-06-15"),
    ]
    assert [answer.status_code for answer in refused] == [400] * len(refused)
    assert portals.opencps("99").status_code == 404


def test_the_truth_can_be_asked_for(portals: Portals, country: Country, truth: Truth) -> None:
    assert _rows(portals, OPENCPS) == truth.form(OPENCPS, Q3)
    commune = country.provinces[OPENCPS].communes[3]
    assert {(row["tier"]) for row in _rows(portals, commune)} == {"commune", "all"}
    assert _rows(portals, BKAV, form="edoc") == truth.exchange(BKAV, Q3)
    nation = {(row["tier"], row["field"]): row for row in _rows(portals, "VN")}
    assert len(nation) == 3 * 17
    assert nation["all", "all"]["received_total"] > 100_000 * SCALE / 0.05 * 0.9
    for unit, period, status in (("98", "2026-Q3", 404), ("VN", "2026-Q5", 400)):
        query = {"unit": unit, "period": period}
        assert portals.session.get(f"{portals.url}/truth/II.06a", params=query, timeout=10).status_code == status


def test_any_province_answers_on_any_platform(portals: Portals) -> None:
    assert portals.igate("ho_tich", code=OPENCPS).json()
    assert portals.opencps(TANDAN).json()["total"] > 0
    assert portals.tandan("ho_tich", code=IGATE).json()["data"]


def test_health_and_the_token_that_is_needed(portals: Portals) -> None:
    assert portals.session.get(f"{portals.url}/health", timeout=10).json() == {
        "status": "ok",
        "seed": SEED,
        "scale": SCALE,
    }
    with pytest.raises(ValueError, match="token"):
        create_app(SEED, SCALE, "")


def test_the_command_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BAOCAO_SIMULATOR_TOKEN", raising=False)
    answer = CliRunner().invoke(main, ["--port", "0"])
    assert (answer.exit_code, "BAOCAO_SIMULATOR_TOKEN" in answer.output) == (1, True)
    for fault in ("igate/11=dwon", "vnpt/11=down", "igate=down"):
        answer = CliRunner().invoke(main, ["--port", "0", "--fault", fault])
        assert answer.exit_code == 2
