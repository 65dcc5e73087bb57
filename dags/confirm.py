"""Kỳ đã chốt được lấy lần thứ hai sau một khoảng đã định: số liệu nào đổi thì còn biến động, chưa chính thức.

A closed period is pulled a second time, a set distance after the first: figures that moved are not final.
Chỉ hỏi lại nguồn có lần lấy trọn vẹn đủ cũ; không có nguồn nào thì không làm gì. / Only sources whose complete pull
is old enough are asked again; without any, nothing is done. Lượt này hỏi lại toàn bộ, không hỏi có điều kiện
(If-None-Match): số liệu đứng yên là do hai lần nhận đủ byte chứng minh, không do lời cổng. / It asks for every page
unconditionally: bytes that came twice prove that figures stand still, the portal's word (304) does not.
"""

from __future__ import annotations

from airflow.sdk import DAG, TriggerRule, task
from airflow.sdk.exceptions import AirflowSkipException
from reporting_periods import FIRST_DAY, ReportingPeriodTimetable
from reporting_run import COLLECTED, DEFAULTS, PULLING, connection, period_of

with DAG(
    "confirm",
    schedule=ReportingPeriodTimetable("quarter", again=True),
    start_date=FIRST_DAY,
    catchup=False,
    max_active_runs=2,
    default_args=DEFAULTS | {"priority_weight": 1},
    doc_md=__doc__,
    tags=["baocao"],
):

    @task
    def plan(dag_run=None):
        from etl import pipeline

        due = pipeline.plan_again(period_of(dag_run))
        if not due:
            raise AirflowSkipException("Chưa có lần lấy nào đủ cũ để so. / No pull is old enough to compare with.")
        return due

    @task(**PULLING)
    def pull(source, dag_run=None):
        from etl import pipeline

        return pipeline.collect(source, period_of(dag_run), afresh=True, connections=connection)

    # The gate of collect, opened once more: standardize and publish follow. Not when there was no plan.
    @task(trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS, outlets=[COLLECTED])
    def coverage(due, dag_run=None):
        from etl import pipeline

        return {"due": len(due), **pipeline.coverage(period_of(dag_run))}

    due = plan()
    pull.expand(source=due) >> coverage(due)
