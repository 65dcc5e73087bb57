"""What a reviewer should know of the newest load of a period."""

from __future__ import annotations

from collections import Counter
from typing import Any

from etl import report
from etl.model import Finding
from etl.pipeline import predecessor
from etl.pipeline.pages.desk import Desk, Units
from etl.warehouse.lookup_lines import Sight
from etl.warehouse.moment import at_one_moment

PAGE = 50


@at_one_moment
def findings(
    period_key: str | None,
    units: Units | None,
    *,
    severity: str | None = None,
    rule: str | None = None,
    source: str | None = None,
    unit: str | None = None,
    page: int = 1,
) -> dict[str, Any]:
    """Findings, the gravest first, PAGE at a time; `rules` and `sources` are those that have any. unit: with its
    subtree. mirror: the pairs of `report.mirror` among them, whatever else is asked for; `seen` and `other_seen` say
    whether the two sources are of what the account sees."""
    desk = Desk.open(period_key, units)
    under: Sight | None = None if unit is None else desk.subtree(desk.unit(unit).code)
    told = {"period": desk.period, "quarters": desk.quarters, "load": desk.load, "titles": desk.rule_titles()}
    if desk.load is None:
        return {
            **told,
            "findings": [],
            "total": 0,
            "page": 1,
            "pages": 1,
            "severities": {},
            "rules": {},
            "sources": {},
            "unit": None,
            "mirror": None,
            "predecessor": None,
        }
    seen = [
        one
        for one in desk.lookup.finding_groups(desk.load.id)
        if desk.sees(one.unit or desk.unit_of_source(one.source))
    ]
    asked = {"severity": severity, "rule": rule, "source": source}
    found, total = desk.lookup.findings(desk.load.id, desk.sight, under, **asked, limit=PAGE, offset=(page - 1) * PAGE)
    counts: dict[str, Counter[str]] = {"severity": Counter(), "rule": Counter(), "source": Counter()}
    for one in seen:
        for name, counter in counts.items():
            counter[getattr(one, name)] += one.total
    return {
        **told,
        "findings": [_told(desk, row) for row in found],
        "total": total,
        "page": page,
        "pages": max(1, -(-total // PAGE)),
        "severities": counts["severity"],
        "rules": dict(sorted(counts["rule"].items())),
        "sources": dict(sorted(counts["source"].items())),
        "unit": None if unit is None else desk.tree[unit],
        "mirror": _mirror(desk, under),
        "predecessor": _predecessor(desk, desk.load.id),
    }


def _predecessor(desk: Desk, load: int) -> dict[str, Any] | None:
    judged = desk.office.warehouse.load_quality(load)
    found = predecessor.changed(desk.office, desk.period, judged)
    return predecessor.told(desk.office, desk.period, found, lambda units: any(map(desk.sees, units)))


def _mirror(desk: Desk, under: Sight | None) -> dict[str, Any]:
    load = desk.loads[desk.period.key].id
    judged = desk.lookup.outcomes(load, "mirror")
    found: list[Finding] = []
    for rule in (one.rule for one in judged if one.broken):
        asked = {"severity": None, "rule": rule, "source": None}
        rows, _ = desk.lookup.findings(load, desk.sight, under, **asked, limit=None, offset=0)
        found += (Finding(**{name: value for name, value in row._asdict().items() if name != "total"}) for row in rows)
    told = report.mirror(found, judged, {one.code: one.name for one in desk.tree})
    for pair in told["pairs"]:
        pair["seen"], pair["other_seen"] = (
            desk.sees(desk.unit_of_source(pair[name])) for name in ("source", "other_source")
        )
    return told


def _told(desk: Desk, row: Any) -> dict[str, Any]:
    """other_seen: whether the account sees the source of the other figure, so that its place is for it to see."""
    seen = row.other_source is not None and desk.sees(desk.unit_of_source(row.other_source))
    return {**row._asdict(), "unit_name": desk.name(row.unit), "home": _home(desk, row), "other_seen": seen}


def _home(desk: Desk, row: Any) -> str | None:
    """The unit whose page tells more: that of the finding, else the source's."""
    code = row.unit or desk.unit_of_source(row.source)
    return code if code in desk.tree else None
