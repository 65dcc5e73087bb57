"""Which rows of one answer are totals of other rows, and whether each is the sum that it claims to be. Pure.

A total is told by its codes (blank, "all", "Tổng cộng", month 0), by structure (a parent that includes its
children) or by arithmetic (a row of a code that nobody knows, and that equals the sum of all others beside it).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import compress
from operator import not_
from typing import Any

from etl.units import name_key

Measures = tuple[int | None, ...]
"""The figures of a row, always in one order; None is "no value"."""

_Codes = tuple[str, ...]
_ENOUGH = 2
"""A row that equals one single other row may as well be another unit with the same figures."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A dimension that rows have a code of.

    blank: an empty code stands for all of the axis; otherwise it is merely unknown.
    span: month or year; a row over all of it covers more than the window asked for, and cannot be proven from it.
    """

    name: str
    blank: bool = True
    span: bool = False


@dataclass(frozen=True, slots=True)
class Total:
    """A row that is never added. over: for each axis, whether the row stands for all of it.

    below: the row under which its parts stand, None for the whole answer.
    """

    reason: str
    over: tuple[bool, ...]
    below: int | None


@dataclass(frozen=True, slots=True)
class Wrong:
    """A total that is not the sum of its parts: (measure, stated, summed) of each that differs, by position."""

    row: int
    over: tuple[bool, ...]
    measures: tuple[tuple[int, int | None, int], ...]
    parts: tuple[int, ...]


def spelling(value: Any) -> str:
    """A code for comparing, "" for a blank one or NULL: case, spacing, Unicode form and tone placement do not count."""
    return "" if value is None else _spelling(value if isinstance(value, str) else str(value))


@lru_cache(maxsize=1 << 14)
def _spelling(text: str) -> str:
    shown = text
    if not text.isascii():
        shown = "".join(char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char) != "Cf")
    code = name_key(shown.strip(" .:*"))
    return "" if code == "null" else code


_WORDS = frozenset(map(spelling, ("all", "total", "Tổng cộng", "Tổng số", "Tổng", "Cộng")))


def is_total(text: str) -> bool:
    """Whether a text is one of the words for a total, however it is written."""
    return spelling(text) in _WORDS


class Prover:
    """The rows of one answer, known by their position in it. `totals` grows when `infer` finds more."""

    def __init__(
        self,
        axes: Sequence[Axis],
        codes: Sequence[Sequence[Any]],
        parents: Sequence[int | None],
        *,
        words: Sequence[str] = (),
        includes_children: int | None = None,
    ) -> None:
        """codes: of each row, one for each axis, as written. parents: the row that each row is nested in.

        words: the platform's own codes of a total. includes_children: the axis (agency) over which a parent is the
        total of the rows nested in it; None when a parent's figures are its own.
        """
        self._axes, self._written, self._parents = axes, codes, parents
        self._words = _WORDS | set(map(spelling, words))
        self._codes: list[_Codes] = []
        self.totals: dict[int, Total] = {}
        holders = set(parents) - {None}
        memo: list[dict[Any, tuple[str, bool]]] = [{} for _ in axes]
        for row, written in enumerate(codes):
            read = []
            for axis, value, known in zip(axes, written, memo, strict=True):
                at = value if type(value) is str else (type(value), repr(value))
                if at not in known:
                    known[at] = (spelling(value), self._stands_for_all(axis, value))
                read.append(known[at])
            self._codes.append(tuple(code for code, _ in read))
            over = tuple(all_ for _, all_ in read)
            if True in over:
                reason = self._reason(row, over.index(True))
                self.totals[row] = Total(reason, over, row if row in holders else parents[row])
            elif includes_children is not None and row in holders:
                over = tuple(index == includes_children for index in range(len(axes)))
                self.totals[row] = Total("dòng tổng (gồm các dòng con của nó)", over, row)

    def infer(
        self, details: Mapping[int, Measures], axes: Sequence[int], known: Callable[[int, Any], bool]
    ) -> dict[int, int]:
        """Rows that only arithmetic shows to be totals, with the axis they are a total of.

        axes: those that have a catalog; known: whether it has the code. A row whose code is not in it, while its
        other codes are, is a total when it is the sum, in every measure, of all others that share its other codes;
        at each place where its code stands, and at one of them of two rows or more that are not all nought.
        """
        found: dict[int, int] = {}
        for axis in axes:
            unknown = self._unknown(details, axis, axes, known)
            slices: dict[tuple[Any, ...], list[int]] = {}
            wanted = {self._beside(row, axis) for rows in unknown.values() for row in rows}
            for row in details if wanted else ():
                slices.setdefault(self._beside(row, axis), []).append(row)
            for rows in unknown.values():
                others = [[details[other] for other in slices[self._beside(row, axis)] if other != row] for row in rows]
                exact = all(_equals(details[row], parts) for row, parts in zip(rows, others, strict=True))
                if exact and any(sum(any(part) for part in parts) >= _ENOUGH for parts in others):
                    found.update(dict.fromkeys(rows, axis))
                    self._let_stand_for_all(rows, axis)
        return found

    def prove(self, details: Mapping[int, Measures], stated: Callable[[int], Measures]) -> Iterator[Wrong]:
        """Each total that is not the sum of the details which share the codes it names.

        Not judged: a measure that one of the details has no value of, and a total over a span.
        """
        sums: dict[tuple[bool, ...], dict[tuple[Any, ...], list[int | None]]] = {}
        spans = [axis.span for axis in self._axes]
        for row, total in self.totals.items():
            if any(compress(total.over, spans)):
                continue
            if total.over not in sums:
                sums[total.over] = self._sums(details, total.over)
            named = self._named(row, total.over)
            summed = sums[total.over].get((total.below, *named))
            claims = stated(row)
            wrong = [
                (measure, claim, true)
                for measure, (claim, true) in enumerate(zip(claims, summed or _nothing(claims), strict=True))
                if true is not None and claim != true
            ]
            if wrong:
                parts = [
                    part
                    for part in details
                    if self._named(part, total.over) == named and total.below in self._holders(part)
                ]
                yield Wrong(row, total.over, tuple(wrong), tuple(parts))

    def _stands_for_all(self, axis: Axis, value: Any) -> bool:
        code = spelling(value)
        if not code:
            return axis.blank
        if axis.span and not isinstance(value, bool):
            try:
                return float(value) < 1
            except (TypeError, ValueError):
                pass
        return code in self._words

    def _let_stand_for_all(self, rows: Sequence[int], axis: int) -> None:
        """Makes totals of the rows, and what their code names on the axis all of it in the totals there are."""
        code = self._codes[rows[0]][axis]
        for row, total in self.totals.items():
            if self._codes[row][axis] == code:
                over = tuple(all_ or index == axis for index, all_ in enumerate(total.over))
                self.totals[row] = replace(total, over=over)
        over = tuple(index == axis for index in range(len(self._axes)))
        reason = f"{self._reason(rows[0], axis)[:-1]}, bằng đúng các dòng khác cộng lại)"
        self.totals.update((row, Total(reason, over, self._parents[row])) for row in rows)

    def _reason(self, row: int, axis: int) -> str:
        name = self._axes[axis].name
        written = f"= {self._shown(row, axis)}" if self._codes[row][axis] else "để trống"
        return f"dòng tổng ({name} {written})"

    def _shown(self, row: int, axis: int) -> str:
        return " ".join(unicodedata.normalize("NFC", str(self._written[row][axis])).split())

    def _unknown(
        self, details: Mapping[int, Measures], axis: int, axes: Sequence[int], known: Callable[[int, Any], bool]
    ) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = {}
        for row in details:
            strange = [other for other in axes if not known(other, self._written[row][other])]
            if strange == [axis]:
                rows.setdefault(self._codes[row][axis], []).append(row)
        return rows

    def _beside(self, row: int, axis: int) -> tuple[Any, ...]:
        codes = self._codes[row]
        return self._parents[row], *codes[:axis], *codes[axis + 1 :]

    def _named(self, row: int, over: tuple[bool, ...]) -> _Codes:
        return tuple(compress(self._codes[row], map(not_, over)))

    def _holders(self, row: int) -> Iterator[int | None]:
        """The rows that a row is nested in, innermost first, and None for the whole answer."""
        parent = self._parents[row]
        while parent is not None:
            yield parent
            parent = self._parents[parent]
        yield None

    def _sums(self, details: Mapping[int, Measures], over: tuple[bool, ...]) -> dict[tuple[Any, ...], list[int | None]]:
        groups: dict[tuple[Any, ...], list[Measures]] = {}
        for row, measures in details.items():
            named = self._named(row, over)
            for holder in self._holders(row):
                groups.setdefault((holder, *named), []).append(measures)
        return {key: _sum(rows) for key, rows in groups.items()}


def _sum(rows: Sequence[Measures]) -> list[int | None]:
    """The sum of each measure; None as soon as a row has no value of it."""
    return [None if None in column else sum(column) for column in zip(*rows, strict=True)]


def _equals(row: Measures, parts: Sequence[Measures]) -> bool:
    return None not in row and list(row) == (_sum(parts) if parts else [0] * len(row))


def _nothing(claims: Measures) -> list[int | None]:
    """What a total without any detail may say: nought, or no value."""
    return [None if claim is None else 0 for claim in claims]
