"""The schema of the warehouse, up and down."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from etl.pipeline.collect import prepare
from etl.pipeline.office import Office


def database_status() -> dict[str, Any]:
    """The revision that the warehouse has ("base": none), the newest, and what going down from each loses."""
    now, known = Office.open().warehouse.revisions()
    return {"revision": now, "newest": known[-1].number, "revisions": [asdict(one) for one in known]}


def database_upgrade(revision: str = "head") -> dict[str, Any]:
    """Up to the revision; at the newest the units and indicators of the catalog are there as well."""
    warehouse = Office.open().warehouse
    warehouse.migrate(revision)
    now, known = warehouse.revisions()
    if now == known[-1].number:
        prepare()
    return {"revision": now}


def database_downgrade(revision: str | None = None, *, dry: bool = False) -> dict[str, Any]:
    """Down to the revision ("base": everything goes), or by one step: what was undone, newest first; see `loses`.

    dry: only tell. Raises SettingsError for a revision that is not below.
    """
    warehouse = Office.open().warehouse
    undone = warehouse.downgrade(revision, dry=dry)
    return {"revision": warehouse.revisions()[0], "undone": [asdict(one) for one in undone]}
