"""The letters that `watch` sends, in Vietnamese: what is owed, by when, what to do, whom to ask. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from etl.model import NATION, Contact, Form, Outstanding, Reminder
from etl.periods import Period

_CELL = 'style="border:1px solid #999;padding:4px 8px;text-align:left;vertical-align:top"'
_UNVERIFIED = " (hạn này do dự án đặt, chưa thấy trong văn bản)"


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
    first = owed[0].standing.obligation
    late = [one for one in owed if one.overdue]
    soonest = min((one.standing.obligation.due_on for one in owed if not one.overdue), default=None)
    urgency = [f"{len(late)} biểu đã quá hạn"] if late else []
    urgency += [f"{len(owed) - len(late)} biểu đến hạn ngày {soonest:%d/%m/%Y}"] if soonest else []
    rows = "".join(_row(one, today, forms[one.standing.obligation.form], behind) for one in owed)
    body = f"""<p>Kính gửi: {escape(to.office)}</p>
<p>Tính đến ngày {today:%d/%m/%Y}, {escape(first.name)} còn {len(owed)} báo cáo chưa gửi hoặc chưa đủ số liệu:</p>
{_table(("Biểu", "Kỳ báo cáo", "Hạn gửi", "Tình trạng", "Việc cần làm"), rows)}
<p>Nếu báo cáo đã gửi, hoặc trong kỳ không phát sinh số liệu, xin báo lại đơn vị tổng hợp để ghi nhận.</p>
{_asked(office)}
<p style="color:#555">Thư tự động, mỗi ngày làm việc nhiều nhất một thư; không gửi nữa khi báo cáo đã đủ.</p>"""
    return Reminder(unit, today, address, f"Nhắc gửi báo cáo: {first.name}, {', '.join(urgency)}", _page(body))


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
    rows = "".join(
        _tr(
            _form(forms[form]),
            _period(period),
            f"{due_on:%d/%m/%Y}{_when(due_on, today)}",
            _names(one for one in members if one.standing.first_received_on is None),
            _names(one for one in members if one.standing.first_received_on is not None),
        )
        for (form, period, due_on), members in groups.items()
    )
    units = len({one.standing.obligation.unit for one in owed})
    body = f"""<p>Kính gửi: {escape(office.office)}</p>
<p>Tính đến ngày {today:%d/%m/%Y} còn {units} đơn vị chưa có báo cáo đủ số liệu:</p>
{_table(("Biểu", "Kỳ báo cáo", "Hạn gửi", "Chưa có báo cáo", "Có nhưng thiếu số liệu"), rows)}
{_unwritten(owed, unwritten)}
<p>Việc cần làm: xem các nguồn báo lỗi (lệnh <code>baocao sources</code>, hoặc ô đỏ của DAG <code>collect</code>),
liên hệ đơn vị; danh sách đầy đủ: <code>baocao watch --on {today.isoformat()}</code>.</p>"""
    subject = f"Cảnh báo hạn báo cáo: {units} đơn vị chưa đủ, hạn {min(due for _, _, due in groups):%d/%m/%Y}"
    return Reminder(NATION, today, address, subject, _page(body))


def _row(one: Outstanding, today: dt.date, form: Form, behind: Behind) -> str:
    owed = one.standing.obligation
    partial = one.standing.first_received_on is not None
    state = "Có biểu nhưng còn ô chưa có số liệu (ghi “…”)" if partial else "Chưa có báo cáo"
    todo = _todo(behind.get((owed.form, owed.period), ()), partial)
    unsure = "" if owed.due_verified else _UNVERIFIED
    due = f"{owed.due_on:%d/%m/%Y}{_when(owed.due_on, today)}{unsure}"
    return _tr(_form(form), _period(owed.period), due, state, todo)


def _todo(held: Sequence[Held], partial: bool) -> str:
    """What the unit can do; where it is our turn, that it need not."""
    failed = [each for each in held if each.state is not None and not each.complete]
    if failed:
        waits = "; ".join(
            f"{escape(each.source)} ({escape(each.owner)}): {escape(each.state or '')}" for each in failed
        )
        return f"Kiểm tra hệ thống nguồn: {waits}. Nguồn thông thì số liệu được lấy lại và biểu tự đủ."
    if any(each.state is None for each in held):
        return "Số liệu chưa được lấy từ hệ thống nguồn: đơn vị tổng hợp phải xem lại; xin hỏi nếu gần hạn mà chưa rõ."
    if partial:
        return "Xem các ô ghi “…” trên biểu và lý do ở cuối biểu; sửa số liệu tại hệ thống nguồn."
    if held:
        return "Số liệu đã lấy đủ, đơn vị tổng hợp đang lập biểu: đơn vị không phải làm gì thêm."
    return "Gửi báo cáo cho đơn vị tổng hợp."


def _form(form: Form) -> str:
    own = "" if form.official else "<br>(biểu do dự án tự đặt, không phải biểu chính thức)"
    return f"<b>{escape(form.number)}</b><br>{escape(form.title)}{own}"


def _period(key: str) -> str:
    period = Period.parse(key)
    return f"{period.title_vi}<br>({period.days})"


def _when(due_on: dt.date, today: dt.date) -> str:
    left = (due_on - today).days
    if left < 0:
        return f"<br><b>quá hạn {-left} ngày</b>"
    return "<br><b>hôm nay</b>" if left == 0 else f"<br>còn {left} ngày"


def _names(members: Iterable[Outstanding]) -> str:
    return "; ".join(escape(one.standing.obligation.name) for one in members) or "–"


def _unwritten(owed: Sequence[Outstanding], unwritten: Mapping[str, str]) -> str:
    names = {one.standing.obligation.unit: one.standing.obligation.name for one in owed}
    told = "; ".join(f"{escape(names[unit])}: {escape(why)}" for unit, why in unwritten.items() if unit in names)
    return f"<p><b>Không có thư nhắc cho:</b> {told}</p>" if told else ""


def _asked(office: Contact) -> str:
    phone = f", điện thoại {escape(office.phone)}" if office.phone else ""
    return f"<p>Cần hỏi: {escape(office.office)}{phone}, hoặc trả lời thư này.</p>"


def _table(headings: Sequence[str], rows: str) -> str:
    head = "".join(f"<th {_CELL}>{heading}</th>" for heading in headings)
    return f'<table style="border-collapse:collapse"><tr>{head}</tr>{rows}</table>'


def _tr(*cells: str) -> str:
    return "<tr>" + "".join(f"<td {_CELL}>{cell}</td>" for cell in cells) + "</tr>"


def _page(body: str) -> str:
    return f'<html lang="vi"><body style="font-family:Arial,sans-serif;font-size:14px">\n{body}\n</body></html>\n'
