"""The unit tree as tables that figures are joined with."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from etl.model import NATION, Dataset
from etl.units import UnitTree


def lay_out_units(connection: duckdb.DuckDBPyConnection, dataset: Dataset, tree: UnitTree) -> None:
    """place: (unit, tier) that rows may stand at. above: (unit, upper) for a unit, itself and all it counts in."""
    place, above = [], []
    for province in tree.at_level("province"):
        place.append((province.code, "province"))
        above += [(province.code, province.code), (province.code, NATION)]
        for commune in tree.children(province.code) if "commune" in dataset.tiers else ():
            place.append((commune.code, "commune"))
            above += [(commune.code, commune.code), (commune.code, province.code), (commune.code, NATION)]
    register(connection, "place", ("unit", "tier"), place)
    register(connection, "above", ("unit", "upper"), above)


def register(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Sequence[str], rows: Sequence[tuple[str | None, ...]]
) -> None:
    """A table of texts under that name."""
    content = {column: pa.array([row[index] for row in rows], pa.string()) for index, column in enumerate(columns)}
    connection.register(name, pa.table(content))
