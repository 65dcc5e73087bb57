"""Airflow's LocalExecutor, whose workers have what every task of ours needs before they are forked.

A task is a process of its own. Importing the pipeline and reading the catalog costs it some two seconds of
processor time, more than most pulls; forked from a process that has both, it costs nothing. A task still reads the
catalog again when one of its files changed since; code of `etl` that changed is seen once the scheduler is
started again, as that of the plugins is.
"""

from __future__ import annotations

import logging

from airflow.executors.local_executor import LocalExecutor

from etl.errors import BaocaoError

log = logging.getLogger(__name__)


class ReadyLocalExecutor(LocalExecutor):
    """Named by AIRFLOW__CORE__EXECUTOR as reporting_executor.ReadyLocalExecutor."""

    def start(self) -> None:
        import airflow.dag_processing.dagbag
        import airflow.sdk.execution_time.task_runner  # noqa: F401 (what Airflow itself imports in each task)

        from etl import pipeline

        try:
            pipeline.warm_up()
        except BaocaoError:  # each task then reads the catalog itself, and says where it is wrong
            log.warning("the catalog cannot be read; the tasks will say why", exc_info=True)
        super().start()
