"""What a reviewer is asked about a run that is computed and not loaded yet."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from etl import forms as workbook
from etl import report
from etl.errors import ReviewError
from etl.model import PULL_STATES, Fact, Finding, ReviewVerdict, Text
from etl.periods import Period
from etl.pipeline import withheld
from etl.pipeline.office import Office, closed
from etl.pipeline.quality_core import known, landed
from etl.pipeline.quality_report import PERIODS
from etl.pipeline.quality_scope import scope_of
from etl.pipeline.review import QUESTION, keep, of_run, rejected
from etl.pipeline.work import found_in, holes_in, read

_ANSWERS: dict[str, ReviewVerdict] = {"Approve": "approved", "Reject": "rejected"}
_COLUMNS = ["indicator", "unit", "tier", "field", "value", "reason"]


def question(period_key: str, run_id: str) -> dict[str, Any]:
    """What is to be decided before the run may be loaded: open, subject, body (Markdown), sha256 of the findings.

    open: whether anything is: not where there is no critical finding, nor where just these were approved before.
    Raises ReviewError where just these were rejected before.
    """
    office, period = Office.open(), closed(period_key)
    asked = of_run(office, period, run_id)
    if asked.review is not None and asked.review.verdict == "rejected":
        raise rejected(asked.review)
    told = {"open": asked.open, "sha256": asked.sha256, "findings": len(asked.findings), "subject": "", "body": ""}
    if not asked.open:
        return told
    subject = (
        f"Soát xét chất lượng số liệu {period.title_vi} / review of {period.key}: {len(asked.findings)} lỗi / faults"
    )
    work = office.store("work", period.key, run_id)
    body = _body(office, period, run_id, asked.findings)
    (work / QUESTION).write_text(json.dumps({"run": run_id, "asked_at": dt.datetime.now(dt.UTC).isoformat()}))
    return {**told, "subject": subject, "body": body}


def answer(period_key: str, run_id: str, given: dict[str, Any] | None) -> dict[str, Any]:
    """Keep what a reviewer answered to the question of a run. given: chosen_options, params_input with the comment,
    responded_by_user with id and name.

    Raises ReviewError for a rejection, once it is kept, and where nobody answered.
    """
    who = (given or {}).get("responded_by_user") or {}
    chosen = [_ANSWERS[one] for one in (given or {}).get("chosen_options") or ()]
    if given is None or len(chosen) != 1 or not who:
        raise ReviewError(
            f"kỳ {closed(period_key).key}: chưa ai trả lời, không nạp gì; xoá trạng thái (Clear) bước review để "
            "hỏi lại (nobody answered: clear the task review, and it is asked again)"
        )
    office, period = Office.open(), closed(period_key)
    by, comment = who.get("name") or who["id"], (given.get("params_input") or {}).get("comment") or ""
    kept = keep(office, period, run_id, of_run(office, period, run_id), chosen[0], by, comment)
    if kept.verdict == "rejected":
        raise rejected(kept)
    return {"verdict": kept.verdict, "by": kept.decided_by, "sha256": kept.sha256, "findings": kept.findings}


def _body(office: Office, period: Period, run_id: str, critical: tuple[Finding, ...]) -> str:
    """The faults with the cells that each holds back, as the figures of the run have it."""
    catalog, work = office.catalog, office.store("work", period.key, run_id)
    scope = scope_of(office, period, None, None)
    every = found_in(work, catalog.datasets)
    rows = report.rows(every, known(office, period, office.rules(), landed(office, every), _pulls(office, period)))
    issues = report.issues(rows)
    figures = _figures(office, period, run_id, scope.units)
    faces = withheld.faces(office, period, scope.datasets, scope.units, period.end, figures)
    holes = [hole for name in catalog.datasets for hole in holes_in(work, name)]
    withheld.weigh(office, period, faces, holes, issues, rows)
    listed = work / "failing_rows.csv"
    listed.write_text(report.table(rows), encoding="utf-8")
    worst = [one for one in report.ranked(issues) if one["severity"] == "critical"]
    cells = sum(len(face.withheld) for face in faces), sum(len(face.cells) for face in faces)
    return report.question(
        period.title_vi, report.dated(worst, _since(office, period, every)), len(critical), cells, str(listed)
    )


def _pulls(office: Office, period: Period) -> dict[str, tuple[Text, str]]:
    """Of each source whose newest pull is not complete, how it ended."""
    newest = (office.landing.receipts(source.id, period.key)[-1:] for source in office.catalog.due_sources(period))
    return {
        one.source: (PULL_STATES[one.state], one.message) for (one,) in filter(None, newest) if one.state != "complete"
    }


def _since(office: Office, period: Period, findings: list[Finding]) -> dict[tuple[str, str], dict[str, str]]:
    """Of each source and rule broken in the run, the first period without a break since."""
    found = {(one.source, one.rule): {"period": period.key, "recorded_at": ""} for one in findings}
    standing, before = set(found), period
    for _ in range(PERIODS - 1):
        before = before.previous()
        load = office.warehouse.load_in_force(before.key)
        standing &= {(source, rule) for source, rule, _ in office.warehouse.load_quality(load).found} if load else set()
        for key in standing:
            found[key]["period"] = before.key
    return found


def _figures(office: Office, period: Period, run_id: str, units: Collection[str]) -> dict[str, list[Fact]]:
    """By unit what the run computed, as if it were loaded: of these units, and those with a row on their forms."""
    found: dict[str, list[Fact]] = {}
    work, tree = office.store("work", period.key, run_id), office.catalog.tree(period)
    for form in office.catalog.forms.values():
        shown = {code for unit in units for code in workbook.members(form, tree[unit], tree)}
        indicators = [column.indicator for column in form.columns if column.indicator]
        table = read(work / f"facts_{form.dataset}.parquet").select(_COLUMNS)
        of_form = pc.and_(
            pc.is_in(table["unit"], pa.array(sorted(shown), pa.string())),
            pc.is_in(table["indicator"], pa.array(indicators, pa.string())),
        )
        for row in table.filter(of_form).to_pylist():
            fact = Fact(**row, period=period.key, state="preliminary", revision=1, recorded_at=period.end, load=0)
            found.setdefault(fact.unit, []).append(fact)
    return found
