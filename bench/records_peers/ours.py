"""The verbs of `etl.pipeline`, from the first request to facts in the warehouse.

how: `prepare` for it, or `count`; `again` counts, and runs once more after the figures of one portal changed.
"""

from __future__ import annotations

import mmap
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


def work(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """Seconds of each stage by the clock and of the processors, and what was loaded; `again`: of the second run."""
    first = _run(RUN, lambda: list(pipeline.collect_all(PERIOD)))
    if asked["how"] != "again":
        return first
    _swap(Path(asked["changing"]))
    return {**first, "again": _run(f"{RUN}-again", lambda: [pipeline.collect(asked["changes"], PERIOD)])}


def _swap(pages: Path) -> None:
    """Whoever filed directly filed online, and the other way round: of as many bytes, in the file that is served."""
    direct, online, between = (b'"KenhThucHien":%c' % code for code in b"12x")
    with pages.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
        content[:] = content[:].replace(direct, between).replace(online, direct).replace(between, online)


def _run(run: str, pull: Callable[[], list[dict[str, Any]]]) -> Mapping[str, Any]:
    stages: dict[str, float] = {}

    def staged(name: str, verb: Callable[[], Any]) -> Any:
        began, processors = time.monotonic(), time.process_time()
        done = verb()
        stages[name] = time.monotonic() - began
        stages[f"{name}, CPU"] = time.process_time() - processors
        return done

    pulls = staged("collect", pull)
    failed = [pull["message"] for pull in pulls if pull["state"] != "complete"]
    if failed:
        raise SystemExit(failed[0])
    staged("parse", lambda: pipeline.parse(PERIOD, run))
    staged("check", lambda: [pipeline.check(PERIOD, run, name) for name in pipeline.datasets()])
    staged("compute", lambda: pipeline.compute(PERIOD, run))
    recorded = staged("record", lambda: pipeline.record(PERIOD, run))
    return {
        "stages": stages,
        "rows": sum(pull["rows"] for pull in pulls),
        "new": recorded["new"],
        "revised": recorded["revised"],
    }


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
