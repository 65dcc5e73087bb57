"""From one page to the next, as the platform declares it; and when a series of pages is whole.

Whatever a portal answers, a series ends: pages and bytes are bounded, no page, cursor or link comes twice,
an empty page has no successor, and a link leads nowhere but to the portal itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

import orjson

from etl.model import Paging, Proof, PullState

MOST_PAGES = 10_000
MOST_BYTES = 2**30
"""Of one series of pages."""
_PAGING = "phân trang"


class BrokenSeries(Exception):
    """A series that is not whole."""

    def __init__(self, state: PullState, field: str, problem: str) -> None:
        self.state, self.field, self.problem = state, field, problem
        super().__init__(problem)


@dataclass(frozen=True)
class Next:
    """What to ask for: the page counted from 0, the cursor or the address the page before gave."""

    number: int = 0
    cursor: str | int | None = None
    url: str | None = None


@dataclass
class Series:
    """The pages received so far. `after` takes one page in and says what to ask for next; None: it is whole.

    proof: what shows that, once it is.
    """

    paging: Paging
    records: str
    origin: str
    proof: Proof = "short_page"
    _received: int = 0
    _bytes: int = 0
    _declared: int | None = None
    _seen: set[str] = field(default_factory=set)

    def after(
        self, asked: Next, address: str, content: bytes, body: Any, links: Mapping[str, Any] | None
    ) -> Next | None:
        """`address`: where the page came from; `links`: its `Link` header by relation, None without one."""
        rows = self._rows(body)
        if rows:
            self._once(orjson.dumps(rows), f"trang {asked.number + 1} lặp lại nguyên văn một trang trước")
        self._received += len(rows)
        self._bytes += len(content)
        if self._whole(body, len(rows)):
            return None
        following = self._following(asked, address, body, links, len(rows))
        if following is None:
            if self._declared is not None:
                raise self._short(self._declared)
            return None
        if not rows:
            problem = f"trang {asked.number + 1} không có dòng nào mà vẫn báo còn trang sau"
            raise BrokenSeries("endless", _PAGING, problem)
        if following.number >= MOST_PAGES:
            raise BrokenSeries("endless", _PAGING, f"quá {MOST_PAGES} trang mà chưa hết")
        if self._bytes > MOST_BYTES:
            raise BrokenSeries("endless", _PAGING, f"đã nhận hơn {MOST_BYTES >> 20} MiB mà chưa hết")
        return following

    def _rows(self, body: Any) -> list[Any]:
        rows = at(body, self.records)
        if not isinstance(rows, list):
            where = self.records or "nội dung"
            raise BrokenSeries("misshapen", where, "không có danh sách số liệu ở chỗ đã khai báo")
        return rows

    def _once(self, what: bytes, problem: str, state: PullState = "repeated") -> None:
        digest = hashlib.sha256(what).hexdigest()
        if digest in self._seen:
            raise BrokenSeries(state, _PAGING, problem)
        self._seen.add(digest)

    def _whole(self, body: Any, rows: int) -> bool:
        """Whether the declared total is reached. A total that changes or is passed proves the opposite."""
        path = self.paging.total
        if path is None:
            return False
        total = at(body, path)
        if type(total) is not int or total < 0:
            raise BrokenSeries("misshapen", path, "thiếu tổng số dòng mà cổng phải khai")
        if self._declared is not None and total != self._declared:
            problem = f"tổng số dòng đổi từ {self._declared} thành {total} khi đang lấy: số liệu đang thay đổi"
            raise BrokenSeries("shifting", path, problem)
        self._declared = total
        self.proof = "declared_total"
        if self._received > total:
            raise BrokenSeries("excess", path, f"khai {total} dòng nhưng trả {self._received} dòng")
        if self._received < total and rows == 0:
            raise self._short(total)
        return self._received == total

    def _short(self, total: int) -> BrokenSeries:
        problem = f"khai {total} dòng nhưng chỉ trả {self._received} dòng"
        return BrokenSeries("short", self.paging.total or _PAGING, problem)

    def _following(
        self, asked: Next, address: str, body: Any, links: Mapping[str, Any] | None, rows: int
    ) -> Next | None:
        paging, number = self.paging, asked.number + 1
        if paging.cursor is not None:
            cursor = at(body, paging.cursor, missing=_MISSING)
            if self._ended(cursor, rows, paging.cursor):
                return None
            if type(cursor) not in (str, int):
                raise BrokenSeries("misshapen", paging.cursor, "con trỏ trang sau không phải là chữ hoặc số")
            self._once(b"cursor " + str(cursor).encode(), f"con trỏ trang {number + 1} đã gặp: các trang đi vòng tròn")
            return Next(number, cursor=cursor)
        if paging.next_link is not None or paging.link_header:
            place = paging.next_link or "Link"
            if paging.next_link is not None:
                link = at(body, paging.next_link, missing=_MISSING)
            else:
                link = _MISSING if links is None else links.get("next", {}).get("url")
            if self._ended(link, rows, place):
                return None
            if not isinstance(link, str):
                raise BrokenSeries("misshapen", place, "địa chỉ trang sau không phải là chữ")
            url = self._own(address, link, place)
            problem = f"địa chỉ trang {number + 1} đã gặp: các trang đi vòng tròn"
            self._once(b"link " + url.encode(), problem, "endless")
            return Next(number, url=url)
        if self._declared is None and rows < paging.size:
            return None
        return Next(number)

    def _ended(self, value: Any, rows: int, place: str) -> bool:
        """No successor. A full page that says nothing at all of a next one proves nothing, unless a total does."""
        if value is _MISSING and rows >= self.paging.size and self.paging.total is None:
            problem = f"trang đủ {rows} dòng mà không có {place}: không rõ đã hết hay chưa"
            raise BrokenSeries("endless", place, problem)
        if self.paging.total is None:
            self.proof = "short_page" if value is _MISSING else "last_page"
        return value is _MISSING or value is None or value is False or value == ""

    def _own(self, address: str, link: str, place: str) -> str:
        """The link in full. Raises BrokenSeries for one to anywhere but the portal: the credential stays with it."""
        try:
            url = urldefrag(urljoin(address, link)).url
            there, here = urlsplit(url), urlsplit(self.origin)
            same = (there.scheme, there.hostname, _port(url)) == (here.scheme, here.hostname, _port(self.origin))
            bare = there.username is None and there.password is None
        except ValueError:
            raise BrokenSeries("misshapen", place, "địa chỉ trang sau không đọc được") from None
        if not (same and bare):
            problem = f"địa chỉ trang sau dẫn tới máy chủ khác ({there.scheme}://{there.hostname})"
            raise BrokenSeries("redirected", place, problem)
        return url


_MISSING = object()


def at(body: Any, path: str, missing: Any = None) -> Any:
    """What stands under a dotted path of a JSON body ("": the body); `missing` where nothing does."""
    for key in path.split(".") if path else ():
        if not isinstance(body, dict) or key not in body:
            return missing
        body = body[key]
    return body


def _port(url: str) -> int | None:
    parts = urlsplit(url)
    return parts.port or {"http": 80, "https": 443}.get(parts.scheme)
