"""Where a unit stands among others by an indicator."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal


def ranks(values: Mapping[str, Decimal | None]) -> dict[str, int]:
    """Place of each unit by its value, the highest first; equals share a place and the next ones are left out.

    A unit without value has no place, and takes none from another.
    """
    known = {unit: value for unit, value in values.items() if value is not None}
    return {unit: 1 + sum(other > value for other in known.values()) for unit, value in known.items()}
