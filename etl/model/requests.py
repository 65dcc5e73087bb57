"""How a platform is asked: the vocabulary of `request` in `platforms/`: body, paging, authentication."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal


@dataclass(frozen=True)
class Parameter:
    """A request value that is not a literal.

    value: what it stands for; `first_day` and `last_day` are the period's local dates, `start` and
    `end` its instants (`end_inclusive` is one millisecond before `end`), `unit` the source's unit
    code, `field` the field of a request repeated over fields, `page` and `offset` count from 1 and 0,
    `offset_end` is the offset plus the page size, `cursor` what the page before gave (left out of the
    first request), `list` the text of a list of a request repeated over lists. `year`, `quarter` and
    `month` are the numbers of the period, for portals that know calendar periods only; another kind of
    period cannot be asked of them. Where the platform is asked day by day or month by month, days,
    instants, `year` and `month` are those of the part asked for.
    format: strftime pattern for dates and instants; instants are rendered in UTC. Without it a date is
    2026-09-14 and an instant 2026-09-14T16:59:59.999Z, with its milliseconds.
    """

    value: Literal[
        "first_day",
        "last_day",
        "start",
        "end_inclusive",
        "unit",
        "field",
        "list",
        "page",
        "offset",
        "offset_end",
        "cursor",
        "year",
        "quarter",
        "month",
    ]
    format: str | None = None


Value = str | int | bool | Parameter


@dataclass(frozen=True)
class Paging:
    """How to walk pages: `size` rows a page, sent as `size_parameter`; `total` points to the declared count.

    How the next page is asked for: by a parameter that counts (`page`, `offset`) when none of these is
    given; `cursor`, what stands there in the body is sent back as the parameter `cursor`; `next_link`, the
    address that stands there in the body; `link_header`, the `next` of the header `Link`. A series ends
    with its declared total; without one, when there is no next page, or by a page of fewer than `size` rows
    where pages are counted.

    Places in the JSON body are dotted paths; None where there is none.
    """

    size: int
    size_parameter: str | None
    total: str | None = None
    cursor: str | None = None
    next_link: str | None = None
    link_header: bool = False


@dataclass(frozen=True)
class ApiKey:
    """The credential itself in a header or in a query parameter of that name: one of the two."""

    header: str | None = None
    query: str | None = None


@dataclass(frozen=True)
class OAuth2:
    """Client credentials: the source's credential is `id:secret`, sent to `token_path` for a bearer token.

    token_path: below the source's address, or below its `token_address` where that is another.
    client: where the id and the secret stand in the request for a token.
    """

    token_path: str
    scope: str | None = None
    client: Literal["basic", "body"] = "basic"


@dataclass(frozen=True)
class Signature:
    """HMAC-SHA256 of the named parts, joined by `separator`; the source's credential is `id:secret`.

    sign: the parts in order. `path` and `query` are as they are sent ("" for no query), `key` is the id,
    `body_sha256` hexadecimal, `timestamp` and `nonce` what their headers hold.
    signature_header: holds `prefix` and the signature. The other headers are sent where they are named.
    """

    signature_header: str
    sign: tuple[
        Literal["method", "host", "path", "query", "body", "body_sha256", "key", "timestamp", "nonce"],
        ...,
    ]
    key_header: str | None = None
    timestamp_header: str | None = None
    nonce_header: str | None = None
    timestamp: Literal["seconds", "milliseconds", "iso"] = "seconds"
    separator: str = "\n"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""


@dataclass(frozen=True)
class Budget:
    """How often a host may be asked, and how often at once, by all pulls of one machine together; None: no bound.

    A host is the scheme, name and port of an address. All requests to it are counted, whoever sends them, and every
    further try is one; each pull keeps to its own budget by that count. A pull has one request under way at a time, so
    that the default binds only where many sources stand behind one host.
    """

    per_second: int | None = 50
    per_minute: int | None = None
    concurrency: int | None = 8


Auth = Literal["none", "basic", "bearer"] | ApiKey | OAuth2 | Signature


@dataclass(frozen=True)
class Request:
    """The HTTP request of a platform, relative to the source's address.

    json: the body of a POST; a dotted key stands inside the object before the dot.
    form: the body of a POST as a form; form_json: form fields, at most one, whose text is a JSON object.
    auth: `basic` takes a credential `user:password`, `bearer` a token.
    timeout_seconds: for the whole answer of one request, and for each silence within it; pull_seconds: for all
    requests of one pull. Waiting for one's turn under the budget counts in the latter only.
    lists: the request is repeated, one series of pages each, over these names (sent, received); their texts stand
    for `{list}` in the path and for the value `list`. A page remembers the name.
    conditional: a page that was landed before is asked for only where it changed (If-None-Match, If-Modified-Since).
    The portal is then believed where it says that it did not: only for one whose marks were seen to change with its
    figures. The second pull of a closed period asks for everything all the same.
    """

    method: Literal["GET", "POST"]
    path: str
    query: Mapping[str, Value] = field(default_factory=dict)
    json: Mapping[str, Value] = field(default_factory=dict)
    form: Mapping[str, Value] = field(default_factory=dict)
    form_json: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    headers: Mapping[str, str | Parameter] = field(default_factory=dict)
    auth: Auth = "none"
    repeat_over_fields: bool = False
    lists: Mapping[str, str] = field(default_factory=dict)
    paging: Paging | None = None
    conditional: bool = False
    timeout_seconds: float = 30.0
    pull_seconds: float = 900.0
    budget: Budget = Budget()


@dataclass(frozen=True)
class Envelope:
    """Where the body of an answer with status 200 says whether it is one: at `status` stands `good`, or it failed.

    code, text: where the vendor's error code and sentence stand.
    """

    status: str
    good: str
    code: str | None = None
    text: str | None = None


NO_REQUEST: Final = Request(method="GET", path="")
"""That of an inbox, which is not asked."""
