"""Who sees and does what: nobody without a login, a unit account its own subtree, decisions by the reviewer alone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from etl import pipeline
from etl.console.writes import token
from tests.console.people import PERIOD, UNIT_ACCOUNT
from tests.console.places import OF_A_UNIT, WRITES, address, routes

Browse = Callable[..., TestClient]
SECRET = "a secret of this test"


def _asked(client: TestClient, app: FastAPI, name: str, methods: set[str], unit: str = "04") -> int:
    path = address(app, name, unit)
    return int((client.post(path) if "POST" in methods else client.get(path)).status_code)


def test_without_a_login_every_page_is_401_and_the_assets_are_open(app: FastAPI, browse: Browse) -> None:
    client = browse()
    assert len(routes(app)) >= 12
    for name, methods in routes(app).items():
        assert _asked(client, app, name, methods) == 401, name
    assert client.get("/static/console.css").status_code == 200
    assert client.get("/quality?severity=fatal").status_code == 401, "who is not logged in learns nothing of an address"


def test_whoever_has_no_right_and_no_unit_is_403_everywhere(app: FastAPI, browse: Browse) -> None:
    client = browse("stranger")
    for name, methods in routes(app).items():
        assert _asked(client, app, name, methods) == 403, name


@pytest.mark.parametrize("person", ["viewer", "data_engineer", UNIT_ACCOUNT])
def test_only_a_reviewer_decides(app: FastAPI, browse: Browse, person: str) -> None:
    client = browse(person)
    for name in WRITES:
        answer = client.post(address(app, name), data={"csrf": token(SECRET, person), "reason": "không"})
        assert answer.status_code == 403
    assert 'name="csrf"' not in client.get("/restatements/1").text


def test_a_unit_account_reads_its_own_subtree(app: FastAPI, browse: Browse) -> None:
    client = browse(UNIT_ACCOUNT)
    for name in ("overview", "sources", "quality", "quarantine", "units", "restatements", *OF_A_UNIT):
        assert _asked(client, app, name, {"GET"}) == 200, name
    commune = next(unit["code"] for unit in pipeline.units("2026-09-14") if unit["parent"] == "04")
    assert client.get(f"/unit/{commune}").status_code == 200


@pytest.mark.parametrize("unit", ["11", "46", "VN", "01"])
def test_of_other_units_a_unit_account_learns_nothing(app: FastAPI, browse: Browse, unit: str) -> None:
    client = browse(UNIT_ACCOUNT)
    for name in OF_A_UNIT:
        assert _asked(client, app, name, {"GET"}, unit) == 404, name
    for page in ("/quality", "/quality/report", "/quality/report.csv"):
        assert client.get(page, params={"unit": unit}).status_code == 404
        assert client.get(page, params={"source": "igate_46"}).text.count("Huế") == 0
    assert client.get("/forms", params={"unit": unit}).status_code == 404
    commune = next((one["code"] for one in pipeline.units("2026-09-14") if one["parent"] == unit), None)
    if commune is not None:
        assert client.get(f"/unit/{commune}").status_code == 404


def test_lists_of_a_unit_account_hold_its_own_alone(browse: Browse) -> None:
    client, everything = browse(UNIT_ACCOUNT), browse("viewer")
    for path in (
        "/",
        "/sources",
        "/quality",
        "/quality/report",
        "/quarantine",
        "/units",
        "/units?q=phuong",
        "/restatements",
    ):
        mine, all_of_it = client.get(path).text, everything.get(path).text
        for name in ("Huế", "Điện Biên", "igate_46", "igate_11", "Phú Xuân", "Hà Nội", "/restatements/1"):
            assert name not in mine, (path, name)
        assert len(mine) < len(all_of_it), path
    assert client.get("/restatements/1").status_code == 404, "it touches other units"


def test_a_unit_account_sees_no_row_of_another_unit_under_its_cells(browse: Browse) -> None:
    page = browse(UNIT_ACCOUNT).get(f"/form/{PERIOD}/II.06a/04/issue/1/cell/C11").text
    assert set(re.findall(r"igate_\d\d", page)) == {"igate_04"}


def test_a_write_needs_the_token_of_its_own_reader(app: FastAPI, browse: Browse) -> None:
    client, path = browse("reviewer"), address(app, "reject")
    for csrf in ("", "made-up", token(SECRET, "viewer"), token("another secret", "reviewer")):
        assert client.post(path, data={"csrf": csrf, "reason": "không"}).status_code == 403
    good = {"csrf": token(SECRET, "reviewer"), "reason": "không"}
    assert client.post(path, data=good, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert [one["state"] for one in pipeline.restatements(predicted=False)] == ["waiting"]


def test_a_reviewer_rejects_with_a_reason_and_the_decision_is_kept(browse: Browse) -> None:
    client = browse("reviewer")
    assert "Duyệt thay đổi của Quý II năm 2026, đã công bố:" in client.get("/").text
    page = client.get("/restatements/1").text
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    assert csrf is not None
    without = client.post("/restatements/1/reject", data={"csrf": csrf[1], "reason": "  "})
    assert without.status_code == 400
    assert "Bác thì phải nói lý do." in without.text
    done = client.post("/restatements/1/reject", data={"csrf": csrf[1], "reason": "chưa có văn bản"})
    assert done.status_code == 303
    decided = pipeline.restatements(predicted=False)[0]
    assert decided["state"] == "rejected"
    assert (decided["decided_by"], decided["decided_reason"]) == ("reviewer", "chưa có văn bản")
    assert "đã bác" in client.get(done.headers["location"]).text
    assert client.post("/restatements/1/approve", data={"csrf": csrf[1]}).status_code == 409
