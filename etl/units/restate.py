"""Figures of one day's units told on the units of another. Pure: the figures that were reported stay as they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from etl.model import REASONS, Label
from etl.units.genealogy import Boundaries, apportioned

Divided = Literal["keep", "apportion"]
"""What becomes of a figure that rests on a divided unit: kept on the old boundary, or dealt out in equal parts."""


@dataclass(frozen=True)
class Told:
    """One figure on the boundaries of `day`. `value` None always comes with a `reason`."""

    unit: str
    day: dt.date
    value: int | None
    reason: str | None
    label: Label


def restate(
    figures: Mapping[str, tuple[int | None, str | None]], boundaries: Boundaries, divided: Divided = "keep"
) -> list[Told]:
    """One additive figure of units of `boundaries.day`, told on those of `boundaries.on`, in order of code and day.

    Where units went whole, their figures add up; what rests on a withheld or missing figure is withheld. A unit that
    holds a part of a divided one has no figure of its own (divided): the figures under it stay as they were, each on
    its old boundary; or, to `apportion`, a divided unit's figure is dealt out in equal parts that sum to the whole.
    One of a unit that ended, or a part of which did, stays on its old boundary. Every figure thus counts once.
    """
    told = []
    targets = {target for code in figures for target in boundaries.shares[code]}
    kept, untold = boundaries.kept_in_parts if divided == "keep" else boundaries.kept_at_an_end
    for target in sorted(targets):
        origins = boundaries.origins[target]
        unclear = boundaries.unclear(target)
        if target in untold:
            told.append(Told(target, boundaries.on, None, "divided", "old_boundary"))
            continue
        known = [figures.get(origin, (None, "missing_unit")) for origin in origins]
        reason = strongest(reason for _, reason in known)
        value = sum(
            apportioned(value, boundaries.shares[origin])[target]
            for origin, (value, _) in zip(origins, known, strict=True)
            if value is not None
        )
        label: Label = "apportioned" if unclear else "reported" if origins == (target,) else "restated"
        told.append(Told(target, boundaries.on, None if reason else value, reason, label))
    for code, (figure, reason) in figures.items():
        if code in kept or not untold.isdisjoint(boundaries.shares[code]):
            told.append(Told(code, boundaries.day, figure, reason, "old_boundary"))
    return sorted(told, key=lambda one: (one.unit, one.day))


def strongest(reasons: Iterable[str | None]) -> str | None:
    """The reason to give where there are several."""
    return min((reason for reason in reasons if reason is not None), key=REASONS.index, default=None)
