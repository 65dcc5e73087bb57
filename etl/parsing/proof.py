"""What shows that an answer is whole and of the right days: the days that it repeats, each key once over its pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from etl.bodies import Unreadable, json_of
from etl.model import Echo, Proof
from etl.parsing.body import Answer, path_of, value_at
from etl.parsing.rows import Row, shown
from etl.periods import TIMEZONE


def days_proof(answer: Answer) -> Proof:
    """Whether the days were only asked for, or repeated by the source as well.

    Raises SourceBroken for other days than those asked for, for none, and for what is no day.
    """
    platform = answer.platform
    if platform.echo is None:
        return "window_echoed" if platform.table is not None and platform.table.days is not None else "window_implied"
    for page, content in answer.pages:
        try:
            body = json_of(content, page.media_type, platform.encoding)
        except Unreadable as problem:
            raise answer.broken(problem.state, "nội dung", str(problem)) from None
        asked = answer.days_of(page)
        for place, day in ((platform.echo.first, asked.first_day), (platform.echo.last, asked.last_day)):
            _compare(answer, platform.echo, place, value_at(body, path_of(place)), day)
    return "window_echoed"


def unique_proof(answer: Answer, rows: Iterable[Row]) -> tuple[Proof, ...]:
    """`unique_rows` where no agency came twice for a field (and for a code of the platform's total axes).

    Raises SourceBroken where one came on two pages of a series: the pages overlap, so that another row is missing
    as like as not, and no total shows it. Twice on one page, or in two files, is no matter of the pull: the rule
    UNIQUE holds those rows back, and only their figures are withheld. Rows that a platform's `unique` tells apart
    by their day are judged by it.
    """
    platform = answer.platform
    paged = platform.request.paging is not None and platform.unique is None
    codes = [path_of(name) for name in (*platform.totals.axes, *platform.totals.spans)]
    seen: dict[tuple[Any, ...], Row] = {}
    unique = True
    for row in rows:
        page = row.record.page
        others = (shown(value_at(row.record.data, path)) for path in codes)
        key = (row.agency, row.field_raw, page.field, page.first_day, *others)
        first = seen.setdefault(key, row)
        if first is row:
            continue
        unique = False
        if paged and row.agency and first.record.page is not page:
            what = " · ".join(part for part in (row.agency, row.field_raw) if part)
            places = f"{_place(answer, first)} và {_place(answer, row)}"
            problem = f"{what} có ở {places}: các trang chồng lên nhau, nên có thể thiếu dòng khác"
            raise answer.broken("repeated", platform.unit.column, problem)
    return ("unique_rows",) if unique or platform.unique is not None else ()


def _place(answer: Answer, row: Row) -> str:
    return f"câu trả lời thứ {answer.pages.asked.index(row.record.page) + 1} ({row.record.pointer})"


def _compare(answer: Answer, echo: Echo, place: str, written: Any, asked: dt.date) -> None:
    if not isinstance(written, str) or not written:
        raise answer.broken("misshapen", place, "cổng không ghi lại khoảng ngày đã thống kê")
    try:
        moment = dt.datetime.strptime(written, echo.format)  # noqa: DTZ007 (a day is the source's own)
    except ValueError:
        problem = f"ngày {shown(written)} không viết theo dạng đã khai ({echo.format})"
        raise answer.broken("wrong_date", place, problem) from None
    if moment.tzinfo is None and "%H" in echo.format:
        moment = moment.replace(tzinfo=dt.UTC)
    day = moment.astimezone(TIMEZONE).date() if moment.tzinfo else moment.date()
    if day != asked:
        problem = f"cổng thống kê ngày {day:%d/%m/%Y}, trong khi đã hỏi ngày {asked:%d/%m/%Y}"
        raise answer.broken("wrong_window", place, problem)
