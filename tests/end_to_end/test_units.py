"""The real reform of 2025 on figures of every unit before it: history stays, and each view counts every figure once."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner

from etl import pipeline
from etl.__main__ import main
from etl.indicators import compute
from etl.model import Dataset
from etl.pipeline.office import Office as Opened
from etl.pipeline.office import closed
from etl.tables import rows_schema
from etl.units import UnitTree, tier_of
from tests.end_to_end.office import ROOT, Office

PERIOD = "2025-Q2"
COMMUNES = ("vb_sent", "vb_received", "vb_exchanged")
"""Of these every unit of all three levels has figures, of all others the provinces alone."""
REFORM = "2025-07-01"
SENT = {"00004": 12, "00013": 30, "00016": 7, "00019": 5, "00022": 3, "00808": 12, "00811": 30}
"""Wards of Ba Đình, Hà Nội: the first two went wholly into the new ward, the others were divided. The last two are the
communes of Hà Giang that Xã Tát Ngà was made of, under the code of one of them."""


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
def office(make_office: Callable[..., Office], before_the_reform: str) -> Office:
    made = make_office("units", catalog=before_the_reform)
    pipeline.prepare()
    opened = Opened.open()
    catalog = opened.catalog
    tree = catalog.tree(closed(PERIOD))
    tables = [
        compute(
            _rows(name, dataset, tree, catalog.fields),
            [],
            dataset_id=name,
            dataset=dataset,
            indicators=catalog.indicators_of(name),
            tree=tree,
            fields=catalog.fields,
        )
        for name, dataset in catalog.datasets.items()
    ]
    opened.warehouse.record(
        PERIOD,
        run="test",
        catalog_version="c",
        rules_version="r",
        facts=pa.concat_tables(tables),
        rows={},
        quarantine={},
        findings=[],
        holes=[],
        receipts=[],
    )
    return made


def _rows(name: str, dataset: Dataset, tree: UnitTree, fields: Iterable[str]) -> pa.Table:
    """Uneven counts: of documents for every unit, of all else for the provinces."""
    levels = ("province", "district", "commune") if name == "edoc" else ("province",)
    field = {"none": "all", "field": next(iter(fields)), "procedure": "1.012790"}[dataset.by]
    rows = []
    for index, unit in enumerate(unit for unit in tree if unit.level in levels):
        row: dict[str, Any] = {
            "source": "s",
            "agency": unit.code,
            "unit": unit.code,
            "tier": tier_of(unit),
            "field": field,
        }
        row |= {column: index % (89 + 24 * place) for place, column in enumerate(dataset.columns)}
        if name == "edoc":
            row["sent"] = SENT.get(unit.code, row["sent"])
        rows.append(row)
    schema = rows_schema(dataset)
    schema = pa.schema([schema.field(column).with_nullable(True) for column in schema.names])
    return pa.Table.from_pylist(rows, schema=schema)


@pytest.fixture(params=["keep", "apportion"])
def divided(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def command(*arguments: str) -> bytes:
    """What the command prints."""
    done = CliRunner().invoke(main, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    return done.stdout_bytes


def asked(*arguments: str) -> Any:
    return json.loads(command("facts", PERIOD, *arguments))


def digest() -> str:
    """Of every figure as it was reported."""
    table = Opened.open().warehouse.facts_table(PERIOD)
    return hashlib.sha256(json.dumps(table.to_pylist(), default=str).encode()).hexdigest()


def answers() -> dict[str, bytes]:
    """Of each command that tells of units, and of figures on them, all that it prints."""
    today = ("facts", PERIOD, "--indicator", "vb_sent", "--units", "today")
    return {
        "figures": command(*today),
        "apportioned": command(*today, "--unit", "00004", "--divided", "apportion"),
        "commune": command(*today, "--unit", "00004"),
        "units": command("units", "--at", "2026-11-23"),
        "events": command("units", "--events"),
    }


@pytest.fixture
def reformed(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BAOCAO_CATALOG")
    pipeline.prepare()


def test_loading_the_reform_changes_no_figure_and_withdrawing_it_brings_the_former_answer_to_the_byte(
    office: Office, before_the_reform: str
) -> None:
    assert os.environ["BAOCAO_CATALOG"] == before_the_reform
    facts, reported, former = digest(), command("facts", PERIOD, "--unit", "01"), answers()
    os.environ.pop("BAOCAO_CATALOG")
    try:
        pipeline.prepare()
        assert (digest(), command("facts", PERIOD, "--unit", "01")) == (facts, reported)
        loaded = answers()
        assert [name for name in former if loaded[name] == former[name]] == []
    finally:
        os.environ["BAOCAO_CATALOG"] = before_the_reform
    pipeline.prepare()
    assert digest() == facts
    assert answers() == former


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
    catalog = Opened.open().catalog
    additive = {one.code: one for one in catalog.indicators.values() if one.sum is not None}
    assert {one.dataset for one in additive.values()} == set(catalog.datasets)
    reported = views.pop("reported")
    assert {key[0] for key in reported} & set(additive) == set(additive), "each has figures"
    for sums in views.values():
        for indicator in additive:
            assert sums[indicator, "nation", "all"] == reported[indicator, "nation", "all"] > 0
            assert sums[indicator, "province", "all"] == reported[indicator, "nation", "all"]
        for indicator in COMMUNES:
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
def test_twelve_and_thirty_are_forty_two_for_a_merged_commune() -> None:
    (then,) = asked("--unit", "00808", "--indicator", "vb_sent")
    assert (Decimal(then["value"]), then["label"]) == (Decimal(12), "reported")
    (now,) = asked("--unit", "00808", "--indicator", "vb_sent", "--units", "today")
    assert (Decimal(now["value"]), now["label"]) == (Decimal(12 + 30), "restated")


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
