"""Published periods, and the changes that wait there for a person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from etl.model.base import Text

RestatementCode = Literal["late", "correction", "method", "restructuring"]
RESTATEMENT_CODES: Final[Mapping[RestatementCode, Text]] = {
    "late": Text("nguồn nộp muộn", "late: the source had been missing"),
    "correction": Text("nguồn sửa số liệu", "correction: the source's bytes changed"),
    "method": Text("đổi cách tính", "method: the same bytes, other catalog or rules"),
    "restructuring": Text("sắp xếp đơn vị", "restructuring: other units"),
}
"""Why a published figure changes, and what people read for it."""
RestatementState = Literal["waiting", "approved", "rejected", "superseded"]


@dataclass(frozen=True)
class Publication:
    """A period is locked from `published_at` on. by: a person, or "calendar" where the due date did it."""

    period: str
    published_at: dt.datetime
    published_by: str
    reason: str


@dataclass(frozen=True)
class Restatement:
    """What a load would change in a locked period.

    load: the newest load that brings it; base_load: the one in force that it differs from. codes: how many facts by
    reason code. superseded: a later load of the period brought something else before anybody decided.
    decided_code: the code that a person set in place of `code`. decided_load: the load that recorded it, if approved.
    """

    id: int
    period: str
    load: int
    base_load: int
    recorded_at: dt.datetime
    catalog_version: str
    rules_version: str
    code: RestatementCode
    codes: Mapping[str, int]
    facts: int
    state: RestatementState
    decided_at: dt.datetime | None = None
    decided_by: str | None = None
    decided_reason: str | None = None
    decided_code: RestatementCode | None = None
    decided_load: int | None = None


@dataclass(frozen=True)
class Amendment:
    """An approved restatement that is in force: the `number`-th of its period, from the moment `approved_at` on.

    units: dataset and unit of its figures. gaps: it also changed what is missing, or which days a source counts.
    """

    restatement: int
    number: int
    approved_at: dt.datetime
    code: RestatementCode
    units: frozenset[tuple[str, str]]
    gaps: bool
