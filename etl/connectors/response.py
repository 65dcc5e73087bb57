"""What every connector hands over: one answer, not judged yet."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class Response:
    """One answer of a portal, as it came.

    `address` is the full URL with its query, `request` the body that was sent ("" for none); neither
    holds a credential. `fetched_at` is the UTC instant of the last byte. `field` is the field asked
    for, as the portal writes it, when the request is repeated over fields; `first_day` and `last_day`
    are the days asked for, when it is repeated over the parts of a period; `list` is the
    name of the list asked for, when it is repeated over lists. `etag` and `last_modified` are the portal's own
    marks of this state of the page; with status 304 the body is the one that was landed before.
    """

    body: bytes
    status: int
    media_type: str
    method: str
    address: str
    request: str
    fetched_at: dt.datetime
    field: str | None = None
    first_day: dt.date | None = None
    last_day: dt.date | None = None
    list: str | None = None
    etag: str | None = None
    last_modified: str | None = None
