"""The schema of the warehouse, up and down, and who may see what of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Any, cast

from etl.errors import SettingsError
from etl.periods import TIMEZONE
from etl.pipeline.collect import prepare
from etl.pipeline.office import Office
from etl.units import UnitTree
from etl.warehouse import Role


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


def database_grant(account: str, role: str | None, unit: str | None) -> dict[str, Any]:
    """Give a login a role, or the unit of today (code or name) whose subtree it sees; see Warehouse.grant.

    `password` is that of a login that is made here, else None. Raises SettingsError for a unit that is not there.
    """
    office = Office.open()
    seen = None
    if unit is not None:
        today = UnitTree(office.catalog.units, dt.datetime.now(TIMEZONE).date()).find(unit)
        if today is None:
            raise SettingsError(f"hôm nay không có đơn vị {unit!r}: viết mã (01) hay tên (no such unit today)")
        seen = today.code, today.valid_from
    granted: Role = "unit" if role is None else cast(Role, role)
    password = office.warehouse.grant(account, granted, seen)
    return {"account": account, "role": granted, "unit": seen and seen[0], "password": password}


def database_revoke(account: str) -> dict[str, Any]:
    """Take every role and unit from a login; `revoked`: whether it had any."""
    return {"account": account, "revoked": Office.open().warehouse.revoke(account)}


def database_accounts() -> list[dict[str, Any]]:
    """The logins that have a role, and the units (with their first day in force) that they see."""
    return [
        {"name": one.name, "role": one.role, "units": [{"unit": code, "valid_from": day} for code, day in one.units]}
        for one in Office.open().warehouse.accounts()
    ]
