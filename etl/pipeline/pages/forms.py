"""An issued form as it was issued: to look at, and to take away."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from typing import Any, Literal

from cachetools import LRUCache
from upath import UPath

from etl import forms as workbook
from etl.errors import FormError, TraceError
from etl.forms.preview import Preview
from etl.model import NATION, Issue
from etl.pipeline.issue import IssuedForm
from etl.pipeline.pages.desk import Desk, NotSeen, Units
from etl.pipeline.printing import add_pdf
from etl.pipeline.selection import offered
from etl.warehouse.chain import Chain
from etl.warehouse.moment import at_one_moment

_SHOWN: LRUCache[str, tuple[Preview, frozenset[str]]] = LRUCache(maxsize=64)
_SHOWING = threading.Lock()
_PRINTING = threading.BoundedSemaphore(1)
"""LibreOffice takes a processor and a few hundred megabytes."""


@dataclass(frozen=True)
class File:
    """What is handed out: a file of ours, never one that a caller names."""

    name: str
    media_type: str
    content: bytes


Kind = Literal["xlsx", "pdf", "docx"]
_OFFICE = "application/vnd.openxmlformats-officedocument"
_MEDIA_TYPES: dict[Kind, str] = {
    "xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    "docx": f"{_OFFICE}.wordprocessingml.document",
    "pdf": "application/pdf",
}


@at_one_moment
def form_place(period_key: str | None, form: str | None, unit: str | None, units: Units | None) -> dict[str, str]:
    """Period, number and unit of a form to look at: what is asked for, else the first that there is for the account."""
    desk = Desk.open(period_key, units)
    catalog = desk.office.catalog
    if unit is None:
        known = {one.unit for one in desk.lookup.issued(desk.period.key) if form in (None, one.form)}
        seen = sorted(code for code in known if desk.sees(code) and code in desk.tree)
        unit = NATION if NATION in seen else next(iter(seen), None) or _own(desk)
    of = desk.unit(unit)
    numbers = [number for number, one in sorted(catalog.forms.items()) if of.level in offered(one)]
    number = form if form in numbers else next(iter(numbers), None)
    if number is None:
        raise NotSeen(f"không lập biểu nào cho {of.name} (no form is filled for the unit)")
    return {"period": desk.period.key, "number": number, "unit": of.code}


def _own(desk: Desk) -> str:
    """The unit that the account answers for; the nation where it sees everything."""
    return NATION if not desk.units else desk.units[0][0]


@at_one_moment
def preview(period_key: str, form: str, unit: str, number: int | None, units: Units | None) -> dict[str, Any]:
    """An issue of the form of a unit, the newest by default: what it shows, and which of its cells hold figures."""
    desk = Desk.open(period_key, units)
    found = _form(desk, form)
    of = desk.unit(unit)
    issues = desk.lookup.issues(form, unit, desk.period.key)
    told = {
        "period": desk.period,
        "quarters": desk.quarters,
        "form": found,
        "unit": of,
        "issues": issues,
        "units": [*filter(desk.seen, desk.tree.at_level("nation")), *filter(desk.seen, desk.tree.at_level("province"))],
        "forms": [one for one in desk.office.catalog.forms.values() if of.level in offered(one)],
        "reports": {
            number: len(there)
            for number in desk.office.catalog.narratives
            if (there := desk.lookup.issues(number, unit, desk.period.key))
        },
    }
    if not issues:
        return {**told, "number_of_issue": None, "issue": None, "preview": None, "figures": frozenset()}
    issue = _numbered(issues, number)
    shown, figures = _shown(desk, issue)
    return {**told, "number_of_issue": issues.index(issue) + 1, "issue": issue, "preview": shown, "figures": figures}


def issue_in_hand(desk: Desk, form: str, unit: str, number: int | None) -> IssuedForm:
    """Raises NotSeen where there is none, TraceError where the file is no longer the one that was issued."""
    _form(desk, form)
    desk.unit(unit)
    issues = desk.lookup.issues(form, unit, desk.period.key)
    return _opened(desk, _numbered(issues, number))


def copy_of(period_key: str, number: str, unit: str, issue: int, kind: Kind, units: Units | None) -> File:
    """An issued form or report in words as it was issued; pdf: the form's print, which is made when it is first asked
    for, sealed, and kept beside it.

    Raises NotSeen where there is none, TraceError where the file is no longer the one that was issued.
    """
    path, content = _read(_issue_of(period_key, number, unit, issue, kind, units))
    if kind == "pdf":
        path = _printed(path)
        content = path.read_bytes()
    return File(path.name, _MEDIA_TYPES[kind], content)


@at_one_moment
def _issue_of(period_key: str, number: str, unit: str, issue: int, kind: Kind, units: Units | None) -> Issue:
    """It is printed outside of the moment, as that takes its time."""
    desk = Desk.open(period_key, units)
    catalog = desk.office.catalog
    if number not in (catalog.narratives if kind == "docx" else catalog.forms):
        raise NotSeen(f"không có biểu {number!r} dạng {kind} (no such form)")
    desk.unit(unit)
    return _numbered(desk.lookup.issues(number, unit, desk.period.key), issue)


def _form(desk: Desk, number: str) -> Any:
    if number not in desk.office.catalog.forms:
        raise NotSeen(f"không có biểu {number!r} (no such form)")
    return desk.office.catalog.forms[number]


def _numbered(issues: list[Issue], number: int | None) -> Issue:
    if not issues or not 1 <= (number or len(issues)) <= len(issues):
        raise NotSeen("chưa lập biểu này, hoặc không có lần lập đó (no such issue)")
    return issues[(number or len(issues)) - 1]


def _read(issue: Issue) -> tuple[UPath, bytes]:
    path = UPath(issue.uri)
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != issue.sha256:
        raise TraceError(f"{path.name} đã bị sửa sau khi lập: sha256 khi lập {issue.sha256}, nay là {found} (altered)")
    return path, content


def _printed(path: UPath) -> UPath:
    with _PRINTING:
        told: list[dict[str, Any]] = [{"path": str(path)}]
        if not add_pdf(told):
            raise FormError(told[0]["pdf_reason"])
    return UPath(told[0]["pdf"])


def _opened(desk: Desk, issue: Issue) -> IssuedForm:
    path, content = _read(issue)
    office, unit = desk.office, desk.tree[issue.unit]
    chain, form = Chain(office.settings.warehouse_url), office.catalog.forms[issue.form]
    return IssuedForm(office, chain, unit, desk.period, issue.known_at, path.name, content, issue.sha256, form=form)


def _shown(desk: Desk, issue: Issue) -> tuple[Preview, frozenset[str]]:
    """Kept by its bytes: an issue never changes."""
    with _SHOWING:
        if issue.sha256 in _SHOWN:
            return _SHOWN[issue.sha256]
    opened = _opened(desk, issue)
    made = (
        workbook.preview(opened.content, opened.form.body_row),
        frozenset(at.rpartition("!")[2] for at in opened.cells),
    )
    with _SHOWING:
        _SHOWN[issue.sha256] = made
    return made
