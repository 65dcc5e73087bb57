"""What a reviewer is asked about a run that is computed and not loaded yet."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from etl import report
from etl.errors import ReviewError
from etl.model import ReviewVerdict
from etl.periods import Period
from etl.pipeline.asked import Question
from etl.pipeline.asked import keep as keep_question
from etl.pipeline.office import Office, closed
from etl.pipeline.quality_core import core_of_run
from etl.pipeline.quality_report import PERIODS
from etl.pipeline.quality_scope import scope_of
from etl.pipeline.review import keep, of_run, rejected
from etl.pipeline.reviewed import sources_of

_ANSWERS: dict[str, ReviewVerdict] = {"Approve": "approved", "Reject": "rejected"}


def question(period_key: str, run_id: str) -> dict[str, Any]:
    """What is to be decided before the run may be loaded: open, subject, body (Markdown), sha256 of the findings.

    open: whether anything is: not where there is no critical finding, nor where just these were approved before.
    Raises ReviewError where just these were rejected before.
    """
    office, period = Office.open(), closed(period_key)
    asked = of_run(office, period, run_id)
    if asked.review is not None and asked.review.verdict == "rejected":
        raise rejected(asked.review)
    told = {"open": asked.open, "sha256": asked.sha256, "findings": asked.count, "period": period.key}
    if not asked.open:
        return {**told, "subject": "", "body": ""}
    sources = sources_of(asked.findings)
    waiting = Question(period.key, run_id, dt.datetime.now(dt.UTC), asked.sha256, asked.count, sources, [])
    found = core_of_run(office, period, waiting, scope_of(office, period, None, None))
    worst = [one for one in found["issues"] if one["severity"] == "critical"]
    keep_question(office, replace(waiting, faults=[_fault(one) for one in worst]))
    subject = f"Soát xét chất lượng số liệu {period.title_vi} / review of {period.key}: {len(worst)} lỗi / faults"
    listed = office.store("work", period.key, run_id) / "failing_rows.csv"
    listed.write_text(report.table(found["rows"]), encoding="utf-8")
    cells = found["forms"]["withheld"], found["forms"]["cells"]
    since = _since(office, period, {(source, rule) for source, rule, _ in found["since"]})
    waive = [one["waive"] for one in found["rows"] if one["severity"] == "critical" and one["waive"]]
    body = report.question(period.title_vi, report.dated(worst, since), asked.count, cells, str(listed), waive)
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


def _fault(issue: dict[str, Any]) -> dict[str, Any]:
    row = issue["row"]
    absent = row["kind"] == "table" and not row["payload"]
    return {name: row[name] for name in ("source", "unit", "unit_name", "title")} | {
        "rows": issue["rows"],
        "absent": absent,
    }


def _since(office: Office, period: Period, broken: set[tuple[str, str]]) -> dict[tuple[str, str], dict[str, str]]:
    """Of each source and rule broken in the run, the first period without a break since."""
    found = {key: {"period": period.key, "recorded_at": ""} for key in broken}
    standing, before = set(found), period
    for _ in range(PERIODS - 1):
        before = before.previous()
        load = office.warehouse.load_in_force(before.key)
        standing &= {(source, rule) for source, rule, _ in office.warehouse.load_quality(load).found} if load else set()
        for key in standing:
            found[key]["period"] = before.key
    return found
