"""An opening stock that a waiver lets pass: marked in its quarter, and in every longer period and unit it counts in."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

from etl import pipeline
from etl.__main__ import main
from etl.console import create_app
from etl.model import Finding
from etl.pipeline.office import Office as Opened
from launcher.simulator import Simulator
from tests.console.people import PEOPLE
from tests.end_to_end.expectations import Lay
from tests.end_to_end.office import Office, trace_cell
from tests.end_to_end.relanding import relanded
from tests.launcher.small_reform import make_catalog

BEFORE, FIRST, SECOND, THIRD = "2024-Q4", "2025-Q1", "2025-Q2", "2025-Q3"
SOURCE, UNIT, NEIGHBOUR, NOW = "onestop_2024_bac_kan", "06", "19", "19"
"""Bắc Kạn and Thái Nguyên, from July the Thái Nguyên of both."""
SOURCES = (SOURCE, "onestop_2024_thai_nguyen", "onestop_thai_nguyen")
OPENING = ("tongSo", "tiepNhanKyTruoc", "dangXuLyVaBoSung", "dangXuLyTrongHanVaBoSung")
LIFT = 400


@pytest.fixture(scope="module")
def office(make_office: Callable[..., Office], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One commune of Bắc Kạn opens the first quarter of 2025 with more than it closed 2024 with."""
    folder = tmp_path_factory.mktemp("waived_longer")
    catalog = make_catalog(folder / "catalog", SOURCES)
    portals = Simulator(folder, scale=0.2, catalog=catalog)
    portals.start()
    with pytest.MonkeyPatch.context() as patch:
        made = make_office("waived_longer", catalog=str(catalog))
        for variable, value in portals.environment.items():
            patch.setenv(variable, value)
        made.run(BEFORE)
        for quarter in (FIRST, SECOND, THIRD):
            made.pull(quarter)
        struck: list[str] = []
        relanded(SOURCE, FIRST, lambda document: _lift(document, struck))
        assert made.failures == {}
        assert struck
        yield made
    portals.stop()


def _lift(document: dict[str, Any], struck: list[str]) -> None:
    for record in document["data"]:
        if len(record["maThongKe"]) == 5 and record["tiepNhanKyTruoc"] > 10 and not struck:
            struck.append(record["maThongKe"])
            for name in OPENING:
                record[name] += LIFT


def _chain(period: str) -> Finding:
    (found,) = (one for one in Opened.open().warehouse.findings(period) if one.rule == "CHAIN")
    return found


def _waiver(finding: Finding) -> dict[str, Any]:
    return {
        "id": f"MT-{finding.period}",
        "dataset": "across",
        "rule": finding.rule,
        "source": finding.source,
        "periods": [finding.period],
        "reason": "nhận bàn giao hồ sơ giấy, biên bản 12/BB-STP",
        "owner": "Văn phòng UBND tỉnh Bắc Kạn",
        "agreed_by": "Nguyễn Thị An",
        "expires": "2099-12-31",
        "unit": finding.unit,
        "tier": finding.tier,
        "field": finding.field,
        "measure": finding.column,
        "value": finding.value,
        "expected": finding.expected,
    }


def _issue(period: str, unit: str) -> Path:
    (one,) = pipeline.fill_forms(period, form="II.06a", unit=unit)
    return Path(one["path"])


def _marked(path: Path) -> tuple[dict[str, set[str]], list[str]]:
    """The columns with the mark of a waiver by the label of their row, and the lines at the foot that begin with it."""
    sheet = openpyxl.load_workbook(path).worksheets[0]
    found: dict[str, set[str]] = {}
    for row in sheet.iter_rows():
        marked = {cell.column_letter for cell in row if "‡" in cell.number_format}
        if marked:
            found.setdefault(str(row[1].value), set()).update(marked)
    foot = [str(cell.value) for row in sheet.iter_rows() for cell in row if str(cell.value).startswith("Dấu “‡”")]
    return found, foot


def test_what_is_made_of_a_waived_stock_is_marked_and_traced(office: Office, waivers: Lay, tmp_path: Path) -> None:
    waivers()
    pipeline.run_from_landed(FIRST)
    first = _chain(FIRST)
    assert int(first.value) - int(first.expected) == LIFT
    waivers(_waiver(first))
    for quarter in (FIRST, SECOND):
        pipeline.run_from_landed(quarter)
    second = _chain(SECOND)
    assert int(second.expected) - int(second.value) == LIFT, "what was never there cannot be carried over"
    waivers(_waiver(first), _waiver(second))
    for quarter in (SECOND, THIRD):
        pipeline.run_from_landed(quarter)
    for longer in ("2025-H1", "2025-9M"):
        pipeline.annual(longer)

    field = Opened.open().catalog.fields[str(first.field)].name
    opening = {row: {"C", "F"} for row in (field, "Cấp xã", "Tổng số")}
    told = f"công bố theo miễn trừ MT-{FIRST}: nhận bàn giao hồ sơ giấy"
    for period, unit in ((FIRST, UNIT), ("2025-H1", UNIT), ("2025-9M", NOW)):
        path = _issue(period, unit)
        marked, (line,) = _marked(path)
        assert marked == opening, (period, unit)
        assert line.startswith("Dấu “‡” (6 ô)")
        assert told in line
    assert _marked(_issue("2025-H1", NEIGHBOUR)) == ({}, []), "nothing of it was Thái Nguyên's before July"
    assert _marked(_issue(SECOND, UNIT))[0] == opening, "by the other waiver, of the second quarter"

    sheet = openpyxl.load_workbook(path).worksheets[0]
    total = next(cell.row for cell in sheet["B"] if cell.value == "Tổng số")
    console = TestClient(create_app(lambda: PEOPLE["viewer"], "a secret of this test"))
    for cell, ids in ((f"F{total}", [f"MT-{FIRST}"]), (f"G{total}", [])):
        traced = trace_cell("II.06a", NOW, "2025-9M", cell)
        assert [one["id"] for one in traced["waivers"]] == ids
        said = CliRunner().invoke(main, ["trace", str(path), cell])
        assert (said.exit_code, "Nguyễn Thị An đồng ý" in said.output) == (0, bool(ids)), said.output
        page = console.get(f"/form/2025-9M/II.06a/{NOW}/issue/1/cell/{cell}").text
        assert ("Nguyễn Thị An đồng ý" in page) == bool(ids)
    with zipfile.ZipFile(pipeline.bundle(str(path), tmp_path)["bundle"]) as package:
        manifest = json.loads(package.read("manifest.json"))
    assert {name: one["agreed_by"] for name, one in manifest["waivers"].items()} == {f"MT-{FIRST}": "Nguyễn Thị An"}
    by_waiver = {place.rpartition("!")[2] for place, cell in manifest["cells"].items() if cell.get("waivers")}
    assert {f"C{total}", f"F{total}"} < by_waiver
    assert len(by_waiver) == 6
