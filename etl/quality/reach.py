"""What the due sources report on: of a unit, all that is below it and has no source of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from etl.errors import QualityError
from etl.model import Source, Unit
from etl.units import UnitTree, tier_of


def reach_of(due: Sequence[Source], tree: UnitTree, levels: Collection[str]) -> list[tuple[str, str, str]]:
    """(source, unit, tier) that the due sources report on: their own unit and all below it.

    A unit that has a reporting source of its own, and all below it, is left to that source (see Source).
    """
    reach = []
    reporting = {source.unit for source in due if source.role == "reporting"}
    for source in due:
        if source.unit not in tree:
            raise QualityError(f"source {source.id} reports for unit {source.unit}, not in force on {tree.day}")
        if source.id in levels:
            tiers = {tier_of(unit) for unit in tree.below(source.unit)} | {"province", "commune"}
            reach += [(source.id, source.unit, tier) for tier in sorted(tiers)]
            continue
        nearer = reporting - {source.unit} if source.role == "reporting" else frozenset[str]()
        for unit in _left_to(source.unit, nearer, tree):
            reach.append((source.id, unit.code, tier_of(unit)))
    return reach


def _left_to(code: str, nearer: Collection[str], tree: UnitTree) -> Iterator[Unit]:
    """The unit and all below it, but for what is nearer to another source."""
    yield tree[code]
    for child in tree.children(code):
        if child.code not in nearer:
            yield from _left_to(child.code, nearer, tree)
