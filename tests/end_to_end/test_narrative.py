"""The report in words over three quarters: every figure and change again from plain SQL, read back by python-docx."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import docx
import pytest
from click.testing import CliRunner

from etl import pipeline
from etl.__main__ import main
from etl.catalog import load
from etl.errors import TraceError
from tests.end_to_end.office import PERIOD, ROOT, Office
from tests.forms.calculators import program
from tests.warehouse.samples import query

CATALOG = load((ROOT / "catalog",))
REPORT = CATALOG.narratives["BC-VPCP"]
BEFORE, YEAR_BEFORE = "2026-Q2", "2025-Q3"
SOURCES = [one for one, source in CATALOG.sources.items() if source.unit in ("04", "12")]


@pytest.fixture(scope="module")
def office(make_office: Callable[..., Office]) -> Office:
    """Two provinces over the year; of one the documents' source is missing this quarter."""
    made = make_office("narrative")
    for period in (YEAR_BEFORE, BEFORE):
        made.run(period, [one for one in SOURCES if one in pipeline.plan(period)])
    due = [one for one in SOURCES if one in pipeline.plan(PERIOD)]
    made.run(PERIOD, [one for one in due if (CATALOG.sources[one].unit, _dataset(one)) != ("12", "edoc")])
    return made


def _dataset(source: str) -> str:
    return CATALOG.dataset_of(CATALOG.sources[source])


def figures(unit: str, period: str) -> dict[str, Decimal | None]:
    found = query(
        os.environ["BAOCAO_WAREHOUSE_URL"],
        "select distinct on (indicator) indicator, value from baocao.fact "
        f"where unit = '{unit}' and period = '{period}' and tier = 'all' and field = 'all' "
        "order by indicator, revision desc",
    )
    return dict(found)


def number(value: Decimal, digits: int) -> str:
    text = f"{value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):,}"
    return text.replace(",", "_").replace(".", ",").replace("_", ".")


def changed(code: str, now: Decimal | None, then: Decimal | None) -> str:
    if now is None or then is None:
        return "…"
    if now == then:
        return "không đổi"
    word, by = ("tăng" if now > then else "giảm"), abs(now - then)
    if CATALOG.indicators[code].ratio:
        return f"{word} {number(by * 100, 2)} điểm phần trăm"
    return f"{word} {number(by, 0)}" + (f" ({number(by / then * 100, 1)}%)" if then else "")


def tables(path: str) -> list[list[list[str]]]:
    return [
        [[cell.text for cell in row.cells] for row in table.rows[1:]]
        for table in docx.Document(path).tables
        if len(table.columns) == 5
    ]


def texts(path: str) -> str:
    document = docx.Document(path)
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


@pytest.mark.parametrize("unit", ["04", "12", "VN"])
def test_every_figure_and_change_is_that_of_the_warehouse(office: Office, unit: str) -> None:
    (one,) = pipeline.narrate(PERIOD, unit=unit)
    now, then, year = (figures(unit, period) for period in (PERIOD, BEFORE, YEAR_BEFORE))
    shown = tables(one["path"])
    assert [len(rows) for rows in shown] == [len(section.rows) for section in REPORT.sections]
    told = withheld = 0
    for section, rows in zip(REPORT.sections, shown, strict=True):
        for code, row in zip(section.rows, rows, strict=True):
            ratio = CATALOG.indicators[code].ratio is not None
            values = [now.get(code), then.get(code)]
            printed = ["…" if v is None else number(v * 100, 2) if ratio else number(v, 0) for v in values]
            assert [cell.rstrip("†§*") for cell in row[1:3]] == printed, code
            assert row[3] == changed(code, now.get(code), then.get(code)), code
            assert row[4] == changed(code, now.get(code), year.get(code)), code
            told += row[3] != "…"
            withheld += row[1] == "…"
    if unit == "04":
        assert (told, withheld) == (sum(len(section.rows) for section in REPORT.sections), 0)
    else:
        assert withheld >= 3
        assert "chưa có số liệu vì chưa lấy được số liệu từ hệ thống nguồn" in texts(one["path"])


def test_the_layout_has_its_parts_and_what_the_office_fills_in_is_blank(office: Office) -> None:
    (one,) = pipeline.narrate(PERIOD, unit="04")
    whole = texts(one["path"])
    for part in (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "ỦY BAN NHÂN DÂN",
        "TỈNH CAO BẰNG",
        "Số: ……/BC-……",
        "Cao Bằng, ngày …… tháng …… năm ……",
        "BÁO CÁO",
        "Kính gửi: Văn phòng Chính phủ",
        "Nơi nhận:",
        "(Họ và tên người ký)",
        "Quý III năm 2026",
    ):
        assert part in whole, part
    assert not re.search(r"[{}]|None", whole)
    page = docx.Document(one["path"]).sections[0]
    assert [round(side.mm) for side in (page.page_width, page.page_height)] == [210, 297]
    margins = (page.top_margin, page.bottom_margin, page.left_margin, page.right_margin)
    assert [round(side.mm) for side in margins] == [20, 20, 30, 20]
    style = docx.Document(one["path"]).styles["Normal"]
    assert (style.font.name, style.font.size.pt) == ("Times New Roman", 14)


def test_the_same_figures_give_the_same_bytes_and_no_second_draft(office: Office) -> None:
    content = {}
    for _ in range(2):
        for unit in ("04", "VN"):
            (one,) = pipeline.narrate(PERIOD, unit=unit)
            content.setdefault(one["path"], Path(one["path"]).read_bytes())
            assert Path(one["path"]).read_bytes() == content[one["path"]]
    assert len(content) == 2
    assert all(path.endswith("_lan1.docx") for path in content)


def test_the_command_writes_and_prints_it(office: Office, tmp_path: Path) -> None:
    program("soffice", "libreoffice")
    call = ["forms", PERIOD, "--unit", "04", "--out", str(tmp_path), "--format", "docx,pdf", "--json"]
    done = CliRunner().invoke(main, call)
    assert done.exit_code == 0, done.output
    (one,) = json.loads(done.stdout)
    assert (one["form"], Path(one["copy"]).suffix, Path(one["pdf_copy"]).suffix) == ("BC-VPCP", ".docx", ".pdf")
    assert Path(one["pdf_copy"]).read_bytes().startswith(b"%PDF")


WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
HOLDS = re.compile(r"[0-9]|không đổi")
NO_FIGURE = re.compile(
    r"\d\d/\d\d/\d{4}|Quý\s[IV]+ năm \d{4}|01/2020/TT-VPCP|biểu [IV]+\.\d+[a-z]|^\d\. |\(\d{4}\)", re.MULTILINE
)
"""Days, periods, texts of law, numbers of forms and headings."""
NOTE = re.compile(r"^[-+] ")
"""A line at the foot of a table, which names days, sources and how many cells a mark is on."""
SUFFIXES = {"", "_before", "_change", "_change_pct", "_yoy", "_yoy_pct"}


def pieces(path: Path) -> tuple[dict[str, str], list[str]]:
    """Name and text of each bookmark, and the paragraphs without their texts, by zipfile and ElementTree."""
    with zipfile.ZipFile(path) as package:
        body = ElementTree.fromstring(package.read("word/document.xml"))
    found: dict[str, str] = {}
    outside, within = [""], {}
    for one in body.iter():
        if one.tag == f"{WORD}p":
            assert not within, "a bookmark ends in its paragraph"
            outside.append("")
        elif one.tag == f"{WORD}bookmarkStart":
            name = one.attrib[f"{WORD}name"]
            assert name not in found
            found[name], within[one.attrib[f"{WORD}id"]] = "", name
        elif one.tag == f"{WORD}bookmarkEnd":
            within.pop(one.attrib[f"{WORD}id"])
        elif one.tag == f"{WORD}t":
            for name in within.values():
                found[name] += one.text or ""
            outside[-1] += "" if within else one.text or ""
    return found, outside


def expected(name: str, now: Decimal, then: Decimal | None, year: Decimal | None) -> tuple[str, Decimal | None]:
    """What stands at the bookmark, and its number, from the figures of plain SQL."""
    code, suffix = parted(name)
    ratio = CATALOG.indicators[code].ratio is not None
    if suffix in ("", "_before"):
        value = now if suffix == "" else then
        assert value is not None
        return number(value * 100, 2) if ratio else number(value, 0), value
    other = then if suffix.startswith("_change") else year
    assert other is not None
    words = changed(code, now, other)
    if suffix.endswith("_pct"):
        share = words.partition("(")[2].removesuffix("%)")
        return share, Decimal(share.replace(".", "").replace(",", "."))
    return words.partition(" (")[0].removesuffix(" điểm phần trăm"), now - other


def parted(name: str) -> tuple[str, str]:
    first = re.sub(r"_[0-9]+$", "", name)
    code = max((one for one in CATALOG.indicators if first.startswith(one)), key=len)
    return code, first.removeprefix(code)


@pytest.mark.parametrize("unit", ["04", "12", "VN"])
def test_every_number_is_traced_and_recomputes_from_its_bundle(office: Office, unit: str, tmp_path: Path) -> None:
    (one,) = pipeline.narrate(PERIOD, unit=unit)
    path = Path(one["path"])
    now, then, year = (figures(unit, period) for period in (PERIOD, BEFORE, YEAR_BEFORE))
    assert pipeline.verify_chain()["wrong"] == []
    shown, outside = pieces(path)
    shown = {name: text for name, text in shown.items() if HOLDS.search(text)}
    beyond = [line for line in outside if not NOTE.match(line) and HOLDS.search(NO_FIGURE.sub("", line))]
    assert "\n".join(beyond) == "", "a number without a bookmark"
    assert len(shown) == sum(len(HOLDS.findall(re.sub(r"[0-9.]+(,[0-9]+)?", "0", text))) for text in shown.values())
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,39}", name) for name in shown)
    assert {parted(name)[1] for name in shown} <= SUFFIXES
    assert unit != "04" or {parted(name)[1] for name in shown} == SUFFIXES
    traced = {found["cell"]: found for found in pipeline.traces(str(path))}
    assert traced.keys() == shown.keys()
    summed = 0
    for name, text in shown.items():
        code, suffix = parted(name)
        value = now[code] if suffix != "_before" else then[code]
        assert value is not None
        words, holds = expected(name, value, then.get(code), year.get(code))
        assert text == words, name
        found = traced[name]
        assert Decimal(found["printed"]) == Decimal(found["value"]) == Decimal(found["computed"]) == holds, name
        periods = {"": {PERIOD}, "_before": {BEFORE}, "_yoy": {PERIOD, YEAR_BEFORE}, "_change": {PERIOD, BEFORE}}
        of = periods[suffix.removesuffix("_pct")]
        assert {row["period"] for row in found["rows"]} == of, name
        assert all(re.fullmatch(r"[0-9a-f]{64}", row["sha256"]) and row["pointer"] for row in found["rows"])
        assert all(found["mapping"][row["source"]] for row in found["rows"])
        for period in of:  # a second sum, where each row is of all the days of its source
            rows = [row for row in found["rows"] if row["period"] == period]
            if CATALOG.indicators[code].ratio is None and len(
                {(row["first_day"], row["source"]) for row in rows}
            ) == len({row["source"] for row in rows}):
                given = {PERIOD: now, BEFORE: then, YEAR_BEFORE: year}[period]
                assert sum(row["value"] for row in rows) == given[code], (name, period)
                summed += 1
    assert summed >= len(shown) / 3
    packed = pipeline.bundle(str(path), tmp_path)["bundle"]
    verified = pipeline.verify_bundle(packed)
    assert (verified["wrong"], verified["cells"]) == ([], len(shown))
    script = tmp_path / "verify.py"
    with zipfile.ZipFile(packed) as package:
        script.write_bytes(package.read("verify.py"))
    call = [sys.executable, "-I", str(script), packed]
    alone = subprocess.run(call, capture_output=True, text=True, timeout=120, check=False)
    assert (alone.returncode, "HOLDS" in alone.stdout) == (0, True), alone.stdout + alone.stderr
    filed = query(os.environ["BAOCAO_WAREHOUSE_URL"], "SELECT 1 FROM baocao.submission WHERE form = 'BC-VPCP'")
    assert filed == [], "what an office has not signed is filed by nobody"


def test_the_command_traces_what_changed_to_the_rows_of_both_periods(office: Office) -> None:
    (one,) = pipeline.narrate(PERIOD, unit="04")
    done = CliRunner().invoke(main, ["trace", one["path"], "tthc_received_total_change"])
    assert done.exit_code == 0, done.output
    assert f"changed since {BEFORE}" in done.stdout
    assert all(f"từ kỳ/from {period}" in done.stdout for period in (PERIOD, BEFORE))
    told = json.loads(CliRunner().invoke(main, ["trace", one["path"], "tthc_received_total_yoy_pct", "--json"]).stdout)
    assert told["change"] == {"than": YEAR_BEFORE, "how": "percent"}


@pytest.mark.parametrize("name", ["tthc_received_total_before", "tthc_received_total_yoy"])
def test_a_forged_change_is_named(office: Office, tmp_path: Path, name: str) -> None:
    """Someone puts another figure of the past into manifest and sums; the rows still say what it was."""
    (one,) = pipeline.narrate(PERIOD, unit="04")
    packed = Path(pipeline.bundle(one["path"], tmp_path)["bundle"])
    with zipfile.ZipFile(packed) as package:
        files = {part: package.read(part) for part in package.namelist()}
    told = json.loads(files["manifest.json"])
    told["cells"][name]["value"] = str(Decimal(told["cells"][name]["value"]) + 1)
    _repack(packed, files, told)
    (wrong,) = pipeline.verify_bundle(str(packed))["wrong"]
    assert f"ô {name}: in" in wrong


def _repack(packed: Path, files: dict[str, bytes], told: dict[str, Any]) -> None:
    forged = json.dumps(told).encode()
    was, now = (hashlib.sha256(content).hexdigest().encode() for content in (files["manifest.json"], forged))
    files |= {"manifest.json": forged, "SHA256SUMS": files["SHA256SUMS"].replace(was, now)}
    with zipfile.ZipFile(packed, "w") as package:
        for part, content in files.items():
            package.writestr(part, content)


def test_a_changed_figure_of_the_report_is_named(office: Office, tmp_path: Path) -> None:
    (one,) = pipeline.narrate(PERIOD, unit="04")
    packed = Path(pipeline.bundle(one["path"], tmp_path)["bundle"])
    with zipfile.ZipFile(packed) as package:
        files = {name: package.read(name) for name in package.namelist()}
    told = json.loads(files["manifest.json"])
    told["cells"]["tthc_on_time_rate"]["value"] = "0.5"
    _repack(packed, files, told)
    (wrong,) = pipeline.verify_bundle(str(packed))["wrong"]
    assert "ô tthc_on_time_rate: in" in wrong
    altered = tmp_path / Path(one["path"]).name
    altered.write_bytes(Path(one["path"]).read_bytes() + b"\0")
    with pytest.raises(TraceError, match="đã bị sửa sau khi lập"):
        pipeline.trace(str(altered), "tthc_received_total")
    with pytest.raises(TraceError, match="không mang số liệu"):
        pipeline.trace(one["path"], "C12")


def test_a_print_says_which_issue_it_prints(office: Office, tmp_path: Path) -> None:
    program("soffice", "libreoffice")
    call = ["forms", PERIOD, "--unit", "04", "--form", "VBDT", "--out", str(tmp_path), "--format", "xlsx,pdf", "--json"]
    done = CliRunner().invoke(main, call)
    assert done.exit_code == 0, done.output
    (one,) = json.loads(done.stdout)
    told = json.loads(CliRunner().invoke(main, ["verify", one["pdf_copy"], "--json"]).stdout)
    assert (told["form"], told["unit"], told["period"]) == ("VBDT", "04", PERIOD)
    assert told["file_sha256"] == hashlib.sha256(Path(one["path"]).read_bytes()).hexdigest()
    assert (told["wrong"], pipeline.verify_chain()["wrong"]) == ([], [])

    before = pipeline.verify_chain()
    assert CliRunner().invoke(main, call).exit_code == 0
    assert pipeline.verify_chain() == before, "what was printed is not printed again"
    printed = Path(one["pdf"]).read_bytes()
    for altered in (Path(one["pdf_copy"]), Path(one["pdf"])):
        altered.write_bytes(printed + b"\n")
        assert CliRunner().invoke(main, ["verify", str(altered)]).exit_code == 1
    assert [str(one["pdf"]) in line for line in pipeline.verify_chain()["wrong"]] == [True]
    assert CliRunner().invoke(main, call).exit_code == 0
    assert Path(one["pdf"]).read_bytes() == printed, "an altered print is made again"


def test_the_blank_is_the_pinned_one() -> None:
    blank = CATALOG.form_files["BC-VPCP"].read_bytes()
    assert hashlib.sha256(blank).hexdigest() == REPORT.blank_sha256
    assert docx.Document(io.BytesIO(blank)).core_properties.created.year == 2026
