"""Waivers: figures that break a rule and pass all the same, because somebody answers for them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final, Literal

from etl.model.base import Text, Tier
from etl.model.flow import Finding

WaiverState = Literal["used", "idle", "expired"]
"""used: it let something pass. idle: what it is about is not broken (any more). expired: it had no effect."""
WAIVER_STATES: Final[dict[WaiverState, Text]] = {
    "used": Text("đang miễn", "in use"),
    "idle": Text("không còn khớp lỗi nào", "matches nothing"),
    "expired": Text("đã hết hạn", "expired"),
}


@dataclass(frozen=True)
class Waiver:
    """What broke `rule` at `source` in one of `periods` passes, as reviewers agreed; what is None is not asked.

    dataset: the suite's, or `across` for a rule over two figures. unit, tier, field: the place of the row, or of the
    pair. measure, expected: of a rule over two figures, which measure, and the figure that it is held against. value:
    the figures as the finding shows them, so that it no longer matches when one of them changes. owner: who answers for
    the figures; agreed_by: who agreed. expires: the last day on which a run heeds it.
    """

    id: str
    dataset: str
    rule: str
    source: str
    periods: tuple[str, ...]
    reason: str
    owner: str
    agreed_by: str
    expires: dt.date
    unit: str | None = None
    tier: Tier | None = None
    field: str | None = None
    measure: str | None = None
    value: str | None = None
    expected: str | None = None

    @property
    def asked(self) -> dict[str, str]:
        """What a finding of the rule must be like."""
        told = {name: getattr(self, name) for name in ("source", "unit", "tier", "field", "value", "expected")}
        return {name: wanted for name, wanted in {**told, "column": self.measure}.items() if wanted is not None}

    def lets(self, finding: Finding) -> bool:
        return (
            self.rule == finding.rule
            and finding.period in self.periods
            and all(getattr(finding, name) == wanted for name, wanted in self.asked.items())
        )


@dataclass(frozen=True)
class Waivers:
    """The file of them; a waiver that is over is taken out, and stands in the loads that it was used in."""

    waivers: tuple[Waiver, ...]


@dataclass(frozen=True)
class WaiverUse:
    """What became of a waiver in one load of a period that it is about. findings: how many it let pass."""

    waiver: Waiver
    state: WaiverState
    findings: int
