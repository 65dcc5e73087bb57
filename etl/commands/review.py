"""`baocao review`: what stands open of a period's critical findings, and a reviewer's decision on it."""

from __future__ import annotations

from typing import Any

import click

from etl.commands.output import as_json_option, emit, new_table, show, show_predecessor
from etl.model import REVIEW_VERDICTS, ReviewVerdict

_ANSWERS: dict[str, ReviewVerdict] = {"approve": "approved", "reject": "rejected"}


@click.command()
@click.argument("period")
@click.argument("answer", type=click.Choice(list(_ANSWERS)), required=False)
@click.option("--by", default="", help="Ai quyết định. / Who decides.")
@click.option("--reason", default="", help="Lý do; bắt buộc khi không chấp nhận. / Why; required to reject.")
@as_json_option
def review(period: str, answer: str | None, by: str, reason: str, as_json: bool) -> None:
    """Soát xét lỗi nghiêm trọng của PERIOD: xem, chấp nhận, từ chối. / Critical findings: see, approve, reject.

    Chấp nhận: công bố phần không bị ảnh hưởng. / Approve: what does not rest on the faults is published.
    """
    from etl import pipeline

    if answer is None:
        found = pipeline.review(period)
    elif not by.strip():
        raise click.UsageError("--by không được trống (say who decides)")
    elif answer == "reject" and not reason.strip():
        raise click.UsageError("--reason không được trống khi từ chối (say why you reject)")
    else:
        found = pipeline.decide(period, _ANSWERS[answer], by, reason)
    return emit(found) if as_json else _show(found)


def _show(found: dict[str, Any]) -> None:
    waits = "" if found["loaded"] else ", chưa nạp kho / not loaded"
    click.echo(f"{found['period']}, lượt chạy / run {found['run'] or '-'}{waits}: {', '.join(found['sources']) or '-'}")
    click.echo(found["note"] or "Không có lỗi nghiêm trọng nào. / No critical finding stands open.")
    show_predecessor(found["predecessor"])
    if found["decisions"]:
        table = new_table("Lúc / when", "Ai / who", "Quyết định / decision", "Lỗi / findings", "Lý do / reason")
        for one in found["decisions"]:
            verdict = REVIEW_VERDICTS[one["verdict"]].both
            table.add_row(one["decided_at"], one["decided_by"], verdict, str(one["findings"]), one["reason"])
        show(table)
    for form in found.get("forms", []):
        click.echo(f"Biểu / form {form['form']}: {form['changed']} bản mới / new issues")
