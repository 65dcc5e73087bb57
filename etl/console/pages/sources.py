"""Sources: how their last pulls ended."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from etl.console import asked
from etl.console.access import ReaderDep
from etl.console.render import page
from etl.pipeline import pages

router = APIRouter()


@router.get("/sources", name="sources")
def sources(request: Request, reader: ReaderDep, period: asked.AskedPeriod = None) -> Response:
    return page(request, "sources.html", **pages.sources(period, reader.units))
