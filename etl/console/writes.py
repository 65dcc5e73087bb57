"""What a page must send along to write: a token of this reader, signed, which no other site can know."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, HTTPException, Request
from itsdangerous import BadData, URLSafeTimedSerializer

from etl.console.access import ReviewerDep

_SALT = "baocao-console-write"
_LIFE_SECONDS = 8 * 3600
_OWN = ("same-origin", "none")


def token(secret: str, name: str) -> str:
    return str(URLSafeTimedSerializer(secret, salt=_SALT).dumps(name))


def checked(request: Request, reader: ReviewerDep, csrf: Annotated[str, Form(max_length=500)] = "") -> None:
    """Raises 403 for a write that did not come from a page of this reader."""
    if request.headers.get("sec-fetch-site", "none") not in _OWN:
        raise HTTPException(403)
    try:
        name = URLSafeTimedSerializer(request.app.state.secret, salt=_SALT).loads(csrf, max_age=_LIFE_SECONDS)
    except BadData:
        raise HTTPException(403) from None
    if name != reader.name:
        raise HTTPException(403)
