"""The page: it stands by itself, names what is wrong, and shows what a source wrote as text."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser

import pytest

from etl import report
from etl.model import Finding
from etl.report.formats import Lang
from tests.report.samples import HOSTILE, MANY, THERE, finding, summed, whole

ADDRESSES = ("href", "src", "action", "data", "poster", "srcset", "xlink:href", "formaction", "ping", "background")


class Page(HTMLParser):
    """Elements with their attributes, and the text of the body."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_page_reaches_nothing_outside(lang: Lang) -> None:
    given = whole([summed(9, 4, 3), finding(THERE, "b"), finding(MANY, value="900")])
    text = report.page(given, lang, report.table(given["rows"]))
    page = Page(text)
    asked = [attrs[name] or "" for _, attrs in page.elements for name in ADDRESSES if name in attrs]
    assert len(asked) == 1, "the download within the page"
    assert asked[0].startswith("data:text/csv")
    assert not {"script", "link", "iframe", "object", "embed", "form", "img"} & {tag for tag, _ in page.elements}
    assert not re.search(r"https?:|url\(|@import|//[a-z]", text.replace(asked[0], ""))
    assert page.elements[0] == ("html", {"lang": lang})
    assert [tag for tag, _ in page.elements].count("h1") == 1


def test_every_finding_stands_on_the_page_with_its_figures() -> None:
    found = Page(report.page(whole([summed(1234, 4, 3), finding(THERE, "b", expected="một dòng")]))).text
    for told in (
        "Xã C",
        "1.234",
        "+1.227",
        "4 + 3",
        "Tỉnh B",
        "bị từ chối",
        "Chủ b",
        "một dòng",
        "Lĩnh vực F",
        "/0",
        "Phòng tổng hợp",
    ):
        assert told in found
    assert "Cần quyết định trước khi công bố" in found


def test_what_a_source_wrote_is_text() -> None:
    given = finding(
        MANY, "a", unit=HOSTILE, message=HOSTILE, column=HOSTILE, value=HOSTILE, expected=HOSTILE, row=HOSTILE
    )
    page = Page(report.page(whole([given])))
    assert not {"script", "img"} & {tag for tag, _ in page.elements}
    assert not [attrs for _, attrs in page.elements if any(name.startswith("on") for name in attrs)]
    assert HOSTILE in page.text


@pytest.mark.parametrize(
    ("findings", "says"),
    [
        ([], "Công bố được"),
        ([finding(MANY, value="900")], "Công bố được, có điểm cần xem"),
        ([finding(THERE)], "Cần quyết định trước khi công bố"),
    ],
)
def test_the_conclusion_follows_the_gravest(findings: list[Finding], says: str) -> None:
    page = Page(report.page(whole(findings)))
    (box,) = re.findall(r'class="tag (?:stop|warned|clear)">([^<]+)<', report.fragment(whole(findings)))
    assert box == says
    assert says in page.text


def test_every_table_has_headings_and_every_region_a_name() -> None:
    given = whole([summed(9, 4, 3), finding(MANY, value="900")])
    page = Page(report.page(given))
    regions = [attrs for _, attrs in page.elements if attrs.get("role") == "region"]
    assert regions
    assert all(attrs.get("aria-label") and attrs.get("tabindex") == "0" for attrs in regions)
    assert [tag for tag, _ in page.elements].count("table") == [tag for tag, _ in page.elements].count("thead")
    assert all(attrs.get("scope") for tag, attrs in page.elements if tag == "th")


def test_a_rule_that_could_not_run_is_no_clean_bill() -> None:
    given = whole([])
    assert 'class="tag clear"' in report.fragment(given)
    given["rules"][0]["state"] = "error"
    shown = report.fragment(given)
    assert 'class="tag stop"' in shown
    assert "1 quy tắc không kiểm tra được" in shown
    assert "Không chạy được" in shown


def test_warnings_of_one_kind_are_told_once_with_their_units() -> None:
    found = report.fragment(whole([finding(MANY, name, value="900", expected="100") for name in ("a", "b")]))
    assert "Tỉnh A; Tỉnh B" in found


def test_the_second_figure_has_its_place_in_page_csv_and_json() -> None:
    other = {"other_source": "b", "other_period": "2026-Q2", "other_payload": "cd" * 32, "other_row": "/data/7"}
    found = whole([summed(5, 1, 2, **other), summed(6, 1, 2, "/1")])
    page = report.page(found, "vi", "")
    assert page.count("Số đối chiếu") == 1
    for told in ("Quý II năm 2026", "/data/7", "cd" * 6):
        assert told in page
    rows = csv.DictReader(io.StringIO(report.table(found["rows"]).removeprefix("\ufeff")))
    told = {row["pointer"]: (row["other_source"], row["other_payload"], row["other_pointer"]) for row in rows}
    assert told == {"/0": ("b", "cd" * 32, "/data/7"), "/1": ("", "", "")}
    judged = [one for one in report.validation_report(found)["validations"] if one["id"].count("/") == 2]
    assert sorted(one["data"]["source"] for one in judged) == [
        [["ab" * 32, "/0"], ["cd" * 32, "/data/7"]],
        [["ab" * 32, "/1"]],
    ]


def test_a_period_in_which_no_source_answered_has_its_page() -> None:
    nothing = report.criteria(dict.fromkeys(report.MEASURES, (0, 0)), {})
    for lang in ("vi", "en"):
        shown = report.page({**whole([]), "criteria": nothing}, lang)  # type: ignore[arg-type]
        assert all(one["title"][lang] in shown for one in nothing)
