"""Who may see and do what: the one place where a login becomes a role (docs/decisions/0019-console.md).

The login in front of the console says what its user may do there; the warehouse account of the same name says which
units that person answers for. The account only ever narrows what is seen; only the login lets anybody write.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, HTTPException, Request

from etl.pipeline import pages

Role = Literal["viewer", "report_owner", "reviewer", "data_engineer"]


@dataclass(frozen=True)
class Login:
    """A user as the login in front knows them. reads: may see how reports come about. decides: may answer a review.
    operates: may change how it runs."""

    name: str
    reads: bool
    decides: bool
    operates: bool


@dataclass(frozen=True)
class Reader:
    """units: None sees the whole country, else only these and what is below them."""

    name: str
    role: Role
    units: pages.Units | None

    @property
    def decides(self) -> bool:
        """Whether decisions about figures are this reader's: whoever runs the system does not judge its figures."""
        return self.role == "reviewer"


def reader_of(login: Login) -> Reader:
    """Raises 403 for a login that is neither let in nor answers for a unit."""
    account = pages.account(login.name)
    if "unit" in account["roles"]:
        return Reader(login.name, "report_owner", account["units"])
    if not login.reads:
        raise HTTPException(403)
    if login.decides and (not login.operates or "reviewer" in account["roles"]):
        return Reader(login.name, "reviewer", None)
    return Reader(login.name, "data_engineer" if login.operates else "viewer", None)


def _reader(request: Request) -> Reader:
    found: Reader = request.state.reader
    return found


def _reviewer(reader: Annotated[Reader, Depends(_reader)]) -> Reader:
    if not reader.decides:
        raise HTTPException(403)
    return reader


ReaderDep = Annotated[Reader, Depends(_reader)]
ReviewerDep = Annotated[Reader, Depends(_reviewer)]
