"""Restatements: what waits for a decision, what it would change, and the decision."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from etl import pipeline
from etl.console import asked, writes
from etl.console.access import ReaderDep, ReviewerDep
from etl.console.render import link, page
from etl.pipeline import pages

router = APIRouter()
_Reason = Annotated[str, Form(max_length=2000)]


@router.get("/restatements", name="restatements")
def restatements(request: Request, reader: ReaderDep) -> Response:
    return page(request, "restatements.html", **pages.waiting(reader.units))


@router.get("/restatements/{number}", name="restatement")
def restatement(
    request: Request,
    reader: ReaderDep,
    number: asked.Restatement,
    page_number: asked.AskedPage = 1,
    foreseen: bool = False,
) -> Response:
    found = pages.restatement(number, reader.units, page=page_number, foreseen=foreseen)
    return _shown(request, found)


@router.post("/restatements/{number}/approve", name="approve", dependencies=[Depends(writes.checked)])
def approve(request: Request, reader: ReviewerDep, number: asked.Restatement, reason: _Reason = "") -> Response:
    pipeline.approve(number, reader.name, None, reason.strip())
    return _back(request, number)


@router.post("/restatements/{number}/reject", name="reject", dependencies=[Depends(writes.checked)])
def reject(request: Request, reader: ReviewerDep, number: asked.Restatement, reason: _Reason = "") -> Response:
    if not reason.strip():
        found = pages.restatement(number, reader.units)
        return _shown(request, found, 400)
    pipeline.reject(number, reader.name, reason.strip())
    return _back(request, number)


def _shown(request: Request, found: dict[str, Any], status: int = 200) -> Response:
    """With the status of a mistake, the reason is missing."""
    foreseen = found["foreseen"]
    cells = [] if foreseen is None else [cell for cell in foreseen["cells"] if cell["figure"] is not None]
    forms = 0 if foreseen is None else len({(cell["form"], cell["unit"]) for cell in foreseen["cells"]})
    told = {"foreseen_cells": cells, "foreseen_forms": forms, "unreasoned": status != 200}
    return page(request, "restatement.html", status, **found, **told)


def _back(request: Request, number: int) -> Response:
    return RedirectResponse(link(request, "restatement", number=number), 303)
