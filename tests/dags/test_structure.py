"""The DAGs as Airflow sees them: they load, survive serialisation, stay light, and hang together."""

from __future__ import annotations

import ast
import datetime as dt
import json
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.sdk import RetryAction, TriggerRule
from airflow.serialization.encoders import coerce_to_core_timetable

from etl.errors import (
    CatalogError,
    MailRefused,
    MailUnavailable,
    PeriodError,
    QualityError,
    SourceBroken,
    SourceRefused,
    SourceUnavailable,
)

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = {"reporting_periods", "reporting_deadlines", "reporting_mail", "reporting_review", "reporting_run"}
PERIODIC = ["annual", "collect", "confirm", "publish", "standardize"]
NAMES = [*PERIODIC, "watch"]


def test_every_file_loads(dagbag) -> None:
    assert dagbag.import_errors == {}
    assert sorted(dagbag.dags) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_serialised_dag_reads_back(dagbag, name: str) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    written = json.loads(json.dumps(DagSerialization.serialize_dag(dagbag.dags[name])))
    read = DagSerialization.deserialize_dag(written)
    assert read.task_ids == dagbag.dags[name].task_ids
    assert bool(read.timetable.partitioned) == (name in PERIODIC)


def test_parsing_imports_nothing_heavy() -> None:
    code = (
        "import runpy, sys, json\n"
        "for path in sys.argv[2:]: runpy.run_path(path)\n"
        "print(json.dumps([m for m in json.loads(sys.argv[1]) if m in sys.modules]))"
    )
    heavy = json.dumps(["pandas", "great_expectations", "duckdb", "pyarrow", "etl.pipeline", "etl.catalog"])
    files = [str(ROOT / "dags" / f"{name}.py") for name in NAMES]
    done = subprocess.run([sys.executable, "-c", code, heavy, *files], check=True, capture_output=True, text=True)
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_dags_and_plugins_import_only_what_they_may() -> None:
    """The house, section 2: of ours only the pipeline, the periods and the errors; of others only Airflow."""
    allowed = {
        "airflow",
        "pendulum",
        "etl.pipeline",
        "etl.periods",
        "etl.errors",
        "etl.console",
        "fastapi",
        *PLUGINS,
        *sys.stdlib_module_names,
    }
    for path in [*(ROOT / "dags").glob("*.py"), *(ROOT / "plugins").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [f"etl.{alias.name}" for alias in node.names] if node.module == "etl" else [str(node.module)]
            else:
                continue
            for name in names:
                assert name in allowed or name.split(".")[0] in allowed - {"etl"}, f"{path.name} imports {name}"


def test_the_chain_hangs_together(dagbag) -> None:
    def produced(name: str) -> set[str]:
        return {asset.name for task in dagbag.dags[name].tasks for asset in task.outlets}

    def awaited(name: str) -> set[str]:
        timetable = coerce_to_core_timetable(dagbag.dags[name].timetable)
        return {asset.name for _, asset in timetable.asset_condition.iter_assets()}

    assert produced("collect") == produced("confirm") == awaited("standardize") == {"collected"}
    assert produced("standardize") == awaited("publish") == awaited("annual") == {"indicators"}
    assert produced("publish") == produced("annual") == set()


@pytest.mark.parametrize("name", ["collect", "confirm"])
def test_one_red_square_stops_no_other(dagbag, name: str) -> None:
    dag = dagbag.dags[name]
    pull, gate = dag.get_task("pull"), dag.get_task("coverage")
    assert pull.is_mapped
    assert gate.trigger_rule == TriggerRule.ALL_DONE_MIN_ONE_SUCCESS
    assert gate.upstream_task_ids == {"plan", "pull"}
    assert pull.partial_kwargs["pool"] == "portals"
    assert pull.partial_kwargs["max_active_tis_per_dagrun"] == 16
    assert pull.partial_kwargs["map_index_template"] == "{{ source }}"


SOURCE = ("onestop_ha_noi", "2026-Q3", "-", "không trả lời", "Chờ cổng hoạt động lại")


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (SourceUnavailable(*SOURCE), RetryAction.RETRY),
        (SourceUnavailable(*SOURCE, state="cut_off"), RetryAction.RETRY),
        (SourceRefused(*SOURCE, state="expired"), RetryAction.FAIL),
        (SourceBroken(*SOURCE), RetryAction.FAIL),
        (PeriodError("chưa chốt"), RetryAction.FAIL),
        (QualityError("IDENTITY"), RetryAction.FAIL),
        (MailUnavailable("450"), RetryAction.RETRY),
        (MailRefused("550"), RetryAction.FAIL),
        (CatalogError("x.yml", 1, "key", "sai"), RetryAction.FAIL),
        (ConnectionResetError("the database restarts"), RetryAction.DEFAULT),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_only_waiting_that_may_help_is_done(dagbag, name: str, error: Exception, action: RetryAction) -> None:
    for task in dagbag.dags[name].tasks:
        policy = task.partial_kwargs["retry_policy"] if task.is_mapped else task.retry_policy
        assert policy.evaluate(error, 1, 2).action == action, task.task_id


def test_the_retry_delay_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    def delay() -> float:
        return runpy.run_path(str(ROOT / "plugins" / "reporting_run.py"))["RETRY_DELAY"].total_seconds()

    monkeypatch.setenv("BAOCAO_RETRY_SECONDS", "2")
    assert delay() == 2
    monkeypatch.delenv("BAOCAO_RETRY_SECONDS")
    assert delay() == dt.timedelta(minutes=5).total_seconds()


def test_a_run_without_a_period_is_told_what_to_do() -> None:
    from airflow.sdk.exceptions import AirflowFailException
    from reporting_run import period_of

    assert period_of(SimpleNamespace(partition_key="2026-Q3")) == "2026-Q3"
    with pytest.raises(AirflowFailException, match=r"Partition Key, ví dụ 2026-Q3.*partition key such as 2026-Q3"):
        period_of(SimpleNamespace(partition_key=None))


@pytest.mark.parametrize("name", PERIODIC)
def test_a_run_without_a_period_fails_at_the_first_task_without_another_try(dagbag, airflow_db, name: str) -> None:
    dag = dagbag.dags[name]
    run = dag.test(logical_date=None)
    assert run.state == "failed"
    first = next(task.task_id for task in dag.topological_sort())
    states = {(ti.task_id, ti.state, ti.try_number) for ti in run.get_task_instances()}
    assert (first, "failed", 1) in states, states
    assert {state for task, state, _ in states if task != first} <= {"upstream_failed"}
