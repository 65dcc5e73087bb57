"""From a cell of an issued form back to the bytes, at the pace of a page."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from cachetools import LRUCache

from etl import forms as workbook
from etl.errors import FormError
from etl.model import Fact
from etl.periods import Period
from etl.pipeline.evidence import Evidence
from etl.pipeline.issue import IssuedForm
from etl.pipeline.pages.desk import Desk, NotSeen, Units
from etl.pipeline.pages.forms import issue_in_hand
from etl.pipeline.tracing import mapping
from etl.warehouse import TraceRow
from etl.warehouse.moment import at_one_moment

ROWS = 20
"""Rows that are read again from their landed bytes. `baocao trace` reads every one of them, and adds them up."""
_FOUND: LRUCache[tuple[str, str], dict[str, Any]] = LRUCache(maxsize=256)
_FINDING = threading.Lock()


@at_one_moment
def trace_cell(period_key: str, form: str, unit: str, number: int, cell: str, units: Units | None) -> dict[str, Any]:
    """The figure in a cell of an issue: formula, fact as known then, sums of its rows by source, and the first of the
    rows with how their answers were asked for, each read again from the landed bytes.

    Raises NotSeen for a cell that holds no figure, TraceError where landed bytes are not those the figure came from.
    """
    desk = Desk.open(period_key, units)
    issue = issue_in_hand(desk, form, unit, number)
    try:
        place = issue.address(cell)
    except FormError as problem:
        raise NotSeen(str(problem)) from problem
    key, at = issue.cells[place], place.rpartition("!")[2]
    if not desk.sees(key.unit):
        raise NotSeen(f"ô {cell} là số liệu của đơn vị khác (a figure of another unit)")
    with _FINDING:
        kept = _FOUND.get((issue.sha256, at))
    if kept is None:
        kept = _found(desk, issue, place)
        with _FINDING:
            _FOUND[issue.sha256, at] = kept
    return {
        "period": desk.period,
        "form": issue.form,
        "unit": desk.tree[unit],
        "number_of_issue": number,
        "cell": at,
        **kept,
    }


def _found(desk: Desk, issue: IssuedForm, place: str) -> dict[str, Any]:
    """Kept by the issue's bytes and the cell: what was known then never changes."""
    key = issue.cells[place]
    catalog = desk.office.catalog
    indicator = catalog.indicators[key.indicator]
    terms = issue.terms(indicator)
    names = list(dict.fromkeys([*terms["numerator"], *terms["denominator"]]))
    fact, rows, count, sums = _under(desk, issue, key)
    evidence = {quarter: Evidence(desk.office, quarter) for quarter in issue.ground.quarters}
    shown = issue.shown.get(place)
    columns = catalog.datasets[indicator.dataset].columns
    return {
        "issue": {"name": issue.name, "sha256": issue.sha256, "known_at": issue.known_at},
        "printed": None if shown is None else shown.number,
        "cell_formula": None if shown is None else shown.formula,
        "indicator": indicator,
        "terms": terms,
        "measures": {name: columns[name].title for name in names},
        "fact": fact,
        "waivers": issue.waived.of(key),
        "of": desk.name(key.unit),
        "field": catalog.fields[key.field].name if key.field in catalog.fields else key.field,
        "tier": key.tier,
        "parts": issue.ground.facts(*key),
        "mapping": mapping(issue, {(at, row.source) for at, row in rows} | {(desk.period, one) for one in sums}, names),
        "sums": {source: {name: one.get(name) for name in names} for source, one in sums.items()},
        "count": count,
        "rows": [
            {**evidence[quarter].of(row, names), "uri": row.uri, "unit_name": desk.name(row.unit)}
            for quarter, row in rows
        ],
    }


def _under(
    desk: Desk, issue: IssuedForm, key: workbook.Key
) -> tuple[Fact, list[tuple[Period, TraceRow]], int, Mapping[str, Mapping[str, int | None]]]:
    """The fact, the first rows under it, how many there are, and their sums by source.

    Of a longer period its quarters are what it is made of, and no row is added to a row of another quarter.
    """
    if not issue.ground.longer:
        found = desk.lookup.trace(desk.period.key, key, issue.known_at, ROWS)
        return found.fact, [(desk.period, row) for row in found.rows], found.count, found.sums
    dataset = desk.office.catalog.indicators[key.indicator].dataset
    every = [(one.quarter, one.row) for one in issue.ground.rows(dataset, key.unit, key.tier, key.field)]
    fact = next(one for one in issue.facts if (one.indicator, one.unit, one.tier, one.field) == key)
    return fact, every[:ROWS], len(every), {}
