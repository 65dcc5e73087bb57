"""A published quarter and a province whose portal answers too late: the real path, and the commands of a reviewer."""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import python_calamine
import requests
import yaml
from click.testing import CliRunner, Result

from etl import pipeline
from etl.__main__ import main
from etl.model import NATION
from etl.periods import Period
from etl.pipeline.office import Office as PipelineOffice
from tests.end_to_end.office import MEASURES, PERIOD, ROOT, Office, read_form_06a

LATE, SOURCE = "04", "onestop_cao_bang"


@pytest.fixture(scope="module")
def office(make_office: Callable[..., Office], tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Cao Bằng, whose portal shows a login page, and Hà Nội."""
    base = tmp_path_factory.mktemp("base") / "catalog"
    shutil.copytree(ROOT / "catalog", base)
    for path in base.glob("sources/*.yml"):
        if path.stem not in (SOURCE, "onestop_ha_noi"):
            path.unlink()
    return make_office("published", catalog=str(base))


@pytest.fixture
def portal(office: Office) -> Iterator[str]:
    platform = yaml.safe_load((ROOT / f"catalog/sources/{SOURCE}.yml").read_text("utf-8"))["platform"]
    address = f"{office.simulator.url}/faults/{platform}/{LATE}"
    requests.put(address, json={"kind": "html"}, timeout=10).raise_for_status()
    yield address
    requests.delete(address, timeout=10).raise_for_status()


def baocao(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def stopped_once_locked(publish: Callable[[Period], Any]) -> Callable[[Period], Any]:
    """As where the process is killed between the lock and its forms."""

    def publishing(period: Period) -> Any:
        if PipelineOffice.open().warehouse.publication(period.key) is not None:
            raise KeyboardInterrupt
        return publish(period)

    return publishing


def test_a_late_province_waits_for_a_person(office: Office, portal: str, field_codes: dict[str, str]) -> None:
    assert office.run()["record"]["note"] == ""
    assert set(office.failures) == {SOURCE}
    sent = office.form("II.06a", LATE)
    assert baocao("lock", PERIOD).exit_code == 2, "somebody must say so"
    assert baocao("lock", PERIOD, "--by", " ").exit_code == 2
    with pytest.MonkeyPatch.context() as patch:
        module = importlib.import_module("etl.pipeline.restatements")  # the package has a function of that name
        patch.setattr(module, "_publish", stopped_once_locked(module._publish))
        assert baocao("lock", PERIOD, "--by", "Nguyễn Văn A", "--reason", "công văn 12").exit_code != 0
    assert office.form("II.06a", LATE) == sent, "locked, and the forms do not say so"
    (carried_on,) = pipeline.lock_due()
    assert (carried_on["published_by"], set(carried_on["states"])) == ("Nguyễn Văn A", {"final"})
    assert office.form("II.06a", LATE) != sent
    assert pipeline.lock_due() == []
    done = baocao("lock", PERIOD, "--by", "Nguyễn Văn A", "--reason", "công văn 12", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["locked_before"]
    assert set(json.loads(done.stdout)["states"]) == {"final"}
    published = office.form("II.06a", LATE)
    files = {path: path.read_bytes() for path in (office.home / "store/forms").rglob("*.xlsx")}
    assert {sent, published} <= set(files)
    standing = {(one["form"], one["unit"]): one["corrections"] for one in pipeline.standings(PERIOD)["standings"]}
    assert set(standing.values()) == {0}, "to say that figures are final corrects nothing"

    requests.delete(portal, timeout=10).raise_for_status()
    late = office.run()
    assert office.failures == {}
    assert "chờ duyệt" in late["record"]["note"]
    assert (late["record"]["new"], late["record"]["revised"]) == (0, 0)
    assert all(form["changed"] == 0 for form in late["forms"])
    assert {fact.value for fact in pipeline.facts(PERIOD, LATE) if fact.indicator == "tthc_received_total"} == {None}

    (waits,) = json.loads(baocao("restatements", PERIOD, "--json").stdout)
    assert (waits["state"], set(waits["codes"])) == ("waiting", {"late"})
    cells = waits["prediction"]["cells"]
    assert {cell["unit"] for cell in cells} == {LATE, NATION}, "the nation still lacks the others, but not this one"
    shown = baocao("restatements")
    assert "chờ duyệt / waiting" in shown.output
    assert f"{waits['facts']}" in shown.output
    number = str(waits["id"])
    assert baocao("restatements", "reject", number, "--by", "B").exit_code == 2, "a rejection has a reason"
    assert baocao("restatements", "approve", number, "--by", "B", "--code", "method").exit_code == 2
    approved = baocao("restatements", "approve", number, "--by", "Trần Thị B", "--json")
    assert approved.exit_code == 0, approved.output
    assert baocao("restatements", "approve", number, "--by", "C").exit_code == 2, "once is enough"

    assert {path: path.read_bytes() for path in files} == files
    issue = office.form("II.06a", LATE)
    assert issue not in files
    text = str(python_calamine.CalamineWorkbook.from_path(issue).get_sheet_by_index(0).to_python())
    assert "Quý III năm 2026 (R)" in text
    assert "lý do: nguồn nộp muộn" in text
    printed, truth = read_form_06a(issue, field_codes), office.truth("II.06a", LATE)
    assert [int(cell) for cell in printed["all", "all"]] == [truth["all", "all"][measure] for measure in MEASURES]
    assert office.run()["record"]["restatement"] is None, "what is in force is no change"


def test_past_the_due_date_a_period_is_published_by_the_calendar(office: Office) -> None:
    assert pipeline.lock_due() == [], "it is locked already"
    assert baocao("lock", "2026-Q2", "--by", "A").exit_code == 2, "there is nothing to publish"
    assert Path(office.form("II.06a", "01")).exists()
