"""Login and password of an Airflow connection, which `credential: conn:ID` refers to.

Nothing here imports Airflow: inside it, a task hands over how connections are looked up (metadata database, secrets
backends, environment); outside, the variable AIRFLOW_CONN_<ID> that Airflow documents is read by ourselves.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

Connections = Callable[[str], tuple[str | None, str | None] | None]
"""Login and password of a connection by its id; None where there is no such connection."""


@dataclass(frozen=True, repr=False)
class Login:
    """What a connection holds of a credential: "" for a part that it does not have."""

    login: str
    password: str


def variable(connection: str) -> str:
    """The name of the environment variable that holds a connection."""
    return f"AIRFLOW_CONN_{connection.upper()}"


def parse(text: str) -> Login:
    """The login of a connection as Airflow writes it: a JSON object, or a URI with percent-encoded parts.

    Raises ValueError for anything else; its text never holds the connection.
    """
    text = text.strip()
    try:
        return _of_json(text) if text.startswith("{") else _of_uri(text)
    except ValueError:
        raise ValueError("neither JSON nor a URI") from None


def _of_json(text: str) -> Login:
    found = json.loads(text)
    login, password = found.get("login") or "", found.get("password") or ""
    if not (isinstance(login, str) and isinstance(password, str)):
        raise ValueError
    return Login(login, password)


def _of_uri(text: str) -> Login:
    if text.count("://") == 2:  # http://https://:token@host: the type of the connection, then the scheme of its host
        text = text.split("://", 1)[1]
    parts = urlsplit(text)
    if not (parts.scheme and parts.netloc):
        raise ValueError
    return Login(*(unquote(part or "", errors="strict") for part in (parts.username, parts.password)))
