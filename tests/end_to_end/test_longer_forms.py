"""A form of nine months across the reform of July 2025: each cell back through its quarters to the bytes."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import python_calamine

from etl import pipeline
from etl.catalog import load
from etl.errors import TraceError
from tests.end_to_end.office import MEASURES, ROOT, Office, read_form_06a

CATALOG = load((ROOT / "catalog",))
LONGER, QUARTERS = "2025-9M", ("2025-Q1", "2025-Q2", "2025-Q3")
BEFORE, NOW = ("02", "08"), "08"
"""Hà Giang and Tuyên Quang, from July the Tuyên Quang of both."""


@pytest.fixture(scope="module")
def form(make_office: Callable[..., Office]) -> tuple[Office, Path]:
    office = make_office("longer_forms")
    for period in QUARTERS:
        due = [one for one in pipeline.plan(period) if CATALOG.sources[one].unit in BEFORE]
        office.run(period, [one for one in due if CATALOG.dataset_of(CATALOG.sources[one]) == "onestop"])
    pipeline.annual(LONGER)
    (one,) = pipeline.fill_forms(LONGER, form="II.06a", unit=NOW)
    return office, Path(one["path"])


def expected(office: Office) -> list[int]:
    """The last row of the form from the portals' truth: flows added, stocks of the first and the last quarter."""
    truth = [
        [office.truth("II.06a", unit, period)["all", "all"] for unit in (BEFORE if period < "2025-Q3" else (NOW,))]
        for period in QUARTERS
    ]
    added = [{name: sum(unit[name] for unit in quarter) for name in MEASURES} for quarter in truth]
    whole = {name: sum(quarter[name] for quarter in added) for name in MEASURES}
    whole["carried_over"] = added[0]["carried_over"]
    whole |= {name: added[-1][name] for name in MEASURES if name.startswith("pending")}
    whole["received_total"] = sum(whole[name] for name in MEASURES[1:4])
    return [whole[name] for name in MEASURES]


def test_every_cell_adds_up_from_the_rows_of_its_quarters(
    form: tuple[Office, Path], field_codes: dict[str, str], tmp_path: Path
) -> None:
    office, path = form
    assert [int(cell) for cell in read_form_06a(path, field_codes)["all", "all"]] == expected(office)
    packed = Path(pipeline.bundle(str(path), tmp_path)["bundle"])
    verified = pipeline.verify_bundle(str(packed))
    assert verified["wrong"] == []
    assert verified["cells"] > 100
    assert verified["rows_read_again"] > 50
    with zipfile.ZipFile(packed) as package:
        package.extractall(tmp_path / "unpacked")
    alone = [sys.executable, "-I", "-S", str(tmp_path / "unpacked/verify.py")]
    done = subprocess.run(alone, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert (done.returncode, f"{verified['cells']} ô/cells" in done.stdout) == (0, True), done.stdout + done.stderr


def test_a_cell_is_traced_through_its_quarters_to_a_byte(
    form: tuple[Office, Path], field_codes: dict[str, str]
) -> None:
    _, path = form
    total = next(row for row in range(9, 200) if _label(path, row) == "Tổng số")
    found = pipeline.trace(str(path), f"C{total}")
    assert found["computed"] == found["printed"] == found["value"]
    assert [(one["period"], one["figure_unit"]) for one in found["quarters"]] == [
        (period, unit) for period in QUARTERS for unit in (BEFORE if period < "2025-Q3" else (NOW,))
    ]
    assert {row["period"] for row in found["rows"]} == set(QUARTERS)
    raw = Path(next(row["file"] for row in found["rows"] if row["period"] == "2025-Q1"))
    content = raw.read_bytes()
    raw.chmod(0o644)
    raw.write_bytes(content.replace(b"1", b"2", 1))
    try:
        with pytest.raises(TraceError, match=raw.name):
            pipeline.trace(str(path), f"C{total}")
    finally:
        raw.write_bytes(content)


def _label(path: Path, row: int) -> str:
    rows = python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python(skip_empty_area=False)
    return str(rows[row - 1][1]) if row <= len(rows) else ""
