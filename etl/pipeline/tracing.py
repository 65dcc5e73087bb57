"""From any numeric cell of an issued form back to the bytes it rests on."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from etl import forms as workbook
from etl import proof
from etl.errors import TraceError
from etl.model import Fact
from etl.pipeline.days import source_days
from etl.pipeline.evidence import Evidence
from etl.pipeline.issue import Issued, issued_form


def trace(file: str, cell: str) -> dict[str, Any]:
    """One cell of an issued form ("Biểu!F12"; "F12" is of its first sheet) back to the bytes, as of its own moment.

    Of a report in words the cell is a bookmark, which has the code of its indicator.

    The figure, its formula, what maps a source's columns to it, its standard rows, and the landed pages with address
    and time. Every page is read again and compared with its sha256, each row with the record its pointer leads to, and
    the figure is added up again from the rows. waivers: those without which it would be withheld.
    Raises TraceError, naming the file, for a form that is not an issue, bytes that are not those the figure came from,
    or a figure that is not what its rows add up to; FormError for a cell that holds no figure.
    """
    issue = issued_form(file)
    office = issue.office
    place = issue.address(cell)
    key = issue.cells[place]
    fact = _figure(issue, key)
    indicator = office.catalog.indicators[fact.indicator]
    terms = issue.terms(indicator)
    names = list(dict.fromkeys([*terms["numerator"], *terms["denominator"]]))
    measures = {name: issue.measure(name, indicator.dataset) for name in names}
    ground = issue.ground
    evidence = {quarter: Evidence(office, quarter) for quarter in ground.quarters}
    under = list(ground.rows(indicator.dataset, key.unit, key.tier, key.field))
    rows, counted = [], []
    measured = next(iter(measures.values())).get("dataset")
    for one in under:
        told = evidence[one.quarter].of(one.row, names)
        given = {**told, "values": one.row.values, "tier": one.row.tier, "dataset": measured, **one.place}
        days = ground.days.get(given.get("part", one.row.source))
        of = any(proof.of_whole(measure, given, days) for measure in measures.values())
        rows.append({**told, "period": one.quarter.key, "of_figure": of})
        counted.append(given)
    sums = proof.Rows(counted, measures, ground.days, ground.parents(under), {key.unit})
    computed = sums.figure((key.unit, key.tier, key.field), terms)
    sources = {one.row.source for one in under}
    shown, percent = issue.shown.get(place), issue.percent(indicator)
    printed = None if shown is None else shown.number / (100 if percent else 1)
    if not fact.value == printed or (printed is not None and computed != printed):
        raise TraceError(
            f"{issue.name}, ô {place}: biểu in {printed}, kho có {fact.value}, các dòng nguồn cộng lại được "
            f"{computed} (what is printed, recorded and added up again differ)"
        )
    sheet, _, address = place.rpartition("!")
    return {
        "form": issue.number,
        "file": issue.name,
        "file_sha256": issue.sha256,
        "known_at": issue.known_at.isoformat(),
        "sheet": sheet or None,
        "cell": address,
        "printed": _plain(printed),
        "formula": {"cell": shown and shown.formula, **terms},
        "unit": issue.unit.code,
        "unit_name": issue.unit.name,
        "period": issue.period.key,
        "indicator": indicator.code,
        "title": indicator.title.vi,
        "law": indicator.law,
        "mapping": mapping(issue, sources, names),
        **_told(fact),
        "waivers": [{**asdict(one), "expires": one.expires.isoformat()} for one in issue.waived.of(key)],
        "quarters": [{"period": one.period, **_told(one)} for one in ground.facts(*key)],
        "computed": _plain(None if computed is None else Decimal(computed)),
        "days": [day for one in ground.quarters for day in source_days(office, one, sources, issue.known_at)],
        "rows": rows,
        "pages_verified": sum(one.pages_verified for one in evidence.values()),
    }


def _figure(issue: Issued, key: workbook.Key) -> Fact:
    for fact in issue.facts:
        if (fact.indicator, fact.unit, fact.tier, fact.field) == key:
            return fact
    raise TraceError(f"{issue.name}: kho không có số liệu {' '.join(key)} (the warehouse holds no such figure)")


def mapping(issue: Issued, sources: set[str], measures: list[str]) -> dict[str, dict[str, list[str]]]:
    """Of each source, which of its columns (or counts of single records) each measure is the sum of."""
    catalog = issue.office.catalog
    found = {}
    for source in sorted(sources):
        columns = catalog.platform_of(catalog.sources[source]).columns
        found[source] = {measure: list(columns.get(measure, ())) for measure in measures}
    return found


def _told(fact: Fact) -> dict[str, Any]:
    return {
        "tier": fact.tier,
        "field": fact.field,
        "value": _plain(fact.value),
        "reason": fact.reason,
        "revision": fact.revision,
        "state": fact.state,
        "recorded_at": fact.recorded_at.isoformat(),
        "load": fact.load,
        "figure_unit": fact.unit,
    }


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else f"{value.normalize():f}"
