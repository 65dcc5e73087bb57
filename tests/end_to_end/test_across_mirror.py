"""Committees of three provinces that write to each other over the axis: sent and received are each other's mirror."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from etl import pipeline
from etl.console import Login, create_app
from etl.model import Finding, RuleOutcome
from etl.pipeline import pages
from etl.pipeline.office import Office as Opened
from tests.end_to_end.office import PERIOD, ROOT, Office
from tests.end_to_end.relanding import landed, relanded

PROVINCES = {"04": "edoc_cao_bang", "25": "edoc_phu_tho", "31": "edoc_hai_phong"}
SENDER, RECIPIENT = "000.00.00.X25", "000.00.00.X31"


@pytest.fixture(scope="module")
def office(make_office: Callable[..., Office], tmp_path_factory: pytest.TempPathFactory) -> Office:
    base = tmp_path_factory.mktemp("mirror") / "catalog"
    shutil.copytree(ROOT / "catalog", base)
    text = (ROOT / f"catalog/sources/{PROVINCES['25']}.yml").read_text("utf-8")
    for path in base.glob("sources/*.yml"):
        path.unlink()
    for province, source in PROVINCES.items():
        (base / f"sources/{source}.yml").write_text(
            text.replace("'25'", f"'{province}'").replace("/25", f"/{province}")
        )
    made = make_office("mirror", catalog=str(base))
    made.run()
    assert made.failures == {}
    return made


def _mirror() -> tuple[list[Finding], RuleOutcome]:
    warehouse = Opened.open().warehouse
    (judged,) = warehouse.rule_outcomes([PERIOD]).values()
    (outcome,) = (one for one in judged.outcomes if one.rule == "MIRROR")
    return [one for one in warehouse.findings(PERIOD) if one.rule == "MIRROR"], outcome


def _listed() -> dict[str, Counter[tuple[str, str]]]:
    """What counts in each list, by sender and recipient, read from the answers by hand."""
    found: dict[str, Counter[tuple[str, str]]] = {"sent": Counter(), "received": Counter()}
    landing = Opened.open().landing
    for source in PROVINCES.values():
        receipt = landing.latest_complete(source, PERIOD)
        assert receipt is not None
        for page in receipt.pages:
            for item in landed(page.sha256)["data"]:
                if item["messageType"] == "edoc" and item["status"] not in ("02", "13", "15"):
                    for code in item["to"]["code"].split("#"):
                        if code[0] != "A" and item["from"]["code"][0] != "A":
                            found[str(page.list)][item["from"]["code"], code] += 1
    return found


def test_a_sound_quarter_has_no_pair_that_differs_beyond_what_is_under_way(office: Office) -> None:
    found, outcome = _mirror()
    assert found == []
    listed = _listed()
    own = {pair[0] for pair in listed["sent"]} | {pair[1] for pair in listed["received"]}
    pairs = listed["sent"].keys() | listed["received"].keys()
    assert outcome.judged == sum(pair[0] in own and pair[1] in own for pair in pairs) > 1000
    assert outcome.judged + outcome.unknown == len(pairs)
    assert outcome.unknown > 0, "ministries have no list here"
    under_way = [pair for pair in pairs if own >= set(pair) and listed["sent"][pair] != listed["received"][pair]]
    assert under_way, "the last letter of the quarter arrives in the next one"
    assert all(one.endswith(tuple(f"X{code}" for code in PROVINCES)) for pair in under_way for one in pair)


def test_a_letter_that_never_arrived_is_found_with_both_lists(office: Office) -> None:
    before = _listed()
    gone: list[dict[str, Any]] = []
    declared: set[int] = set()

    def lose(document: dict[str, Any]) -> None:
        for item in document["data"]:
            inner = item["createdTime"][:10] not in ("2026/06/15", "2026/09/14")
            if (item["from"]["code"], item["to"]["code"]) == (SENDER, RECIPIENT) and inner and len(gone) < 6:
                gone.append(item)
                declared.add(document["total"])
        document["data"] = [item for item in document["data"] if item not in gone]

    def declare(document: dict[str, Any]) -> None:
        document["total"] -= len(gone) if document["total"] in declared else 0

    for edit in (lose, declare):
        relanded(PROVINCES["31"], PERIOD, edit)
    pipeline.run_from_landed(PERIOD)
    (found,), outcome = _mirror()
    counted = sum(item["status"] not in ("02", "13", "15") for item in gone)
    assert counted > 3, "more than what may be under way or recalled"
    assert (int(found.value), int(found.expected)) == (
        before["received"][SENDER, RECIPIENT] - counted,
        before["sent"][SENDER, RECIPIENT],
    )
    assert (found.source, found.other_source, found.unit) == (PROVINCES["31"], PROVINCES["25"], "31")
    assert outcome.sources == {PROVINCES["31"]: 1}
    for payload, row in ((found.payload, found.row), (found.other_payload, found.other_row)):
        item = landed(payload)["data"][int(str(row).rsplit("/", 1)[1])]
        assert item["from"]["code"] == SENDER
        assert RECIPIENT in item["to"]["code"].split("#")
    for told in (SENDER, RECIPIENT, "UBND tỉnh Phú Thọ", "UBND thành phố Hải Phòng"):
        assert told in found.message
    _is_shown_to_a_reviewer(found)


def _is_shown_to_a_reviewer(found: Finding) -> None:
    """In the report as JSON and as a page, and on the console's page, in both languages: the same pair."""
    told = pipeline.quality_report(PERIOD)
    (pair,) = told["mirror"]["pairs"]
    assert (pair["sent"], pair["received"]) == (int(found.expected), int(found.value))
    assert (SENDER in pair["sender"], RECIPIENT in pair["recipient"]) == (True, True)
    assert pipeline.validation_report(told)["mirror"] == told["mirror"]
    reader = Login("a", reads=True, decides=False, operates=False)
    client = TestClient(create_app(lambda: reader, "a secret of this test"))
    for language, heading in (("vi", "Gửi và nhận văn bản"), ("en", "Documents sent and received")):
        page = client.get("/quality", params={"period": PERIOD, "lang": language}).text
        block = page.split('<h2 id="mirror">')[1]
        for text in (block, pipeline.quality_page(told, "vi" if language == "vi" else "en")):
            assert heading in text
            rows = [re.sub(r"<[^>]+>", " ", row).split() for row in re.findall(r"<tr.*?</tr>", text, re.DOTALL)]
            (row,) = (row for row in rows if f"({SENDER})" in row and f"({RECIPIENT})" in row and "MIRROR" not in row)
            assert {found.value, found.expected} <= set(row)
        for source in (found.source, found.other_source):
            assert f'href="/quality?period={PERIOD}&amp;source={source}"' in block
        for payload, row in ((found.payload, found.row), (found.other_payload, found.other_row)):
            assert f'{row}</span> <abbr title="sha256 {payload}">' in page.split('<h2 id="mirror">')[0]
    (own,) = pages.findings(PERIOD, (("31", dt.date(2025, 7, 1)),), rule="MIRROR")["findings"]
    assert not own["other_seen"], "the other answer is another province's"
