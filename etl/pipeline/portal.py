"""Looking at one portal: its pull proven or not, what it answers, and the lines that would mend what is unknown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from etl.errors import SettingsError, SourceError
from etl.model import PULL_STATES, Finding, Platform, Source
from etl.parsing import Parsed
from etl.periods import TIMEZONE, Period
from etl.pipeline import changes
from etl.pipeline.collect import collect
from etl.pipeline.office import Office, closed
from etl.pipeline.readings import kept_rows
from etl.pipeline.repairs import lookup

_SAMPLE = 3


def source_check(source_id: str, period_key: str | None = None) -> dict[str, Any]:
    """Pull one source for a period (the last closed quarter), landed as ever, and tell everything about the answer.

    Raises SettingsError where there is no such source, PeriodError for a period that is not closed.
    """
    office = Office.open()
    source = office.catalog.sources.get(source_id)
    if source is None:
        raise SettingsError(f"không có nguồn {source_id!r}, xem `baocao sources` (no such source in the catalog)")
    period = closed(period_key or Period.containing(dt.datetime.now(TIMEZONE).date(), "quarter").previous().key)
    problem = ""
    try:
        collect(source.id, period.key)
    except SourceError as error:
        problem = str(error)
    receipt = office.landing.receipts(source.id, period.key)[-1]
    title = PULL_STATES[receipt.state]
    told: dict[str, Any] = {
        "source": source.id,
        "platform": source.platform,
        "period": period.key,
        "proven": receipt.state == "complete",
        "state": receipt.state,
        "title": f"{title.vi} / {title.en}",
        "message": problem,
        "proof": list(receipt.proof),
        "pages": [{"file": office.landing.locate(page), "request": page.request} for page in receipt.pages],
        "rows": receipt.rows,
        "sample": [],
        "columns": {},
        "lookups": [],
        "findings": [],
        "proposals": {},
    }
    if problem:
        return told
    parsed = kept_rows(office.catalog, office.landing, source, period, office.landing.pages(receipt))
    proposed = changes.proposals(office.catalog, office.landing, source, period, parsed)
    findings = list(changes.told(office.catalog, office.landing, source, period, parsed))
    measures = list(office.catalog.datasets[office.catalog.dataset_of(source)].columns)
    shown = ["agency", "unit", "tier", "field", *measures]
    return {
        **told,
        "sample": parsed.table.select(shown).slice(0, _SAMPLE).to_pylist(),
        "columns": _columns(office.catalog.platform_of(source, period), source, parsed),
        "lookups": _lookups(office, source, period, findings),
        "findings": [asdict(finding) for finding in findings],
        "proposals": {column: [{**asdict(one), "line": one.line} for one in ones] for column, ones in proposed.items()},
    }


def _columns(platform: Platform, source: Source, parsed: Parsed) -> dict[str, str]:
    """Every source column that is declared or came, and what becomes of it."""
    found: dict[str, list[str]] = {}

    def note(column: str | None, use: str) -> None:
        if column is not None:
            found.setdefault(column, []).append(use)

    for measure, parts in platform.columns.items():
        for part in parts:
            note(part, measure)
    for one in platform.identities:
        for name in (one.total, *one.parts):
            note(name, f"{one.total} = {' + '.join(one.parts)}")
    note(platform.unit.column, "đơn vị / unit")
    note(platform.unit.skip_column, "ngoài phạm vi / outside")
    note(platform.field.column if platform.field else None, "lĩnh vực / field")
    for axis in (*platform.totals.axes, *platform.totals.spans):
        note(axis, "dòng tổng / totals")
    note(platform.unique.day_column if platform.unique else None, "ngày / day")
    uses = {source.renamed.get(name, name): "; ".join(dict.fromkeys(uses)) for name, uses in found.items()}
    return {
        **uses,
        **dict.fromkeys(platform.ignore, "bỏ qua / ignored"),
        **dict.fromkeys(parsed.unread, "KHÔNG AI ĐỌC / UNREAD"),
        **dict.fromkeys(parsed.missing, "KHÔNG CÒN / MISSING"),
    }


def _lookups(office: Office, source: Source, period: Period, findings: Iterable[Finding]) -> list[dict[str, str]]:
    """The line for the source's file of each agency and field that nobody knows."""
    kinds = {"READ-UNIT": "unit", "READ-FIELD": "field"}
    unknown = dict.fromkeys((kinds[one.rule], one.value) for one in findings if one.rule in kinds)
    return [lookup(office.catalog, source, period, kind, value) for kind, value in unknown]
