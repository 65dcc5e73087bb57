"""Logins of people and tools on the warehouse: their role, and the units that they see."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Final, Literal, get_args

from psycopg import sql
from sqlalchemy import Connection, text

from etl.errors import SettingsError
from etl.warehouse.staging import driver_connection

Role = Literal["loader", "reader", "reviewer", "unit"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
_OURS = "baocao_"


@dataclass(frozen=True)
class Account:
    """A login with one of the roles. units: of the role unit, code and first day in force of those that it sees."""

    name: str
    role: Role
    units: tuple[tuple[str, dt.date], ...] = ()


def accounts(connection: Connection, name: str | None = None) -> list[Account]:
    """By name, of that name alone where one is given; a login of two roles stands twice."""
    found = connection.execute(
        text("""
        SELECT m.rolname, g.rolname,
               (SELECT array_agg(ARRAY[a.unit, a.valid_from::text] ORDER BY a.unit, a.valid_from)
                FROM baocao.account_unit a WHERE a.account = m.rolname)
        FROM pg_auth_members x JOIN pg_roles m ON m.oid = x.member JOIN pg_roles g ON g.oid = x.roleid
        WHERE g.rolname = ANY(:groups) AND m.rolcanlogin AND (CAST(:name AS text) IS NULL OR m.rolname = :name)
        ORDER BY 1, 2"""),
        {"groups": [_OURS + role for role in ROLES], "name": name},
    )
    return [
        Account(name, group.removeprefix(_OURS), _days(units) if group == f"{_OURS}unit" else ())
        for name, group, units in found
    ]


def grant(connection: Connection, name: str, role: Role, unit: tuple[str, dt.date] | None) -> str | None:
    """Give the login the role, and the unit to see; gives the password of a login that was not there and is made now.

    The server sees the password as a SCRAM verifier only, so that it stands in no log of statements.
    Raises SettingsError for a name that no login should have, or one that sees more than its unit already.
    """
    if name.startswith((_OURS, "pg_")):
        raise SettingsError(f"tên tài khoản {name!r} dành cho hệ thống (the name is reserved)")
    driver = driver_connection(connection)
    others = connection.execute(
        text("""
        SELECT g.rolname FROM pg_auth_members x JOIN pg_roles m ON m.oid = x.member JOIN pg_roles g ON g.oid = x.roleid
        WHERE m.rolname = :name AND g.rolname = ANY(:groups) AND g.rolname <> :group"""),
        {"name": name, "groups": [_OURS + one for one in ROLES], "group": _OURS + role},
    ).scalars()
    if held := sorted(others):
        raise SettingsError(
            f"tài khoản {name} đã có vai trò {', '.join(held)}: thu lại bằng `baocao db revoke` (it has another role)"
        )
    connection.execute(text("CALL baocao.grant_roles()"))
    password = None
    if connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": name}).scalar() is None:
        password = secrets.token_urlsafe(24)
        verifier = driver.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
        made = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(name), sql.Literal(verifier))
        driver.execute(made)
    if role not in [one.role for one in accounts(connection, name)]:  # who may not grant it may still name the unit
        driver.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(_OURS + role), sql.Identifier(name)))
    database = sql.Identifier(driver.info.dbname)
    driver.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, sql.Identifier(name)))
    if unit is not None:
        connection.execute(
            text("INSERT INTO baocao.account_unit (account, unit, valid_from) VALUES (:name, :code, :day) "
                 "ON CONFLICT DO NOTHING"),
            {"name": name, "code": unit[0], "day": unit[1]},
        )  # fmt: skip
    return password


def revoke(connection: Connection, name: str) -> bool:
    """Take every role and unit from the login, which stays; whether it had any."""
    held = [one.role for one in accounts(connection, name)]
    driver = driver_connection(connection)
    for role in held:
        driver.execute(sql.SQL("REVOKE {} FROM {}").format(sql.Identifier(_OURS + role), sql.Identifier(name)))
    gone = connection.execute(text("DELETE FROM baocao.account_unit WHERE account = :name"), {"name": name})
    return bool(held) or gone.rowcount > 0


def _days(units: list[list[str]] | None) -> tuple[tuple[str, dt.date], ...]:
    return tuple((code, dt.date.fromisoformat(day)) for code, day in units or [])
