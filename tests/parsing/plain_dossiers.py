"""What II.06a counts of a dossier, written from its definitions one dossier at a time, apart from the code under test.

Statuses 1 and 3 are left out. Everything is by calendar date in Vietnam. Open: 2, 4, 5, 6, 8; returned: 7; done: 9, 10.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass

VIETNAM = dt.timezone(dt.timedelta(hours=7))
OPEN = (2, 4, 5, 6, 8)


@dataclass(frozen=True)
class Life:
    """A dossier as a list shows it. channel None: the list does not say."""

    agency: str
    field: str
    channel: int | None
    received: dt.datetime
    due: dt.date | None
    finished: dt.datetime | None
    status: int


def columns(life: Life, first: dt.date, last: dt.date) -> Counter[str]:
    """The columns of II.06a that one dossier stands in; nothing where it is in none."""
    found: Counter[str] = Counter()
    if life.status in (1, 3):
        return found
    received = life.received.astimezone(VIETNAM).date()
    finished = life.finished.astimezone(VIETNAM).date() if life.finished else None
    is_open = life.status in OPEN
    if first <= received <= last:
        if life.channel == 2:
            found["received_online"] = 1
        if life.channel in (1, 3):
            found["received_direct_postal"] = 1
    if received < first and (is_open or (finished is not None and finished >= first)):
        found["carried_over"] = 1
    if not is_open and finished is not None and first <= finished <= last:
        found["resolved_total"] = 1
        if life.status == 7 or life.due is None or finished == life.due:
            found["resolved_on_time"] = 1
        elif finished < life.due:
            found["resolved_early"] = 1
        else:
            found["resolved_overdue"] = 1
    if received <= last and (is_open or (finished is not None and finished > last)):
        found["pending_total"] = 1
        if life.status == 5 or life.due is None or life.due >= last:
            found["pending_in_time"] = 1
        else:
            found["pending_overdue"] = 1
    if found["resolved_total"] or found["pending_total"]:
        found["received_total"] = 1
    return +found


def count(lives: list[Life], first: dt.date, last: dt.date) -> dict[tuple[str, str], Counter[str]]:
    """Every column by agency and field."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for life in lives:
        found.setdefault((life.agency, life.field), Counter()).update(columns(life, first, last))
    return {key: +figures for key, figures in found.items() if +figures}
