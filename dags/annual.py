"""Khi đủ các quý của kỳ: tính số liệu 6 tháng, 9 tháng, năm.

When the quarters of a half-year, of nine months or of a year are there: compute its figures from theirs.
"""

from __future__ import annotations

from airflow.sdk import DAG, PartitionedAssetTimetable, RollupMapper, task
from reporting_periods import LongerOfQuarter, QuartersOf
from reporting_run import DEFAULTS, INDICATORS, period_of

with DAG(
    "annual",
    schedule=PartitionedAssetTimetable(
        assets=INDICATORS,
        default_partition_mapper=RollupMapper(upstream_mapper=LongerOfQuarter(), window=QuartersOf()),
    ),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS | {"priority_weight": 4},
    doc_md=__doc__,
    tags=["baocao"],
):

    @task
    def longer(dag_run=None):
        from etl import pipeline

        return pipeline.annual(period_of(dag_run))

    longer()
