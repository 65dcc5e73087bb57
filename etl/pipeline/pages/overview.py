"""Who is missing, what is wrong, what is to be decided: the state of a quarter in one answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

from etl import compliance
from etl.model import PULL_STATES, Obligation, Standing, Text
from etl.periods import Period
from etl.pipeline.pages.desk import Desk, Units
from etl.pipeline.pages.waiting import waiting
from etl.pipeline.standings import owed_in
from etl.warehouse.lookup import FormOf
from etl.warehouse.lookup_lines import FindingGroup
from etl.warehouse.moment import at_one_moment

QUARTERS = 8


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
            "past": tuple(past.get((owed.form, owed.office, period.key)) for period in periods),
        }
    numbers = sorted({one.obligation.form for one in now})
    wrong, decide = _wrong(desk), _decide(desk, now)
    asked = next((one for one in decide["reviews"] if one.period == desk.period.key), None)
    if asked is not None and desk.load is None:
        _mark_waiting(rows.values(), {desk.unit_of_source(one["source"]) for one in asked.faults if one["absent"]})
    return {
        "period": desk.period,
        "quarters": desk.quarters,
        "periods": periods,
        "load": desk.load,
        "forms": {number: desk.office.catalog.forms[number] for number in numbers},
        "rows": list(rows.values()),
        "pasts": {form["past"] for row in rows.values() for form in row["forms"].values()},
        "counts": {number: Counter(one.state for one in now if one.obligation.form == number) for number in numbers},
        "open": sum(one.state == "open" for one in now),
        "missing": _missing(now, wrong["sources"]),
        "wrong": wrong,
        "decide": decide,
        "waiting": asked,
    }


def _standings(desk: Desk, periods: list[Period]) -> list[Standing]:
    frozen, received = desk.lookup.owed([period.key for period in periods])
    obligations = compliance.in_effect(owed_in(desk.office, periods), frozen)
    sights = {period.key: desk.sight_in(period) for period in periods}
    seen = [one for one in obligations if (sight := sights[one.period]) is None or one.unit in sight.units]
    return compliance.assess(seen, received, desk.today)


def _order(owed: Obligation) -> tuple[bool, bool, str]:
    return owed.level != "nation", owed.level != "ministry", owed.unit


def _mark_waiting(rows: Iterable[dict[str, Any]], absent: Collection[str | None]) -> None:
    """What came and is not loaded because a reviewer is asked is not missing: its forms wait, all but those of `absent`
    units, of which nothing came."""
    for row in rows:
        for form in row["forms"].values():
            if form["state"] in ("missing", "open") and row["unit"] not in absent:
                form["state"], form["past"] = "reviewing", (*form["past"][:-1], "reviewing")


def _missing(now: list[Standing], failed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Units past due that did not send a whole report: each with its forms, and how the pull of its source failed."""
    why: dict[str, Text] = {one["unit"]: one["title"] for one in failed}
    found: dict[str, dict[str, Any]] = {}
    for one in now:
        owed = one.obligation
        if one.state in ("missing", "partial"):
            unit = found.setdefault(
                owed.unit, {"unit": owed.unit, "name": owed.name, "forms": [], "why": why.get(owed.unit)}
            )
            unit["forms"].append({"form": owed.form, "state": one.state, "due_on": owed.due_on})
    return sorted(found.values(), key=lambda one: all(form["state"] == "partial" for form in one["forms"]))


def _wrong(desk: Desk) -> dict[str, Any]:
    """Critical findings by source, sources whose last pull is not complete, and how many figures have no value."""
    if desk.load is None:
        return {"critical": 0, "warning": 0, "faulty": [], "sources": [], "withheld": {}}
    groups = [
        one
        for one in desk.lookup.finding_groups(desk.load.id)
        if desk.sees(one.unit or desk.unit_of_source(one.source))
    ]
    failed = [
        {
            "source": one.source,
            "unit": desk.unit_of_source(one.source),
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
        "faulty": _faulty(desk, [one for one in groups if one.severity == "critical"]),
        "sources": failed,
        "withheld": withheld,
    }


def _faulty(desk: Desk, critical: list[FindingGroup]) -> list[dict[str, Any]]:
    """Of each source with critical findings its unit, and the rule that most of them break; most findings first."""
    titles = desk.rule_titles()
    found: dict[str, Counter[str]] = {}
    for one in critical:
        found.setdefault(one.source, Counter())[one.rule] += one.total
    told = []
    for source, rules in found.items():
        (rule, _), *more = rules.most_common()
        name = desk.name(desk.unit_of_source(source)) or source
        told.append({"source": source, "name": name, "rule": rule, "title": titles.get(rule), "total": rules.total(),
                     "more": len(more)})  # fmt: skip
    return sorted(told, key=lambda one: -one["total"])


def _decide(desk: Desk, now: list[Standing]) -> dict[str, Any]:
    """Runs and restatements that wait, of any period; whether the period may be published, and when it was."""
    published = desk.lookup.publication(desk.period.key)
    due = bool(now) and all(one.obligation.due_on < desk.today for one in now)
    said = [one for (period, _), one in desk.lookup.reviews().items() if period == desk.period.key]
    return {
        "reviews": waiting(desk),
        "reviewed": said[-1] if said and desk.units is None else None,
        "restatements": [one for one in desk.lookup.restatements() if one.state == "waiting"] if not desk.units else [],
        "published": published,
        "to_publish": desk.load is not None and published is None and due,
    }
