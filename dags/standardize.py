"""Từ các tệp đã lấy: đọc thành dòng chuẩn, kiểm tra từng bộ dữ liệu, tính chỉ tiêu, soát xét, ghi vào kho.

From what was landed: read standard rows, check each dataset, compute the facts, have a person decide where critical
findings stand open, record them.
"""

from __future__ import annotations

from airflow.sdk import DAG, PartitionedAssetTimetable, TriggerRule, task
from reporting_deadlines import FORMS_DUE
from reporting_review import REPORT, Review
from reporting_run import COLLECTED, DEFAULTS, INDICATORS, period_of

with DAG(
    "standardize",
    schedule=PartitionedAssetTimetable(assets=COLLECTED),
    catchup=False,
    max_active_runs=128,  # runs that wait for a reviewer must not keep others from being asked about
    default_args=DEFAULTS | {"priority_weight": 2},
    deadline=FORMS_DUE,
    doc_md=__doc__,
    tags=["baocao"],
):

    @task(max_active_tis_per_dag=2)
    def parse(dag_run=None):
        from etl import pipeline

        return list(pipeline.parse(period_of(dag_run), dag_run.run_id)["rows"])  # the names of the datasets

    @task(map_index_template="{{ dataset }}")
    def check(dataset, dag_run=None):
        from etl import pipeline

        return pipeline.check(period_of(dag_run), dag_run.run_id, dataset)

    @task(max_active_tis_per_dag=2)
    def compute(dag_run=None):
        from etl import pipeline

        return pipeline.compute(period_of(dag_run), dag_run.run_id)

    @task
    def question(dag_run=None):
        from etl import pipeline

        return pipeline.question(period_of(dag_run), dag_run.run_id)

    @task.branch
    def ask(asked):
        return "review" if asked["open"] else "record"

    @task
    def decide(given, dag_run=None):
        from etl import pipeline

        return pipeline.answer(period_of(dag_run), dag_run.run_id, given)

    @task(max_active_tis_per_dag=2, outlets=[INDICATORS], trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)
    def record(asked, dag_run=None):
        from etl import pipeline

        return pipeline.record(period_of(dag_run), dag_run.run_id, asked["sha256"])

    review = Review(
        task_id="review",
        subject="{{ ti.xcom_pull('question')['subject'] }}",
        body=f"{REPORT}\n\n{{{{ ti.xcom_pull('question')['body'] }}}}",
    )
    asked = question()
    recorded = record(asked)
    check.expand(dataset=parse()) >> compute() >> asked
    (choice := ask(asked)) >> review >> decide(review.output) >> recorded
    choice >> recorded
