"""The report in words of a period: issued and sealed as it is written, filed by nobody before an office signs it."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from upath import UPath

from etl.errors import SettingsError
from etl.files import create
from etl.forms import narrative as writing
from etl.model import NATION, Narrative, Unit
from etl.periods import Period
from etl.pipeline.figures import past
from etl.pipeline.issue import compared_with
from etl.pipeline.office import Office, closed
from etl.pipeline.reviewed import of_dataset, of_load
from etl.pipeline.selection import unit_named
from etl.pipeline.waived import waived
from etl.warehouse import NewIssue


def narratives() -> list[str]:
    """Numbers of the reports in words."""
    return sorted(Office.open().catalog.narratives)


def narrate(period_key: str, *, number: str | None = None, unit: str | None = None, level: str | None = None) -> Any:
    """Write the reports in words of every unit of their levels, of one unit or of one level.

    Gives of each what `fill_forms` gives of a form. A draft is never overwritten: what differs is the next one. Raises
    SettingsError for another unit or level than the report has.
    """
    office, period = Office.open(), closed(period_key)
    one = None if unit is None else unit_named(office, period, unit)
    asked = level if one is None else one.level
    found = []
    for report in (office.catalog.narratives[name] for name in narratives() if number in (None, name)):
        if period.kind != report.period_kind:
            continue
        if asked is not None and asked not in report.levels:
            if number is None:
                continue
            raise SettingsError(f"báo cáo {report.number} chỉ lập cho {', '.join(report.levels)} (not of that level)")
        for of in (asked,) if asked else report.levels:
            for each in office.catalog.tree(period).at_level(of):
                if one is None or each.code == one.code:
                    found.append(_written(office, report, each, period))
    return found


def _written(office: Office, report: Narrative, unit: Unit, period: Period) -> dict[str, Any]:
    catalog = office.catalog
    tree = catalog.tree(period)
    # Everything of one moment, when all three periods are as they are now: the issue names it, and its figures and
    # those of the earlier periods are traced as of then.
    then = compared_with(period)
    known_at = [office.warehouse.known_at(one.key) for one in (period, *then.values())]
    moment = known_at[0] and max(one for one in known_at if one is not None)
    facts = writing.whole(office.warehouse.facts(period.key, unit=unit.code, known_at=moment), unit.code)
    known = {"form": report.number, "unit": unit.code, "name": unit.name, "level": unit.level}
    undue = {"due_on": None, "due_verified": None}
    if not facts or moment is None:
        return {**known, "path": None, **undue, "reason": "kho chưa có số liệu nào của đơn vị (no figure of the unit)"}
    holes = [hole for hole in office.warehouse.holes(period.key, moment) if unit.code in (NATION, hole.province)]
    asked = of_load(office, period, moment)
    told = writing.Told(
        facts=facts,
        before=past(then["before"], period.last_day, unit.code, moment),
        year_before=past(then["year_before"], period.last_day, unit.code, moment),
        holes=tuple(holes),
        days=tuple(office.warehouse.source_days(period.key, moment)),
        straddles=catalog.calendar.straddles,
        review=asked.review,
        waived=waived(office, {catalog.forms[one.form].dataset for one in report.sections}, period, moment),
        findings={form.dataset: of_dataset(office, asked.findings, form.dataset) for form in catalog.forms.values()},
    )
    content = writing.narrate(
        report,
        catalog.form_files[report.number].read_bytes(),
        unit,
        period,
        told,
        tree,
        catalog.forms,
        catalog.indicators,
        catalog.fields,
        catalog.sources,
    )
    folder = office.store("narratives", period.key, report.number)
    with office.warehouse.issuing(report.number, period.key) as issuing:
        path = _kept(folder, f"{report.number}_{unit.code}", period, content)
        sha256 = hashlib.sha256(content).hexdigest()
        issuing.note([NewIssue(unit.code, moment, sha256, str(path), complete=True, corrects=False)])
    return {**known, "path": str(path), **undue}


def _kept(folder: UPath, stem: str, period: Period, content: bytes) -> UPath:
    pattern = re.compile(rf"{re.escape(stem)}_{re.escape(period.key)}_lan(\d+)\.docx")
    drafts = sorted((int(match[1]), path) for path in folder.iterdir() if (match := pattern.fullmatch(path.name)))
    if drafts and drafts[-1][1].read_bytes() == content:
        return drafts[-1][1]
    path = folder / f"{stem}_{period.key}_lan{drafts[-1][0] + 1 if drafts else 1}.docx"
    create(path, content)
    return path
