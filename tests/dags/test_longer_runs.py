"""Airflow's own scheduler makes a run of `annual` for each longer period, as soon as its quarters are there."""

from __future__ import annotations

import pytest
from airflow.assets.manager import AssetManager
from airflow.dag_processing.dagbag import sync_bag_to_db
from airflow.jobs.job import Job
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.models.asset import AssetModel
from airflow.models.dag import DagModel
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from sqlalchemy import select


@pytest.fixture
def annual_in_the_database(dagbag, airflow_db) -> None:
    with create_session() as session:
        session.merge(DagBundleModel(name="test"))
    sync_bag_to_db(dagbag, "test", None)
    with create_session() as session:
        session.get(DagModel, "annual").is_paused = False


def runs_after(quarter: str) -> set[str]:
    """The partitions that `annual` has had runs for, once the quarter's indicators are there."""
    with create_session() as session:
        asset = session.scalar(select(AssetModel).where(AssetModel.name == "indicators"))
        AssetManager.register_asset_change(asset=asset, session=session, partition_key=quarter)
        session.flush()
        SchedulerJobRunner(job=Job())._create_dagruns_for_partitioned_asset_dags(session)
        session.flush()
        keys = session.scalars(select(DagRun.partition_key).where(DagRun.dag_id == "annual"))
        return {key for key in keys if key is not None}


def test_each_longer_period_runs_when_its_last_quarter_came(annual_in_the_database) -> None:
    assert runs_after("2024-Q1") == set()
    assert runs_after("2024-Q2") == {"2024-H1"}
    assert runs_after("2024-Q3") == {"2024-H1", "2024-9M"}
    assert runs_after("2024-Q4") == {"2024-H1", "2024-9M", "2024-H2", "2024"}
