"""An address of every page, made from the application's own routes: a page that nobody thought of is in it too."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.routing import APIRoute

from tests.console.people import PERIOD

OF_A_UNIT = {"form", "copy", "trace", "unit"}
"""Routes that name a unit."""
WRITES = {"approve", "reject"}


def address(app: FastAPI, name: str, unit: str = "04") -> str:
    given = {
        "form": {"period": PERIOD, "number": "II.06a", "unit": unit},
        "copy": {"period": PERIOD, "number": "II.06a", "unit": unit, "issue": 1, "kind": "xlsx"},
        "trace": {"period": PERIOD, "number": "II.06a", "unit": unit, "issue": 1, "cell": "C11"},
        "unit": {"unit": unit},
        **{one: {"number": 1} for one in ("restatement", "approve", "reject")},
    }
    return str(app.url_path_for(name, **given.get(name, {})))


def routes(app: FastAPI) -> dict[str, set[str]]:
    """Every route but the open assets, with its methods."""
    return {route.name: set(route.methods) for route in app.routes if isinstance(route, APIRoute)}


def pages(app: FastAPI) -> list[str]:
    """Names of the routes that give HTML."""
    return [
        name
        for name, methods in routes(app).items()
        if "GET" in methods and name not in ("copy", "forms", "report_rows", "report_style")
    ]
