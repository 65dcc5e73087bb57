"""`etl.quality.check`, as the pipeline calls it, the quarantine and the findings written as it writes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from asked import SET_ASIDE, measured

from bench.quality_rows import DATASET, PERIOD, told
from etl import quality
from etl.quality import gx


def work(asked: Mapping[str, Any], folder: Path) -> Mapping[str, int]:
    suite, due, given, tree = told()
    outcome = quality.check(
        folder / "rows.parquet", suite, dataset=DATASET, period=PERIOD, due=due, given=given, tree=tree
    )
    pq.write_table(outcome.quarantine, folder / SET_ASIDE, compression="zstd")
    pq.write_table(outcome.found, folder / "findings.parquet", compression="zstd")
    if asked["how"] == "with the good rows":
        pq.write_table(outcome.good, folder / "good.parquet", compression="zstd")
    return {rule.rule: rule.broken for rule in outcome.rules if rule.kind == "row"}


if __name__ == "__main__":
    told()
    gx.warm_up()
    measured(work)
