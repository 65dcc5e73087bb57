"""A reviewer decides on critical findings: by the command, on the forms, in the report, and for the next run."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import python_calamine
import requests
import yaml
from click.testing import CliRunner, Result

from etl import pipeline
from etl.__main__ import main
from etl.errors import PeriodError, ReviewError
from etl.pipeline import pages
from tests.end_to_end.office import PERIOD, ROOT, Office
from tests.warehouse.samples import query

WRONG, DEAD = "onestop_cao_bang", "onestop_dien_bien"
CAO_BANG, DIEN_BIEN, LAI_CHAU = "04", "11", "12"
FIRST_DAY = dt.date(2025, 7, 1)  # of Cao Bằng as it is now
LINE = "Soát xét chất lượng số liệu"


def fault(office: Office, source: str) -> str:
    told = yaml.safe_load((ROOT / f"catalog/sources/{source}.yml").read_text("utf-8"))
    return f"{office.simulator.url}/faults/{told['platform']}/{told['unit']}"


@pytest.fixture(scope="module")
def office(make_office: Callable[..., Office], tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Cao Bằng has a row that does not add up; Điện Biên's portal shows a login page, but answers again afterwards.

    The tests follow each other: each finds what the one before it decided.
    """
    base = tmp_path_factory.mktemp("reviewed") / "catalog"
    shutil.copytree(ROOT / "catalog", base)
    for path in base.glob("sources/*.yml"):
        if path.stem not in (WRONG, DEAD, "onestop_lai_chau", "edoc_cao_bang"):
            path.unlink()
    made = make_office("reviewed", catalog=str(base))
    faults = {WRONG: "identity", DEAD: "html"}
    for source, kind in faults.items():
        requests.put(fault(made, source), json={"kind": kind}, timeout=10).raise_for_status()
    found = made.run()
    for source in faults:
        requests.delete(fault(made, source), timeout=10).raise_for_status()
    assert found["review"]["decision"] is None
    return made


def baocao(*words: str) -> Result:
    return CliRunner().invoke(main, [*words])


def asked(sql: str) -> list[tuple[object, ...]]:
    return query(os.environ["BAOCAO_WAREHOUSE_URL"], sql)


def critical(where: str = "true") -> int:
    newest = f"(SELECT max(id) FROM baocao.load WHERE period = '{PERIOD}')"
    ((count,),) = asked(
        f"SELECT count(*) FROM baocao.finding WHERE load = {newest} AND severity = 'critical' AND {where}"
    )
    return int(str(count))


def foot(path: Path) -> list[str]:
    """The texts of a form in their order; by another parser."""
    rows = python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    return [str(cell) for row in rows for cell in row if cell != ""]


def said(office: Office, unit: str, form: str = "II.06a") -> list[str]:
    return [text for text in foot(office.form(form, unit)) if text.startswith(LINE)]


def test_a_run_is_asked_about_before_it_is_loaded(office: Office) -> None:
    """As Airflow's tasks do it: what the question says of it is what the report says once it is loaded."""
    pipeline.parse(PERIOD, "r1")
    for dataset in pipeline.datasets():
        pipeline.check(PERIOD, "r1", dataset)
    pipeline.compute(PERIOD, "r1")
    loads = asked("SELECT count(*) FROM baocao.load")
    asks = pipeline.question(PERIOD, "r1")
    assert (asks["open"], asks["findings"]) == (True, critical())
    report = pipeline.quality_report(PERIOD)
    rows = [line.split(" | ") for line in asks["body"].splitlines() if line.startswith("| ") and "/ unit" not in line]
    told = {(row[0].removeprefix("| ").replace("\\", ""), row[4], row[5]) for row in rows}
    assert told == {
        (f"{one['row']['unit_name']} · {one['source']}", one["since"]["period"], str(one["cells"]))
        for one in report["issues"]
        if one["severity"] == "critical"
    }
    assert f"{report['forms']['withheld']} trong" in asks["body"].replace(".", "")
    (line,) = [line for line in asks["body"].splitlines() if "failing_rows.csv" in line]
    listed = Path(line.split("`")[-2]).read_text("utf-8-sig")
    assert listed.count("\n") == len(report["rows"]) + 1
    told_of_run = pipeline.quality_report(PERIOD, run="r1")
    assert told_of_run["run"]["load"] is None
    for part in ("rows", "forms", "rules", "sources"):
        assert told_of_run[part] == report[part], part
    counted, counted_loaded = told_of_run["trend"][-1]["counts"], report["trend"][-1]["counts"]
    assert counted == {**counted_loaded, "unrevised": (0, 0)}
    with pytest.raises(PeriodError, match="không còn chờ soát xét"):
        pipeline.quality_report(PERIOD, run="r0")
    waiting = pipeline.review(PERIOD)
    assert (waiting["run"], waiting["loaded"], waiting["sha256"]) == ("r1", False, asks["sha256"])

    who = {"responded_by_user": {"id": "7", "name": "an"}}
    for given, wrong in (
        (None, "chưa ai trả lời"),
        ({"chosen_options": ["Approve"], "params_input": {}}, "chưa ai trả lời"),
        (who | {"chosen_options": ["Reject"], "params_input": {"comment": " "}}, "phải ghi lý do"),
    ):
        with pytest.raises(ReviewError, match=wrong):
            pipeline.answer(PERIOD, "r1", given)
    assert pipeline.review(PERIOD)["decisions"] == []
    with pytest.raises(ReviewError, match="không còn là những lỗi đã hỏi"):
        pipeline.record(PERIOD, "r1", "0" * 64)
    assert asked("SELECT count(*) FROM baocao.load") == loads
    (seen,) = pages.overview(None, None)["decide"]["reviews"]
    assert (seen.period, seen.run, seen.sha256, seen.sources) == (PERIOD, "r1", asks["sha256"], sorted([DEAD, WRONG]))
    assert {(one["source"], one["absent"]) for one in seen.faults} == {(WRONG, False), (DEAD, True)}
    assert pages.overview(None, ((CAO_BANG, FIRST_DAY),))["decide"]["reviews"] == [], "a unit decides nothing"
    mine = pages.quality_of(PERIOD, None, None, "vi", "", ((CAO_BANG, FIRST_DAY),), "r1")["html"]
    assert WRONG in mine
    assert DEAD not in mine
    with pytest.raises(pages.NotSeen):
        pages.quality_of(PERIOD, DEAD, None, "vi", "", ((CAO_BANG, FIRST_DAY),), "r1")
    assert pipeline.record(PERIOD, "r1", asks["sha256"])["same"] > 0
    assert pages.overview(None, None)["decide"]["reviews"] == []


def test_the_decision_is_on_the_forms_that_the_findings_concern(office: Office, tmp_path: Path) -> None:
    told = baocao("replay", PERIOD).output
    assert f"{critical()} lỗi nghiêm trọng chưa ai soát xét" in told
    assert f"baocao review {PERIOD} approve|reject" in told
    before = {unit: office.form("II.06a", unit) for unit in (CAO_BANG, DIEN_BIEN, LAI_CHAU, "VN")}
    assert [said(office, unit) for unit in before] == [[]] * 4

    done = baocao("review", PERIOD, "approve", "--by", "Nguyễn  Văn An", "--reason", "đã hỏi\ntỉnh")
    assert done.exit_code == 0, done.output
    of_unit = {CAO_BANG: critical(f"source = '{WRONG}'"), DIEN_BIEN: critical(f"source = '{DEAD}'")}
    assert min(of_unit.values()) > 0
    ((day,),) = asked("SELECT to_char(decided_at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'DD/MM/YYYY') FROM baocao.review")
    for unit, count in {**of_unit, "VN": critical()}.items():
        assert said(office, unit) == [
            f"{LINE}: Nguyễn Văn An, ngày {day}, {count} lỗi nghiêm trọng liên quan đến biểu này: "
            "chấp nhận công bố phần không bị ảnh hưởng (đã hỏi tỉnh)."
        ]
    assert office.form("II.06a", LAI_CHAU) == before[LAI_CHAU], "no finding concerns it: no issue of its own"
    assert said(office, CAO_BANG, "VBDT") == [], "the findings are of another dataset"

    ((moment,),) = asked(f"SELECT max(known_at)::text FROM baocao.form_issue WHERE uri LIKE '%{before['VN'].name}'")
    for of, files in ((str(moment), before), (None, {unit: office.form("II.06a", unit) for unit in before})):
        for unit, path in files.items():
            if of is None:
                ((of,),) = asked(f"SELECT max(known_at)::text FROM baocao.form_issue WHERE uri LIKE '%{path.name}'")
            (again,) = pipeline.forms_as_of(PERIOD, str(of), tmp_path, form="II.06a", unit=unit)
            assert again["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest(), (of, unit)

    (one,) = pipeline.narrate(PERIOD, unit=CAO_BANG)
    with zipfile.ZipFile(io.BytesIO(Path(one["path"]).read_bytes())) as document:
        assert document.read("word/document.xml").decode().count(f"{LINE}: Nguyễn Văn An") == 1
    decisions = pipeline.quality_report(PERIOD)["decisions"]
    assert [(one["by"], one["reason"]) for one in decisions] == [("Nguyễn Văn An", "đã hỏi tỉnh")]
    assert f"soát xét {critical()} lỗi nghiêm trọng" in decisions[0]["what"]["vi"]


def test_what_was_rejected_is_not_loaded_again(office: Office) -> None:
    assert baocao("review", PERIOD, "reject", "--by", "B").exit_code == 2
    assert baocao("review", PERIOD, "approve").exit_code == 2
    for by, reason, wrong in (("B", " \n", "lý do"), (" ", "x", "ai quyết định"), ("B", "x" * 501, "quá 500")):
        with pytest.raises(ReviewError, match=wrong):
            pipeline.decide(PERIOD, "rejected", by, reason)
    assert asked("SELECT verdict FROM baocao.review") == [("approved",)]

    assert baocao("review", PERIOD, "reject", "--by", "B", "--reason", "=HYPERLINK(1)").exit_code == 0
    (line,) = said(office, CAO_BANG)
    assert line.endswith("lỗi nghiêm trọng liên quan đến biểu này: không chấp nhận công bố (=HYPERLINK(1)).")
    loads = asked("SELECT count(*) FROM baocao.load")
    refused = baocao("replay", PERIOD)
    assert refused.exit_code == 1
    for part in ("B không chấp nhận", "=HYPERLINK(1)", WRONG, DEAD):
        assert part in refused.output, part
    assert asked("SELECT count(*) FROM baocao.load") == loads

    assert baocao("review", PERIOD, "approve", "--by", "C").exit_code == 0
    assert baocao("replay", PERIOD).exit_code == 0
    assert [verdict for (verdict,) in asked("SELECT verdict FROM baocao.review ORDER BY id")] == [
        "approved",
        "rejected",
        "approved",
    ]


def test_the_same_findings_are_not_asked_about_again_and_others_are(office: Office) -> None:
    again = pipeline.run_from_landed(PERIOD)["review"]
    assert again["decision"]["decided_by"] == "C"
    assert said(office, CAO_BANG)
    assert "chấp nhận công bố" in baocao("replay", PERIOD).output

    requests.put(fault(office, "onestop_lai_chau"), json={"kind": "html"}, timeout=10).raise_for_status()
    try:
        office.pull(sources=["onestop_lai_chau"])
    finally:
        requests.delete(fault(office, "onestop_lai_chau"), timeout=10).raise_for_status()
    assert pipeline.run_from_landed(PERIOD)["review"]["decision"]["decided_by"] == "C", "the answer of before is used"
    office.pull(sources=[DEAD])
    less = pipeline.run_from_landed(PERIOD)["review"]
    assert (less["decision"], less["critical"], less["sources"]) == (None, critical(), [WRONG])
    assert said(office, CAO_BANG) == [], "what was decided was of other findings"
    office.pull(sources=[WRONG])
    assert pipeline.run_from_landed(PERIOD)["review"]["critical"] == 0
    assert "Không có lỗi nghiêm trọng" in baocao("review", PERIOD).output
    with pytest.raises(ReviewError, match="không có lỗi nghiêm trọng"):
        pipeline.decide(PERIOD, "approved", "A")
