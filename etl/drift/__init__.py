"""What became of a column that vanished overnight: proposals for a person to accept. Pure; nothing is mapped here.

A proposal rests on the column's names (its own, and those that other platforms and the datasets give to the same
measure), on its figures in the last proven pull, and on arithmetic that holds with the new column in its place.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, permutations

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

Place = tuple[str, str | None]
"""Agency, as the source writes it, and field."""
Figures = Mapping[str, Mapping[Place, int]]
"""Of each source column, by place: the whole numbers that could be read."""
Equation = tuple[tuple[str, ...], tuple[str, ...]]
"""Source columns whose sums are the same on both sides."""

_MOST_PARTS = 4
_MOST_PROPOSED = 3
_ENOUGH = 3
"""An equation of fewer rows that are not nought proves nothing."""
_LEAST_SCORE = 0.3
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


@dataclass(frozen=True)
class Proposal:
    """That `candidate` is what `column` is called now. score: 0 to 1, for ranking; reasons: in words, Vietnamese."""

    column: str
    candidate: str
    score: float
    reasons: tuple[str, ...]

    @property
    def line(self) -> str:
        """The line for sources/<id>.yml that accepts it."""
        return f"renamed: {{{yaml_name(self.column)}: {yaml_name(self.candidate)}}}"


def propose(
    missing: Sequence[str],
    unread: Sequence[str],
    *,
    names: Mapping[str, Collection[str]],
    now: Figures,
    before: Figures,
    equations: Iterable[Equation] = (),
) -> dict[str, list[Proposal]]:
    """For each missing column the unread columns that it may be, best first, three at most.

    names: of each missing column, every name that its measure is known by. now, before: figures of this pull (of the
    unread columns too) and of the last proven one; `before` is empty where there is none. equations: arithmetic known
    to hold; what held among all columns of the last pull is added. One new column is put first for one old one only.
    """
    candidates = [column for column in unread if now.get(column)]
    known = [*equations, *((((one.total,), one.parts)) for one in arithmetic(before))]
    known = [one for one in dict.fromkeys(known) if set(missing) & {*one[0], *one[1]}]
    ledger = _Ledger(now)
    scored = [
        _score(column, candidate, names.get(column, ()), ledger, before, known, missing, candidates)
        for column in missing
        for candidate in candidates
    ]
    scored = sorted((one for one in scored if one.score >= _LEAST_SCORE), key=lambda one: -one.score)
    first: dict[str, Proposal] = {}
    for one in scored:
        if one.column not in first and one.candidate not in {taken.candidate for taken in first.values()}:
            first[one.column] = one
    return {
        column: [
            *([first[column]] if column in first else []),
            *(one for one in scored if one.column == column and one is not first.get(column)),
        ][:_MOST_PROPOSED]
        for column in missing
    }


@dataclass(frozen=True)
class Sum:
    """`total` equals the sum of `parts` in every row."""

    total: str
    parts: tuple[str, ...]


def arithmetic(figures: Figures) -> list[Sum]:
    """Columns that are the sum of two to four others at every place, and not of fewer; columns that are all nought
    take no part. Sums are looked for by a random weight of each place, and then checked one by one."""
    places = sorted({place for column in figures.values() for place in column}, key=str)
    full = {name: column for name, column in figures.items() if len(column) == len(places) and any(column.values())}
    if not places:
        return []
    weights = np.random.default_rng(len(places)).integers(1, 2**31, len(places)).astype(object)
    vectors = {name: np.array([column[place] for place in places], object) for name, column in full.items()}
    marks = {name: int((vector * weights).sum()) for name, vector in vectors.items()}
    totals: dict[int, list[str]] = {}
    for name, mark in marks.items():
        totals.setdefault(mark, []).append(name)
    found: list[Sum] = []
    for size in range(2, _MOST_PARTS + 1):
        for parts in combinations(full, size):
            for total in totals.get(sum(marks[part] for part in parts), ()):
                shorter = any(one.total == total and set(one.parts) < set(parts) for one in found)
                if total not in parts and not shorter and _proves(vectors[total], [vectors[part] for part in parts]):
                    found.append(Sum(total, parts))
    return found


def _proves(total: NDArray[np.object_], parts: Sequence[NDArray[np.object_]]) -> bool:
    return bool((total == sum(parts)).all()) and all(np.count_nonzero(part) >= _ENOUGH for part in parts)


def likeness(one: str, other: str) -> float:
    """How alike two names are, 0 to 1, by their words in any order: camelCase, snake_case, ALLCAPS, Vietnamese with
    or without marks; of a dotted path the last part counts most."""
    tails = [name.rpartition(".")[2] for name in (one, other)]
    return max(_likeness(one, other), _likeness(*tails))


@lru_cache(maxsize=4096)
def _likeness(one: str, other: str) -> float:
    texts = [words(name) for name in (one, other)]
    if not all(texts):
        return 0.0
    joined = [text.replace(" ", "") for text in texts]
    by_words = (fuzz.token_sort_ratio(*texts) + fuzz.token_set_ratio(*texts)) / 2
    return max(by_words, fuzz.ratio(*joined)) / 100


def words(name: str) -> str:
    """The words of a name, plain and small, parted by spaces."""
    text = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D"))
    plain = "".join(char for char in text if not unicodedata.combining(char))
    return " ".join(word.casefold() for word in _WORD.findall(plain))


class _Ledger:
    """The figures of one pull as vectors over the places that every asked column has."""

    def __init__(self, figures: Figures) -> None:
        self.figures = figures

    def __contains__(self, column: str) -> bool:
        return bool(self.figures.get(column))

    def holds(self, left: Sequence[str], right: Sequence[str], candidate: str) -> bool | None:
        """Whether both sides are the same at every place; None where too few places can tell."""
        columns = [self.figures[name] for name in (*left, *right)]
        places = set.intersection(*(set(column) for column in columns))
        if sum(self.figures[candidate][place] != 0 for place in places) < _ENOUGH:
            return None
        count = len(left)
        return all(
            sum(column[place] for column in columns[:count]) == sum(column[place] for column in columns[count:])
            for place in places
        )


def _score(
    column: str,
    candidate: str,
    names: Collection[str],
    ledger: _Ledger,
    before: Figures,
    equations: Sequence[Equation],
    missing: Sequence[str],
    candidates: Sequence[str],
) -> Proposal:
    best = max({column, *names}, key=lambda name: likeness(name, candidate))
    named = likeness(best, candidate)
    reasons = []
    if candidate.rpartition(".")[2] == column.rpartition(".")[2]:
        reasons.append("cùng tên, ở chỗ khác")
    elif named >= 0.6:
        reasons.append(f"tên gần với {best} ({named:.0%})")
    apart = distance(before.get(column, {}), ledger.figures[candidate])
    score = named
    if apart is not None:
        near = float(np.exp(-2 * apart))
        score = 0.35 * named + 0.65 * near
        reasons.append(f"số liệu lệch kỳ trước {np.expm1(apart):.0%}")
    judged = [_judged(one, column, candidate, ledger, missing, candidates) for one in equations]
    told = [verdict for verdict in judged if verdict is not None]
    if told:
        held = sum(told)
        if held == len(told):
            score = 0.5 + score / 2
            reasons.append(f"khớp cả {held} đẳng thức của cột cũ")
        else:
            score *= 0.2
            reasons.append(f"trái {len(told) - held} trong {len(told)} đẳng thức của cột cũ")
    return Proposal(column, candidate, round(score, 3), tuple(reasons))


def _judged(
    equation: Equation, column: str, candidate: str, ledger: _Ledger, missing: Sequence[str], candidates: Sequence[str]
) -> bool | None:
    """Whether the equation holds with the candidate in the column's place, and the other missing columns that it
    names each under some other candidate; None where it does not name the column or cannot be tried."""
    if column not in (*equation[0], *equation[1]):
        return None
    named = dict.fromkeys((*equation[0], *equation[1]))
    others = [name for name in named if name in missing and name != column]
    if any(name not in ledger for name in named if name not in missing):
        return None
    rest = [name for name in candidates if name != candidate]
    verdicts = []
    for taken in permutations(rest, len(others)):
        called = {column: candidate, **dict(zip(others, taken, strict=True))}
        left, right = ([called.get(name, name) for name in side] for side in equation)
        verdicts.append(ledger.holds(left, right, candidate))
    told = [verdict for verdict in verdicts if verdict is not None]
    return any(told) if told else None


def distance(before: Mapping[Place, int], now: Mapping[Place, int]) -> float | None:
    """How far the figures moved, as the mean absolute logarithm of new over old: of the whole, by agency, by field and
    place by place, which weigh the same. None where no place is in both."""
    places = before.keys() & now.keys()
    if not places:
        return None
    parts = []
    for key in (lambda _: "", lambda place: place[0], lambda place: place[1], lambda place: place):
        old: dict[object, int] = {}
        new: dict[object, int] = {}
        for place in places:
            of = key(place)
            old[of] = old.get(of, 0) + before[place]
            new[of] = new.get(of, 0) + now[place]
        parts.append(float(np.mean([abs(np.log((max(new[of], 0) + 1) / (max(old[of], 0) + 1))) for of in old])))
    return float(np.mean(parts))


def yaml_name(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_][\w.]*", name) else json.dumps(name, ensure_ascii=False)
