"""What each line of a table is: figures of its own, a total, a block, a part, the numbers of the columns, or a footer.

Told by the text of the label column; nothing is dropped here, every line becomes a record with its reason.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from etl.model import Page, Table
from etl.parsing.body import Record
from etl.parsing.sheets import Cell, Sheet
from etl.totals import is_total

TOTAL = "dòng tổng cộng"
BLOCK = "dòng tổng của khối"
PART = "dòng trong đó"
NUMBERING = "dòng đánh số cột"
FOOTER = "dòng chữ sau dòng tổng cộng"
_NUMBERED = re.compile(r"\(?(?:[A-Z]|(?P<number>\d{1,2})[a-z]?)\)?(?:\s*=.*)?")


@dataclass(frozen=True)
class Lines:
    """The lines below the headings. columns: what each column is called; figures: those that hold numbers.

    agency: the column to which the open blocks are appended. number: reads a figure, raises ValueError.
    """

    table: Table
    sheet: Sheet
    start: int
    columns: Mapping[int, str]
    figures: frozenset[str]
    agency: str
    number: Callable[[Any], int | None]

    def records(self, page: Page, stated: Mapping[str, str]) -> Iterator[Record]:
        opened: list[tuple[int, str, str]] = []
        first, footer = True, self._footer()
        for index in range(self.start, len(self.sheet.rows)):
            row = self.sheet.rows[index]
            if not any(text_of(cell) for cell in row):
                continue
            data: dict[str, Any] = {**stated, **{name: cell_at(row, column) for column, name in self.columns.items()}}
            why = FOOTER if index >= footer else NUMBERING if first and is_numbering(row) else self._why(row)
            first = False
            pointer = f"/{self.sheet.name}!{index + 1}"
            level = self._level(self._label(row)) if why == BLOCK else None
            if level is not None:
                opened = [one for one in opened if one[0] < level]
            under = tuple(place for _, _, place in opened)
            if level is not None:
                opened.append((level, self._label(row), pointer))
            if opened and isinstance(data.get(self.agency), str):
                data[self.agency] = " · ".join([data[self.agency], *(label for _, label, _ in opened)])
            yield Record(page, pointer, data, why, under)

    def _why(self, row: Sequence[Cell]) -> str:
        label = self._label(row)
        if self.table.part is not None and re.fullmatch(self.table.part, label):
            return PART
        declared = self.table.total is not None and re.fullmatch(self.table.total, label)
        # Figures without any text beside them are figures of no one: a total, or wrong; it is proven like one.
        if declared or is_total(label) or (not label and self._has_figures(row)):
            return TOTAL
        return BLOCK if self._level(label) is not None else ""

    def _level(self, label: str) -> int | None:
        """How deep the block is that a label opens, 0 for an outermost one."""
        return next((level for level, block in enumerate(self.table.blocks) if re.fullmatch(block, label)), None)

    def _label(self, row: Sequence[Cell]) -> str:
        """The text of the label column, or the first one beside the figures: a cell merged over the label column
        keeps its text elsewhere."""
        label = [column for column, name in self.columns.items() if name == self.table.label]
        others = [column for column in range(len(row)) if column not in self._figure_columns]
        return next((text for column in [*label, *others] if (text := text_of(cell_at(row, column)))), "")

    @cached_property
    def _figure_columns(self) -> frozenset[int]:
        return frozenset(column for column, name in self.columns.items() if name in self.figures)

    def _has_figures(self, row: Sequence[Cell]) -> bool:
        return any(self._is_number(cell_at(row, column)) for column in self._figure_columns)

    def _footer(self) -> int:
        """The first line after the last line with a number, where that is a total or its part: date, signatures."""
        for index in range(len(self.sheet.rows) - 1, self.start - 1, -1):
            row = self.sheet.rows[index]
            if self._has_figures(row):
                return index + 1 if self._why(row) in (TOTAL, PART) else len(self.sheet.rows)
        return len(self.sheet.rows)

    def _is_number(self, cell: Cell) -> bool:
        try:
            return self.number(cell) is not None
        except ValueError:
            return False


def is_numbering(row: Sequence[Cell]) -> bool:
    """A line such as (1) (2) (3)=(4)+(5), or A B 1 2 3."""
    texts = [text for cell in row if (text := text_of(cell))]
    matches = [_NUMBERED.fullmatch(text) for text in texts]
    if not all(matches):
        return False
    numbers = [int(match["number"]) for match in matches if match and match["number"]]
    return any(text.startswith("(") for text in texts) or (
        len(numbers) > 2 and numbers == [*range(1, len(numbers) + 1)]
    )


def cell_at(row: Sequence[Cell], column: int) -> Cell:
    return row[column] if column < len(row) else None


def text_of(cell: Cell) -> str:
    return "" if cell is None else " ".join(unicodedata.normalize("NFC", str(cell)).split())
