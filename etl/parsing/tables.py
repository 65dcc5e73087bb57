"""From a sheet to records: the headings found by their texts, the rows that are no figures told apart.

Nothing is known by its position. A record's pointer is "/<sheet>!<row>", the row as an office program
counts it (a line of CSV, the row of an HTML table); for files it takes the place of a JSON pointer.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from etl.bodies import Unreadable
from etl.model import Page, Table
from etl.parsing.body import Answer, Record
from etl.parsing.lines import TOTAL, Lines, cell_at, is_numbering, text_of
from etl.parsing.rows import number_reader
from etl.parsing.sheets import Cell, Sheet, sheets
from etl.units import name_key

_FIRST_SERIAL, _SERIALS = dt.date(1899, 12, 30), range(36526, 73051)
"""A date of a workbook is the number of days since then; those from 2000 to 2099."""
_PASSWORD = re.compile(rb"""<input[^>]*type\s*=\s*["']?password""", re.IGNORECASE)
_DEEPER = 3
"""A heading may stand in as many more rows than its texts, where a cell is merged downwards."""


def table_records(answer: Answer) -> list[Record]:
    """Every row of every file, those left out too.

    Raises SourceBroken naming the file and the part: no such file, no or two such tables, a missing heading,
    other days than the period's, no total where one is declared.
    """
    found = [record for page, content in answer.pages for record in read_table(answer, page, content)]
    if not any(not record.left_out for record in found):
        raise answer.broken("empty", "nội dung", "danh sách rỗng: không có dòng chi tiết nào")
    return found


def read_table(answer: Answer, page: Page, content: bytes) -> list[Record]:
    """The records of one file, as `table_records` gives them."""
    return placed_table(answer, page, content)[0]


def placed_table(answer: Answer, page: Page, content: bytes) -> tuple[list[Record], dict[str, int]]:
    """The records of one file, and in which column of its sheet, from 0, each of their columns stands."""
    table = answer.platform.table
    assert table is not None, "the platform answers with files"  # noqa: S101
    return _File(answer, table, page).read(content)


@dataclass(frozen=True)
class _Found:
    """Where the headings of a sheet stand: first and last row, what each column is called, how many are declared."""

    top: int
    end: int
    columns: Mapping[int, str]
    found: int


@dataclass(frozen=True)
class _File:
    answer: Answer
    table: Table
    page: Page

    def read(self, content: bytes) -> tuple[list[Record], dict[str, int]]:
        try:
            found = sheets(self.table, content)
        except Unreadable as problem:
            raise self.answer.broken(problem.state, self.name, str(problem)) from None
        placed = [(sheet, place) for sheet in found if (place := self._place(sheet)) is not None]
        if not placed:
            raise self._no_headings(found, content)
        most = max(place.found for _, place in placed)
        placed = [(sheet, place) for sheet, place in placed if place.found == most]
        if len(placed) > 1:
            names = ", ".join(sheet.name for sheet, _ in placed)
            raise self.answer.broken("misshapen", self.name, f"nhiều bảng cùng có các tiêu đề đã khai: {names}")
        sheet, place = placed[0]
        records = list(self._lines(sheet, place).records(self.page, self._stated(sheet, place.top)))
        if self.table.total is not None and not any(record.left_out == TOTAL for record in records):
            raise self.answer.broken("truncated", self.name, "không thấy dòng tổng cộng: tệp có thể bị cắt cụt")
        return records, {name: column for column, name in place.columns.items()}

    @property
    def name(self) -> str:
        """The file as a person knows it."""
        return unquote(self.page.address.partition("?")[0].rstrip("/").rpartition("/")[2]) or "nội dung"

    def _place(self, sheet: Sheet) -> _Found | None:
        """The first place where most of the declared headings stand above exactly one column.

        Without those that place a line (label, agency, field), or without any figure, there is none. A heading that
        is gone, or stands twice, is a column that the records do not have.
        """
        wanted, placing = self._wanted, self._placing
        depth = max(len(texts) for texts in wanted.values())
        best: _Found | None = None
        for end in self._ends(sheet, depth):
            for top in range(end - depth + 1, max(end - depth - _DEEPER, -1), -1):
                paths = _paths(sheet, top, end)
                keys = [tuple(map(name_key, path)) for path in paths]
                named = {keys.index(texts): name for name, texts in wanted.items() if keys.count(texts) == 1}
                there = set(named.values())
                if (
                    placing <= there
                    and there & set(self.answer.number_columns)
                    and len(there) > (best.found if best else 0)
                ):
                    for column, path in enumerate(paths):
                        if column not in named and (path or _used(sheet, column, end)):
                            named[column] = " / ".join(path) or f"cột {column + 1} (không có tiêu đề)"
                    below = [last for first, _, last, _ in sheet.merges or () if top <= first <= end]
                    best = _Found(top, max([end, *below]), named, len(there))
                if len(there) == len(wanted):
                    return best
        return best

    @property
    def _placing(self) -> set[str]:
        """The headings without which no line can be placed."""
        platform = self.answer.platform
        field = platform.field.column if platform.field else None
        return {self.table.label, platform.unit.column, field or self.table.label} & self.table.headings.keys()

    @property
    def _wanted(self) -> dict[str, tuple[str, ...]]:
        return {name: tuple(map(name_key, texts)) for name, texts in self.table.headings.items()}

    def _ends(self, sheet: Sheet, depth: int) -> Iterator[int]:
        """The rows that may be the last of the headings: a declared heading ends in them."""
        lasts = {texts[-1] for texts in self._wanted.values()}
        for index in range(depth - 1, len(sheet.rows)):
            if any(name_key(text) in lasts for cell in sheet.rows[index] if (text := text_of(cell))):
                yield index

    def _no_headings(self, found: Sequence[Sheet], content: bytes) -> Exception:
        """Names the headings that are missing, or stand twice, where most of the others were found."""
        wanted = self._wanted
        depth = max(len(texts) for texts in wanted.values())
        best: tuple[int, list[str]] = (0, [])
        for sheet in found:
            for end in self._ends(sheet, depth):
                keys = [tuple(map(name_key, path)) for path in _paths(sheet, end - depth + 1, end)]
                fault = [name for name, texts in wanted.items() if keys.count(texts) != 1]
                if len(wanted) - len(fault) > best[0]:
                    best = (len(wanted) - len(fault), fault)
        if best[0] == 0:
            if self.table.format == "html" and _PASSWORD.search(content):
                return self.answer.broken("login_page", self.name, "cổng trả trang đăng nhập thay vì báo cáo")
            return self.answer.broken("missing_column", self.name, "không có bảng nào có các tiêu đề đã khai")
        missing = "; ".join(" / ".join(self.table.headings[name]) for name in best[1])
        problem = f"thiếu, hoặc có hai lần, tiêu đề cột: {missing or 'tiêu đề nhiều tầng'}"
        return self.answer.broken("missing_column", self.name, problem)

    def _stated(self, sheet: Sheet, top: int) -> dict[str, str]:
        """What the text above the headings says; the days it names must be the period's."""
        rows = [[text_of(cell) for cell in row if text_of(cell)] for row in sheet.rows[:top]]
        stated: dict[str, str] = {}
        for name, pattern in self.table.stated.items():
            given = [value for row in rows for value in _values(re.compile(pattern), row)]
            if len(set(given)) != 1:
                problem = f"phải ghi {name} đúng một lần ở phần đầu, đọc được: {', '.join(given) or 'không có'}"
                raise self.answer.broken("misshapen", self.name, problem)
            stated[name] = given[0]
        if self.table.days is not None:
            self._check_days(" ".join(self._dated(cell) for row in sheet.rows[:top] for cell in row if text_of(cell)))
        return stated

    def _dated(self, cell: Cell) -> str:
        """The text of a cell where days are looked for: a date as the format has it, of its own kind or its serial."""
        assert self.table.days is not None  # noqa: S101
        if type(cell) is int and cell in _SERIALS:
            cell = _FIRST_SERIAL + dt.timedelta(days=cell)
        return cell.strftime(self.table.days.format) if isinstance(cell, dt.date) else text_of(cell)

    def _check_days(self, head: str) -> None:
        stated, asked = self.table.days, self.answer.days_of(self.page)
        assert stated is not None  # noqa: S101
        match = re.search(stated.pattern, head)
        wanted = (asked.first_day, asked.last_day)
        try:
            days = tuple(_day(match[group], stated.format) for group in ("first", "last")) if match else ()
        except ValueError:
            days = ()
        if days != wanted:
            written = f"“{match[0]}”" if match else "không có"
            expected = f"từ {wanted[0]:%d/%m/%Y} đến {wanted[1]:%d/%m/%Y}"
            problem = f"kỳ ghi trong tệp phải là {expected}, đọc được: {written}"
            raise self.answer.broken("wrong_window" if days else "wrong_date", self.name, problem)

    def _lines(self, sheet: Sheet, place: _Found) -> Lines:
        platform = self.answer.platform
        figures, number = frozenset(self.answer.number_columns), number_reader(platform.numbers)
        return Lines(self.table, sheet, place.end + 1, place.columns, figures, platform.unit.column, number)


def _paths(sheet: Sheet, top: int, end: int) -> list[tuple[str, ...]]:
    """Of each column the texts above it in these rows, top to bottom, each once where it is merged downwards."""
    rows = [[text_of(cell) for cell in row] for row in sheet.rows[top : end + 1]]
    width = max((len(row) for row in rows), default=0)
    rows = [row + [""] * (width - len(row)) for row in rows]
    for first_row, first, last_row, last in sheet.merges or ():
        if first_row < top or first_row > end:
            continue
        for row in range(first_row, min(last_row, end) + 1):
            for column in range(first, min(last + 1, width)):
                rows[row - top][column] = rows[first_row - top][first]
    if sheet.merges is None:
        _spread(rows)
    paths = []
    for column in range(width):
        texts = [row[column] for row in rows if row[column]]
        paths.append(tuple(text for index, text in enumerate(texts) if index == 0 or text != texts[index - 1]))
    return paths


def _spread(rows: list[list[str]]) -> None:
    """CSV forgets merged cells: a text holds for the blanks to its right that have the same texts above, and one
    below. A wrong guess cannot read a wrong column: a heading must be found whole, and only once."""
    for index, row in enumerate(rows[:-1]):
        for column in range(1, len(row)):
            same_above = all(above[column] == above[column - 1] for above in rows[:index])
            if not row[column] and same_above and any(below[column] for below in rows[index + 1 :]):
                row[column] = row[column - 1]


def _values(pattern: re.Pattern[str], row: Sequence[str]) -> Iterator[str]:
    for index, text in enumerate(row):
        if match := pattern.fullmatch(text):
            value = match["value"].strip() or (row[index + 1] if index + 1 < len(row) else "")
            if value:
                yield value


def _used(sheet: Sheet, column: int, end: int) -> bool:
    """Whether a column without a heading holds anything but the number of the column."""
    return any(text_of(cell_at(row, column)) and not is_numbering(row) for row in sheet.rows[end + 1 :])


def _day(text: str, pattern: str) -> dt.date:
    return dt.datetime.strptime(text, pattern).date()  # noqa: DTZ007 (the day is the source's own)
