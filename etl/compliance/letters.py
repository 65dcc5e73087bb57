"""The letters that `watch` sends, in Vietnamese: what is owed, by when, what to do, whom to ask. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from etl.model import NATION, Contact, Form, Outstanding, Reminder
from etl.periods import Period


@dataclass(frozen=True)
class Held:
    """A source of the unit: id, who runs it, how its last pull for the period ended (None: it was never pulled)."""

    source: str
    owner: str
    state: str | None
    complete: bool


Behind = Mapping[tuple[str, str], Sequence[Held]]
"""(form, period) -> the sources that it is made of; none where the unit sends it by itself."""


def to_unit(
    unit: str,
    to: Contact,
    address: str,
    owed: Sequence[Outstanding],
    today: dt.date,
    office: Contact,
    forms: Mapping[str, Form],
    behind: Behind,
) -> Reminder:
    """The one letter of the day to a unit, about everything that it still owes. owed: at least one."""
    late = [one for one in owed if one.overdue]
    soonest = min((one.standing.obligation.due_on for one in owed if not one.overdue), default=None)
    urgency = [f"{len(late)} biểu đã quá hạn"] if late else []
    urgency += [f"{len(owed) - len(late)} biểu đến hạn ngày {soonest:%d/%m/%Y}"] if soonest else []
    name = owed[0].standing.obligation.name
    lines = [_line(one, forms, behind) for one in owed]
    html = _rendered("unit.html.j2", to=to, today=today, name=name, lines=lines, office=office)
    return Reminder(unit, today, address, f"Nhắc gửi báo cáo: {name}, {', '.join(urgency)}", html)


def to_office(
    office: Contact,
    address: str,
    owed: Sequence[Outstanding],
    today: dt.date,
    forms: Mapping[str, Form],
    unwritten: Mapping[str, str],
) -> Reminder:
    """The alert to the office that gathers the reports. owed: what is not there so near its due date, at least one.

    unwritten: unit -> why nobody is written to for it.
    """
    groups: dict[tuple[str, str, dt.date], list[Outstanding]] = {}
    for one in owed:
        obligation = one.standing.obligation
        groups.setdefault((obligation.form, obligation.period, obligation.due_on), []).append(one)
    lines = [
        {
            "form": forms[form],
            "period": Period.parse(period),
            "due_on": due_on,
            "nothing": [_name(one) for one in members if one.standing.first_received_on is None],
            "partial": [_name(one) for one in members if one.standing.first_received_on is not None],
        }
        for (form, period, due_on), members in groups.items()
    ]
    names = {one.standing.obligation.unit: _name(one) for one in owed}
    without = [(names[unit], why) for unit, why in unwritten.items() if unit in names]
    html = _rendered("office.html.j2", to=office, today=today, units=len(names), lines=lines, unwritten=without)
    subject = f"Cảnh báo hạn báo cáo: {len(names)} đơn vị chưa đủ, hạn {min(due for _, _, due in groups):%d/%m/%Y}"
    return Reminder(NATION, today, address, subject, html)


def _line(one: Outstanding, forms: Mapping[str, Form], behind: Behind) -> dict[str, Any]:
    owed = one.standing.obligation
    partial = one.standing.first_received_on is not None
    return {
        "form": forms[owed.form],
        "period": Period.parse(owed.period),
        "due_on": owed.due_on,
        "due_verified": owed.due_verified,
        "state": "Có biểu nhưng còn ô chưa có số liệu (ghi “…”)" if partial else "Chưa có báo cáo",
        "todo": _todo(behind.get((owed.form, owed.period), ()), partial),
    }


def _todo(held: Sequence[Held], partial: bool) -> str:
    """What the unit can do; where it is our turn, that it need not."""
    failed = [each for each in held if each.state is not None and not each.complete]
    if failed:
        waits = "; ".join(f"{each.source} ({each.owner}): {each.state}" for each in failed)
        return f"Kiểm tra hệ thống nguồn: {waits}. Nguồn thông thì số liệu được lấy lại và biểu tự đủ."
    if any(each.state is None for each in held):
        return "Số liệu chưa được lấy từ hệ thống nguồn: đơn vị tổng hợp phải xem lại; xin hỏi nếu gần hạn mà chưa rõ."
    if partial:
        return "Xem các ô ghi “…” trên biểu và lý do ở cuối biểu; sửa số liệu tại hệ thống nguồn."
    if held:
        return "Số liệu đã lấy đủ, đơn vị tổng hợp đang lập biểu: đơn vị không phải làm gì thêm."
    return "Gửi báo cáo cho đơn vị tổng hợp."


def _name(one: Outstanding) -> str:
    return one.standing.obligation.name


def _rendered(template: str, **given: Any) -> str:
    return _environment().get_template(template).render(**given)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("etl.compliance"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
