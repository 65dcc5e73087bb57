"""What must hold of whom reminders go to: one address each, of a unit of today."""

from __future__ import annotations

import re
from collections.abc import Iterable

from etl.catalog.requests import Fail
from etl.model import Contacts, Unit

_FILE = "contacts.yml"
_ADDRESS = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")


def check_contacts(contacts: Contacts, units: Iterable[Unit], fail: Fail) -> None:
    """Raises CatalogError for what is no single address, and for the code of no unit that is still in force."""
    codes = {unit.code for unit in units if unit.valid_to is None}
    listed = [(("units", code), contact) for code, contact in contacts.units.items()]
    for path, contact in [(("office",), contacts.office), *listed]:
        if not _ADDRESS.fullmatch(contact.email):
            raise fail(_FILE, (*path, "email"), "one mail address, or env:NAME")
    for code in contacts.units:
        if code not in codes:
            raise fail(_FILE, ("units", code), f"no unit {code!r} is in force in units/units.csv")
