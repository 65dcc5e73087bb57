"""What a reviewer said of a run whose figures break critical rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from etl.model.base import Text

ReviewVerdict = Literal["approved", "rejected"]
REVIEW_VERDICTS: Final[Mapping[ReviewVerdict, Text]] = {
    "approved": Text(
        "chấp nhận công bố phần không bị ảnh hưởng", "approved: what does not rest on the faults is published"
    ),
    "rejected": Text("không chấp nhận công bố", "rejected: nothing of it is to be published"),
}


@dataclass(frozen=True)
class Review:
    """A person's decision on the critical findings of a run.

    sha256: of the findings (etl.pipeline.reviewed), so that the same ones are not asked about twice; findings: how
    many; sources: whose they are. decided_at: when the warehouse recorded it.
    """

    id: int
    period: str
    run: str
    sha256: str
    findings: int
    sources: tuple[str, ...]
    verdict: ReviewVerdict
    decided_at: dt.datetime
    decided_by: str
    reason: str
