"""From landed bytes to records: what must hold of an answer as a whole before any row is read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Final

from etl.bodies import Unreadable, json_of
from etl.errors import SourceBroken
from etl.model import Dataset, Finding, Page, Pages, Platform, PullState, Source
from etl.periods import Interval, Period, counted, parts

MISSING: Final = object()
"""What stands where a record has no such column; null is a value of its own."""

Path = tuple[str, ...]
_Series = tuple[str | None, str | None, dt.date | None]
"""What a series of pages was asked for: field, list and first day."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row as the source wrote it; `pointer` is its place in the page's body.

    That is a JSON pointer, or for files the sheet and its row ("/Sheet!12"). left_out: why the reader of a
    file knows it to be no row of figures, "" where it may be one. under: pointers of the blocks of the table that
    it stands in, outermost first.
    """

    page: Page
    pointer: str
    data: dict[str, Any]
    left_out: str = ""
    under: tuple[str, ...] = ()


@dataclass(frozen=True)
class Audit:
    """What an answer's columns are, against what its platform declares.

    missing: columns of numbers that no record has. unread: columns that nobody reads. given: the measures that
    this answer provides, which are those of the platform less those that need a missing column.
    """

    findings: list[Finding]
    missing: tuple[str, ...]
    unread: tuple[str, ...]
    given: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """All pages of one source for one period, under the platform's declaration."""

    source: Source
    platform: Platform
    period: Period
    pages: Pages

    def broken(self, state: PullState, field: str, problem: str) -> SourceBroken:
        advice = (
            f"Báo đơn vị vận hành cổng, hoặc sửa platforms/{self.platform.id}.yml nếu giao diện đã đổi, rồi chạy lại"
        )
        return SourceBroken(self.source.id, self.period.key, field, problem, advice, state=state)

    @cached_property
    def days(self) -> Interval:
        """The days that the source counts when it is asked for the period; of a file, those it must state."""
        return counted(self.platform.window, self.period)

    def days_of(self, page: Page) -> Interval:
        """The days that the rows of a page count: all, or those of the part that was asked for."""
        if page.first_day is None or page.last_day is None:
            return self.days
        return Interval(page.first_day, page.last_day)

    @cached_property
    def parts(self) -> tuple[Interval, ...]:
        """The parts that were asked for. Raises SourceBroken where they do not tile the days."""
        found = sorted({self.days_of(page) for page in self.pages.asked})
        if not self.days.tiled_by(found):
            missing = [part for part in parts(self.platform.window, self.period) if part not in found]
            names = ", ".join(map(str, missing[:5])) or "các ngày chồng lên nhau"
            raise self.broken("short", names, "chưa lấy đủ các ngày của kỳ")
        return tuple(found)

    @cached_property
    def number_columns(self) -> tuple[str, ...]:
        """Source columns that must hold whole numbers: the mapped ones, then those of the vendor's arithmetic."""
        platform = self.platform
        if platform.records_of is not None:
            return ()
        mapped = [name for names in platform.columns.values() for name in names]
        summed = [name for identity in platform.identities for name in (identity.total, *identity.parts)]
        return tuple(dict.fromkeys([*mapped, *summed]))

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Every source column this platform reads, numbers and others."""
        platform = self.platform
        others = [
            platform.unit.column,
            platform.unit.skip_column,
            platform.field.column if platform.field else None,
            platform.field.name if platform.field else None,
            *platform.totals.axes,
            *platform.totals.spans,
            platform.unique.day_column if platform.unique else None,
            *(platform.records_of.source_columns if platform.records_of else ()),
        ]
        return tuple(dict.fromkeys([*self.number_columns, *(name for name in others if name is not None)]))

    def records(self) -> list[Record]:
        """Every record of every page, nested ones after their parent.

        Raises SourceBroken naming the part: not JSON, no list of records, a declared total that is not
        the number of records, no record at all.
        """
        records = [record for page, at, listed in self.lists() for record in self._walk(page, at, listed)]
        if not records:
            raise self.broken("empty", "nội dung", "danh sách rỗng: cổng trả lời nhưng không có dòng nào")
        return records

    def lists(self) -> Iterator[tuple[Page, str, list[Any]]]:
        """The list that each page holds, with the pointer to it. Raises SourceBroken as `records` does."""
        declared = Declared(self)
        for page, content in self.pages:
            body = self.json(page, content)
            listed = self.list_in(body)
            declared.add(page, len(listed), value_at(body, declared.path))
            yield page, self.list_pointer, listed
        declared.prove()

    def list_in(self, body: Any) -> list[Any]:
        """The list that a page's body holds. Raises SourceBroken where it holds none."""
        listed = value_at(body, path_of(self.platform.records))
        if not isinstance(listed, list):
            raise self.no_list()
        return listed

    @cached_property
    def list_pointer(self) -> str:
        """Where the list of records stands in a page."""
        return "".join(f"/{_escaped(key)}" for key in path_of(self.platform.records))

    def no_list(self) -> SourceBroken:
        return self.broken("misshapen", self.platform.records or "nội dung", "không có danh sách số liệu ở chỗ đã khai")

    def json(self, page: Page, content: bytes) -> Any:
        """What a page holds. Raises SourceBroken where that is no JSON in the declared encoding."""
        try:
            return json_of(content, page.media_type, self.platform.encoding)
        except Unreadable as problem:
            raise self.broken(problem.state, "nội dung", str(problem)) from None

    def _walk(self, page: Page, pointer: str, listed: list[Any]) -> Iterator[Record]:
        children = self.platform.children
        for index, data in enumerate(listed):
            here = f"{pointer}/{index}"
            if not isinstance(data, dict):
                raise self.broken("misshapen", here, "một dòng số liệu không phải là đối tượng JSON")
            yield Record(page, here, data)
            nested = data.get(children) if children is not None else None
            if nested is None:
                continue
            if not isinstance(nested, list):
                raise self.broken("misshapen", f"{here}/{children}", "các dòng con không phải là danh sách")
            yield from self._walk(page, f"{here}/{_escaped(str(children))}", nested)

    def audit(self, records: Sequence[Record], dataset: Dataset) -> Audit:
        """Which columns came that nobody reads (a READ-COLUMN warning for each payload), and which did not come.

        A column of numbers that no record has is a critical READ-MISSING: the measures that need it have no value,
        the others stand. Raises SourceBroken naming a column without which no row can be placed (unit, field, day,
        the axes of totals), or when no measure is left.
        """
        known = {*self.columns, *self.platform.ignore}
        unread: dict[str, dict[str, None]] = {}
        absent = dict.fromkeys(self.columns)
        seen: set[tuple[str, ...]] = set()
        for record in records:
            if dict not in map(type, record.data.values()):  # flat rows come in few shapes: look at each once
                shape = (record.page.sha256, *record.data)
                if shape in seen:
                    continue
                seen.add(shape)
            for column in _leaves(record.data, self.platform.children, known):
                absent.pop(column, None)
                if column not in known:
                    unread.setdefault(record.page.sha256, {})[column] = None
        strange = tuple(dict.fromkeys(column for columns in unread.values() for column in columns))
        also = f"; có cột lạ: {', '.join(strange)}" if strange else ""
        missing = tuple(column for column in absent if column in self.number_columns)
        given = tuple(name for name, parts in self.platform.columns.items() if not set(parts) & set(missing))
        for column in absent:
            if column not in missing or not given:
                raise self.broken("missing_column", column, f"thiếu cột này ở mọi dòng{also}")
        warnings = [
            Finding(
                rule="READ-COLUMN",
                severity="warning",
                source=self.source.id,
                period=self.period.key,
                payload=payload,
                column=", ".join(columns),
                expected="cột đã khai báo",
                message=f"Cổng trả thêm cột không ai đọc: {', '.join(columns)}. "
                f"Khai báo trong columns hoặc ignore của platforms/{self.platform.id}.yml",
            )
            for payload, columns in unread.items()
        ]
        return Audit([*warnings, *(self._lost(column, dataset, also) for column in missing)], missing, strange, given)

    def _lost(self, column: str, dataset: Dataset, also: str) -> Finding:
        blocked = [
            f"“{dataset.columns[name].title.vi}” ({name})"
            for name, parts in self.platform.columns.items()
            if column in parts
        ]
        unchecked = [
            f"{one.total} = {' + '.join(one.parts)}"
            for one in self.platform.identities
            if column in (one.total, *one.parts)
        ]
        effects = []
        if blocked:
            effects.append(f"không có số liệu: {', '.join(blocked)}; các chỉ tiêu khác vẫn tính")
        if unchecked:
            effects.append(f"không kiểm được: {'; '.join(unchecked)}")
        return Finding(
            rule="READ-MISSING",
            severity="critical",
            source=self.source.id,
            period=self.period.key,
            payload=self.pages.asked[0].sha256,
            column=column,
            expected=f"cột {column} như platforms/{self.platform.id}.yml khai",
            message=f"Không dòng nào có cột {column}{also}. Vì thế {'; '.join(effects)}",
        )


class Declared:
    """The totals that the pages declare, one for each field, list and first day asked for, against what they hold."""

    def __init__(self, answer: Answer) -> None:
        self._answer, paging = answer, answer.platform.request.paging
        self._column = paging.total if paging is not None else None
        self.path = path_of(self._column or "")
        self._declared: dict[_Series, int] = {}
        self._received: dict[_Series, int] = {}

    def add(self, page: Page, records: int, total: object) -> None:
        """Raises SourceBroken where the total is no number, or not that of the pages before."""
        series = (page.field, page.list, page.first_day)
        self._received[series] = self._received.get(series, 0) + records
        if self._column is None:
            return
        if type(total) is not int:
            raise self._answer.broken("misshapen", self._column, "thiếu tổng số dòng mà cổng phải khai")
        if self._declared.setdefault(series, total) != total:
            raise self._answer.broken("shifting", self._column, "tổng số dòng khác nhau giữa các trang")

    def prove(self) -> None:
        """Raises SourceBroken where the pages together do not hold as many records as they declare."""
        for series, total in self._declared.items():
            if (given := self._received[series]) != total:
                state: PullState = "short" if given < total else "excess"
                raise self._answer.broken(state, "tổng số dòng", f"khai {total} dòng nhưng trả {given} dòng")


@cache
def path_of(column: str) -> Path:
    """The keys of a dotted path; () for ""."""
    return tuple(column.split(".")) if column else ()


def value_at(data: Any, path: Path) -> Any:
    """What stands under the keys, MISSING where a key is not there."""
    for key in path:
        if not isinstance(data, dict):
            return MISSING
        data = data.get(key, MISSING)
    return data


def _leaves(data: Mapping[str, Any], children: str | None, known: Set[str], prefix: str = "") -> Iterator[str]:
    """Dotted paths of the columns of a row: as far in as it has objects, or as a column is known."""
    for key, value in data.items():
        column = prefix + key
        if isinstance(value, dict) and column not in known:
            yield from _leaves(value, None, known, f"{column}.")
        elif key != children:
            yield column


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
