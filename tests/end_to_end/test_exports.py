"""Agencies without a portal: their workbooks in a folder become figures, and a cell leads back to the sheet's row."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from etl import pipeline
from etl.catalog import load
from etl.errors import FormError, SourceError, TraceError
from etl.landing import Landing
from etl.periods import Period
from tests.end_to_end.office import PERIOD, ROOT, Office, read_form_06a, trace_cell
from tests.parsing.export_files import FIGURES, MERGES_07A, lines, lines_07a, xlsx

SOURCE = "thu_cao_bang"
MORE = (1234, 600, 434, 200, 834, 300, 334, 200, 400, 399, 1)
FIELDS = (("Hộ tịch", FIGURES), ("Chứng thực", MORE))
YAML = """platform: export_06a
unit: "04"
owner: Văn phòng Ủy ban nhân dân tỉnh Cao Bằng
address: env:BAOCAO_TEST_INBOX
files: 06a_{period}_*.xlsx
"""
OLDER = """platform: export_07a
unit: "{unit}"
owner: Văn phòng
address: env:BAOCAO_TEST_INBOX
files: 07a_{{period}}_*.xls*
"""
FIELDS_07A = (("Hộ tịch", (1234, 200, 1034, 834, 800, 34, 400, 399, 1)),)
TREE = load((ROOT / "catalog",)).tree(Period.parse(PERIOD))
COMMUNES = [unit.code for unit in TREE.children("04")]
WITH_07A = TREE.children("08")[0]


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file a commune, and one of a department: numbers as cells there, as texts in the communes."""
    folder = tmp_path_factory.mktemp("inbox")
    texts = [(name, [f"{figure:,}".replace(",", ".") for figure in figures]) for name, figures in FIELDS]
    total = [f"{a + b:,}".replace(",", ".") for a, b in zip(FIGURES, MORE, strict=True)]
    for number, code in enumerate(COMMUNES):
        rows = lines(f"UBND {TREE[code].name}", texts, total=total)
        (folder / f"06a_{PERIOD}_{code}.xlsx").write_bytes(xlsx(*rows, shift=number % 3))
    (folder / f"06a_{PERIOD}_so_noi_vu.xlsx").write_bytes(xlsx(*lines("Sở Nội vụ", FIELDS, block="Sở, ban, ngành")))
    older = lines_07a(f"UBND {WITH_07A.name}", FIELDS_07A)
    (folder / f"07a_{PERIOD}_xa.xlsx").write_bytes(xlsx(*older, title="07a", merges=MERGES_07A))
    (folder / "06a_2026-Q2_cu.xlsx").write_bytes(b"of another quarter")
    return folder


@pytest.fixture(scope="module")
def office(
    make_office: Callable[..., Office], inbox: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Office, dict[str, bytes]]]:
    """With what the folder held before the run."""
    base, site = tmp_path_factory.mktemp("base") / "catalog", tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "catalog", base)
    for path in base.glob("sources/*.yml"):
        if path.stem != "edoc_cao_bang":
            path.unlink()
    (site / "sources").mkdir()
    (site / f"sources/{SOURCE}.yml").write_text(YAML, "utf-8")
    (site / "sources/thu_07a.yml").write_text(OLDER.format(unit=WITH_07A.code), "utf-8")
    made = make_office("exports", catalog=os.pathsep.join(map(str, (base, site))))
    before = {path.name: path.read_bytes() for path in inbox.iterdir()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BAOCAO_TEST_INBOX", str(inbox))
        made.run()
        assert made.failures == {}
        yield made, before


def test_every_figure_is_the_sum_of_the_files(
    office: tuple[Office, dict[str, bytes]], field_codes: dict[str, str]
) -> None:
    printed = read_form_06a(office[0].form("II.06a", "04"), field_codes)
    count = len(COMMUNES)
    both = [a + b for a, b in zip(FIGURES, MORE, strict=True)]
    assert printed["commune", "chung_thuc"] == [float(count * figure) for figure in MORE]
    assert printed["province", "all"] == [float(figure) for figure in both]
    assert printed["all", "all"] == [float((count + 1) * figure) for figure in both]


def test_a_cell_leads_to_the_row_of_the_sheet(office: tuple[Office, dict[str, bytes]], inbox: Path) -> None:
    unit = COMMUNES[1]
    found = _trace("commune", "chung_thuc")
    assert int(found["value"]) == sum(row["value"] for row in found["rows"]) == 1234 * len(COMMUNES)
    row = next(row for row in found["rows"] if row["unit"] == unit)
    assert row["address"] == (inbox / f"06a_{PERIOD}_{unit}.xlsx").as_uri()
    assert row["method"] == "file"
    assert row["read"] == {"nhan_tong": "1.234"}
    sheet, _, number = row["pointer"].removeprefix("/").rpartition("!")
    assert row["file"].endswith(f"{row['sha256']}.xlsx")
    assert openpyxl.load_workbook(row["file"])[sheet][f"C{number}"].value == "1.234"


def test_what_07a_does_not_provide_is_no_zero(office: tuple[Office, dict[str, bytes]]) -> None:
    facts = {
        fact.indicator: (None if fact.value is None else int(fact.value), fact.reason)
        for fact in pipeline.facts(PERIOD, WITH_07A.code)
        if (fact.tier, fact.field) == ("commune", "all") and fact.indicator.startswith("tthc_")
    }
    columns = load((ROOT / "catalog",)).indicators
    told = {columns[code].sum: fact for code, fact in facts.items() if columns[code].sum}
    absent = ("received_online", "received_direct_postal", "resolved_early", "resolved_on_time")
    assert {name for name, (value, _) in told.items() if value is None} == set(absent)
    assert {told[name] for name in absent} == {(None, "not_provided")}
    assert told["received_total"] == (1234, None)
    assert told["carried_over"] == (200, None)


def test_the_inbox_is_left_as_it_was(office: tuple[Office, dict[str, bytes]], inbox: Path) -> None:
    assert {path.name: path.read_bytes() for path in inbox.iterdir()} == office[1]


def test_a_changed_file_is_named_by_the_trace(office: tuple[Office, dict[str, bytes]]) -> None:
    made, _ = office
    page = Landing(str(made.home / "store")).receipts(SOURCE, PERIOD)[-1].pages[0]
    path = made.home / "store" / page.uri
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    try:
        with pytest.raises(TraceError, match=page.sha256):
            _trace("commune", "chung_thuc")
    finally:
        path.write_bytes(content)


def test_a_file_with_a_missing_heading_says_so_and_keeps_the_figures(
    office: tuple[Office, dict[str, bytes]], inbox: Path, field_codes: dict[str, str]
) -> None:
    path = inbox / f"06a_{PERIOD}_{COMMUNES[0]}.xlsx"
    content = path.read_bytes()
    rows, top = lines(f"UBND {TREE[COMMUNES[0]].name}", FIELDS)
    rows[top][1] = "Nội dung"
    path.write_bytes(xlsx(rows, top))
    try:
        with pytest.raises(SourceError, match=f"{path.name}: thiếu.*Lĩnh vực, công việc giải quyết"):
            pipeline.collect(SOURCE, PERIOD)
    finally:
        path.write_bytes(content)
    assert Landing(str(office[0].home / "store")).receipts(SOURCE, PERIOD)[-1].state == "missing_column"
    assert pipeline.run_from_landed(PERIOD)["record"]["revised"] == 0


def _trace(tier: str, field: str) -> dict[str, Any]:
    """The trace of "Tổng số hồ sơ nhận giải quyết", wherever the form prints that row."""
    for row in range(10, 40):
        try:
            found = trace_cell("II.06a", "04", PERIOD, f"C{row}")
        except FormError:
            continue
        if (found["tier"], found["field"]) == (tier, field):
            return found
    raise AssertionError(f"the form has no row {tier}, {field}")
