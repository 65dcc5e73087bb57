"""The immutable store of what portals answered: bytes by their sha256, and a receipt of every attempt.

The contract of its files, under the store's root (a folder, or any fsspec URL such as s3://bucket/store):

    raw/<source>/<period>/<sha256>.<ext>                    the answer's bytes, exactly as received
    receipts/<source>/<period>/<started, UTC>-<id>.json     one attempt, complete or not, with its pages

A file appears whole under its name, or not at all, and is never written again: the same bytes land on the
file that is there already, other bytes have another name. Nothing here deletes. A name is relative to the
root, so that a store can be moved; reading checks the sha256, so that a changed byte is always noticed.
"""

from __future__ import annotations

import datetime as dt
import hashlib

import orjson
from pydantic import TypeAdapter, ValidationError
from upath import UPath

from etl.errors import TraceError
from etl.files import create
from etl.model import Page, Pages, Receipt

_RECEIPT: TypeAdapter[Receipt] = TypeAdapter(Receipt)
_EXTENSIONS = {
    "spreadsheetml": "xlsx",
    "ms-excel": "xls",
    **{kind: kind for kind in ("json", "html", "xml", "csv")},
}
"""Part of a media type -> the extension; the first one counts."""


class Landing:
    """The store under `store_url` (Settings.store_url)."""

    def __init__(self, store_url: str) -> None:
        self._root = UPath(store_url.removeprefix("file://"))

    def land(
        self,
        source: str,
        period: str,
        *,
        body: bytes,
        status: int,
        media_type: str,
        method: str,
        address: str,
        request: str,
        fetched_at: dt.datetime,
        field: str | None = None,
        first_day: dt.date | None = None,
        last_day: dt.date | None = None,
        list: str | None = None,
        etag: str | None = None,
        last_modified: str | None = None,
    ) -> Page:
        """Keep one answer. The keywords are those of a connector's Response.

        Raises TraceError when a file of that name is there already with other bytes.
        """
        sha256 = hashlib.sha256(body).hexdigest()
        kind = next((kind for part, kind in _EXTENSIONS.items() if part in media_type), "bin")
        page = Page(
            sha256=sha256,
            uri=f"raw/{source}/{period}/{sha256}.{kind}",
            size=len(body),
            media_type=media_type,
            status=status,
            method=method,
            address=address,
            request=request,
            fetched_at=_utc(fetched_at),
            field=field,
            first_day=first_day,
            last_day=last_day,
            list=list,
            etag=etag,
            last_modified=last_modified,
        )
        try:
            create(self._root / page.uri, body)
        except FileExistsError:
            self.read(page)
        return page

    def read(self, page: Page) -> bytes:
        """The bytes of a landed answer. Raises TraceError when they are missing or no longer the same."""
        path = self._root / page.uri
        try:
            body: bytes = path.read_bytes()
        except FileNotFoundError:
            raise TraceError(f"tệp gốc {path} không còn: cần khôi phục từ bản sao lưu (sha256 {page.sha256})") from None
        found = hashlib.sha256(body).hexdigest()
        if found != page.sha256:
            raise TraceError(
                f"tệp gốc {path} đã bị thay đổi: phải có sha256 {page.sha256}, nay là {found}. "
                "Khôi phục từ bản sao lưu, hoặc chuyển tệp đi nơi khác rồi thu thập lại"
            )
        return body

    def pages(self, receipt: Receipt) -> Pages:
        """The answers of an attempt; each is read, and checked, when it is asked for."""
        return Pages(receipt.pages, self.read)

    def folder(self, *parts: str) -> UPath:
        """A folder of the store for what is derived from the answers."""
        return self._root.joinpath(*parts)

    def locate(self, page: Page) -> str:
        """Where the bytes are, as a path or URL that a person can open."""
        return str(self._root / page.uri)

    def write_receipt(self, receipt: Receipt) -> str:
        """Keep one attempt, once; its name relative to the store. Raises FileExistsError for a second time."""
        started = _utc(receipt.started_at)
        name = f"receipts/{receipt.source}/{receipt.period}/{started:%Y%m%dT%H%M%S.%fZ}-{receipt.id}.json"
        _utc(receipt.finished_at)
        create(self._root / name, orjson.dumps(receipt, option=orjson.OPT_INDENT_2))
        return name

    def receipts(self, source_id: str, period: str) -> list[Receipt]:
        """Every attempt for that source and period, oldest first. Raises TraceError for one that is unreadable."""
        folder = self._root / "receipts" / source_id / period
        return [self._receipt(path) for path in sorted(folder.glob("*.json"), key=lambda path: str(path.name))]

    def last_attempt(self, source_id: str) -> Receipt | None:
        """The newest attempt for that source, whatever its period."""
        found = sorted((self._root / "receipts" / source_id).glob("*/*.json"), key=lambda path: str(path.name))
        return self._receipt(found[-1]) if found else None

    def latest_complete(self, source_id: str, period: str) -> Receipt | None:
        """The last attempt that was proven complete."""
        complete = [receipt for receipt in self.receipts(source_id, period) if receipt.state == "complete"]
        return complete[-1] if complete else None

    def _receipt(self, path: UPath) -> Receipt:
        try:
            return _RECEIPT.validate_json(path.read_bytes(), strict=True)
        except ValidationError as problem:
            raise TraceError(f"biên nhận {path} không đọc được: {problem.errors()[0]['msg']}") from problem


def _utc(moment: dt.datetime) -> dt.datetime:
    """The same instant in UTC. Raises ValueError for a time without an offset: it names no instant."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no UTC offset")
    return moment.astimezone(dt.UTC)
