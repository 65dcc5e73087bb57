"""Khi đủ bốn quý của một năm: tính số liệu năm. / When a year's four quarters are there: compute the year."""

from __future__ import annotations

from airflow.sdk import DAG, PartitionedAssetTimetable, RollupMapper, task
from reporting_periods import QuartersOfYear, YearOfQuarter
from reporting_run import DEFAULTS, INDICATORS, period_of

with DAG(
    "annual",
    schedule=PartitionedAssetTimetable(
        assets=INDICATORS,
        default_partition_mapper=RollupMapper(upstream_mapper=YearOfQuarter(), window=QuartersOfYear()),
    ),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    doc_md=__doc__,
    tags=["baocao"],
):

    @task
    def year(dag_run=None):
        from etl import pipeline

        return pipeline.annual(period_of(dag_run))

    year()
