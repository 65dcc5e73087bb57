"""What would change, or changed, in published periods."""

from __future__ import annotations

from typing import Any

from etl.periods import Period
from etl.pipeline.pages.desk import Desk, NotSeen, Units
from etl.pipeline.restatements import predict
from etl.warehouse.moment import at_one_moment

FIGURES = 100


@at_one_moment
def waiting(units: Units | None) -> dict[str, Any]:
    """Every restatement, newest first; of an account that sees its own units, those that touch them."""
    desk = Desk.open(None, units)
    found = []
    for one in reversed(desk.lookup.restatements()):
        sight = desk.sight_in(Period.parse(one.period))
        touched = one.facts if sight is None else desk.lookup.changed(one.id, sight, 1)[1]
        if touched:
            found.append({"restatement": one, "touched": touched})
    return {"period": desk.period, "quarters": desk.quarters, "restatements": found}


@at_one_moment
def restatement(number: int, units: Units | None, *, page: int = 1, foreseen: bool = False) -> dict[str, Any]:
    """One restatement, its figures before and after, FIGURES at a time.

    foreseen: of one that waits, also what `predict` tells of forms, longer periods, growth and ranks; that fills the
    forms as if it were approved, and takes its time.
    """
    desk = Desk.open(None, units)
    one = next((one for one in desk.lookup.restatements() if one.id == number), None)
    if one is None:
        raise NotSeen(f"không có thay đổi số {number} (no such restatement)")
    desk = Desk.open(one.period, units)
    figures, total = desk.lookup.changed(number, desk.sight, FIGURES, (page - 1) * FIGURES)
    if not total and units is not None:
        raise NotSeen(f"không có thay đổi số {number} (no such restatement)")
    indicators, fields = desk.office.catalog.indicators, desk.office.catalog.fields
    return {
        "period": desk.period,
        "quarters": desk.quarters,
        "restatement": one,
        "figures": [
            {
                **row._asdict(),
                "title": indicators[row.indicator].title if row.indicator in indicators else None,
                "unit_name": desk.name(row.unit),
                "field_name": fields[row.field].name if row.field in fields else row.field,
            }
            for row in figures
        ],
        "total": total,
        "page": page,
        "pages": max(1, -(-total // FIGURES)),
        "foreseen": predict(number) if foreseen and units is None and one.state == "waiting" else None,
        "names": {unit.code: unit.name for unit in desk.tree},
    }
