"""Pulls of real portals, landed as ever, and the same bytes as the portal would send them after a change overnight."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from etl import catalog, connectors
from etl.landing import Landing
from etl.model import Page, Pages, Receipt, Source
from etl.parsing import Parsed
from etl.periods import Period
from etl.pipeline.readings import read_rows
from etl.settings import ROOT, Settings
from launcher.simulator import Simulator

CATALOG = catalog.load((ROOT / "catalog",))
Q2, Q3 = Period.parse("2026-Q2"), Period.parse("2026-Q3")
SOURCES = {
    name: next(source for source in CATALOG.due_sources(Q3) if (source.platform, source.role) == (name, "reporting"))
    for name in ("opencps_v2", "tandan_06a", "igate", "bkav_axis")
}
Edit = Callable[[dict[str, Any]], None]
Answers = list[tuple[dict[str, Any], bytes]]
"""What `Landing.land` is told of each answer, and its bytes."""
Landed = list[tuple[Page, bytes]]


def asked(simulator: Simulator, source: Source, period: Period) -> Answers:
    platform = CATALOG.platforms[source.platform]
    with tempfile.TemporaryDirectory() as store:
        settings = Settings((), Path(), Path(store), store, simulator.environment)
        responses = list(connectors.pull(source, platform, period, list(CATALOG.fields), settings))
    return [({key: value for key, value in vars(one).items() if key != "body"}, one.body) for one in responses]


def edited(answers: Answers, source: Source, edit: Edit) -> Answers:
    """Every record of every answer, nested ones too, after `edit`."""
    platform = CATALOG.platforms[source.platform]

    def walk(records: list[dict[str, Any]]) -> None:
        for record in records:
            walk(record.get(platform.children or "", []))
            edit(record)

    changed = []
    for meta, body in answers:
        document = json.loads(body)
        walk(document[platform.records] if platform.records else document)
        changed.append((meta, json.dumps(document).encode()))
    return changed


def landed(landing: Landing, source: Source, period: Period, answers: Answers) -> Landed:
    """The answers in the store with a receipt that says complete."""
    pages = [(landing.land(source.id, period.key, body=body, **meta), body) for meta, body in answers]
    now = dt.datetime.now(dt.UTC)
    name = f"{len(landing.receipts(source.id, period.key))}"
    landing.write_receipt(
        Receipt(name, source.id, period.key, now, now, "complete", "", 1, tuple(page for page, _ in pages))
    )
    return pages


def parsed(source: Source, period: Period, pages: Landed) -> Parsed:
    return read_rows(CATALOG, source, period, Pages.held(pages))


def rename(names: Mapping[str, str]) -> Edit:
    def edit(record: dict[str, Any]) -> None:
        for old, new in names.items():
            record[new] = record.pop(old)

    return edit
