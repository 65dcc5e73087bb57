"""What became of each quarter: its newest runs of collect, standardize and publish, and whether they belong together.

A run belongs to the one before it when it was made after that one opened its gate. Airflow alone decides what runs
and when; here it is only read, and asked to repeat what did not go through.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from etl.periods import Period
from launcher.airflow_api import AirflowApi

CHAIN = ("collect", "standardize", "publish")
LAST_TASK = {"collect": "coverage", "standardize": "record"}
"""The task that opens the gate to the next DAG."""
Step = Literal["", "going", "review", "waiting", "failed", "done"]
"""Of a quarter: no run yet, something runs, a reviewer is to answer, the next run is not made yet, a step failed, all
done."""


_NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)
_LOST_AFTER = dt.timedelta(minutes=1)
"""How long after a gate opened the scheduler has made the next run; where it has not, the event got lost."""


@dataclass(frozen=True)
class Run:
    """A run of a DAG for a period. `made` is when it was queued last: a run that is repeated is queued again."""

    dag: str
    id: str
    state: str
    made: dt.datetime
    began: dt.datetime

    @property
    def going(self) -> bool:
        return self.state in ("queued", "running")


@dataclass(frozen=True)
class Quarter:
    """How far a quarter is: its step, the run that the step is about, and its runs that are over."""

    period: Period
    step: Step
    run: Run | None
    over: tuple[Run, ...]


class Chain:
    """The runs of Airflow for some quarters and the longer periods made of them, as they were at `refresh`."""

    def __init__(self, airflow: AirflowApi, quarters: Sequence[Period]) -> None:
        self._airflow, self.quarters = airflow, tuple(quarters)
        self._newest: dict[tuple[str, str], Run] = {}
        self._tasks: dict[Run, list[dict[str, Any]]] = {}
        self.refresh()

    def refresh(self) -> None:
        for dag in (*CHAIN, "annual"):
            for told in self._airflow.every(f"dags/{dag}/dagRuns", "dag_runs", order_by="id"):
                made, began = _moment(told["queued_at"]), _moment(told["start_date"])
                run = Run(dag, told["dag_run_id"], told["state"], made, began)
                key = dag, told["partition_key"] or ""
                if key not in self._newest or self._newest[key].made <= run.made:
                    self._newest[key] = run

    def quarter(self, period: Period) -> Quarter:
        over: list[Run] = []
        for dag in CHAIN:
            run = self._newest.get((dag, period.key))
            if run is None or (over and run.made < self._opened(over[-1])):
                return Quarter(period, "waiting" if over else "", over[-1] if over else None, tuple(over))
            if run.state != "success":
                step: Step = "failed" if not run.going else "review" if self._asks(run) else "going"
                return Quarter(period, step, run, tuple(over))
            over.append(run)
        return Quarter(period, "done", over[-1], tuple(over))

    def failed_pulls(self, collect: Run) -> list[int]:
        """Map indices of the sources whose pull failed in a run that is over."""
        return [one["map_index"] for one in self._pulls(collect) if one["state"] in ("failed", "upstream_failed")]

    def pulled(self, collect: Run) -> int:
        """How many sources were due in a run that is over."""
        return len(self._pulls(collect))

    def out_of_order(self) -> Iterator[Quarter]:
        """Quarters standardized before the last pull of the quarter before them, which rows are compared with."""
        for period in (*self.quarters, self.quarters[-1].shift(1)):
            before, now = self._newest.get(("collect", period.previous().key)), self.quarter(period)
            if before is None or before.state != "success" or now.step != "done":
                continue
            if now.over[1].began < max((_moment(one["end_date"]) for one in self._pulls(before)), default=_NEVER):
                yield now

    def stale_years(self) -> list[Period]:
        """Longer periods all of whose quarters are loaded, without a run since that went through."""
        found = []
        for longer in self._longer():
            parts = [self.quarter(part) for part in longer.parts()]
            if all(len(part.over) > 1 for part in parts):
                run, loaded = (
                    self._newest.get(("annual", longer.key)),
                    max(self._opened(part.over[1]) for part in parts),
                )
                if run is None or run.state == "failed" or run.made < loaded:
                    found.append(longer)
        return found

    def failed_years(self) -> list[Period]:
        runs = ((longer, self._newest.get(("annual", longer.key))) for longer in self._longer())
        return [longer for longer, run in runs if run is not None and run.state == "failed"]

    def years_going(self) -> bool:
        runs = (self._newest.get(("annual", longer.key)) for longer in self._longer())
        return any(run is not None and run.going for run in runs)

    def _longer(self) -> list[Period]:
        longer = {one for quarter in self.quarters for one in quarter.longer()}
        return sorted(longer, key=lambda one: (one.last_day, one.key))

    def repeat(self, quarter: Quarter) -> str:
        """Ask Airflow to repeat of a quarter what failed or got lost, and that only. Says what; "" for nothing."""
        collect = next(iter(quarter.over), None)
        if collect is not None and (failed := self.failed_pulls(collect)):
            self._airflow.repeat("collect", collect.id, [["pull", index] for index in failed])
            return f"lấy lại {len(failed)} nguồn / {len(failed)} sources again"
        if quarter.step == "failed" and quarter.run is not None and quarter.run.dag != "collect":
            self._airflow.repeat(quarter.run.dag, quarter.run.id)
            return f"làm lại bước hỏng của / failed step again of {quarter.run.dag}"
        if self.lost(quarter) and quarter.run is not None:
            return self.reopen(quarter.run)
        return ""

    def lost(self, quarter: Quarter) -> bool:
        """Whether the next run of the quarter should long have been made: the DAG was paused, say."""
        if quarter.step != "waiting" or quarter.run is None:
            return False
        return dt.datetime.now(dt.UTC) - self._opened(quarter.run) > _LOST_AFTER

    def reopen(self, run: Run) -> str:
        """Have a run that is over open its gate once more: the next DAG gets a new run."""
        self._airflow.repeat(run.dag, run.id, [LAST_TASK[run.dag]])
        return f"mở lại cổng của / gate opened again of {run.dag}"

    def _pulls(self, collect: Run) -> list[dict[str, Any]]:
        return [one for one in self._all_tasks(collect) if one["task_id"] == "pull" and one["map_index"] >= 0]

    def _asks(self, run: Run) -> bool:
        """Whether the run waits for the answer of a reviewer. Never remembered: it ends without the run doing so."""
        if run.dag != "standardize" or run.state != "running":
            return False
        return any(one["state"] == "awaiting_input" for one in self._airflow.tasks(run.dag, run.id, task_id="review"))

    def _opened(self, run: Run) -> dt.datetime:
        """When a run that is over began to open its gate."""
        gates = (one for one in self._all_tasks(run) if one["task_id"] == LAST_TASK[run.dag])
        return max((_moment(one["start_date"]) for one in gates), default=_NEVER)

    def _all_tasks(self, run: Run) -> list[dict[str, Any]]:
        if run not in self._tasks:
            self._tasks[run] = self._airflow.tasks(run.dag, run.id)
        return self._tasks[run]


def _moment(text: str | None) -> dt.datetime:
    return dt.datetime.fromisoformat(text) if text else _NEVER
