"""What a platform's request and a source's credentials must say: one body, one way to page, no secret by value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from etl.errors import CatalogError
from etl.model import ApiKey, Budget, OAuth2, Parameter, Platform, Request, Signature, Source
from etl.model.requests import NO_REQUEST

Fail = Callable[[str, tuple[str, ...], str], CatalogError]
"""Makes the error for a file, the path of a key in it, and the problem."""

MOST_PULL_SECONDS = 3300
"""The DAG `collect` ends a pull after an hour; by then it must have said itself what it waited for."""
_SECRET_HEADERS = {"authorization", "proxy-authorization", "cookie", "x-api-key", "apikey", "x-auth-token"}
_SECRET_PARAMETERS = {"api_key", "apikey", "api-key", "access_token", "client_secret", "password"}
_PASSWORD = re.compile(r"//[^/]*@")
_CONNECTION = re.compile(r"conn:[A-Za-z0-9_.-]{1,250}")
"""Of the ids that Airflow allows those that can be the end of a variable's name and stand in a command."""
_NO_SECRET = "a secret never stands here: use `credential: env:NAME` or `conn:ID`"  # noqa: S105 (a message about secrets)


def check_request(platform: Platform, fail: Fail) -> None:
    """Raises CatalogError for a request that cannot be sent as it is declared."""
    file, request = f"platforms/{platform.id}.yml", platform.request
    if (platform.protocol == "inbox") != (request == NO_REQUEST):
        inbox = platform.protocol == "inbox"
        raise fail(file, ("request",), "a folder is not asked: no request" if inbox else "this key is required")
    if platform.protocol == "download" and request.paging is not None:
        raise fail(file, ("request", "paging"), "a file has no pages")
    listed = "{list}" in request.path or any(value.value == "list" for _, value in _values(request))
    if listed != bool(request.lists):
        raise fail(
            file, ("request", "lists"), "lists stand for {list} in the path or for {value: list}: both or neither"
        )
    _body(request, file, fail)
    _paging(request, file, fail)
    _auth(request, file, fail)
    if request.conditional and (request.method != "GET" or (request.paging is not None and request.paging.link_header)):
        raise fail(file, ("request", "conditional"), "only for GET, and not with paging.link_header: a 304 has no link")
    check_budget(request.budget, file, ("request", "budget"), fail)
    if not 0 < request.pull_seconds <= MOST_PULL_SECONDS:
        raise fail(file, ("request", "pull_seconds"), f"more than 0, and at most {MOST_PULL_SECONDS}")
    numbered = {"calendar": ("year", "quarter", "month"), "months": ("year", "month")}.get(platform.window, ())
    for key, value in _values(request):
        if value.value in ("year", "quarter", "month") and value.value not in numbered:
            raise fail(file, key, "a portal asked by the number of a period counts calendar ones: `window: calendar`")
    named = {value.value for _, value in _values(request)}
    told = named & {"first_day", "last_day", "start", "end_inclusive", *(["month"] if "month" in numbered else [])}
    if platform.window in ("days", "months") and not told:
        raise fail(file, ("window",), "asked part by part, but nothing in the request says which part")
    for key, value in _values(request):
        if value.value == "year" and not named & {"quarter", "month"}:
            raise fail(file, key, "the year alone asks for the whole year: add the quarter or the month")
    for name in request.headers:
        if name.lower() in _SECRET_HEADERS:
            raise fail(file, ("request", "headers", name), _NO_SECRET)
    for part, values in (("query", request.query), ("form", request.form), ("json", request.json)):
        for name in values:
            if name.lower() in _SECRET_PARAMETERS:
                raise fail(file, ("request", part, name), _NO_SECRET)


def check_budget(budget: Budget, file: str, at: tuple[str, ...], fail: Fail) -> None:
    """Raises CatalogError for a bound under which nothing could ever be asked."""
    for key, bound in vars(budget).items():
        if bound is not None and bound < 1:
            raise fail(file, (*at, key), "at least 1; leave it out for the default, null for no bound")


def check_secrets(source: Source, request: Request, fail: Fail) -> None:
    """Raises CatalogError for a secret by value, a missing reference, and values that nothing would send."""
    file = f"sources/{source.id}.yml"
    reference = source.credential or ""
    if source.credential is None and request.auth != "none":
        raise fail(file, ("platform",), "this platform asks for a credential: add `credential: env:NAME` or `conn:ID`")
    if reference.startswith("conn:") and _CONNECTION.fullmatch(reference) is None:
        raise fail(file, ("credential",), "conn: and the id of an Airflow connection: letters, digits, _, . and -")
    if source.credential is not None and not reference.startswith(("env:", "conn:")):
        raise fail(file, ("credential",), "only a reference such as env:NAME or conn:ID, never the secret")
    for key, address in (("address", source.address), ("token_address", source.token_address or "")):
        if _PASSWORD.search(address):
            raise fail(file, (key,), "an address without user and password: use `credential: env:NAME` or `conn:ID`")
        if address.startswith("conn:"):
            raise fail(file, (key,), "a connection gives a credential only: write the address, or env:NAME/path")
    if source.token_address is not None and not isinstance(request.auth, OAuth2):
        raise fail(file, ("token_address",), "this platform asks for no OAuth2 token")
    if source.body and request.method == "GET":
        raise fail(file, ("body",), "this platform is asked by GET, which has no body")
    named = request.auth if isinstance(request.auth, ApiKey) else ApiKey()
    for header in source.headers:
        if header.lower() in {*_SECRET_HEADERS, (named.header or "").lower()}:
            raise fail(file, ("headers", header), _NO_SECRET)
    for part, values in (("query", source.query), ("body", source.body)):
        for name in values:
            if name.lower() in {*_SECRET_PARAMETERS, (named.query or "").lower()}:
                raise fail(file, (part, name), _NO_SECRET)


def _body(request: Request, file: str, fail: Fail) -> None:
    if request.json and (request.form or request.form_json):
        raise fail(file, ("request", "json"), "a body is JSON or a form, not both")
    if len(request.form_json) > 1:
        raise fail(file, ("request", "form_json"), "one field of a form may hold JSON")
    for name in request.form_json:
        if name in request.form:
            raise fail(file, ("request", "form", name), "this field stands in form_json too")
    for part in ("json", "form", "form_json"):
        if request.method == "GET" and getattr(request, part):
            raise fail(file, ("request", part), "a GET has no body: use query, or method POST")
    for part, values in (("json", request.json), *(("form_json", inner) for inner in request.form_json.values())):
        for name in values:
            for other in values:
                if other.startswith(f"{name}."):
                    raise fail(file, ("request", part, name), f"{other} makes this an object, so it has no value")


def _paging(request: Request, file: str, fail: Fail) -> None:
    paging = request.paging
    sends_cursor = any(value.value == "cursor" for _, value in _values(request))
    if (paging is not None and paging.cursor is not None) != sends_cursor:
        raise fail(file, ("request", "paging"), "paging.cursor and a parameter {value: cursor} come together")
    if paging is None:
        return
    if paging.size < 1:
        raise fail(file, ("request", "paging", "size"), "at least one row a page")
    ways = [paging.cursor is not None, paging.next_link is not None, paging.link_header]
    if sum(ways) > 1:
        raise fail(file, ("request", "paging"), "one of cursor, next_link and link_header")
    counted = any(value.value in ("page", "offset", "offset_end") for _, value in _values(request))
    if not any(ways) and not counted:
        problem = "nothing asks for the next page: {value: page}, {value: offset}, cursor, next_link or link_header"
        raise fail(file, ("request", "paging"), problem)


def _auth(request: Request, file: str, fail: Fail) -> None:
    auth, path = request.auth, ("request", "auth")
    if isinstance(auth, ApiKey):
        if (auth.header is None) == (auth.query is None):
            raise fail(file, path, "the key stands in a header or in the query: name one of the two")
        if auth.query is not None and auth.query in request.query:
            raise fail(file, ("request", "query", auth.query), _NO_SECRET)
    if isinstance(auth, Signature):
        if not auth.sign:
            raise fail(file, (*path, "sign"), "a signature signs at least one part")
        for part, header in (("timestamp", auth.timestamp_header), ("nonce", auth.nonce_header)):
            if part in auth.sign and header is None:
                raise fail(file, (*path, "sign"), f"the portal cannot check a {part} without {part}_header")


def _values(request: Request) -> Iterator[tuple[tuple[str, ...], Parameter]]:
    """Every parameter of the request with its place."""
    places: list[tuple[tuple[str, ...], Mapping[str, object]]] = [
        *(((part,), getattr(request, part)) for part in ("query", "json", "form", "headers")),
        *((("form_json", name), values) for name, values in request.form_json.items()),
    ]
    for place, values in places:
        for key, value in values.items():
            if isinstance(value, Parameter):
                yield ("request", *place, key), value
