"""How the tests ask the four platforms, each in its own way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import requests

from etl.periods import Period
from simulator.country import Country
from simulator.truth import Truth

Record = dict[str, Any]
SEED, SCALE, TOKEN = 2026, 0.05, "a-token-of-these-tests"
Q3 = Period.parse("2026-Q3")
OPENCPS, TANDAN, IGATE, BKAV = "04", "08", "11", "46"
"""The province each platform is asked about."""
PLACES = {"opencps_v2": OPENCPS, "tandan_06a": TANDAN, "igate": IGATE, "bkav_axis": BKAV}


@dataclass
class Portals:
    url: str
    session: requests.Session

    def opencps(self, code: str = OPENCPS, period: Period = Q3, **query: Any) -> requests.Response:
        asked = {
            "fromStatisticDate": period.first_day.strftime("%d/%m/%Y"),
            "toStatisticDate": period.last_day.strftime("%d/%m/%Y"),
            **query,
        }
        return self._get(f"opencps_v2/{code}/o/secure/rest/statistics", asked, {"groupId": f"{code}0001"})

    def tandan(self, field: str, code: str = TANDAN, period: Period = Q3, **body: Any) -> requests.Response:
        asked = {
            "maDinhDanhCha": code,
            "catalog": "",
            "tuNgay": period.first_day.isoformat(),
            "denNgay": period.last_day.isoformat(),
            "linhVucId": field,
            "chiBaoGomDonViCon": True,
            "pageNumber": 1,
            "pageSize": 500,
            **body,
        }
        return self.session.post(f"{self.url}/tandan_06a/{code}/BaoCaoTongHop/BaoCao06a", json=asked, timeout=20)

    def igate(self, field: str, code: str = IGATE, token: str | None = TOKEN, **query: Any) -> requests.Response:
        asked = {
            "agency-id": code,
            "from-date": "2026-06-14T17:00:00.000Z",
            "to-date": "2026-09-14T16:59:59.999Z",
            "sector-id": field,
            "hide-agency-no-dossier": "true",
            **query,
        }
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self._get(f"igate/{code}/pa/dossier-statistic/--statistic-agency-kgg", asked, headers)

    def bkav(self, code: str = BKAV, period: Period = Q3, **query: Any) -> requests.Response:
        asked = {
            "fromDate": period.first_day.strftime("%d/%m/%Y"),
            "toDate": period.last_day.strftime("%d/%m/%Y"),
            "keyword": "",
            **query,
        }
        return self._get(f"bkav_axis/{code}/public/-/stat/detail", asked, {})

    def _get(self, path: str, query: dict[str, Any], headers: dict[str, str]) -> requests.Response:
        return self.session.get(f"{self.url}/{path}", params=query, headers=headers, timeout=20)


def assert_truth(
    found: dict[tuple[str, str], Counter[str]], country: Country, truth: Truth, code: str, period: Period
) -> None:
    """Departments' and communes' rows by (unit, field) against the truth, zeros put aside."""
    known = {(unit, field): row for (unit, _, field), row in truth.onestop(country.provinces[code], period).items()}
    assert {key: +row for key, row in found.items() if row["received_total"]} == {k: +row for k, row in known.items()}
    assert len(known) > 100


def unit_of(agency: str) -> str:
    return agency.split(".")[0]
