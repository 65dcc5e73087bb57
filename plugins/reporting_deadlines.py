"""When a period's forms must be there: an alert of Airflow's own on the runs that make them (Browse, Deadlines).

It needs a run: one that failed, or still runs when the day comes, is told; one that succeeded is not. What never had a
run, and forms that are out but not whole, the DAG watch tells. Both send the same letter, which goes out once a day.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.plugins_manager import AirflowPlugin
from airflow.sdk import DeadlineAlert, SyncCallback
from airflow.sdk.definitions.deadline import BaseDeadlineReference
from reporting_mail import send
from reporting_run import MORNING

from etl.periods import TIMEZONE

_AFTER_WATCH = dt.timedelta(hours=1)


class FormsNear(BaseDeadlineReference):
    """Some working days before the first due date of the period's forms (catalog/calendar.yml), after watch has run.

    None for a run that is made later than that, such as those of a backfill: its alert would be none.
    """

    required_kwargs = frozenset({"dag_id", "run_id"})

    def _evaluate_with(self, *, session: Any, dag_id: str, run_id: str) -> dt.datetime | None:
        from airflow.models import DagRun

        from etl import pipeline

        (run,) = DagRun.find(dag_id=dag_id, run_id=run_id, session=session)
        day = pipeline.alert_on(run.partition_key) if run.partition_key else None
        if day is None:
            return None
        moment = dt.datetime.combine(dt.date.fromisoformat(day), dt.time(MORNING), TIMEZONE) + _AFTER_WATCH
        return moment.astimezone(dt.UTC) if moment > dt.datetime.now(TIMEZONE) else None


def tell_office(context: Any) -> None:
    """The alert of the day to the office that gathers the reports, unless it went out or nothing is outstanding."""
    from etl import pipeline

    letter = pipeline.reminder("VN")
    if letter is not None:
        send(letter, context)
        pipeline.reminded(letter)


FORMS_DUE = DeadlineAlert(
    reference=FormsNear(),
    interval=dt.timedelta(0),
    callback=SyncCallback(tell_office),
    name="Biểu phải có trước hạn gửi / forms before their due date",
)


class ReportingDeadlinesPlugin(AirflowPlugin):
    """Without this registration a serialised DAG that has the alert could not be read back."""

    name = "reporting_deadlines"
    deadline_references = [FormsNear]  # noqa: RUF012 (Airflow's way)
