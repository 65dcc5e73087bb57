"""The verbs of `etl.pipeline`, from the first request to facts in the warehouse. how: `prepare` for it, or `count`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

from asked import measured

from bench.records_data import PERIOD
from etl import pipeline
from etl.settings import Settings

RUN = "bench"


def work(_asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """Seconds of each stage by the clock and of the processors, and what was loaded."""
    stages: dict[str, float] = {}

    def staged(name: str, verb: Callable[[], Any]) -> Any:
        began, processors = time.monotonic(), time.process_time()
        done = verb()
        stages[name] = time.monotonic() - began
        stages[f"{name}, CPU"] = time.process_time() - processors
        return done

    pulls = staged("collect", lambda: list(pipeline.collect_all(PERIOD)))
    failed = [pull["message"] for pull in pulls if pull["state"] != "complete"]
    if failed:
        raise SystemExit(failed[0])
    staged("parse", lambda: pipeline.parse(PERIOD, RUN))
    staged("check", lambda: [pipeline.check(PERIOD, RUN, name) for name in pipeline.datasets()])
    staged("compute", lambda: pipeline.compute(PERIOD, RUN))
    recorded = staged("record", lambda: pipeline.record(PERIOD, RUN))
    return {"stages": stages, "rows": sum(pull["rows"] for pull in pulls), "new": recorded["new"]}


@contextmanager
def _expectations(folder: Path) -> Iterator[None]:
    """Those of the benchmark, with its waivers: no variable of the environment says where they are."""
    ours = replace(Settings.from_environment(), expectations=folder)
    with mock.patch.object(Settings, "from_environment", return_value=ours):
        yield


if __name__ == "__main__":
    with _expectations(Path(os.environ["BENCH_EXPECTATIONS"])):
        pipeline.prepare() if sys.argv[2] == "prepare" else pipeline.warm_up()
        if sys.argv[2] != "prepare":
            measured(work)
