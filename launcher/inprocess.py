"""Real DAG runs of one period in this very process, without scheduler and server.

Airflow's own `DAG.test` runs the tasks; it has no argument for a partition key, so the run is given its key at
the moment it is made. It also clears what ran before it, so it must have a metadata database of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from launcher.airflow_home import ROOT

POOL_SLOTS = 4
_OF_A_PERSON = "review|decide"
"""Nobody can answer here: these are passed over, nothing is decided, and the figures stand unreviewed."""


@dataclass(frozen=True)
class TaskEnd:
    """A task that is over, or will be tried again. `error` is the sentence of what went wrong, "" for success."""

    task: str
    map_index: int
    retried: bool
    error: str


@dataclass(frozen=True)
class Run:
    """A finished run: its state, what each task gave (mapped ones a list), and the tasks that did not succeed."""

    state: str
    results: dict[str, list[Any]]
    failed: tuple[str, ...]


def prepare_database() -> None:
    """Make or migrate Airflow's metadata, and the pool that bounds how many portals are asked at once."""
    from airflow.models.pool import Pool
    from airflow.utils import db
    from reporting_run import PORTALS

    db.initdb()
    if Pool.get_pool(PORTALS) is None:  # afterwards its size is the user's
        Pool.create_or_update_pool(PORTALS, POOL_SLOTS, "Cổng nguồn / source portals", include_deferred=False)


class Airflow:
    """The environment of launcher.airflow_home must be set before this is made: it imports Airflow."""

    def __init__(self) -> None:
        from airflow.dag_processing.dagbag import DagBag

        prepare_database()
        bag = DagBag(ROOT / "dags")
        if bag.import_errors:
            raise RuntimeError("\n".join(bag.import_errors.values()))
        self._dags = bag.dags

    def run(self, dag_id: str, period_key: str, watch: Callable[[TaskEnd], None]) -> Run:
        """Run one DAG for one period to its end; `watch` hears of each task."""
        dag = self._dags[dag_id]
        with _keyed(dag, period_key), _listening(watch):
            made = dag.test(logical_date=None, mark_success_pattern=_OF_A_PERSON)
        failed = [ti for ti in made.get_task_instances() if ti.state != "success"]
        names = tuple(f"{ti.task_id}[{ti.map_index}]" if ti.map_index >= 0 else str(ti.task_id) for ti in failed)
        return Run(str(made.state), _results(made), names)


@contextlib.contextmanager
def _keyed(dag: Any, key: str) -> Iterator[None]:
    from airflow.models import dagrun
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.utils.types import DagRunType

    dag.deadline = None  # DAG.test of Airflow 3.3 cannot end a run of a DAG that has one
    original = dagrun.get_or_create_dagrun
    timetable = coerce_to_core_timetable(dag.timetable)

    def create(*, session: Any, run_after: Any, **arguments: Any) -> Any:
        arguments["run_id"] = timetable.generate_run_id(
            run_type=DagRunType.MANUAL, run_after=run_after, data_interval=None, partition_key=key
        )
        run = original(session=session, run_after=run_after, **arguments)
        run.partition_key, run.partition_date = key, timetable.resolve_partition_date(key)
        session.commit()
        return run

    dagrun.get_or_create_dagrun = create
    try:
        yield
    finally:
        dagrun.get_or_create_dagrun = original


@contextlib.contextmanager
def _listening(watch: Callable[[TaskEnd], None]) -> Iterator[None]:
    from airflow.listeners import hookimpl
    from airflow.sdk.listener import get_listener_manager

    class Listener:
        @hookimpl
        def on_task_instance_success(self, previous_state: Any, task_instance: Any) -> None:
            del previous_state
            watch(TaskEnd(task_instance.task_id, task_instance.map_index, retried=False, error=""))

        @hookimpl
        def on_task_instance_failed(self, previous_state: Any, task_instance: Any, error: Any) -> None:
            del previous_state
            retried = task_instance.state == "up_for_retry"
            watch(TaskEnd(task_instance.task_id, task_instance.map_index, retried=retried, error=str(error)))

    listener = Listener()
    manager = get_listener_manager()
    manager.pm.register(listener)
    try:
        yield
    finally:
        manager.pm.unregister(listener)


def _results(run: Any) -> dict[str, list[Any]]:
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    results: dict[str, list[Any]] = {}
    with create_session() as session:
        query = XComModel.get_many(run_id=run.run_id, dag_ids=run.dag_id, key="return_value")
        given: list[Any] = list(session.scalars(query))
        for found in sorted(given, key=lambda row: (row.task_id, row.map_index)):
            results.setdefault(found.task_id, []).append(XComModel.deserialize_value(found))
    return results
