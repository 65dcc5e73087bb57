"""Bytes are what they are declared to be, or refused with the place where they are not."""

from __future__ import annotations

import unicodedata

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.bodies import Unreadable, json_of, text_of
from etl.model import Encoding


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


LETTERS = "aăâbcdđeêghiklmnoôơpqrstuưvxyAĂÂBCDĐEÊGHIKLMNOÔƠPQRSTUƯVXY"
TONES = "\u0300\u0301\u0303\u0309\u0323"
CHARACTERS = sorted({letter for base in LETTERS for tone in ["", *TONES] if len(letter := nfc(base + tone)) == 1})
VIETNAMESE = st.text(st.sampled_from(CHARACTERS + list(" .,-()0123456789")), max_size=60)


def windows_1258(text: str) -> bytes:
    """As Windows writes it: a letter with circumflex, breve or horn is one byte, its tone another one behind it."""
    written = ""
    for letter in text:
        marks = unicodedata.normalize("NFD", letter)
        tones = "".join(mark for mark in marks if mark in TONES)
        written += unicodedata.normalize("NFC", "".join(mark for mark in marks if mark not in TONES)) + tones
    return written.encode("cp1258")


@given(VIETNAMESE)
def test_every_vietnamese_text_comes_back_composed(text: str) -> None:
    assert text_of(windows_1258(text), "windows-1258") == text
    assert text_of(text.encode(), "utf-8") == text


@given(VIETNAMESE.filter(lambda text: not text.isascii()), st.sampled_from(["utf-8", "windows-1258"]))
def test_the_other_encoding_is_refused_at_its_first_byte(text: str, declared: Encoding) -> None:
    written = windows_1258(text) if declared == "utf-8" else text.encode()
    for given_ in (
        lambda: text_of(b"12 " + written + b" .", declared),
        lambda: json_of(b'["' + written + b'"]', "application/json", declared),
    ):
        with pytest.raises(Unreadable) as caught:
            given_()
        assert caught.value.state == "wrong_encoding"
    first = next(index for index, byte in enumerate(b'["' + written) if byte > 0x7F)
    assert f"byte thứ {first + 1} " in str(caught.value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**6), 10**6) | VIETNAMESE,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(VIETNAMESE, inner, max_size=4),
        max_leaves=12,
    ).map(lambda value: [value]),
    st.data(),
)
def test_a_part_of_a_json_body_is_told_from_a_wrong_one(body: list[object], data: st.DataObject) -> None:
    written = orjson.dumps(body)
    assert json_of(written, "application/json", "utf-8") == body
    part = written[: data.draw(st.integers(1, len(written) - 1))]
    with pytest.raises(Unreadable) as caught:
        json_of(part, "application/json", "utf-8")
    assert caught.value.state == "truncated"


@pytest.mark.parametrize(
    ("body", "media_type", "state"),
    [
        (b"<!DOCTYPE html><title>x</title>", "application/json", "login_page"),
        (b"\xef\xbb\xbf\r\n <html>", "", "login_page"),
        (b'<?xml version="1.0"?><!DOCTYPE html><html lang="vi">', "", "login_page"),
        (b"[]", "text/html", "login_page"),
        (b'<?xml version="1.0"?><fault/>', "text/xml", "unreadable"),
        (b"OK", "application/json", "unreadable"),
        (b"", "application/json", "empty"),
        (b"\xef\xbb\xbf \r\n", "application/json", "empty"),
        ("[1]".encode("utf-16"), "application/json", "wrong_encoding"),
    ],
)
def test_what_is_no_json_has_its_name(body: bytes, media_type: str, state: str) -> None:
    with pytest.raises(Unreadable) as caught:
        json_of(body, media_type, "utf-8")
    assert caught.value.state == state
