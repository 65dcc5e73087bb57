"""Which critical findings a reviewer is asked about, and what was said of them."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from etl.model import Finding, Review
from etl.periods import Period
from etl.pipeline.found import MARKS
from etl.pipeline.office import Office


@dataclass(frozen=True)
class Reviewed:
    """The critical findings of one run or load, and the decision on just these, if there is one."""

    findings: tuple[Finding, ...]
    review: Review | None

    @property
    def sha256(self) -> str:
        return digest(self.findings)

    @property
    def count(self) -> int:
        """How many there are, those among them that are not told one by one."""
        return sum(one.times for one in self.findings)

    @property
    def open(self) -> bool:
        """Whether a reviewer is still to decide."""
        return bool(self.findings) and self.review is None


def digest(findings: Iterable[Finding]) -> str:
    """sha256 of a set of findings, in whatever order they come."""
    told = {"\x1f".join(getattr(one, mark) or "" for mark in MARKS) for one in findings}
    return hashlib.sha256("\x1e".join(sorted(told)).encode()).hexdigest()


def reviewed(
    office: Office, period: Period, findings: Iterable[Finding], known_at: dt.datetime | None = None
) -> Reviewed:
    """Those of the findings that are critical, with the newest decision on them. known_at: see Warehouse."""
    critical = tuple(one for one in findings if one.severity == "critical")
    if not critical:
        return Reviewed((), None)
    sha256 = digest(critical)
    said = [one for one in office.warehouse.reviews(period.key, known_at) if one.sha256 == sha256]
    return Reviewed(critical, said[-1] if said else None)


def of_load(office: Office, period: Period, known_at: dt.datetime | None = None) -> Reviewed:
    """Of the load in force."""
    return reviewed(office, period, office.warehouse.findings(period.key, known_at=known_at), known_at)


def of_dataset(office: Office, findings: Iterable[Finding], dataset: str) -> list[Finding]:
    """Those of the dataset's sources; of a source that is in the catalog no more nothing is known."""
    sources, dataset_of = office.catalog.sources, office.catalog.dataset_of
    return [one for one in findings if one.source in sources and dataset_of(sources[one.source]) == dataset]


def sources_of(findings: Sequence[Finding]) -> list[str]:
    return sorted({one.source for one in findings})
