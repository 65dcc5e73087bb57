"""The mailboxes of the simulated country: an SMTP server that keeps what it is sent, and the page /mail.

A mailbox may be made to refuse (550), to ask for patience (450), or to be full (552): PUT /mail/refusals/{address}.
"""

from __future__ import annotations

import email
import email.policy
import threading
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from html import escape
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi import APIRouter, Body, HTTPException
from fastapi.responses import HTMLResponse

REFUSALS = {450: "4.2.0 mailbox busy, try again later", 550: "5.1.1 no such mailbox", 552: "5.2.2 mailbox full"}
_MOST = 10_000


@dataclass(frozen=True)
class Letter:
    """What arrived, in its order: envelope and headers decoded, `html` the part that people read."""

    number: int
    recipients: tuple[str, ...]
    sender: str
    subject: str
    reply_to: str
    message_id: str
    html: str
    raw: str


class Mailboxes:
    """Every mailbox there is: whatever address a letter has, it arrives, unless the address refuses."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._letters: list[Letter] = []
        self.refusals: dict[str, int] = {}

    def letters(self) -> list[Letter]:
        with self._lock:
            return list(self._letters)

    def empty(self) -> None:
        with self._lock:
            self._letters.clear()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        code = self.refusals.get(address.casefold())
        if code is not None:
            return f"{code} {REFUSALS[code]}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        del server, session
        raw = cast(bytes, envelope.content)
        message = cast(EmailMessage, email.message_from_bytes(raw, policy=email.policy.default))
        body = message.get_body(("html", "plain"))
        with self._lock:
            if len(self._letters) >= _MOST:
                return f"452 {_MOST} letters lie here: DELETE /mail"
            self._letters.append(
                Letter(
                    number=len(self._letters) + 1,
                    recipients=tuple(envelope.rcpt_tos),
                    sender=str(message["From"]),
                    subject=str(message["Subject"]),
                    reply_to=str(message["Reply-To"] or ""),
                    message_id=str(message["Message-ID"] or ""),
                    html=body.get_content() if body else "",
                    raw=raw.decode("ascii", "replace"),
                )
            )
        return "250 OK"


def serve(mailboxes: Mailboxes, host: str, port: int) -> Controller:
    """Receive by SMTP in a thread of its own, without TLS and login, until `stop()`."""
    controller = Controller(mailboxes, hostname=host, port=port, ready_timeout=30)
    controller.start()
    return controller


def router(mailboxes: Mailboxes) -> APIRouter:
    """`/mail` for people, `/mail.json` for tests; DELETE /mail empties the boxes."""
    routes = APIRouter()

    @routes.get("/mail.json")
    def listed() -> dict[str, Any]:
        return {"letters": [asdict(letter) for letter in mailboxes.letters()], "refusals": mailboxes.refusals}

    @routes.get("/mail", response_class=HTMLResponse)
    def page() -> str:
        newest = reversed(mailboxes.letters())
        rows = "".join(
            f'<li><a href="mail/{one.number}">{escape(one.subject)}</a> · {escape(", ".join(one.recipients))}</li>'
            for one in newest
        )
        title = "Thư đã nhận / received mail"
        return f'<html lang="vi"><title>{title}</title><h1>{title}</h1><ol reversed>{rows}</ol></html>'

    @routes.get("/mail/{number}", response_class=HTMLResponse)
    def letter(number: int) -> str:
        for one in mailboxes.letters():
            if one.number == number:
                return one.html
        raise HTTPException(404, f"no letter {number}")

    @routes.delete("/mail", status_code=204)
    def empty() -> None:
        mailboxes.empty()

    @routes.put("/mail/refusals/{address}", status_code=204)
    def refuse(address: str, asked: dict[str, Any] = Body()) -> None:  # noqa: B008 (FastAPI's way)
        if asked.get("code") not in REFUSALS:
            raise HTTPException(400, f"code: one of {', '.join(map(str, REFUSALS))}")
        mailboxes.refusals[address.casefold()] = int(asked["code"])

    @routes.delete("/mail/refusals/{address}", status_code=204)
    def accept(address: str) -> None:
        mailboxes.refusals.pop(address.casefold(), None)

    return routes
