"""A row that does not add up is withheld until a reviewed waiver lets it pass, and the form says so; without effect, a
waiver warns."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import requests
import yaml

from etl import pipeline
from etl.errors import CatalogError
from etl.forms import preview
from etl.periods import TIMEZONE
from etl.pipeline.office import Office as Opened
from tests.end_to_end.expectations import Lay
from tests.end_to_end.office import PERIOD, ROOT, Office, read_form_06a
from tests.warehouse.samples import query

SOURCE, UNIT, OTHER = "onestop_cao_bang", "04", "edoc_cao_bang"
TODAY = dt.datetime.now(TIMEZONE).date()


@pytest.fixture(scope="module")
def office(make_office: Callable[..., Office], tmp_path_factory: pytest.TempPathFactory) -> Office:
    """One row of Cao Bằng, of a commune and field, has a total one too high: it breaks a sum and the balance."""
    base = tmp_path_factory.mktemp("waived") / "catalog"
    shutil.copytree(ROOT / "catalog", base)
    for path in base.glob("sources/*.yml"):
        if path.stem not in (SOURCE, OTHER):
            path.unlink()
    made = make_office("waived", catalog=str(base))
    platform = yaml.safe_load((ROOT / f"catalog/sources/{SOURCE}.yml").read_text("utf-8"))["platform"]
    fault = f"{made.simulator.url}/faults/{platform}/{UNIT}"
    requests.put(fault, json={"kind": "identity"}, timeout=10).raise_for_status()
    made.run()
    requests.delete(fault, timeout=10).raise_for_status()
    return made


def asked(sql: str) -> list[tuple[Any, ...]]:
    newest = f"(SELECT max(id) FROM baocao.load WHERE period = '{PERIOD}')"
    return query(os.environ["BAOCAO_WAREHOUSE_URL"], sql.replace(":newest", newest))


def waiver(rule: str, **changes: Any) -> dict[str, Any]:
    ((unit, field, value),) = asked(
        f"SELECT unit, field, value FROM baocao.finding WHERE rule = '{rule}' "
        "AND load = (SELECT min(id) FROM baocao.load)"
    )
    return {
        "id": f"MT-{rule}",
        "dataset": "onestop",
        "rule": rule,
        "source": SOURCE,
        "periods": [PERIOD],
        "reason": "đã đối chiếu sổ, một hồ sơ tính hai lần ở bộ phận tiếp nhận",
        "owner": "Văn phòng UBND tỉnh Cao Bằng",
        "agreed_by": "Nguyễn Thị An",
        "expires": str(TODAY),
        "unit": unit,
        "tier": "commune",
        "field": field,
        "value": value,
        **changes,
    }


def states() -> dict[str, tuple[str, int, int]]:
    """Of each rule of the dataset that is not at rest, its state, and how often it was broken and waived."""
    return {
        one["rule"]: (one["state"], one["broken"], one["waived"])
        for one in pipeline.rule_outcomes(PERIOD)["rules"]
        if one["dataset"] == "onestop" and one["state"] in ("fail", "waived") and one["severity"] == "critical"
    }


def cell(office: Office, field_codes: dict[str, str], place: tuple[str, str]) -> str:
    return str(read_form_06a(office.form("II.06a", UNIT), field_codes)[place][0])


def marked(path: Path) -> tuple[set[str], list[str]]:
    """The cells with the mark of a waiver, and the lines at the foot that begin with it."""
    sheet = openpyxl.load_workbook(path).worksheets[0]
    cells = [cell for row in sheet.iter_rows() for cell in row]
    foot = [str(cell.value) for cell in cells if str(cell.value).startswith("Dấu “‡”")]
    return {cell.coordinate for cell in cells if "‡" in cell.number_format}, foot


def test_waived_figures_stand_on_the_form_and_nobody_is_asked_again(
    office: Office, waivers: Lay, field_codes: dict[str, str]
) -> None:
    both = waiver("II06A-3-SUM"), waiver("II06A-3-BALANCE")
    field = both[0]["field"]
    waivers()
    pipeline.run_from_landed(PERIOD)
    assert states() == {"II06A-3-SUM": ("fail", 1, 0), "II06A-3-BALANCE": ("fail", 1, 0)}
    assert cell(office, field_codes, ("commune", field)) == "…"
    pipeline.decide(PERIOD, "approved", "Lê Văn B")

    waivers(both[0])
    pipeline.run_from_landed(PERIOD)
    assert states() == {"II06A-3-SUM": ("waived", 1, 1), "II06A-3-BALANCE": ("fail", 1, 0)}
    assert cell(office, field_codes, ("commune", field)) == "…", "the balance still holds the row"
    assert asked("SELECT rules FROM baocao.quarantine WHERE load = :newest") == [(["II06A-3-BALANCE"],)]

    waivers(*both)
    done = pipeline.run_from_landed(PERIOD)
    assert states() == {"II06A-3-SUM": ("waived", 1, 1), "II06A-3-BALANCE": ("waived", 1, 1)}
    assert asked("SELECT count(*) FROM baocao.quarantine WHERE load = :newest") == [(0,)]
    assert asked("SELECT count(*) FROM baocao.hole WHERE load = :newest") == [(0,)]
    truth = office.truth("II.06a", UNIT)["commune", field]["received_total"]
    assert int(float(cell(office, field_codes, ("commune", field)))) == truth + 1, "as the portal has it"
    assert asked(
        "SELECT f.rule, f.severity, w.reason, w.owner, w.agreed_by, w.expires::text, w.state, w.findings "
        "FROM baocao.finding f JOIN baocao.waiver w ON (w.load, w.id) = (f.load, f.waiver) "
        "WHERE f.load = :newest ORDER BY f.rule"
    ) == [
        (one["rule"], "info", one["reason"], one["owner"], one["agreed_by"], one["expires"], "used", 1)
        for one in sorted(both, key=lambda one: one["rule"])
    ]
    form = office.form("II.06a", UNIT)
    cells, foot = marked(form)
    rows = {int(name.lstrip("ABCDEFGHIJKLM")) for name in cells}
    assert len(rows) == 3, "the field, its tier and the total"
    assert len(cells) == 3 * 11, "the waiver frees the whole row"
    assert foot == [
        f"Dấu “‡” (33 ô): số liệu không đạt quy tắc {one['rule']}, hoặc có phần như vậy, công bố theo miễn trừ "
        f"{one['id']}: {one['reason']}. {one['owner']} chịu trách nhiệm về số liệu; {one['agreed_by']} đồng ý; hết hạn "
        f"{TODAY:%d/%m/%Y}."
        for one in sorted(both, key=lambda one: one["id"])
    ]
    assert marked(office.form("VBDT", UNIT)) == (set(), []), "of another dataset"
    shown = preview(form.read_bytes(), Opened.open().catalog.forms["II.06a"].body_row)
    assert sum(one.text.endswith("§‡") for row in shown.body for one in row) == 33, "revised, by a waiver"
    assert (done["review"]["critical"], done["review"]["note"]) == (0, "")
    pipeline.parse(PERIOD, "asks")
    for dataset in pipeline.datasets():
        pipeline.check(PERIOD, "asks", dataset)
    pipeline.compute(PERIOD, "asks")
    assert pipeline.question(PERIOD, "asks")["open"] is False


def test_a_waiver_that_expired_or_matches_nothing_warns(
    office: Office, waivers: Lay, field_codes: dict[str, str]
) -> None:
    late = waiver("II06A-3-SUM", expires=str(TODAY - dt.timedelta(days=1)))
    idle = waiver("II06A-3-BALANCE", value="1, 2, 3")
    waivers(late, idle)
    pipeline.run_from_landed(PERIOD)
    assert cell(office, field_codes, ("commune", late["field"])) == "…"
    assert states() == {"II06A-3-SUM": ("fail", 1, 0), "II06A-3-BALANCE": ("fail", 1, 0)}
    assert asked(
        "SELECT rule, severity, source, value FROM baocao.finding "
        "WHERE load = :newest AND rule LIKE 'WAIVER%' ORDER BY 1"
    ) == [
        ("WAIVER-EXPIRED", "warning", SOURCE, late["id"]),
        ("WAIVER-IDLE", "warning", SOURCE, idle["id"]),
    ]
    assert asked("SELECT id, state FROM baocao.waiver WHERE load = :newest ORDER BY state") == [
        (late["id"], "expired"),
        (idle["id"], "idle"),
    ]
    told = {one["rule"]: one["state"] for one in pipeline.rule_outcomes(PERIOD)["rules"] if one["dataset"] == "onestop"}
    assert (told["WAIVER-EXPIRED"], told["WAIVER-IDLE"]) == ("fail", "fail")

    waivers({**idle, "periods": ["2026-Q2"]})
    pipeline.run_from_landed(PERIOD)
    assert asked("SELECT count(*) FROM baocao.waiver WHERE load = :newest") == [(0,)], "of another period"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"rule": "READ-NUMBER"}, "READ-NUMBER cannot be waived"),
        ({"rule": "II06A-3-6-RANGE"}, "mend it at the source"),
        ({"rule": "XX"}, "no rule 'XX' in onestop.yml"),
        ({"dataset": "edoc", "rule": "VB-SUM"}, f"{SOURCE} is of dataset onestop"),
        ({"source": "nobody"}, "no source 'nobody'"),
        ({"periods": []}, "name at least one period"),
        ({"periods": ["2026-Q5"]}, "quarter 5"),
        ({"unit": "99999"}, "no unit '99999'"),
        ({"field": "xx"}, "no field 'xx'"),
        ({"expected": "3"}, "only of a rule over two figures"),
        ({"reason": " "}, "say it in words"),
        ({"expires": "2026-02-30"}, "expires"),
        ({"expires": None}, "expires"),
        ({"whose": "x"}, "unknown key"),
    ],
)
def test_a_waiver_of_what_nobody_knows_is_refused(
    office: Office, waivers: Lay, changes: dict[str, Any], told: str
) -> None:
    sound = waiver("II06A-3-SUM")
    wrong = {name: value for name, value in {**sound, **changes}.items() if value is not None}
    waivers(sound, {**wrong, "id": "MT-2"})
    with pytest.raises(CatalogError, match=told) as caught:
        pipeline.catalog_check()
    assert caught.value.file.endswith("waivers.yml")
    if "unknown" not in told and told != "expires":
        assert "MT-2" in str(caught.value)
    waivers(sound, sound)
    with pytest.raises(CatalogError, match="stands twice"):
        pipeline.catalog_check()
