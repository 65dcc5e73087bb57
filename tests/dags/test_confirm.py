"""The DAG confirm, run by Airflow itself: nothing without a pull that is old enough, else a pull and the gate."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from etl import pipeline
from etl.errors import SourceError
from etl.landing import Landing
from launcher.inprocess import _keyed
from tests.parsing.export_files import FIGURES, lines, xlsx

ROOT = Path(__file__).resolve().parents[2]
PERIOD = "2026-Q3"
SOURCE = """platform: export_06a
unit: "04"
owner: Văn phòng Ủy ban nhân dân tỉnh Cao Bằng
address: file://{folder}
files: 06a_{{period}}_*.xlsx
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An office with one source, an inbox without files: a pull of it fails, and says so."""
    base, site = tmp_path / "catalog", tmp_path / "site"
    shutil.copytree(ROOT / "catalog", base)
    for path in base.glob("sources/*.yml"):
        path.unlink()
    (site / "sources").mkdir(parents=True)
    (tmp_path / "inbox").mkdir()
    (site / "sources/thu_cao_bang.yml").write_text(SOURCE.format(folder=tmp_path / "inbox"), "utf-8")
    monkeypatch.setenv("BAOCAO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BAOCAO_CATALOG", os.pathsep.join(map(str, (base, site))))
    return tmp_path


def _run(dagbag) -> tuple[str, dict[str, str]]:
    dag = dagbag.dags["confirm"]
    with _keyed(dag, PERIOD):
        run = dag.test(logical_date=None)
    return run.state, {ti.task_id: ti.state for ti in run.get_task_instances()}


def test_without_an_old_enough_pull_nothing_is_asked_and_no_gate_opens(dagbag, airflow_db, site: Path) -> None:
    with pytest.raises(SourceError):
        pipeline.collect("thu_cao_bang", PERIOD)
    attempts = len(Landing(str(site / "home/store")).receipts("thu_cao_bang", PERIOD))
    assert pipeline.plan_again(PERIOD) == []
    _, states = _run(dagbag)
    assert states["plan"] == "skipped"
    assert states["coverage"] in ("skipped", "upstream_failed")
    assert len(Landing(str(site / "home/store")).receipts("thu_cao_bang", PERIOD)) == attempts


def test_a_pull_that_is_old_enough_is_made_again_and_the_gate_opens(dagbag, airflow_db, site: Path) -> None:
    rows, top = lines("UBND tỉnh Cao Bằng", (("Hộ tịch", FIGURES),), block="Cấp tỉnh")
    (site / f"inbox/06a_{PERIOD}_tinh.xlsx").write_bytes(xlsx(rows, top))
    pipeline.collect("thu_cao_bang", PERIOD)
    calendar = (site / "catalog/calendar.yml").read_text("utf-8").replace("after_hours: 24", "after_hours: 0")
    (site / "site/calendar.yml").write_text(calendar, "utf-8")
    state, states = _run(dagbag)
    assert (state, states) == ("success", {"plan": "success", "pull": "success", "coverage": "success"})
    receipts = Landing(str(site / "home/store")).receipts("thu_cao_bang", PERIOD)
    assert [receipt.state for receipt in receipts] == ["complete", "complete"]
