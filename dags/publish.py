"""Điền các biểu của kỳ cho mọi đơn vị phải báo cáo. / Fill the period's forms for every unit that owes them.

Và lập sẵn báo cáo chất lượng. / And work out its quality report, so that nobody waits for it.
"""

from __future__ import annotations

from airflow.sdk import DAG, PartitionedAssetTimetable, task
from reporting_deadlines import FORMS_DUE
from reporting_run import DEFAULTS, INDICATORS, period_of

with DAG(
    "publish",
    schedule=PartitionedAssetTimetable(assets=INDICATORS),
    catchup=False,
    max_active_runs=2,
    default_args=DEFAULTS | {"priority_weight": 3},
    deadline=FORMS_DUE,
    doc_md=__doc__,
    tags=["baocao"],
):

    @task
    def forms(dag_run=None):
        from etl import pipeline

        period_of(dag_run)  # a run without a period fails here, once, and not in every form
        return pipeline.forms()

    @task(map_index_template="{{ form }}")
    def fill(form, dag_run=None):
        from etl import pipeline

        return pipeline.publish(period_of(dag_run), form)

    @task
    def report(dag_run=None):
        from etl import pipeline

        return pipeline.quality_ready(period_of(dag_run))

    numbers = forms()
    fill.expand(form=numbers)
    numbers >> report()
