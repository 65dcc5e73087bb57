"""The totals that a table states about itself, each compared with the lines it is the sum of.

The last total is that of the table, and so is one above all lines; any other is that of the block it stands in, of
one that ends there too, or of the lines since the total before it. A block is the total of the lines under it, and
of the blocks under it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

from etl.model import Hole
from etl.parsing.body import Answer, Record
from etl.parsing.lines import BLOCK, TOTAL
from etl.parsing.rows import Problem, Row, number_reader, shown

_UNREADABLE = -1
"""What a stated total that is no number counts as: no sum of counts is that."""

Chain = tuple[str, ...]
"""Pointers of the blocks that a line stands in, outermost first."""


def wrong_totals(
    answer: Answer, records: Sequence[Record], rows: Sequence[Row]
) -> Iterator[tuple[Record, Problem, Hole]]:
    """Each total or block of a table whose figure is not the sum of its lines. A blank one says nothing.

    The hole is of the one agency, or the one tier, that the lines are of, or of the whole source.
    """
    if answer.platform.table is None:
        return
    read = {(row.record.page.sha256, row.record.pointer): row for row in rows}
    for sha256, lines in groupby(records, key=lambda record: record.page.sha256):
        found = list(lines)
        details = {line.pointer: read[sha256, line.pointer] for line in found if (sha256, line.pointer) in read}
        yield from _Table(answer, found, details).wrong()


@dataclass(frozen=True)
class _Scope:
    """The lines that a total may be the sum of; `blocks`: those directly under it, `direct`: the lines in none."""

    lines: Sequence[Row]
    blocks: Sequence[Record] = ()
    direct: Sequence[Row] = ()


@dataclass(frozen=True)
class _Table:
    answer: Answer
    records: Sequence[Record]
    details: Mapping[str, Row]

    def wrong(self) -> Iterator[tuple[Record, Problem, Hole]]:
        for place, record in enumerate(self.records):
            scopes = self._scopes(place, record)
            faults = [list(self._faults(record, scope)) for scope in scopes]
            if faults and all(faults):
                hole = self._hole(scopes[0].lines)
                yield from ((record, problem, hole) for problem in faults[0])

    def _scopes(self, place: int, record: Record) -> list[_Scope]:
        if record.left_out == BLOCK:
            return [self._under((*record.under, record.pointer))]
        if record.left_out != TOTAL:
            return []
        lines = [at for at, other in enumerate(self.records) if other.pointer in self.details]
        totals = [at for at, other in enumerate(self.records) if other.left_out == TOTAL]
        before, after = [at for at in lines if at < place], [at for at in lines if at > place]
        whole = self._under(())
        if not after and place == totals[-1]:
            return [whole]
        later = [self.details[self.records[at].pointer].record.under for at in after]
        ended = [
            record.under[:depth]
            for depth in range(len(record.under), 0, -1)
            if depth == len(record.under) or not any(under[:depth] == record.under[:depth] for under in later)
        ]
        blocks = [self._under(chain) for chain in ended]
        if not before:
            return [*blocks, whole]
        since = max([at for at in totals if at < place], default=-1)
        near = blocks or [_Scope([self.details[self.records[at].pointer] for at in before if at > since])]
        return near if after else [*near, whole]

    def _under(self, chain: Chain) -> _Scope:
        within = [row for row in self.details.values() if row.record.under[: len(chain)] == chain]
        blocks = [one for one in self.records if one.left_out == BLOCK and one.under == chain]
        return _Scope(within, blocks, [row for row in within if row.record.under == chain])

    def _faults(self, record: Record, scope: _Scope) -> Iterator[Problem]:
        for column in self._columns:
            stated = self._stated(record, column)
            numbers = [row.numbers[column] for row in scope.lines]
            if stated is None or None in numbers:
                continue
            summed = sum(number for number in numbers if number is not None)
            if stated not in (summed, self._by_blocks(scope, column)):
                value = record.data[column]
                message = f"{record.left_out} ở cột {column} là {shown(value)}, cộng các dòng được {summed}"
                yield Problem("READ-VENDOR", column, shown(value), str(summed), message)

    def _by_blocks(self, scope: _Scope, column: str) -> int | None:
        """The sum of what the blocks below state: where a block is wrong, that is told of it and not of those above."""
        parts = [self._stated(block, column) for block in scope.blocks]
        parts += [row.numbers[column] for row in scope.direct]
        return None if None in parts or not scope.blocks else sum(part for part in parts if part is not None)

    def _stated(self, record: Record, column: str) -> int | None:
        try:
            return self._number(record.data.get(column))
        except ValueError:
            return _UNREADABLE

    @cached_property
    def _number(self) -> Callable[[Any], int | None]:
        return number_reader(self.answer.platform.numbers)

    @cached_property
    def _columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for names in self.answer.platform.columns.values() for name in names))

    def _hole(self, lines: Sequence[Row]) -> Hole:
        units, tiers = {(row.unit, row.tier) for row in lines}, {row.tier for row in lines}
        unit = next(iter(units))[0] if len(units) == 1 else None
        tier = next(iter(tiers)) if len(tiers) == 1 else None
        source = self.answer.source
        return Hole(self.answer.platform.dataset, source.id, source.unit, unit, tier, None, "quarantined")
