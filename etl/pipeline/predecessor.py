"""Whether the stocks that a period was held against still stand: the one before may be loaded again, or restated."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from cachetools import LRUCache, cached

from etl.periods import Period
from etl.pipeline import asked
from etl.pipeline.earlier import stocks
from etl.pipeline.office import Office
from etl.units import UnitTree
from etl.warehouse import LoadQuality
from etl.warehouse.later import Later

SHOWN = 20
"""Figures that a report names; it counts them all."""


@dataclass(frozen=True)
class Changed:
    """Closing stocks of the period before that were others when a load's rules of the chain were judged.

    judged_at: the moment up to which the rules can have known them. figures: the biggest change first.
    """

    before: Period
    judged_at: dt.datetime
    figures: tuple[Later, ...]


def changed(office: Office, period: Period, of: LoadQuality | asked.Question) -> Changed:
    """Since the load, or since a reviewer was asked about the run, which is as near to its judging as can be told."""
    question = asked.newest(office, period.key)
    moment = of.asked_at if isinstance(of, asked.Question) else of.recorded_at
    if question is not None and question.run == of.run:
        moment = min(moment, question.asked_at)
    before = period.previous()
    load = office.warehouse.load_in_force(before.key)
    return Changed(before, moment, () if load is None else _figures(office, before.key, load, moment))


def told(
    office: Office, period: Period, found: Changed, concerns: Callable[[Collection[str]], bool] = lambda _: True
) -> dict[str, Any] | None:
    """JSON-able, None where nothing changed. concerns: whether what is about these units of the period is for the
    reader."""
    catalog, tree = office.catalog, office.catalog.tree(found.before)
    units = {one.unit for one in found.figures}
    shares = catalog.genealogy.boundaries(units, found.before.last_day, period.last_day).shares
    wanted = [one for one in found.figures if concerns(shares[one.unit])]
    if not wanted:
        return None
    return {
        "period": found.before.key,
        "judged_at": found.judged_at.isoformat(),
        "since": min(one.since for one in wanted).isoformat(),
        "total": len(wanted),
        "figures": [
            {
                "indicator": one.indicator,
                "title": vars(catalog.indicators[one.indicator].title),
                "unit": one.unit,
                "unit_name": _name(one.unit, tree),
                "tier": one.tier,
                "field": one.field,
                "field_name": catalog.fields[one.field].name if one.field in catalog.fields else one.field,
                "was": None if one.before is None else int(one.before),
                "now": None if one.value is None else int(one.value),
                "since": one.since.isoformat(),
                "load": one.load,
            }
            for one in wanted[:SHOWN]
        ],
        "again": f"baocao replay {period.key}",
    }


def _name(code: str, tree: UnitTree) -> str:
    home = tree.home(code)
    return tree[code].name if home == code else f"{tree[code].name}, {tree[home].name}"


@cached(
    LRUCache(maxsize=32),
    key=lambda office, *of: (office.settings.warehouse_url, office.catalog.version, *of),
    lock=threading.Lock(),
)
def _figures(office: Office, before: str, load: int, moment: dt.datetime) -> tuple[Later, ...]:  # noqa: ARG001 - load is of the key: no figure changes without one
    closing = {one.code for _, _, one in stocks(office.catalog)}
    return tuple(office.warehouse.later(before, closing, moment))
