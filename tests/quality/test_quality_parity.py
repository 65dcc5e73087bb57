"""The SQL conditions against another engine: Great Expectations' own expectations, row by row, on pandas."""

from __future__ import annotations

import random
from typing import Any

import pandas as pd
import pytest

from etl import quality
from tests.quality.country import CATALOG, COMMUNES, MEASURES, PERIOD, SUITES, due, everyone, given, row, table, tree

SUMS = {
    "onestop": {
        "II06A-3-SUM": ("received_total", ("received_online", "received_direct_postal", "carried_over")),
        "II06A-7-SUM": ("resolved_total", ("resolved_early", "resolved_on_time", "resolved_overdue")),
        "II06A-11-SUM": ("pending_total", ("pending_in_time", "pending_overdue")),
        "II06A-3-BALANCE": ("received_total", ("resolved_total", "pending_total")),
    },
    "edoc": {"VB-SUM": ("exchanged", ("sent", "received"))},
    "one_stop_scope": {
        f"II07B-{column}-SUM": (
            f"{name}_total",
            tuple(f"{name}_{tier}" for tier in ("province", "district", "commune")),
        )
        for column, name in ((3, "procedures"), (7, "one_stop"), (11, "processes"))
    },
}
SUMS["dossier_faults"] = {}  # the checks overlap: nothing adds up
SUMS["procedure"] = {rule.replace("II06A", "PROC"): sums for rule, sums in SUMS["onestop"].items()}
GROUPS = {
    "onestop": {"II06A-3-6": 0, "II06A-7-10": 4, "II06A-11-13": 8},
    "edoc": {"VB": 0},
    "procedure": {"PROC-3-6": 0, "PROC-7-10": 4, "PROC-11-13": 8},
    "one_stop_scope": {"II07B-3-6": 0, "II07B-7-10": 4, "II07B-11-14": 8},
    "dossier_faults": {"FAULTS": 0},
}


def sample(dataset: str) -> list[dict[str, Any]]:
    """3,000 rows, of which about half have one thing wrong with one measure, and some stand twice."""
    chance = random.Random(20260914)
    units = [unit for province, below in COMMUNES.items() for unit in (province, *below)]
    codes = {"field": list(CATALOG.fields), "procedure": [f"1.{number:06d}" for number in range(20)], "none": ["all"]}
    fields = codes[CATALOG.datasets[dataset].by]
    rows = everyone(dataset)
    for index in range(3000):
        made = row(dataset, chance.choice(units), field=chance.choice(fields), agency=f"cơ quan {index}")
        column = chance.choice(MEASURES[dataset])
        match chance.randrange(8):
            case 0:
                made[column] = None
            case 1:
                made[column] = -chance.randrange(1, 9)
            case 2:
                made[column] += 1
            case 3:
                rows.append(dict(made))
        rows.append(made)
    return rows


def on_pandas(dataset: str, frame: pd.DataFrame) -> dict[str, int]:
    """Violations of each rule, judged by native expectations over the rows themselves."""
    import great_expectations as gx
    from great_expectations import expectations as gxe

    expectations: list[tuple[str, Any]] = []
    for rule, (total, parts) in SUMS[dataset].items():
        frame[f"difference {rule}"] = frame[total] - frame[list(parts)].sum(axis=1, skipna=False)
        expectations.append(
            (rule, gxe.ExpectColumnValuesToBeInSet(column=f"difference {rule}", value_set=[0], meta={"id": rule}))
        )
    starts = list(GROUPS[dataset].items())
    for index, (group, start) in enumerate(starts):
        end = starts[index + 1][1] if index + 1 < len(starts) else None
        for column in MEASURES[dataset][start:end]:
            for rule, expectation in (
                (f"{group}-GIVEN", gxe.ExpectColumnValuesToNotBeNull(column=column)),
                (f"{group}-RANGE", gxe.ExpectColumnValuesToBeBetween(column=column, min_value=0, max_value=999999999)),
            ):
                expectation.meta = {"id": rule}
                expectations.append((rule, expectation))
    key = ["source", "unit"] if dataset == "one_stop_scope" else ["source", "agency", "field"]
    expectations.append(("UNIQUE", gxe.ExpectCompoundColumnsToBeUnique(column_list=key, meta={"id": "UNIQUE"})))
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batch = context.data_sources.add_pandas("p").add_dataframe_asset("a").add_batch_definition_whole_dataframe("b")
    suite = context.suites.add(gx.ExpectationSuite(name="s", expectations=[one for _, one in expectations]))
    assert len(suite.expectations) == len(expectations)
    validation = context.validation_definitions.add(gx.ValidationDefinition(name="v", data=batch, suite=suite))
    counted = {rule: 0 for rule, _ in expectations}
    for result in validation.run(batch_parameters={"dataframe": frame}).results:
        assert not result.exception_info.get("raised_exception")
        counted[result.expectation_config.meta["id"]] += result.result["unexpected_count"]
    return counted


@pytest.mark.parametrize("dataset", SUITES)
def test_the_counts_are_those_of_great_expectations_on_the_rows(dataset: str) -> None:
    rows = table(dataset, sample(dataset))
    outcome = quality.check(
        rows, SUITES[dataset], dataset=dataset, period=PERIOD, due=due(dataset), given=given(dataset), tree=tree()
    )
    expected = on_pandas(dataset, rows.to_pandas())
    counted = {judged.rule: judged.broken for judged in outcome.rules}
    assert {rule: counted[rule] for rule in expected} == expected
    assert all(expected.values())
