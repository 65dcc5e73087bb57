"""From any cell of a form back to the bytes it rests on."""

from __future__ import annotations

from typing import Any

from etl import forms as workbook
from etl.pipeline.days import counts, source_days
from etl.pipeline.evidence import Evidence
from etl.pipeline.office import Office, closed
from etl.pipeline.selection import facts_by_unit, facts_of, form_numbered, unit_named


def trace(form_number: str, unit_text: str, period_key: str, cell: str) -> dict[str, Any]:
    """One cell back to the bytes: figure, standard rows, landed pages with address and time.

    Every page is read again and compared with its sha256, and each row with the record its pointer
    leads to. Raises TraceError, naming the file, when bytes are not those the figure came from.
    """
    office = Office.open()
    form, period = form_numbered(office, form_number), closed(period_key)
    tree = office.catalog.tree(period)
    unit = unit_named(office, period, unit_text)
    shown = facts_of(form, unit, tree, facts_by_unit(office, form, period, [unit]))
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
