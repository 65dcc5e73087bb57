"""The other aggregate platforms in one run over three provinces: procedures, scope, comparison, eGovPlatform."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import python_calamine
import requests
from click.testing import CliRunner

from etl import pipeline
from etl.__main__ import main
from etl.catalog import load
from etl.errors import SettingsError
from etl.model import Fact
from etl.periods import Period
from etl.pipeline.office import Office as Opened
from tests.end_to_end.office import MEASURES, PERIOD, ROOT, Office, read_body
from tests.forms.calculators import program
from tests.warehouse.samples import query

CATALOG = load((ROOT / "catalog",))
TREE = CATALOG.tree(Period.parse(PERIOD))
PROVINCES = ("04", "12", "46")
SCOPE = tuple(CATALOG.datasets["one_stop_scope"].columns)
TANDAN = """platform: {platform}
unit: "{unit}"
owner: Trung tâm Phục vụ hành chính công
address: env:BAOCAO_SIMULATOR_URL/{platform}/{unit}
{more}"""
EGOV = """platform: egov
unit: "46"
owner: Trung tâm Phục vụ hành chính công thành phố Huế
address: env:BAOCAO_SIMULATOR_URL/egov/46/bao-cao
credential: env:BAOCAO_SIMULATOR_LOGIN
"""
DVCQG = """platform: dvcqg
unit: "04"
role: comparison
owner: Văn phòng Chính phủ
address: env:BAOCAO_SIMULATOR_URL/dvcqg/04
headers: {Referer: https://dichvucong.gov.vn/p/home/dvc-index-tinhthanhpho-tonghop.html}
body: {p_tinh_id: '11308'}
"""


@pytest.fixture(scope="module")
def office(make_office: Callable[..., Office], tmp_path_factory: pytest.TempPathFactory) -> Office:
    base, site = tmp_path_factory.mktemp("aggregates") / "catalog", tmp_path_factory.mktemp("aggregates_site")
    shutil.copytree(ROOT / "catalog", base)
    for path in base.glob("sources/*.yml"):
        path.unlink()
    files = {"egov": EGOV, "so_sanh_dvcqg": DVCQG}
    for unit in PROVINCES:
        for platform in ("tandan_06b", "tandan_07b"):
            files[f"{platform}_{unit}"] = TANDAN.format(platform=platform, unit=unit, more="")
    files["onestop_04"] = TANDAN.format(platform="tandan_06a", unit="04", more="")
    files["onestop_12"] = TANDAN.format(platform="tandan_06a", unit="12", more="")
    files["so_sanh_cap"] = TANDAN.format(platform="tandan_06caccap", unit="12", more="role: comparison\n")
    (site / "sources").mkdir()
    for name, text in files.items():
        (site / f"sources/{name}.yml").write_text(text, "utf-8")
    made = make_office("aggregates", catalog=os.pathsep.join(map(str, (base, site))))
    made.run()
    assert made.failures == {}
    return made


def _facts(dataset: str) -> dict[tuple[str, str, str], dict[str, tuple[int | None, str | None]]]:
    """(unit, tier, field) -> what the indicators of the dataset's columns say, by column."""
    columns = {one.code: one.sum for one in CATALOG.indicators_of(dataset) if one.sum}
    found: dict[tuple[str, str, str], dict[str, tuple[int | None, str | None]]] = {}
    for fact in Opened.open().warehouse.facts(PERIOD, indicators=list(columns)):
        value = None if fact.value is None else int(fact.value)
        found.setdefault((fact.unit, fact.tier, fact.field), {})[str(columns[fact.indicator])] = (value, fact.reason)
    return found


def _truth(office: Office, form: str, unit: str, **asked: str) -> dict[tuple[str, str], dict[str, int]]:
    answer = requests.get(
        f"{office.simulator.url}/truth/{form}", params={"unit": unit, **(asked or {"period": PERIOD})}, timeout=60
    )
    answer.raise_for_status()
    return {(row["tier"], row.get("field", "all")): row for row in answer.json()["rows"]}


def _printed(unit: str, places: Mapping[tuple[str, str], dict[str, int]]) -> dict[tuple[str, str], dict[str, int]]:
    """What the warehouse keeps of a unit's truth: no tier of a commune but its own, "all" tiers for "all" fields."""
    commune = len(unit) == 5
    return {
        (tier, field): row
        for (tier, field), row in places.items()
        if (tier == "commune" if commune else tier != "all" or field == "all")
    }


def test_procedures_are_the_truth_cell_by_cell(office: Office) -> None:
    found, expected = _facts("procedure"), {}
    for province in PROVINCES:
        for unit in TREE.below(province):
            for place, row in _printed(unit.code, _truth(office, "II.06b", unit.code)).items():
                expected[(unit.code, *place)] = {name: (row[name], None) for name in MEASURES}
    units = {unit for unit, _, _ in expected}
    assert {key: figures for key, figures in found.items() if key[0] in units} == expected
    codes = {field for _, _, field in expected} - {"all"}
    assert len(codes) > 60
    assert {"000.00.00.H41" in code for code in codes} == {True, False}, "both ways to write a code"
    assert {unit for unit, _, field in expected if field != "all"} == {
        unit.code for province in PROVINCES for unit in TREE.below(province)
    }


def test_the_scope_of_a_province_is_the_truth_and_has_no_communes(office: Office) -> None:
    found = _facts("one_stop_scope")
    expected = {
        (province, *place): {name: (row[name], None) for name in SCOPE}
        for province in PROVINCES
        for place, row in _truth(office, "II.07b", province).items()
    }
    assert {key: figures for key, figures in found.items() if key[0] in PROVINCES} == expected
    assert {len(unit) for unit, _, _ in found} == {2}
    assert expected["04", "all", "all"]["procedures_total"][0] != expected["12", "all", "all"]["procedures_total"][0]


def test_what_only_three_provinces_report_is_withheld_for_the_nation(office: Office) -> None:
    for dataset in ("procedure", "one_stop_scope"):
        found = _facts(dataset)
        nation = [figures for (unit, _, _), figures in found.items() if unit == "VN"]
        assert {figure for figures in nation for figure in figures.values()} == {(None, "missing_source")}
        assert set(found["01", "all", "all"].values()) == {(None, "missing_source")}
    assert len([key for key in _facts("procedure") if key[0] == "VN"]) > 60


def test_a_dataset_that_nobody_reports_is_left_out(office: Office) -> None:
    assert _facts("edoc") == {}
    result = pipeline.run_from_landed(PERIOD)
    checked = {check["dataset"]: check["rows"] for check in result["check"]}
    assert (checked["edoc"], checked["one_stop_scope"]) == (0, 3)
    written = {form["form"]: form["written"] for form in result["forms"]}
    assert written == {"II.06a": 35, "II.06b": 3, "II.07b": 4, "VBDT": 0}
    assert (result["record"]["new"], result["record"]["revised"]) == (0, 0)


def test_every_figure_of_ii_06b_is_the_truth(office: Office) -> None:
    tiers = {"Cấp tỉnh (sở, ban, ngành)": "province", "Cấp xã": "commune", "Tổng số": "all"}
    for unit in (*PROVINCES, TREE.children("12")[0].code):
        pipeline.publish(PERIOD, "II.06b", unit=unit)
        printed, tier = {}, ""
        for row in read_body(office.form("II.06b", unit), 13):
            tier = tiers.get(row[1], tier)
            code = "all" if row[1] in tiers else row[1].removesuffix(")").rpartition("(")[2]
            assert row[1] in (*tiers, f"Thủ tục {code} ({code})"), "the title that the portal gives it, and its code"
            printed[tier, code] = dict(zip(MEASURES, map(int, row[2:]), strict=True))
        truth = _printed(unit, _truth(office, "II.06b", unit))
        wanted = {place: {name: row[name] for name in MEASURES} for place, row in truth.items()}
        if unit not in PROVINCES:
            wanted["all", "all"] = wanted["commune", "all"]
        assert printed == wanted
        assert len(printed) > (60 if unit in PROVINCES else 3)


def test_every_figure_of_ii_07b_is_the_truth_and_what_no_province_reports_is_missing(office: Office) -> None:
    names = {TREE[code].name: code for code in PROVINCES}
    for unit in (*PROVINCES, "VN"):
        printed = {row[1]: row[2:] for row in read_body(office.form("II.07b", unit), 14)}
        for name, code in names.items():
            if unit in ("VN", code):
                whole = _truth(office, "II.07b", code)["all", "all"]
                assert [int(cell) for cell in printed.pop(name)] == [whole[measure] for measure in SCOPE]
        if unit == "VN":
            assert len(printed) == 34 - 3 + 1
            assert {cell for row in printed.values() for cell in row} == {"…"}


def test_nobody_is_said_to_owe_a_layout_of_the_project(office: Office) -> None:
    standings = pipeline.standings(PERIOD)
    assert {row["form"] for row in standings["standings"]} == {"II.06a", "VBDT"}
    assert {one["due_on"] for one in pipeline.issued(PERIOD) if one["form"] in ("II.06b", "II.07b")} == {None}


def test_a_unit_without_a_source_is_told_and_not_filled(office: Office) -> None:
    ministries = pipeline.fill_forms(PERIOD, form="II.06a", level="ministry")
    assert len(ministries) == len(TREE.at_level("ministry")) > 0
    assert {one["path"] for one in ministries} == {None}
    assert all("no source reports" in one["reason"] for one in ministries)
    (nobody,) = pipeline.fill_forms(PERIOD, form="II.06b", unit="01")
    assert (nobody["path"], "no figure of the unit" in nobody["reason"]) == (None, True)
    with pytest.raises(SettingsError, match=r"II\.07b không lập cho cấp commune"):
        pipeline.publish(PERIOD, "II.07b", level="commune")


def test_a_commune_has_its_forms_when_asked_for(office: Office, tmp_path: Path) -> None:
    commune = TREE.children("04")[2]
    done = CliRunner().invoke(main, ["forms", PERIOD, "--unit", commune.code, "--out", str(tmp_path), "--json"])
    assert done.exit_code == 0, done.output
    told = {one["form"]: one for one in json.loads(done.stdout)}
    assert set(told) == {"II.06a", "II.06b", "VBDT"}
    assert (told["VBDT"]["path"], told["II.06a"]["level"]) == (None, "commune")
    copied = Path(told["II.06a"]["copy"])
    assert copied.parent == tmp_path
    assert copied.read_bytes() == Path(told["II.06a"]["path"]).read_bytes()
    sheet = python_calamine.CalamineWorkbook.from_path(copied).get_sheet_by_index(0).to_python()
    assert (sheet[1][9], sheet[3][9]) == (
        f"Ủy ban nhân dân {commune.type.casefold()}{commune.name.removeprefix(commune.type)}",
        "Ủy ban nhân dân tỉnh Cao Bằng",
    )
    assert pipeline.publish(PERIOD, "II.06a")["written"] == 35 + 1, "what was given out on demand is kept up"
    both = CliRunner().invoke(main, ["forms", PERIOD, "--unit", "04", "--level", "commune"])
    unknown = CliRunner().invoke(main, ["forms", PERIOD, "--format", "xlsx,bmp"])
    assert (both.exit_code, unknown.exit_code, "bmp" in unknown.output) == (2, 2, True)
    whole = _truth(office, "II.06a", commune.code)["commune", "all"]
    (last,) = (row for row in read_body(copied, 13) if row[1] == "Tổng số")
    assert [int(cell) for cell in last[2:]] == [whole[name] for name in MEASURES]


def test_a_form_is_printed_once_and_without_libreoffice_the_workbooks_go_on(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program("soffice", "libreoffice")
    call = ["forms", PERIOD, "--unit", "04", "--out", str(tmp_path), "--format", "xlsx,pdf", "--json"]
    with monkeypatch.context() as bare:
        bare.setenv("PATH", str(tmp_path))
        done = CliRunner().invoke(main, call)
    filled = [one for one in json.loads(done.stdout) if one["path"] is not None]
    assert (done.exit_code, len(filled) >= 3) == (1, True), done.output
    assert all(Path(one["copy"]).exists() and one["pdf"] is None for one in filled)
    assert all("LibreOffice" in one["pdf_reason"] for one in filled)
    done = CliRunner().invoke(main, call)
    assert done.exit_code == 0, done.output
    printed = {one["pdf"]: Path(one["pdf_copy"]) for one in json.loads(done.stdout) if one["path"] is not None}
    assert {copy.suffix for copy in printed.values()} == {".pdf"}
    assert all(copy.read_bytes() == Path(kept).read_bytes() for kept, copy in printed.items())
    moments = {kept: Path(kept).stat().st_mtime_ns for kept in printed}
    assert CliRunner().invoke(main, call).exit_code == 0
    assert {kept: Path(kept).stat().st_mtime_ns for kept in printed} == moments


def test_egov_gives_all_but_the_channels(office: Office) -> None:
    found, channels = _facts("onestop"), ("received_online", "received_direct_postal")
    for unit in TREE.below("46"):
        for place, row in _printed(unit.code, _truth(office, "II.06a", unit.code)).items():
            if row["received_total"] == 0 and (unit.code, *place) not in found:
                continue
            figures = found[(unit.code, *place)]
            assert {name: figures[name] for name in MEASURES if name not in channels} == {
                name: (row[name], None) for name in MEASURES if name not in channels
            }
            assert {figures[name] for name in channels} == {(None, "not_provided")}


def _compared(source: str, measures: tuple[str, ...]) -> dict[tuple[str, str, str], tuple[int, ...]]:
    """Rows of a source for comparison as the warehouse holds them, added up by unit, tier and field."""
    columns = ", ".join(f"""sum((r."values" ->> '{name}')::bigint)""" for name in measures)
    kept = query(
        os.environ["BAOCAO_WAREHOUSE_URL"],
        f"SELECT r.unit, r.tier, r.field, {columns} FROM baocao.standard_row r JOIN baocao.load_source s "
        f"ON s.rows_load = r.load AND s.source = r.source WHERE s.role = 'comparison' AND s.source = '{source}' "
        "AND s.load = (SELECT max(id) FROM baocao.load) GROUP BY 1, 2, 3",
    )
    return {(unit, tier, field): tuple(map(int, sums)) for unit, tier, field, *sums in kept}


def test_dvcqg_rows_are_the_truth_of_the_calendar_quarter(office: Office) -> None:
    measures = tuple(name for name in MEASURES if name not in ("resolved_early", "resolved_on_time"))
    expected = {}
    for unit in TREE.below("04"):
        places = _truth(office, "II.06a", unit.code, first="2026-07-01", last="2026-09-30")
        for (tier, field), row in places.items():
            if field != "all" and tier == ("commune" if unit.level == "commune" else "province"):
                expected[unit.code, tier, field] = tuple(row[name] for name in measures)
    assert _compared("so_sanh_dvcqg", measures) == expected
    other = _truth(office, "II.06a", "04")["all", "all"]
    whole = _truth(office, "II.06a", "04", first="2026-07-01", last="2026-09-30")["all", "all"]
    assert whole["received_total"] != other["received_total"], "the two windows are not the same question"
    unknown = (
        "SELECT count(*) FROM baocao.standard_row WHERE source = 'so_sanh_dvcqg' "
        """AND "values" ->> 'resolved_early' IS NOT NULL"""
    )
    assert query(os.environ["BAOCAO_WAREHOUSE_URL"], unknown) == [(0,)]
    rules = {one.rule for one in Opened.open().warehouse.findings(PERIOD, "so_sanh_dvcqg")}
    assert rules == {"READ-WINDOW"}


def test_rows_of_a_level_stand_at_the_province(office: Office) -> None:
    truth = _truth(office, "II.06a", "12")
    assert _compared("so_sanh_cap", MEASURES) == {
        ("12", tier, field): tuple(row[name] for name in MEASURES)
        for (tier, field), row in truth.items()
        if "all" not in (tier, field)
    }
    assert Opened.open().warehouse.findings(PERIOD, "so_sanh_cap") == []


def test_a_source_for_comparison_that_is_down_changes_no_figure(office: Office) -> None:
    def everything() -> set[Fact]:
        return set(Opened.open().warehouse.facts(PERIOD))

    before, address = everything(), f"{office.simulator.url}/faults/dvcqg/04"
    assert requests.put(address, json={"kind": "error"}, timeout=10).status_code == 200
    try:
        office.pull(sources=["so_sanh_dvcqg"])
        assert set(office.failures) == {"so_sanh_dvcqg"}
        result: dict[str, Any] = pipeline.run_from_landed(PERIOD)
    finally:
        requests.delete(address, timeout=10)
    assert (result["record"]["new"], result["record"]["revised"]) == (0, 0)
    assert everything() == before
    assert Opened.open().warehouse.summary(PERIOD)["compared"].keys() == {"onestop"}
