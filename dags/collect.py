"""Lấy số liệu của mọi nguồn phải báo cáo trong kỳ, nguồn nào hỏng không làm dừng nguồn khác, rồi mở cổng.

Pull every source that owes the period; one that fails stops no other; then open the gate.
Làm lại một nguồn: xoá trạng thái (Clear) ô của nguồn đó kèm các bước sau. / To repeat one source, clear its
square together with what is downstream of it.
"""

from __future__ import annotations

from airflow.sdk import DAG, TriggerRule, task
from reporting_deadlines import FORMS_DUE
from reporting_periods import FIRST_DAY, ReportingPeriodTimetable
from reporting_run import COLLECTED, DEFAULTS, PULLING, connection, period_of

with DAG(
    "collect",
    schedule=ReportingPeriodTimetable("quarter"),
    start_date=FIRST_DAY,
    catchup=False,
    max_active_runs=2,
    default_args=DEFAULTS | {"priority_weight": 1},
    deadline=FORMS_DUE,
    doc_md=__doc__,
    tags=["baocao"],
):

    @task
    def plan(dag_run=None):
        from etl import pipeline

        return pipeline.plan(period_of(dag_run))

    @task(**PULLING)
    def pull(source, dag_run=None):
        from etl import pipeline

        return pipeline.collect(source, period_of(dag_run), connections=connection)

    # It runs whatever became of the pulls, but not when there was no plan.
    @task(trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS, outlets=[COLLECTED])
    def coverage(due, dag_run=None):
        from etl import pipeline

        return {"due": len(due), **pipeline.coverage(period_of(dag_run))}

    due = plan()
    pull.expand(source=due) >> coverage(due)
