"""Every state of a pull, caused over real HTTP: by the portal's answer alone, from the first request to the rows."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from etl.connectors import paging as walking
from etl.connectors import pull
from etl.errors import SourceBroken, SourceError, SourceRefused, SourceUnavailable
from etl.landing import Landing
from etl.model import PULL_STATES, Echo, OAuth2, Pages, Paging, Parameter, Platform, Proof, PullState, Request
from etl.parsing import Parsed, parse
from etl.periods import Period
from tests.connectors.loopback_portal import Asked, Portal, Reply, as_json
from tests.connectors.pulling import PLATFORMS, Q3, SECRET, settings, source_of
from tests.parsing.vendor_answers import CATALOG, COMMUNES, HO_TICH, igate, organ, tandan
from tests.test_bodies import windows_1258

CODES = [commune.code for commune in COMMUNES]


def changed(platform: Platform, **request: Any) -> Platform:
    return replace(platform, request=replace(platform.request, **request))


SIZE = 2
TANDAN = changed(PLATFORMS["tandan_06a"], paging=Paging(SIZE, "pageSize", total="totalCount"), timeout_seconds=0.3)
UNCOUNTED = changed(TANDAN, paging=Paging(SIZE, "pageSize"))
CURSOR = changed(TANDAN, paging=Paging(SIZE, "pageSize", cursor="next"), json={"after": Parameter("cursor")})
LINKED = changed(TANDAN, paging=Paging(SIZE, "pageSize", next_link="next"), json={})
ECHOED = replace(TANDAN, echo=Echo("window.from", "window.to", "%d/%m/%Y"))
IGATE = changed(PLATFORMS["igate"], timeout_seconds=0.3)
BEARER = changed(TANDAN, auth="bearer")
TOKEN = changed(TANDAN, auth=OAuth2("/token"))
AXIS = PLATFORMS["bkav_axis"]
BY_QUARTER = changed(replace(AXIS, window="calendar"), query={"quy": Parameter("quarter")})
LOGIN = b"<!DOCTYPE html><title>\xc4\x90\xc4\x83ng nh\xe1\xba\xadp</title><input type='password'>"
HTML = {"Content-Type": "text/html; charset=utf-8"}


def page(*codes: str, total: int | None = None, **more: Any) -> Reply:
    return as_json({"data": [tandan(code) for code in codes], "totalCount": total, **more})


def windowed(first: Any, last: Any) -> Reply:
    return page(CODES[0], total=1, window={"from": first, "to": last})


def by_token(*replies: Reply) -> Callable[[Asked], Reply]:
    """A portal that gives a token whenever it is asked for one."""
    queue = list(replies)

    def reply(asked: Asked) -> Reply:
        if asked.path.endswith("/token"):
            return as_json({"access_token": "t0ken-for-a-while", "token_type": "Bearer"})
        return queue.pop(0) if len(queue) > 1 else queue[0]

    return reply


def endless(asked: Asked) -> Reply:
    number = json.loads(asked.body)["pageNumber"]
    return replace(page(f"x{number}", f"y{number}"), delay=0.1)


@dataclass
class Case:
    state: PullState
    kind: type[SourceError]
    platform: Platform
    replies: list[Reply] | Callable[[Asked], Reply] = field(default_factory=list)
    words: str = ""
    period: Period = Q3
    environment: dict[str, str] = field(default_factory=dict)


UNAUTHORIZED = Reply(b"{}", status=401)
INVALID = {"WWW-Authenticate": 'Bearer realm="x", error="invalid_token"'}
FIRST = page(*CODES[:2], total=4)
CASES: dict[str, Case] = {
    "the connection is closed without a word": Case("cut_off", SourceUnavailable, TANDAN, [Reply(hang_up=True)]),
    "it breaks within the body": Case("cut_off", SourceUnavailable, TANDAN, [Reply(b'{"data": [', length=99)]),
    "no answer in time": Case("timed_out", SourceUnavailable, TANDAN, [Reply(delay=3)], "0.3 giây"),
    "a body that drips": Case("timed_out", SourceUnavailable, TANDAN, [Reply(b" " * 99, drip=0.05)], "0.3 giây"),
    "a pull that takes too long": Case(
        "timed_out", SourceUnavailable, changed(UNCOUNTED, pull_seconds=0.7), endless, "0.7 giây của cả lượt"
    ),
    "too many requests": Case(
        "throttled", SourceUnavailable, TANDAN, [Reply(status=429, headers={"Retry-After": "9"})]
    ),
    "out of service": Case("down", SourceUnavailable, TANDAN, [Reply(status=503, headers={"Retry-After": "9"})]),
    "an error inside": Case("down", SourceUnavailable, TANDAN, [Reply(status=500)]),
    "a wrong token": Case("refused", SourceRefused, IGATE, [UNAUTHORIZED], "BAOCAO_TEST_TOKEN"),
    "a forbidden page": Case("refused", SourceRefused, BEARER, [FIRST, Reply(status=403)]),
    "nobody asked for a token": Case("refused", SourceRefused, TANDAN, [FIRST, UNAUTHORIZED]),
    "a token that ends on the way": Case("expired", SourceRefused, BEARER, [FIRST, UNAUTHORIZED], "BAOCAO_TEST_TOKEN"),
    "a token that ended before": Case("expired", SourceRefused, IGATE, [Reply(status=401, headers=INVALID)]),
    "two tokens that end on the way": Case(
        "expired",
        SourceRefused,
        TOKEN,
        by_token(FIRST, UNAUTHORIZED),
        environment={"BAOCAO_TEST_TOKEN": f"hue:{SECRET}"},
    ),
    "two tokens that are never taken": Case(
        "refused", SourceRefused, TOKEN, by_token(UNAUTHORIZED), environment={"BAOCAO_TEST_TOKEN": f"hue:{SECRET}"}
    ),
    "no credential": Case("misconfigured", SourceRefused, IGATE, environment={"BAOCAO_TEST_TOKEN": ""}),
    "no such protocol": Case("misconfigured", SourceBroken, TANDAN, environment={"PORTAL": "htp://nowhere"}),
    "a login page": Case("login_page", SourceBroken, TANDAN, [Reply(LOGIN, headers=HTML)]),
    "a login page called JSON": Case("login_page", SourceBroken, TANDAN, [Reply(b"\r\n" + LOGIN)]),
    "JSON called a page": Case("login_page", SourceBroken, TANDAN, [replace(page(CODES[0], total=1), headers=HTML)]),
    "a redirect": Case("redirected", SourceBroken, TANDAN, [Reply(status=302, headers={"Location": "/login"})]),
    "a link to another host": Case("redirected", SourceBroken, LINKED, [page(*CODES[:2], next="http://127.0.0.2/")]),
    "no such address": Case("rejected", SourceBroken, TANDAN, [Reply(status=404)]),
    "our token in the answer": Case("leaking", SourceBroken, IGATE, [as_json([{"token": SECRET}])]),
    "half a body": Case("truncated", SourceBroken, IGATE, [Reply(as_json([igate(CODES[0])]).body[:-20])]),
    "cut within a letter": Case("truncated", SourceBroken, IGATE, [Reply('[{"a": "Hộ'.encode()[:-1])]),
    "another encoding": Case(
        "wrong_encoding", SourceBroken, IGATE, [Reply(b'[{"a": "' + windows_1258("Hộ tịch") + b'"}]')], "byte thứ 10 "
    ),
    "neither JSON nor a page": Case("unreadable", SourceBroken, TANDAN, [Reply(b"OK")]),
    "what cannot be unpacked": Case(
        "unreadable", SourceUnavailable, TANDAN, [Reply(b"{}", headers={"Content-Encoding": "gzip"})]
    ),
    "no list": Case("misshapen", SourceBroken, TANDAN, [as_json({"rows": [], "totalCount": 1})]),
    "no declared total": Case("misshapen", SourceBroken, TANDAN, [page(CODES[0])]),
    "a row that is no object": Case("misshapen", SourceBroken, IGATE, [as_json([7])]),
    "no word about the days": Case("misshapen", SourceBroken, ECHOED, [page(CODES[0], total=1)], "khoảng ngày"),
    "no row": Case("empty", SourceBroken, TANDAN, [page(total=0)]),
    "no body": Case("empty", SourceBroken, TANDAN, [Reply(b"")]),
    "no content": Case("empty", SourceBroken, TANDAN, [Reply(b"", status=204)]),
    "fewer rows than declared": Case("short", SourceBroken, TANDAN, [FIRST, page(total=4)], "khai 4 dòng"),
    "more rows than declared": Case("excess", SourceBroken, TANDAN, [page(*CODES[:2], total=1)], "khai 1 dòng"),
    "the same page again": Case("repeated", SourceBroken, TANDAN, [FIRST], "nguyên văn"),
    "the same cursor again": Case(
        "repeated", SourceBroken, CURSOR, [page(*CODES[:2], next="a"), page(*CODES[2:4], next="a")], "con trỏ"
    ),
    "pages that overlap": Case(
        "repeated", SourceBroken, TANDAN, [FIRST, page(CODES[1], CODES[2], total=4)], "chồng lên nhau"
    ),
    "links in a circle": Case(
        "endless", SourceBroken, LINKED, [page(CODES[0], next="/a"), page(CODES[1], next="/a")], "vòng tròn"
    ),
    "an empty page that promises more": Case("endless", SourceBroken, LINKED, [page(next="/a")]),
    "a full page that is silent": Case("endless", SourceBroken, LINKED, [page(*CODES[:2])], "không rõ đã hết"),
    "a total that moves": Case("shifting", SourceUnavailable, TANDAN, [FIRST, page(*CODES[2:4], total=5)], "4 thành 5"),
    "no agency in any row": Case(
        "missing_column", SourceBroken, TANDAN, [as_json({"data": [{"ma": 1, "tongSo": 2}], "totalCount": 1})]
    ),
    "other days": Case(
        "wrong_window", SourceBroken, ECHOED, [windowed("15/06/2026", "30/09/2026")], "30/09/2026.*14/09/2026"
    ),
    "days in another form": Case("wrong_date", SourceBroken, ECHOED, [windowed("2026-06-15", "2026-09-14")]),
    "a month where quarters are counted": Case("unaskable", SourceBroken, BY_QUARTER, period=Period.parse("2026-M09")),
}


def pulled(
    portal: Portal, store: Path, platform: Platform, period: Period = Q3, **environment: str
) -> tuple[Parsed, tuple[Proof, ...], Landing, list[Any]]:
    """From the first request to the rows, as `collect` goes; with every landed page."""
    credential = None if platform.request.auth == "none" else "env:BAOCAO_TEST_TOKEN"
    source = source_of(platform.id, credential=credential)
    landing, pages = Landing(str(store)), []
    answers = pull(source, platform, period, list(HO_TICH), settings(portal, **environment))
    try:
        while True:
            pages.append(landing.land(source.id, period.key, **vars(next(answers))))
    except StopIteration as end:
        proof = end.value
    landed = Pages(tuple(pages), landing.read)
    dataset = CATALOG.datasets[platform.dataset]
    return parse(source, platform, dataset, period, landed, CATALOG.tree(period), HO_TICH), proof, landing, pages


@pytest.mark.parametrize("name", CASES)
def test_what_a_portal_does_has_its_name(portal: Portal, tmp_path: Path, name: str) -> None:
    case = CASES[name]
    if callable(case.replies):
        portal.reply = case.replies
    elif case.replies:
        portal.answers(*case.replies)
    with pytest.raises(SourceError, match=f"(?s){case.words}") as caught:
        pulled(portal, tmp_path, case.platform, case.period, **case.environment)
    assert (caught.value.state, type(caught.value)) == (case.state, case.kind)
    assert SECRET not in str(caught.value)


def test_nobody_answers(portal: Portal, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(SourceUnavailable, match="không kết nối được") as caught:
        pulled(portal, tmp_path, TANDAN, PORTAL=address)
    assert caught.value.state == "unreachable"


def test_every_state_is_caused_here() -> None:
    old = {"unavailable", "broken"}
    assert {case.state for case in CASES.values()} | {"unreachable", "complete"} == set(PULL_STATES) - old


@pytest.mark.parametrize(("bound", "most"), [("MOST_PAGES", 3), ("MOST_BYTES", 100)])
def test_a_series_has_bounds(portal: Portal, tmp_path: Path, monkeypatch: Any, bound: str, most: int) -> None:
    monkeypatch.setattr(walking, bound, most)
    portal.reply = lambda asked: replace(endless(asked), delay=0)
    with pytest.raises(SourceBroken) as caught:
        pulled(portal, tmp_path, UNCOUNTED)
    assert caught.value.state == "endless"
    assert len(portal.asked) <= 3


def test_an_oauth2_token_is_renewed_once(portal: Portal, tmp_path: Path) -> None:
    portal.reply = by_token(FIRST, UNAUTHORIZED, page(*CODES[2:4], total=4))
    parsed, *_ = pulled(portal, tmp_path, TOKEN, BAOCAO_TEST_TOKEN=f"hue:{SECRET}")
    assert parsed.table["unit"].to_pylist() == CODES[:4]
    assert sum(asked.path.endswith("/token") for asked in portal.asked) == 2


# --- what proves a pull -------------------------------------------------------------------------

THREE = [page(*CODES[:2], total=3), page(CODES[2], total=3)]
PROOFS: dict[str, tuple[Platform, list[Reply], set[Proof]]] = {
    "a declared total": (TANDAN, THREE, {"declared_total", "unique_rows", "window_implied"}),
    "a page that is not full": (UNCOUNTED, THREE, {"short_page", "unique_rows", "window_implied"}),
    "a cursor that ends": (
        CURSOR,
        [page(*CODES[:2], next="a"), page(CODES[2], next=None)],
        {"last_page", "unique_rows", "window_implied"},
    ),
    "a cursor that is missing": (
        CURSOR,
        [page(*CODES[:2], next="a"), page(CODES[2])],
        {"short_page", "unique_rows", "window_implied"},
    ),
    "one answer": (IGATE, [as_json([igate(CODES[0])])], {"single_answer", "unique_rows", "window_implied"}),
    "the same row twice on a page": (
        TANDAN,
        [page(CODES[0], CODES[0], total=3), page(CODES[2], total=3)],
        {"declared_total", "window_implied"},
    ),
    "the days repeated": (
        ECHOED,
        [windowed("15/06/2026", "14/09/2026")],
        {"declared_total", "unique_rows", "window_echoed"},
    ),
    "the instants repeated": (
        replace(ECHOED, echo=Echo("window.from", "window.to", "%Y-%m-%dT%H:%M:%S.%fZ")),
        [windowed("2026-06-14T17:00:00.000Z", "2026-09-14T16:59:59.999Z")],
        {"declared_total", "unique_rows", "window_echoed"},
    ),
    "instants with their offset": (
        replace(ECHOED, echo=Echo("window.from", "window.to", "%Y-%m-%dT%H:%M:%S%z")),
        [windowed("2026-06-15T00:00:00+07:00", "2026-09-14T23:59:59+07:00")],
        {"declared_total", "unique_rows", "window_echoed"},
    ),
}


@pytest.mark.parametrize("name", PROOFS)
def test_a_whole_pull_says_what_proves_it(portal: Portal, tmp_path: Path, name: str) -> None:
    platform, replies, expected = PROOFS[name]
    portal.answers(*replies)
    parsed, proof, *_ = pulled(portal, tmp_path, platform)
    assert {*proof, *parsed.proof} == {*expected, "not_empty"}


def test_an_instant_of_the_day_after_is_another_window(portal: Portal, tmp_path: Path) -> None:
    platform = replace(ECHOED, echo=Echo("window.from", "window.to", "%Y-%m-%dT%H:%M:%S.%fZ"))
    portal.answers(windowed("2026-06-14T17:00:00.000Z", "2026-09-14T17:00:00.000Z"))
    with pytest.raises(SourceBroken, match="15/09/2026") as caught:
        pulled(portal, tmp_path, platform)
    assert (caught.value.state, caught.value.field) == ("wrong_window", "window.to")


def test_the_same_agency_in_two_fields_is_no_repetition(portal: Portal, tmp_path: Path) -> None:
    """Fields are series of their own, and the answers of two idle ones may be the same bytes."""
    fields = dict(list(CATALOG.fields.items())[:2])
    portal.reply = lambda _: page(CODES[0], total=1)
    source, landing = source_of(TANDAN.id, credential=None), Landing(str(tmp_path))
    pages = [
        landing.land(source.id, Q3.key, **vars(one)) for one in pull(source, TANDAN, Q3, [*fields], settings(portal))
    ]
    landed = Pages(tuple(pages), landing.read)
    parsed = parse(source, TANDAN, CATALOG.datasets["onestop"], Q3, landed, CATALOG.tree(Q3), fields)
    assert parsed.table.num_rows == 2
    assert "unique_rows" in parsed.proof


# --- windows-1258 -------------------------------------------------------------------------------


def test_a_declared_encoding_is_read_and_its_bytes_stay(portal: Portal, tmp_path: Path) -> None:
    names = [f"UBND {commune.name}" for commune in COMMUNES]
    body = windows_1258(json.dumps([organ(name) for name in names], ensure_ascii=False))
    assert b"\\u" not in body
    portal.answers(Reply(body))
    parsed, _, landing, pages = pulled(portal, tmp_path, replace(AXIS, encoding="windows-1258"))
    assert parsed.table["unit"].to_pylist() == [commune.code for commune in COMMUNES]
    assert [landing.read(page) for page in pages] == [body]


def test_utf8_where_windows_1258_is_declared_is_refused(portal: Portal, tmp_path: Path) -> None:
    portal.answers(Reply(json.dumps([organ("UBND Phường Thục Phán")], ensure_ascii=False).encode()))
    with pytest.raises(SourceBroken, match="là UTF-8") as caught:
        pulled(portal, tmp_path, replace(AXIS, encoding="windows-1258"))
    assert caught.value.state == "wrong_encoding"


def test_a_platform_asked_by_get_without_pages(portal: Portal, tmp_path: Path) -> None:
    """The smallest platform there can be is proven by its one answer."""
    smallest = replace(AXIS, request=Request("GET", "/x"), children=None, unique=None)
    portal.answers(as_json([{key: value for key, value in organ("UBND tỉnh Cao Bằng").items() if key != "childOrgan"}]))
    parsed, proof, *_ = pulled(portal, tmp_path, smallest)
    assert {*proof, *parsed.proof} == {"single_answer", "unique_rows", "window_implied", "not_empty"}
