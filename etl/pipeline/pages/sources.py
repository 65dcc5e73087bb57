"""How the sources are: their last pull, how long it took, what drifted, what they may be asked."""

from __future__ import annotations

from typing import Any

from etl.model import PULL_STATES
from etl.pipeline.pages.desk import Desk, Units
from etl.warehouse.moment import at_one_moment

ATTEMPTS = 8
_DRIFT = "READ-"


@at_one_moment
def sources(period_key: str | None, units: Units | None) -> dict[str, Any]:
    """Every source that is due for the period, those whose last pull failed first, as the newest load knows them.

    drift: findings of what was read otherwise than declared (columns missing, exchanged, unknown), by rule.
    """
    desk = Desk.open(period_key, units)
    told = {"period": desk.period, "quarters": desk.quarters, "load": desk.load, "titles": desk.rule_titles()}
    if desk.load is None:
        return {**told, "sources": []}
    drift: dict[str, dict[str, int]] = {}
    for one in desk.lookup.finding_groups(desk.load.id):
        if one.rule.startswith(_DRIFT) and one.severity != "info":
            counts = drift.setdefault(one.source, {})
            counts[one.rule] = counts.get(one.rule, 0) + one.total
    pulls: dict[str, list[Any]] = {}
    for attempt in desk.lookup.attempts(ATTEMPTS):
        pulls.setdefault(attempt.source, []).append(attempt)
    found = []
    for line in desk.lookup.sources(desk.period.key, desk.load.id):
        source = desk.office.catalog.sources.get(line.source)
        if source is None or not desk.sees(source.unit):
            continue
        platform = desk.office.catalog.platform_of(source)
        found.append(
            {
                **line._asdict(),
                "title": PULL_STATES[line.state],
                "unit": source.unit,
                "unit_name": desk.name(source.unit),
                "owner": source.owner,
                "platform": source.platform,
                "dataset_title": desk.office.catalog.datasets[platform.dataset].title,
                "budget": source.budget or platform.request.budget,
                "seconds": (line.finished_at - line.started_at).total_seconds(),
                "pulls": pulls.get(line.source, []),
                "drift": drift.get(line.source, {}),
            }
        )
    found.sort(key=lambda one: (one["state"] == "complete", not one["drift"], one["unit"], one["source"]))
    return {**told, "sources": found}
