"""A portal that counts in another unit from one quarter on: withheld until it counts as before, or somebody answers."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from etl import pipeline
from etl.landing import Landing
from etl.periods import Period
from etl.pipeline.office import Office
from etl.settings import ROOT
from tests.drift.portals import SOURCES, Answers, edited, landed

SOURCE = SOURCES["igate"]


def _thousandfold(record: dict[str, Any]) -> None:
    record.update({name: value * 1000 for name, value in record.items() if type(value) is int})


def _load(period: str) -> tuple[dict[str, str], bool]:
    """READ-SCALE by measure, and whether any figure of the province is shown."""
    pipeline.parse(period, "run")
    for dataset in pipeline.datasets():
        pipeline.check(period, "run", dataset)
    pipeline.compute(period, "run")
    pipeline.record(period, "run")
    found = Office.open().warehouse.findings(period)
    shown = any(fact.value is not None for fact in pipeline.facts(period, SOURCE.unit))
    return {one.column: one.message for one in found if one.rule == "READ-SCALE"}, shown


def test_another_unit_of_counting_stays_in_doubt_until_it_is_answered(
    answers: Callable[[str, Period], Answers],
    home: Path,
    warehouse_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    base = tmp_path / "catalog"
    shutil.copytree(ROOT / "catalog", base)
    for path in base.glob("sources/*.yml"):
        if path.stem != SOURCE.id:
            path.unlink()
    monkeypatch.setenv("BAOCAO_CATALOG", str(base))
    monkeypatch.setenv("BAOCAO_WAREHOUSE_URL", warehouse_url)
    pipeline.prepare()
    landing = Landing(str(home / "store"))
    quarters = {key: answers("igate", Period.parse(key)) for key in ("2026-Q1", "2026-Q2", "2026-Q3")}
    for key, answer in quarters.items():
        changed = answer if key == "2026-Q1" else edited(answer, SOURCE, _thousandfold)
        landed(landing, SOURCE, Period.parse(key), changed)

    assert _load("2026-Q1") == ({}, True)
    first, shown = _load("2026-Q2")
    assert "received_total" in first
    assert not shown
    still, shown = _load("2026-Q3")
    assert still.keys() == first.keys()
    assert all("từ kỳ 2026-Q2" in message for message in still.values())
    assert not shown

    file = base / f"sources/{SOURCE.id}.yml"
    written = file.read_text("utf-8")
    line = f"accepted: {{2026-Q2: [{', '.join(first)}]}}"
    file.write_text(f"{written}{line}\n", "utf-8")
    assert _load("2026-Q3") == ({}, True)
    file.write_text(written, "utf-8")
    assert _load("2026-Q3")[0].keys() == first.keys()
    landed(landing, SOURCE, Period.parse("2026-Q3"), quarters["2026-Q3"])
    assert _load("2026-Q3") == ({}, True)
