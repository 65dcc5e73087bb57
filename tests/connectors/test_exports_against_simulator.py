"""Report files as the simulator's portals export them, in every dialect, from HTTP to rows, against the truth."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path
from typing import Any

import openpyxl
import pandas
import pytest

from etl import catalog
from etl.connectors import pull
from etl.errors import SourceBroken
from etl.landing import Landing
from etl.model import Dialect, Pages, Source
from etl.parsing import Parsed, parse
from etl.periods import Period
from etl.settings import ROOT, Settings
from launcher.simulator import Simulator
from tests.connectors.test_against_simulator import ask, fault

CATALOG = catalog.load((ROOT / "catalog",))
Q3 = Period.parse("2026-Q3")
PROVINCE = "12"
DIALECTS: dict[str, tuple[dict[str, str], Dialect | None]] = {
    "xlsx": ({}, None),
    "csv": ({"dinhDang": "csv"}, Dialect("csv", "utf-8", ";", ".")),
    "csv in windows-1258, with commas": (
        {"dinhDang": "csv", "bangMa": "windows-1258", "phanCach": ",", "ngan": ","},
        Dialect("csv", "windows-1258", ",", ","),
    ),
    "html": ({"dinhDang": "html", "ngan": "."}, Dialect("html", "utf-8", None, ".")),
}
FAMILIES = ("export_06a", "export_07a", "export_units")


def source(platform: str, dialect: str = "xlsx", province: str = PROVINCE) -> Source:
    query, written = DIALECTS[dialect]
    address = f"env:BAOCAO_SIMULATOR_URL/{platform}/{province}"
    return Source("xuat_lai_chau", platform, province, address, "Lai Châu", query=query, dialect=written)


def fetch(simulator: Simulator, asked: Source, store: Path) -> tuple[Parsed, list[bytes]]:
    platform = CATALOG.platform_of(asked)
    landing, settings = Landing(str(store)), Settings((), Path(), store, "", simulator.environment)
    answers = [vars(answer) for answer in pull(asked, platform, Q3, list(CATALOG.fields), settings)]
    landed = [landing.land(asked.id, Q3.key, **answer) for answer in answers]
    pages = Pages(tuple(landed), landing.read)
    dataset = CATALOG.datasets[platform.dataset]
    return parse(asked, platform, dataset, Q3, pages, CATALOG.tree(Q3), CATALOG.fields), [body for _, body in pages]


def truth_of(simulator: Simulator, form: str = "II.06a", unit: str = PROVINCE) -> dict[tuple[str, str], Any]:
    rows = ask("GET", f"{simulator.url}/truth/{form}?unit={unit}&period=2026-Q3")["rows"]
    return {(row["tier"], row.get("field", "all")): row for row in rows}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("platform", FAMILIES)
def test_every_dialect_of_every_family_says_the_truth(
    simulator: Simulator, platform: str, dialect: str, tmp_path: Path
) -> None:
    parsed, _ = fetch(simulator, source(platform, dialect), tmp_path)
    assert parsed.findings == []
    assert set(parsed.left_out) >= {"dòng đánh số cột", "dòng tổng cộng", "dòng tổng của khối", "dòng trong đó"}
    given = list(CATALOG.platforms[platform].columns)
    by_field = CATALOG.platforms[platform].tells_fields
    sums: dict[tuple[str, str], Counter[str]] = {}
    for row in parsed.table.to_pylist():
        assert (row["field"] == "all") != by_field
        for key in {(row["tier"], row["field"]), (row["tier"], "all"), ("all", row["field"]), ("all", "all")}:
            sums.setdefault(key, Counter()).update({column: row[column] for column in given})
        assert all(row[column] is None for column in CATALOG.datasets["onestop"].columns if column not in given)
    compared = 0
    for key, row in truth_of(simulator).items():
        if by_field or key[1] == "all":
            found = sums.get(key, Counter())
            assert {column: found[column] for column in given} == {column: row[column] for column in given}, key
            compared += row["received_total"]
    assert compared > 0
    communes = {unit.code for unit in CATALOG.tree(Q3).children(PROVINCE)}
    assert {row["unit"] for row in parsed.table.to_pylist() if row["tier"] == "commune"} == communes


@pytest.mark.parametrize("province", ["12", "46"])  # names in two normal forms, the Party's in one of them too
def test_the_workbook_of_the_axis_says_the_truth(simulator: Simulator, province: str, tmp_path: Path) -> None:
    parsed, _ = fetch(simulator, source("bkav_export", province=province), tmp_path)
    assert parsed.findings == []
    assert parsed.left_out == {"ngoài phạm vi báo cáo": 5}
    assert {row["unit"] for row in parsed.table.to_pylist()} == {unit.code for unit in CATALOG.tree(Q3).below(province)}
    for (tier, _), row in truth_of(simulator, "edoc", province).items():
        rows = [one for one in parsed.table.to_pylist() if tier in ("all", one["tier"])]
        for column in ("sent", "received", "exchanged"):
            assert sum(one[column] for one in rows) == row[column], (tier, column)


def test_two_other_readers_see_the_same_figures(simulator: Simulator, tmp_path: Path) -> None:
    """Each row of ours is, cell by cell, the row of that number for openpyxl, pandas and the csv module."""
    names = list(CATALOG.datasets["onestop"].columns)
    parsed, (workbook,) = fetch(simulator, source("export_06a"), tmp_path)
    sheet = openpyxl.load_workbook(io.BytesIO(workbook), data_only=True).worksheets[0]
    frame = pandas.read_excel(io.BytesIO(workbook), header=None, engine="openpyxl")
    for row in parsed.table.to_pylist():
        number = int(row["pointer"].rpartition("!")[2])
        ours = [row[name] for name in names]
        assert ours == [cell.value for cell in sheet[number]][2:13]
        assert ours == [int(value) for value in frame.iloc[number - 1, 2:13]]
        assert CATALOG.fields[row["field"]].name == sheet[number][1].value
    parsed, (text,) = fetch(simulator, source("export_06a", "csv"), tmp_path)
    lines = list(csv.reader(io.StringIO(text.decode(), newline=""), delimiter=";"))
    for row in parsed.table.to_pylist():
        cells = lines[int(row["pointer"].rpartition("!")[2]) - 1][2:13]
        assert [row[name] for name in names] == [int(cell.replace(".", "")) for cell in cells]


BROKEN = {"html": "login_page", "truncated": "truncated", "empty": "empty", "date_format": "wrong_date"}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("dialect", ["xlsx", "csv"])
def test_a_broken_file_is_named(simulator: Simulator, dialect: str, kind: str, tmp_path: Path) -> None:
    asked = source("export_06a", dialect)
    with fault(simulator, asked, kind), pytest.raises(SourceBroken) as caught:
        fetch(simulator, asked, tmp_path)
    assert caught.value.state == BROKEN[kind]


WRONG = {
    "wrong_total_row": {"READ-VENDOR"},
    "identity": {"READ-VENDOR"},
    "decimal_comma": {"READ-NUMBER"},
    "unknown_unit": {"READ-UNIT"},
    "missing_unit": {"READ-VENDOR"},
    "extra_column": {"READ-COLUMN"},
    "nfd": set(),
}


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("platform", FAMILIES)
def test_wrong_figures_are_found(simulator: Simulator, platform: str, kind: str, tmp_path: Path) -> None:
    with fault(simulator, source(platform), kind):
        parsed, _ = fetch(simulator, source(platform), tmp_path)
    assert {finding.rule for finding in parsed.findings} == WRONG[kind]


@pytest.mark.parametrize("platform", ["export_06a", "export_07a"])
def test_a_wrong_figure_is_told_of_its_agency_alone(simulator: Simulator, platform: str, tmp_path: Path) -> None:
    with fault(simulator, source(platform), "identity"):
        parsed, _ = fetch(simulator, source(platform), tmp_path)
    commune = min(unit.code for unit in CATALOG.tree(Q3).children(PROVINCE))
    assert {(hole.unit, hole.tier) for hole in parsed.doubts.values()} <= {(commune, "commune")}
    assert {finding.unit for finding in parsed.findings} == {commune}
