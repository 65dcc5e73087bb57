"""Nobody makes a rule milder in silence: every loosening of every rule is caught before or in the next run."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from etl import quality
from etl.catalog.suites import read_suite
from etl.errors import CatalogError
from etl.model import Rule
from etl.settings import ROOT
from etl.tables import rows_schema
from tests.quality.country import CATALOG, SUITES
from tests.quality.mutations import loosened

MILDER = {"critical": "warning", "warning": "info", "info": "warning"}
OPERATORS = {"never true", "one way dropped", "bound widened", "a measure dropped"}


def proof(dataset: str, rule: Rule) -> quality.Proof:
    return quality.prove(replace(SUITES[dataset], rules=(rule,)), rows_schema(CATALOG.datasets[dataset]))


@pytest.mark.parametrize("dataset", SUITES)
def test_every_rule_fires_on_what_must_break_it(dataset: str) -> None:
    found = quality.prove(SUITES[dataset], rows_schema(CATALOG.datasets[dataset]))
    assert (found.dead, found.errors) == ({}, {})
    assert found.records == sum(len(rule.breaks) for rule in SUITES[dataset].rules)


@pytest.mark.parametrize("dataset", SUITES)
def test_a_loosened_condition_is_dead(dataset: str) -> None:
    survived, told = [], Counter[tuple[str, str]]()
    for rule in SUITES[dataset].rules:
        for operator, mutant in loosened(rule):
            found = proof(dataset, mutant)
            caught = rule.id in found.dead or rule.id in found.errors
            told[operator, "caught" if caught else "SURVIVED"] += 1
            if not caught:
                survived.append(f"{rule.id}, {operator}: {mutant.violation}")
    table = "\n".join(f"{operator:>20} {state}: {count}" for (operator, state), count in sorted(told.items()))
    print(f"\n{dataset}: {len(SUITES[dataset].rules)} rules\n{table}")
    assert survived == [], f"{dataset}\n{table}"
    assert told.keys() >= {("never true", "caught"), ("one way dropped", "caught"), ("bound widened", "caught")}
    assert {operator for operator, _ in told} <= OPERATORS


def edits(text: str, rule: Rule, measures: set[str]) -> Iterator[tuple[str, str]]:
    """(what, the suite's file with one rule deleted, milder, without records, or not showing a measure it looks at)."""
    (body,) = re.findall(rf"^  - id: {re.escape(rule.id)}\n(?:    .*\n)+", text, re.MULTILINE)
    yield "deleted", text.replace(body, "")
    milder = body.replace(f"severity: {rule.severity}", f"severity: {MILDER[rule.severity]}")
    yield "milder", text.replace(body, milder)
    yield "no record", text.replace(body, re.sub(r"    breaks:(.*\n(?:      .*\n)*)", "", body))
    for measure in sorted(measures & set(rule.show) & set(re.findall(r"\w+", rule.violation))):
        shown = re.search(r"    show:(?:.*\n)(?:      .*\n| {11}.*\n)*", body)
        assert shown is not None
        fewer = re.sub(rf"\n      - {measure}(?=\n)|\b{measure}, ?|, {measure}\b|\b{measure}\b", "", shown[0], count=1)
        yield "shows less", text.replace(body, body.replace(shown[0], fewer))


@pytest.mark.parametrize("dataset", SUITES)
def test_a_rule_that_is_not_as_agreed_does_not_load(dataset: str, tmp_path: Path) -> None:
    folder = tmp_path / "expectations"
    shutil.copytree(ROOT / "expectations", folder)
    path = folder / f"{dataset}.yml"
    text = path.read_text("utf-8")
    read_suite(folder, dataset, CATALOG.datasets[dataset])
    told = Counter[str]()
    for rule in SUITES[dataset].rules:
        for what, changed in edits(text, rule, set(CATALOG.datasets[dataset].columns)):
            assert changed != text, (rule.id, what)
            path.write_text(changed, "utf-8")
            with pytest.raises(CatalogError, match=re.escape(rule.id)) as caught:
                read_suite(folder, dataset, CATALOG.datasets[dataset])
            assert caught.value.file == str(path)
            told[what] += 1
    print(f"\n{dataset}: {dict(told)}")
    assert told.keys() >= {"deleted", "milder", "no record", "shows less"}


def test_a_rule_that_fires_on_clean_rows_is_dead_too() -> None:
    rule = next(rule for rule in SUITES["onestop"].rules if rule.id == "II06A-3-SUM")
    always = replace(rule, violation="received_total <> received_online + received_direct_postal")
    assert "clean rows" in proof("onestop", always).dead[rule.id]
    assert "no record" in proof("onestop", replace(rule, breaks=())).dead[rule.id]
    strange = replace(rule, breaks=({"received": 31},))
    assert "cột lạ received" in proof("onestop", strange).dead[rule.id]
    broken = proof("onestop", replace(rule, violation="received_total <>"))
    assert (broken.dead, set(broken.errors)) == ({}, {rule.id})
