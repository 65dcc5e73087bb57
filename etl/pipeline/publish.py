"""From facts to filled forms, and from any cell of a form back to the bytes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from upath import UPath

from etl import forms as workbook
from etl import parsing
from etl.bodies import Unreadable, json_of
from etl.errors import PeriodError, SettingsError, SourceBroken, TraceError
from etl.model import NATION, Fact, Form, Hole, Page, Unit
from etl.periods import Period
from etl.pipeline.collect import coverage
from etl.pipeline.days import source_days
from etl.pipeline.office import Office, closed
from etl.units import UnitTree
from etl.warehouse import TraceRow


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
        )
        changed += _issue(office, folder, form, unit, period, facts, content)
    return {"form": form.number, "written": len(units), "changed": changed, "same": len(units) - changed}


def issued(period_key: str) -> list[dict[str, str]]:
    """The newest issue of every form of the period: form, unit, name, path."""
    office = Office.open()
    period = closed(period_key)
    tree = office.catalog.tree(period)
    found = []
    for form in office.catalog.forms.values():
        folder = office.store("forms", period.key, form.number)
        for unit in (unit for level in form.levels for unit in tree.at_level(level)):
            if last := _issues(folder, form, unit, period)[-1:]:
                found.append({"form": form.number, "unit": unit.code, "name": unit.name, "path": str(last[0])})
    return found


def facts(period_key: str, unit: str, indicator: str | None = None) -> list[Fact]:
    """Current facts of one unit, by its code or name."""
    office = Office.open()
    period = closed(period_key)
    wanted = None if indicator is None else [indicator]
    return office.warehouse.facts(period.key, unit=_unit(office, period, unit).code, indicators=wanted)


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
    unit = _unit(office, period, unit_text)
    shown = _facts_of(form, unit, tree, _facts_by_unit(office, form, period))
    key = workbook.cell_fact(workbook.layout(form, unit, shown, tree, office.catalog.fields), cell)
    found = office.warehouse.trace(period.key, *key)
    indicator = office.catalog.indicators[found.fact.indicator]
    pages: dict[str, Any] = {}
    rows = []
    for row in found.rows:
        page = _page(row)
        if row.payload not in pages:
            pages[row.payload] = _document(office, period, row.source, page)
        platform = office.catalog.platform_of(office.catalog.sources[row.source])
        read = _record_at(pages[row.payload], row, by_row=platform.table is not None)
        columns = platform.columns.get(indicator.sum or "", ())
        renamed = office.catalog.sources[row.source].renamed
        rows.append(
            {
                "source": row.source,
                "agency": row.agency,
                "unit": row.unit,
                "field": row.field,
                "first_day": row.first_day and row.first_day.isoformat(),
                "last_day": row.last_day and row.last_day.isoformat(),
                "value": row.values.get(indicator.sum or ""),
                "read": {column: _figure(read, column, renamed) for column in columns},
                "file": office.landing.locate(page),
                "pointer": row.pointer,
                "sha256": row.payload,
                "address": row.address,
                "method": row.method,
                "request": row.request,
                "fetched_at": row.fetched_at.isoformat(),
                "receipt": row.receipt,
            }
        )
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
        "pages_verified": len(pages),
    }


def _form(office: Office, number: str) -> Form:
    if number not in office.catalog.forms:
        raise SettingsError(f"không có biểu {number!r}: các biểu là {', '.join(sorted(office.catalog.forms))}")
    return office.catalog.forms[number]


def _unit(office: Office, period: Period, text: str) -> Unit:
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
    office: Office, folder: UPath, form: Form, unit: Unit, period: Period, shown: Sequence[Fact], content: bytes
) -> bool:
    earlier = _issues(folder, form, unit, period)
    if earlier and earlier[-1].read_bytes() == content:
        return False
    path = folder / f"{form.number}_{unit.code}_{period.key}_lan{len(earlier) + 1}.xlsx"
    with path.open("xb") as target:
        target.write(content)
    known_at = max(fact.recorded_at for fact in shown)
    sha256 = hashlib.sha256(content).hexdigest()
    office.warehouse.issue(form.number, unit.code, period.key, known_at, sha256, str(path))
    return True


def _page(row: TraceRow) -> Page:
    return Page(
        sha256=row.payload,
        uri=row.uri,
        size=0,
        media_type="",
        status=200,
        method=row.method,
        address=row.address,
        request=row.request,
        fetched_at=row.fetched_at,
    )


def _document(office: Office, period: Period, source_id: str, page: Page) -> Any:
    """What a landed page holds: a JSON body, or the rows of a file by their pointers."""
    content = office.landing.read(page)
    source = office.catalog.sources[source_id]
    platform = office.catalog.platform_of(source)
    try:
        if platform.table is None:
            return json_of(content, page.media_type, platform.encoding)
        return parsing.file_rows(source, platform, period, page, content)
    except (SourceBroken, Unreadable) as problem:
        raise TraceError(f"{page.uri}: không đọc lại được như khi nạp số liệu ({problem})") from problem


def _record_at(document: Any, row: TraceRow, *, by_row: bool) -> Any:
    """The record the row's pointer leads to: a JSON pointer (RFC 6901), or `by_row` the row of a sheet.

    Raises TraceError when it leads nowhere.
    """
    found = document
    try:
        for part in [row.pointer] if by_row else row.pointer.split("/")[1:]:
            found = found[int(part)] if isinstance(found, list) else found[part]
    except (KeyError, IndexError, ValueError, TypeError) as problem:
        raise TraceError(f"{row.uri}: không có bản ghi {row.pointer} (the pointer leads nowhere)") from problem
    return found


def _figure(record: Any, column: str, renamed: Mapping[str, str]) -> Any:
    """The value under the platform's name of the column, or under the one its portal has for it now."""
    found = _dig(record, column)
    return _dig(record, renamed[column]) if found is None and column in renamed else found


def _dig(record: Any, path: str) -> Any:
    for part in path.split("."):
        record = record.get(part) if isinstance(record, dict) else None
    return record
