"""The quality report of a period, of one source or of one unit: gathered here, told by `etl.report`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from etl import compliance, report
from etl.errors import PeriodError, SettingsError
from etl.model import RESTATEMENT_CODES, REVIEW_VERDICTS, Text
from etl.periods import TIMEZONE, Period
from etl.pipeline import asked, predecessor
from etl.pipeline.office import Office, closed
from etl.pipeline.quality_core import core, core_of_run
from etl.pipeline.quality_scope import Scope, scope_of
from etl.pipeline.standings import standings_in

PERIODS = 8
"""Of the trend, the one reported on the last: two years of quarters."""
_Past = tuple[Period, Scope | None, dict[str, Any] | None]
"""A period of the trend with its scope and core; None where it has no such source or unit, or nothing is loaded."""


def quality_report(
    period_key: str, source: str | None = None, unit: str | None = None, run: str | None = None
) -> dict[str, Any]:
    """What is known of the quality of a period's newest load, JSON-able; docs/quality.md tells what it holds.

    source, unit: only what concerns this source, or this unit (code or name) and those below it. run: of a run that
    stopped for a reviewer, as it would be loaded. Raises PeriodError where nothing of the period was pulled and loaded,
    or no reviewer was asked about the run, SettingsError for a source or unit that the period does not have.
    """
    office, period = Office.open(), closed(period_key)
    scope = scope_of(office, period, source, unit)
    now = _of_load(office, period, scope) if run is None else _of_run(office, period, scope, run)
    past = [*_earlier(office, period, source, unit), (period, scope, now)]
    trend = _trend(office, past)
    return {
        "period": {
            "key": period.key,
            "title": period.title_vi,
            "first_day": period.first_day.isoformat(),
            "last_day": period.last_day.isoformat(),
        },
        "scope": {"source": source, "unit": unit, "name": scope.name},
        "run": now["run"],
        "decides": office.catalog.contacts.office.office,
        "decisions": _decisions(office, period),
        "criteria": report.criteria(trend[-1]["counts"], report.open_findings(now["rows"])),
        "trend": trend,
        "issues": report.dated(now["issues"], _since(past)),
        "predecessor": _predecessor(office, period, scope, run),
        **{name: now[name] for name in ("rows", "rules", "forms", "sources", "waivers", "mirror")},
    }


def quality_ready(period_key: str) -> bool:
    """Work out the report of a whole period and keep what it rests on, so that who opens it does not wait for it.

    False for a period that is computed from others, which have the reports. Raises PeriodError where nothing is loaded.
    """
    if closed(period_key).parts() != (closed(period_key),):
        return False
    quality_report(period_key)
    return True


def _of_load(office: Office, period: Period, scope: Scope) -> dict[str, Any]:
    load = office.warehouse.load_in_force(period.key)
    if load is None:
        raise PeriodError(
            f"kho chưa có lần nạp nào của kỳ {period.key}: chạy `baocao run {period.key}` (nothing is loaded yet)"
        )
    return core(office, period, load, scope)


def _of_run(office: Office, period: Period, scope: Scope, run: str) -> dict[str, Any]:
    question = asked.newest(office, period.key)
    if question is None or question.run != run:
        raise PeriodError(
            f"lượt chạy {run} của kỳ {period.key} không còn chờ soát xét, đã có lượt chạy mới hơn "
            "(no reviewer is asked about this run any more)"
        )
    return core_of_run(office, period, question, scope)


def quality_page(found: dict[str, Any], lang: report.Lang = "vi") -> str:
    """A report as one self-contained HTML page, its failing rows within it as CSV."""
    return report.page(found, lang, quality_rows(found))


def quality_pdf(found: dict[str, Any], lang: report.Lang = "vi") -> bytes:
    """A report as a PDF to attach. Raises FormError where this machine cannot print."""
    return report.pdf(report.page(found, lang, printed=True))


def quality_rows(found: dict[str, Any]) -> str:
    """Every failing row of a report as CSV."""
    return report.table(found["rows"])


def validation_report(found: dict[str, Any]) -> dict[str, Any]:
    """A report for machines: what was judged as validations of the ESS, and what the criteria count."""
    return report.validation_report(found)


def _predecessor(office: Office, period: Period, scope: Scope, run: str | None) -> dict[str, Any] | None:
    number = office.warehouse.load_in_force(period.key)
    load = None if number is None else office.warehouse.load_quality(number)
    of = load if run is None else asked.newest(office, period.key)
    if of is None:
        return None
    tree, below = office.catalog.tree(period), scope.below
    if below is None and scope.key:  # of a source
        below = frozenset(one.code for unit in scope.units for one in tree.below(unit))
    found = predecessor.changed(office, period, of)
    return predecessor.told(office, period, found, lambda units: below is None or not below.isdisjoint(units))


def _earlier(office: Office, period: Period, source: str | None, unit: str | None) -> list[_Past]:
    """The periods before within the trend, the oldest first."""
    found: list[_Past] = []
    for back in range(PERIODS - 1, 0, -1):
        before = period.shift(-back)
        try:
            scope = scope_of(office, before, source, unit)
        except SettingsError:
            found.append((before, None, None))
            continue
        load = office.warehouse.load_in_force(before.key)
        found.append((before, scope, None if load is None else core(office, before, load, scope)))
    return found


def _trend(office: Office, past: Sequence[_Past]) -> list[dict[str, Any]]:
    """Of each period what the measures count, None where nothing is known of it.

    other_rules: its load was judged by other rules than the newest one.
    """
    today = dt.datetime.now(TIMEZONE).date()
    standings = standings_in(office, [period for period, _, _ in past], today)
    newest = past[-1][2]
    told = []
    for period, scope, known in past:
        counted = None
        if scope is not None and known is not None:
            within = [
                one
                for one in standings
                if one.obligation.period == period.key
                and one.obligation.unit in scope.units
                and office.catalog.forms[one.obligation.form].dataset in scope.datasets
            ]
            tally = compliance.tally(within, today)
            counted = {name: tuple(pair) for name, pair in known["counts"].items()}
            counted["reports"] = (tally.timely, tally.due)
        other = bool(known and newest) and known["run"]["rules_version"] != newest["run"]["rules_version"]  # type: ignore[index]
        told.append({"period": period.key, "title": period.title_vi, "counts": counted, "other_rules": other})
    return told


def _since(past: Sequence[_Past]) -> dict[tuple[str, str], dict[str, str]]:
    """Of each source and rule broken now: the first period without a break since, and its first load in this one."""
    broken = [{(source, rule): at for source, rule, at in (known or {}).get("since", ())} for _, _, known in past]
    found = {key: {"period": past[-1][0].key, "recorded_at": at} for key, at in broken[-1].items()}
    standing = set(found)
    for (period, _, _), then in zip(reversed(past[:-1]), reversed(broken[:-1]), strict=True):
        standing &= then.keys()
        for key in standing:
            found[key]["period"] = period.key
    return found


def _decisions(office: Office, period: Period) -> list[dict[str, Any]]:
    """What people decided of the period: that it is published, of changes after that, of critical findings."""
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
    for review in office.warehouse.reviews(period.key):
        said = REVIEW_VERDICTS[review.verdict]
        vi = f"soát xét {review.findings} lỗi nghiêm trọng của lượt chạy {review.run}: {said.vi}"
        en = f"review of {review.findings} critical findings of the run {review.run}: {said.en}"
        found.append((review.decided_at, review.decided_by, Text(vi, en), review.reason))
    return [
        {"at": at.isoformat(), "by": by, "what": asdict(what), "reason": reason}
        for at, by, what, reason in sorted(found, key=lambda decision: decision[0])
    ]
