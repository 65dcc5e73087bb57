"""Every page answers over a real warehouse, tells what the commands tell, and shows a source's text as text."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import event
from sqlalchemy.pool import Pool

from etl import pipeline
from etl.pipeline import quality_core
from etl.pipeline.office import Office
from tests.console.conftest import BROKEN, path_of
from tests.console.people import HOSTILE, HOSTILE_PERIOD, PERIOD
from tests.console.places import address, pages
from tests.end_to_end.office import read_body

Browse = Callable[..., TestClient]


class Page(HTMLParser):
    """What of a page the tests look at: its text by element, its links, and whatever could run."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.inside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.inside:
            del self.inside[len(self.inside) - 1 - self.inside[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(" ".join(data.split()))

    @property
    def text(self) -> str:
        return " ".join(self.texts)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_page_answers_in_both_languages_and_nothing_in_it_can_run(
    app: FastAPI, browse: Browse, language: str
) -> None:
    client = browse("reviewer")
    for name in pages(app):
        answer = client.get(address(app, name), params={"lang": language})
        assert answer.status_code == 200, name
        page = Page(answer.text)
        assert page.all("html")[0]["lang"] == language
        assert len(page.all("h1")) == 1, name
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "private, no-store"
        for tag, attributes in page.elements:
            assert "style" not in attributes, (name, tag)
            assert not [one for one in attributes if one.startswith("on")], (name, tag)
            assert tag != "style"
            if tag == "script":
                assert str(attributes["src"]).startswith("/static/"), name
        addresses = [one.get("href") or one.get("src") or "" for _, one in page.elements]
        assert not [one for one in addresses if one.startswith(("http:", "https:", "//"))], f"{name} needs a network"


def test_a_page_takes_one_connection_beside_the_one_that_tells_who_asks(app: FastAPI, browse: Browse) -> None:
    taken: list[object] = []
    event.listen(Pool, "checkout", listener := lambda *given: taken.append(given))
    try:
        for name in pages(app):
            taken.clear()
            browse("viewer").get(address(app, name))
            assert 1 <= len(taken) <= 2, name
    finally:
        event.remove(Pool, "checkout", listener)


def test_nobody_waits_for_the_quality_report_of_a_period(browse: Browse, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is worked out beforehand, and made anew it has the same bytes."""
    folder = Office.open().store("work", PERIOD, "quality")
    kept = []
    for _ in range(2):
        for path in folder.iterdir():
            path.unlink()
        assert pipeline.quality_ready(PERIOD)
        kept.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert kept[0]
    assert kept[0] == kept[1]

    def worked_out(*_: object) -> None:
        raise AssertionError("it is worked out while somebody waits")

    monkeypatch.setattr(quality_core, "_worked_out", worked_out)
    for language in ("vi", "en"):
        assert browse("viewer").get("/quality/report", params={"period": PERIOD, "lang": language}).status_code == 200


def test_the_overview_counts_what_the_commands_count(browse: Browse) -> None:
    page = Page(browse("viewer").get("/", params={"period": PERIOD}).text)
    now = pipeline.standings(PERIOD)["standings"]
    partial = {one["unit"] for one in now if one["state"] == "partial"}
    assert 0 < len(partial) < len(now), "the country must show some and not all"
    assert f"{len(partial)} đơn vị gửi thiếu" in page.text
    assert f"trên {len(now)} biểu phải gửi" in page.text
    critical = [one for one in Office.open().warehouse.findings(PERIOD) if one.severity == "critical"]
    assert critical
    assert f"{len({one.source for one in critical})} nguồn có lỗi nghiêm trọng" in page.text


def test_a_form_shows_the_figures_of_its_file(browse: Browse) -> None:
    for unit in ("04", BROKEN):
        shown = Page(browse("viewer").get(f"/form/{PERIOD}/II.06a/{unit}").text)
        texts = "\n".join(shown.texts)
        for row in read_body(path_of(PERIOD, "II.06a", unit), 13):
            for value in row[2:]:
                text = value if isinstance(value, str) else f"{int(value):,}".replace(",", ".")
                assert f"\n{text}" in texts, (unit, row[1], value)


def test_every_figure_of_a_form_leads_to_its_trace(browse: Browse) -> None:
    client = browse("viewer")
    page = Page(client.get(f"/form/{PERIOD}/II.06a/04").text)
    cells = [one["href"] for one in page.all("a") if "/cell/" in str(one["href"])]
    assert len(cells) == 11 * len(read_body(path_of(PERIOD, "II.06a", "04"), 13))
    for place in cells[::7]:
        assert client.get(str(place)).status_code == 200, place


def test_a_trace_tells_what_the_command_tells(browse: Browse) -> None:
    found = pipeline.trace(str(path_of(PERIOD, "II.06a", "04")), "D12")
    page = Page(browse("viewer").get(f"/form/{PERIOD}/II.06a/04/issue/1/cell/D12").text)
    row = found["rows"][0]
    figure = (found["printed"], found["indicator"], found["file_sha256"])
    for told in (*figure, row["sha256"], row["pointer"], row["address"]):
        assert told in page.text, told
    assert f"{len(found['rows'])} trên {len(found['rows'])} dòng" in page.text


def test_a_withheld_figure_says_why_and_is_no_zero(browse: Browse) -> None:
    """The form holds "…" where a row is in quarantine, and its trace the reason."""
    page = Page(browse("viewer").get(f"/form/{PERIOD}/II.06a/{BROKEN}").text)
    withheld = next(index for index, text in enumerate(page.texts) if text == "…")
    cell = page.texts[withheld - 1].rstrip(":")
    trace = Page(browse("viewer").get(f"/form/{PERIOD}/II.06a/{BROKEN}/issue/1/cell/{cell}").text)
    assert "có dòng bị cách ly" in trace.text


def test_a_download_is_the_issued_file_and_an_altered_one_is_refused(browse: Browse) -> None:
    client, path = browse("viewer"), path_of(PERIOD, "II.06a", "11")
    kept = path.read_bytes()
    answer = client.get(f"/form/{PERIOD}/II.06a/11/issue/1/xlsx")
    assert answer.content == kept
    assert path.name in answer.headers["content-disposition"]
    path.write_bytes(kept + b" ")
    try:
        assert client.get(f"/form/{PERIOD}/II.06a/11/issue/1/xlsx").status_code == 409
    finally:
        path.write_bytes(kept)


def test_a_report_in_words_is_handed_out_once_it_was_issued(browse: Browse) -> None:
    client, place = browse("viewer"), f"/form/{PERIOD}/BC-VPCP/04/issue/1/docx"
    assert client.get(place).status_code == 404
    written = pipeline.narrate(PERIOD, unit="04")[0]["path"]
    assert client.get(place).content == Path(written).read_bytes()
    assert client.get(place.replace("docx", "xlsx")).status_code == 404
    assert f'href="{place}"' in client.get(f"/form/{PERIOD}/II.06a/04").text


def test_quarantine_shows_the_row_with_its_values(browse: Browse) -> None:
    page = Page(browse("viewer").get("/quarantine").text)
    assert "1 dòng bị cách ly" in page.text
    assert f"igate_{BROKEN}" in page.text
    assert "II06A-3-SUM" in page.text
    (row,) = pipeline.quarantine(PERIOD)["rows"]
    assert row["held"]["figures"] > 10
    assert f"từ kỳ {PERIOD}" in page.text
    assert f"{row['held']['figures']} số liệu của {len(row['held']['units'])} đơn vị" in page.text
    assert f"baocao run {PERIOD} --source igate_{BROKEN}" in page.text
    english = Page(browse("viewer").get("/quarantine", params={"lang": "en"}).text)
    assert f"figures of {len(row['held']['units'])} units" in english.text


def test_filters_leave_what_they_name(browse: Browse) -> None:
    client = browse("viewer")
    every = Office.open().warehouse.findings(PERIOD)
    for severity in ("critical", "warning", "info"):
        wanted = sum(one.severity == severity for one in every)
        page = Page(client.get("/quality", params={"severity": severity}).text)
        told = f"{wanted} phát hiện." if wanted else "Không có phát hiện nào như vậy."
        assert told in page.text
    assert "Không có phát hiện nào như vậy." in Page(client.get("/quality", params={"unit": "01"}).text).text
    page = Page(client.get("/quality", params={"unit": BROKEN, "severity": "critical"}).text)
    assert "Phường Phú Xuân" in page.text


def test_hostile_text_of_a_source_stays_text(browse: Browse) -> None:
    answer = browse("viewer").get("/quality", params={"period": HOSTILE_PERIOD})
    assert HOSTILE not in answer.text
    page = Page(answer.text)
    assert " ".join(HOSTILE.split()) in page.text
    assert [str(one["src"]).split("?")[0] for one in page.all("script")] == ["/static/frame.js"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/?period=2026-Q9", 400),
        ("/?period=1999-Q1'--", 400),
        ("/?period=2030-Q1", 404),
        ("/quality?severity=fatal", 400),
        ("/quality?rule=%3Cscript%3E", 400),
        ("/quality?page=0", 400),
        ("/quality?unit=99", 404),
        ("/unit/99999", 404),
        ("/unit/..%2f..%2fetc", 404),
        (f"/form/{PERIOD}/XX.1/04", 404),
        (f"/form/{PERIOD}/II.06a/04?issue=7", 404),
        (f"/form/{PERIOD}/II.06a/04/issue/1/cell/ZZ999", 404),
        (f"/form/{PERIOD}/II.06a/04/issue/1/passwd", 400),
        ("/restatements/99", 404),
        ("/nowhere", 404),
    ],
)
def test_what_cannot_be_answered_is_told_as_a_page(browse: Browse, path: str, status: int) -> None:
    answer = browse("reviewer").get(path)
    assert answer.status_code == status
    assert len(Page(answer.text).all("h1")) == 1
    assert "Traceback" not in answer.text


def test_the_language_is_kept(browse: Browse) -> None:
    client = browse("viewer")
    assert Page(client.get("/?lang=en").text).all("html")[0]["lang"] == "en"
    assert Page(client.get("/sources").text).all("html")[0]["lang"] == "en"
    client.get("/?lang=vi")
    assert Page(client.get("/sources").text).all("html")[0]["lang"] == "vi"


def test_a_unit_is_found_without_tones(browse: Browse) -> None:
    page = Page(browse("viewer").get("/units", params={"q": "dien bien"}).text)
    assert "Tỉnh Điện Biên" in page.text


def test_the_assets_are_of_this_package() -> None:
    folder = Path(pipeline.__file__).parents[1] / "console/static/vendor/uplot"
    assert "MIT" in (folder / "LICENSE").read_text("utf-8")
    assert "v1.6.32" in (folder / "uPlot.iife.min.js").read_text("utf-8")[:200]
