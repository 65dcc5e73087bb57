"""What became of units, and what they were made of: the genealogy. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from etl.model import Change, Event, EventKind, Unit
from etl.units import UnitTree

Shares = Mapping[str, Fraction]
"""The units that one unit went into, with the part of it that each is taken to have: 1 in all, less where a part of
it ended without successor."""
Group = tuple[tuple[str, ...], tuple[str, ...]]
"""Units of one day, and those of another that hold what these held, and nothing else."""
_ONE_DAY = dt.timedelta(days=1)
_WHOLE = Fraction(1)


@dataclass(frozen=True)
class Boundaries:
    """The units of one day told in those of another.

    shares: for units of `day`, where they went; empty for one without successor. Nothing is known of how much of a
    divided unit each successor took: every one is given the same part.
    origins: for units of `on`, the units of `day` that all or a part of went into it.
    """

    day: dt.date
    on: dt.date
    shares: Mapping[str, Shares]
    origins: Mapping[str, tuple[str, ...]]

    def stayed(self, code: str) -> bool:
        """Whether the code means one and the same unit on both days, which gave nothing away and took nothing."""
        return self.shares.get(code) == {code: _WHOLE} and self.origins.get(code) == (code,)

    def divided(self, code: str) -> bool:
        """Whether a unit of `day` lies in several of `on`, or in one of them only in part."""
        return code in self._divided

    def ended(self, code: str) -> bool:
        """Whether the unit of `day`, or a part of it, has no successor."""
        return code in self._ended

    def unclear(self, code: str) -> bool:
        """Whether a unit of `on` holds a part of a divided one, so that no sum is its figure."""
        return code in self._unclear

    def groups(self) -> list[Group]:
        """The units of `day` with those of `on` that share with each other, directly or through others.

        Whatever becomes of a divided unit's parts, a sum over a group is the same on both days. A unit without
        successor has none beside it.
        """
        found: list[Group] = []
        seen: set[str] = set()
        for start in self.shares:
            if start not in seen:
                old, new, waiting = set[str](), set[str](), [start]
                while waiting:
                    code = waiting.pop()
                    if code not in old:
                        old.add(code)
                        added = self.shares[code].keys() - new
                        new |= added
                        waiting += [origin for target in added for origin in self.origins[target]]
                seen |= old
                found.append((tuple(sorted(old)), tuple(sorted(new))))
        return found

    @cached_property
    def kept_in_parts(self) -> tuple[frozenset[str], frozenset[str]]:
        """What stays on its old boundary where divided units are kept whole; see `_staying`."""
        return self._staying(self._ended | self._divided)

    @cached_property
    def kept_at_an_end(self) -> tuple[frozenset[str], frozenset[str]]:
        """What stays on its old boundary where divided units are dealt out; see `_staying`."""
        return self._staying(self._ended)

    def _staying(self, kept: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
        """`kept`, and the units of `on` that have no figure since one of those is under them; what goes into one of
        them stays too, wholly, so that nothing counts twice."""
        untold: set[str] = set()
        waiting = [target for code in kept for target in self.shares[code]]
        while waiting:
            target = waiting.pop()
            if target not in untold:
                untold.add(target)
                waiting += [other for origin in self.origins[target] for other in self.shares[origin]]
        return kept, frozenset(untold)

    @cached_property
    def _divided(self) -> frozenset[str]:
        return frozenset(code for code, shares in self.shares.items() if shares and [*shares.values()] != [_WHOLE])

    @cached_property
    def _ended(self) -> frozenset[str]:
        return frozenset(code for code, shares in self.shares.items() if sum(shares.values()) < 1)

    @cached_property
    def _unclear(self) -> frozenset[str]:
        return frozenset(code for code, origins in self.origins.items() if not self._divided.isdisjoint(origins))


class Genealogy:
    """The links between units over all dates; a code means a unit only together with a day."""

    def __init__(self, changes: Iterable[Change]) -> None:
        self._forward: dict[dt.date, dict[str, list[str]]] = {}
        self._backward: dict[dt.date, dict[str, list[str]]] = {}
        for change in changes:
            successors = self._forward.setdefault(change.date, {}).setdefault(change.old, [])
            if change.new is not None:
                successors.append(change.new)
                self._backward.setdefault(change.date, {}).setdefault(change.new, []).append(change.old)

    @cached_property
    def _dates(self) -> list[dt.date]:
        return sorted(self._forward)

    def boundaries(self, codes: Iterable[str], day: dt.date, on: dt.date) -> Boundaries:
        """The units `codes` of `day`, and all that share a unit of `on` with them, told in units of `on`."""
        shares: dict[str, Shares] = {}
        origins: dict[str, tuple[str, ...]] = {}
        waiting = list(codes)
        while waiting:
            code = waiting.pop()
            if code in shares:
                continue
            shares[code] = self._followed(code, day, on)
            for target in shares[code]:
                if target not in origins:
                    origins[target] = tuple(sorted(self._followed(target, on, day)))
                    waiting += origins[target]
        return Boundaries(day, on, shares, origins)

    def origins(self, code: str, on: dt.date, day: dt.date) -> tuple[str, ...]:
        """The units of `day` that the unit `code` of `on` rests on."""
        return tuple(sorted(self._followed(code, on, day)))

    def _followed(self, code: str, day: dt.date, on: dt.date) -> dict[str, Fraction]:
        """Where the unit of `day` is on the day `on`, later or earlier, step by step."""
        shares = {code: _WHOLE}
        if day <= on:
            steps = [self._forward[date] for date in self._dates if day < date <= on]
        else:
            steps = [self._backward.get(date, {}) for date in reversed(self._dates) if on < date <= day]
        for step in steps:
            reached: dict[str, Fraction] = {}
            for unit, share in shares.items():
                targets = step.get(unit, [unit])
                for target in targets:
                    reached[target] = reached.get(target, Fraction(0)) + share / len(targets)
            shares = reached
        return shares


def apportioned(value: int, shares: Shares) -> dict[str, int]:
    """Whole numbers that sum to `value`, as near to the shares as can be: the largest remainders are rounded up.

    Equal remainders are rounded up in code order.
    """
    if len(shares) == 1:
        return dict.fromkeys(shares, value)
    exact = {code: value * share for code, share in shares.items()}
    parts = {code: part.numerator // part.denominator for code, part in exact.items()}
    left = value - sum(parts.values())
    for code in sorted(exact, key=lambda code: (parts[code] - exact[code], code))[:left]:
        parts[code] += 1
    return parts


def events(units: Sequence[Unit], changes: Iterable[Change]) -> list[Event]:
    """What happened, by date and kind: from the links, and from rows that follow each other under one code."""
    found: list[Event] = []
    by_date: dict[dt.date, list[Change]] = {}
    for change in changes:
        by_date.setdefault(change.date, []).append(change)
    for date, links in by_date.items():
        before, after = UnitTree(units, date - _ONE_DAY), UnitTree(units, date)
        found += _abolished(date, links, before)
        found += _told_by_links(date, [link for link in links if link.new is not None], before, after)
    linked = {(change.date, change.old) for links in by_date.values() for change in links}
    found += _told_by_rows(units, linked)
    return sorted(found, key=lambda event: (event.date, event.kind, event.old, event.new))


def _abolished(date: dt.date, links: Sequence[Change], before: UnitTree) -> Iterator[Event]:
    """One event for each level that loses units without successors."""
    ended: dict[str, list[Change]] = {}
    for link in links:
        if link.new is None:
            ended.setdefault(before[link.old].level, []).append(link)
    for gone in ended.values():
        yield Event(date, "abolition", tuple(sorted(link.old for link in gone)), (), _sources(gone))


def _told_by_links(date: dt.date, links: Sequence[Change], before: UnitTree, after: UnitTree) -> Iterator[Event]:
    for group in _connected(links):
        old, new = tuple(sorted({link.old for link in group})), tuple(sorted({link.new or "" for link in group}))
        kind: EventKind | None
        if len(old) == len(new) == 1:
            kind = _one_to_one(before[old[0]], after[new[0]])
        elif len(new) == 1:
            kind = "merge"
        else:
            kind = "split" if len(old) == 1 else "many_to_many"
        if kind is not None:
            yield Event(date, kind, old, new, _sources(group))


def _told_by_rows(units: Iterable[Unit], linked: set[tuple[dt.date, str]]) -> Iterator[Event]:
    ended = {(unit.code, unit.valid_to): unit for unit in units}
    for unit in units:
        old = ended.get((unit.code, unit.valid_from))
        kind = None if old is None or (unit.valid_from, unit.code) in linked else _one_to_one(old, unit)
        if kind is not None:
            yield Event(unit.valid_from, kind, (unit.code,), (unit.code,), unit.source)


def _one_to_one(old: Unit, new: Unit) -> EventKind | None:
    if old.type != new.type or old.level != new.level:
        return "change_of_type"
    if old.name != new.name:
        return "rename"
    return "move" if old.parent != new.parent else None


def _connected(links: Sequence[Change]) -> list[list[Change]]:
    """Links that share an old or a new unit, directly or through others."""
    by_end: dict[tuple[str, str | None], list[int]] = {}
    for index, link in enumerate(links):
        by_end.setdefault(("old", link.old), []).append(index)
        by_end.setdefault(("new", link.new), []).append(index)
    seen: set[int] = set()
    groups = []
    for start in range(len(links)):
        group, waiting = [], [start]
        while waiting:
            index = waiting.pop()
            if index in seen:
                continue
            seen.add(index)
            group.append(links[index])
            waiting += by_end["old", links[index].old] + by_end["new", links[index].new]
        if group:
            groups.append(group)
    return groups


def _sources(links: Iterable[Change]) -> str:
    return "; ".join(dict.fromkeys(link.source for link in links))
