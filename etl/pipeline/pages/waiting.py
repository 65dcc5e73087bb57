"""Which runs wait for a reviewer."""

from __future__ import annotations

from etl.pipeline import asked
from etl.pipeline.pages.desk import Desk


def waiting(desk: Desk) -> list[asked.Question]:
    """Of every period, the newest first: what a reviewer was asked and nobody answered; an account of units is told
    of none, as it decides nothing."""
    if desk.units is not None:
        return []
    open_ = [
        one
        for one in asked.every(desk.office)
        if (load := desk.loads.get(one.period)) is None or one.asked_at > load.recorded_at
    ]
    decided = desk.lookup.reviews() if open_ else {}
    return [one for one in reversed(open_) if (one.period, one.sha256) not in decided]
