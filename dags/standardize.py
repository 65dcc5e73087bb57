"""Từ các tệp đã lấy: đọc thành dòng chuẩn, kiểm tra từng bộ dữ liệu, tính chỉ tiêu, ghi vào kho.

From what was landed: read standard rows, check each dataset, compute the facts, record them.
"""

from __future__ import annotations

from airflow.sdk import DAG, PartitionedAssetTimetable, task
from reporting_deadlines import FORMS_DUE
from reporting_run import COLLECTED, DEFAULTS, INDICATORS, period_of

with DAG(
    "standardize",
    schedule=PartitionedAssetTimetable(assets=COLLECTED),
    catchup=False,
    max_active_runs=2,
    default_args=DEFAULTS | {"priority_weight": 2},
    deadline=FORMS_DUE,
    doc_md=__doc__,
    tags=["baocao"],
):

    @task
    def parse(dag_run=None):
        from etl import pipeline

        return list(pipeline.parse(period_of(dag_run), dag_run.run_id)["rows"])  # the names of the datasets

    @task(map_index_template="{{ dataset }}")
    def check(dataset, dag_run=None):
        from etl import pipeline

        return pipeline.check(period_of(dag_run), dag_run.run_id, dataset)

    @task
    def compute(dag_run=None):
        from etl import pipeline

        return pipeline.compute(period_of(dag_run), dag_run.run_id)

    @task(outlets=[INDICATORS])
    def record(dag_run=None):
        from etl import pipeline

        return pipeline.record(period_of(dag_run), dag_run.run_id)

    check.expand(dataset=parse()) >> compute() >> record()
