"""Which form, units and figures a call means."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from etl import forms as workbook
from etl.errors import PeriodError, SettingsError
from etl.model import NATION, Fact, Form, Level, Unit
from etl.periods import TIMEZONE, Period
from etl.pipeline.office import Office
from etl.units import UnitTree

_LONGEST_TITLE = 500


def form_numbered(office: Office, number: str) -> Form:
    """The form of that number. Raises SettingsError when there is none."""
    if number not in office.catalog.forms:
        raise SettingsError(f"không có biểu {number!r}: các biểu là {', '.join(sorted(office.catalog.forms))}")
    return office.catalog.forms[number]


def unit_named(office: Office, period: Period, text: str) -> Unit:
    """The unit of the period by its code or name. Raises SettingsError when there is none."""
    unit = office.catalog.tree(period).find(text)
    if unit is None:
        raise SettingsError(f"không có đơn vị {text!r} trong kỳ {period.key}: viết mã (01) hay tên (Hà Nội)")
    return unit


def units_of(office: Office, form: Form, period: Period, unit: str | None, level: str | None) -> list[Unit]:
    """Whose forms are filled. Raises SettingsError where the form is not filled for that unit or level."""
    tree, levels = office.catalog.tree(period), offered(form)
    one = None if unit is None else unit_named(office, period, unit)
    asked = level if one is None else one.level
    if asked is None:
        return [unit for level in form.levels for unit in tree.at_level(level)]
    if asked not in levels:
        raise SettingsError(
            f"biểu {form.number} không lập cho cấp {asked}: chỉ lập cho {', '.join(levels)} (the form is not filled "
            "for that level)"
        )
    return [found for found in tree.at_level(asked) if one is None or found.code == one.code]


def offered(form: Form) -> tuple[Level, ...]:
    return (*form.levels, *form.on_demand)


def facts_by_unit(
    office: Office, form: Form, period: Period, units: Sequence[Unit], known_at: dt.datetime | None = None
) -> dict[str, list[Fact]]:
    """Figures of the units, and of those that have a row on their forms, as known at the moment (None: now)."""
    wanted = [column.indicator for column in form.columns if column.indicator]
    tree = office.catalog.tree(period)
    with_rows = {one for unit in units for one in workbook.members(form, unit, tree)}
    by_unit: dict[str, list[Fact]] = {}
    for fact in office.warehouse.facts(period.key, units=with_rows, indicators=wanted, known_at=known_at):
        by_unit.setdefault(fact.unit, []).append(fact)
    if not by_unit and office.warehouse.figures_at(period.key, known_at) is None:
        raise PeriodError(f"kho chưa có số liệu kỳ {period.key} cho biểu {form.number}: chạy `baocao run {period.key}`")
    return by_unit


def facts_of(form: Form, unit: Unit, tree: UnitTree, by_unit: dict[str, list[Fact]]) -> list[Fact]:
    return [fact for code in workbook.members(form, unit, tree) for fact in by_unit.get(code, [])]


def procedure_titles(
    office: Office, form: Form, period: Period, known_at: dt.datetime | None = None
) -> dict[str, dict[str, str]]:
    """Titles of the procedures of a form by their code, by province and for the nation, as the sources write them.

    A source's own text, shown as text however strange it is. Of several for one code the first in order counts.
    """
    tree, columns, homes = office.catalog.tree(period), {}, {}
    for source in office.catalog.due_sources(period):
        platform = office.catalog.platform_of(source)
        if platform.dataset == form.dataset and platform.field is not None and platform.field.name is not None:
            name = platform.field.name
            columns[source.id] = source.renamed.get(name, name).split(".")
            homes[source.id] = tree.home(source.unit)
    found: dict[str, dict[str, str]] = {}
    for source_id, titles in office.warehouse.titles(period.key, columns, known_at).items():
        for code, title in titles.items():
            shown = " ".join(title.split())[:_LONGEST_TITLE]
            for unit in (homes[source_id], NATION):
                known = found.setdefault(unit, {})
                known[code] = min(known.get(code, shown), shown)
    return found


def moment_of(text: str) -> dt.datetime:
    """The moment written as ISO 8601, of Hanoi where it names no zone; of a day its end.

    Raises SettingsError for other text and for what is still to come: nobody knows what will be known then.
    """
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError as problem:
        raise SettingsError(
            f"không đọc được thời điểm {text!r}: viết 2026-09-20 hoặc 2026-09-20T14:30 (a moment is written so)"
        ) from problem
    if len(text) <= len("2026-09-20"):
        at = at.replace(hour=23, minute=59, second=59, microsecond=999_999)
    if at.tzinfo is None:
        at = at.replace(tzinfo=TIMEZONE)
    if at > dt.datetime.now(dt.UTC):
        raise SettingsError(f"thời điểm {text} chưa tới, chưa thể nói lúc đó kho có gì (the moment is still to come)")
    return at
