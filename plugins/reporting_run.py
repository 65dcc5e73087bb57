"""What the DAGs share: the assets between them, when a failed task is tried again, which period a run is for."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, ExceptionRetryPolicy, RetryAction, RetryRule
from airflow.sdk.exceptions import AirflowFailException

from etl.periods import TIMEZONE

COLLECTED = Asset("collected", uri="baocao://collected")
"""The gate: every due source of the period was tried. Its partition is the period."""
INDICATORS = Asset("indicators", uri="baocao://indicators")
"""The period's facts are in the warehouse. Its partition is the period."""
PORTALS = "portals"
"""The pool that bounds how many portals are asked at once."""

MORNING = 8
"""The hour of the day, in Hà Nội, at which people are written to."""

RETRY_DELAY = timedelta(seconds=float(os.environ.get("BAOCAO_RETRY_SECONDS") or 300))

DEFAULTS: dict[str, Any] = {
    "owner": "baocao",
    # Each DAG gives its own weight, the greater the later it stands in the chain: what was begun is finished before
    # more is begun. Runs of past periods would otherwise wait behind a thousand pulls of the next ones.
    "weight_rule": "absolute",
    "retries": 2,
    "retry_delay": RETRY_DELAY,
    # In order: waiting helps against a portal that is down, and against nothing else that is known. What is not
    # of our own making (a lost worker, a database that restarts) is tried again as well.
    "retry_policy": ExceptionRetryPolicy(
        rules=[
            RetryRule("etl.errors.SourceUnavailable", RetryAction.RETRY, RETRY_DELAY, "the portal may come back"),
            RetryRule("etl.errors.MailUnavailable", RetryAction.RETRY, RETRY_DELAY, "the mail server may come back"),
            RetryRule("etl.errors.BaocaoError", RetryAction.FAIL, reason="a person must act: see the message"),
        ]
    ),
}

PULLING: dict[str, Any] = {
    "pool": PORTALS,
    "max_active_tis_per_dagrun": 16,
    "execution_timeout": timedelta(hours=1),
    "map_index_template": "{{ source }}",
}
"""How a source is asked, by collect and by confirm alike. A pull ends itself before the hour: Request.pull_seconds."""


def connection(name: str) -> tuple[str | None, str | None] | None:
    """Login and password of an Airflow connection, looked up as Airflow does: secrets backends, environment, metadata.

    Its password is then hidden in the task's log. None where there is none that this task may read.
    """
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        found = Connection.get(name)
    except (AirflowNotFoundException, PermissionError):
        return None
    return found.login, found.password


def day_of(dag_run: Any) -> str:
    """The local day of this run: that of the logical date that somebody gave, else of the moment it was made for."""
    moment = dag_run.logical_date or dag_run.run_after
    return str(moment.astimezone(TIMEZONE).date().isoformat())


def period_of(dag_run: Any) -> str:
    """The period of this run. Fails the task at once, with what to do, when the run was made without one."""
    if not dag_run.partition_key:
        raise AirflowFailException(
            "Lần chạy này không có kỳ báo cáo. Hãy chạy lại (Trigger) và điền Partition Key, ví dụ 2026-Q3; "
            "nhiều kỳ đã qua thì dùng `make backfill`. / This run has no reporting period. Trigger the "
            "DAG again with a partition key such as 2026-Q3; for several past periods use `make backfill`."
        )
    return str(dag_run.partition_key)
