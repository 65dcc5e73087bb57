"""Whose rights in the warehouse a login of the console has."""

from __future__ import annotations

from typing import Any

from etl.settings import Settings
from etl.warehouse.lookup import lookup


def account(name: str) -> dict[str, Any]:
    """The roles of the warehouse account of that name, and of the role unit its units with their first day in force."""
    found = lookup(Settings.from_environment().warehouse_url).accounts(name)
    return {"roles": {one.role for one in found}, "units": tuple(unit for one in found for unit in one.units)}
