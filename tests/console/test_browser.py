"""The pages in a real browser: axe-core finds nothing, nothing scrolls sideways on a phone, the keyboard suffices.

axe-core comes from its lock file; Chromium is the system's. Where they are missing the tests are skipped on a desk, and
say so; in CI they fail.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright

from etl.console import create_app
from tests.console.conftest import login
from tests.console.people import PERIOD
from tests.console.places import address, pages

HERE = Path(__file__).parent / "axe"
CHROMIUM = shutil.which("chromium")
PHONE, DESK = {"width": 375, "height": 740}, {"width": 1280, "height": 900}
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


@pytest.mark.parametrize(("size", "language"), [(PHONE, "vi"), (DESK, "en")], ids=["phone-vi", "desk-en"])
def test_axe_finds_nothing_on_any_page(
    served: tuple[FastAPI, str], open_page: Any, axe: str, size: dict[str, int], language: str
) -> None:
    app, _ = served
    for name in pages(app):
        page: Page = open_page(address(app, name), size, language)
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        page.evaluate(axe)  # by the debugger, which the page's own policy does not bind
        found = page.evaluate("tags => axe.run({runOnly: tags})", TAGS)
        assert len(found["passes"]) > 10, "axe has looked at something"
        wrong = [
            (one["id"], one["impact"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found["violations"]
        ]
        assert wrong == [], (name, language)
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
