"""Units: find one; its figures, what was revised, what it owes."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from etl.console import asked, charts
from etl.console.access import ReaderDep
from etl.console.render import language_of, page
from etl.model import RESTATEMENT_CODES
from etl.pipeline import pages

router = APIRouter()


@router.get("/units", name="units")
def units(request: Request, reader: ReaderDep, period: asked.AskedPeriod = None, q: asked.AskedName = None) -> Response:
    return page(request, "units.html", **pages.units(period, q or "", reader.units), q=q or "")


@router.get("/unit/{unit}", name="unit")
def unit(request: Request, reader: ReaderDep, unit: asked.Unit, period: asked.AskedPeriod = None) -> Response:
    found = pages.unit(period, unit, reader.units)
    return page(
        request,
        "unit.html",
        **found,
        codes=RESTATEMENT_CODES,
        charts=charts.of(found["datasets"], found["periods"], language_of(request)),
    )
