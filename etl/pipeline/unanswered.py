"""What was doubted in a quarter before and nobody answered: it is no ground to compare with, and stays in doubt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import pyarrow as pa

from etl.catalog import Catalog
from etl.drift.returned import returned
from etl.errors import TraceError
from etl.landing import Landing
from etl.model import Source
from etl.periods import Period
from etl.pipeline.changes import FURTHEST, before
from etl.warehouse import Warehouse

_RULES = ("READ-SWAP", "READ-SCALE")
Doubt = tuple[str, str, tuple[str, ...]]
"""Source, rule, measures."""


@dataclass(frozen=True)
class Unanswered:
    """A doubt that stood in the quarter before (or in the last one with a pull), first told in `since`.

    ground: the source's rows of the last quarter in which it did not stand; None where there is none.
    """

    source: str
    rule: str
    measures: tuple[str, ...]
    since: str
    ground: pa.Table | None

    def stands(self, now: pa.Table) -> bool:
        """Whether these rows of the source are still in doubt; without a ground nothing shows that they are not."""
        return self.ground is None or not returned(now, self.ground, self.measures)

    def without(self, earlier: pa.Table) -> pa.Table:
        """Rows of the source in a quarter of the doubt that may be compared with: none in another unit of counting,
        which small measures share untold; those of an exchange without the two measures."""
        if self.rule == "READ-SCALE":
            return earlier.schema.empty_table()
        for measure in self.measures:
            at = earlier.schema.get_field_index(measure)
            earlier = earlier.set_column(
                at, earlier.schema.field(at), pa.nulls(earlier.num_rows, earlier[measure].type)
            )
        return earlier


def answered(source: Source, period: str, measures: tuple[str, ...]) -> bool:
    """Whether a person accepted these measures of the period as they stand."""
    return {*measures} <= {*source.accepted.get(period, ())}


class Recorded:
    """The doubts of earlier quarters as their latest loads recorded them; each quarter is asked for once."""

    def __init__(self, catalog: Catalog, landing: Landing, warehouse: Warehouse) -> None:
        self._catalog, self._landing = catalog, landing
        self._recorded: Callable[[str], frozenset[Doubt]] = cache(
            lambda period: frozenset(
                (one.source, one.rule, tuple(one.column.split(", ")))
                for one in warehouse.findings(period)
                if one.rule in _RULES
            )
        )

    def of(self, source: Source, period: Period) -> list[Unanswered]:
        """What the period takes over from the quarter before it: nothing, nearly always."""
        last = period.previous()
        for _ in range(FURTHEST):
            if doubts := sorted(self._open(source, last)):
                return [self._since(source, doubt, last) for doubt in doubts]
            if self._pulled(source, last):
                break
            last = last.previous()
        return []

    def _since(self, source: Source, doubt: Doubt, last: Period) -> Unanswered:
        since, following, silent = last, last, 0
        ground = None
        while ground is None and silent < FURTHEST:
            if doubt in self._open(source, earlier := following.previous()):
                since, silent = earlier, 0
            else:
                ground = before(self._catalog, self._landing, source, following, furthest=1)
                silent += 1
            following = earlier
        return Unanswered(*doubt, since.key, ground)

    def _open(self, source: Source, period: Period) -> Iterator[Doubt]:
        for doubt in self._recorded(period.key):
            if doubt[0] == source.id and not answered(source, period.key, doubt[2]):
                yield doubt

    def _pulled(self, source: Source, period: Period) -> bool:
        try:
            return self._landing.latest_complete(source.id, period.key) is not None
        except TraceError:
            return False
