"""pandera, lazily, so that it tells every failing row: its polars and its pandas backend."""

from __future__ import annotations

import importlib
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from asked import measured


def pandas_backend(asked: Mapping[str, Any], folder: Path) -> Mapping[str, int]:
    import frames
    import pandera.pandas as pa

    made, frame = frames.conditions(asked, folder), frames.read(folder)
    checks = [
        pa.Check(lambda one, broken=made[rule["id"]]: ~broken(one), name=rule["id"], error=rule["id"])
        for rule in asked["rules"]
    ]
    try:
        pa.DataFrameSchema(checks=checks).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as found:
        cases = found.failure_cases[["check", "index"]].drop_duplicates()
        return dict(Counter(cases["check"]))
    return {}


def polars_backend(asked: Mapping[str, Any], folder: Path) -> Mapping[str, int]:
    import pandera.polars as pa
    import polars as pl
    from polar import conditions, read

    made, frame = conditions(asked, folder), read(folder)
    checks = [
        pa.Check(lambda one, broken=made[rule["id"]]: one.lazyframe.select(~broken), name=rule["id"], error=rule["id"])
        for rule in asked["rules"]
    ]
    try:
        pa.DataFrameSchema(checks=checks).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as found:
        cases = found.failure_cases.select("check", "index").unique()
        return dict(cases.group_by("check").agg(pl.len()).iter_rows())
    return {}


def work(asked: Mapping[str, Any], folder: Path) -> Mapping[str, int]:
    return (polars_backend if asked["how"] == "polars" else pandas_backend)(asked, folder)


if __name__ == "__main__":
    importlib.import_module(f"pandera.{sys.argv[2]}")  # before the clock, like the imports of the others
    measured(work)
