"""A small country with its sources, and standard rows made by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from etl.catalog import Catalog, load
from etl.catalog.suites import read_suite
from etl.model import NATION, Source, Unit
from etl.periods import Period
from etl.settings import ROOT
from etl.tables import rows_schema
from etl.units import UnitTree

PERIOD = Period.parse("2026-Q3")
CATALOG: Catalog = load((ROOT / "catalog",))
SUITES = {name: read_suite(ROOT / "expectations", name, dataset) for name, dataset in CATALOG.datasets.items()}
COMMUNES: Mapping[str, Sequence[str]] = {
    "01": ("01001", "01002", "01003"),
    "02": ("02001", "02002"),
    "03": ("03001",),
}
"""Province -> its communes; the code of a commune begins with that of its province."""
MEASURES = {name: tuple(dataset.columns) for name, dataset in CATALOG.datasets.items()}
_CLEAN = {
    # 30 = 18 + 8 + 4 = 20 + 10; 20 = 12 + 7 + 1; 10 = 9 + 1
    "onestop": dict(zip(MEASURES["onestop"], (30, 18, 8, 4, 20, 12, 7, 1, 10, 9, 1), strict=True)),
    # 50 = 20 + 30; 15 and 24 of them signed
    "edoc": dict(zip(MEASURES["edoc"], (20, 30, 50, 15, 24, 3, 4), strict=True)),
    # 30 = 20 + 4 + 6; 25 = 18 + 2 + 5; 12 = 8 + 1 + 3
    "one_stop_scope": dict(zip(MEASURES["one_stop_scope"], (30, 20, 4, 6, 25, 18, 2, 5, 12, 8, 1, 3), strict=True)),
}
_CLEAN["procedure"] = _CLEAN["onestop"]
# 9 dossiers, one of them in two checks
_CLEAN["dossier_faults"] = dict(zip(MEASURES["dossier_faults"], (9, 1, 2, 3, 1, 1, 1, 1), strict=True))


def tree(communes: Mapping[str, Sequence[str]] = COMMUNES) -> UnitTree:
    def unit(code: str, level: Any, parent: str | None) -> Unit:
        return Unit(code, f"Đơn vị {code}", level, "Tỉnh", parent, dt.date(2025, 7, 1), None, True, "kiểm thử")

    units = [unit(NATION, "nation", None)]
    for province, below in communes.items():
        units += [unit(province, "province", NATION), *(unit(code, "commune", province) for code in below)]
    return UnitTree(units, PERIOD.last_day)


def due(dataset: str, provinces: Iterable[str] = COMMUNES) -> list[Source]:
    return [Source(id=f"{dataset}_{code}", platform="x", unit=code, address="x", owner="x") for code in provinces]


def given(dataset: str, sources: Iterable[Source] | None = None) -> dict[str, tuple[str, ...]]:
    """Every measure of every source, and the field where the dataset is split by it."""
    field = ("field",) if CATALOG.datasets[dataset].by != "none" else ()
    return {source.id: (*MEASURES[dataset], *field) for source in (due(dataset) if sources is None else sources)}


def row(dataset: str, unit: str, /, **changes: Any) -> dict[str, Any]:
    """A standard row that keeps every rule, but for the changes."""
    field = {"field": "ho_tich", "procedure": "1.012790", "none": "all"}[CATALOG.datasets[dataset].by]
    commune = len(unit) == 5
    return {
        "source": f"{dataset}_{unit[:2]}",
        "period": PERIOD.key,
        "payload": "5e" * 32,
        "pointer": f"/rows/{unit}",
        "first_day": PERIOD.first_day,
        "last_day": PERIOD.last_day,
        "agency": unit if commune else f"{unit}.01",
        "unit": unit,
        "tier": "commune" if commune else "province",
        "field": field,
        "field_raw": field,
        "problem": None,
        "problem_rule": None,
        "raw": "{}",
        **_CLEAN[dataset],
        **changes,
    }


def everyone(dataset: str, communes: Mapping[str, Sequence[str]] = COMMUNES) -> list[dict[str, Any]]:
    """One clean row of every provincial tier and, where the dataset has rows of communes, of every commune."""
    whole = CATALOG.datasets[dataset].tiers == ("province",)
    return [
        row(dataset, unit) for province, below in communes.items() for unit in (province, *(() if whole else below))
    ]


def table(dataset: str, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=rows_schema(CATALOG.datasets[dataset]))
