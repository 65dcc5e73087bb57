"""`make backfill`: past quarters through Airflow's own backfill, oldest first, followed to the last form.

Airflow makes the runs and runs them; this asks for them, shows how far they are, and has repeated what went out of
step (docs/decisions/0011-backfill.md).
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from etl.errors import BaocaoError
from etl.periods import Period
from launcher import LauncherError, machine, processes, services
from launcher.airflow_api import AirflowApi
from launcher.chain import CHAIN, Chain, Quarter, Run

_POLL_SECONDS = 6.0
_GRACE_SECONDS = 20.0
"""What Airflow needs to make the run of a longer period by itself, once its last quarter is loaded."""
_TITLES = {
    "collect": "lấy số liệu / collect",
    "standardize": "chuẩn hoá, nạp kho / standardize",
    "publish": "điền biểu / publish",
}


_WAITS = "chờ soát xét / waits for a reviewer"


def run(first: str, last: str, *, reprocess: bool, at_once: int, as_json: bool) -> int:
    """The exit status: 0; 1 when a step failed; 2 when something must be mended first; 3 when sources failed, or a
    reviewer is to answer."""
    try:
        quarters = _span(first, last)
        with processes.orderly_exit(), contextlib.redirect_stdout(sys.stderr), services.running() as airflow:
            told = _Backfill(airflow, quarters).run(reprocess=reprocess, at_once=at_once)
            with machine.warehouse():
                rows = [_row(one, told[one.key]) for one in quarters]
    except BaocaoError as problem:
        raise LauncherError(str(problem)) from problem
    except processes.Interrupted as interrupted:
        click.echo(
            "Đợt chạy bù còn trong Airflow, chạy lại lệnh này để theo tiếp hay làm nốt. / The backfill is "
            "still in Airflow: the same command follows it, or does what is left.",
            err=True,
        )
        return 128 + interrupted.number
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        _show(rows)
    if any(row["step_failed"] for row in rows):
        return 1
    return 3 if any(row["failed"] or row["review"] for row in rows) else 0


def _span(first: str, last: str) -> list[Period]:
    """The quarters from the first to the last. Raises PeriodError also for one that is not closed yet."""
    from etl import pipeline

    found = [Period.parse(first), Period.parse(last)]
    for period in found:
        if period.kind != "quarter":
            raise LauncherError(f"{period.key} không phải một quý / is no quarter: FROM=2023-Q4 TO=2026-Q3")
    if found[1] < found[0]:
        raise LauncherError(f"{last} trước / is before {first}: FROM=2023-Q4 TO=2026-Q3")
    while found[-1] != found[-2].shift(1) and found[-1] != found[-2]:
        found.insert(-1, found[-2].shift(1))
    pipeline.plan(last)
    return list(dict.fromkeys(found))


class _Backfill:
    """One call: what is asked of Airflow for these quarters, and what it said."""

    def __init__(self, airflow: AirflowApi, quarters: Sequence[Period]) -> None:
        self._airflow, self._quarters = airflow, quarters
        self._began = time.monotonic()
        for dag in (*CHAIN, "annual"):
            if airflow.get(f"dags/{dag}")["is_paused"]:
                raise LauncherError(f"DAG {dag} đang tạm dừng / is paused: hãy bật lại / unpause it in Airflow")
        self._chain = Chain(airflow, quarters)
        self._said: set[Run] = set()
        self._asked: set[Run] = set()
        self._recorded: dict[Period, Counter[str]] = {period: Counter() for period in quarters}

    def run(self, *, reprocess: bool, at_once: int) -> dict[str, dict[str, Any]]:
        """By period what this call recorded, and the step that failed; nothing of a quarter that was left alone."""
        for period in self._quarters:
            self._said |= set(self._chain.quarter(period).over)
        if not reprocess:
            for period in self._quarters:
                if what := self._chain.repeat(self._chain.quarter(period)):
                    self._say(period, what)
        self._create("completed" if reprocess else "failed", at_once)
        self._follow()
        for quarter in list(self._chain.out_of_order()):
            what = self._chain.reopen(quarter.over[0])
            self._say(
                quarter.period, f"{what}: đã chuẩn hoá trước quý liền trước / standardized before the quarter before"
            )
        self._follow()
        self._years()
        return {period.key: self._outcome(self._chain.quarter(period)) for period in self._quarters}

    def _create(self, reprocess: str, at_once: int) -> None:
        """One backfill of Airflow over the span: runs of the quarters that have none, or none that went through."""
        body = {
            "dag_id": "collect",
            "from_date": f"{self._quarters[0].first_day}T00:00:00Z",
            "to_date": f"{self._quarters[-1].first_day}T00:00:00Z",
            "reprocess_behavior": reprocess,
        }
        runs = self._airflow.post("backfills/dry_run", body)["backfills"]
        if runs:
            self._airflow.post("backfills", {**body, "max_active_runs": at_once})
        keys = [one["partition_key"] for one in runs]
        self._line(f"Chạy bù {len(keys)} quý / quarters to run: {', '.join(keys) or '-'}")

    def _follow(self) -> None:
        """Until nothing of the quarters runs or is about to run."""
        while True:
            self._chain.refresh()
            found = [self._chain.quarter(period) for period in self._quarters]
            for quarter in found:
                self._tell(quarter)
            if not any(one.step == "going" or (one.step == "waiting" and not self._chain.lost(one)) for one in found):
                return
            time.sleep(_POLL_SECONDS)

    def _tell(self, quarter: Quarter) -> None:
        for run in quarter.over:
            if run in self._said:
                continue
            self._said.add(run)
            failed = len(self._chain.failed_pulls(run)) if run.dag == "collect" else 0
            more = f": {self._chain.pulled(run)} nguồn / sources" if run.dag == "collect" else ""
            if run.dag == "standardize":
                recorded = self._airflow.given(run.dag, run.id, "record")
                self._recorded[quarter.period].update(new=recorded["new"], revised=recorded["revised"])
                if recorded.get("restatement") is not None:
                    more = ": kỳ đã khoá, số khác chờ duyệt / the period is locked, what differs waits for approval"
            self._say(quarter.period, _TITLES[run.dag] + more + (f", hỏng / failed {failed}" if failed else ""))
        if quarter.step == "failed" and quarter.run is not None and quarter.run not in self._said:
            self._said.add(quarter.run)
            self._say(quarter.period, f"LỖI / FAILED: {_TITLES[quarter.run.dag]}: {quarter.run.id}")
        if quarter.step == "review" and quarter.run is not None and quarter.run not in self._asked:
            self._asked.add(quarter.run)
            self._say(quarter.period, f"{_WAITS}: {quarter.run.id}")

    def _years(self) -> None:
        """Half-years, nine months and years: Airflow makes their runs as their last quarter comes, but not again when
        one of their quarters is loaded anew."""
        patience = time.monotonic() + _GRACE_SECONDS
        asked: set[Period] = set()
        while True:
            self._chain.refresh()
            stale = [longer for longer in self._chain.stale_years() if longer not in asked]
            if not stale and not self._chain.years_going():
                break
            if stale and time.monotonic() > patience and not self._chain.years_going():
                for longer in stale:
                    asked.add(longer)
                    self._airflow.post("dags/annual/dagRuns", {"logical_date": None, "partition_key": longer.key})
                    self._say(longer, "tính từ các quý / made of its quarters")
            time.sleep(_POLL_SECONDS)
        for longer in self._chain.failed_years():
            self._say(longer, "LỖI / FAILED: annual")

    def _outcome(self, quarter: Quarter) -> dict[str, Any]:
        failed = ""
        if quarter.run is not None and (quarter.step == "failed" or self._chain.lost(quarter)):
            failed = quarter.run.dag
        elif set(quarter.period.longer()) & set(self._chain.failed_years()):
            failed = "annual"
        return {**self._recorded[quarter.period], "step_failed": failed, "review": quarter.step == "review"}

    def _say(self, period: Period, text: str) -> None:
        self._line(f"{period.key:<8} {text}")

    def _line(self, text: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        click.echo(f"{minutes:3d}:{seconds:02d}  {text}")


def _row(period: Period, told: Mapping[str, Any]) -> dict[str, Any]:
    """A line of the table, JSON-able: how the quarter stands now, and what this call recorded of it."""
    from etl import pipeline

    summary = pipeline.summary(period.key)
    complete, failed = summary["coverage"]["complete"], summary["coverage"]["failed"]
    return {
        "period": period.key,
        "due": len(complete) + len(failed),
        "proven": len(complete),
        "failed": dict(failed),
        "new": told.get("new", 0),
        "revised": told.get("revised", 0),
        "withheld": sum((summary.get("withheld") or {}).values()),
        "forms": sum((summary.get("forms") or {}).values()),
        "step_failed": told["step_failed"],
        "review": told["review"],
    }


def _show(rows: Sequence[dict[str, Any]]) -> None:
    table = Table()
    for title in (
        "Quý\nquarter",
        "Nguồn\ndue",
        "Lấy đủ\nproven",
        "Hỏng\nfailed",
        "Số mới\nnew",
        "Số sửa\nrevised",
        "Chưa công bố\nwithheld",
        "Biểu\nforms",
        "Bước hỏng\nstep failed",
    ):
        table.add_column(title, justify="left" if title.startswith(("Quý", "Bước")) else "right")
    for row in rows:
        numbers = (
            row["due"],
            row["proven"],
            len(row["failed"]),
            row["new"],
            row["revised"],
            row["withheld"],
            row["forms"],
        )
        table.add_row(
            row["period"],
            *(f"{number:,}".replace(",", ".") for number in numbers),
            _WAITS if row["review"] else row["step_failed"],
        )
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(table)
    if any(row["review"] for row in rows):
        console.print(
            "Người soát xét trả lời mọi quý ở một chỗ: `make up`, Airflow, Required Actions; biểu ra sau đó. / The "
            "reviewer answers for all quarters in one place, Airflow's Required Actions; their forms follow.",
            markup=False,
            soft_wrap=True,
        )
    for row in rows:
        for sentence in row["failed"].values():
            console.print(f"{row['period']}: {sentence}", markup=False, soft_wrap=True)
