"""Conditional requests through whole pulls: reused bytes are judged as new ones, and nothing is reused in the dark."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from pathlib import Path

import pytest

from etl import pipeline
from etl.errors import SourceBroken, SourceError
from etl.landing import Landing
from etl.model import Page, Receipt
from etl.pipeline.moving import pull_before
from etl.settings import ROOT
from tests.connectors.loopback_portal import Asked, Portal, Reply

PERIOD, SOURCE = "2026-Q3", "portal_cao_bang"
PLATFORM = """\
title: portal of these tests
protocol: json_api
dataset: onestop
source: the tests' own
request:
  method: GET
  path: /rows
  query: {page: {value: page}, from: {value: first_day}, to: {value: last_day}}
  paging: {size: 2, size_parameter: size, total: total}
  conditional: true
records: rows
unit: {by: code, column: agency, commune: '(?P<code>\\d{5})', province: '(?P<code>\\d{2})\\.\\d+'}
field: {column: field}
columns: {received_online: [online]}
"""
DECLARED = 'platform: conditional\nunit: "04"\nowner: Cao Bằng\naddress: env:PORTAL\nbudget: {per_second: null}\n'
HOUR_AGO = format_datetime(dt.datetime.now(dt.UTC) - dt.timedelta(hours=1), usegmt=True)


@dataclass
class Rows:
    """A portal of five rows on three pages that tells each page's state by a mark, and heeds conditions."""

    figures: list[int] = field(default_factory=lambda: [1, 2, 3, 4, 5])
    mark: str = "ETag"

    def page(self, asked: Asked) -> bytes:
        first = 2 * int(asked.query["page"]) - 2
        rows = [
            {"agency": f"04.{number}", "field": "ho_tich", "online": self.figures[number]}
            for number in range(first, min(first + 2, len(self.figures)))
        ]
        return json.dumps({"total": len(self.figures), "rows": rows}).encode()

    def __call__(self, asked: Asked) -> Reply:
        body = self.page(asked)
        told = f'"{hash(body)}"' if self.mark == "ETag" else HOUR_AGO
        condition = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}[self.mark]
        if asked.headers.get(condition) == told:
            return Reply(b"", 304, {self.mark: told})
        return Reply(body, headers={"Content-Type": "application/json", self.mark: told})


@pytest.fixture
def rows(portal: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rows:
    catalog = tmp_path / "catalog"
    shutil.copytree(ROOT / "catalog", catalog, ignore=shutil.ignore_patterns("sources"))
    (catalog / "sources").mkdir()
    (catalog / f"sources/{SOURCE}.yml").write_text(DECLARED, "utf-8")
    (catalog / "platforms/conditional.yml").write_text(PLATFORM, "utf-8")
    monkeypatch.setenv("BAOCAO_CATALOG", str(catalog))
    monkeypatch.setenv("BAOCAO_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("BAOCAO_STORE_URL", raising=False)
    monkeypatch.setenv("PORTAL", portal.url)
    portal.reply = here = Rows()
    return here


@pytest.fixture
def landing(rows: Rows, tmp_path: Path) -> Landing:
    return Landing(str(tmp_path / "home/store"))


def pull(landing: Landing, *, afresh: bool = False) -> Receipt:
    pipeline.collect(SOURCE, PERIOD, afresh=afresh)
    return landing.receipts(SOURCE, PERIOD)[-1]


def conditions(portal: Portal) -> list[bool]:
    """Of each request of the last pull of three pages."""
    return [bool({"If-None-Match", "If-Modified-Since"} & set(asked.headers)) for asked in portal.asked[-3:]]


def statuses(receipt: Receipt) -> list[int]:
    return [page.status for page in receipt.pages]


@pytest.mark.parametrize("mark", ["ETag", "Last-Modified"])
def test_unchanged_pages_are_the_landed_ones(portal: Portal, rows: Rows, landing: Landing, mark: str) -> None:
    rows.mark = mark
    first, second, third = pull(landing), pull(landing), pull(landing)
    assert statuses(first) == [200, 200, 200]
    assert "not_modified" not in first.proof
    for later, earlier in ((second, first), (third, second)):
        assert statuses(later) == [304, 304, 304]
        assert later.rows == 5
        assert {*later.proof} == {*first.proof, "not_modified"}
        for page, before in zip(later.pages, earlier.pages, strict=True):
            assert (page.sha256, page.uri, page.size) == (before.sha256, before.uri, before.size)
            assert page.fetched_at >= later.started_at > before.fetched_at
    assert conditions(portal) == [True] * 3


def test_a_changed_page_is_landed_and_the_others_reused(portal: Portal, rows: Rows, landing: Landing) -> None:
    first = pull(landing)
    rows.figures[2] = 30
    second = pull(landing)
    assert statuses(second) == [304, 200, 304]
    assert [one.sha256 == two.sha256 for one, two in zip(first.pages, second.pages, strict=True)] == [True, False, True]
    assert b"30" in landing.read(second.pages[1])
    assert "not_modified" in second.proof


def test_reused_pages_prove_nothing_that_new_ones_would_not(portal: Portal, rows: Rows, landing: Landing) -> None:
    """The last page, which is new, says another total than the landed ones before it."""
    pull(landing)

    def reply(asked: Asked) -> Reply:
        if asked.query["page"] != "3":
            return rows(asked)
        return Reply(json.dumps({"total": 6, "rows": [{"agency": "04.9", "field": "ho_tich", "online": 1}]}).encode())

    portal.reply = reply
    with pytest.raises(SourceError) as caught:
        pull(landing)
    assert caught.value.state == "shifting"
    assert statuses(landing.receipts(SOURCE, PERIOD)[-1]) == [304, 304, 200]


def test_an_unasked_304_is_a_broken_pull(portal: Portal, rows: Rows, landing: Landing) -> None:
    portal.reply = lambda _: Reply(b"", 304, {"ETag": '"1"'})
    with pytest.raises(SourceBroken, match="304") as caught:
        pull(landing)
    assert caught.value.state == "rejected"
    assert conditions(portal) == [False]


@pytest.mark.parametrize("harm", [lambda path: path.unlink(), lambda path: path.write_bytes(b"[]")])
def test_lost_or_damaged_bytes_are_asked_for_again(
    portal: Portal, rows: Rows, landing: Landing, harm: Callable[[Path], object]
) -> None:
    first = pull(landing)
    harm(Path(landing.locate(first.pages[1])))
    rows.figures[3] = 40
    second = pull(landing)
    assert conditions(portal) == [True, False, True]
    assert statuses(second) == [304, 200, 304]
    assert b"40" in landing.read(second.pages[1])


def test_a_304_of_another_etag_is_not_believed(portal: Portal, rows: Rows, landing: Landing) -> None:
    pull(landing)

    def reply(asked: Asked) -> Reply:
        return Reply(b"", 304, {"ETag": '"other"'}) if "If-None-Match" in asked.headers else rows(asked)

    portal.reply = reply
    second = pull(landing)
    assert statuses(second) == [200, 200, 200]
    assert len(portal.asked) == 3 + 2 * 3


def test_a_second_pull_that_proves_stability_asks_for_everything(portal: Portal, rows: Rows, landing: Landing) -> None:
    pull(landing)
    second = pull(landing, afresh=True)
    assert conditions(portal) == [False] * 3
    assert statuses(second) == [200] * 3


def test_nothing_is_conditional_unless_the_platform_says_so(
    portal: Portal, rows: Rows, landing: Landing, tmp_path: Path
) -> None:
    (tmp_path / "catalog/platforms/conditional.yml").write_text(PLATFORM.replace("  conditional: true\n", ""), "utf-8")
    assert statuses(pull(landing)) == statuses(pull(landing)) == [200] * 3
    assert conditions(portal) == [False] * 3


def test_a_date_of_the_same_minute_is_no_condition(portal: Portal, rows: Rows, landing: Landing) -> None:
    """It counts in seconds: a change right after the answer would keep it."""
    rows.mark = "Last-Modified"
    now = format_datetime(dt.datetime.now(dt.UTC), usegmt=True)
    portal.reply = lambda asked: replace(rows(asked), headers={"Last-Modified": now})
    pull(landing)
    pull(landing)
    assert conditions(portal) == [False] * 3


def test_pages_told_apart_by_a_header_are_not_reused(
    portal: Portal, rows: Rows, landing: Landing, tmp_path: Path
) -> None:
    """No receipt holds headers: three pages of one address cannot be told apart later."""
    asked_by_header = PLATFORM.replace("page: {value: page}, ", "").replace(
        "  paging:", "  headers: {X-Page: {value: page}}\n  paging:"
    )
    (tmp_path / "catalog/platforms/conditional.yml").write_text(asked_by_header, "utf-8")
    portal.reply = lambda asked: rows(replace(asked, query={"page": asked.headers["X-Page"]}))
    assert statuses(pull(landing)) == statuses(pull(landing)) == [200] * 3
    assert conditions(portal) == [False] * 3


# --- the stable-pull proof ----------------------------------------------------------------------

DAY = dt.timedelta(days=1)
NOON = dt.datetime(2026, 9, 20, 12, tzinfo=dt.UTC)


def receipt(day: int, sha256: str, *, reused: bool = False) -> Receipt:
    began = NOON + day * DAY
    page = Page(sha256, "", 1, "", 304 if reused else 200, "GET", "", "", began)
    proof = ("not_modified",) if reused else ()
    return Receipt(str(day), SOURCE, PERIOD, began, began, "complete", "", 1, (page,), proof)


def test_the_portals_word_confirms_no_pull() -> None:
    first, said = receipt(0, "a"), receipt(2, "a", reused=True)
    assert pull_before([first, said], said, DAY) is None
    assert pull_before([first, receipt(2, "a")], receipt(2, "a"), DAY) == first


def test_a_reused_pull_rests_on_the_one_that_brought_its_bytes() -> None:
    first, again, said = receipt(0, "a"), receipt(2, "b"), receipt(3, "b", reused=True)
    assert pull_before([first, again, said], said, DAY) == first
    assert pull_before([again, said], said, DAY) is None
