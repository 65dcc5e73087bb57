"""The quality report of a small country with planted faults, against its warehouse and its issued forms."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import python_calamine
import requests
import yaml
from click.testing import CliRunner, Result

from etl import pipeline
from etl.__main__ import main
from tests.end_to_end.office import PERIOD, ROOT, Office
from tests.warehouse.samples import query

WRONG, DEAD = "onestop_cao_bang", "onestop_dien_bien"
SOURCES = (WRONG, DEAD, "onestop_lai_chau", "edoc_cao_bang")


def fault(office: Office, source: str) -> str:
    told = yaml.safe_load((ROOT / f"catalog/sources/{source}.yml").read_text("utf-8"))
    return f"{office.simulator.url}/faults/{told['platform']}/{told['unit']}"


@pytest.fixture(scope="module")
def office(make_office: Callable[..., Office], tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Cao Bằng has a row that does not add up, since the quarter before; Điện Biên's portal shows a login page."""
    base = tmp_path_factory.mktemp("judged") / "catalog"
    shutil.copytree(ROOT / "catalog", base)
    for path in base.glob("sources/*.yml"):
        if path.stem not in SOURCES:
            path.unlink()
    made = make_office("judged", catalog=str(base))
    requests.put(fault(made, WRONG), json={"kind": "identity"}, timeout=10).raise_for_status()
    made.run("2026-Q2")
    requests.put(fault(made, DEAD), json={"kind": "html"}, timeout=10).raise_for_status()
    made.run()
    made.run()
    assert set(made.failures) == {DEAD}
    for source in (WRONG, DEAD):
        requests.delete(fault(made, source), timeout=10).raise_for_status()
    return made


def baocao(*words: str) -> Result:
    return CliRunner().invoke(main, ["quality", PERIOD, *words])


def blanks(office: Office, period: str = PERIOD) -> dict[tuple[str, str], int]:
    """How many cells of each issued form say that there is no figure; by another parser."""
    found = {}
    for one in pipeline.issued(period):
        sheet = python_calamine.CalamineWorkbook.from_path(one["path"]).get_sheet_by_index(0).to_python()
        found[one["form"], one["unit"]] = sum(row.count("…") for row in sheet)
    return found


def plain(sql: str) -> list[tuple[object, ...]]:
    return query(os.environ["BAOCAO_WAREHOUSE_URL"], sql)


NEWEST = f"(SELECT max(id) FROM baocao.load WHERE period = '{PERIOD}')"


def test_a_broken_sum_is_told_with_what_it_should_be_and_since_when(office: Office) -> None:
    found = pipeline.quality_report(PERIOD)
    (issue,) = [one for one in found["issues"] if one["source"] == WRONG and one["severity"] == "critical"]
    ((unit, payload, pointer, values),) = plain(
        f"SELECT unit, payload, pointer, \"values\" FROM baocao.quarantine WHERE load = {NEWEST} AND source = '{WRONG}'"
    )
    row = issue["row"]
    assert (row["unit"], row["payload"], row["pointer"]) == (unit, payload, pointer)
    assert set(issue["rules"]) == {"II06A-3-SUM", "II06A-3-BALANCE"}
    given = json.loads(values) if isinstance(values, str) else values
    assert int(row["value"]) == given["received_total"]
    assert int(row["expected"]) == given["resolved_total"] + given["pending_total"]
    assert row["difference"] == given["received_total"] - given["resolved_total"] - given["pending_total"] != 0
    assert issue["since"]["period"] == "2026-Q2"
    first, last = (
        row[0] for row in plain(f"SELECT recorded_at FROM baocao.load WHERE period = '{PERIOD}' ORDER BY id")
    )
    assert first < last
    assert issue["since"]["recorded_at"] == first.isoformat()
    assert row["uri"].endswith(f"{payload}.json")


def test_criteria_count_what_the_warehouse_holds(office: Office) -> None:
    found = pipeline.quality_report(PERIOD)
    counted = {
        measure["id"]: (measure["numerator"], measure["denominator"])
        for criterion in found["criteria"]
        for measure in criterion["measures"]
    }
    assert counted["sources"] == (3, 4)
    forms = found["forms"]
    assert counted["cells"] == (forms["cells"] - forms["withheld"], forms["cells"])
    ((used,),) = plain(f"SELECT sum(rows) FROM baocao.load_source WHERE load = {NEWEST}")
    assert counted["coherent_rows"] == (used, used + 1)
    assert counted["accurate_rows"] == (used + 1, used + 1)
    ((struck,),) = plain(
        "SELECT count(DISTINCT f.source) FROM baocao.finding f JOIN baocao.load_source s USING (load, source) "
        "JOIN baocao.rule_outcome o ON (o.load, o.dataset, o.rule) = (f.load, s.dataset, f.rule) "
        f"WHERE f.load = {NEWEST} AND f.severity <> 'info' AND o.dimension = 'coherence'"
    )
    assert 1 <= struck <= 3
    assert counted["coherent_sources"] == (3 - struck, 3)
    assert counted["window"] == (3, 3)
    states = {one["id"]: one["state"] for one in found["criteria"]}
    assert (states["completeness"], states["coherence"]) == ("failed", "failed")
    assert [one["period"] for one in found["trend"]] == [
        "2024-Q4", "2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3",
    ]  # fmt: skip
    assert [one["counts"] is None for one in found["trend"]] == [True] * 6 + [False] * 2
    assert found["trend"][6]["counts"]["sources"] == (4, 4)


def test_the_cells_without_a_figure_are_those_of_the_issued_forms(office: Office) -> None:
    found = pipeline.quality_report(PERIOD)
    told = {(one["form"], one["unit"]): one["withheld"] for one in found["forms"]["faces"]}
    shown = {key: count for key, count in blanks(office).items() if count}
    of_06a = {key: count for key, count in told.items() if key[0] == "II.06a"}
    assert of_06a == {key: count for key, count in shown.items() if key[0] == "II.06a"}
    # An optional column that its source does not provide shows "…" too, and is not missed.
    assert all(told.get(key, 0) <= count for key, count in shown.items())
    assert found["forms"]["withheld"] == sum(told.values())
    assert found["forms"]["unexplained"] == 0
    for face in found["forms"]["faces"]:
        assert sum(face["columns"].values()) == sum(face["reasons"].values()) == face["withheld"]


def test_a_unit_and_a_source_have_reports_of_their_own(office: Office) -> None:
    of_unit = pipeline.quality_report(PERIOD, unit="Cao Bằng")
    assert {one["source"] for one in of_unit["issues"]} <= {WRONG, "edoc_cao_bang"}
    assert {one["unit"] for one in of_unit["forms"]["faces"]} == {"04"}
    of_source = pipeline.quality_report(PERIOD, source=DEAD)
    assert [one["rules"] for one in of_source["issues"]] == [["SOURCE-PRESENT"]]
    assert [one["state"] for one in of_source["sources"]] == ["login_page"]
    assert {rule["dataset"] for rule in of_source["rules"]} == {"onestop", "across"}
    assert baocao("--source", "khong_co").exit_code == 2
    assert baocao("--unit", "không có").exit_code == 2
    assert baocao("--unit", "04", "--source", WRONG).exit_code == 2


def test_the_row_in_quarantine_tells_what_it_holds_back_and_how_it_gets_out(office: Office) -> None:
    told = json.loads(CliRunner().invoke(main, ["quarantine", PERIOD, "--json"]).stdout)
    ((dataset, unit, tier, field, payload, pointer, raw, rules),) = plain(
        f"SELECT dataset, unit, tier, field, payload, pointer, raw, rules FROM baocao.quarantine WHERE load = {NEWEST}"
    )
    (row,) = told["rows"]
    kept = (dataset, unit, tier, field, payload, pointer, raw, rules)
    assert (
        tuple(row[name] for name in ("dataset", "unit", "tier", "field", "payload", "pointer", "raw", "rules")) == kept
    )
    broken = {one["rule"]: one for one in row["broken"]}
    assert broken.keys() == set(rules)
    assert {one["since"] for one in broken.values()} == {"2026-Q2"}
    balance = broken["II06A-3-BALANCE"]
    assert int(balance["value"]) == row["values"]["received_total"]
    assert int(balance["expected"]) == row["values"]["resolved_total"] + row["values"]["pending_total"]
    assert row["where"].endswith("Cao Bằng")
    withheld = plain(
        "SELECT count(*), count(DISTINCT unit) FROM (SELECT DISTINCT ON (unit, indicator, tier, field) * FROM "
        f"baocao.fact WHERE period = '{PERIOD}' ORDER BY unit, indicator, tier, field, revision DESC) f WHERE value IS "
        f"NULL AND reason = 'quarantined' AND field IN ('all', '{field}') AND tier IN ('all', '{tier}') "
        f"AND unit IN ('{unit}', '04', 'VN') AND indicator LIKE 'tthc%%'"
    )
    assert [(row["held"]["figures"], len(row["held"]["units"]))] == withheld
    assert withheld[0][0] > 10
    assert [(one["how"], one["command"]) for one in row["releases"]] == [
        *[("waiver", f"baocao replay {PERIOD}")] * len(rules),
        ("pull", f"baocao run {PERIOD} --source {WRONG}"),
    ]


def test_quarantine_is_asked_by_source_unit_and_dataset(office: Office) -> None:
    def found(*words: str) -> int:
        done = CliRunner().invoke(main, ["quarantine", PERIOD, "--json", *words])
        assert done.exit_code == 0, done.output
        return int(json.loads(done.stdout)["total"])

    assert [found("--source", WRONG), found("--unit", "Cao Bằng"), found("--dataset", "onestop")] == [1, 1, 1]
    assert [found("--source", DEAD), found("--unit", "11"), found("--dataset", "edoc")] == [0, 0, 0]
    table = CliRunner().invoke(main, ["quarantine", PERIOD])
    assert table.exit_code == 0
    assert "1 dòng bị cách ly / rows in quarantine" in table.stdout
    for words in (("2023-Q1",), (PERIOD, "--source", "x"), (PERIOD, "--unit", "x"), (PERIOD, "--dataset", "x")):
        assert CliRunner().invoke(main, ["quarantine", *words]).exit_code == 2, words


def test_the_command_writes_json_a_page_and_every_row(office: Office, tmp_path: Path) -> None:
    told = json.loads(baocao("--json").stdout)
    failed = [one for one in told["validations"] if one["value"] == "0" and one["id"].count("/") == 2]
    ((findings,),) = plain(f"SELECT count(*) FROM baocao.finding WHERE load = {NEWEST}")
    assert len(failed) == findings
    page, rows = tmp_path / "trang.html", tmp_path / "dong.csv"
    done = baocao("--html", str(page), "--csv", str(rows))
    assert done.exit_code == 0, done.output
    with rows.open(encoding="utf-8-sig", newline="") as lines:
        assert len(list(csv.DictReader(lines))) == findings
    text = page.read_text("utf-8")
    for name in ("Tỉnh Điện Biên", WRONG, DEAD, "II06A-3-SUM"):
        assert name in text
    assert CliRunner().invoke(main, ["quality", "2023-Q1"]).exit_code == 2, "nothing is loaded"


def test_mended_alone_it_gives_the_cells_that_were_promised(office: Office) -> None:
    found = pipeline.quality_report(PERIOD)
    (issue,) = [one for one in found["issues"] if one["source"] == WRONG and one["severity"] == "critical"]
    promised = {(one["form"], one["unit"]): one["only"] for one in issue["forms"] if one["only"]}
    assert promised
    before = blanks(office)
    office.run(sources=[WRONG])
    after = blanks(office)
    assert {key: before[key] - after[key] for key in before if before[key] != after[key]} == promised
    left = [one for one in pipeline.quality_report(PERIOD)["issues"] if one["source"] == WRONG]
    assert [one for one in left if one["severity"] == "critical"] == []
