"""The unit tree as tables that figures are joined with."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from etl.model import NATION, Dataset
from etl.units import UnitTree, tier_of


def lay_out_units(connection: duckdb.DuckDBPyConnection, dataset: Dataset, tree: UnitTree) -> None:
    """place: (unit, tier) that rows may stand at. above: (unit, upper) for a unit, itself and all it counts in."""
    place, above = [], []
    for province in tree.at_level("province"):
        place.append((province.code, "province"))
        above += [(province.code, province.code), (province.code, NATION)]
        for unit in tree.below(province.code)[1:]:
            tier = tier_of(unit)
            if tier in dataset.tiers:
                place.append((unit.code, tier))
                above += [(unit.code, unit.code), (unit.code, province.code), (unit.code, NATION)]
                if unit.parent and unit.parent != province.code:
                    above.append((unit.code, unit.parent))
    register(connection, "place", ("unit", "tier"), place)
    register(connection, "above", ("unit", "upper"), above)


def register(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Sequence[str], rows: Sequence[tuple[str | None, ...]]
) -> None:
    """A table of texts under that name."""
    content = {column: pa.array([row[index] for row in rows], pa.string()) for index, column in enumerate(columns)}
    connection.register(name, pa.table(content))
