"""From facts to filled forms, and from any cell of a form back to the bytes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from upath import UPath

from etl import forms as workbook
from etl.errors import PeriodError, SettingsError
from etl.model import NATION, Fact, Form, Hole, Unit
from etl.periods import Period
from etl.pipeline.calendar import form_deadline
from etl.pipeline.collect import coverage
from etl.pipeline.days import counts, source_days
from etl.pipeline.evidence import Evidence
from etl.pipeline.office import Office, closed
from etl.units import UnitTree


def forms() -> list[str]:
    """Numbers of the forms that are filled."""
    return sorted(Office.open().catalog.forms)


def publish(period_key: str, form_number: str) -> dict[str, Any]:
    """Fill one form for every unit that owes it. An issue is never overwritten: what differs is the next one.

    Of a dataset that no source reports there is nothing to fill. Raises PeriodError when the warehouse holds
    nothing of the period.
    """
    office = Office.open()
    form, period = _form(office, form_number), closed(period_key)
    if not office.catalog.reports(form.dataset, period):
        return {"form": form.number, "written": 0, "changed": 0, "same": 0}
    tree = office.catalog.tree(period)
    blank = office.catalog.form_files[form.number].read_bytes()
    holes = office.warehouse.holes(period.key)
    days = office.warehouse.source_days(period.key)
    shown = _facts_by_unit(office, form, period)
    folder = office.store("forms", period.key, form.number)
    changed = 0
    units = [unit for level in form.levels for unit in tree.at_level(level)]
    for unit in units:
        facts = _facts_of(form, unit, tree, shown)
        content = workbook.fill(
            form,
            blank,
            unit,
            period,
            facts,
            _holes_of(form, unit, holes),
            tree,
            office.catalog.fields,
            office.catalog.sources,
            days,
            office.catalog.calendar.straddles,
        )
        complete = workbook.complete(form, unit, facts, tree, office.catalog.fields)
        changed += _issue(office, folder, form, unit, period, facts, content, complete)
    return {"form": form.number, "written": len(units), "changed": changed, "same": len(units) - changed}


def issued(period_key: str) -> list[dict[str, Any]]:
    """The newest issue of every form of the period: form, unit, name, path, and by what day the unit files it."""
    office = Office.open()
    period = closed(period_key)
    tree = office.catalog.tree(period)
    found = []
    for form in office.catalog.forms.values():
        folder = office.store("forms", period.key, form.number)
        for level in form.levels:
            due = form_deadline(office, form.number, period, level)
            due_on = due and due.due_on.isoformat()
            for unit in tree.at_level(level):
                if last := _issues(folder, form, unit, period)[-1:]:
                    one = {"form": form.number, "unit": unit.code, "name": unit.name, "path": str(last[0])}
                    found.append({**one, "due_on": due_on, "due_verified": due and due.rule.verified})
    return found


def summary(period_key: str) -> dict[str, Any]:
    """What the last run of the period did, for people: pulls, rows, quarantine, facts, forms."""
    office = Office.open()
    period = closed(period_key)
    rules = (rule for dataset in office.catalog.datasets for rule in office.suite(dataset).rules)
    return {
        **office.warehouse.summary(period.key),
        "coverage": coverage(period.key),
        "issued": issued(period.key),
        "rule_titles": {rule.id: rule.title.vi for rule in rules},
    }


def trace(form_number: str, unit_text: str, period_key: str, cell: str) -> dict[str, Any]:
    """One cell back to the bytes: figure, standard rows, landed pages with address and time.

    Every page is read again and compared with its sha256, and each row with the record its pointer
    leads to. Raises TraceError, naming the file, when bytes are not those the figure came from.
    """
    office = Office.open()
    form, period = _form(office, form_number), closed(period_key)
    tree = office.catalog.tree(period)
    unit = unit_named(office, period, unit_text)
    shown = _facts_of(form, unit, tree, _facts_by_unit(office, form, period))
    key = workbook.cell_fact(workbook.layout(form, unit, shown, tree, office.catalog.fields), cell)
    found = office.warehouse.trace(period.key, *key)
    indicator = office.catalog.indicators[found.fact.indicator]
    measures = office.catalog.datasets[indicator.dataset].columns
    nature = measures[indicator.sum].nature if indicator.sum else "total"
    whole = {one.source: (one.first_day, one.last_day) for one in office.warehouse.source_days(period.key)}
    evidence = Evidence(office, period)
    rows = [
        {
            **evidence.of(row, indicator.sum or ""),
            "of_figure": counts(nature, (row.first_day, row.last_day), whole.get(row.source)),
        }
        for row in found.rows
    ]
    return {
        "form": form.number,
        "cell": cell.upper(),
        "unit": unit.code,
        "unit_name": unit.name,
        "period": period.key,
        "indicator": indicator.code,
        "title": indicator.title.vi,
        "law": indicator.law,
        "tier": found.fact.tier,
        "field": found.fact.field,
        "value": None if found.fact.value is None else f"{found.fact.value.normalize():f}",
        "reason": found.fact.reason,
        "revision": found.fact.revision,
        "state": found.fact.state,
        "days": source_days(office, period, {row.source for row in found.rows}),
        "recorded_at": found.fact.recorded_at.isoformat(),
        "load": found.fact.load,
        "figure_unit": found.fact.unit,
        "rows": rows,
        "pages_verified": evidence.pages_verified,
    }


def _form(office: Office, number: str) -> Form:
    if number not in office.catalog.forms:
        raise SettingsError(f"không có biểu {number!r}: các biểu là {', '.join(sorted(office.catalog.forms))}")
    return office.catalog.forms[number]


def unit_named(office: Office, period: Period, text: str) -> Unit:
    """The unit of the period by its code or name. Raises SettingsError when there is none."""
    unit = office.catalog.tree(period).find(text)
    if unit is None:
        raise SettingsError(f"không có đơn vị {text!r} trong kỳ {period.key}: viết mã (01) hay tên (Hà Nội)")
    return unit


def _facts_by_unit(office: Office, form: Form, period: Period) -> dict[str, list[Fact]]:
    wanted = [column.indicator for column in form.columns if column.indicator]
    tree = office.catalog.tree(period)
    levels = {unit.code for unit in tree if unit.level in form.levels}
    by_unit: dict[str, list[Fact]] = {}
    for fact in office.warehouse.facts(
        period.key, units=levels if form.repeat == "tier_field" else None, indicators=wanted
    ):
        by_unit.setdefault(fact.unit, []).append(fact)
    if not by_unit:
        raise PeriodError(f"kho chưa có số liệu kỳ {period.key} cho biểu {form.number}: chạy `baocao run {period.key}`")
    return by_unit


def _facts_of(form: Form, unit: Unit, tree: UnitTree, by_unit: dict[str, list[Fact]]) -> list[Fact]:
    units = [unit] if form.repeat == "tier_field" else [unit, *tree.children(unit.code)]
    return [fact for member in units for fact in by_unit.get(member.code, [])]


def _holes_of(form: Form, unit: Unit, holes: Sequence[Hole]) -> list[Hole]:
    return [hole for hole in holes if hole.dataset == form.dataset and unit.code in (NATION, hole.province)]


def _issues(folder: UPath, form: Form, unit: Unit, period: Period) -> list[UPath]:
    """Files of the form already issued for the unit, first to last."""
    pattern = re.compile(rf"{re.escape(f'{form.number}_{unit.code}_{period.key}')}_lan(\d+)\.xlsx")
    numbered = ((pattern.fullmatch(path.name), path) for path in folder.iterdir())
    return [path for _, path in sorted((int(match[1]), path) for match, path in numbered if match)]


def _issue(
    office: Office,
    folder: UPath,
    form: Form,
    unit: Unit,
    period: Period,
    shown: Sequence[Fact],
    content: bytes,
    complete: bool,
) -> bool:
    """Whether the file is another one than the last. The warehouse is told in any case: it may have been cut off."""
    earlier = _issues(folder, form, unit, period)
    changed = not earlier or earlier[-1].read_bytes() != content
    path = folder / f"{form.number}_{unit.code}_{period.key}_lan{len(earlier) + 1}.xlsx" if changed else earlier[-1]
    if changed:
        with path.open("xb") as target:
            target.write(content)
    known_at = max(fact.recorded_at for fact in shown)
    sha256 = hashlib.sha256(content).hexdigest()
    office.warehouse.issue(form.number, unit.code, period.key, known_at, sha256, str(path), complete)
    return changed
