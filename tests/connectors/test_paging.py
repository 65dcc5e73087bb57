"""From page to page in every declared way; and that no portal can make a pull go on for ever, or elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from etl.connectors import paging as walking
from etl.errors import SourceBroken, SourceError
from etl.model import Paging, Parameter, Platform, Request
from tests.connectors.loopback_portal import Asked, Portal, Reply, as_json
from tests.connectors.pulling import PLATFORMS, collect

TOTAL = 7
SIZE = 3
LINK = Paging(SIZE, "limit", next_link="meta.next")
HEADER = Paging(SIZE, "limit", link_header=True)
CURSOR = Paging(SIZE, "limit", cursor="meta.cursor")


def asked_for(paging: Paging, records: str = "rows", **changes: Any) -> Platform:
    query = {"after": Parameter("cursor")} if paging.cursor else {}
    request = Request("GET", "/y", query=query, paging=paging)
    return replace(PLATFORMS["bkav_axis"], records=records, request=replace(request, **changes))


def rows_of(responses: list[Any], records: str = "rows") -> list[Any]:
    bodies = [json.loads(response.body) for response in responses]
    return [row for body in bodies for row in (body[records] if records else body)]


def linked(rows: list[Any], link: Any) -> Reply:
    return as_json({"rows": rows, "meta": {"next": link}})


def headed(body: bytes, link: str | None) -> Reply:
    headers = {"Content-Type": "application/json", **({"Link": link} if link is not None else {})}
    return Reply(body, headers=headers)


# --- the ways -----------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [None, "", False])
def test_a_cursor_in_the_body(portal: Portal, end: Any) -> None:
    def reply(asked: Asked) -> Reply:
        start = int(asked.query.get("after", "0"))
        after = start + SIZE
        return as_json({"rows": list(range(start, min(after, TOTAL))), "meta": {"cursor": after if after < 7 else end}})

    portal.reply = reply
    assert rows_of(collect(portal, asked_for(CURSOR))) == list(range(TOTAL))
    assert [asked.query for asked in portal.asked] == [
        {"limit": "3"},
        {"after": "3", "limit": "3"},
        {"after": "6", "limit": "3"},
    ]


def test_a_cursor_in_a_posted_body(portal: Portal) -> None:
    def reply(asked: Asked) -> Reply:
        after = json.loads(asked.body)["page"].get("after")
        return as_json({"rows": [after], "meta": {"cursor": None if after == "ab" else "ab"}})

    portal.reply = reply
    wanted = {"page.after": Parameter("cursor"), "page.kind": "xa", "all": True}
    collect(portal, asked_for(CURSOR, method="POST", query={}, json=wanted))
    assert [json.loads(asked.body) for asked in portal.asked] == [
        {"page": {"kind": "xa"}, "all": True, "limit": 3},
        {"page": {"kind": "xa", "after": "ab"}, "all": True, "limit": 3},
    ]


@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_next_link_in_the_body(portal: Portal, absolute: bool, method: Any) -> None:
    def reply(asked: Asked) -> Reply:
        start = int(asked.query.get("from", "0"))
        link = f"{portal.url if absolute else ''}/other/path?from={start + SIZE}#here"
        return linked(list(range(start, min(start + SIZE, TOTAL))), link if start + SIZE < TOTAL else None)

    portal.reply = reply
    responses = collect(portal, asked_for(LINK, method=method, **({"json": {"a": 1}} if method == "POST" else {})))
    assert rows_of(responses) == list(range(TOTAL))
    assert [asked.path for asked in portal.asked] == ["/x/04/y", "/other/path", "/other/path"]
    assert {asked.method for asked in portal.asked} == {method}
    assert responses[2].address == f"{portal.url}/other/path?from=6"


def test_a_link_header(portal: Portal) -> None:
    def reply(asked: Asked) -> Reply:
        page = int(asked.query.get("page", "1"))
        first, following = f'<{asked.path}?page=1>; rel="first"', f'<{asked.path}?page={page + 1}>; rel="next"'
        return headed(json.dumps([page]).encode(), first if page == 3 else f"{first}, {following}")

    portal.reply = reply
    paging = replace(HEADER, size=1)
    assert rows_of(collect(portal, asked_for(paging, "")), "") == [1, 2, 3]


def test_links_may_prove_themselves_by_a_total(portal: Portal) -> None:
    full = {"rows": [1, 2, 3], "n": 3}
    portal.answers(as_json(full))
    assert len(collect(portal, asked_for(replace(LINK, total="n")))) == 1
    portal.answers(as_json({"rows": [1, 2], "n": 3, "meta": {"next": None}}))
    with pytest.raises(SourceBroken, match="khai 3 dòng nhưng chỉ trả 2 dòng"):
        collect(portal, asked_for(replace(LINK, total="n")))


# --- the guards ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "link",
    [
        "http://example.invalid/y?page=2",
        "//example.invalid/y",
        "http://127.0.0.1:9/y",
        "https://{here}/y",
        "http://me:secret@{here}/y",
        "http://{here}@example.invalid/",
        "http://[::1/y",
        "file:///etc/passwd",
        "http://{here}:99999999/",
    ],
)
@pytest.mark.parametrize("where", ["body", "header"])
def test_a_link_to_anywhere_else_is_not_followed(portal: Portal, link: str, where: str) -> None:
    url = link.replace("{here}", portal.url.removeprefix("http://"))
    portal.answers(linked([1, 2, 3], url) if where == "body" else headed(b"[1,2,3]", f'<{url}>; rel="next"'))
    with pytest.raises(SourceBroken, match=r"máy chủ khác|không đọc được") as caught:
        collect(portal, asked_for(LINK) if where == "body" else asked_for(HEADER, ""))
    assert len(portal.asked) == 1
    assert "secret" not in str(caught.value)
    assert caught.value.field == {"body": "meta.next", "header": "Link"}[where]


@pytest.mark.parametrize("paging", [LINK, HEADER, CURSOR], ids=["link", "header", "cursor"])
def test_a_full_page_that_is_silent_about_the_next_proves_nothing(portal: Portal, paging: Paging) -> None:
    portal.answers(as_json({"rows": [1, 2, 3]}))
    with pytest.raises(SourceBroken, match="không rõ đã hết hay chưa"):
        collect(portal, asked_for(paging))
    portal.answers(as_json({"rows": [1, 2]}))
    assert len(collect(portal, asked_for(paging))) == 1


def test_pages_in_a_circle_are_noticed_though_their_rows_differ(portal: Portal) -> None:
    counter = iter(range(100))
    portal.reply = lambda _: linked([next(counter)], "?same=1")
    with pytest.raises(SourceBroken, match="vòng tròn"):
        collect(portal, asked_for(LINK))
    assert len(portal.asked) == 2
    portal.reply = lambda _: as_json({"rows": [next(counter)], "meta": {"cursor": "same"}})
    with pytest.raises(SourceBroken, match="vòng tròn"):
        collect(portal, asked_for(CURSOR))


def test_a_repeated_page_is_noticed_though_its_link_differs(portal: Portal) -> None:
    portal.reply = lambda asked: linked([1, 2, 3], f"?page={int(asked.query.get('page', 1)) + 1}")
    with pytest.raises(SourceBroken, match="lặp lại"):
        collect(portal, asked_for(LINK))
    assert len(portal.asked) == 2


def test_an_endless_next_link_ends(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "MOST_PAGES", 5)
    portal.reply = lambda asked: linked([asked.query], f"?page={int(asked.query.get('page', 1)) + 1}")
    with pytest.raises(SourceBroken, match="quá 5 trang"):
        collect(portal, asked_for(LINK))
    assert len(portal.asked) == 5


def test_an_endless_series_ends_at_its_bytes_too(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "MOST_BYTES", 2**20)
    portal.reply = lambda asked: linked(["x" * 2**18, asked.query], f"?page={int(asked.query.get('page', 1)) + 1}")
    with pytest.raises(SourceBroken, match="hơn 1 MiB"):
        collect(portal, asked_for(LINK))
    assert len(portal.asked) == 4


def test_an_empty_page_has_no_successor(portal: Portal) -> None:
    portal.reply = lambda asked: linked([], f"?page={int(asked.query.get('page', 1)) + 1}")
    with pytest.raises(SourceBroken, match="không có dòng nào"):
        collect(portal, asked_for(LINK))
    assert len(portal.asked) == 1


@pytest.mark.parametrize("value", [True, 1.5, ["x"], {"href": "/y"}])
def test_a_cursor_or_link_of_another_kind_is_broken(portal: Portal, value: Any) -> None:
    for paging in (LINK, CURSOR):
        portal.answers(as_json({"rows": [1], "meta": {"next": value, "cursor": value}}))
        with pytest.raises(SourceError) as caught:
            collect(portal, asked_for(paging))
        assert (type(caught.value), caught.value.field) == (SourceBroken, paging.next_link or paging.cursor)
