"""One answer of a system that nobody has declared yet, fetched as a person would: no credential, no second try."""

from __future__ import annotations

import requests

from etl.errors import SettingsError

_MOST_BYTES = 32 * 2**20
_SECONDS = 60.0


def sample(address: str) -> bytes:
    """The bytes that the address answers with. Raises SettingsError, which does not repeat the query."""
    shown = address.partition("?")[0]
    if "@" in shown.partition("://")[2].partition("/")[0]:
        raise SettingsError("địa chỉ mẫu không được mang tài khoản (an address without user and password)")
    try:
        with requests.get(address, timeout=_SECONDS, allow_redirects=False, stream=True) as answer:
            if answer.status_code != requests.codes.ok:
                raise SettingsError(f"{shown} trả HTTP {answer.status_code}, chưa có mẫu (no sample)")
            content = b""
            for chunk in answer.iter_content(2**16):
                content += chunk
                if len(content) > _MOST_BYTES:
                    raise SettingsError(f"{shown} trả quá {_MOST_BYTES} byte, hãy lấy một trang (ask for one page)")
            return content
    except requests.RequestException as problem:
        raise SettingsError(f"không lấy được mẫu từ {shown}: {type(problem).__name__} (no sample)") from problem
