"""What a run found, from its files to what people read: each thing once, and no more than can be read."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from upath import UPath

from etl import report
from etl.model import Finding
from etl.pipeline.found import TOLD, found_in
from etl.pipeline.reviewed import digest
from etl.pipeline.work import by_source, write_findings
from etl.tables import FINDINGS
from tests.quality.country import CATALOG, SUITES

STEPS = ("parse", "onestop", "gaps_onestop", "moving_onestop", "waivers_onestop", "across")
ONE = Finding("II06A-3-SUM", "critical", "onestop_01", "2026-Q3", "Sở A: không đạt", "01001", "ho_tich", "a" * 64, "/0")
BALANCE = "II06A-3-BALANCE"


def found(folder: Path, most: int = TOLD, **steps: list[Finding] | pa.Table) -> list[Finding]:
    for step in STEPS:
        given, path = steps.get(step, []), UPath(folder) / f"findings_{step}.parquet"
        if isinstance(given, pa.Table):
            pq.write_table(given, path.path)
        else:
            write_findings(path, given)
    return found_in(UPath(folder), ["onestop"], most)


def rows(number: int, **changes: Any) -> list[Finding]:
    return [replace(ONE, **{"row": f"/{at}", "value": str(at), **changes}) for at in range(number)]


def test_all_is_told_in_its_order_and_each_thing_once(tmp_path: Path) -> None:
    read = Finding("READ-NUMBER", "critical", "onestop_01", "2026-Q3", "'x'", payload="a" * 64, row="/0", column="tong")
    of_rule = replace(read, column="raw")
    absent = [Finding("SOURCE-PRESENT", "critical", name, "2026-Q3", name) for name in ("onestop_01", "onestop_02")]
    compared = [replace(ONE, rule="CHAIN")] * 2
    told = found(tmp_path, parse=[read], onestop=[of_rule, *rows(2), *absent], gaps_onestop=absent[:1], across=compared)
    assert told == [read, *rows(2), *absent, *compared]


def test_what_is_not_told_one_by_one_is_counted(tmp_path: Path) -> None:
    other = rows(3, source="onestop_02")
    mild = rows(400, rule="UNIQUE", severity="warning")
    told = found(tmp_path, 90, onestop=[*rows(500), *other, *mild])
    assert [one for one in told if not one.more] == [*rows(30), *other, *mild[:30]]
    rest = [one for one in told if one.more]
    assert [(one.rule, one.source, one.severity, one.more) for one in rest] == [
        ("II06A-3-SUM", "onestop_01", "critical", 470),
        ("UNIQUE", "onestop_01", "warning", 370),
    ]
    assert all(str(one.more) in one.message and "Sở A" in one.message for one in rest)
    assert sum(one.times for one in told) == 903
    assert {one["rule"]: one["count"] for one in by_source(told)["onestop_01"]} == {"II06A-3-SUM": 500, "UNIQUE": 400}


@pytest.mark.parametrize("changes", [{"waiver": "MT-1", "severity": "info"}, {"rule": "READ-ZERO"}])
def test_what_is_looked_up_one_by_one_is_told_one_by_one(tmp_path: Path, changes: dict[str, Any]) -> None:
    kept = rows(50, **changes)
    told = found(tmp_path, 10, onestop=[*kept, *rows(50, rule=BALANCE)])
    assert [one for one in told if one.rule != BALANCE] == kept
    assert [one.more for one in told if one.rule == BALANCE] == [0] * 10 + [40]


def test_an_approval_is_of_just_these_figures_those_not_told_among_them(tmp_path: Path) -> None:
    given = rows(50)
    before = digest(found(tmp_path, 10, onestop=given))
    assert digest(found(tmp_path, 10, onestop=given)) == before
    given[49] = replace(given[49], value="x")
    assert digest(found(tmp_path, 10, onestop=given)) != before


def test_a_million_failing_rows_become_no_million_objects(tmp_path: Path) -> None:
    many = 1_000_000
    told = pa.table(
        {name: pa.repeat(pa.scalar(value, pa.string()), many) for name, value in asdict(ONE).items()}, schema=FINDINGS
    )
    place = pc.binary_join_element_wise("/data/", pa.array(range(many)).cast(pa.string()), "")
    told = told.set_column(FINDINGS.get_field_index("row"), "row", place)
    read = found(tmp_path, onestop=told)
    assert len(read) == TOLD + 1
    assert sum(one.times for one in read) == many
    assert read[-1].more == many - TOLD


def test_the_report_counts_what_is_not_told_one_by_one(tmp_path: Path) -> None:
    told = found(tmp_path, 10, onestop=rows(50, payload=None))
    known = report.Known(
        rules={("onestop", rule.id): rule for rule in SUITES["onestop"].rules},
        figures={"onestop": {name: one.title for name, one in CATALOG.datasets["onestop"].columns.items()}},
        sources={"onestop_01": report.Holder("onestop", "01", "Sở A")},
        units={},
        fields={},
        landed={"": ("", dt.datetime(2026, 10, 1, tzinfo=dt.UTC))},
        pulls={},
    )
    listed = report.rows(told, known)
    assert report.open_findings(listed) == {"coherence": {"critical": 50}}
    [rule] = [one for one in report.outcomes([], known.rules, listed, ["onestop"]) if one["rows"]]
    assert (rule["id"], rule["rows"], rule["sources"]) == ("II06A-3-SUM", 50, ["onestop_01"])
    assert sum(one["rows"] for one in report.issues(listed)) == 50
    assert [bool(one["waive"]) for one in listed] == [not one["more"] for one in listed]
