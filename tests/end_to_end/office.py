"""A reporting office of one test's own, and an independent reader of its forms."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import python_calamine
import requests

from etl import pipeline
from launcher.simulator import Simulator

PERIOD = "2026-Q3"
ROOT = Path(__file__).resolve().parents[2]
MEASURES = (
    "received_total",
    "received_online",
    "received_direct_postal",
    "carried_over",
    "resolved_total",
    "resolved_early",
    "resolved_on_time",
    "resolved_overdue",
    "pending_total",
    "pending_in_time",
    "pending_overdue",
)
"""II.06a columns 3 to 13, in the order they are printed."""


@dataclass
class Office:
    """Runs the pipeline in this process with an environment of its own."""

    home: Path
    simulator: Simulator
    failures: dict[str, str] = field(default_factory=dict)

    def pull(self, period: str = PERIOD, sources: list[str] | None = None) -> None:
        for pull in pipeline.collect_all(period, sources):
            self.failures.pop(pull["source"], None)
            if pull["state"] != "complete":
                self.failures[pull["source"]] = pull["message"]

    def run(self, period: str = PERIOD, sources: list[str] | None = None) -> dict[str, Any]:
        pipeline.prepare()
        self.pull(period, sources)
        return pipeline.run_from_landed(period)

    def form(self, number: str, unit: str, period: str = PERIOD) -> Path:
        paths = [issue["path"] for issue in pipeline.issued(period) if (issue["form"], issue["unit"]) == (number, unit)]
        assert len(paths) == 1, f"{number} of {unit}"
        return Path(paths[0])

    def truth(self, form: str, unit: str, period: str = PERIOD) -> dict[tuple[str, str], dict[str, int]]:
        answer = requests.get(f"{self.simulator.url}/truth/{form}", params={"unit": unit, "period": period}, timeout=60)
        answer.raise_for_status()
        return {(row["tier"], row.get("field", "all")): row for row in answer.json()["rows"]}


def trace_cell(form: str, unit: str, period: str, cell: str) -> dict[str, Any]:
    """The trace of a cell of the newest issue."""
    issued = [one["path"] for one in pipeline.issued(period, form) if one["unit"] == unit]
    assert len(issued) == 1, f"{form} of {unit}"
    return pipeline.trace(issued[0], cell)


def read_body(path: Path, width: int) -> list[list[Any]]:
    """The rows between the column numbers and the notes, the row of the total last; by another parser."""
    rows = python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    start = next(index for index, row in enumerate(rows) if str(row[0]) == "(1)") + 1
    end = next(index for index, row in enumerate(rows) if str(row[1]) == "Tổng số") + 1
    return [row[:width] for row in rows[start:end]]


def read_form_06a(path: Path, field_codes: dict[str, str]) -> dict[tuple[str, str], list[Any]]:
    """(tier, field) -> the eleven cells of its row, by a parser that the project does not use."""
    found: dict[tuple[str, str], list[Any]] = {}
    tier = ""
    for row in read_body(path, 13):
        label = str(row[1])
        if label == "Tổng số":
            found["all", "all"] = row[2:13]
            return found
        if row[0] in ("I", "II", "III"):
            tier = {"Cấp tỉnh (sở, ban, ngành)": "province", "Cấp huyện": "district", "Cấp xã": "commune"}[label]
            found[tier, "all"] = row[2:13]
        else:
            found[tier, field_codes[label]] = row[2:13]
    raise AssertionError("the form has no total row")
