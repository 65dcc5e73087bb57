"""Exports of a period, read by libraries that nobody here wrote, against the figures of the warehouse."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pysdmx.io as sdmx
import pytest
from click.testing import CliRunner
from pysdmx.model import DataStructureDefinition

from etl.__main__ import main
from etl.warehouse import Warehouse
from tests.warehouse.samples import PERIOD, Key, Load, figure

FIGURES: dict[Key, Any] = {
    ("tthc_received_total", "04", "all", "all"): figure(12),
    ("tthc_received_total", "VN", "all", "all"): figure(0),
    ("tthc_received_total", "01", "all", "all"): figure(None, "missing_source"),
    ("tthc_resolved_total", "04", "commune", "all"): figure("1234.5"),
}
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(warehouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`baocao export` on a warehouse with FIGURES, of which one is moving and one was revised."""
    monkeypatch.setenv("BAOCAO_WAREHOUSE_URL", warehouse_url)
    monkeypatch.setenv("BAOCAO_HOME", str(tmp_path / "home"))
    assert CliRunner().invoke(main, ["db", "upgrade"]).exit_code == 0
    made = Warehouse(warehouse_url)
    Load({**FIGURES, ("tthc_received_total", "04", "all", "all"): figure(11)}).into(made)
    Load(FIGURES).into(made)

    def export(format_: str, *options: str) -> dict[str, Any]:
        asked = ["export", PERIOD, "--format", format_, "--out", str(tmp_path), "--json", *options]
        done = CliRunner().invoke(main, asked)
        assert done.exit_code == 0, done.output
        told: dict[str, Any] = json.loads(done.output)
        for file in told["files"]:
            assert hashlib.sha256(Path(file["path"]).read_bytes()).hexdigest() == file["sha256"]
        assert told["rows"] == len(FIGURES)
        return told

    return export


def _paths(told: dict[str, Any]) -> tuple[Path, Path]:
    data, beside = (Path(file["path"]) for file in told["files"])
    return data, beside


def test_csv_with_its_metadata(run: Run) -> None:
    data, beside = _paths(run("csv", "--licence", "CC BY 4.0"))
    rows = list(csv.DictReader(data.read_text("utf-8").splitlines()))
    found = {(row["indicator"], row["unit"], row["tier"], row["field"]): (row["value"], row["reason"]) for row in rows}
    assert found == {
        key: ("" if value is None else f"{value:.4f}", reason or "") for key, (value, reason) in FIGURES.items()
    }
    assert {row["unit"]: row["unit_name"] for row in rows}["04"] == "Tỉnh Cao Bằng"
    told = json.loads(beside.read_text("utf-8"))
    assert [column["name"] for column in told["tableSchema"]["columns"]] == list(rows[0])
    assert all(column["titles"]["vi"] and column["titles"]["en"] for column in told["tableSchema"]["columns"])
    assert told["dc:license"] == "CC BY 4.0"
    assert told["dc:identifier"] == f"sha256:{hashlib.sha256(data.read_bytes()).hexdigest()}"


def test_parquet(run: Run) -> None:
    data, _ = _paths(run("parquet"))
    table = pq.read_table(data)
    keys = zip(*(table[name].to_pylist() for name in ("indicator", "unit", "tier", "field")), strict=True)
    figures = zip(table["value"].to_pylist(), table["reason"].to_pylist(), strict=True)
    assert dict(zip(keys, figures, strict=True)) == FIGURES
    assert all(b"title_vi" in field.metadata for field in table.schema)
    assert not list(data.parent.glob(".*")), "nothing is left beside it"


def test_sdmx_is_read_with_its_structure(run: Run) -> None:
    data, structure = _paths(run("sdmx-csv"))
    message = sdmx.read_sdmx(structure, validate=True)
    (definition,) = message.get_data_structure_definitions()
    assert isinstance(definition, DataStructureDefinition)
    (dataset,) = sdmx.get_datasets(data, structure, validate=False)
    frame = dataset.data
    components = {component.id for component in definition.components}
    assert set(frame.columns) == components
    assert [component.id for component in definition.components.dimensions] == [
        "UNIT", "INDICATOR", "TIER", "FIELD", "PERIOD",
    ]  # fmt: skip
    codes = {one.id: set(one.enumeration.codes and [code.id for code in one.enumeration.codes])
             for one in definition.components if one.enumeration is not None}  # fmt: skip
    assert set(codes) == {"UNIT", "INDICATOR", "TIER", "OBS_STATUS"}
    for name, known in codes.items():
        assert set(frame[name]) <= known, name
    status = {}
    for row in frame.to_dict("records"):
        key = (row["INDICATOR"], row["UNIT"], row["TIER"], row["FIELD"])
        value, reason = FIGURES[key]
        assert row["PERIOD"] == PERIOD
        shown = str(row["OBS_VALUE"])
        if value is None:
            assert shown in ("", "nan", "NaN", "None", "<NA>"), "no value is no number"
            assert row["NO_VALUE_REASON"] == reason
        else:
            assert Decimal(shown) == value
        status[key] = row["OBS_STATUS"]
    assert sorted(status.values()) == ["O", "P", "P", "R"]
    assert ",0," not in next(line for line in data.read_text().splitlines() if "missing_source" in line)


def test_the_same_moment_gives_the_same_bytes(run: Run, warehouse_url: str) -> None:
    for format_ in ("csv", "parquet", "sdmx-csv"):
        told = run(format_)
        first = _paths(told)[0].read_bytes()
        Load({**FIGURES, ("tthc_received_total", "04", "all", "all"): figure(99)}).into(Warehouse(warehouse_url))
        assert _paths(run(format_))[0].read_bytes() != first
        assert _paths(run(format_, "--as-of", told["known_at"]))[0].read_bytes() == first
        Load(FIGURES).into(Warehouse(warehouse_url))


def test_a_period_that_was_never_loaded(run: Run, tmp_path: Path) -> None:
    assert run("csv")
    assert CliRunner().invoke(main, ["export", "2025-Q4", "--out", str(tmp_path)]).exit_code == 2
