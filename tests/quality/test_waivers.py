"""What a waiver lets pass holds nothing back, is counted and told; nothing else passes by it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl import quality
from etl.catalog.suites import read_suite
from etl.errors import CatalogError
from etl.model import Finding, RuleOutcome, Waiver
from etl.settings import ROOT
from tests.quality.country import CATALOG, PERIOD, SUITES, everyone, row
from tests.quality.test_quality_check import check

SUM, BALANCE = "II06A-3-SUM", "II06A-3-BALANCE"


def waiver(rule: str, **changes: Any) -> Waiver:
    told = {"id": f"MT-{rule}", "dataset": "onestop", "rule": rule, "source": "onestop_01", "periods": (PERIOD.key,)}
    said = {"reason": "đã đối chiếu", "owner": "Sở A", "agreed_by": "An", "expires": dt.date(2027, 1, 1)}
    return Waiver(**{**told, **said, **changes})


def judged(*waivers: Waiver) -> quality.Outcome:
    """Two communes have a total one too high, of which 01002 alone is waived in what follows."""
    rows = everyone("onestop")
    rows[2] = row("onestop", "01002", received_total=31)
    rows[3] = row("onestop", "01003", received_total=31)
    return check(rows, waivers=waivers)


def outcome(found: quality.Outcome, rule: str) -> RuleOutcome:
    return next(one for one in found.rules if one.rule == rule)


def test_a_row_is_free_when_every_rule_it_breaks_is_waived() -> None:
    one, both = waiver(SUM, unit="01002"), (waiver(SUM, unit="01002"), waiver(BALANCE, unit="01002"))
    held = judged(one)
    assert [(told["unit"], told["rules"]) for told in held.quarantine.to_pylist()] == [
        ("01002", BALANCE),
        ("01003", f"{SUM}; {BALANCE}"),
    ]
    assert {told.unit for told in held.holes} == {"01002", "01003"}
    free = judged(*both)
    assert [told["unit"] for told in free.quarantine.to_pylist()] == ["01003"]
    assert {told.unit for told in free.holes} == {"01003"}
    assert row("onestop", "01002", received_total=31) in free.good.to_pylist()
    assert {(told.unit, told.rule, told.severity, told.waiver) for told in free.findings} == {
        ("01002", SUM, "info", f"MT-{SUM}"),
        ("01002", BALANCE, "info", f"MT-{BALANCE}"),
        ("01003", SUM, "critical", None),
        ("01003", BALANCE, "critical", None),
    }
    assert (outcome(free, SUM).state, outcome(free, SUM).broken, outcome(free, SUM).waived) == ("fail", 2, 1)
    assert free.counts.to_pylist() == [
        {**told, "quarantined": told["quarantined"] - (told["source"] == "onestop_01")}
        for told in judged().counts.to_pylist()
    ]


def test_a_rule_of_which_all_is_waived_says_so_and_is_proven_all_the_same() -> None:
    found = judged(waiver(SUM), waiver(BALANCE))
    assert found.quarantine.num_rows == 0
    assert found.holes == []
    told = outcome(found, SUM)
    assert (told.state, told.broken, told.waived, told.proven) == ("waived", 2, 2, True)
    assert outcome(found, "II06A-7-SUM").state == "pass"


@pytest.mark.parametrize(
    "other",
    [
        {"unit": "01001"},
        {"tier": "province"},
        {"field": "dat_dai"},
        {"value": "32, 18, 8, 4"},
        {"expected": "30"},
        {"measure": "received_total"},
        {"source": "onestop_02"},
        {"periods": ("2026-Q2",)},
        {"rule": "II06A-7-SUM"},
    ],
)
def test_another_place_figure_source_or_period_is_not_waived(other: dict[str, Any]) -> None:
    narrow = waiver(SUM, unit="01002", tier="commune", field="ho_tich", value="31, 18, 8, 4")
    assert outcome(judged(narrow), SUM).waived == 1
    assert outcome(judged(replace(narrow, **other)), SUM).waived == 0


places = st.sampled_from(["01", "01001", None])
parts = st.fixed_dictionaries(dict.fromkeys(("unit", "field", "value", "expected"), places))


@given(asked=parts, found=parts)
def test_what_a_waiver_says_must_be_so_and_what_it_leaves_out_may_be_anything(
    asked: dict[str, Any], found: dict[str, Any]
) -> None:
    finding = Finding(SUM, "critical", "onestop_01", PERIOD.key, "", **{**found, "value": found["value"] or ""})
    same = all(found[name] == wanted for name, wanted in asked.items() if wanted is not None)
    assert waiver(SUM, **asked).lets(finding) == same


@pytest.mark.parametrize("dataset", SUITES)
def test_only_what_somebody_can_know_may_be_waived(dataset: str, tmp_path: Any) -> None:
    """Whoever marks another rule is refused: of what breaks it no figure is known, or none that can be true."""
    waivable = {rule.id for rule in SUITES[dataset].rules if rule.waivable}
    assert waivable
    for path in (ROOT / "expectations").glob("*.yml"):
        (tmp_path / path.name).write_text(path.read_text("utf-8"), "utf-8")
    file = tmp_path / f"{dataset}.yml"
    sound = file.read_text("utf-8")
    for rule in SUITES[dataset].rules:
        if rule.id in waivable:
            continue
        marked = sound.replace(f"  - id: {rule.id}\n", f"  - id: {rule.id}\n    waivable: true\n")
        file.write_text(marked, "utf-8")
        with pytest.raises(CatalogError, match=f"{rule.id}: .* cannot be waived"):
            read_suite(tmp_path, dataset, CATALOG.datasets[dataset])
