"""The report as HTML: a part to embed, and a page that stands by itself."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from etl.report import formats, sparkline
from etl.report.formats import Lang
from etl.report.issues import alike
from etl.report.words import WORDS

MOST_ROWS = 200
"""Failing rows that the page shows; the CSV has them all."""


def fragment(report: Mapping[str, Any], lang: Lang = "vi", csv: str = "") -> str:
    """What stands under the heading of a page; needs `style()`. csv: address of the whole list of failing rows."""
    return _rendered("fragment.html.j2", lang, report=report, csv=csv, printed=False)


def page(report: Mapping[str, Any], lang: Lang = "vi", csv: str | None = None, *, printed: bool = False) -> str:
    """One self-contained file.

    csv: the whole list of failing rows, to be downloaded from within the page. printed: without what is fine, and
    without what a reader would unfold.
    """
    inside = "" if csv is None else f"data:text/csv;charset=utf-8;base64,{b64encode(csv.encode()).decode()}"
    return _rendered("page.html.j2", lang, report=report, csv=inside, printed=printed)


def style() -> str:
    """The style sheet of a fragment."""
    return _rendered("style.css", "vi")


def _rendered(template: str, lang: Lang, **given: Any) -> str:
    return _environment(lang).get_template(template).render(**given)


@cache
def _environment(lang: Lang) -> Environment:
    made = Environment(
        loader=PackageLoader("etl.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "number": lambda value: formats.number(value, lang),
        "signed": lambda value: formats.signed(value, lang),
        "day": formats.day,
        "moment": formats.moment,
        "period": lambda key: formats.period(key, lang),
        "said": lambda text: text[lang],
    }
    made.globals |= {
        "lang": lang,
        "w": {name: text.vi if lang == "vi" else text.en for name, text in WORDS.items()},
        "percent": lambda part, whole: formats.percent(part, whole, lang),
        "alike": alike,
        "most_rows": MOST_ROWS,
        "points": sparkline.points,
        "spark_width": sparkline.WIDTH,
        "spark_height": sparkline.HEIGHT,
    }
    return made
