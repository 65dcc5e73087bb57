"""Who is missing, what is wrong, what is to be decided: the state of a quarter in one answer."""

from __future__ import annotations

from collections import Counter
from typing import Any

from etl import compliance
from etl.model import PULL_STATES, Obligation, Standing
from etl.periods import Period
from etl.pipeline.pages.desk import Desk, Units
from etl.pipeline.standings import owed_in
from etl.warehouse.lookup import FormOf
from etl.warehouse.moment import at_one_moment

QUARTERS = 8
_OUTSTANDING = ("missing", "partial", "open")


@at_one_moment
def overview(period_key: str | None = None, units: Units | None = None) -> dict[str, Any]:
    """Of each unit and form that is owed the standing now and over the last eight periods, oldest first.

    A unit's past is that of the same office: what had its code before a reform is another one, and told as None.
    """
    desk = Desk.open(period_key, units)
    periods = [desk.period.shift(back - QUARTERS + 1) for back in range(QUARTERS)]
    standings = _standings(desk, periods)
    past: dict[tuple[str, tuple[str, str], str], str] = {}
    for one in standings:
        past[one.obligation.form, one.obligation.office, one.obligation.period] = one.state
    issued = desk.lookup.issued(desk.period.key)
    now = [one for one in standings if one.obligation.period == desk.period.key]
    rows: dict[str, dict[str, Any]] = {}
    for standing in sorted(now, key=lambda one: _order(one.obligation)):
        owed = standing.obligation
        row = rows.setdefault(owed.unit, {"unit": owed.unit, "name": owed.name, "level": owed.level, "forms": {}})
        row["forms"][owed.form] = {
            "state": standing.state,
            "due_on": owed.due_on,
            "due_verified": owed.due_verified,
            "received_on": standing.first_received_on,
            "completed_on": standing.completed_on,
            "corrections": standing.corrections,
            "issued": issued.get(FormOf(owed.form, owed.unit), 0),
            "past": [past.get((owed.form, owed.office, period.key)) for period in periods],
        }
    numbers = sorted({one.obligation.form for one in now})
    return {
        "period": desk.period,
        "quarters": desk.quarters,
        "periods": periods,
        "load": desk.load,
        "forms": {number: desk.office.catalog.forms[number] for number in numbers},
        "rows": list(rows.values()),
        "counts": {number: Counter(one.state for one in now if one.obligation.form == number) for number in numbers},
        "outstanding": [one for one in now if one.state in _OUTSTANDING],
        "wrong": _wrong(desk),
        "decide": _decide(desk, now),
    }


def _standings(desk: Desk, periods: list[Period]) -> list[Standing]:
    frozen, received = desk.lookup.owed([period.key for period in periods])
    obligations = compliance.in_effect(owed_in(desk.office, periods), frozen)
    sights = {period.key: desk.sight_in(period) for period in periods}
    seen = [one for one in obligations if (sight := sights[one.period]) is None or one.unit in sight.units]
    return compliance.assess(seen, received, desk.today)


def _order(owed: Obligation) -> tuple[bool, bool, str]:
    return owed.level != "nation", owed.level != "ministry", owed.unit


def _wrong(desk: Desk) -> dict[str, Any]:
    """Critical findings by rule, sources whose last pull is not complete, and how many figures have no value."""
    if desk.load is None:
        return {"critical": 0, "warning": 0, "rules": [], "sources": [], "withheld": {}}
    groups = [
        one
        for one in desk.lookup.finding_groups(desk.load.id)
        if desk.sees(one.unit or desk.unit_of_source(one.source))
    ]
    rules: dict[str, dict[str, Any]] = {}
    titles = desk.rule_titles()
    for one in groups:
        if one.severity == "critical":
            rule = rules.setdefault(
                one.rule, {"rule": one.rule, "title": titles.get(one.rule), "total": 0, "where": []}
            )
            rule["total"] += one.total
            rule["where"].append(desk.name(one.unit) or desk.name(desk.unit_of_source(one.source)) or one.source)
    failed = [
        {
            "source": one.source,
            "name": desk.name(desk.unit_of_source(one.source)),
            "title": PULL_STATES[one.state],
        }
        for one in desk.lookup.sources(desk.period.key, desk.load.id)
        if one.state != "complete" and desk.sees(desk.unit_of_source(one.source))
    ]
    sight = desk.sight
    withheld = desk.load.withheld if sight is None else desk.lookup.withheld(desk.period.key, sight.units)
    return {
        "critical": sum(one.total for one in groups if one.severity == "critical"),
        "warning": sum(one.total for one in groups if one.severity == "warning"),
        "rules": sorted(rules.values(), key=lambda one: -one["total"]),
        "sources": failed,
        "withheld": withheld,
    }


def _decide(desk: Desk, now: list[Standing]) -> dict[str, Any]:
    """Restatements that wait, of any period; whether the period may be published, and when it was."""
    published = desk.lookup.publication(desk.period.key)
    due = bool(now) and all(one.obligation.due_on < desk.today for one in now)
    return {
        "restatements": [one for one in desk.lookup.restatements() if one.state == "waiting"] if not desk.units else [],
        "published": published,
        "to_publish": desk.load is not None and published is None and due,
    }
