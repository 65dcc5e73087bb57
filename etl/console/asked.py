"""What an address may hold: every parameter has a form, and anything else is refused before it is looked up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Path, Query

_PERIOD = r"^\d{4}(-(Q[1-4]|H[12]|9M|M(0[1-9]|1[0-2])))?$"
_CODE = r"^[0-9A-Za-z.]{1,20}$"
_NUMBER = r"^[0-9A-Za-z.\-]{1,20}$"

AskedPeriod = Annotated[str | None, Query(alias="period", pattern=_PERIOD)]
AskedUnit = Annotated[str | None, Query(alias="unit", pattern=_CODE)]
AskedForm = Annotated[str | None, Query(alias="form", pattern=_NUMBER)]
AskedRule = Annotated[str | None, Query(alias="rule", pattern=r"^[A-Za-z0-9_.\-]{1,60}$")]
AskedSource = Annotated[str | None, Query(alias="source", pattern=r"^[a-z0-9_]{1,80}$")]
AskedSeverity = Annotated[Literal["critical", "warning", "info"] | None, Query(alias="severity")]
AskedPage = Annotated[int, Query(alias="page", ge=1, le=100_000)]
AskedIssue = Annotated[int | None, Query(alias="issue", ge=1, le=10_000)]
AskedName = Annotated[str | None, Query(alias="q", max_length=80)]
AskedRun = Annotated[str | None, Query(alias="run", pattern=r"^[0-9A-Za-z_.:+|\-]{1,250}$")]

Period = Annotated[str, Path(pattern=_PERIOD)]
Unit = Annotated[str, Path(pattern=_CODE)]
Number = Annotated[str, Path(pattern=_NUMBER)]
Issue = Annotated[int, Path(ge=1, le=10_000)]
Cell = Annotated[str, Path(pattern=r"^[A-Z]{1,3}[1-9][0-9]{0,6}$")]
Restatement = Annotated[int, Path(ge=1, le=2**62)]


@dataclass(frozen=True)
class Part:
    """A period, or what of it concerns one source or one unit; None: not asked, the newest period then."""

    period: str | None
    source: str | None
    unit: str | None


def part(period: AskedPeriod = None, source: AskedSource = None, unit: AskedUnit = None) -> Part:
    return Part(period, source, unit)


AskedPart = Annotated[Part, Depends(part)]
