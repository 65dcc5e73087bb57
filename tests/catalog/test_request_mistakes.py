"""A request that could not be sent, and a secret by value, are told before anything is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.catalog import load
from etl.errors import CatalogError
from etl.model import ApiKey, OAuth2, Signature
from tests.catalog.miniature import edit, write

PLATFORM = "platforms/portal.yml"
SOURCE = "sources/ha_noi.yml"
QUERY = """\
  query:
    from: {value: first_day, format: "%d/%m/%Y"}
    size: 10
"""


def mistake(folder: Path) -> CatalogError:
    with pytest.raises(CatalogError) as caught:
        load((folder,))
    return caught.value


@pytest.mark.parametrize(
    ("auth", "wanted"),
    [
        ("{header: X-Key}", ApiKey(header="X-Key")),
        ("{query: key}", ApiKey(query="key")),
        ("{token_path: /token, scope: a b, client: body}", OAuth2("/token", "a b", "body")),
        ("{signature_header: X-S, sign: [method, path]}", Signature("X-S", ("method", "path"))),
        ("basic", "basic"),
    ],
)
def test_every_way_to_authenticate_is_read(folder: Path, auth: str, wanted: object) -> None:
    edit(folder, PLATFORM, "auth: bearer", f"auth: {auth}")
    assert load((folder,)).platforms["portal"].request.auth == wanted


@pytest.mark.parametrize(
    ("auth", "key", "problem"),
    [
        ("digest", "request.auth", "'none', 'basic' or 'bearer'"),
        ("{header: X-Key, query: key}", "request.auth", "one of the two"),
        ("{}", "request.auth", "one of the two"),
        ("{query: size}", "request.query.size", "secret"),
        ("{signature_header: X-S, sign: []}", "request.auth.sign", "at least one part"),
        ("{signature_header: X-S, sign: [timestamp]}", "request.auth.sign", "timestamp_header"),
        ("{signature_header: X-S, sign: [nonce]}", "request.auth.sign", "nonce_header"),
        ("{signature_header: X-S, sign: ['{{method}}']}", "request.auth.sign.0", "'method'"),
    ],
)
def test_a_mistake_in_auth(folder: Path, auth: str, key: str, problem: str) -> None:
    edit(folder, PLATFORM, "auth: bearer", f"auth: {auth}")
    error = mistake(folder)
    assert (error.file, error.key) == (str(folder / PLATFORM), key)
    assert problem in str(error)


@pytest.mark.parametrize(
    ("request_part", "key", "problem"),
    [
        ("  json: {a: 1}\n", "request.json", "GET has no body"),
        (
            "  paging: {size: 5, size_parameter: n, link_header: true}\n  conditional: true\n",
            "request.conditional",
            "304",
        ),
        ("  budget: {per_second: 0}\n", "request.budget.per_second", "at least 1"),
        ("  budget: {concurrency: -1}\n", "request.budget.concurrency", "at least 1"),
        ("  budget: {per_hour: 1}\n", "request.budget.per_hour", "unknown key"),
        ("  pull_seconds: 0\n", "request.pull_seconds", "more than 0"),
        ("  pull_seconds: 7200\n", "request.pull_seconds", "at most 3300"),
        ("  form: {a: 1}\n", "request.form", "GET has no body"),
        ("  paging: {size: 5, size_parameter: n}\n", "request.paging", "nothing asks for the next page"),
        ("  paging: {size: 0, size_parameter: n, link_header: true}\n", "request.paging.size", "at least one"),
        ("  paging: {size: 5, size_parameter: n, next_link: a, link_header: true}\n", "request.paging", "one of"),
        ("  paging: {size: 5, size_parameter: n, cursor: a}\n", "request.paging", "come together"),
        ("  query: {a: {value: cursor}}\n", "request.paging", "come together"),
        ("  query: {a: {value: quarter}}\n", "request.query.a", "window: calendar"),
        ("  query: {access_token: x}\n", "request.query.access_token", "secret"),
        ("  headers: {Authorization: x}\n", "request.headers.Authorization", "secret"),
    ],
)
def test_a_mistake_in_a_get(folder: Path, request_part: str, key: str, problem: str) -> None:
    edit(folder, PLATFORM, QUERY, request_part)
    error = mistake(folder)
    assert (error.file, error.key) == (str(folder / PLATFORM), key)
    assert problem in str(error)


@pytest.mark.parametrize(
    ("request_part", "key", "problem"),
    [
        ("  json: {a: 1}\n  form: {b: 1}\n", "request.json", "not both"),
        ("  form_json: {a: {b: 1}, c: {d: 1}}\n", "request.form_json", "one field"),
        ("  form_json: {a: {b: 1}}\n  form: {a: 1}\n", "request.form.a", "stands in form_json too"),
        ("  form_json: {a: {b: {valu: year}}}\n", "request.form_json.a.b.valu", "unknown key"),
        ("  json: {a: 1, a.b: 2}\n", "request.json.a", "object"),
        ("  json: {password: x}\n", "request.json.password", "secret"),
    ],
)
def test_a_mistake_in_a_body(folder: Path, request_part: str, key: str, problem: str) -> None:
    edit(folder, PLATFORM, QUERY, request_part)
    edit(folder, PLATFORM, "method: GET", "method: POST")
    error = mistake(folder)
    assert (error.file, error.key) == (str(folder / PLATFORM), key)
    assert problem in str(error)


def test_the_year_alone_would_ask_for_the_whole_year(folder: Path) -> None:
    edit(folder, PLATFORM, QUERY, "  query: {nam: {value: year}}\n")
    edit(folder, PLATFORM, "dataset: dossiers", "dataset: dossiers\nwindow: calendar")
    assert "add the quarter or the month" in str(mistake(folder))
    edit(folder, PLATFORM, "{nam: {value: year}}", "{nam: {value: year}, quy: {value: quarter}}")
    assert load((folder,)).platforms["portal"].window == "calendar"


@pytest.mark.parametrize(
    ("window", "values", "problem"),
    [
        ("days", "{size: 10}", "nothing in the request says which part"),
        ("months", "{nam: {value: year}}", "nothing in the request says which part"),
        ("months", "{nam: {value: year}, quy: {value: quarter}}", "window: calendar"),
        ("days", "{thang: {value: month}, tu: {value: first_day}}", "window: calendar"),
    ],
)
def test_a_part_that_is_not_told(folder: Path, window: str, values: str, problem: str) -> None:
    edit(folder, PLATFORM, QUERY, f"  query: {values}\n")
    edit(folder, PLATFORM, "dataset: dossiers", f"dataset: dossiers\nwindow: {window}")
    assert problem in str(mistake(folder))


def test_a_part_is_told_by_its_days_or_its_month(folder: Path) -> None:
    edit(folder, PLATFORM, "dataset: dossiers", "dataset: dossiers\nwindow: days")
    assert load((folder,)).platforms["portal"].window == "days"
    edit(folder, PLATFORM, QUERY, "  query: {nam: {value: year}, thang: {value: month}}\n")
    edit(folder, PLATFORM, "window: days", "window: months")
    assert load((folder,)).platforms["portal"].window == "months"


@pytest.mark.parametrize(
    ("auth", "part", "key", "problem"),
    [
        ("bearer", "body: {a: b}", "body", "GET"),
        ("bearer", "token_address: https://sso.example.vn", "token_address", "no OAuth2"),
        ("{token_path: /t}", "token_address: https://me:s3cret@sso.example.vn", "token_address", "without user"),
        ("{query: khoa}", "query: {khoa: s3cret}", "query.khoa", "never stands here"),
        ("{query: khoa}", "query: {API_KEY: s3cret}", "query.API_KEY", "never stands here"),
        ("{header: X-Khoa}", "headers: {x-khoa: s3cret}", "headers.x-khoa", "never stands here"),
    ],
)
def test_a_mistake_in_a_source(folder: Path, auth: str, part: str, key: str, problem: str) -> None:
    edit(folder, PLATFORM, "auth: bearer", f"auth: {auth}")
    edit(folder, SOURCE, "headers: {groupId: '010001'}", part)
    error = mistake(folder)
    assert (error.file, error.key) == (str(folder / SOURCE), key)
    assert problem in str(error)
    assert "s3cret" not in str(error)


def test_a_platform_laid_over_needs_no_python(folder: Path, tmp_path: Path) -> None:
    site = write(tmp_path / "site", {PLATFORM: (folder / PLATFORM).read_text("utf-8")})
    edit(site, PLATFORM, QUERY, "  form: {a: 1}\n  paging: {size: 5, size_parameter: n, next_link: links.next}\n")
    edit(site, PLATFORM, "method: GET", "method: POST")
    assert load((folder, site)).platforms["portal"].request.form == {"a": 1}
