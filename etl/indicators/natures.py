"""What a measure consists of, by the dataset's own declaration."""

from __future__ import annotations

from collections.abc import Mapping

from etl.model import DatasetColumn


def leaves(columns: Mapping[str, DatasetColumn], name: str) -> list[str]:
    """The columns that a total comes down to: a part may be a total itself. Of any other column: itself."""
    parts = columns[name].parts
    return [leaf for part in parts for leaf in leaves(columns, part)] if parts else [name]
