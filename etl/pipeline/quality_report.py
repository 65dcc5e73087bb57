"""The quality report of a period, of one source or of one unit: gathered here, told by `etl.report`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from etl import report
from etl.errors import PeriodError, SettingsError
from etl.model import NATION, PULL_STATES, RESTATEMENT_CODES, Finding, Rule, Text
from etl.periods import TIMEZONE, Period
from etl.pipeline import withheld
from etl.pipeline.office import Office, closed
from etl.pipeline.quality_counts import counts
from etl.pipeline.quality_scope import Scope, scope_of, within
from etl.warehouse import LoadQuality

PERIODS = 8
"""Of the trend, the one reported on the last: two years of quarters."""


def quality_report(period_key: str, source: str | None = None, unit: str | None = None) -> dict[str, Any]:
    """What is known of the quality of a period's newest load, JSON-able; docs/quality.md tells what it holds.

    source, unit: only what concerns this source, or this unit (code or name) and those below it. Raises PeriodError
    where nothing of the period was pulled and loaded, SettingsError for a source or unit that the period does not have.
    """
    office, period = Office.open(), closed(period_key)
    judged = _load_quality(office, period)
    scope = scope_of(office, period, source, unit)
    findings = within(office.warehouse.findings(period.key), scope)
    rules = _rules(office)
    rows = report.rows(findings, _known(office, period, rules, findings))
    earlier = _earlier(office, period)
    issues = report.issues(rows, _since(office, period, judged, earlier))
    faces = withheld.faces(office, period, scope.datasets, scope.units)
    withheld.weigh(office, period, faces, office.warehouse.holes(period.key), issues, rows)
    trend = _trend(office, [*earlier, (period, judged)], source, unit, rules)
    return {
        "period": {
            "key": period.key,
            "title": period.title_vi,
            "first_day": period.first_day.isoformat(),
            "last_day": period.last_day.isoformat(),
        },
        "scope": {"source": source, "unit": unit, "name": _name(office, period, scope, source, unit)},
        "run": {
            "load": judged.load,
            "run": judged.run,
            "recorded_at": judged.recorded_at.isoformat(),
            "catalog_version": judged.catalog_version,
            "rules_version": judged.rules_version,
        },
        "decides": office.catalog.contacts.office.office,
        "criteria": report.criteria(trend[-1]["counts"], report.open_findings(rows)),
        "trend": trend,
        "issues": report.ranked(issues),
        "rows": rows,
        "rules": report.outcomes({key: one for key, one in rules.items() if key[0] in scope.datasets}, rows),
        "forms": {
            "cells": sum(len(face.cells) for face in faces),
            "withheld": sum(len(face.withheld) for face in faces),
            "faces": withheld.told(faces),
            "undeclared": _undeclared(office, period, faces),
        },
        "sources": _sources(office, period, judged, scope, rows),
        "decisions": _decisions(office, period),
    }


def quality_page(found: dict[str, Any], lang: report.Lang = "vi") -> str:
    """A report as one self-contained HTML page, its failing rows within it as CSV."""
    return report.page(found, lang, quality_rows(found))


def quality_rows(found: dict[str, Any]) -> str:
    """Every failing row of a report as CSV."""
    return report.table(found["rows"])


def validation_report(found: dict[str, Any]) -> dict[str, Any]:
    """A report for machines: what was judged as validations of the ESS, and what the criteria count."""
    return report.validation_report(found)


def _load_quality(office: Office, period: Period) -> LoadQuality:
    judged = office.warehouse.load_quality(period.key)
    if judged is None:
        raise PeriodError(
            f"kho chưa có lần nạp nào của kỳ {period.key}: chạy `baocao run {period.key}` (nothing is loaded yet)"
        )
    if not judged.sources:
        parts = ", ".join(part.key for part in period.parts())
        raise PeriodError(
            f"kỳ {period.key} được tính từ các kỳ {parts}: xem báo cáo chất lượng của từng kỳ đó "
            "(the period is computed from these, which have the reports)"
        )
    return judged


def _earlier(office: Office, period: Period) -> list[tuple[Period, LoadQuality | None]]:
    """The periods before within the trend, the oldest first, each with its load in force."""
    found = []
    for back in range(PERIODS - 1, 0, -1):
        before = period.shift(-back)
        found.append((before, office.warehouse.load_quality(before.key)))
    return found


def _rules(office: Office) -> dict[tuple[str, str], Rule]:
    return {(name, rule.id): rule for name in office.catalog.datasets for rule in office.suite(name).rules}


def _known(
    office: Office, period: Period, rules: Mapping[tuple[str, str], Rule], findings: Sequence[Finding]
) -> report.Known:
    catalog = office.catalog
    return report.Known(
        rules=rules,
        figures={name: _figures(office, name) for name in catalog.datasets},
        sources={
            one.id: report.Holder(catalog.dataset_of(one), one.unit, one.owner) for one in catalog.sources.values()
        },
        units={one.code: one.name for one in catalog.tree(period)},
        fields={code: one.name for code, one in catalog.fields.items()},
        landed=office.warehouse.landed({one.payload for one in findings if one.payload}),
    )


def _figures(office: Office, dataset: str) -> dict[str, Text]:
    """Titles of the measures, with the column of the dataset's form that shows them."""
    numbers = {
        office.catalog.indicators[column.indicator].sum: column.number
        for form in office.catalog.forms.values()
        if form.dataset == dataset
        for column in form.columns
        if column.indicator
    }
    told = {}
    for name, column in office.catalog.datasets[dataset].columns.items():
        vi, en = (f" (cột {numbers[name]})", f" (column {numbers[name]})") if name in numbers else ("", "")
        told[name] = Text(f"{column.title.vi}{vi}", f"{column.title.en}{en}")
    return told


def _since(
    office: Office, period: Period, judged: LoadQuality, earlier: Sequence[tuple[Period, LoadQuality | None]]
) -> dict[tuple[str, str], dict[str, str]]:
    """Of each source and rule broken now: the first period without a break since, and its first load in this one."""
    found = {
        key: {"period": period.key, "recorded_at": moment.isoformat()}
        for key, moment in office.warehouse.broken_since(period.key).items()
        if key in judged.broken
    }
    standing = set(found)
    for before, load in reversed(earlier):
        standing &= load.broken if load is not None else set()
        for key in standing:
            found[key]["period"] = before.key
    return found


def _trend(
    office: Office,
    loads: Sequence[tuple[Period, LoadQuality | None]],
    source: str | None,
    unit: str | None,
    rules: Mapping[tuple[str, str], Rule],
) -> list[dict[str, Any]]:
    """Of each period what the measures count, None where nothing is loaded or the period has no such source or unit.

    other_rules: its load was judged by other rules than the newest one.
    """
    today, dimensions = dt.datetime.now(TIMEZONE).date(), {key: rule.dimension for key, rule in rules.items()}
    newest = loads[-1][1]
    told = []
    for period, load in loads:
        counted = None
        if load is not None and load.sources:
            try:
                scope = scope_of(office, period, source, unit)
            except SettingsError:
                scope = None
            counted = scope and counts(office, period, load, scope, dimensions, today)
        other = load is not None and newest is not None and load.rules_version != newest.rules_version
        told.append({"period": period.key, "title": period.title_vi, "counts": counted, "other_rules": other})
    return told


def _name(office: Office, period: Period, scope: Scope, source: str | None, unit: str | None) -> str:
    tree = office.catalog.tree(period)
    if source is not None:
        return tree[scope.sources[source].unit].name
    return "" if unit is None else tree[next(iter(scope.units))].name


def _sources(
    office: Office, period: Period, judged: LoadQuality, scope: Scope, rows: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Each due source of the scope: how its pull ended, its rows, and its findings by severity."""
    loaded, tree = {one.source: one for one in judged.sources}, office.catalog.tree(period)
    told = []
    for one in scope.sources.values():
        load = loaded.get(one.id)
        found = [row["severity"] for row in rows if row["source"] == one.id]
        title = PULL_STATES[load.state] if load else Text("chưa lấy lần nào", "never pulled")  # type: ignore[index]
        answered_at = load.answered_at if load else None
        told.append(
            {
                "id": one.id,
                "unit": one.unit,
                "unit_name": tree[one.unit].name,
                "owner": one.owner,
                "dataset": office.catalog.dataset_of(one),
                "role": one.role,
                "state": load.state if load else "never",
                "state_title": vars(title),
                "rows": load.rows if load else 0,
                "held": load.held if load else 0,
                "answered_at": answered_at and answered_at.isoformat(),
                "findings": {severity: found.count(severity) for severity in report.SEVERITIES},
            }
        )
    return told


def _undeclared(office: Office, period: Period, faces: Sequence[withheld.Face]) -> dict[str, list[str]]:
    """By dataset the provinces that no source reports on, though these forms are owed for them."""
    tree, told = office.catalog.tree(period), {}
    shown = {face.unit.code for face in faces}
    for dataset in sorted({face.form.dataset for face in faces if face.form.owed}):
        missing = [hole.province for hole in withheld.undeclared(office, period, dataset)]
        told[dataset] = [tree[code].name for code in missing if shown & {code, NATION}]
    return {dataset: names for dataset, names in told.items() if names}


def _decisions(office: Office, period: Period) -> list[dict[str, Any]]:
    """What people decided of the period: that it is published, and of changes after that."""
    found = []
    if (published := office.warehouse.publication(period.key)) is not None:
        what = Text("công bố, khóa kỳ", "published, the period is locked")
        found.append((published.published_at, published.published_by, what, published.reason))
    for one in office.warehouse.restatements(period.key):
        if one.decided_at is not None:
            why = RESTATEMENT_CODES[one.decided_code or one.code]
            approved = one.state == "approved"
            vi = f"{'duyệt' if approved else 'từ chối'} thay đổi số {one.id}, {one.facts} số liệu ({why.vi})"
            en = f"change {one.id} {'approved' if approved else 'rejected'}, {one.facts} figures ({why.en})"
            found.append((one.decided_at, one.decided_by or "", Text(vi, en), one.decided_reason or ""))
    return [
        {"at": at.isoformat(), "by": by, "what": asdict(what), "reason": reason}
        for at, by, what, reason in sorted(found, key=lambda decision: decision[0])
    ]
