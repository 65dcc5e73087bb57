"""`make demo`: one quarter through real Airflow in this process, from simulated portals to filled forms."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from etl.errors import BaocaoError
from launcher import LauncherError, airflow_home, machine, processes, report
from launcher.screen import Screen, Stage
from launcher.simulator import Simulator

if TYPE_CHECKING:
    from launcher.inprocess import Airflow, TaskEnd

METADATA = "airflow_demo"
"""A metadata database of the demo's own: `DAG.test` clears what ran before, which `make up` must keep."""
_RETRY_SECONDS = "2"

SETTING_UP = "Chuẩn bị cơ sở dữ liệu, cổng mô phỏng / databases, portals"
COLLECT = "Lấy số liệu từ các cổng nguồn / collect"
STANDARDIZE = "Chuẩn hoá, kiểm tra, tính, nạp kho / standardize"
PUBLISH = "Điền biểu / publish"
_STEPS = {
    "parse": "đọc dòng chuẩn / parsed",
    "check": "kiểm tra / checked",
    "compute": "tính chỉ tiêu / computed",
    "record": "nạp kho / recorded",
    "fill": "điền một biểu / form filled",
}


def run(period: str, faults: Sequence[str] = ()) -> int:
    """The exit status: 0; 1 when a source or a step failed; 2 when something must be mended first; 128 + a signal."""
    log = machine.logs() / "demo.log"
    things = contextlib.ExitStack()

    def stop() -> None:
        things.close()
        if sys.stdout.isatty():
            os.write(1, b"\x1b[?25h")  # the cursor, which a moving progress hides

    status = 2
    with Screen(log) as screen:
        try:
            with processes.orderly_exit():
                status = _run(period, faults, screen, things, stop)
        except (BaocaoError, LauncherError) as problem:
            screen.settle()
            screen.say(f"Lỗi / Error: {problem}")
        except processes.Interrupted as interrupted:
            status = 128 + interrupted.number
            screen.settle()
            screen.say(f"Đang dừng / stopping ({interrupted}) …")
        except BaseException:
            screen.settle()
            screen.say(f"Lỗi chưa lường trước, toàn bộ nhật ký / unexpected error, the whole log: {log}")
            raise
        finally:
            with processes.uninterrupted():
                screen.settle()
                stop()
    return status


def _run(
    period: str, faults: Sequence[str], screen: Screen, things: contextlib.ExitStack, stop: Callable[[], None]
) -> int:
    began = time.monotonic()
    with screen.stage(SETTING_UP, total=4) as stage:
        airflow = _set_up(faults, things, stage)
    from etl import pipeline

    due = pipeline.plan(period)
    runs = {}

    def leave() -> None:
        screen.say("Đang dừng / stopping …")
        stop()

    with processes.leaving_at_once(leave):
        for dag, title, total, watched in (
            ("collect", COLLECT, len(due), "pull"),
            ("standardize", STANDARDIZE, 5 + len(pipeline.datasets()), ""),
            ("publish", PUBLISH, len(pipeline.forms()), "fill"),
        ):
            with screen.stage(title, total=total) as stage:
                runs[dag] = airflow.run(dag, period, _watcher(stage, watched))
            if runs[dag].state != "success":
                break
        summary = pipeline.summary(period) | {"review": pipeline.review(period)["note"]} if "publish" in runs else {}
    screen.settle()
    return report.show(screen, period, runs, summary, time.monotonic() - began)


def _set_up(faults: Sequence[str], things: contextlib.ExitStack, stage: Stage) -> Airflow:
    """Everything the runs need. The portals make their country while the databases are set up."""
    simulator = Simulator(machine.logs(), scale=machine.demo_scale(), faults=faults)
    things.callback(simulator.stop)
    simulator.launch()
    server = machine.postgres()
    things.callback(server.stop)
    server.start()
    server.createdb(METADATA)
    machine.use_warehouse(server)
    stage.advance()
    os.environ |= simulator.environment
    os.environ |= airflow_home.environment(machine.home() / "airflow-demo", server.url(METADATA, "psycopg2"))
    os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "WARNING"
    os.environ.setdefault("BAOCAO_RETRY_SECONDS", _RETRY_SECONDS)
    sys.path[:0] = [str(airflow_home.ROOT), str(airflow_home.ROOT / "plugins")]
    from etl import pipeline

    pipeline.prepare()
    stage.advance()
    from launcher.inprocess import Airflow

    airflow = Airflow()
    stage.advance()
    simulator.wait()
    stage.advance()
    return airflow


def _watcher(stage: Stage, watched: str) -> Callable[[TaskEnd], None]:
    """Counts the tasks a stage is about, and says at once what did not go through."""

    def watch(end: TaskEnd) -> None:
        if end.error:
            again = "thử lại / trying again" if end.retried else "LỖI / FAILED"
            stage.note(f"{again}: {end.error or end.task}")
        elif end.task in _STEPS:
            stage.note(_STEPS[end.task])
        if not end.retried and (not watched or end.task == watched):
            stage.advance()

    return watch
