"""Mỗi sáng: chốt nghĩa vụ đã quá hạn, xem ai sắp hoặc vừa quá hạn mà chưa gửi đủ, nhắc mỗi đơn vị một thư.

Each morning: freeze what is past due, see who is soon due or newly overdue and has not filed, write each one letter.
Ngày là ngày của lần chạy (Logical Date, giờ Hà Nội); chạy lại trong ngày không gửi thư thứ hai. Hộp thư không nhận là
một ô đỏ, không dừng ô khác. / The day is that of the run, in Hà Nội; a re-run of the day sends nothing twice. A mailbox
that refuses is one red square and stops no other.
"""

from __future__ import annotations

from airflow.sdk import DAG, CronTriggerTimetable, task
from reporting_mail import require_connection, send
from reporting_run import DEFAULTS, MORNING, day_of

with DAG(
    "watch",  # without a start date: started at night for the first time, it waits for the morning
    schedule=CronTriggerTimetable(f"0 {MORNING} * * *", timezone="Asia/Ho_Chi_Minh"),
    catchup=False,
    max_active_runs=1,  # two runs of one day would not see each other's letters
    default_args=DEFAULTS,
    doc_md=__doc__,
    tags=["baocao"],
):

    @task
    def due(dag_run=None):
        from etl import pipeline

        return pipeline.watch(day_of(dag_run))

    @task
    def addressees(found):
        require_connection(len(found["letters"]))
        return found["letters"]

    @task(map_index_template="{{ to['name'] }}")
    def remind(to, dag_run=None, **context):
        from etl import pipeline

        letter = pipeline.reminder(to["unit"], day_of(dag_run))
        if letter is None:
            return "đã gửi hoặc không còn gì để nhắc / sent already, or nothing is left"
        send(letter, context)
        pipeline.reminded(letter)
        return letter["address"]

    @task
    def lock():
        from etl import pipeline

        return pipeline.lock_due()

    found = due()
    remind.expand(to=addressees(found))
    found >> lock()  # what is owed is frozen first
