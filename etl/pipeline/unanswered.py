"""What was doubted in a quarter before and nobody answered: it is no ground to compare with, and stays in doubt."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from etl.catalog import Catalog
from etl.drift.returned import returned
from etl.errors import TraceError
from etl.landing import Landing
from etl.model import Source
from etl.periods import Period
from etl.pipeline.changes import FURTHEST, before
from etl.tables import rows_schema
from etl.warehouse import Warehouse

_RULES = ("READ-SWAP", "READ-SCALE")
_NOUGHT = "READ-ZERO"
LOOKED_UP = (*_RULES, _NOUGHT)
"""Rules of which later periods look every finding up."""
Place = tuple[str, str | None]
"""Agency, field."""
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


@dataclass(frozen=True)
class Noughts:
    """Rows of noughts of one source that were in doubt in the quarter before (or in the last one with a pull).

    places: agency and field of each. ground: what their agencies stated before, in quarters before that one; no row
    that was in doubt itself.
    """

    source: str
    places: frozenset[Place]
    ground: pa.Table

    def without(self, earlier: pa.Table) -> pa.Table:
        """Rows of the source in that quarter that may be compared with."""
        return _outside(earlier, self.places)


def _outside(rows: pa.Table, places: Collection[Place]) -> pa.Table:
    stated = zip(rows["agency"].to_pylist(), rows["field"].to_pylist(), strict=True)
    return rows.filter(pa.array([place not in places for place in stated], pa.bool_()))


def noughts_answered(catalog: Catalog, source: Source, period: Period) -> bool:
    """Whether a person accepted the rows of noughts of the period: every figure is 0, so every measure is named."""
    return answered(source, period.key, tuple(catalog.platform_of(source, period).columns))


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
        self._noughts = cache(lambda period: warehouse.rows_told(period, _NOUGHT))

    def of(self, source: Source, period: Period) -> list[Unanswered | Noughts]:
        """What the period takes over from the quarter before it: nothing, nearly always."""
        last = period.previous()
        for _ in range(FURTHEST):
            doubts, places = sorted(self._open(source, last)), self._nought(source, last)
            if doubts or places:
                noughts = [Noughts(source.id, places, self._stated(source, places, last))] if places else []
                return [*(self._since(source, doubt, last) for doubt in doubts), *noughts]
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

    def _stated(self, source: Source, places: Collection[Place], last: Period) -> pa.Table:
        """Rows of those places' agencies before `last`, back to a quarter in which none of the places was in doubt."""
        agencies = pa.array(sorted({agency for agency, _ in places}), pa.string())
        found = [rows_schema(self._catalog.datasets[self._catalog.dataset_of(source)]).empty_table()]
        silent = 0
        while silent < FURTHEST:
            rows = before(self._catalog, self._landing, source, last, furthest=1)
            last = last.previous()
            doubted = self._nought(source, last)
            if rows is not None:
                found.append(_outside(rows.filter(pc.is_in(rows["agency"], agencies)), doubted))
                if doubted.isdisjoint(places):
                    break
            silent = 0 if doubted else silent + 1
        return pa.concat_tables(found)

    def _nought(self, source: Source, period: Period) -> frozenset[Place]:
        told = self._noughts(period.key)
        if not told or noughts_answered(self._catalog, source, period):
            return frozenset()
        return frozenset((row.agency, row.field) for row in told if row.source == source.id)

    def _open(self, source: Source, period: Period) -> Iterator[Doubt]:
        for doubt in self._recorded(period.key):
            if doubt[0] == source.id and not answered(source, period.key, doubt[2]):
                yield doubt

    def _pulled(self, source: Source, period: Period) -> bool:
        try:
            return self._landing.latest_complete(source.id, period.key) is not None
        except TraceError:
            return False
