"""The report in words over three quarters: every figure and change again from plain SQL, read back by python-docx."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import zipfile
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

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


def bookmarks(path: Path) -> dict[str, str]:
    """Name and text, by python-docx: the runs between the two ends of each."""
    word = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    found: dict[str, str] = {}
    for start in docx.Document(str(path)).element.body.iter(f"{word}bookmarkStart"):
        run, name = start.getnext(), start.get(f"{word}name")
        while run.tag != f"{word}bookmarkEnd":
            found[name] = found.get(name, "") + "".join(text.text or "" for text in run.iter(f"{word}t"))
            run = run.getnext()
    return found


@pytest.mark.parametrize("unit", ["04", "12", "VN"])
def test_every_figure_is_traced_and_recomputes_from_its_bundle(office: Office, unit: str, tmp_path: Path) -> None:
    (one,) = pipeline.narrate(PERIOD, unit=unit)
    path, now = Path(one["path"]), figures(unit, PERIOD)
    assert pipeline.verify_chain()["wrong"] == []
    shown = bookmarks(path)
    printed = [code for section in REPORT.sections for code in section.rows if now.get(code) is not None]
    assert set(printed) <= set(shown)
    for name, text in shown.items():
        code = re.sub(r"_2$", "", name)
        value = now[code]
        assert value is not None
        assert text == (number(value * 100, 2) if CATALOG.indicators[code].ratio else number(value, 0)), name
    packed = pipeline.bundle(str(path), tmp_path)["bundle"]
    verified = pipeline.verify_bundle(packed)
    assert (verified["wrong"], verified["cells"]) == ([], len(shown))
    for name in list(shown)[:3] + list(shown)[-2:]:
        found = pipeline.trace(str(path), name)
        assert found["rows"]
        assert found["value"] == found["computed"]
    filed = query(os.environ["BAOCAO_WAREHOUSE_URL"], "SELECT 1 FROM baocao.submission WHERE form = 'BC-VPCP'")
    assert filed == [], "what an office has not signed is filed by nobody"


def test_a_changed_figure_of_the_report_is_named(office: Office, tmp_path: Path) -> None:
    (one,) = pipeline.narrate(PERIOD, unit="04")
    packed = Path(pipeline.bundle(one["path"], tmp_path)["bundle"])
    with zipfile.ZipFile(packed) as package:
        files = {name: package.read(name) for name in package.namelist()}
    told = json.loads(files["manifest.json"])
    told["cells"]["tthc_on_time_rate"]["value"] = "0.5"
    forged = json.dumps(told).encode()
    was, now = (hashlib.sha256(content).hexdigest().encode() for content in (files["manifest.json"], forged))
    files |= {"manifest.json": forged, "SHA256SUMS": files["SHA256SUMS"].replace(was, now)}
    with zipfile.ZipFile(packed, "w") as package:
        for name, content in files.items():
            package.writestr(name, content)
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
