"""What `make up` starts: past quarters through Airflow's own backfill, and a reviewer who decides in a real browser.

One start for all of it, as it takes its time: the newest quarter runs by itself while the past ones do.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests

from etl.periods import TIMEZONE
from launcher import processes
from launcher.simulator import Simulator
from tests.console.places import OF_A_UNIT, WRITES
from tests.launcher.reviewing import COMMENT, Decision, asked_of_all, chromium, report_of, reviewing, session
from tests.launcher.site import QUARTERS, ROOT, SECONDS, Site, free_port
from tests.launcher.small_reform import make_catalog

BEFORE = ("onestop_2024_ha_giang", "onestop_2024_ha_noi", "onestop_2024_tuyen_quang")
AFTER = ("onestop_ha_noi", "onestop_tuyen_quang")
"""Hà Giang (02) went into Tuyên Quang (08) between the second quarter and the third."""
DUE = {"2025-Q1": BEFORE, "2025-Q2": BEFORE, "2025-Q3": AFTER}
REFUSING, FAULT = BEFORE[0], "opencps_v2/02-2024"
DAGS = ("collect", "standardize", "publish", "annual")
PATIENCE = 8
NEWEST, WRONG, WRONG_FAULT = "2026-Q3", "onestop_tuyen_quang", "igate/08"
"""The quarter that collect begins with, in which a row of Tuyên Quang does not add up."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    catalog = make_catalog(folder / "catalog", (*BEFORE, *AFTER))
    portals = Simulator(
        folder, scale=0.05, catalog=catalog, faults=[f"{FAULT}=unauthorized", f"{WRONG_FAULT}=identity"]
    )
    portals.start()
    environment = {
        **os.environ,
        **portals.environment,
        "BAOCAO_HOME": str(folder / "home"),
        "BAOCAO_CATALOG": str(catalog),
        "BAOCAO_PORT": str(free_port()),
        "BAOCAO_RETRY_SECONDS": "0.1",
    }
    log = folder / "up.log"
    up = processes.start([sys.executable, "-m", "launcher", "up"], log, environment)
    made = Site(folder / "home", portals, environment)
    try:
        came_up = processes.wait_until(
            lambda: "make down" in log.read_text("utf-8"), SECONDS, lambda: up.poll() is None
        )
        assert came_up, log.read_text("utf-8")
        yield made
    finally:
        forgotten = made.call("forget")
        up.wait(SECONDS)
        portals.stop()
    assert forgotten.returncode == 0, forgotten.stderr


@pytest.fixture(scope="module")
def pulled(site: Site) -> None:
    """The newest quarter was collected by itself, with its fault, which is over then."""
    site.until(lambda: (site.home / "store/receipts" / WRONG / NEWEST).exists() and site.attempts(WRONG, NEWEST) != [])
    assert site.attempts(WRONG, NEWEST) == ["complete"]
    requests.delete(f"{site.portals.url}/faults/{WRONG_FAULT}", timeout=10).raise_for_status()


@pytest.fixture(scope="module")
def first(site: Site, pulled: None) -> tuple[int, dict[str, Any]]:
    """The first call, while the portal of one province refuses us."""
    return site.backfill()


@pytest.fixture(scope="module")
def held(site: Site, first: tuple[int, dict[str, Any]]) -> dict[str, int]:
    """How many figures of the quarters with a fault wait for the source, once a reviewer decided on them.

    An answer within two seconds of the question is lost by Airflow 3.3, and asked for again.
    """
    time.sleep(PATIENCE)
    assert site.answer("reviewer", "2025-Q1", "Approve", "đã hỏi Hà Giang") == 200
    assert site.answer("reviewer", "2025-Q2", "Reject") == 200
    site.until(lambda: site.tries("2025-Q2")["review"] == ("awaiting_input", 2))
    time.sleep(PATIENCE)
    assert site.answer("reviewer", "2025-Q2", "Reject", "chờ Hà Giang") == 200
    site.until(lambda: site.newest("standardize")["2025-Q2"]["state"] == "failed")
    assert site.tries("2025-Q2")["record"] == ("upstream_failed", 0)
    assert site.figures("2025-Q2", "01") == {}, "nothing of it is loaded"
    said = json.loads(site.call("cli", "review", "2025-Q2", "--json").stdout)
    assert not said["loaded"]
    assert (said["decision"]["verdict"], said["decision"]["decided_by"]) == ("rejected", "reviewer")

    # Somebody above decides otherwise, by the command; the run then finds the decision, and asks no more.
    done = site.call("cli", "review", "2025-Q2", "approve", "--by", "Trưởng phòng", "--reason", "công bố đúng hạn")
    assert done.returncode == 0, done.stderr
    site.airflow().repeat("standardize", site.newest("standardize")["2025-Q2"]["dag_run_id"], ["question"])
    site.until(
        lambda: {key: run["state"] for key, run in site.newest("publish").items()} == dict.fromkeys(QUARTERS, "success")
    )
    assert site.tries("2025-Q2")["review"][0] == "skipped"
    return {period: site.withheld(period) for period in QUARTERS[:2]}


def test_a_quarter_with_a_critical_finding_waits_for_a_reviewer_and_no_other_does(
    site: Site, first: tuple[int, dict[str, Any]]
) -> None:
    status, rows = first
    assert status == 3
    assert {period: (row["review"], row["new"] > 0) for period, row in rows.items()} == {
        "2025-Q1": (True, False), "2025-Q2": (True, False), "2025-Q3": (False, True),
    }  # fmt: skip
    for user in ("viewer", "data_engineer"):
        assert site.answer(user, "2025-Q1", "Approve") == 403
    question = site.airflow("reviewer").get(site.question("2025-Q1"))
    assert question["defaults"] is None
    for part in ("Tỉnh Hà Giang", REFUSING, "SOURCE-PRESENT", "failing_rows.csv"):
        assert part in question["body"].replace("\\", ""), part


def test_the_answer_is_on_the_forms_that_it_concerns(site: Site, held: dict[str, int]) -> None:
    for period, said in (("2025-Q1", "reviewer"), ("2025-Q2", "Trưởng phòng")):
        (line,) = site.reviewed(period, "02")
        assert said in line
        assert "chấp nhận công bố phần không bị ảnh hưởng" in line
        assert site.reviewed(period, "01") == []
    decisions = json.loads(site.call("cli", "review", "2025-Q2", "--json").stdout)["decisions"]
    assert [(one["verdict"], one["reason"]) for one in decisions] == [
        ("rejected", "chờ Hà Giang"), ("approved", "công bố đúng hạn"),
    ]  # fmt: skip


def test_what_came_is_loaded_and_what_failed_is_told(
    site: Site, first: tuple[int, dict[str, Any]], held: dict[str, int]
) -> None:
    _, rows = first
    assert tuple(rows) == QUARTERS
    for period, row in rows.items():
        failed = [REFUSING] if period < "2025-Q3" else []
        assert (row["due"], list(row["failed"]), row["step_failed"]) == (len(DUE[period]), failed, "")
        assert row["proven"] == len(DUE[period]) - len(failed)
        assert site.figures(period, "01") == site.truth(period, "01")


def test_quarters_run_through_the_scheduler_oldest_first(site: Site, held: dict[str, int]) -> None:
    runs = site.runs("collect")
    assert [(run["partition_key"], run["run_type"]) for run in runs] == [(key, "backfill") for key in QUARTERS]
    for before, now in pairwise(runs):
        assert before["end_date"] <= now["start_date"]
    opened = {run["partition_key"]: run["end_date"] for run in runs}
    for dag in ("standardize", "publish"):
        found = site.runs(dag)
        assert sorted(run["partition_key"] for run in found) == list(QUARTERS)
        assert {run["state"] for run in found} == {"success"}
        for run in found:
            assert all(opened[key] <= run["start_date"] for key in QUARTERS if key < run["partition_key"])
    site.until(lambda: {run["state"] for run in site.runs("annual")} == {"success"})
    assert sorted(run["partition_key"] for run in site.runs("annual")) == ["2025-9M", "2025-H1"]


def test_a_second_call_pulls_only_what_failed_and_a_third_does_nothing(site: Site, held: dict[str, int]) -> None:
    requests.delete(f"{site.portals.url}/faults/{FAULT}", timeout=10).raise_for_status()
    status, rows = site.backfill()
    assert status == 0
    for period in ("2025-Q1", "2025-Q2"):
        assert rows[period]["failed"] == {}
        assert rows[period]["revised"] > 0, "what was withheld for the missing source has a value now"
        assert site.withheld(period) < held[period]
        assert site.attempts(REFUSING, period) == ["refused", "complete"]
        for unit in ("01", "02", "08"):
            assert site.figures(period, unit) == site.truth(period, unit)
    assert (rows["2025-Q3"]["new"], rows["2025-Q3"]["revised"]) == (0, 0)
    for period, sources in DUE.items():
        for source in set(sources) - {REFUSING}:
            assert site.attempts(source, period) == ["complete"]
    collected, standardized = site.newest("collect"), site.newest("standardize")
    for before, now in pairwise(QUARTERS):
        assert site.last_pull(collected[before]) <= standardized[now]["start_date"]
    for longer, parts in (("2025-H1", QUARTERS[:2]), ("2025-9M", QUARTERS)):
        assert all(standardized[part]["start_date"] < site.newest("annual")[longer]["queued_at"] for part in parts)

    made = {dag: [(run["dag_run_id"], run["queued_at"]) for run in site.runs(dag)] for dag in DAGS}
    status, again = site.backfill()
    assert status == 0
    assert {dag: [(run["dag_run_id"], run["queued_at"]) for run in site.runs(dag)] for dag in DAGS} == made
    assert {(row["new"], row["revised"]) for row in again.values()} == {(0, 0)}
    assert {period: row["withheld"] for period, row in again.items()} == {
        period: row["withheld"] for period, row in rows.items()
    }


def test_what_was_pending_before_the_reform_is_what_the_new_units_opened_with(site: Site, held: dict[str, int]) -> None:
    for period in QUARTERS[1:]:
        done = site.call("cli", "chain", period, "--json")
        chain = json.loads(done.stdout)
        assert chain["equal"] > 0
        assert chain["broken"] == []


@pytest.fixture(scope="module")
def decided(site: Site, pulled: None) -> Decision:
    """The reviewer's way through the newest quarter, in chromium."""
    site.until(lambda: site.tries(NEWEST).get("review", ("", 0))[0] == "awaiting_input")
    run = str(site.run_of("standardize", NEWEST)["dag_run_id"])
    with chromium() as browser:
        return reviewing(browser, site, NEWEST, run)


def test_a_reviewer_reads_the_report_and_approves_with_a_click(site: Site, decided: Decision) -> None:
    asked = site.airflow("reviewer").get(site.question(NEWEST))
    assert asked["chosen_options"] == ["Approve"]
    assert asked["responded_by_user"]["id"] == "reviewer"
    wrong = decided.failing[0]
    assert abs(int(wrong["value"]) - int(wrong["expected"])) == 1, "what the portal was told to put off by one"
    for figure in (wrong["value"], wrong["expected"]):
        assert f"{int(figure):,}".replace(",", ".") in decided.report
    assert {row["source"] for row in decided.failing} == {WRONG}
    assert "Tuyên Quang" in decided.overview
    assert "1 nguồn có lỗi nghiêm trọng" in decided.overview
    assert "1 việc phải quyết định" in decided.overview


def test_the_decision_stands_at_the_foot_of_the_form(site: Site, decided: Decision) -> None:
    site.until(lambda: site.run_of("publish", NEWEST).get("state") == "success")
    (line,) = site.reviewed(NEWEST, "08")
    today = dt.datetime.now(TIMEZONE).strftime("%d/%m/%Y")
    for part in ("chấp nhận công bố phần không bị ảnh hưởng", "reviewer", today, COMMENT):
        assert part in line
    assert site.reviewed(NEWEST, "01") == []
    after = report_of(site, NEWEST, decided.run, "reviewer")
    assert "reviewer đã chấp nhận công bố" in after.text
    assert "Quyết định (mở Airflow)" not in after.text


def test_who_may_see_and_do_what_on_every_page(site: Site, decided: Decision) -> None:
    site.until(lambda: site.run_of("publish", NEWEST).get("state") == "success")
    nobody, viewer, owner = (asked_of_all(site, user, "08") for user in (None, "viewer", "tuyen_quang"))
    assert len(nobody) >= 16
    assert set(nobody.values()) == {401}
    assert {name: status for name, status in viewer.items() if status == 403} == {"approve": 403, "reject": 403}
    assert {name: status for name, status in owner.items() if status == 403} == {"approve": 403, "reject": 403}
    pages = set(nobody) - WRITES - {"restatement"}  # there is none
    for person in (viewer, owner):
        assert {name: person[name] for name in pages if person[name] not in (200, 303)} == {}
    elsewhere = asked_of_all(site, "tuyen_quang", "01")
    assert {elsewhere[name] for name in OF_A_UNIT} == {404}
    assert report_of(site, NEWEST, decided.run, "tuyen_quang", source="onestop_ha_noi").status_code == 404
    mine = report_of(site, NEWEST, decided.run, "tuyen_quang").text
    assert WRONG in mine
    assert "onestop_ha_noi" not in mine
    assert session(site, "tuyen_quang").get(f"{site.address}/api/v2/dags", timeout=60).status_code == 403
    assert site.answer("tuyen_quang", NEWEST, "Approve") in (401, 403)


@pytest.mark.parametrize(
    "span", [("2026-Q3", "2025-Q3"), ("2025", "2026"), ("2025-Q5", "2026-Q1"), ("2026-Q3", "2199-Q1")]
)
def test_a_wrong_span_is_refused_before_anything_starts(home: Path, span: tuple[str, str]) -> None:
    command = [sys.executable, "-m", "launcher", "backfill", "--from", span[0], "--to", span[1]]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "Lỗi / Error" in done.stderr
    assert not list(home.iterdir())
