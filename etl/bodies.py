"""What the bytes of an answer are before anything is read in them: a page, text of the declared encoding, JSON.

An encoding is never guessed: bytes that do not fit the declared one are refused, with the place of the first of them.
"""

from __future__ import annotations

import unicodedata
from typing import Any

import orjson

from etl.model import Encoding, PullState

_BOM = b"\xef\xbb\xbf"
_HEAD = 2000
_PAGE = "nhận được trang HTML (thường là trang đăng nhập hoặc trang báo lỗi) thay vì"


class Unreadable(Exception):
    """The bytes are not what they should be; the text is the problem, in Vietnamese, and `state` its name."""

    def __init__(self, problem: str, state: PullState = "unreadable") -> None:
        self.state = state
        super().__init__(problem)


def refuse_page(content: bytes, media_type: str, instead_of: str) -> None:
    """Raises Unreadable for an HTML page, whether its bytes or only its media type say so."""
    start = content.removeprefix(_BOM).lstrip()[:_HEAD].lower()
    xml = start.startswith(b"<?xml") and b"<html" not in start
    if "html" in media_type or (start.startswith(b"<") and not xml):
        raise Unreadable(f"{_PAGE} {instead_of}", "login_page")


def text_of(content: bytes, encoding: Encoding) -> str:
    """The text; windows-1258 writes a letter and its tone apart, here they are one character (NFC).

    Raises Unreadable for bytes of another encoding: also for UTF-8 where windows-1258 is declared, which that
    would read as other letters.
    """
    content = content.removeprefix(_BOM)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as problem:
        if encoding == "utf-8":
            raise _undecodable(content, problem) from None
    else:
        if encoding == "utf-8" or text.isascii():
            return text
        place = next(index for index, byte in enumerate(content) if byte > 0x7F)
        raise _foreign(content, place, encoding, "là UTF-8")
    try:
        return unicodedata.normalize("NFC", content.decode("cp1258"))
    except UnicodeDecodeError as problem:
        raise _foreign(content, problem.start, encoding) from None


def json_text(content: bytes, media_type: str, encoding: Encoding) -> str:
    """The text of what should be JSON. Raises Unreadable for a page, nothing at all and another encoding."""
    refuse_page(content, media_type, "JSON")
    if not content.removeprefix(_BOM).strip():
        raise Unreadable("câu trả lời không có nội dung nào", "empty")
    return text_of(content, encoding)


def json_of(content: bytes, media_type: str, encoding: Encoding) -> Any:
    """The JSON value. Raises Unreadable for a page, nothing at all, another encoding, or what is no whole JSON."""
    text = json_text(content, media_type, encoding)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as problem:
        cut = problem.pos >= len(problem.doc)
        found = "JSON bị cắt cụt" if cut else "không phải JSON hợp lệ"
        place = f"(ký tự thứ {problem.pos + 1} trên {len(text)})"
        raise Unreadable(f"{found} {place}", "truncated" if cut else "unreadable") from None


def _undecodable(content: bytes, problem: UnicodeDecodeError) -> Unreadable:
    if problem.end == len(content) and problem.reason == "unexpected end of data":
        return Unreadable(f"bị cắt cụt giữa một chữ (sau byte thứ {len(content)})", "truncated")
    return _foreign(content, problem.start, "utf-8")


def _foreign(content: bytes, place: int, encoding: Encoding, found: str = "không có trong bảng mã này") -> Unreadable:
    problem = f"không đọc được theo bảng mã {encoding}: byte thứ {place + 1} (0x{content[place]:02X}) {found}"
    return Unreadable(problem, "wrong_encoding")
