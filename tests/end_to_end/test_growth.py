"""Growth over earlier years and the carry-over chain, through the warehouse and the command."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner

from etl import pipeline
from etl.__main__ import main
from etl.pipeline.office import Office as Opened
from etl.tables import FACTS
from tests.end_to_end.office import Office

Figure = tuple[str, str, str, str, int | None]
"""indicator, unit, tier, field, value"""


def _record(period: str, figures: Iterable[Figure]) -> None:
    rows = [
        {
            **dict(zip(FACTS.names, (*key, None if value is None else Decimal(value)), strict=False)),
            "reason": "missing_source" if value is None else None,
            "leaf": False,
            "moving": False,
        }
        for *key, value in figures
    ]
    Opened.open().warehouse.record(
        period,
        run="publications",
        catalog_version="c",
        rules_version="r",
        facts=pa.Table.from_pylist(rows, schema=FACTS),
        rows={},
        quarantine={},
        findings=[],
        holes=[],
        receipts=[],
    )


def _ask(*arguments: str) -> Any:
    answer = CliRunner().invoke(main, [*arguments, "--json"])
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def _growth(unit: str, period: str, indicator: str) -> dict[str, Any]:
    (found,) = _ask("facts", period, "--unit", unit, "--indicator", indicator)
    return dict(found)


@pytest.fixture(scope="module")
def office(make_office: Callable[..., Office]) -> Office:
    made = make_office("growth")
    pipeline.prepare()
    return made


def test_four_million_documents_are_one_and_a_half_times_2020_and_four_times_2019(office: Office) -> None:
    """Báo Hà Giang, 03/12/2021: "4 triệu văn bản, gấp 1,5 lần năm 2020, gấp 4 lần năm 2019"."""
    documents = ("vb_exchanged", "VN", "all", "all")
    for year, count in (("2019", 1_000_000), ("2020", 2_666_667), ("2021", 4_000_000)):
        _record(year, [(*documents, count)])

    over_one = _growth("VN", "2021", "vb_exchanged_growth")
    assert (Decimal(over_one["value"]), over_one["reason"], over_one["period_before"]) == (Decimal("1.5"), None, "2020")
    assert Decimal(over_one["now"]["value"]) == 4_000_000
    assert (Decimal(over_one["before"]["value"]), over_one["before"]["period"]) == (2_666_667, "2020")
    over_two = _growth("VN", "2021", "vb_exchanged_growth_2_years")
    assert (Decimal(over_two["value"]), over_two["period_before"]) == (Decimal(4), "2019")
    both = {one["indicator"]: one["value"] for one in _ask("facts", "2021", "--unit", "VN")}
    assert set(both) == {"vb_exchanged", "vb_exchanged_growth", "vb_exchanged_growth_2_years"}
    shown = CliRunner().invoke(main, ["facts", "2021", "--unit", "VN"]).output
    assert "1.5 × 2020" in shown
    assert "4 × 2019" in shown

    first = _growth("VN", "2020", "vb_exchanged_growth_2_years")
    assert (first["value"], first["reason"], first["before"]) == (None, "no_earlier_figure", None)

    _record("2020", [(*documents, 2_000_000)])
    revised = _growth("VN", "2021", "vb_exchanged_growth")
    assert (Decimal(revised["value"]), revised["before"]["revision"]) == (Decimal(2), 2), "last year's revision shows"
    _record("2020", [(*documents, 0)])
    assert _growth("VN", "2021", "vb_exchanged_growth")["reason"] == "earlier_zero"
    _record("2020", [(*documents, None)])
    assert _growth("VN", "2021", "vb_exchanged_growth")["reason"] == "earlier_withheld"
    _record("2020", [])
    assert _growth("VN", "2021", "vb_exchanged_growth")["reason"] == "no_earlier_figure", "a withdrawn figure is none"


def test_growth_across_the_reform_of_2025(office: Office) -> None:
    """Hà Giang and Tuyên Quang became 08, two communes became 00808, and 00004 has parts of divided ones."""
    code = "tthc_resolved_total"
    provinces = {"02": 300, "08": 600, "01": 500, "VN": 4000}
    communes = {"00808": 12, "00811": 30, "00004": 7, "00013": 9, "00016": 8}
    _record(
        "2025-Q1",
        [
            *((code, unit, "all", "all", count) for unit, count in provinces.items()),
            *((code, unit, "commune", "all", count) for unit, count in communes.items()),
        ],
    )
    _record(
        "2026-Q1",
        [
            *((code, unit, "all", "all", count) for unit, count in {"08": 1350, "01": 400, "VN": 5000}.items()),
            *((code, unit, "commune", "all", 63) for unit in ("00808", "00004")),
        ],
    )

    def growth(unit: str, *more: str) -> dict[str, Any]:
        (found,) = _ask("facts", "2026-Q1", "--unit", unit, "--indicator", f"{code}_growth", *more)
        return dict(found)

    merged = growth("08")
    assert (Decimal(merged["value"]), merged["label"]) == (Decimal("1.5"), "restated")
    assert [(one["unit"], Decimal(one["value"]), one["revision"]) for one in merged["rests_on"]] == [
        ("02", 300, 1),
        ("08", 600, 1),
    ]
    stayed = growth("01")
    assert (Decimal(stayed["value"]), stayed["label"], stayed["rests_on"]) == (Decimal("0.8"), "reported", [])
    assert Decimal(growth("VN")["value"]) == Decimal("1.25")
    commune = growth("00808")
    assert (Decimal(commune["value"]), Decimal(commune["before"]["value"])) == (Decimal("1.5"), 42)
    divided = growth("00004")
    assert (divided["value"], divided["reason"], divided["label"]) == (None, "divided", "old_boundary")
    withheld = growth("00004", "--divided", "apportion")
    assert (withheld["value"], withheld["reason"]) == (None, "earlier_withheld"), "not all predecessors have a figure"
    shown = CliRunner().invoke(main, ["facts", "2026-Q1", "--unit", "08"], env={"COLUMNS": "400"}).output
    assert "(2025-Q1: 02, 08)" in shown


def test_the_chain_of_two_quarters(office: Office) -> None:
    def figures(code: str, count: int | None, land: int) -> list[Figure]:
        return [
            (code, "01", "province", "ho_tich", count),
            (code, "01", "province", "dat_dai", land),
            (code, "01", "province", "all", None if count is None else count + land),
        ]

    def asked() -> tuple[int, int, list[tuple[str, str, Decimal]]]:
        found = _ask("chain", "2025-Q4")
        assert (found["period"], found["before"]) == ("2025-Q4", "2025-Q3")
        broken = [(one["unit"], one["field"], Decimal(one["difference"])) for one in found["broken"]]
        return found["equal"], found["unknown"], broken

    _record("2025-Q3", figures("tthc_pending_total", 30, 8))
    assert asked() == (0, 3, []), "a period of which nothing is known breaks nothing"
    _record("2025-Q4", figures("tthc_carried_over", 30, 8))
    assert asked() == (3, 0, [])
    _record("2025-Q4", figures("tthc_carried_over", 25, 8))
    assert asked() == (1, 0, [("01", "all", Decimal(-5)), ("01", "ho_tich", Decimal(-5))])
    _record("2025-Q4", figures("tthc_carried_over", None, 8))
    assert asked() == (1, 2, [])
    assert "ho_tich" not in CliRunner().invoke(main, ["chain", "2025-Q4"]).output


def test_the_chain_across_the_reform_of_2025(office: Office) -> None:
    """02 and 08 became 08, 00808 and 00811 became 00808; 00004 has parts of others; districts ended everywhere."""

    def pending(period: str, code: str, figures: dict[tuple[str, str], int]) -> None:
        _record(period, [(code, *place, "all", count) for place, count in figures.items()])

    before = {
        ("02", "all"): 12, ("08", "all"): 30, ("01", "all"): 9, ("01", "province"): 9,
        ("00808", "commune"): 3, ("00811", "commune"): 4, ("00004", "commune"): 5,
    }  # fmt: skip
    now = {
        ("08", "all"): 42,
        ("01", "all"): 9,
        ("01", "province"): 11,
        ("00808", "commune"): 7,
        ("00004", "commune"): 5,
    }
    pending("2025-Q2", "tthc_pending_total", before)
    pending("2025-Q3", "tthc_carried_over", now)
    found = _ask("chain", "2025-Q3")
    # Unknown: 00004, for nothing is said of the others in its group.
    assert [found[name] for name in ("equal", "handed_over", "unknown", "broken")] == [3, 1, 1, []]
    assert found["units_ended"] == 691
    assert found["units_changed"] > 3000
    assert "1 chỗ lệch bên cạnh một cấp đã kết thúc" in CliRunner().invoke(main, ["chain", "2025-Q3"]).output

    pending("2025-Q3", "tthc_carried_over", {**now, ("08", "all"): 40})
    (broken,) = _ask("chain", "2025-Q3")["broken"]
    assert (broken["unit"], broken["units_before"], broken["units_now"]) == ("08", ["02", "08"], ["08"])
    assert [Decimal(broken[name]) for name in ("closing", "opening", "difference")] == [42, 40, -2]
    assert "02, 08 → 08" in CliRunner().invoke(main, ["chain", "2025-Q3"], env={"COLUMNS": "200"}).output
