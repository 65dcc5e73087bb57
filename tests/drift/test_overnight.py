"""A portal that changed since the quarter before, through the pipeline: what is held, and what is told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import requests

from etl import pipeline
from etl.settings import ROOT
from launcher.simulator import Simulator

SOURCE, PORTAL = "onestop_ha_noi", "opencps_v2/01"


@pytest.fixture
def run(
    home: Path, simulator: Simulator, warehouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Pulls Hà Nội's quarter and reads it: (findings above information, rows with a problem, quarantine, holes)."""
    base = tmp_path / "catalog"
    shutil.copytree(ROOT / "catalog", base)
    for path in base.glob("sources/*.yml"):
        if path.stem not in (SOURCE, "edoc_ha_noi"):
            path.unlink()
    monkeypatch.setenv("BAOCAO_CATALOG", str(base))
    monkeypatch.setenv("BAOCAO_WAREHOUSE_URL", warehouse_url)
    for name, value in simulator.environment.items():
        monkeypatch.setenv(name, value)

    pipeline.prepare()

    def one(period: str, fault: str | None = None) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
        if fault is not None:
            requests.put(f"{simulator.url}/faults/{PORTAL}", json={"kind": fault}, timeout=10).raise_for_status()
        try:
            pipeline.collect(SOURCE, period)
        finally:
            requests.delete(f"{simulator.url}/faults/{PORTAL}", timeout=10).raise_for_status()
        pipeline.parse(period, "run")
        pipeline.check(period, "run", "onestop")
        work = home / "store/work" / period / "run"
        told = pq.read_table(work / "findings_parse.parquet").to_pylist()
        findings = [finding for finding in told if finding["severity"] != "info"]
        rows = [row for row in pq.read_table(work / "rows_onestop.parquet").to_pylist() if row["problem"]]
        held = pq.read_table(work / "quarantine_onestop.parquet").to_pylist()
        return findings, rows, held, json.loads((work / "holes_onestop.json").read_text())

    return one


def test_an_ordinary_quarter_after_an_ordinary_quarter_raises_nothing(run: Callable[..., Any]) -> None:
    run("2026-Q2")
    findings, rows, held, holes = run("2026-Q3")
    assert (findings, rows, held, holes) == ([], [], [], [])


def test_what_was_pending_opens_the_next_quarter(run: Callable[..., Any]) -> None:
    for period in ("2026-Q2", "2026-Q3"):
        run(period)
        for name in pipeline.datasets():
            pipeline.check(period, "run", name)
        pipeline.compute(period, "run")
        pipeline.record(period, "run")
    found = pipeline.chain("2026-Q3")
    assert found["broken"] == []
    assert found["equal"] > 500, "Hà Nội has 126 communes, and several fields in each"


def test_noughts_after_pending_dossiers_are_held(run: Callable[..., Any]) -> None:
    run("2026-Q2")
    _, rows, held, holes = run("2026-Q3", "zero_for_null")
    assert {row["problem_rule"] for row in rows} == {"READ-ZERO"}
    assert len({row["agency"] for row in rows}) == 1, "the one commune that was struck"
    assert [row["pointer"] for row in held] == [row["pointer"] for row in rows]
    assert {(hole["unit"], hole["reason"]) for hole in holes} == {(rows[0]["unit"], "quarantined")}
    assert "kỳ 2026-Q2 còn" in rows[0]["problem"]


def test_two_columns_that_look_exchanged_are_withheld_until_a_person_accepts_them(
    run: Callable[..., Any], home: Path, tmp_path: Path
) -> None:
    def withheld() -> dict[str, str]:
        """Why, of each figure of the whole of Hà Nội that is withheld."""
        for name in pipeline.datasets():
            pipeline.check("2026-Q3", "run", name)
        pipeline.compute("2026-Q3", "run")
        facts = pq.read_table(home.joinpath("store", "work", "2026-Q3", "run", "facts_onestop.parquet")).to_pylist()
        whole = [fact for fact in facts if (fact["unit"], fact["tier"], fact["field"]) == ("01", "all", "all")]
        assert len(whole) == 14
        return {fact["indicator"]: fact["reason"] for fact in whole if fact["value"] is None}

    run("2026-Q2")
    (swap,), rows, held, holes = run("2026-Q3", "swapped")
    assert (swap["rule"], swap["severity"], swap["source"]) == ("READ-SWAP", "critical", SOURCE)
    assert swap["column"] == "received_direct_postal, received_online"
    assert (rows, held, holes) == ([], [], []), "the rows are whole: every other figure stands"
    asked = ("tthc_received_online", "tthc_received_direct_postal", "tthc_online_rate")
    assert withheld() == dict.fromkeys(asked, "quarantined")

    line = "accepted: {2026-Q3: [received_direct_postal, received_online]}"
    assert f"sources/{SOURCE}.yml dòng {line};" in swap["message"]
    file = tmp_path / f"catalog/sources/{SOURCE}.yml"
    file.write_text(f"{file.read_text('utf-8')}{line}\n", "utf-8")
    pipeline.parse("2026-Q3", "run")
    assert withheld() == {}


def test_without_an_earlier_pull_nothing_is_demanded_and_what_is_unproven_is_said(run: Callable[..., Any]) -> None:
    (blind,), rows, held, holes = run("2026-Q3")
    assert (blind["rule"], blind["severity"], blind["source"]) == ("READ-SWAP-BLIND", "warning", SOURCE)
    assert {"received_online", "received_direct_postal", "resolved_early"} <= {*blind["column"].split(", ")}
    assert "chưa có kỳ 2026-Q2 để so" in blind["message"]
    assert (rows, held, holes) == ([], [], [])


def test_a_renamed_column_is_told_with_what_to_add(run: Callable[..., Any]) -> None:
    run("2026-Q2")
    findings, rows, held, holes = run("2026-Q3", "renamed")
    (lost,) = [finding for finding in findings if finding["rule"] == "READ-MISSING"]
    assert "sources/onestop_ha_noi.yml dòng: renamed: {onlineCount: onlineReceptionCount}" in lost["message"]
    assert "số liệu lệch kỳ trước" in lost["message"]
    assert "khớp cả" in lost["message"]
    assert (rows, held, holes) == ([], [], [])
