"""What the owner of the database does with a warehouse: its schema up and down, and who may see what."""

from __future__ import annotations

import datetime as dt

from etl.warehouse import accounts as logins
from etl.warehouse import record as recording
from etl.warehouse import revisions
from etl.warehouse.accounts import Account, Role
from etl.warehouse.judgements import Judgements
from etl.warehouse.revisions import Revision


class Administration(Judgements):
    """The part of the Warehouse that needs the owner's rights, and no figure."""

    def migrate(self, revision: str = "head") -> None:
        """Bring the schema up to a revision; a second caller waits for the first. Raises SettingsError."""
        with self._engine.begin() as connection:
            recording.lock(connection, "migrations")
            revisions.upgrade(connection, revision)

    def downgrade(self, revision: str | None = None, *, dry: bool = False) -> list[Revision]:
        """Bring the schema down to a revision ("base": to nothing) or by one step: the steps undone, newest first.

        dry: only tell them. Raises SettingsError for a revision that is not below.
        """
        with self._engine.begin() as connection:
            recording.lock(connection, "migrations")
            return (revisions.losses if dry else revisions.downgrade)(connection, revision)

    def revisions(self) -> tuple[str, list[Revision]]:
        """The revision that the database has ("base": none), and all there are."""
        with self._snapshot() as connection:
            return revisions.current(connection), revisions.all_of_them(connection)

    def grant(self, account: str, role: Role, unit: tuple[str, dt.date] | None = None) -> str | None:
        """Give a login a role; of the role unit the unit, by code and first day in force, whose subtree it sees.

        Gives the password of a login that is made here. Raises SettingsError for a login of another role.
        """
        with self._engine.begin() as connection:
            return logins.grant(connection, account, role, unit)

    def revoke(self, account: str) -> bool:
        """Take every role and unit from a login; whether it had any."""
        with self._engine.begin() as connection:
            return logins.revoke(connection, account)

    def accounts(self) -> list[Account]:
        """The logins that have a role, by name."""
        with self._snapshot() as connection:
            return logins.accounts(connection)
