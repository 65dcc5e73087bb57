"""From facts to filled forms."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from upath import UPath

from etl import forms as workbook
from etl.files import create
from etl.model import Comparisons, Form, Suite, Unit
from etl.periods import Period
from etl.pipeline.calendar import form_deadline
from etl.pipeline.collect import coverage
from etl.pipeline.filling import Filled, Filling, batches, nothing_to_fill
from etl.pipeline.office import Office, closed
from etl.pipeline.selection import form_numbered, offered, unit_named, units_of
from etl.warehouse import NewIssue

_AT_ONCE = 200
"""Forms that are issued in one transaction: they are held in memory till then."""


def forms() -> list[str]:
    """Numbers of the forms that are filled."""
    return sorted(Office.open().catalog.forms)


def publish(period_key: str, form_number: str, *, unit: str | None = None, level: str | None = None) -> dict[str, Any]:
    """Fill one form for the units of its levels, or for one unit or one level that is filled on demand.

    With every run also the forms that were filled on demand before: what was given out is kept up.

    An issue is never overwritten: what differs is the next one. Of a dataset that no source reports there is nothing
    to fill; a form that its unit does not owe is not filled while there is no figure of it (`empty` counts these).
    Raises PeriodError when the warehouse holds nothing of the period, SettingsError for a unit or level that the form
    does not have.
    """
    office = Office.open()
    form, period = form_numbered(office, form_number), closed(period_key)
    earlier = issues_of(office.store("forms", period.key, form.number), form, period)
    units = _asked_for(office, form, period, unit, level, earlier)
    written = changed = 0
    for some in _together(to_issue(office, form, period, unit, level)):
        written += len(some)
        changed += _issue(office, form, period, some)
    return {
        "form": form.number,
        "written": written,
        "changed": changed,
        "same": written - changed,
        "empty": len(units) - written,
    }


def to_issue(
    office: Office, form: Form, period: Period, unit: str | None = None, level: str | None = None
) -> Iterator[Filled]:
    """What `publish` finds, unit by unit: without content where the last issue is what it should be.

    Of a locked period that is every form that no approved restatement touched since its last issue.
    """
    earlier = issues_of(office.store("forms", period.key, form.number), form, period)
    units = _asked_for(office, form, period, unit, level, earlier)
    if not office.catalog.reports(form.dataset, period):
        return
    issued_at = office.warehouse.issues_known_at(form.number, period.key)
    issued_at = {code: moment for code, moment in issued_at.items() if code in earlier}
    # Everything of one moment, whatever is loaded meanwhile: the issue names it, and can be filled again.
    filling = Filling(office, form, period, office.warehouse.known_at(period.key))
    for batch in batches(units, form):
        for one in filling.filled(batch, issued_at):
            if one.unit.code in earlier or not nothing_to_fill(form, one.unit, one.facts):
                yield one


def fill_forms(
    period_key: str, *, form: str | None = None, unit: str | None = None, level: str | None = None
) -> list[dict[str, Any]]:
    """Fill one form or each of them, of every unit that is filled with each run, of one unit or of one level.

    Gives what `issued` tells of these units, and each unit asked for of which nothing was filled, with the `reason`
    and no path. Without a form, those that are not filled for the unit's level are passed over.
    """
    office = Office.open()
    period = closed(period_key)
    asked = level if unit is None else unit_named(office, period, unit).level
    numbers = forms() if form is None else [form_numbered(office, form).number]
    if form is None and asked is not None:
        numbers = [number for number in numbers if asked in offered(office.catalog.forms[number])]
    found = []
    for number in numbers:
        publish(period_key, number, unit=unit, level=level)
        units = {one.code: one for one in units_of(office, office.catalog.forms[number], period, unit, level)}
        there = [one for one in issued(period_key, number) if one["unit"] in units]
        found += there
        if asked is not None:
            for code in units.keys() - {one["unit"] for one in there}:
                found.append(_not_filled(office, number, period, units[code]))
    return sorted(found, key=lambda one: (one["form"], one["level"], one["unit"]))


def copy_issue(path: str, folder: Path) -> str:
    """A copy of an issued file in a folder of the caller's, under the same name; gives its path."""
    source, target = UPath(path), folder / UPath(path).name
    folder.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())
    return str(target)


def _not_filled(office: Office, number: str, period: Period, unit: Unit) -> dict[str, Any]:
    dataset = office.catalog.forms[number].dataset
    if unit.level == "ministry" or not office.catalog.reports(dataset, period):
        reason = "chưa có hệ thống nguồn nào báo cáo cho đơn vị (no source reports for the unit)"
    else:
        reason = "kho chưa có số liệu nào của đơn vị (the warehouse has no figure of the unit)"
    known = {"form": number, "unit": unit.code, "name": unit.name, "level": unit.level, "path": None}
    return {**known, "due_on": None, "due_verified": None, "reason": reason}


def issued(period_key: str, form_number: str | None = None) -> list[dict[str, Any]]:
    """The newest issue of every form of the period, or of one form: form, unit, name, level, path, and by what day the
    unit files it (None where it does not owe it)."""
    office = Office.open()
    period = closed(period_key)
    tree = office.catalog.tree(period)
    numbers = sorted(office.catalog.forms) if form_number is None else [form_numbered(office, form_number).number]
    found = []
    for form in (office.catalog.forms[number] for number in numbers):
        issues = issues_of(office.store("forms", period.key, form.number), form, period)
        for level in offered(form):
            owes = form.owed and level in form.levels
            due = form_deadline(office, form.number, period, level) if owes else None
            due_on = due and due.due_on.isoformat()
            for unit in tree.at_level(level):
                if last := issues.get(unit.code, [])[-1:]:
                    one = {"form": form.number, "unit": unit.code, "name": unit.name, "level": level}
                    told = {"path": str(last[0]), "due_on": due_on, "due_verified": due and due.rule.verified}
                    found.append({**one, **told})
    return found


def summary(period_key: str) -> dict[str, Any]:
    """What the last run of the period did, for people: pulls, rows, quarantine, facts, forms."""
    office = Office.open()
    period = closed(period_key)
    suites: list[Suite | Comparisons] = [*map(office.suite, office.catalog.datasets), office.across()]
    return {
        **office.warehouse.summary(period.key),
        "coverage": coverage(period.key),
        "issued": issued(period.key),
        "rule_titles": {rule.id: rule.title.vi for suite in suites for rule in suite.rules},
    }


def _asked_for(
    office: Office, form: Form, period: Period, unit: str | None, level: str | None, earlier: Mapping[str, object]
) -> list[Unit]:
    """The units asked for; with those of every run also those with an earlier issue on demand."""
    tree, units = office.catalog.tree(period), units_of(office, form, period, unit, level)
    if unit is not None or level is not None:
        return units
    return units + [tree[code] for code in earlier if code in tree and tree[code].level in form.on_demand]


def issues_of(folder: UPath, form: Form, period: Period) -> dict[str, list[UPath]]:
    """Files of the form already issued, by unit, first to last."""
    folder.fs.invalidate_cache(folder.path)  # another machine may have issued since an object store was listed
    pattern = re.compile(rf"{re.escape(form.number)}_([^_]+)_{re.escape(period.key)}_lan(\d+)\.xlsx")
    found = sorted(
        (match[1], int(match[2]), path) for path in folder.iterdir() if (match := pattern.fullmatch(path.name))
    )
    issues: dict[str, list[UPath]] = {}
    for unit, _, path in found:
        issues.setdefault(unit, []).append(path)
    return issues


def _together(filled: Iterator[Filled]) -> Iterator[list[Filled]]:
    while some := list(islice(filled, _AT_ONCE)):
        yield some


def _issue(office: Office, form: Form, period: Period, filled: Sequence[Filled]) -> int:
    """How many files are other ones than the last.

    Files come first: cut off before the warehouse was told, the next run finds them as they should be and tells it.
    """
    folder, tree = office.store("forms", period.key, form.number), office.catalog.tree(period)
    noted, changed = [], 0
    with office.warehouse.issuing(form.number, period.key) as issuing:
        earlier = issues_of(folder, form, period)
        for one in filled:
            code, last = one.unit.code, issuing.known_at(one.unit.code)
            if one.content is None or (last is not None and last > one.known_at):
                continue  # nothing to issue, or another run, which knew of a later load, was faster
            path, new = _file(folder, earlier.get(code, []), f"{form.number}_{code}_{period.key}", one.content)
            changed += new
            complete = workbook.complete(form, one.unit, one.facts, tree, office.catalog.fields)
            sha256 = hashlib.sha256(one.content).hexdigest()
            noted.append(NewIssue(code, one.known_at, sha256, str(path), complete, not one.says_final))
        issuing.note(noted)
    return changed


def _file(folder: UPath, earlier: Sequence[UPath], stem: str, content: bytes) -> tuple[UPath, bool]:
    """The last issue where it has this content, else the next one, and whether it is new."""
    if earlier and earlier[-1].read_bytes() == content:
        return earlier[-1], False
    number = int(earlier[-1].stem.rpartition("_lan")[2]) + 1 if earlier else 1
    path = folder / f"{stem}_lan{number}.xlsx"
    create(path, content)
    return path, True
