"""A form as it was issued, its files, and any of its cells back to the bytes."""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from etl.console import asked
from etl.console.access import ReaderDep
from etl.console.render import link, page
from etl.pipeline import pages

router = APIRouter()
_PLACE = "/form/{period}/{number}/{unit}"


@router.get("/forms", name="forms")
def forms(request: Request, reader: ReaderDep, part: asked.AskedPart, form: asked.AskedForm = None) -> Response:
    """Where the choice of period, form and unit leads; without one, the first that the reader may see."""
    place = pages.form_place(part.period, form, part.unit, reader.units)
    return RedirectResponse(link(request, "form", None, **place), 303)


@router.get(_PLACE, name="form")
def form(
    request: Request,
    reader: ReaderDep,
    period: asked.Period,
    number: asked.Number,
    unit: asked.Unit,
    issue: asked.AskedIssue = None,
) -> Response:
    found = pages.preview(period, number, unit, issue, reader.units)
    return page(request, "form.html", **found)


@router.get(_PLACE + "/issue/{issue}/{kind}", name="copy")
def copy(
    reader: ReaderDep,
    period: asked.Period,
    number: asked.Number,
    unit: asked.Unit,
    issue: asked.Issue,
    kind: Literal["xlsx", "pdf", "docx"],
) -> Response:
    return _file(pages.copy_of(period, number, unit, issue, kind, reader.units))


@router.get(_PLACE + "/issue/{issue}/cell/{cell}", name="trace")
def trace(
    request: Request,
    reader: ReaderDep,
    period: asked.Period,
    number: asked.Number,
    unit: asked.Unit,
    issue: asked.Issue,
    cell: asked.Cell,
) -> Response:
    return page(request, "trace.html", **pages.trace_cell(period, number, unit, issue, cell, reader.units))


def _file(file: pages.File) -> Response:
    disposition = f"attachment; filename*=UTF-8''{quote(file.name)}"
    return Response(file.content, media_type=file.media_type, headers={"Content-Disposition": disposition})
