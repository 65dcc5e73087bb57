"""A system that counts single days only: asked 92 times, its quarter is the truth, and the bridge is shown."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import python_calamine
from click.testing import CliRunner

from etl import pipeline
from etl.__main__ import main
from etl.errors import FormError
from etl.landing import Landing
from etl.pipeline.office import Office as Opened
from tests.end_to_end.office import PERIOD, ROOT, Office, trace_cell

UNIT = "04"
SOURCE = "edoc_cao_bang"


def _catalog(folder: Path, window: str) -> str:
    """The catalog with Cao Bằng only, whose axis is asked part by part."""
    base, site = folder / "catalog", folder / "site"
    shutil.copytree(ROOT / "catalog", base)
    for path in base.glob("sources/*.yml"):
        if path.stem not in (SOURCE, "onestop_cao_bang"):
            path.unlink()
    (site / "platforms").mkdir(parents=True)
    (site / "sources").mkdir()
    axis = (base / "platforms/bkav_axis.yml").read_text("utf-8")
    (site / "platforms/bkav_parts.yml").write_text(f"{axis}window: {window}\n", "utf-8")
    source = (base / f"sources/{SOURCE}.yml").read_text("utf-8")
    (site / f"sources/{SOURCE}.yml").write_text(source.replace("bkav_axis", "bkav_parts", 1), "utf-8")
    return os.pathsep.join(map(str, (base, site)))


@pytest.fixture(scope="module")
def daily(make_office: Callable[..., Office], tmp_path_factory: pytest.TempPathFactory) -> Office:
    office = make_office("daily", catalog=_catalog(tmp_path_factory.mktemp("daily"), "days"))
    office.run()
    assert office.failures == {}
    return office


def _printed(office: Office) -> dict[str, list[Any]]:
    rows = python_calamine.CalamineWorkbook.from_path(office.form("VBDT", UNIT)).get_sheet_by_index(0).to_python()
    return {str(row[1]): row[2:5] for row in rows if len(row) > 4}


def _rules() -> dict[str, str]:
    return {finding.rule: finding.message for finding in Opened.open().warehouse.findings(PERIOD, SOURCE)}


def test_the_quarter_of_days_is_the_truth(daily: Office) -> None:
    truth = daily.truth("edoc", UNIT)["all", "all"]
    assert truth["sent"] > 0
    assert _printed(daily)["Tổng số"] == [truth["sent"], truth["received"], truth["exchanged"]]
    communes = daily.truth("edoc", UNIT)["commune", "all"]
    facts = {
        fact.indicator: fact.value
        for fact in pipeline.facts(PERIOD, UNIT)
        if (fact.tier, fact.field) == ("commune", "all")
    }
    assert {communes["sent"], communes["received"]} <= set(facts.values())


def test_the_bridge_is_shown(daily: Office) -> None:
    assert "ghép từ 92 ngày, 15/06/2026 - 14/09/2026" in _rules()["READ-BRIDGE"]
    assert "READ-WINDOW" not in _rules()
    pages = Landing(str(daily.home / "store")).receipts(SOURCE, PERIOD)[-1].pages
    assert [str(page.first_day) for page in pages[:2]] == ["2026-06-15", "2026-06-16"]
    assert len(pages) == 92


def test_the_form_and_the_command_say_which_days(daily: Office) -> None:
    assert not [line for line in _foot(daily) if "KHÔNG phải của các ngày" in line]
    done = CliRunner().invoke(main, ["facts", PERIOD, "--unit", UNIT])
    assert "ghép từ 92 phần / bridged from 92 parts: edoc_cao_bang: 2026-06-15 → 2026-09-14" in done.output
    assert "KHÔNG" not in done.output


def test_a_cell_leads_to_every_day(daily: Office) -> None:
    found = _trace()
    days = {(row["first_day"], row["last_day"]) for row in found["rows"]}
    (told,) = found["days"]
    assert (told["source"], told["parts"], told["of_period"]) == (SOURCE, 92, True)
    assert len(days) == 92
    assert ("2026-08-01", "2026-08-01") in days
    assert int(found["value"]) == sum(row["value"] for row in found["rows"])
    row = next(row for row in found["rows"] if row["first_day"] == "2026-08-01")
    assert "fromDate=01%2F08%2F2026&toDate=01%2F08%2F2026" in row["address"]


def test_it_is_rebuilt_without_the_network(daily: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAOCAO_SIMULATOR_URL", "http://127.0.0.1:1")
    replayed = pipeline.run_from_landed(PERIOD)["record"]
    assert (replayed["new"], replayed["revised"]) == (0, 0)


def test_months_are_flagged_wherever_their_figures_are_shown(
    make_office: Callable[..., Office], tmp_path: Path
) -> None:
    """Calendar months make no quarter from the 15th to the 14th: bridged to the calendar one, and never silently."""
    office = make_office("monthly", catalog=_catalog(tmp_path, "months"))
    office.run()
    assert office.failures == {}
    assert set(_rules()) >= {"READ-BRIDGE", "READ-WINDOW"}
    told = [line for line in _foot(office) if "KHÔNG phải của các ngày 15/06/2026 - 14/09/2026" in line]
    assert len(told) == 1
    assert "mà của các ngày 01/07/2026 - 30/09/2026" in told[0]
    assert SOURCE in told[0]
    assert any("KHÔNG phải của các ngày" in line for line in _foot(office, "VN"))
    assert not any("KHÔNG phải của các ngày" in line for line in _foot(office, UNIT, "II.06a"))
    facts = {fact["indicator"]: fact for fact in json.loads(_command("facts", PERIOD, "--unit", UNIT, "--json"))}
    assert facts["tthc_received_total"]["days"][0]["of_period"] is True
    (counted,) = next(fact for code, fact in facts.items() if not code.startswith("tthc_"))["days"]
    assert (counted["first_day"], counted["last_day"], counted["parts"], counted["of_period"]) == (
        *("2026-07-01", "2026-09-30", 3, False),
    )
    assert "not the days of the period: edoc_cao_bang: 2026-07-01 → 2026-09-30" in _command(
        "facts", PERIOD, "--unit", UNIT
    )
    printed, truth = _printed(office)["Tổng số"], office.truth("edoc", UNIT)["all", "all"]
    assert printed != [truth["sent"], truth["received"], truth["exchanged"]], "other days are other figures"


def _command(*words: str) -> str:
    done = CliRunner().invoke(main, list(words))
    assert done.exit_code == 0, done.output
    return done.output


def _foot(office: Office, unit: str = UNIT, form: str = "VBDT") -> list[str]:
    rows = python_calamine.CalamineWorkbook.from_path(office.form(form, unit)).get_sheet_by_index(0).to_python()
    texts = [str(row[0]) for row in rows]
    return texts[texts.index("Ghi chú:") :]


def _trace() -> dict[str, Any]:
    """The trace of the form's total of documents sent."""
    for row in range(8, 120):
        try:
            found = trace_cell("VBDT", UNIT, PERIOD, f"C{row}")
        except FormError:
            continue
        if (found["tier"], found["figure_unit"]) == ("all", UNIT):
            return found
    raise AssertionError("the form has no total")
