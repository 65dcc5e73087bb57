"""What the landed bytes say of a standard row, read once more: its record, or the single records that it counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from etl import parsing
from etl.bodies import Unreadable, json_of
from etl.errors import SourceBroken, TraceError
from etl.model import Page, Pages, Platform
from etl.periods import Period
from etl.pipeline.office import Office
from etl.warehouse import TraceRow


class Evidence:
    """Reads each landed page once, and checks it against its sha256."""

    def __init__(self, office: Office, period: Period) -> None:
        self._office, self._period = office, period
        self._documents: dict[str, Any] = {}
        self._verified: set[str] = set()
        self._pages: dict[str, Pages] = {}
        self._columns: dict[str, dict[str, int]] = {}

    @property
    def pages_verified(self) -> int:
        return len(self._verified)

    def of(self, row: TraceRow, measures: Sequence[str]) -> dict[str, Any]:
        """The row, JSON-able: its figures of the measures, how its page was fetched, and what stands there (`read`).

        value: of a single measure its figure, else None; `values` has each.
        counted: how many single records the row counts, with the first of them, and on how many pages they were looked
        for; None for a record of the source's own.
        Raises TraceError, naming the file, when the bytes are not those that the row came from.
        """
        page = page_of(row)
        platform = self._office.catalog.platform_of(self._office.catalog.sources[row.source], self._period)
        held = row.receipt if platform.records_of is not None else row.payload
        if held not in self._documents:
            self._documents[held] = self._document(row, page)
        document, counted = self._documents[held], None
        if platform.records_of is not None:
            counted, read = _recounted(document, row, platform, measures)
            counted["pages"] = len(self.pages(row).asked)
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
        record = {} if held is not None else _record_at(self._documents[row.payload], row, by_row=False)

        def place(column: str) -> str | None:
            now = source.renamed.get(column)
            if held is not None:
                number = held.get(column, None if now is None else held.get(now))
                return None if number is None else _letters(number)
            return now if now is not None and _dig(record, column) is None else column

        given = {measure: platform.columns[measure] for measure in measures if measure in platform.columns}
        return {measure: [place(column) for column in columns] for measure, columns in given.items()}

    def pages(self, row: TraceRow) -> Pages:
        """The answers that a row was read from: one, or all of the list whose records it counts.

        Raises TraceError where the receipt of that list is gone, or another one than the row's page says.
        """
        catalog = self._office.catalog
        if catalog.platform_of(catalog.sources[row.source], self._period).records_of is None:
            return Pages((page_of(row),), self._read)
        if row.receipt not in self._pages:
            receipts = self._office.landing.receipts(row.source, self._period.key)
            kept = [one for one in receipts if one.id == row.receipt]
            if not kept or row.payload not in {page.sha256 for page in kept[0].pages}:
                raise TraceError(
                    f"{row.source}: biên nhận {row.receipt} không còn như khi nạp (the receipt is not there)"
                )
            self._pages[row.receipt] = Pages(kept[0].pages, self._read)
        return self._pages[row.receipt]

    def _read(self, page: Page) -> bytes:
        content = self._office.landing.read(page)
        self._verified.add(page.sha256)
        return content

    def _document(self, row: TraceRow, page: Page) -> Any:
        """What a page holds: a JSON body, or the rows of a file by their pointers. Of a list of single records the rows
        that it is counted into, once more, by their pointers."""
        catalog = self._office.catalog
        source = catalog.sources[row.source]
        platform = catalog.platform_of(source, self._period)
        try:
            if platform.records_of is not None:
                dataset, tree = catalog.datasets[platform.dataset], catalog.tree(self._period)
                return parsing.recounted(source, platform, dataset, self._period, self.pages(row), tree, catalog.fields)
            content = self._read(page)
            if platform.table is None:
                return json_of(content, page.media_type, platform.encoding)
            rows, self._columns[page.sha256] = parsing.file_rows(source, platform, self._period, page, content)
            return rows
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
    """How many records the list holds of the row's agency and field, and the measures as they count them.

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
