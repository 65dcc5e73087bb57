"""One pull over several lists, signed; and an answer of status 200 that says it is none."""

from __future__ import annotations

import pytest

from etl.errors import SourceBroken
from tests.connectors.loopback_portal import Asked, Portal, Reply, as_json
from tests.connectors.pulling import PLATFORMS, collect, source_of

SOURCE = source_of("vxp", credential="env:VXP")
CLIENT = "baocao:a-secret-of-its-own"


def listed(asked: Asked) -> Reply:
    data = [{"id": f"{asked.path}-{number}"} for number in range(2)]
    return as_json({"status": "OK", "ErrorCode": "0", "ErrorDesc": "", "total": 2, "data": data})


def test_every_list_is_a_series_of_its_own_and_its_pages_know_it(portal: Portal) -> None:
    portal.reply = listed
    answers = collect(portal, PLATFORMS["vxp"], source=SOURCE, VXP=CLIENT)
    assert [answer.list for answer in answers] == ["sent", "received"]
    assert [asked.path.rsplit("/", 1)[1] for asked in portal.asked] == ["getSentEdocList", "getReceivedEdocList"]
    assert portal.asked[0].query["fromDate"] == "2026/06/15"
    assert all(asked.headers["Authorization"].startswith("HMAC-SHA256 ") for asked in portal.asked)


def test_a_failure_in_an_envelope_with_status_200_is_told_in_the_portals_own_words(portal: Portal) -> None:
    portal.answers(as_json({"status": "FAIL", "ErrorCode": "22", "ErrorDesc": "ngày không đúng", "data": []}))
    with pytest.raises(SourceBroken, match="FAIL · 22 · ngày không đúng") as caught:
        collect(portal, PLATFORMS["vxp"], source=SOURCE, VXP=CLIENT)
    assert caught.value.state == "rejected"
    assert len(portal.asked) == 1


def test_an_answer_without_its_envelope_is_no_answer(portal: Portal) -> None:
    portal.answers(as_json({"total": 0, "data": []}))
    with pytest.raises(SourceBroken) as caught:
        collect(portal, PLATFORMS["vxp"], source=SOURCE, VXP=CLIENT)
    assert caught.value.state == "rejected"
