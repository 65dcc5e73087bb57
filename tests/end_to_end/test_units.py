"""The real reform of 2025 on figures of every unit before it: history stays, and each view counts every figure once."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner

from etl import pipeline
from etl.__main__ import main
from etl.indicators import compute
from etl.pipeline.office import Office as Opened
from etl.pipeline.office import closed
from etl.tables import rows_schema
from etl.units import UnitTree, tier_of
from tests.end_to_end.office import ROOT, Office

PERIOD = "2025-Q2"
ADDITIVE = ("vb_sent", "vb_received", "vb_exchanged")
REFORM = "2025-07-01"
SENT = {"00004": 12, "00013": 30, "00016": 7, "00019": 5, "00022": 3}
"""Wards of Ba Đình, Hà Nội: the first two went wholly into the new ward, the others were divided."""


@pytest.fixture(scope="module")
def before_the_reform(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The catalog as it was: the units of before, in force for ever, and no link."""
    folder = tmp_path_factory.mktemp("before") / "catalog"
    shutil.copytree(ROOT / "catalog", folder)
    with (folder / "units/units.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            row | {"valid_to": ""} if row["valid_to"] == REFORM else row
            for row in csv.DictReader(file)
            if row["level"] in ("nation", "ministry") or row["valid_from"] < REFORM
        ]
    with (folder / "units/units.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    (folder / "units/changes.csv").write_text("date,old,new,share,source\n", "utf-8")
    return str(folder)


@pytest.fixture(scope="module")
def office(make_office: Callable[..., Office], before_the_reform: str) -> Iterator[Office]:
    made = make_office("units", catalog=before_the_reform)
    pipeline.prepare()
    opened = Opened.open()
    catalog = opened.catalog
    tree = catalog.tree(closed(PERIOD))
    rows = [
        {
            "source": "s",
            "agency": unit.code,
            "unit": unit.code,
            "tier": tier_of(unit),
            "field": "all",
            "sent": SENT.get(unit.code, index % 89),
            "received": index % 113,
            "exchanged": SENT.get(unit.code, index % 89) + index % 113,
        }
        for index, unit in enumerate(tree)
        if unit.level in ("province", "district", "commune")
    ]
    schema = rows_schema(catalog.datasets["edoc"])
    schema = pa.schema([schema.field(name).with_nullable(True) for name in schema.names])
    facts = compute(
        pa.Table.from_pylist(rows, schema=schema),
        [],
        dataset_id="edoc",
        dataset=catalog.datasets["edoc"],
        indicators=catalog.indicators_of("edoc"),
        tree=tree,
        fields=catalog.fields,
    )
    opened.warehouse.record(
        PERIOD,
        run="test",
        catalog_version="c",
        rules_version="r",
        facts=facts,
        rows={},
        quarantine={},
        findings=[],
        holes=[],
        receipts=[],
    )
    return made


@pytest.fixture(params=["keep", "apportion"])
def divided(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def asked(*arguments: str) -> Any:
    done = CliRunner().invoke(main, ["facts", PERIOD, *arguments, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def digest() -> str:
    """Of every figure as it was reported."""
    table = Opened.open().warehouse.facts_table(PERIOD)
    return hashlib.sha256(json.dumps(table.to_pylist(), default=str).encode()).hexdigest()


@pytest.fixture
def reformed(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BAOCAO_CATALOG")
    pipeline.prepare()


def test_loading_the_reform_changes_no_figure_and_withdrawing_it_brings_the_former_answer(
    office: Office, before_the_reform: str
) -> None:
    assert os.environ["BAOCAO_CATALOG"] == before_the_reform
    facts, answer = digest(), asked("--unit", "01", "--units", "today")
    commune = asked("--unit", "00004", "--units", "today")
    os.environ.pop("BAOCAO_CATALOG")
    try:
        pipeline.prepare()
        assert asked("--unit", "00004", "--units", "today") != commune
        assert digest() == facts
    finally:
        os.environ["BAOCAO_CATALOG"] = before_the_reform
    pipeline.prepare()
    assert (digest(), asked("--unit", "01", "--units", "today")) == (facts, answer)
    assert json.dumps(asked("--unit", "00004", "--units", "today")) == json.dumps(commune)


@pytest.mark.usefixtures("reformed")
def test_national_totals_are_the_same_under_every_view(divided: str) -> None:
    views: dict[str, dict[tuple[str, str, str], Decimal]] = {}
    for units in ("reported", "today", "2025-07-01", "2021-03-14"):
        told = pipeline.restated(PERIOD, units, divided=divided)  # type: ignore[arg-type]
        level = _levels(told)
        sums: dict[tuple[str, str, str], Decimal] = {}
        for one in told:
            if one.value is not None:
                key = (one.indicator, level[one.unit, one.units_on], one.tier)
                sums[key] = sums.get(key, Decimal(0)) + one.value
        views[units] = sums
    assert {key[0] for key in views["reported"]} == set(ADDITIVE)
    reported = views.pop("reported")
    for sums in views.values():
        for indicator in ADDITIVE:
            assert sums[indicator, "nation", "all"] == reported[indicator, "nation", "all"]
            assert sums[indicator, "province", "all"] == reported[indicator, "nation", "all"]
            assert sums[indicator, "commune", "commune"] == reported[indicator, "nation", "commune"]


def _levels(told: Any) -> dict[tuple[str, dt.date], str]:
    catalog = Opened.open().catalog
    trees: dict[dt.date, Any] = {}
    found = {}
    for one in told:
        if one.units_on not in trees:
            trees[one.units_on] = {u.code: u for u in UnitTree(catalog.units, one.units_on)}
        found[one.unit, one.units_on] = trees[one.units_on][one.unit].level
    return found


@pytest.mark.usefixtures("reformed")
def test_a_merged_province_is_the_sum_of_its_provinces() -> None:
    of = {
        code: Decimal(asked("--unit", code, "--indicator", "vb_sent")[0]["value"]) for code in ("02", "08")
    }  # Hà Giang, Tuyên Quang
    (merged,) = [
        one for one in asked("--unit", "08", "--indicator", "vb_sent", "--units", "today") if one["tier"] == "all"
    ]
    assert Decimal(merged["value"]) == sum(of.values())
    assert (merged["label"], merged["unit"]) == ("restated", "08")


@pytest.mark.usefixtures("reformed")
def test_a_divided_commune_stays_on_its_old_boundary_or_is_dealt_out_and_says_so() -> None:
    kept = asked("--unit", "00004", "--indicator", "vb_sent", "--units", "today")
    now = [one for one in kept if one["units_on"] != "2025-06-14"]
    assert [(one["value"], one["reason"], one["label"]) for one in now] == [(None, "divided", "old_boundary")]
    old = {one["unit"]: one for one in kept if one["units_on"] == "2025-06-14"}
    assert {one["label"] for one in old.values()} == {"old_boundary"}
    assert {code: int(Decimal(old[code]["value"])) for code in SENT if code in old} == {
        code: value for code, value in SENT.items() if code in old
    }
    assert {"00004", "00013"} < set(old)
    (dealt,) = asked("--unit", "00004", "--indicator", "vb_sent", "--units", "today", "--divided", "apportion")
    assert dealt["label"] == "apportioned"
    assert Decimal(dealt["value"]) > 12 + 30, "the two whole wards, and parts of the divided ones"


@pytest.mark.usefixtures("reformed")
def test_people_see_the_label() -> None:
    shown = CliRunner().invoke(main, ["facts", PERIOD, "--unit", "08", "--indicator", "vb_sent", "--units", "today"])
    assert shown.exit_code == 0
    assert "cộng theo" in shown.output
    wrong = CliRunner().invoke(main, ["facts", PERIOD, "--unit", "08", "--units", "hôm nay"])
    assert (wrong.exit_code, "không đọc được ngày" in wrong.output) == (2, True)
