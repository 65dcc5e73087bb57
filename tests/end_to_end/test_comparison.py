"""A source for comparison is pulled, checked and kept, and no figure knows of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from etl import pipeline
from etl.model import Fact
from etl.pipeline.office import Office as Opened
from tests.end_to_end.office import MEASURES, PERIOD, ROOT, Office, trace_cell
from tests.warehouse.samples import query

YAML = """platform: igate
unit: "04"
role: comparison
owner: Trung tâm Phục vụ hành chính công tỉnh Cao Bằng
address: env:BAOCAO_SIMULATOR_URL/igate/04
credential: env:BAOCAO_SIMULATOR_TOKEN
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compared_site")


@pytest.fixture(scope="module")
def office(make_office: Callable[..., Office], site: Path, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Cao Bằng's two sources alone."""
    base = tmp_path_factory.mktemp("compared") / "catalog"
    shutil.copytree(ROOT / "catalog", base)
    for path in base.glob("sources/*.yml"):
        if path.stem not in ("onestop_cao_bang", "edoc_cao_bang"):
            path.unlink()
    (site / "sources").mkdir()
    made = make_office("compared", catalog=os.pathsep.join(map(str, (base, site))))
    made.run()
    assert made.failures == {}
    return made


def _facts() -> set[Fact]:
    return {fact for unit in ("VN", "04") for fact in pipeline.facts(PERIOD, unit)}


def test_no_figure_changes_with_it_or_without_it(office: Office, site: Path) -> None:
    before = _facts()
    (site / "sources/so_sanh.yml").write_text(YAML, "utf-8")
    assert "so_sanh" in pipeline.plan(PERIOD)
    assert {source["role"] for source in pipeline.sources() if source["id"] == "so_sanh"} == {"comparison"}
    missing = pipeline.run_from_landed(PERIOD)
    assert (missing["record"]["new"], missing["record"]["revised"]) == (0, 0)
    found = [finding for finding in Opened.open().warehouse.findings(PERIOD) if finding.source == "so_sanh"]
    assert [finding.rule for finding in found] == ["SOURCE-PRESENT"]
    assert Opened.open().warehouse.holes(PERIOD) == [], "what it lacks is no hole"

    office.run(sources=["so_sanh"])
    assert office.failures == {}
    assert _facts() == before
    covered = pipeline.coverage(PERIOD)
    assert covered["comparison"] == ["so_sanh"]
    assert "so_sanh" in covered["complete"]


def test_its_rows_stand_in_the_warehouse_beside_the_truth(office: Office) -> None:
    columns = ", ".join(f"""sum((r."values" ->> '{name}')::bigint)""" for name in MEASURES)
    kept = query(
        os.environ["BAOCAO_WAREHOUSE_URL"],
        f"SELECT r.tier, r.field, {columns} FROM baocao.standard_row r JOIN baocao.load_source s "
        "ON s.rows_load = r.load AND s.source = r.source WHERE s.role = 'comparison' "
        "AND s.load = (SELECT max(id) FROM baocao.load) GROUP BY 1, 2",
    )
    truth = office.truth("II.06a", "04")
    assert {(tier, field): tuple(map(int, sums)) for tier, field, *sums in kept} == {
        place: tuple(row[name] for name in MEASURES)
        for place, row in truth.items()
        if "all" not in place and place in {(tier, field) for tier, field, *_ in kept}
    }
    assert len(kept) > 20
    assert {row["source"] for row in trace_cell("II.06a", "04", PERIOD, "C11")["rows"]} == {"onestop_cao_bang"}


def test_when_it_is_down_the_figures_stand(office: Office) -> None:
    before = _facts()
    office.pull(sources=["so_sanh"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BAOCAO_SIMULATOR_TOKEN", "khong-phai")
        office.pull(sources=["so_sanh"])
        assert set(office.failures) == {"so_sanh"}
        assert pipeline.run_from_landed(PERIOD)["record"]["revised"] == 0
    assert _facts() == before
