"""Every way to say who asks, over real HTTP; and that the credential is seen by the portal and by nobody else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest

from etl.errors import SourceBroken, SourceError, SourceRefused, SourceUnavailable
from etl.model import ApiKey, OAuth2, Paging, Platform, Request, Signature
from tests.connectors.loopback_portal import Asked, Portal, Reply, as_json
from tests.connectors.pulling import PLATFORMS, SECRET, collect, source_of

PAIR = f"huế:{SECRET}"
KEYED = f"hue:{SECRET}"


def asked_by(auth: Any, **changes: Any) -> Platform:
    request = Request("GET", "/y", query={"a": 1}, auth=auth, **changes)
    return replace(PLATFORMS["bkav_axis"], request=request)


def go(portal: Portal, platform: Platform, credential: str = SECRET, **more: Any) -> list[Any]:
    source = source_of("bkav_axis", credential="env:BAOCAO_TEST_TOKEN", **more)
    return collect(portal, platform, source=source, BAOCAO_TEST_TOKEN=credential)


# --- what the portal sees -----------------------------------------------------------------------


def test_basic(portal: Portal) -> None:
    go(portal, asked_by("basic"), PAIR)
    kind, _, text = portal.asked[0].headers["Authorization"].partition(" ")
    assert (kind, base64.b64decode(text).decode()) == ("Basic", PAIR)


def test_an_api_key_in_a_header(portal: Portal) -> None:
    go(portal, asked_by(ApiKey(header="X-Khoa")))
    assert portal.asked[0].headers["X-Khoa"] == SECRET
    assert "Authorization" not in portal.asked[0].headers


def test_an_api_key_in_the_query(portal: Portal) -> None:
    (response,) = go(portal, asked_by(ApiKey(query="khoá")))
    assert portal.asked[0].query == {"a": "1", "khoá": SECRET}
    assert response.address == f"{portal.url}/x/04/y?a=1"


SIGNED = Signature(
    "X-Signature",
    ("method", "host", "path", "query", "key", "timestamp", "nonce", "body_sha256", "body"),
    key_header="X-Client",
    timestamp_header="X-Time",
    nonce_header="X-Nonce",
    prefix="v1=",
)


@pytest.mark.parametrize("encoding", ["hex", "base64"])
@pytest.mark.parametrize("stamp", ["seconds", "milliseconds", "iso"])
def test_a_signature_is_what_the_portal_computes_itself(portal: Portal, stamp: Any, encoding: Any) -> None:
    platform = asked_by(replace(SIGNED, timestamp=stamp, encoding=encoding))
    posted = replace(platform.request, method="POST", json={"kỳ": "Q3"})
    go(portal, replace(platform, request=posted), KEYED)
    (asked,) = portal.asked
    head = asked.headers
    canonical = "\n".join(
        [
            *("POST", portal.url.removeprefix("http://"), "/x/04/y", "a=1", "hue", head["X-Time"], head["X-Nonce"]),
            *(hashlib.sha256(asked.body).hexdigest(), asked.body.decode()),
        ]
    )
    digest = hmac.new(SECRET.encode(), canonical.encode(), hashlib.sha256).digest()
    wanted = digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()
    assert head["X-Signature"] == f"v1={wanted}"
    assert head["X-Client"] == "hue"
    assert len(head["X-Nonce"]) == 32
    if stamp != "iso":
        assert abs(int(head["X-Time"]) / (1000 if stamp == "milliseconds" else 1) - time.time()) < 60


def test_only_the_named_parts_are_signed_and_sent(portal: Portal) -> None:
    go(portal, asked_by(Signature("X-S", ("path", "query"), separator="|")), KEYED)
    wanted = hmac.new(SECRET.encode(), b"/x/04/y|a=1", hashlib.sha256).hexdigest()
    assert {key: value for key, value in portal.asked[0].headers.items() if key.startswith("X-")} == {"X-S": wanted}


def test_each_page_has_its_own_nonce(portal: Portal) -> None:
    portal.answers(as_json({"rows": [1], "next": "b"}), as_json({"rows": [2], "next": None}))
    platform = replace(asked_by(SIGNED, paging=Paging(1, None, next_link="next")), records="rows")
    go(portal, platform, KEYED)
    assert len({asked.headers["X-Nonce"] for asked in portal.asked}) == 2


# --- OAuth2 -------------------------------------------------------------------------------------

OAUTH2 = OAuth2("/token", scope="thong_ke")


def oauth2_portal(valid: list[str], rows: Callable[[Asked], Reply]) -> Callable[[Asked], Reply]:
    """Gives token after token; takes the last one given, while it stands in `valid`."""
    given: list[str] = []

    def reply(asked: Asked) -> Reply:
        if asked.path.endswith("/token"):
            given.append(f"ma-{len(given)}-{SECRET}")
            valid[:] = given[-1:]
            return as_json({"access_token": given[-1], "token_type": "Bearer"})
        if asked.headers.get("Authorization", "") not in {f"Bearer {token}" for token in valid}:
            return Reply(b"{}", status=401)
        return rows(asked)

    return reply


def test_oauth2_asks_for_one_token_a_pull(portal: Portal) -> None:
    portal.reply = oauth2_portal([], lambda _: as_json([1]))
    responses = go(portal, asked_by(OAUTH2), KEYED)
    token, data = portal.asked
    assert (token.method, token.path) == ("POST", "/x/04/token")
    assert parse_qs(token.body.decode()) == {"grant_type": ["client_credentials"], "scope": ["thong_ke"]}
    assert base64.b64decode(token.headers["Authorization"].removeprefix("Basic ")).decode() == KEYED
    assert data.headers["Authorization"].startswith("Bearer ma-")
    assert [response.body for response in responses] == [b"[1]"], "the token is not landed"


def test_oauth2_with_the_pair_in_the_body_of_another_server(portal: Portal) -> None:
    portal.reply = oauth2_portal([], lambda _: as_json([1]))
    go(portal, asked_by(OAuth2("/oauth/token", client="body")), KEYED, token_address="env:PORTAL/sso")
    assert portal.asked[0].path == "/sso/oauth/token"
    form = parse_qs(portal.asked[0].body.decode())
    assert (form["client_id"], form["client_secret"]) == (["hue"], [SECRET])
    assert "Authorization" not in portal.asked[0].headers


def paged_oauth2() -> Platform:
    return replace(asked_by(OAUTH2, paging=Paging(1, None, next_link="next")), records="rows")


def test_a_401_in_the_middle_renews_once_and_the_page_is_not_lost(portal: Portal) -> None:
    valid: list[str] = []

    def rows(asked: Asked) -> Reply:
        page = int(asked.query.get("page", 1))
        if page == 1:
            valid.clear()  # the token dies after the first page
        return as_json({"rows": [page], "next": f"?page={page + 1}" if page < 3 else None})

    portal.reply = oauth2_portal(valid, rows)
    responses = go(portal, paged_oauth2(), KEYED)
    assert [json.loads(response.body)["rows"] for response in responses] == [[1], [2], [3]]
    assert [response.status for response in responses] == [200, 200, 200]
    assert sum(asked.path.endswith("/token") for asked in portal.asked) == 2


def test_a_portal_that_takes_no_token_is_refused_after_one_renewal(portal: Portal) -> None:
    portal.reply = lambda asked: as_json({"access_token": "abcdef"}) if "token" in asked.path else Reply(status=401)
    with pytest.raises(SourceRefused, match="HTTP 401"):
        go(portal, paged_oauth2(), KEYED)
    assert [asked.path[-5:] for asked in portal.asked] == ["token", "/04/y", "token", "/04/y"]


def test_a_second_401_in_one_pull_is_not_renewed_again(portal: Portal) -> None:
    valid: list[str] = []

    def rows(asked: Asked) -> Reply:
        valid.clear()  # every token is good for one page only
        page = int(asked.query.get("page", 1))
        return as_json({"rows": [page], "next": f"?page={page + 1}"})

    portal.reply = oauth2_portal(valid, rows)
    with pytest.raises(SourceRefused, match="HTTP 401"):
        go(portal, paged_oauth2(), KEYED)
    assert sum(asked.path.endswith("/token") for asked in portal.asked) == 2


NO_TOKEN: dict[str, tuple[Reply, type[SourceError], str]] = {
    "wrong pair": (Reply(b'{"error":"invalid_client"}', status=401), SourceRefused, "BAOCAO_TEST_TOKEN"),
    "bad request": (Reply(b"{}", status=400), SourceRefused, "HTTP 400"),
    "down": (Reply(status=500), SourceUnavailable, "HTTP 500"),
    "moved": (Reply(status=302, headers={"Location": "/"}), SourceBroken, "HTTP 302"),
    "page": (Reply(b"<html>"), SourceBroken, "access_token"),
    "list": (Reply(b"[]"), SourceBroken, "access_token"),
    "nothing": (Reply(b'{"access_token": ""}'), SourceBroken, "access_token"),
    "two lines": (Reply(b'{"access_token": "a\\nb"}'), SourceBroken, "access_token"),
    "hang up": (Reply(hang_up=True), SourceUnavailable, "ngắt"),
}


@pytest.mark.parametrize("name", NO_TOKEN)
def test_no_token_no_pull(portal: Portal, name: str) -> None:
    reply, kind, words = NO_TOKEN[name]
    portal.answers(reply)
    with pytest.raises(SourceError, match=words) as caught:
        go(portal, asked_by(OAUTH2), KEYED)
    assert type(caught.value) is kind
    assert all(asked.path.endswith("/token") for asked in portal.asked)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


# --- what nobody sees ---------------------------------------------------------------------------

WAYS: dict[str, tuple[Any, str]] = {
    "basic": ("basic", KEYED),
    "bearer": ("bearer", SECRET),
    "header": (ApiKey(header="X-Key"), SECRET),
    "query": (ApiKey(query="key"), SECRET + "+/="),
    "signature": (SIGNED, KEYED),
    "oauth2": (OAUTH2, KEYED),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("trouble", [None, Reply(status=503), Reply(status=401), Reply(hang_up=True), Reply(b"<a>")])
def test_no_secret_is_landed_shown_or_logged(
    portal: Portal, way: str, trouble: Reply | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    auth, credential = WAYS[way]
    token = as_json({"access_token": f"token-{SECRET}"})
    portal.reply = lambda asked: token if asked.path.endswith("/token") else trouble or as_json([1])
    shown = ""
    try:
        shown = repr(go(portal, asked_by(auth), credential))
    except SourceError as problem:
        assert trouble is not None
        shown = "".join(traceback.format_exception(problem))
    assert shown
    assert caplog.text, "urllib3 logs, so there is something to look into"
    assert SECRET not in shown + caplog.text
    assert base64.b64encode(KEYED.encode()).decode() not in shown + caplog.text


def test_no_secret_is_logged_by_a_retry(portal: Portal, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(SourceUnavailable) as caught:
        go(portal, asked_by(ApiKey(query="key")), address="http://127.0.0.1:9")
    assert "Retrying" in caplog.text
    assert "***" in caplog.text
    assert SECRET not in caplog.text + "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("way", ["bearer", "header", "query", "basic"])
def test_an_answer_that_repeats_the_credential_is_not_kept(portal: Portal, way: str) -> None:
    auth, credential = WAYS[way]
    portal.reply = lambda asked: as_json([{"you sent": f"{asked.headers} {asked.query}"}])
    with pytest.raises(SourceBroken, match="lặp lại mã truy cập") as caught:
        go(portal, asked_by(auth), credential)
    assert SECRET not in str(caught.value)


def test_a_link_that_repeats_the_key_is_followed_without_showing_it(portal: Portal) -> None:
    def reply(asked: Asked) -> Reply:
        last = asked.query.get("page") == "2"
        link = "" if last else f'<{portal.url}{asked.path}?page=2&key={SECRET}>; rel="next"'
        return Reply(b"[2]" if last else b"[1]", headers={"Content-Type": "application/json", "Link": link})

    portal.reply = reply
    responses = go(portal, asked_by(ApiKey(query="key"), paging=Paging(1, None, link_header=True)))
    assert [asked.query for asked in portal.asked] == [{"a": "1", "key": SECRET}, {"page": "2", "key": SECRET}]
    assert responses[1].address == f"{portal.url}/x/04/y?page=2"


@pytest.mark.parametrize("auth", ["basic", OAUTH2, SIGNED])
@pytest.mark.parametrize("credential", [SECRET, f":{SECRET}", "hue:"])
def test_a_pair_that_is_none_is_refused_before_anything_is_asked(portal: Portal, auth: Any, credential: str) -> None:
    with pytest.raises(SourceRefused, match="tên:mật_khẩu") as caught:
        go(portal, asked_by(auth), credential)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert portal.asked == []
