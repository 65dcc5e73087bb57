"""What is asked of a portal over real HTTP, and with which credential."""

from __future__ import annotations

import gzip
import json
import os
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from etl.errors import SettingsError, SourceBroken, SourceRefused
from etl.model import Parameter, Request
from tests.connectors.loopback_portal import Asked, Portal, Reply, as_json
from tests.connectors.pulling import PLATFORMS, SECRET, collect, paged, source_of

# --- what is asked ------------------------------------------------------------------------------


def test_opencps_is_asked_by_offset_until_its_total(portal: Portal) -> None:
    def reply(asked: Asked) -> Reply:
        rows = list(range(int(asked.query["start"]), min(int(asked.query["end"]), 1203)))
        return as_json({"total": 1203, "dossierStatisticData": rows})

    portal.reply = reply
    responses = collect(portal, PLATFORMS["opencps_v2"], source=source_of("opencps_v2", headers={"groupId": "040001"}))
    assert [asked.query for asked in portal.asked] == [
        {"fromStatisticDate": "15/06/2026", "toStatisticDate": "14/09/2026", "start": start, "end": end}
        for start, end in (("0", "500"), ("500", "1000"), ("1000", "1500"))
    ]
    assert {asked.path for asked in portal.asked} == {"/x/04/o/secure/rest/statistics"}
    assert {asked.headers["groupId"] for asked in portal.asked} == {"040001"}
    assert sum(len(json.loads(response.body)["dossierStatisticData"]) for response in responses) == 1203
    first = responses[0]
    assert (first.status, first.media_type, first.method, first.request, first.field) == (
        200,
        "application/json",
        "GET",
        "",
        None,
    )
    assert first.address.startswith(f"{portal.url}/x/04/o/secure/rest/statistics?")
    assert "start=0" in first.address
    assert first.fetched_at.utcoffset() is not None


def test_tandan_is_posted_a_series_of_pages_for_each_field(portal: Portal) -> None:
    def reply(asked: Asked) -> Reply:
        start = (json.loads(asked.body)["pageNumber"] - 1) * 500
        return as_json({"data": list(range(start, min(start + 500, 501))), "totalCount": 501})

    portal.reply = reply
    responses = collect(portal, PLATFORMS["tandan_06a"], ["ho_tich", "thue_dat"])
    assert [json.loads(asked.body) for asked in portal.asked] == [
        {
            "maDinhDanhCha": "04",
            "catalog": "",
            "tuNgay": "2026-06-15",
            "denNgay": "2026-09-14",
            "linhVucId": field,
            "chiBaoGomDonViCon": True,
            "pageNumber": page,
            "pageSize": 500,
        }
        for field in ("ho_tich", "thue_dat")
        for page in (1, 2)
    ]
    assert {asked.method for asked in portal.asked} == {"POST"}
    assert {asked.headers["Content-Type"] for asked in portal.asked} == {"application/json"}
    assert [response.field for response in responses] == ["ho_tich", "ho_tich", "thue_dat", "thue_dat"]
    assert [json.loads(response.request) for response in responses] == [json.loads(one.body) for one in portal.asked]


def test_igate_is_asked_with_instants_in_utc_and_a_bearer_token(portal: Portal) -> None:
    responses = collect(portal, PLATFORMS["igate"], ["ho_tich"])
    assert [asked.query for asked in portal.asked] == [
        {
            "agency-id": "04",
            "from-date": "2026-06-14T17:00:00.000Z",
            "to-date": "2026-09-14T16:59:59.999Z",
            "sector-id": "ho_tich",
            "hide-agency-no-dossier": "true",
        }
    ]
    assert portal.asked[0].headers["Authorization"] == f"Bearer {SECRET}"
    assert SECRET not in repr(responses)


def test_bkav_is_asked_with_an_empty_keyword(portal: Portal) -> None:
    collect(portal, PLATFORMS["bkav_axis"])
    assert portal.asked[0].query == {"fromDate": "15/06/2026", "toDate": "14/09/2026", "keyword": ""}


def test_a_portal_with_its_own_field_codes_is_asked_with_them(portal: Portal) -> None:
    source = source_of("igate", lookups={"field": {"LV-07": "ho_tich", "LV-08": "ho_tich"}})
    responses = collect(portal, PLATFORMS["igate"], ["ho_tich", "dat_dai"], source)
    assert [asked.query["sector-id"] for asked in portal.asked] == ["LV-07", "LV-08", "dat_dai"]
    assert [response.field for response in responses] == ["LV-07", "LV-08", "dat_dai"]


def test_values_of_the_source_are_laid_over_the_platform(portal: Portal) -> None:
    collect(portal, PLATFORMS["bkav_axis"], source=source_of("bkav_axis", query={"keyword": "x", "site": "4"}))
    assert portal.asked[0].query["keyword"] == "x"
    assert portal.asked[0].query["site"] == "4"


def test_a_machine_netrc_adds_no_credential(portal: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login someone password {SECRET}\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", os.fspath(netrc))
    collect(portal, PLATFORMS["bkav_axis"])
    assert "Authorization" not in portal.asked[0].headers


def test_pages_without_a_total_end_with_a_short_one(portal: Portal) -> None:
    portal.reply = lambda asked: as_json({"dossierStatisticData": list(range(int(asked.query["start"]), 7))[:3]})
    assert len(collect(portal, paged(3, None))) == 3
    assert [asked.query["start"] for asked in portal.asked] == ["0", "3", "6"]


def test_a_compressed_answer_is_landed_as_its_json(portal: Portal) -> None:
    headers = {"Content-Type": "application/json;charset=UTF-8", "Content-Encoding": "gzip"}
    portal.answers(Reply(gzip.compress(b"[1]"), headers=headers))
    assert [(one.body, one.media_type) for one in collect(portal, PLATFORMS["bkav_axis"])] == [
        (b"[1]", "application/json")
    ]


# --- bodies -------------------------------------------------------------------------------------


def posted(portal: Portal, body: dict[str, str], **parts: Any) -> Asked:
    platform = replace(PLATFORMS["bkav_axis"], request=Request("POST", "/y", **parts))
    (response,) = collect(portal, platform, source=source_of("bkav_axis", body=body))
    assert response.request.encode() == portal.asked[0].body, "what was asked is landed with the answer"
    return portal.asked[0]


def test_a_form_is_sent_as_a_form_with_the_sources_own_values(portal: Portal) -> None:
    form = {"tu": Parameter("first_day"), "all": True, "n": 5, "chữ": "a&b=c +%"}
    asked = posted(portal, {"n": "6"}, form=form)
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(asked.body.decode(), strict_parsing=True) == {
        "tu": ["2026-06-15"],
        "all": ["true"],
        "n": ["6"],
        "chữ": ["a&b=c +%"],
    }


def test_a_form_field_may_hold_json_beside_others(portal: Portal) -> None:
    inner = {"dk.tu": Parameter("first_day"), "dk.den": Parameter("last_day"), "loại": 2, "có": True}
    asked = posted(portal, {"tinh": "11342"}, form={"action": "get"}, form_json={"params": inner})
    form = parse_qs(asked.body.decode(), strict_parsing=True)
    assert form["action"] == ["get"]
    assert json.loads(form["params"][0]) == {
        "dk": {"tu": "2026-06-15", "den": "2026-09-14"},
        "loại": 2,
        "có": True,
        "tinh": "11342",
    }


def test_a_dotted_key_stands_inside_an_object(portal: Portal) -> None:
    asked = posted(portal, {"filter.unit.code": "x"}, json={"filter.unit.kind": 1, "filter.n": 2, "a": False})
    assert json.loads(asked.body) == {"filter": {"unit": {"kind": 1, "code": "x"}, "n": 2}, "a": False}


# --- credentials --------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["", f"{SECRET}\n", f"two words {SECRET}", f"mật khẩu {SECRET}"])
def test_an_unusable_token_is_refused_before_anything_is_asked(portal: Portal, token: str) -> None:
    with pytest.raises(SourceRefused, match="BAOCAO_TEST_TOKEN") as caught:
        collect(portal, PLATFORMS["igate"], BAOCAO_TEST_TOKEN=token)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert portal.asked == []


def test_a_missing_reference_says_what_to_declare(portal: Portal) -> None:
    with pytest.raises(SourceRefused, match=r"credential: env:.* sources/onestop_cao_bang\.yml"):
        collect(portal, PLATFORMS["igate"], source=source_of("igate", credential=None))


def test_a_password_in_the_address_is_refused(portal: Portal) -> None:
    address = portal.url.replace("http://", f"http://someone:{SECRET}@")
    with pytest.raises(SourceBroken) as caught:
        collect(portal, PLATFORMS["bkav_axis"], PORTAL=address)
    assert SECRET not in str(caught.value)
    assert portal.asked == []


def test_an_unset_address_is_a_matter_of_settings(portal: Portal) -> None:
    with pytest.raises(SettingsError, match="PORTAL"):
        collect(portal, PLATFORMS["bkav_axis"], PORTAL="")


def test_a_literal_header_parameter_is_filled(portal: Portal) -> None:
    platform = PLATFORMS["bkav_axis"]
    request = Request("GET", "/y", headers={"X-Site": "4"}, query={"all": True, "n": 5})
    collect(portal, replace(platform, request=request))
    assert portal.asked[0].headers["X-Site"] == "4"
    assert portal.asked[0].query == {"all": "true", "n": "5"}
