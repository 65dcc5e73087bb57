"""The last quarter before the reform and the first after it, of a few provinces: forms, chain and trace."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import python_calamine
from click.testing import CliRunner

from etl import pipeline
from etl.__main__ import main
from tests.end_to_end.office import MEASURES, ROOT, Office, read_form_06a, trace_cell

THEN, NOW = "2025-Q2", "2025-Q3"
BEFORE = {"02": "ha_giang", "08": "tuyen_quang", "24": "bac_giang", "27": "bac_ninh"}
AFTER = {"08": "tuyen_quang", "24": "bac_ninh"}
"""Hà Giang and Tuyên Quang became Tuyên Quang. 24 was Bắc Giang; it and 27 became Bắc Ninh, which is 24 since."""
WENT = {"02": "08", "08": "08", "24": "24", "27": "24"}
REFORM = "2025-07-01"


def _small_catalog(folder: Path) -> Path:
    """The catalog with these provinces alone, in units and sources."""
    shutil.copytree(ROOT / "catalog", folder)
    kept = {f"{dataset}_2024_{name}" for dataset in ("onestop", "edoc") for name in BEFORE.values()}
    kept |= {f"onestop_{name}" for name in AFTER.values()}
    for path in folder.glob("sources/*.yml"):
        if path.stem not in kept:
            path.unlink()
    units, parents = _read(folder / "units/units.csv"), {}
    for row in units:
        parents[row["code"], row["valid_from"] >= REFORM] = row["parent"]

    def ours(code: str, *, since: bool) -> bool:
        while len(code) > 2:
            code = parents.get((code, since), "VN")
        return code == "VN" or code in (AFTER if since else BEFORE)

    _write(folder / "units/units.csv", [row for row in units if ours(row["code"], since=row["valid_from"] >= REFORM)])
    changes = _read(folder / "units/changes.csv")
    _write(folder / "units/changes.csv", [row for row in changes if ours(row["old"], since=False)])
    _write(folder / "units/codes.csv", _read(folder / "units/codes.csv")[:0])
    contacts = folder / "contacts.yml"
    contacts.write_text(contacts.read_text("utf-8").split("\nunits:")[0] + "\nunits: {}\n", "utf-8")
    return folder


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    heading = path.read_text("utf-8").split("\n", 1)[0].split(",")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, heading, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def office(make_office: Callable[..., Office], tmp_path_factory: pytest.TempPathFactory) -> Office:
    made = make_office("past", catalog=str(_small_catalog(tmp_path_factory.mktemp("past") / "catalog")))
    made.run(THEN)
    made.run(NOW)
    assert made.failures == {}
    return made


def test_the_plan_of_a_quarter_has_its_own_sources_alone(office: Office) -> None:
    assert len(pipeline.plan(THEN)) == 2 * len(BEFORE)
    assert pipeline.plan(NOW) == ["onestop_bac_ninh", "onestop_tuyen_quang"]


@pytest.mark.parametrize("unit", BEFORE)
def test_every_figure_of_an_old_province_is_the_truth_with_its_districts(
    office: Office, field_codes: dict[str, str], unit: str
) -> None:
    printed, truth = read_form_06a(office.form("II.06a", unit, THEN), field_codes), office.truth("II.06a", unit, THEN)
    wanted = {key: [row[name] for name in MEASURES] for key, row in truth.items() if key[0] != "all" or key[1] == "all"}
    assert {tier for tier, _ in printed} == {"province", "district", "commune", "all"}
    assert {key: [int(cell) for cell in cells] for key, cells in printed.items() if any(cells)} == {
        key: figures for key, figures in wanted.items() if any(figures)
    }
    assert len(printed) > 25


def test_the_document_form_has_a_row_for_each_district_with_what_is_under_it(office: Office) -> None:
    units = _read(ROOT / "catalog/units/units.csv")
    districts = {row["name"]: row["code"] for row in units if (row["level"], row["parent"]) == ("district", "02")}
    rows = python_calamine.CalamineWorkbook.from_path(office.form("VBDT", "02", THEN)).get_sheet_by_index(0).to_python()
    by_label = {str(row[1]): row[2:5] for row in rows if len(row) > 4}
    assert len(districts) == 11
    for name, code in districts.items():
        whole = office.truth("edoc", code, THEN)["all", "all"]
        assert by_label[name] == [whole["sent"], whole["received"], whole["exchanged"]], name


def test_what_the_merged_provinces_closed_with_is_what_the_new_one_opened_with(office: Office) -> None:
    def figures(period: str, unit: str, indicator: str) -> dict[str, Decimal]:
        return {
            fact.field: fact.value
            for fact in pipeline.facts(period, unit, indicator=indicator)
            if fact.tier == "all" and fact.value is not None
        }

    closed: Counter[tuple[str, str]] = Counter()
    for unit, successor in WENT.items():
        for field, value in figures(THEN, unit, "tthc_pending_total").items():
            closed[successor, field] += int(value)
    opened = Counter(
        {(unit, field): int(v) for unit in AFTER for field, v in figures(NOW, unit, "tthc_carried_over").items()}
    )
    assert +closed == +opened
    assert min(opened[unit, "all"] for unit in AFTER) > 50
    found: dict[str, Any] = json.loads(CliRunner().invoke(main, ["chain", NOW, "--json"]).stdout)
    assert found["broken"] == []
    assert found["equal"] > 500
    assert found["handed_over"] > 100, "what the districts had went to communes"


def test_the_nation_has_the_same_figures_on_the_units_of_before_and_of_now(office: Office) -> None:
    sums: dict[str, Counter[str]] = {}
    for units in ("reported", "today"):
        for one in pipeline.restated(THEN, units):
            if (one.tier, one.field) == ("all", "all") and one.value is not None and len(one.unit) == 2:
                place = "nation" if one.unit == "VN" else units
                sums.setdefault(one.indicator, Counter())[place] += int(one.value)
    assert {"tthc_received_total", "tthc_pending_overdue", "vb_sent", "vb_received"} <= set(sums)
    for indicator, found in sums.items():
        if not indicator.endswith(("_rate", "_share")):
            assert found["nation"] == 2 * found["reported"] == 2 * found["today"], indicator


def test_a_cell_of_the_district_block_leads_to_the_districts(office: Office) -> None:
    rows = (
        python_calamine.CalamineWorkbook.from_path(office.form("II.06a", "24", THEN)).get_sheet_by_index(0).to_python()
    )
    number = next(index for index, row in enumerate(rows, start=1) if row[1] == "Cấp huyện")
    found = trace_cell("II.06a", "24", THEN, f"C{number}")
    assert (found["tier"], found["unit_name"]) == ("district", "Tỉnh Bắc Giang")
    assert {row["source"] for row in found["rows"]} == {"onestop_2024_bac_giang"}
    assert all("/24-2024/" in row["address"] for row in found["rows"])
    assert {len(row["agency"]) for row in found["rows"]} == {3}
