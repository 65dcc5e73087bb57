"""Published periods: lock one, say beforehand what a waiting change would touch, approve or reject it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any

from etl import forms as workbook
from etl import indicators
from etl.errors import PeriodError
from etl.model import ALL, Fact, Form, GrowthFigure, Restatement, RestatementCode
from etl.periods import TIMEZONE, Period
from etl.pipeline.annual import annual, annual_facts
from etl.pipeline.earlier import growth_in
from etl.pipeline.filling import Filled
from etl.pipeline.office import Office, closed
from etl.pipeline.publish import forms, issues_of, publish, to_issue
from etl.pipeline.standings import periods_of

_Key = tuple[str, str, str, str]
"""indicator, unit, tier, field"""
_Figures = dict[_Key, tuple[Decimal | None, str | None]]
"""value, reason"""


def lock(period_key: str, by: str, reason: str = "") -> dict[str, Any]:
    """Publish a period: from now on a change waits for `approve`. Its forms are issued with their figures final.

    What moves stays so and is marked. A period that was locked before stays locked by whom it was.
    Raises PeriodError when the warehouse holds nothing of the period.
    """
    office = Office.open()
    office.warehouse.migrate()
    period = closed(period_key)
    if office.warehouse.figures_at(period.key) is None:
        raise PeriodError(f"kho chưa có số liệu kỳ {period.key}: chạy `baocao run {period.key}` (nothing to publish)")
    before = office.warehouse.publication(period.key)
    if before is None:
        _publish(period)  # what the warehouse knows is on the forms before nothing may change any more
    publication = before or office.warehouse.lock_period(period.key, by, reason)
    filled = _publish(period)
    states = office.warehouse.states(period.key)
    return {
        "period": period.key,
        "published_at": publication.published_at.isoformat(),
        "published_by": publication.published_by,
        "reason": publication.reason,
        "locked_before": before is not None,
        "states": states,
        "forms": filled,
    }


def lock_due() -> list[dict[str, Any]]:
    """Lock, as the calendar says, each period whose last due date has passed and of which every form due is issued.

    A lock that was stopped before its forms were issued with their figures final is carried to its end, whoever locked.
    """
    office = Office.open()
    today, done = dt.datetime.now(TIMEZONE).date(), []
    for period in periods_of(office, None):
        held = office.warehouse.publication(period.key)
        if held is not None:
            issued = [office.warehouse.issues_known_at(form, period.key) for form in forms()]
            if any(known and max(known.values()) < held.published_at for known in issued):  # each form whole, or not
                done.append(lock(period.key, held.published_by, held.reason))
            continue
        owed = office.warehouse.frozen([period.key]) if office.catalog.calendar.lock_after_due else []
        if not owed or any(one.due_on >= today for one in owed):
            continue
        known = {form: office.warehouse.issues_known_at(form, period.key) for form in {one.form for one in owed}}
        if all(one.unit in known[one.form] for one in owed):
            last = max(one.due_on for one in owed)
            done.append(lock(period.key, "calendar", f"đã qua hạn gửi {last:%d/%m/%Y} (lock_after_due)"))
    return done


def restatements(period_key: str | None = None, predicted: bool = True) -> list[dict[str, Any]]:
    """Every restatement, of a period or of all; one that waits with what it would change."""
    office = Office.open()
    office.warehouse.migrate()
    key = None if period_key is None else Period.parse(period_key).key
    found = []
    for one in office.warehouse.restatements(key):
        would = predict(one.id) if predicted and one.state == "waiting" else None
        found.append({**_told(one), "prediction": would})
    return found


def predict(number: int) -> dict[str, Any]:
    """What approval would change, read from the warehouse as if it were approved: nothing is written.

    cells: of every form that would be issued again, each cell that would show something else, also the words at the
    foot. indicators, longer, growth: figures before and after, of the period, of the longer ones that were computed,
    and over earlier years. ranks: of the provinces, by each rate.
    Raises RestatementError when it does not wait.
    """
    now = Office.open()
    after = replace(now, as_if=number)
    period = Period.parse(next(one for one in now.warehouse.restatements() if one.id == number).period)
    codes = now.warehouse.restatement_codes(number)
    before, then = _figures(now.warehouse.facts(period.key)), _figures(after.warehouse.facts(period.key))
    figures = [{**one, "code": codes.get(_key(one))} for one in _differences(period.key, before, then)]
    found: dict[str, list[dict[str, Any]]] = {"longer": [], "ranks": _ranks(now, period, before, then)}
    for longer in period.longer():
        if now.warehouse.figures_at(longer.key) is None:
            continue
        held = _figures(now.warehouse.facts(longer.key))
        would = {
            (row["indicator"], row["unit"], row["tier"], row["field"]): (row["value"], row["reason"])
            for row in annual_facts(after, longer).to_pylist()
        }
        found["longer"] += _differences(longer.key, held, would)
        found["ranks"] += _ranks(now, longer, held, would)
    return {
        "cells": list(_cells(after, period)),
        "indicators": figures,
        **found,
        "growth": _growth(now, after, period),
    }


def approve(number: int, by: str, code: RestatementCode | None = None, reason: str = "") -> dict[str, Any]:
    """Record what waits; issue the forms that it touches again, marked (R); compute the longer periods again.

    Raises RestatementError when it does not wait.
    """
    office = Office.open()
    office.warehouse.migrate()
    done = office.warehouse.approve(number, by, code, reason)
    period = Period.parse(done.period)
    longer = [one for one in period.longer() if office.warehouse.figures_at(one.key) is not None]
    return {
        **_told(done),
        "forms": _publish(period),
        "longer": {one.key: annual(one.key) for one in longer},
    }


def reject(number: int, by: str, reason: str) -> dict[str, Any]:
    """Keep the published figures, and why. Raises RestatementError when it does not wait."""
    office = Office.open()
    office.warehouse.migrate()
    return _told(office.warehouse.reject(number, by, reason))


def _publish(period: Period) -> list[dict[str, Any]]:
    return [publish(period.key, number) for number in forms()]


def _told(one: Restatement) -> dict[str, Any]:
    moments = {name: moment and moment.isoformat() for name, moment in (("recorded_at", one.recorded_at),)}
    return {**asdict(one), **moments, "decided_at": one.decided_at and one.decided_at.isoformat()}


def _cells(after: Office, period: Period) -> Iterator[dict[str, Any]]:
    for form in (after.catalog.forms[number] for number in forms()):
        if form.period_kind != period.kind:
            continue
        issues = issues_of(after.store("forms", period.key, form.number), form, period)
        for one in to_issue(after, form, period):
            if one.content is not None:
                last = issues.get(one.unit.code, [])[-1:]
                yield from _changed(after, form, period, one, last[0].read_bytes() if last else None)


def _changed(after: Office, form: Form, period: Period, one: Filled, last: bytes | None) -> Iterator[dict[str, Any]]:
    tree, fields = after.catalog.tree(period), after.catalog.fields
    plan = workbook.layout(form, one.unit, one.facts, tree, fields)
    for address, (old, new) in workbook.changed(last, one.content or b"").items():
        key = plan.cells.get(address)
        figure = {"figure": None if key is None else key._asdict()}
        shown = {"old": old.text, "new": new.text, "old_formula": old.formula, "new_formula": new.formula}
        yield {"form": form.number, "unit": one.unit.code, "cell": address, **shown, **figure}


def _figures(facts: Iterable[Fact]) -> _Figures:
    return {(one.indicator, one.unit, one.tier, one.field): (one.value, one.reason) for one in facts}


def _key(one: Mapping[str, Any]) -> _Key:
    return one["indicator"], one["unit"], one["tier"], one["field"]


def _differences(period: str, before: _Figures, after: _Figures) -> list[dict[str, Any]]:
    nothing = (None, None)
    return [
        {
            "period": period,
            **dict(zip(("indicator", "unit", "tier", "field"), key, strict=True)),
            **dict(zip(("old", "old_reason"), before.get(key, nothing), strict=True)),
            **dict(zip(("new", "new_reason"), after.get(key, nothing), strict=True)),
        }
        for key in sorted(before.keys() | after.keys())
        if before.get(key, nothing) != after.get(key, nothing)
    ]


def _ranks(office: Office, period: Period, before: _Figures, after: _Figures) -> list[dict[str, Any]]:
    provinces = [unit.code for unit in office.catalog.tree(period).at_level("province")]
    found = []
    for indicator in office.catalog.indicators.values():
        if indicator.ratio is None:
            continue
        old, new = (
            indicators.ranks({unit: figures.get((indicator.code, unit, ALL, ALL), (None,))[0] for unit in provinces})
            for figures in (before, after)
        )
        found += [
            {
                "period": period.key,
                "indicator": indicator.code,
                "unit": unit,
                "old": old.get(unit),
                "new": new.get(unit),
            }
            for unit in provinces
            if old.get(unit) != new.get(unit)
        ]
    return found


def _growth(now: Office, after: Office, period: Period) -> list[dict[str, Any]]:
    years = {0, *(one.growth.years for one in now.catalog.indicators.values() if one.growth is not None)}
    found = []
    for year in sorted(years):
        later = replace(period, year=period.year + year)
        if now.warehouse.figures_at(later.key) is not None:
            old, new = (_grown(growth_in(office, later)) for office in (now, after))
            found += _differences(later.key, old, new)
    return found


def _grown(figures: Iterable[GrowthFigure]) -> _Figures:
    return {(one.indicator, one.unit, one.tier, one.field): (one.value, one.reason) for one in figures}
