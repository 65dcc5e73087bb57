"""Provinces fed by report files alone, downloaded or from a folder: every figure is the truth or is not provided."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import requests

from etl import pipeline
from etl.catalog import load
from etl.errors import FormError, TraceError
from etl.periods import Period
from launcher.simulator import Simulator
from tests.end_to_end.office import MEASURES, PERIOD, ROOT, Office, read_form_06a, trace_cell

FORM_06A = """platform: export_06a
owner: Văn phòng
"""
FORM_07A = """platform: export_07a
owner: Văn phòng
"""
UNITS = """platform: export_units
owner: Văn phòng
"""
AXIS = """platform: bkav_export
owner: Văn phòng
"""
CSV_1258 = """query: {dinhDang: csv, bangMa: windows-1258, phanCach: ","}
dialect: {format: csv, encoding: windows-1258, delimiter: ","}
"""
HTML = """query: {dinhDang: html}
dialect: {format: html, encoding: utf-8}
"""
INBOX = """unit: "15"
address: env:BAOCAO_TEST_INBOX
files: 06a_{period}_*.xlsx
"""


def at(platform: str, unit: str) -> str:
    return f'unit: "{unit}"\naddress: env:BAOCAO_SIMULATOR_URL/{platform}/{unit}\n'


SOURCES = {
    "tep_xlsx": FORM_06A + at("export_06a", "04"),
    "tep_csv": FORM_06A + at("export_06a", "08") + CSV_1258,
    "tep_html": FORM_06A + at("export_06a", "11") + HTML,
    "tep_07a": FORM_07A + at("export_07a", "12"),
    "tep_don_vi": UNITS + at("export_units", "14"),
    "thu_06a": FORM_06A + INBOX,
    "truc_xlsx": AXIS + at("bkav_export", "04"),
}
LACKS = {"12": ("received_online", "received_direct_postal", "resolved_early", "resolved_on_time")}
WITHOUT_FIELDS = "14"


@pytest.fixture(scope="module")
def office(
    make_office: Callable[..., Office], simulator: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    base, site = tmp_path_factory.mktemp("base") / "catalog", tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "catalog", base)
    for path in base.glob("sources/*.yml"):
        path.unlink()
    (site / "sources").mkdir()
    for name, text in SOURCES.items():
        (site / f"sources/{name}.yml").write_text(text, "utf-8")
    inbox = tmp_path_factory.mktemp("inbox")
    tree = load((ROOT / "catalog",)).tree(Period.parse(PERIOD))
    query = {"tuNgay": "15/06/2026", "denNgay": "14/09/2026"}
    for agency in [*(unit.code for unit in tree.children("15")), *(f"15.{number:02d}" for number in range(1, 15))]:
        address = f"{simulator.url}/export_06a/15/bao-cao/06a/xuat"
        answer = requests.get(address, params={**query, "donVi": agency}, timeout=60)
        answer.raise_for_status()
        (inbox / f"06a_{PERIOD}_{agency}.xlsx").write_bytes(answer.content)
    made = make_office("export_portals", catalog=os.pathsep.join(map(str, (base, site))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BAOCAO_TEST_INBOX", str(inbox))
        made.run()
        assert made.failures == {}
        yield made


@pytest.mark.parametrize("unit", ["04", "08", "11", "12", "14", "15"])
def test_every_figure_is_the_truth_or_not_provided(office: Office, unit: str, field_codes: dict[str, str]) -> None:
    printed = read_form_06a(office.form("II.06a", unit), field_codes)
    lacks = LACKS.get(unit, ())
    compared = 0
    for key, row in office.truth("II.06a", unit).items():
        if key[0] == "all" and key[1] != "all":
            continue
        if unit == WITHOUT_FIELDS and key[1] != "all":
            assert printed[key] == ["…"] * 11, key
            continue
        wanted = ["…" if measure in lacks else float(row[measure]) for measure in MEASURES]
        if key not in printed:
            assert not any(cell for cell in wanted if cell != "…"), key
            continue
        assert printed[key] == wanted, key
        compared += 1
    assert compared > (2 if unit == WITHOUT_FIELDS else 15)


def test_what_a_file_does_not_hold_says_why(office: Office) -> None:
    facts = {(fact.indicator, fact.tier, fact.field): fact for fact in pipeline.facts(PERIOD, WITHOUT_FIELDS)}
    whole = facts["tthc_received_total", "commune", "all"]
    assert whole.value == office.truth("II.06a", WITHOUT_FIELDS)["commune", "all"]["received_total"]
    of_fields = [fact for (code, _, field), fact in facts.items() if field != "all" and code.startswith("tthc_")]
    assert {(fact.value, fact.reason) for fact in of_fields} == {(None, "not_provided")}
    assert {fact.field for fact in of_fields} == set(load((ROOT / "catalog",)).fields)


def test_the_nation_has_no_figure_of_a_field_that_a_province_does_not_give(office: Office) -> None:
    facts = {
        (fact.tier, fact.field): fact for fact in pipeline.facts(PERIOD, "VN") if fact.indicator == "tthc_carried_over"
    }
    assert {fact.reason for fact in facts.values()} == {"missing_source"}  # most provinces have no source here


def test_documents_are_the_truth(office: Office) -> None:
    truth = office.truth("edoc", "04")
    facts = {(fact.indicator, fact.tier): fact.value for fact in pipeline.facts(PERIOD, "04")}
    for tier in ("province", "commune", "all"):
        assert facts["vb_sent", tier] == truth[tier, "all"]["sent"]
        assert facts["vb_received", tier] == truth[tier, "all"]["received"]


@pytest.mark.parametrize(("unit", "field"), [("04", "chung_thuc"), ("14", "all"), ("15", "chung_thuc")])
def test_a_figure_leads_to_the_row_of_its_sheet(
    office: Office, unit: str, field: str, simulator: Simulator, field_codes: dict[str, str]
) -> None:
    printed = read_form_06a(office.form("II.06a", unit), field_codes)
    found = next(
        traced
        for row in range(10, 45)
        if (traced := _trace(unit, f"C{row}")) and (traced["tier"], traced["field"]) == ("commune", field)
    )
    assert float(found["value"]) == printed["commune", field][0] == sum(row["value"] for row in found["rows"])
    for row in found["rows"][:5]:
        sheet, _, number = row["pointer"].removeprefix("/").rpartition("!")
        cell = openpyxl.load_workbook(row["file"])[sheet][f"C{number}"].value
        assert int(str(cell).replace(",", "")) == row["value"]
        assert row["address"].startswith("file:" if unit == "15" else f"{simulator.url}/export_")


@pytest.mark.parametrize(
    ("unit", "kind"), [("04", "xlsx"), ("08", "csv"), ("11", "html"), ("14", "xlsx"), ("15", "xlsx")]
)
def test_a_bundle_reads_the_rows_of_its_files_again(office: Office, unit: str, kind: str, tmp_path: Path) -> None:
    packed = Path(pipeline.bundle(str(office.form("II.06a", unit)), tmp_path)["bundle"])
    verified = pipeline.verify_bundle(str(packed))
    assert (verified["wrong"], verified["rows_read_again"]) == ([], verified["rows"])
    assert verified["rows"] > (2 if unit == WITHOUT_FIELDS else 15)
    with zipfile.ZipFile(packed) as package:
        files = {name: package.read(name) for name in package.namelist()}
    told = json.loads(files["manifest.json"])
    row = next(one for one in told["rows"] if one["values"]["received_total"])
    measure, (column, *_) = "received_total", row["read"]["received_total"]
    asked = told["requests"][row["request"]]
    assert asked["uri"].endswith(kind) or kind == "html"
    altered = _with_another_figure(files[asked["uri"]], kind, row["pointer"], column, row["values"][measure])

    files[asked["uri"]] = altered
    wrong = _verified_again(packed, files)
    assert len(wrong) == 1, "its sha256, and no noise beside it"
    assert f"{asked['uri']}: không phải tệp gốc đã lấy" in wrong[0]
    # a forger who mends every hash is caught by the number itself
    asked["sha256"] = hashlib.sha256(altered).hexdigest()
    files["manifest.json"] = json.dumps(told).encode()
    assert [f"{asked['uri']}{row['pointer']}: {measure} " in line for line in _verified_again(packed, files)] == [True]


def _with_another_figure(content: bytes, kind: str, pointer: str, column: str, figure: int) -> bytes:
    """The file with one more in the row and column of the pointer, by a library that the verifier does not use."""
    sheet, _, number = pointer.removeprefix("/").rpartition("!")
    if kind == "xlsx":
        book, target = openpyxl.load_workbook(io.BytesIO(content)), io.BytesIO()
        book[sheet][f"{column}{number}"].value = figure + 1
        book.save(target)
        return target.getvalue()
    written = f"{figure:,}".replace(",", ".").encode()
    if kind == "csv":
        lines = content.split(b"\r\n" if b"\r\n" in content else b"\n")
        line = lines[int(number) - 1]
        assert written in line
        return content.replace(line, line.replace(written, str(figure + 1).encode(), 1))
    tables = re.split(rb"(?=<table)", content)
    at = int(sheet.removeprefix("table"))
    rows = re.split(rb"(?=<tr)", tables[at])
    cells = re.split(
        rb"(?=<t[dh])", rows[int(number)]
    )  # before the first row, and before the first cell, stands something
    place = ord(column) - ord("A") + 1
    assert b">" + written + b"<" in cells[place]
    cells[place] = cells[place].replace(written, str(figure + 1).encode())
    rows[int(number)] = b"".join(cells)
    tables[at] = b"".join(rows)
    return b"".join(tables)


def _verified_again(packed: Path, files: dict[str, bytes]) -> list[str]:
    """What is wrong with the bundle of these files, its list of sums mended."""
    sums = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in files if name != "SHA256SUMS")
    with zipfile.ZipFile(packed, "w") as package:
        for name, content in (files | {"SHA256SUMS": sums.encode()}).items():
            package.writestr(name, content)
    wrong: list[str] = pipeline.verify_bundle(str(packed))["wrong"]
    return wrong


def _trace(unit: str, cell: str) -> dict[str, Any] | None:
    """The trace of a cell, None where the form has no such row."""
    try:
        return trace_cell("II.06a", unit, PERIOD, cell)
    except (FormError, TraceError):
        return None
