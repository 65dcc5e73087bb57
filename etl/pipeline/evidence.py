"""What the landed bytes say of a standard row, read once more: its record, or the single records that it counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from etl import parsing
from etl.bodies import Unreadable, json_of
from etl.errors import SourceBroken, TraceError
from etl.model import Page, Platform
from etl.periods import Period
from etl.pipeline.office import Office
from etl.warehouse import TraceRow


class Evidence:
    """Reads each landed page once, and checks it against its sha256."""

    def __init__(self, office: Office, period: Period) -> None:
        self._office, self._period = office, period
        self._pages: dict[str, Any] = {}
        self._columns: dict[str, dict[str, int]] = {}

    @property
    def pages_verified(self) -> int:
        return len(self._pages)

    def of(self, row: TraceRow, measures: Sequence[str]) -> dict[str, Any]:
        """The row, JSON-able: its figures of the measures, how its page was fetched, and what stands there (`read`).

        value: of a single measure its figure, else None; `values` has each.
        counted: how many single records the row counts, with the first of them; None for a record of the source's own.
        Raises TraceError, naming the file, when the bytes are not those that the row came from.
        """
        page = page_of(row)
        if row.payload not in self._pages:
            self._pages[row.payload] = self._document(row, page)
        document = self._pages[row.payload]
        platform = self._office.catalog.platform_of(self._office.catalog.sources[row.source], self._period)
        counted = None
        if platform.records_of is not None:
            counted, read = _recounted(document, row, platform, measures)
        else:
            record = _record_at(document, row, by_row=platform.table is not None)
            renamed = self._office.catalog.sources[row.source].renamed
            columns = (column for measure in measures for column in platform.columns.get(measure, ()))
            read = {column: _figure(record, column, renamed) for column in columns}
        return {
            "source": row.source,
            "agency": row.agency,
            "unit": row.unit,
            "field": row.field,
            "first_day": row.first_day and row.first_day.isoformat(),
            "last_day": row.last_day and row.last_day.isoformat(),
            "value": row.values.get(measures[0]) if len(measures) == 1 else None,
            "values": {measure: row.values.get(measure) for measure in measures},
            "read": read,
            "counted": counted,
            "file": self._office.landing.locate(page),
            "pointer": row.pointer,
            "sha256": row.payload,
            "address": row.address,
            "method": row.method,
            "request": row.request,
            "fetched_at": row.fetched_at.isoformat(),
            "receipt": row.receipt,
        }

    def columns(self, row: TraceRow, measures: Sequence[str]) -> dict[str, list[str | None]]:
        """Of a record of the source's own, which of its columns each measure is the sum of; else nothing.

        Of a file they are the letters of the sheet's columns, None for one that it does not have. The row's page was
        read by `of` before.
        """
        source = self._office.catalog.sources[row.source]
        platform = self._office.catalog.platform_of(source, self._period)
        if platform.records_of is not None:
            return {}
        held = self._columns.get(row.payload)
        record = {} if held is not None else _record_at(self._pages[row.payload], row, by_row=False)

        def place(column: str) -> str | None:
            now = source.renamed.get(column)
            if held is not None:
                number = held.get(column, None if now is None else held.get(now))
                return None if number is None else _letters(number)
            return now if now is not None and _dig(record, column) is None else column

        given = {measure: platform.columns[measure] for measure in measures if measure in platform.columns}
        return {measure: [place(column) for column in columns] for measure, columns in given.items()}

    def _document(self, row: TraceRow, page: Page) -> Any:
        """What a page holds: a JSON body, the rows of a file by their pointers, or single records counted once more."""
        office, content = self._office, self._office.landing.read(page)
        catalog = office.catalog
        source = catalog.sources[row.source]
        platform = catalog.platform_of(source, self._period)
        try:
            if platform.table is None and platform.records_of is None:
                return json_of(content, page.media_type, platform.encoding)
            if platform.table is not None:
                rows, self._columns[page.sha256] = parsing.file_rows(source, platform, self._period, page, content)
                return rows
            kept = [one for one in office.landing.receipts(source.id, self._period.key) if one.id == row.receipt]
            landed = (one for receipt in kept for one in receipt.pages if one.sha256 == page.sha256)
            pair = (next(landed, page), content)  # the receipt knows which list or field the page was asked for
            dataset, tree = catalog.datasets[platform.dataset], catalog.tree(self._period)
            return parsing.recounted(source, platform, dataset, self._period, pair, tree, catalog.fields)
        except (SourceBroken, Unreadable) as problem:
            raise TraceError(f"{page.uri}: không đọc lại được như khi nạp số liệu ({problem})") from problem


def page_of(row: TraceRow) -> Page:
    return Page(
        sha256=row.payload,
        uri=row.uri,
        size=0,
        media_type="",
        status=200,
        method=row.method,
        address=row.address,
        request=row.request,
        fetched_at=row.fetched_at,
    )


def _record_at(document: Any, row: TraceRow, *, by_row: bool) -> Any:
    """The record the row's pointer leads to: a JSON pointer (RFC 6901), or `by_row` the row of a sheet.

    Raises TraceError when it leads nowhere.
    """
    found = document
    try:
        for part in [row.pointer] if by_row else row.pointer.split("/")[1:]:
            found = found[int(part)] if isinstance(found, list) else found[part]
    except (KeyError, IndexError, ValueError, TypeError) as problem:
        raise TraceError(f"{row.uri}: không có bản ghi {row.pointer} (the pointer leads nowhere)") from problem
    return found


def _recounted(document: Any, row: TraceRow, platform: Platform, measures: Sequence[str]) -> tuple[Any, dict[str, int]]:
    """How many records the page holds of the row's agency and field, and the measures as they count them.

    A row of zeros, of a unit that the whole list does not name, has none. Raises TraceError for another figure.
    """
    found = document.get(row.pointer) or {**dict.fromkeys(platform.columns, 0), "raw": '{"records":0}'}
    for column in platform.columns:
        if found[column] != row.values.get(column):
            raise TraceError(
                f"{row.uri}, {row.pointer}: đếm lại các bản ghi được {column} = {found[column]}, "
                f"dòng số liệu là {row.values.get(column)} (counting the records again gives another figure)"
            )
    return orjson.loads(found["raw"]), {one: found[one] for one in measures if one in platform.columns}


def _figure(record: Any, column: str, renamed: Mapping[str, str]) -> Any:
    """The value under the platform's name of the column, or under the one its portal has for it now."""
    found = _dig(record, column)
    return _dig(record, renamed[column]) if found is None and column in renamed else found


def _dig(record: Any, path: str) -> Any:
    for part in path.split("."):
        record = record.get(part) if isinstance(record, dict) else None
    return record


def _letters(column: int) -> str:
    """0 -> A, 25 -> Z, 26 -> AA."""
    return chr(ord("A") + column) if column < 26 else _letters(column // 26 - 1) + chr(ord("A") + column % 26)
