"""Pictures of every page in both languages, from a running `make up`: `python -m tests.launcher.pictures FOLDER`.

BAOCAO_HOME, BAOCAO_PORT and BAOCAO_WAREHOUSE_URL are those of `make up`. What is not there (no run waits) is left out,
and said. A picture is to be looked at before it is kept.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext

from etl.pipeline import asked
from etl.pipeline.office import Office
from launcher import services
from tests.console.test_browser import DESK, PHONE
from tests.launcher.reviewing import action, chromium, log_in

TALLEST = 1900
SETTLED_MS = 1_500
PERIOD, UNIT = "2026-Q3", "48"
"""The newest quarter, and a province whose pages are shown."""
CELL = f"form/{PERIOD}/II.06a/{UNIT}"


def main(folder: Path) -> None:
    address, passwords = services._address(services._ports()), services._passwords()
    with chromium() as browser:
        for language in ("vi", "en"):
            context = _logged_in(browser, address, passwords["reviewer"], DESK, language)
            for name, path in _pages(address):
                _take(context, path, folder / f"{name}-{language}.png")
        phone = _logged_in(browser, address, passwords["reviewer"], PHONE, "vi")
        for name, path in _pages(address):
            if name in ("console-overview", "console-waiting"):
                _take(phone, path, folder / f"{name}-phone.png")


def _pages(address: str) -> Iterator[tuple[str, str]]:
    console = f"{address}/console"
    for name in ("overview", "sources", "quality", "quarantine", "units", "restatements"):
        yield f"console-{name}", f"{console}/{'' if name == 'overview' else name}"
    yield "console-report", f"{console}/quality/report?period={PERIOD}"
    yield "console-unit", f"{console}/unit/{UNIT}"
    yield "console-form", f"{console}/{CELL}"
    yield "console-trace", f"{console}/{CELL}/issue/1/cell/C12"
    question = asked.newest(Office.open(), PERIOD)
    if question is not None:
        yield "console-waiting", f"{console}/quality/report?period={PERIOD}&run={question.run.replace('+', '%2B')}"
        yield "airflow-review", action(address, question.run)
    yield "console-airflow", f"{address}/plugin/bao_cao/console/"


def _logged_in(browser: Browser, address: str, password: str, size: dict[str, int], language: str) -> BrowserContext:
    context = log_in(browser, address, "reviewer", password, size).context
    context.add_cookies([{"name": "baocao_lang", "value": language, "url": address}])
    return context


def _take(context: BrowserContext, path: str, file: Path) -> None:
    page = context.new_page()
    page.set_default_timeout(180_000)
    answer: Any = page.goto(path)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(SETTLED_MS)
    if answer.status != 200:
        print(f"{file.name}: HTTP {answer.status}, không chụp / not taken")
    else:
        size = page.viewport_size or DESK
        height = min(TALLEST, page.evaluate("document.documentElement.scrollHeight"))
        page.screenshot(path=file, full_page=True, clip={"x": 0, "y": 0, "width": size["width"], "height": height})
        print(file.name)
    page.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
