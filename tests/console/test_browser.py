"""The pages in a real browser: axe-core finds nothing, nothing scrolls sideways on a phone, the keyboard suffices.

axe-core comes from its lock file; Chromium is the system's. Where they are missing the tests are skipped on a desk, and
say so; in CI they fail.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright

from etl import pipeline
from etl.console import create_app
from etl.model import Finding, Receipt, RuleOutcome
from etl.periods import Period
from etl.pipeline.office import Office as Opened
from etl.tables import FACTS
from tests.console.conftest import login
from tests.console.people import PERIOD
from tests.console.places import address, pages

HERE = Path(__file__).parent / "axe"
CHROMIUM = shutil.which("chromium")
PHONE, DESK = {"width": 375, "height": 740}, {"width": 1280, "height": 900}
STOCK, SIDE_BY_SIDE = "2025-Q3", "2025-Q4"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def _need(there: str | None, what: str) -> str:
    if there is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"máy CI phải có {what} ({what} is missing)")
        pytest.skip(f"máy này không có {what}: chưa thử trang trong trình duyệt ({what} is missing, NOT tried)")
    return there


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    npm = _need(shutil.which("npm"), "npm")
    folder = tmp_path_factory.mktemp("axe")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return (folder / "node_modules/axe-core/axe.min.js").read_text("utf-8")


@pytest.fixture(scope="module")
def served(country: None) -> Iterator[tuple[FastAPI, str]]:
    """The console over real HTTP, with its address."""
    app = create_app(login, "a secret of this test")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    yield app, f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = _need(CHROMIUM, "chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser, served: tuple[FastAPI, str]) -> Iterator[Any]:
    """open_page("/", PHONE, "en"): the page as the reviewer sees it. What the browser complains of fails the test, and
    so does any request to another host."""
    contexts, said = [], []
    _, base = served

    def opened(path: str, size: dict[str, int], language: str = "vi") -> Page:
        context = chromium.new_context(viewport=size)  # type: ignore[arg-type]
        context.add_cookies([{"name": "person", "value": "reviewer", "url": base},
                             {"name": "baocao_lang", "value": language, "url": base}])  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda problem: said.append(str(problem)))
        page.on("request", lambda asked: None if asked.url.startswith((base, "data:")) else said.append(asked.url))
        page.goto(base + path)
        page.wait_for_load_state("networkidle")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []


@pytest.fixture(scope="module")
def compared(country: None) -> None:
    """A quarter in which two lists of documents differ, and the stock of the quarter before came afterwards."""
    office = Opened.open()
    judged = replace(
        RuleOutcome.of("across", next(rule for rule in office.across().rules if rule.kind == "mirror"), "fail"),
        judged=9,
        broken=1,
        sources={"bkav_axis_04": 1},
    )
    differs = Finding(
        "MIRROR",
        "warning",
        "bkav_axis_04",
        SIDE_BY_SIDE,
        "UBND thành phố Huế (H46) → Sở Nội vụ (H04.1), “Số văn bản đã nhận”: 3 so với 5",
        "04",
        "all",
        "a" * 64,
        "/data/7",
        "received",
        "3",
        "5",
        "igate_46",
        SIDE_BY_SIDE,
        "b" * 64,
        "/data/8",
        "province",
    )
    commune = next(one.code for one in office.catalog.tree(Period.parse(STOCK)).below("04") if one.level == "commune")
    places = {"indicator": "tthc_pending_total", "unit": commune, "tier": "commune", "field": "all"}
    stock = {**places, "value": 12, "reason": None, "leaf": True, "moving": False}
    received = {**stock, "indicator": "tthc_received_total", "leaf": False}
    at = dt.datetime(2025, 12, 20, tzinfo=dt.UTC)
    pull = Receipt("side", differs.source, SIDE_BY_SIDE, at, at, "unavailable", "cổng đang lỗi", 0, ())
    for period, facts, findings, outcomes, receipts in (
        (SIDE_BY_SIDE, [received], [differs], [judged], [pull]),
        (STOCK, [stock], [], [], [replace(pull, id="stock", period=STOCK)]),
    ):
        office.warehouse.record(
            period,
            run="side by side",
            catalog_version="1",
            rules_version="1",
            facts=pa.Table.from_pylist(facts, schema=FACTS),
            rows={},
            quarantine={},
            findings=findings,
            holes=[],
            receipts=receipts,
            outcomes=outcomes,
        )


@pytest.mark.parametrize(("size", "language"), [(PHONE, "vi"), (DESK, "en")], ids=["phone-vi", "desk-en"])
def test_axe_finds_nothing_on_any_page(
    served: tuple[FastAPI, str], open_page: Any, axe: str, size: dict[str, int], language: str
) -> None:
    app, _ = served
    for name in pages(app):
        _demand_nothing_found(open_page(address(app, name), size, language), axe, name, size)


@pytest.mark.parametrize(("size", "language"), [(PHONE, "vi"), (DESK, "en")], ids=["phone-vi", "desk-en"])
def test_axe_finds_nothing_beside_two_figures_or_a_stock_that_changed(
    compared: None, open_page: Any, axe: str, size: dict[str, int], language: str
) -> None:
    """The matrix of documents, the places of both figures, and the notice that the quarter is to be judged again."""
    for path in (f"/quality?period={SIDE_BY_SIDE}", f"/quality/report?period={SIDE_BY_SIDE}"):
        page: Page = open_page(path, size, language)
        assert "/data/7" in page.content()
        assert f"baocao replay {SIDE_BY_SIDE}" in page.inner_text("main")
        assert "Sở Nội vụ (H04.1)" in page.inner_text("main")
        _demand_nothing_found(page, axe, path, size)


def _demand_nothing_found(page: Page, axe: str, name: str, size: dict[str, int]) -> None:
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    page.evaluate(axe)  # by the debugger, which the page's own policy does not bind
    found = page.evaluate("tags => axe.run({runOnly: tags})", TAGS)
    assert len(found["passes"]) > 10, "axe has looked at something"
    wrong = [
        (one["id"], one["impact"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found["violations"]
    ]
    assert wrong == [], name
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= size["width"], f"{name} scrolls sideways"
    page.close()


def test_axe_would_find_something(open_page: Any, axe: str) -> None:
    page: Page = open_page("/", DESK)
    page.evaluate("document.querySelector('html').removeAttribute('lang')")
    page.evaluate(axe)
    assert [one["id"] for one in page.evaluate("axe.run()")["violations"]] == ["html-has-lang"]


def test_a_reviewer_gets_from_the_overview_to_the_byte_with_the_keyboard_alone(open_page: Any) -> None:
    page: Page = open_page("/", DESK)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    _tab_to(page, lambda: page.evaluate("document.activeElement.getAttribute('href')") == f"/form/{PERIOD}/II.06a/04")
    outline = page.evaluate(
        "getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).outlineWidth"
    )
    assert outline == "solid3px", "the focus is seen"
    page.keyboard.press("Enter")
    page.wait_for_url("**/form/**")
    _tab_to(page, lambda: "/cell/" in (page.evaluate("document.activeElement.getAttribute('href')") or ""))
    page.keyboard.press("Enter")
    page.wait_for_url("**/cell/**")
    assert "igate_04" in page.inner_text("main")


def test_a_reviewer_approves_with_the_keyboard_alone(open_page: Any) -> None:
    """From the overview to the change that waits, a reason written, and the button pressed."""
    page: Page = open_page("/", DESK)
    _tab_to(page, lambda: (_focused(page) or "").startswith("/restatements"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/restatements**")
    if not page.url.endswith("/1"):
        _tab_to(page, lambda: _focused(page) == "/restatements/1")
        page.keyboard.press("Enter")
        page.wait_for_url("**/restatements/1")
    _tab_to(page, lambda: page.evaluate("document.activeElement.id") == "ground")
    page.keyboard.type("đã đối chiếu với Sở")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.form.action").endswith("/restatements/1/approve")
    page.keyboard.press("Enter")
    page.wait_for_load_state("networkidle")
    (decided,) = pipeline.restatements(predicted=False)
    assert (decided["state"], decided["decided_by"]) == ("approved", "reviewer")
    assert decided["decided_reason"] == "đã đối chiếu với Sở"
    assert "đã đối chiếu với Sở" in page.inner_text("main")


def _focused(page: Page) -> str | None:
    address: str | None = page.evaluate("document.activeElement.getAttribute('href')")
    return address


def test_a_chart_is_drawn_and_its_numbers_stand_beside_it(open_page: Any) -> None:
    page: Page = open_page("/unit/04", PHONE)
    drawn = page.locator(".plot canvas").count()
    assert drawn == page.locator(".chart details table").count() > 0
    assert page.evaluate("document.querySelector('.plot canvas').getBoundingClientRect().width") <= 375


def _tab_to(page: Page, there: Any, most: int = 400) -> None:
    for _ in range(most):
        page.keyboard.press("Tab")
        if there():
            return
    raise AssertionError("the keyboard does not get there")
