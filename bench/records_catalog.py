"""The catalog, the expectations and the environment of the record benchmark: the real ones, with its portals."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from bench.records_data import PERIOD, UNREAD
from etl.settings import ROOT

_SOURCE = """\
platform: dossier_list
unit: "{province}"
owner: benchmark
address: {address}
credential: env:BENCH_TOKEN
budget: {{per_second: null, concurrency: null}}
"""
_WAIVER = {
    "dataset": "onestop",
    "rule": "II06A-3-SUM",
    "periods": [PERIOD],
    "reason": "hồ sơ không ghi kênh (the benchmark has dossiers without a channel)",
    "owner": "benchmark",
    "agreed_by": "benchmark",
    "expires": "2099-12-31",
}


def lay_out(folder: Path, portals: Mapping[str, str]) -> Mapping[str, str]:
    """Write both into the folder; gives what a process is to have in its environment."""
    catalog = folder / "catalog"
    shutil.copytree(ROOT / "catalog", catalog, ignore=shutil.ignore_patterns("sources"))
    platform = catalog / "platforms/dossier_list.yml"
    text, found = re.subn(
        r"^ignore: \[(.*)\]$", rf"ignore: [\1, {', '.join(UNREAD)}]", platform.read_text("utf-8"), flags=re.MULTILINE
    )
    assert found == 1, "catalog/platforms/dossier_list.yml ignores its columns in another way"  # noqa: S101
    platform.write_text(text, "utf-8")
    (catalog / "sources").mkdir()
    for province, address in portals.items():
        source = _SOURCE.format(province=province, address=address)
        (catalog / f"sources/{source_id(province)}.yml").write_text(source, "utf-8")
    expectations = folder / "expectations"
    shutil.copytree(ROOT / "expectations", expectations)
    waivers = [{"id": f"W-{province}", "source": source_id(province), **_WAIVER} for province in portals]
    (expectations / "waivers.yml").write_text(json.dumps({"waivers": waivers}, ensure_ascii=False), "utf-8")
    return {
        "BAOCAO_HOME": str(folder / "home"),
        "BAOCAO_STORE_URL": str(folder / "home" / "store"),
        "BAOCAO_CATALOG": str(catalog),
        "BENCH_EXPECTATIONS": str(expectations),
        "BENCH_TOKEN": "benchmark",
    }


def source_id(province: str) -> str:
    return f"dossiers_{province}"
