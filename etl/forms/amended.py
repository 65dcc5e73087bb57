"""The line of an issue marked (R): which approved restatement it carries, and what that changed."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from etl.forms.grid import Key, Layout
from etl.forms.styles import MARKS
from etl.model import RESTATEMENT_CODES, Amendment, Fact, Form
from etl.periods import TIMEZONE

MARK = " (R)"
"""Behind the period, on the face of the form."""
_MOST_NAMED = 30


def amended(
    form: Form, amendment: Amendment, now: tuple[Layout, Mapping[Key, Fact]], before: tuple[Layout, Mapping[Key, Fact]]
) -> str:
    """now, before: cells of the form and the figures in them, since the amendment and as they were published before."""
    named = []
    columns = {column.indicator: column.number for column in form.columns if column.indicator}
    rows = {(row.unit, row.tier, row.field): row.label for plan, _ in (before, now) for row in plan.rows}
    for key in dict.fromkeys(chain(now[0].cells.values(), before[0].cells.values())):
        old, new = (_shown(figures.get(key), key in plan.cells.values()) for plan, figures in (before, now))
        if old != new:
            named.append(f"cột ({columns[key.indicator]}), dòng “{rows[key[1:]]}”: {old} → {new}")
    rest = f"; và {len(named) - _MOST_NAMED} số liệu khác" if len(named) > _MOST_NAMED else ""
    told = f"{len(named)} số liệu thay đổi: {'; '.join(named[:_MOST_NAMED])}{rest}" if named else "số liệu không đổi"
    return (
        f"(R): bản điều chỉnh lần {amendment.number} của kỳ đã công bố, duyệt ngày "
        f"{amendment.approved_at.astimezone(TIMEZONE):%d/%m/%Y}, lý do: {RESTATEMENT_CODES[amendment.code].vi}. "
        f"So với bản trước, {told}."
    )


def _shown(fact: Fact | None, has_cell: bool) -> str:
    if not has_cell:
        return "không có dòng"
    if fact is None or fact.value is None:
        return "…"
    number = f"{fact.value.normalize():f}".replace(".", ",")
    return number + (MARKS["moving"] if fact.state == "moving" else "")
