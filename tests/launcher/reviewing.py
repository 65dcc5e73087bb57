"""What people do in a browser on `make up`: log in through Airflow's own page, read the report, answer the question."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

import requests
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright

from etl.console import create_app
from tests.console.places import address, routes
from tests.console.test_browser import CHROMIUM, DESK, _need
from tests.launcher.site import Site

COMMENT = "đã hỏi Sở, công bố đúng hạn"
PATIENCE_MS = 120_000
"""Airflow's pages are made by scripts, and the machine may be busy with tests."""


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    path = _need(CHROMIUM, "chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def log_in(browser: Browser, address: str, user: str, password: str, size: dict[str, int] = DESK) -> Page:
    """A page on Airflow's start page, once the login page took the password."""
    page = browser.new_context(viewport=size).new_page()  # type: ignore[arg-type]
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{address}/")
    page.fill("input[name=username]", user)
    page.fill("input[name=password]", password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/login" not in url)
    return page


@dataclass(frozen=True)
class Decision:
    """What a reviewer read on the way: the overview and the report as they are seen, and the failing rows as a file."""

    run: str
    overview: str
    report: str
    failing: list[dict[str, str]]


def reviewing(browser: Browser, site: Site, period: str, run: str) -> Decision:
    """From Airflow's login page to the click on Approve, by what is seen on the pages alone."""
    page = log_in(browser, site.address, "reviewer", site.password("reviewer"))
    page.get_by_role("link", name="Báo cáo").click()
    frame = page.frame_locator("iframe[title='Báo cáo']")
    frame.get_by_role("heading", name="Phải quyết định gì?").wait_for()
    overview = frame.locator("main").inner_text()
    frame.get_by_role("link", name="1. Đọc báo cáo").click()
    frame.get_by_role("heading", name="Dòng vi phạm").wait_for()
    report = frame.locator("main").inner_text()
    rows = report_of(site, period, run, "reviewer", path="report.csv")
    frame.get_by_role("link", name="2. Quyết định").first.click()  # out of the frame
    page.wait_for_url(action(site.address, run))

    with page.context.expect_page() as opened:  # a window of its own
        page.get_by_role("link", name="Báo cáo chất lượng đầy đủ").click()
    linked = opened.value
    linked.get_by_role("heading", name="Dòng vi phạm").wait_for()
    assert linked.locator("main").inner_text() == report, "the question leads to the same report"

    page.locator("input[name=element_comment]").fill(COMMENT)  # without one Airflow's page lets nobody click
    with page.expect_response(lambda answer: answer.request.method == "PATCH") as answered:
        page.get_by_role("button", name="Approve", exact=True).click()
    assert answered.value.ok
    listed = csv.DictReader(io.StringIO(rows.content.decode("utf-8-sig")))
    return Decision(run, overview, report, [row for row in listed if row["severity"] == "critical"])


def session(site: Site, user: str | None) -> requests.Session:
    """Who asks as a browser does, by the cookie that the login page sets."""
    made = requests.Session()
    made.trust_env = False
    if user is not None:
        login = {"username": user, "password": site.password(user)}
        answer = requests.post(f"{site.address}/auth/token", json=login, timeout=60)
        made.cookies.set("_token", answer.json()["access_token"])
    return made


def asked_of_all(site: Site, user: str | None, unit: str) -> dict[str, int]:
    """The status of every route of the console, those that write too."""
    client, app = session(site, user), _routes()
    return {
        name: _ask(client, f"{site.address}/console{address(app, name, unit)}", methods).status_code
        for name, methods in routes(app).items()
    }


def report_of(site: Site, period: str, run: str, user: str, path: str = "report", **more: str) -> requests.Response:
    query = {"period": period, "run": run, **more}
    return session(site, user).get(f"{site.address}/console/quality/{path}", params=query, timeout=120)


def action(address: str, run: str) -> str:
    """Where Airflow's own page asks about the run."""
    return f"{address}/dags/standardize/runs/{quote(run, safe='')}/tasks/review/required_actions"


def _routes() -> FastAPI:
    return create_app(lambda: None, "no secret")


def _ask(client: requests.Session, url: str, methods: set[str]) -> requests.Response:
    ask: Callable[..., requests.Response] = client.post if "POST" in methods else client.get
    return ask(url, timeout=120, allow_redirects=False)
