"""The deadline of a period's forms on Airflow's own runs: when it is set, when not, what it does when missed."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from pathlib import Path
from typing import Any

import pytest
import requests

from etl.calendar import WorkingDays
from etl.periods import TIMEZONE, Period
from launcher.simulator import Simulator

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def stored(airflow_db) -> Any:
    """The DAGs in Airflow's metadata, as the scheduler reads them."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.utils.session import create_session

    manager = DagBundlesManager()
    manager.sync_bundles_to_db()
    (bundle,) = manager.get_all_dag_bundles()
    bag = BundleDagBag(dag_folder=bundle.path, bundle_path=bundle.path, bundle_name=bundle.name)
    sync_bag_to_db(bag, bundle.name, bundle.version)

    def run(name: str, period: str | None) -> list[dt.datetime]:
        """Makes a run for the period and says which deadlines it has."""
        from airflow.models.deadline import Deadline
        from airflow.utils.state import DagRunState
        from airflow.utils.types import DagRunTriggeredByType, DagRunType

        with create_session() as session:
            made = SerializedDagModel.get_dag(name, session=session).create_dagrun(
                run_id=f"manual__{uuid.uuid4()}",
                run_after=dt.datetime.now(dt.UTC),
                run_type=DagRunType.MANUAL,
                triggered_by=DagRunTriggeredByType.TEST,
                state=DagRunState.QUEUED,
                partition_key=period,
                session=session,
            )
            session.flush()
            return [one.deadline_time for one in session.query(Deadline).filter(Deadline.dagrun_id == made.id)]

    return run


@pytest.mark.parametrize("name", ["collect", "standardize", "publish"])
def test_the_runs_of_a_period_have_its_due_date_less_the_margin(stored: Any, name: str) -> None:
    """2030-Q1 is due on Monday 25/03/2030: two working days before is Thursday the 21st, an hour after watch."""
    assert stored(name, "2030-Q1") == [dt.datetime(2030, 3, 21, 9, tzinfo=TIMEZONE)]


@pytest.mark.parametrize(("name", "period"), [("collect", "2021-Q3"), ("publish", "2025-Q3"), ("collect", None)])
def test_a_run_made_afterwards_or_without_a_period_has_none(stored: Any, name: str, period: str | None) -> None:
    assert stored(name, period) == []


@pytest.mark.parametrize("name", ["annual", "confirm", "watch"])
def test_what_makes_no_form_by_itself_has_none(dagbag: Any, name: str) -> None:
    assert not dagbag.dags[name].deadline


def test_a_missed_deadline_tells_the_office_once_a_day(
    warehouse_url: str, home: Path, tmp_path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A catalog in which the last quarter is due today, which is a working day."""
    from airflow.sdk._shared.module_loading import import_string
    from reporting_deadlines import FORMS_DUE

    today = dt.datetime.now(TIMEZONE).date()
    cut_off = Period.closed_before(today, "quarter").last_day
    count = WorkingDays(()).between(cut_off, today - dt.timedelta(days=1)) + 1
    calendar = (ROOT / "catalog/calendar.yml").read_text("utf-8")
    calendar = calendar.replace("    day: 25 ", f"    working_days: {count} ")
    moved = f"moved_days:\n  - {{day: {today}, working: true, source: test}}"
    (tmp_path / "calendar.yml").write_text(calendar.replace("moved_days: []", moved), "utf-8")
    monkeypatch.setenv("BAOCAO_CATALOG", os.pathsep.join([str(ROOT / "catalog"), str(tmp_path)]))
    monkeypatch.setenv("BAOCAO_WAREHOUSE_URL", warehouse_url)
    for name, value in simulator.mail_environment.items():
        monkeypatch.setenv(name, value)
    requests.delete(f"{simulator.url}/mail", timeout=30)
    missed = import_string(FORMS_DUE.callback.path)
    missed(context={})
    missed(context={})
    (letter,) = requests.get(f"{simulator.url}/mail.json", timeout=30).json()["letters"]
    assert letter["recipients"] == ["tonghop@bao-cao.example"]
    assert "34 đơn vị" in letter["subject"]
    assert f"{today:%d/%m/%Y}" in letter["subject"]
