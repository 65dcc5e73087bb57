"""Quality: what was found in the newest load; quarantine: the rows that were set aside."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from etl.console import asked
from etl.console.access import ReaderDep
from etl.console.render import page
from etl.pipeline import pages

router = APIRouter()


@router.get("/quality", name="quality")
def quality(
    request: Request,
    reader: ReaderDep,
    period: asked.AskedPeriod = None,
    severity: asked.AskedSeverity = None,
    rule: asked.AskedRule = None,
    source: asked.AskedSource = None,
    unit: asked.AskedUnit = None,
    number: asked.AskedPage = 1,
) -> Response:
    wanted = {"severity": severity, "rule": rule, "source": source}
    found = pages.findings(period, reader.units, **wanted, unit=unit, page=number)
    return page(request, "quality.html", **found, asked={**wanted, "unit": unit})


@router.get("/quarantine", name="quarantine")
def quarantine(
    request: Request,
    reader: ReaderDep,
    period: asked.AskedPeriod = None,
    rule: asked.AskedRule = None,
    source: asked.AskedSource = None,
    number: asked.AskedPage = 1,
) -> Response:
    found = pages.quarantine(period, reader.units, rule=rule, source=source, page=number)
    return page(request, "quarantine.html", **found, asked={"rule": rule, "source": source})
