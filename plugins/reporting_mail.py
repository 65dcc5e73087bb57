"""How a letter goes out: by Airflow's SMTP notifier, over the connection smtp_default. What fails says whether waiting
helps: a server that is down or busy is tried again, a mailbox or a login that is refused is not."""

from __future__ import annotations

import smtplib
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from etl.errors import MailError, MailRefused, MailUnavailable

CONNECTION = "smtp_default"
_HOW = (
    "Đặt biến AIRFLOW_CONN_SMTP_DEFAULT (hoặc Connection smtp_default) rồi xoá trạng thái (Clear) ô này. / Set "
    "AIRFLOW_CONN_SMTP_DEFAULT (or the connection smtp_default) with from_email, then clear this square."
)


def require_connection(letters: int) -> None:
    """Fails the task, with what to do, when letters wait and there is no mail server to take them."""
    from airflow.providers.smtp.hooks.smtp import SmtpHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    if not letters:
        return
    try:
        known = SmtpHook.get_connection(CONNECTION)
    except AirflowNotFoundException:
        known = None
    if known is None or not known.extra_dejson.get("from_email"):
        lacking = "không có máy chủ thư" if known is None else "kết nối không có from_email"
        raise AirflowFailException(
            f"KHÔNG GỬI THƯ NÀO, {letters} thư đang chờ: {lacking}. / NO MAIL WENT OUT, {letters} letters wait. {_HOW}"
        )


def send(letter: dict[str, Any], context: Any) -> None:
    """Hand one letter over to the mail server. Raises MailUnavailable or MailRefused."""
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    notifier = SmtpNotifier(
        to=letter["address"],
        subject=letter["subject"],
        html_content=letter["html"],
        smtp_conn_id=CONNECTION,
        custom_headers={
            "Reply-To": letter["reply_to"],
            # The same letter has the same id: a mailbox that got it twice can tell.
            "Message-ID": f"<{letter['day']}.{letter['unit']}@baocao-etl.invalid>",
            "Auto-Submitted": "auto-generated",
        },
    )
    notifier.template_fields = ()  # a letter is no template
    try:
        notifier(context)
    except (smtplib.SMTPException, OSError) as problem:
        raise _told(problem, letter["address"]) from problem


def _told(problem: Exception, address: str) -> MailError:
    """The answer of the server: 4xx and a broken line pass, 5xx does not."""
    code, said = getattr(problem, "smtp_code", None), str(getattr(problem, "smtp_error", problem))
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        ((code, said),) = problem.recipients.values()
    if isinstance(said, bytes):
        said = said.decode("utf-8", "replace")
    if isinstance(code, int) and code >= 500:
        return MailRefused(
            f"máy chủ thư từ chối {address}: {code} {said}. Sửa địa chỉ trong catalog/contacts.yml, hoặc kết nối "
            f"{CONNECTION} (the mail server refuses it)"
        )
    return MailUnavailable(f"chưa gửi được thư tới {address}: {code or ''} {said} (the mail server may come back)")
