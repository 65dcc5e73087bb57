"""`credential: conn:ID` in each shape a platform asks for, over real HTTP, inside Airflow (a lookup is handed over) and
outside (AIRFLOW_CONN_<ID>): the portal sees the secret, nothing of ours keeps it."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from etl.connectors import Response, pull
from etl.errors import SourceBroken, SourceError, SourceRefused
from etl.model import ApiKey, OAuth2, Signature
from tests.connectors.loopback_portal import Asked, Portal, Reply, as_json
from tests.connectors.pulling import Q3, SECRET, settings, source_of
from tests.connectors.test_auth import asked_by

SOURCE = source_of("bkav_axis", credential="conn:hue_portal")
AS_JSON = json.dumps({"conn_type": "http", "login": "hue", "password": SECRET})
AS_URI = f"http://hue:{quote(SECRET, safe='')}@one-stop.example.vn"
PASSWORD_ONLY = f"http://:{quote(SECRET, safe='')}@"


def go(portal: Portal, auth: Any, text: str | None) -> list[Response]:
    environment = {} if text is None else {"AIRFLOW_CONN_HUE_PORTAL": text}
    return list(pull(SOURCE, asked_by(auth), Q3, ("ho_tich",), settings(portal, **environment)))


@pytest.mark.parametrize("text", [AS_JSON, AS_URI, PASSWORD_ONLY])
@pytest.mark.parametrize("auth", ["bearer", ApiKey(header="X-Khoa"), ApiKey(query="khoa")])
def test_a_password_is_the_token_or_the_key(portal: Portal, auth: Any, text: str) -> None:
    go(portal, auth, text)
    (asked,) = portal.asked
    seen = {asked.headers.get("Authorization"), asked.headers.get("X-Khoa"), asked.query.get("khoa")} - {None}
    assert seen == {f"Bearer {SECRET}" if auth == "bearer" else SECRET}


@pytest.mark.parametrize("text", [AS_JSON, AS_URI])
@pytest.mark.parametrize("auth", ["basic", OAuth2("/token")])
def test_login_and_password_are_the_pair_of_http_basic(portal: Portal, auth: Any, text: str) -> None:
    portal.reply = lambda asked: as_json({"access_token": "abcdef"} if asked.path.endswith("/token") else [])
    go(portal, auth, text)
    kind, _, pair = portal.asked[0].headers["Authorization"].partition(" ")
    assert (kind, base64.b64decode(pair).decode()) == ("Basic", f"hue:{SECRET}")


def test_a_signature_is_the_same_as_of_a_variable(portal: Portal) -> None:
    auth = Signature("X-S", ("path", "key"), key_header="X-Client")
    go(portal, auth, AS_JSON)
    by_variable = replace(SOURCE, credential="env:PAIR")
    list(pull(by_variable, asked_by(auth), Q3, ("ho_tich",), settings(portal, PAIR=f"hue:{SECRET}")))
    one, other = ((asked.headers["X-S"], asked.headers["X-Client"]) for asked in portal.asked)
    assert one == other


@pytest.mark.parametrize(
    ("auth", "text", "problem"),
    [
        ("bearer", None, "chưa có kết nối Airflow hue_portal"),
        ("bearer", SECRET, "kết nối Airflow hue_portal không đọc được"),
        ("bearer", f'{{"password": "{SECRET}"', "kết nối Airflow hue_portal không đọc được"),
        ("bearer", "http://hue@host", "phải có Password"),
        ("basic", PASSWORD_ONLY, "phải có đủ Login và Password"),
        ("basic", "http://hue@host", "phải có đủ Login và Password"),
        ("basic", json.dumps({"login": "h:u", "password": SECRET}), "dấu hai chấm"),
        (OAuth2("/token"), PASSWORD_ONLY, "phải có đủ Login và Password"),
        ("bearer", json.dumps({"password": f"{SECRET}\r\nX-Evil: 1"}), "ký tự không dùng được"),
    ],
)
def test_what_cannot_be_used_is_told_and_never_shown(portal: Portal, auth: Any, text: str | None, problem: str) -> None:
    with pytest.raises(SourceRefused) as caught:
        go(portal, auth, text)
    told = str(caught.value)
    assert problem in told
    assert "onestop_cao_bang, kỳ 2026-Q3" in told
    assert "kết nối hue_portal trong Airflow" in told
    assert "AIRFLOW_CONN_HUE_PORTAL" in told
    assert caught.value.state == "misconfigured"
    assert SECRET not in told
    assert caught.value.__suppress_context__
    assert portal.asked == []


@pytest.mark.parametrize("auth", ["bearer", "basic"])
def test_an_answer_that_repeats_it_is_not_handed_over(portal: Portal, auth: Any) -> None:
    def repeat(asked: Asked) -> Reply:
        return as_json([{"seen": asked.headers["Authorization"].split()[1]}])

    portal.reply = repeat
    with pytest.raises(SourceBroken) as caught:
        go(portal, auth, AS_JSON)
    assert caught.value.state == "leaking"
    assert SECRET not in str(caught.value)


def test_airflows_lookup_goes_before_the_environment_and_is_asked_by_id(portal: Portal) -> None:
    asked_for: list[str] = []

    def connections(name: str) -> tuple[str | None, str | None] | None:
        asked_for.append(name)
        return (None, SECRET) if name == "hue_portal" else None

    env = settings(portal, AIRFLOW_CONN_HUE_PORTAL="http://:another-secret@", AIRFLOW_CONN_OTHER="http://:another-one@")
    here = replace(env, connections=connections)
    list(pull(SOURCE, asked_by("bearer"), Q3, ("ho_tich",), here))
    assert portal.asked[0].headers["Authorization"] == f"Bearer {SECRET}"
    with pytest.raises(SourceError, match="Airflow không có kết nối other"):
        list(pull(replace(SOURCE, credential="conn:other"), asked_by("bearer"), Q3, ("ho_tich",), here))
    by_variable = replace(SOURCE, credential="env:BAOCAO_TEST_TOKEN")
    list(pull(by_variable, asked_by("bearer"), Q3, ("ho_tich",), here))
    assert asked_for == ["hue_portal", "other"], "only for the source that needs it"
    assert SECRET not in repr(here)
