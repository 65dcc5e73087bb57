"""Overview: who is missing, what is wrong, what is to be decided."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from etl.console import asked, provinces
from etl.console.access import ReaderDep
from etl.console.render import page
from etl.pipeline import pages

router = APIRouter()
_LACKING = ("missing_source", "missing_unit", "quarantined", "divided")
"""Why a figure is withheld though there should be one."""


@router.get("/", name="overview")
def overview(request: Request, reader: ReaderDep, period: asked.AskedPeriod = None) -> Response:
    found = pages.overview(period, reader.units)
    withheld = sum(count for reason, count in found["wrong"]["withheld"].items() if reason in _LACKING)
    owed = sum(len(row["forms"]) for row in found["rows"])
    return page(request, "overview.html", **found, owed=owed, withheld=withheld, tiles=provinces.tiles(found["rows"]))
