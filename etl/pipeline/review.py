"""What a reviewer is asked about a period, and what is done with the answer (docs/decisions/0021-review.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from etl.errors import ReviewError
from etl.model import REVIEW_VERDICTS, Review, ReviewVerdict
from etl.periods import Period
from etl.pipeline import predecessor
from etl.pipeline.asked import Question, newest
from etl.pipeline.found import found_in
from etl.pipeline.office import Office, closed
from etl.pipeline.publish import forms, publish
from etl.pipeline.reviewed import Reviewed, of_load, reviewed, sources_of
from etl.warehouse import LoadQuality

_LONGEST = 500


@dataclass(frozen=True)
class _Standing:
    """What a decision on the period would be of: a run that asked and is not loaded, else the load in force."""

    of: LoadQuality | Question | None
    loaded: bool
    asked: Reviewed

    @property
    def run(self) -> str:
        return "" if self.of is None else self.of.run


def review(period_key: str) -> dict[str, Any]:
    """What stands open in a period: the critical findings of the run that waits, else of the load in force.

    decision: what was said of just these, None where a reviewer is still to decide. decisions: every one of the period.
    predecessor: closing stocks of the period before that changed since (etl.pipeline.predecessor).
    """
    office, period = Office.open(), closed(period_key)
    office.warehouse.migrate()
    return _told(office, period, _standing(office, period))


def decide(period_key: str, verdict: ReviewVerdict, by: str, reason: str = "") -> dict[str, Any]:
    """Keep a reviewer's decision on what stands open, and where it is loaded issue the forms that say so.

    A rejection of what is loaded takes nothing back: the forms say it, and no run with these findings is loaded again.
    Raises ReviewError where nothing stands open, and for a rejection without a reason.
    """
    office, period = Office.open(), closed(period_key)
    office.warehouse.migrate()
    standing = _standing(office, period)
    keep(office, period, standing.run, standing.asked, verdict, by, reason)
    issued = [publish(period.key, number) for number in forms()] if standing.loaded else []
    return {**_told(office, period, _standing(office, period)), "forms": issued}


def of_run(office: Office, period: Period, run_id: str) -> Reviewed:
    """The critical findings of a run, before it is loaded, and the decision on them."""
    work = office.store("work", period.key, run_id)
    return reviewed(office, period, found_in(work, office.catalog.datasets))


def refuse_unaccepted(period_key: str, run_id: str, sha256: str | None) -> None:
    """Raises ReviewError where a reviewer rejected just the findings of the run, or they are not those of `sha256`."""
    office, period = Office.open(), closed(period_key)
    asked = of_run(office, period, run_id)
    if asked.review is not None and asked.review.verdict == "rejected":
        raise rejected(asked.review)
    if sha256 not in (None, asked.sha256):
        raise ReviewError(
            f"kỳ {period.key}: nguồn đã có câu trả lời mới hơn, lỗi nghiêm trọng không còn là những lỗi đã hỏi; "
            "xoá trạng thái (Clear) bước question để hỏi lại (newer answers brought other critical findings than were "
            "reviewed: clear the task question)"
        )


def rejected(said: Review) -> ReviewError:
    sources = ", ".join(said.sources)
    return ReviewError(
        f"kỳ {said.period}: {said.decided_by} không chấp nhận công bố, lý do: {said.reason}. Nguồn có lỗi: {sources}. "
        "Không nạp gì của lượt chạy này; sửa ở nguồn rồi chạy lại, hoặc đổi quyết định: "
        f"`baocao review {said.period} approve` (a reviewer rejected it: nothing of the run is loaded)"
    )


def keep(
    office: Office, period: Period, run: str, asked: Reviewed, verdict: ReviewVerdict, by: str, reason: str
) -> Review:
    """Keep a decision on findings; where the last one on them says the same of the same run, that is it.

    Raises ReviewError where there is no finding, nobody decides, or a rejection has no reason.
    """
    by, reason = _clean(by), _clean(reason)
    if not asked.findings:
        raise ReviewError(
            f"kỳ {period.key} không có lỗi nghiêm trọng nào để soát xét (no critical finding stands open)"
        )
    if not by:
        raise ReviewError("phải ghi ai quyết định (say who decides)")
    if verdict == "rejected" and not reason:
        raise ReviewError("không chấp nhận thì phải ghi lý do (a rejection needs its reason)")
    last = asked.review
    if last is not None and (last.run, last.verdict, last.decided_by, last.reason) == (run, verdict, by, reason):
        return last
    return office.warehouse.review(
        period.key,
        run=run,
        sha256=asked.sha256,
        findings=asked.count,
        sources=sources_of(asked.findings),
        verdict=verdict,
        by=by,
        reason=reason,
    )


def _clean(text: str) -> str:
    """On one line, without what no form can print. Raises ReviewError where it is too long for the foot of a form."""
    told = "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
    if len(told) > _LONGEST:
        raise ReviewError(f"dài quá {_LONGEST} ký tự, biểu không in được (too long to be printed): {told[:40]}…")
    return told


def _standing(office: Office, period: Period) -> _Standing:
    number = office.warehouse.load_in_force(period.key)
    load = None if number is None else office.warehouse.load_quality(number)
    question = newest(office, period.key)
    if question is not None and (load is None or question.asked_at > load.recorded_at):
        return _Standing(question, loaded=False, asked=of_run(office, period, question.run))
    return _Standing(load, loaded=True, asked=of_load(office, period))


def _note(period: Period, asked: Reviewed) -> str:
    """What is still to be decided, or what was; "" where nothing is."""
    if not asked.findings:
        return ""
    count, said = asked.count, asked.review
    if said is None:
        return (
            f"{count} lỗi nghiêm trọng chưa ai soát xét / critical findings that nobody reviewed: "
            f"`baocao quality {period.key}`, rồi / then `baocao review {period.key} approve|reject --by … --reason …`"
        )
    verdict = REVIEW_VERDICTS[said.verdict].both
    return f"{count} lỗi nghiêm trọng / critical findings: {verdict}, {said.decided_by}, {said.decided_at.isoformat()}"


def _told(office: Office, period: Period, standing: _Standing) -> dict[str, Any]:
    """JSON-able. note: a line for people."""
    asked = standing.asked
    return {
        "period": period.key,
        "run": standing.run,
        "loaded": standing.loaded,
        "critical": asked.count,
        "sources": sources_of(asked.findings),
        "sha256": asked.sha256 if asked.findings else None,
        "note": _note(period, asked),
        "decision": None if asked.review is None else _plain(asked.review),
        "decisions": [_plain(one) for one in office.warehouse.reviews(period.key)],
        "predecessor": standing.of
        and predecessor.told(office, period, predecessor.changed(office, period, standing.of)),
    }


def _plain(said: Review) -> dict[str, Any]:
    return {**vars(said), "sources": list(said.sources), "decided_at": said.decided_at.isoformat()}
