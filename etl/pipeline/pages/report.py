"""The quality report of a period, a source or a unit, as the command tells it, kept as long as nothing new is known."""

from __future__ import annotations

import threading
from typing import Any, Literal

from cachetools import LRUCache

from etl import report
from etl.pipeline import asked
from etl.pipeline.pages.desk import Desk, NotSeen, Units
from etl.pipeline.pages.waiting import waiting
from etl.pipeline.quality_report import quality_report
from etl.pipeline.quality_scope import scope_of
from etl.warehouse.moment import at_one_moment

_KEPT: LRUCache[str, dict[str, Any]] = LRUCache(maxsize=16)
_MAKING = threading.Lock()
"""One report is made at a time: each reads the figures of every form."""


@at_one_moment
def quality_of(
    period_key: str | None,
    source: str | None,
    unit: str | None,
    lang: Literal["vi", "en"],
    csv: str,
    units: Units | None,
    run: str | None = None,
) -> dict[str, Any]:
    """The report as HTML to embed, and its rows as CSV. csv: the address under which a page offers them. run: of a run
    that stopped for a reviewer; without one `waiting` says whether there is such a run.

    An account that sees its own units gets the report of one of them, and only where no other unit's source is in it.
    """
    desk = Desk.open(period_key, units)
    question = asked.newest(desk.office, desk.period.key)
    if run is not None and (question is None or question.run != run):
        raise NotSeen(f"không còn lượt chạy {run!r} nào chờ soát xét (no reviewer is asked about this run any more)")
    told = {
        "period": desk.period,
        "quarters": desk.quarters,
        "load": desk.load,
        "source": source,
        "run": run,
        "waiting": question if question in waiting(desk) else None,
        "review": desk.lookup.reviews().get((question.period, question.sha256)) if run and question else None,
    }
    if desk.load is None and run is None:
        return {**told, "unit": None, "html": None, "csv": None}
    if source is not None and not desk.sees(desk.unit_of_source(source)):
        raise NotSeen(f"không có nguồn {source!r} trong kỳ {desk.period.key} (no such source)")
    if desk.sight is not None and source is None:
        unit = unit or next(iter(code for code, _ in desk.units or ()), None)
    of = None if unit is None else desk.unit(unit)
    scope = scope_of(desk.office, desk.period, source, unit)
    if desk.sight is not None and not scope.sources.keys() <= desk.sight.sources:
        raise NotSeen("báo cáo chất lượng của đơn vị này gồm cả nguồn của cấp trên (it holds a source of another unit)")
    found = _report(desk, source, unit, question if run is not None else None)
    return {**told, "unit": of, "html": report.fragment(found, lang, csv), "csv": report.table(found["rows"])}


def _report(desk: Desk, source: str | None, unit: str | None, question: asked.Question | None) -> dict[str, Any]:
    decided = tuple((one.id, one.state) for one in desk.lookup.restatements() if one.period == desk.period.key)
    issued = sum(desk.lookup.issued(desk.period.key).values())
    published = desk.lookup.publication(desk.period.key)
    key = (desk.office.settings.warehouse_url, desk.office.catalog.version, desk.period.key, desk.today, desk.load,
           decided, published, issued, source, unit, question)  # fmt: skip
    name = repr(key)  # a load holds a dictionary
    with _MAKING:
        if name not in _KEPT:
            _KEPT[name] = quality_report(desk.period.key, source, unit, question.run if question else None)
        return _KEPT[name]


def style() -> str:
    """The style sheet of the embedded report."""
    return report.style()
