"""Faults of a reply: a whole answer as it leaves the portal, edited by what the platform's Shape declares."""

from __future__ import annotations

import unicodedata
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson

from simulator.faults_shape import Shape

_BASES = "\u0302\u0306\u031b"  # circumflex, breve, horn: part of the letter in windows-1258; tones stand behind it


def spoilt_reply(kind: str, body: bytes, shape: Shape, *, later_page: bool = False) -> bytes:
    """The bytes that leave instead. later_page: whether another page was asked for than the one answered."""
    if kind == "truncated":
        return body[: len(body) // 2]
    if kind == "nfd":
        return unicodedata.normalize("NFD", body.decode()).encode()
    if kind == "windows_1258":
        return windows_1258(body.decode())
    answer = orjson.loads(body)
    if kind == "truncated_page":
        del _records(answer, shape)[-1:]
    elif kind == "wrong_total" and shape.count is not None:
        *outer, last = shape.count.split(".")
        place = _at(answer, outer)
        place[last] = shape.written(int(place[last]) + 1)
    elif kind == "endless" and later_page:
        for record in _records(answer, shape):
            record[shape.extra] = 0  # not the same bytes as the page before, but the same rows
    return orjson.dumps(answer)


def windows_1258(text: str) -> bytes:
    """Vietnamese in the code page of old Windows: letters with circumflex, breve and horn, tones behind them."""
    composed: list[str] = []
    for char in unicodedata.normalize("NFD", text):
        if char in _BASES and composed:
            # a tone below (ệ) sorts before the circumflex in NFD, so the letter may stand one further back
            place = -2 if len(composed) > 1 and unicodedata.combining(composed[-1]) else -1
            composed[place] = unicodedata.normalize("NFC", composed[place] + char)
        else:
            composed.append(char)
    return "".join(composed).encode("windows-1258")


def first_page(shape: Shape, query: bytes, body: bytes) -> tuple[bytes, bytes]:
    """The same request for the first page, wherever it tells the page: query, JSON, a form, or JSON inside a form."""
    pairs = dict(parse_qsl(query.decode(), keep_blank_values=True))
    if shape.page[0] in pairs:
        return urlencode(_rewound(shape, pairs)).encode(), body
    if body[:1] == b"{":
        return query, orjson.dumps(_rewound(shape, orjson.loads(body)))
    form = dict(parse_qsl(body.decode(), keep_blank_values=True))
    if shape.page[0] in form:
        return query, urlencode(_rewound(shape, form)).encode()
    for name, text in form.items():
        if text[:1] == "{":
            form[name] = orjson.dumps(_rewound(shape, orjson.loads(text))).decode()
    return query, urlencode(form).encode() if form else body


def _rewound(shape: Shape, asked: dict[str, Any]) -> dict[str, Any]:
    start, *end = shape.page
    if start not in asked:
        return asked
    first = 0 if end else 1
    back = int(asked[start]) - first
    return {**asked, **{name: type(asked[name])(int(asked[name]) - back) for name in shape.page if name in asked}}


def _records(answer: Any, shape: Shape) -> list[Any]:
    found: list[Any] = _at(answer, shape.records.split(".") if shape.records else [])
    return found


def _at(answer: Any, path: list[str]) -> Any:
    for key in path:
        answer = answer[key]
    return answer
