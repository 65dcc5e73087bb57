"""From what a page knows to its HTML: one environment, autoescaped, in the reader's language."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from etl.console import writes
from etl.console.words import WORDS
from etl.model import Text
from etl.periods import TIMEZONE, Period

Language = Literal["vi", "en"]
STATIC = Path(__file__).parent / "static"
_COOKIE = "baocao_lang"
_YEAR_SECONDS = 365 * 24 * 3600
_PAGES = {
    **{name: name for name in ("overview", "sources", "quality", "quarantine", "units", "restatements")},
    "report": "quality",
    "unit": "units",
    "form": "forms",
    "trace": "forms",
    "restatement": "restatements",
}
"""The entry of the menu that a route belongs to."""
_ENGLISH_NUMBERS, _VIETNAMESE_NUMBERS = ",.", ".,"


class Voice:
    """What templates say things with, in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def word(self, key: str, **given: Any) -> str:
        text = self.text(WORDS[key])
        return text.format(**given) if given else text

    def text(self, text: Text | None, otherwise: str = "") -> str:
        return otherwise if text is None else str(getattr(text, self.language))

    def number(self, value: Decimal | int | float | None, digits: int | None = None) -> str:
        """No value is shown as "…", never as 0."""
        if value is None:
            return "…"
        if digits is None:
            digits = max(0, -int(Decimal(str(value)).normalize().as_tuple().exponent))
        text = f"{value:,.{digits}f}"
        return text if self.language == "en" else text.translate(str.maketrans(_ENGLISH_NUMBERS, _VIETNAMESE_NUMBERS))

    def day(self, day: dt.date | None) -> str:
        return "" if day is None else f"{day:%d/%m/%Y}" if self.language == "vi" else f"{day:%d %b %Y}"

    def moment(self, moment: dt.datetime | str | None) -> str:
        """In Hanoi's time."""
        if moment is None:
            return ""
        at = dt.datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        return f"{self.day(at.astimezone(TIMEZONE).date())} {at.astimezone(TIMEZONE):%H:%M}"

    def period(self, period: Period | str) -> str:
        one = Period.parse(period) if isinstance(period, str) else period
        if self.language == "vi":
            return one.title_vi
        return " ".join(reversed(one.key.split("-", 1))) if "-" in one.key else one.key


def language_of(request: Request) -> Language:
    """As the address asks, else as chosen before, else Vietnamese."""
    asked = request.query_params.get("lang", request.cookies.get(_COOKIE))
    return "en" if asked == "en" else "vi"


def link(request: Request, name: str, query: Mapping[str, Any] | None = None, **path: Any) -> str:
    """The address of a page, also where the console is mounted below another application."""
    at = f"{request.scope.get('root_path', '')}{_path(request.app, name, tuple(path.items()))}"
    return at + _query(query or {})


@lru_cache(maxsize=8192)
def _path(app: FastAPI, name: str, path: tuple[tuple[str, Any], ...]) -> str:
    """Pages link to hundreds of others, and to find one the application tries each of its routes."""
    return str(app.url_path_for(name, **dict(path)))


def _query(asked: Mapping[str, Any]) -> str:
    told = {key: value for key, value in asked.items() if value not in (None, "")}
    return f"?{urlencode(told)}" if told else ""


def page(request: Request, template: str, status: int = 200, **given: Any) -> HTMLResponse:
    """A page for the reader whose request it is."""
    language = language_of(request)
    voice = Voice(language)
    reader = getattr(request.state, "reader", None)
    root = request.scope.get("root_path", "")

    def again(**changed: Any) -> str:
        """This page with other parameters."""
        kept = {key: value for key, value in request.query_params.items() if key != "lang"} | changed
        return f"{root}{request.scope['path'].removeprefix(root)}{_query(kept)}"

    def asset(name: str) -> str:
        return f"{root}/static/{name}?v={_version(name)}"

    html = (
        _environment()
        .get_template(template)
        .render(
            given,
            lang=language,
            other="en" if language == "vi" else "vi",
            w=voice.word,
            text=voice.text,
            number=voice.number,
            day=voice.day,
            moment=voice.moment,
            period_name=voice.period,
            link=partial(link, request),
            again=again,
            asset=asset,
            reader=reader,
            current=_PAGES.get(getattr(request.scope.get("route"), "name", "")),
            switchable=request.method == "GET",
            login_url=request.app.state.login_url,
            review_url=request.app.state.review_url,
            csrf=writes.token(request.app.state.secret, reader.name) if reader is not None and reader.decides else "",
        )
    )
    response = HTMLResponse(html, status)
    if request.query_params.get("lang") in get_args(Language):
        response.set_cookie(_COOKIE, language, _YEAR_SECONDS, path=root or "/", httponly=True, samesite="lax")
    return response


def mistake(request: Request, status: int, problem: str = "") -> Response:
    """A page that says what went wrong and what to do; nothing of what is inside."""
    known = status if f"mistake_{status}" in WORDS else 500
    return page(request, "mistake.html", status, code=status, known=known, problem=problem)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("etl.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@lru_cache(maxsize=64)
def _version(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
