"""What flows: pages, receipts, findings, holes and facts."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from etl.model.base import Severity
from etl.model.states import Proof, PullState

REASONS: Final = (
    *("missing_source", "missing_unit", "quarantined", "unchecked"),
    *("divided", "not_provided", "zero_denominator"),
)
"""Why a figure has no value, strongest first. unchecked: a rule of its dataset could not run. divided: its unit holds a
part of a unit that several hold."""
Label = Literal["reported", "restated", "apportioned", "old_boundary"]
"""What a figure told on other units rests on: see RestatedFact."""


@dataclass(frozen=True)
class Page:
    """One landed answer: its bytes by sha256, and how they were asked for.

    `uri` is relative to the store (raw/<source>/<period>/<sha256>.json), so that a store can be moved.
    `address` of a file from an inbox is its file URL, `method` is then "file".
    `request` is the address with its query, and the body where one was sent; never a credential.
    `field` is the field asked for, when the request is repeated over fields; `first_day` and `last_day` are
    the days asked for, when it is repeated over the parts of a period; `list` the name of the list asked for,
    when it is repeated over lists. `etag` and `last_modified` are the portal's own marks of this state of the page.
    `status` 304: asked at `fetched_at`, the portal called the page unchanged, and the bytes are those landed before.
    """

    sha256: str
    uri: str
    size: int
    media_type: str
    status: int
    method: str
    address: str
    request: str
    fetched_at: dt.datetime
    field: str | None = None
    first_day: dt.date | None = None
    last_day: dt.date | None = None
    list: str | None = None
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True)
class Pages:
    """The answers of one pull in their order; their bytes are read when they are asked for, and not held."""

    asked: tuple[Page, ...]
    read: Callable[[Page], bytes]

    @classmethod
    def held(cls, pages: Iterable[tuple[Page, bytes]]) -> Pages:
        """Of answers whose bytes are at hand."""
        pairs = tuple(pages)
        bodies = {page.sha256: body for page, body in pairs}
        return cls(tuple(page for page, _ in pairs), lambda page: bodies[page.sha256])

    def __iter__(self) -> Iterator[tuple[Page, bytes]]:
        for page in self.asked:
            yield page, self.read(page)


@dataclass(frozen=True)
class Receipt:
    """One attempt to pull a source, and how it ended. `proof` is what shows it to be whole; () where it is not."""

    id: str
    source: str
    period: str
    started_at: dt.datetime
    finished_at: dt.datetime
    state: PullState
    message: str
    rows: int
    pages: tuple[Page, ...]
    proof: tuple[Proof, ...] = ()


_MORE = re.compile(r"\+([1-9][0-9]*)")


@dataclass(frozen=True)
class Finding:
    """Something a reviewer should know. `row` is its place in the payload, "" for the whole:
    a JSON pointer, or for a file the sheet and the row as people count them ("/Sheet!12").

    `expected` is what the value should be, in words or as a number. other_*: of a rule that holds two figures side by
    side, the source, period, payload and place in it of the other figure, which is the expected one. tier: of the row
    or pair, where it is of one. waiver: the id of that which lets it pass; it is for information then, whatever the
    severity of its rule, and asks nobody.
    """

    rule: str
    severity: Severity
    source: str
    period: str
    message: str
    unit: str | None = None
    field: str | None = None
    payload: str | None = None
    row: str = ""
    column: str = ""
    value: str = ""
    expected: str = ""
    other_source: str | None = None
    other_period: str | None = None
    other_payload: str | None = None
    other_row: str | None = None
    tier: str | None = None
    waiver: str | None = None

    @property
    def more(self) -> int:
        """Of one that speaks of all further rows of its rule and source, which are not told one by one: how many they
        are; else 0. Its column says so ("+2500"), and its value is a sha256 over them."""
        said = _MORE.fullmatch(self.column) if self.payload is None and len(self.value) == 64 else None
        return int(said[1]) if said else 0

    @property
    def times(self) -> int:
        """How many things were found, of which it speaks."""
        return self.more or 1


@dataclass(frozen=True)
class Issue:
    """A form that was issued: everything on it as it was known at `known_at`, in the file `uri` of that sha256."""

    form: str
    unit: str
    period: str
    known_at: dt.datetime
    issued_at: dt.datetime
    sha256: str
    uri: str


@dataclass(frozen=True)
class SourceDays:
    """The days that the rows of a source count, first to last, in so many parts, in the latest load of a period."""

    source: str
    dataset: str
    first_day: dt.date
    last_day: dt.date
    parts: int


@dataclass(frozen=True)
class Hole:
    """What the figures cannot know: each figure that a hole may touch is withheld, with `reason`.

    province: the source's unit; unit, tier, field: None where any could be meant.
    """

    dataset: str
    source: str
    province: str
    unit: str | None
    tier: str | None
    field: str | None
    reason: Literal["missing_source", "missing_unit", "quarantined", "unchecked"]


@dataclass(frozen=True)
class Fact:
    """One figure of one unit in one period. `value` None always comes with a `reason`."""

    indicator: str
    unit: str
    period: str
    tier: str
    field: str
    value: Decimal | None
    state: Literal["preliminary", "final", "revised", "moving"]
    reason: str | None
    revision: int
    recorded_at: dt.datetime
    load: int


@dataclass(frozen=True)
class GrowthFigure:
    """How many times the figure of `years` before a figure is; computed on reading from the facts as they stand.

    `value` None always comes with a `reason`: that of `now` where it is withheld; no_earlier_figure, earlier_withheld
    (its own reason is in `before`), earlier_zero; divided where a divided unit is under it and was kept as it was.
    label: how the earlier figure stands on the units of now, as in RestatedFact; reported where the unit is the same,
    and where nothing is known of then. before: that fact, or where the unit is another one the earlier figure told on
    the units of now, which rests on the facts `rests_on` of the units of then.
    """

    indicator: str
    unit: str
    period: str
    tier: str
    field: str
    value: Decimal | None
    reason: str | None
    moving: bool
    period_before: str
    now: Fact
    before: Fact | RestatedFact | None
    label: Label = "reported"
    rests_on: tuple[Fact, ...] = ()


@dataclass(frozen=True)
class RestatedFact:
    """A figure told on the units of another day. `unit` has the boundaries of the day `units_on`.

    reported: as it was reported, the unit being the same. restated: the sum over the units that went wholly into this
    one, a ratio anew on such sums. apportioned: divided units are in it with equal parts. old_boundary: as it was
    reported, on the unit of then; a unit of now that holds a part of such a one has no value (divided).
    moving: a fact under it is (see Fact).
    """

    indicator: str
    unit: str
    units_on: dt.date
    period: str
    tier: str
    field: str
    value: Decimal | None
    reason: str | None
    label: Label
    moving: bool = False
