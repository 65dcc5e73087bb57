"""Conditional requests: a page that the portal calls unchanged is the one that was landed before."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime

from etl.connectors.asking import Asked
from etl.connectors.response import Response
from etl.model import Page, Request
from etl.periods import Interval

_SURELY_OLDER = dt.timedelta(minutes=1)
"""A date of change counts in seconds: one so near the answer may hide a second change (RFC 9110, 8.8.2.2)."""

_Key = tuple[str, str, str, str | None, str | None, dt.date | None, dt.date | None]


@dataclass(frozen=True)
class Kept:
    """A landed page and its bytes, which were read, and so proven the same, before the portal is asked."""

    page: Page
    body: bytes

    def conditional(self, asked: Asked) -> Asked:
        """The same request, to be answered only where the page changed."""
        conditions = {"If-None-Match": self.page.etag, "If-Modified-Since": _since(self.page)}
        return replace(asked, headers={**asked.headers, **{name: told for name, told in conditions.items() if told}})

    def answers(self, response: Response) -> bool:
        """Whether a 304 is of this page: one that names another ETag contradicts itself."""
        told, known = response.etag, self.page.etag
        return told is None or known is None or told.removeprefix("W/") == known.removeprefix("W/")

    def again(self, response: Response) -> Response:
        """The landed page as the answer of now."""
        return replace(
            response,
            body=self.body,
            media_type=self.page.media_type,
            etag=response.etag or self.page.etag,
            last_modified=response.last_modified or self.page.last_modified,
        )


class Earlier:
    """The pages of the source's latest complete pull of the period. read: their bytes; None where they are lost."""

    def __init__(self, pages: Sequence[Page], read: Callable[[Page], bytes | None]) -> None:
        keys = [_key_of(page) for page in pages]
        count = Counter(keys)  # told apart by something that no receipt holds: none of them is known
        self._pages = {key: page for key, page in zip(keys, pages, strict=True) if count[key] == 1}
        self._read = read

    def of(
        self, request: Request, asked: Asked, field: str | None, part: Interval | None, named: str | None
    ) -> Kept | None:
        """The page that the same request brought, where the platform lets us ask whether it changed.

        part: the days asked for, where the request is repeated over parts of the period.
        """
        linked = request.paging is not None and request.paging.link_header  # a 304 need not repeat the header
        if not request.conditional or request.method != "GET" or linked:
            return None
        days = (None, None) if part is None else (part.first_day, part.last_day)
        page = self._pages.get((request.method, asked.address, asked.body.decode(), field, named, *days))
        if page is None or page.status not in (200, 304) or not (page.etag or _since(page)):
            return None
        body = self._read(page)
        return None if body is None else Kept(page, body)


def _key_of(page: Page) -> _Key:
    return (page.method, page.address, page.request, page.field, page.list, page.first_day, page.last_day)


def _since(page: Page) -> str | None:
    """Its date of change, where that tells any later change."""
    try:
        changed = parsedate_to_datetime(page.last_modified or "")
        return page.last_modified if changed + _SURELY_OLDER <= page.fetched_at else None
    except (TypeError, ValueError, OverflowError):  # no date, or one without a zone
        return None
