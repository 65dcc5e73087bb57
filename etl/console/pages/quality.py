"""Quality: what was found in the newest load; quarantine: the rows that were set aside."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Request, Response

from etl.console import asked
from etl.console.access import ReaderDep
from etl.console.render import language_of, link, page
from etl.pipeline import pages

router = APIRouter()


@router.get("/quality", name="quality")
def quality(
    request: Request,
    reader: ReaderDep,
    part: asked.AskedPart,
    severity: asked.AskedSeverity = None,
    rule: asked.AskedRule = None,
    number: asked.AskedPage = 1,
) -> Response:
    wanted = {"severity": severity, "rule": rule, "source": part.source, "unit": part.unit}
    found = pages.findings(part.period, reader.units, **wanted, page=number)
    return page(request, "quality.html", **found, asked=wanted)


@router.get("/quality/report", name="report")
def report(request: Request, reader: ReaderDep, part: asked.AskedPart, run: asked.AskedRun = None) -> Response:
    """The report as the command tells it, embedded; with a run, of what waits for a reviewer."""
    csv = link(request, "report_rows", {**asdict(part), "run": run})
    found = pages.quality_of(part.period, part.source, part.unit, language_of(request), csv, reader.units, run)
    return page(request, "report.html", **found)


@router.get("/quality/report.csv", name="report_rows")
def report_rows(request: Request, reader: ReaderDep, part: asked.AskedPart, run: asked.AskedRun = None) -> Response:
    found = pages.quality_of(part.period, part.source, part.unit, language_of(request), "", reader.units, run)
    name = "_".join(filter(None, ("chat-luong", found["period"].key, part.source, part.unit)))
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(found["csv"] or "", media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/quality/report.css", name="report_style")
def report_style(_: ReaderDep) -> Response:
    return Response(pages.style(), media_type="text/css")


@router.get("/quarantine", name="quarantine")
def quarantine(
    request: Request,
    reader: ReaderDep,
    part: asked.AskedPart,
    rule: asked.AskedRule = None,
    number: asked.AskedPage = 1,
) -> Response:
    found = pages.quarantine(part.period, reader.units, rule=rule, source=part.source, page=number)
    return page(request, "quarantine.html", **found, asked={"rule": rule, "source": part.source})
