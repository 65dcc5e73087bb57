"""Rules that are asked together break the rows that each breaks when DuckDB is asked its condition as it is written."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from etl.model import Suite
from etl.quality.reach import reach_of
from etl.quality.scan import MASK, bits, row_rules, scan
from etl.quality.together import ROW
from tests.quality.country import CATALOG, SUITES, due, given, table, tree
from tests.quality.test_quality_parity import sample

WINDOWS = {
    "the largest of an agency": "sent = max(sent) over (partition by source, agency) and sent > 400",
    "the second of an agency": "row_number() over (partition by source, agency order by pointer) = 2",
    "the sum so far": "sum(sent) over (partition by source order by agency, pointer rows 2 preceding) > 900",
    "a part of a sum": "sum(sent) filter (where sent > 100) over (partition by source, agency) > 200",
    "two windows": "count(*) over (partition by source, unit) > 3 "
    "and SUM ( sent )  OVER ( PARTITION  BY agency ) > 300",
    "beside its row": "sent * 2 > sum(sent) over (partition by agency) and sent > 400",
    "all rows": "sent * 2000 < sum(sent) over ()",
    "of no measure": "sum(sent) over (partition by agency) is null",
    "of the agency": "sum(sent) over (partition by agency) > 40",
    "a part": "count(*) over (partition by agency, case when pointer like 'counted:%' then pointer end) > 1",
    "within a query": "sent > 480 and agency in (select agency from (select agency, count(*) over "
    "(partition by agency) as n from rows) where n > 1)",
}


def crowded(dataset: str) -> pa.Table:
    """Rows of which some share an agency, some have none of what a window asks for, and some are parts of an agency."""
    chance = random.Random(20260915)
    rows: list[dict[str, Any]] = []
    for number, one in enumerate(sample(dataset)):
        made = {**one, "agency": f"cơ quan {number % 2500}", "pointer": f"/{number}"}
        match chance.randrange(40):
            case 0:
                made["field"] = None
            case 1:
                made["unit"] = made["tier"] = None
            case 2:
                made["pointer"] = f"counted:{number % 7}"
            case 3:
                made |= dict.fromkeys(CATALOG.datasets[dataset].columns)
            case 4:
                made |= dict.fromkeys(CATALOG.datasets[dataset].columns, 0)
            case 5:
                made |= {name: 5000 for name in CATALOG.datasets[dataset].columns if chance.randrange(2)}
            case 6:
                made["problem"], made["problem_rule"] = "thử", chance.choice(["READ-UNIT", "READ-NUMBER", "?", None])
        rows.append(made)
    return table(dataset, rows)


def asked_one_by_one(dataset: str, suite: Suite, rows: pa.Table) -> dict[str, list[int]]:
    with duckdb.connect() as connection:
        connection.register("rows", rows.append_column(ROW, pa.array(range(rows.num_rows), pa.int64())))
        sources, units, tiers = zip(*reach_of(due(dataset), tree(), ()), strict=True)
        connection.register("reach", pa.table({"source": sources, "unit": units, "tier": tiers}))
        told = [{"source": source, "measure": one} for source, some in given(dataset).items() for one in some]
        connection.register("given", pa.Table.from_pylist(told))
        found: dict[str, list[int]] = {}
        for rule in row_rules(suite):
            query = (
                f"select {ROW} from (select {ROW}, ({rule.violation}) as broken from rows) where broken order by all"
            )
            found[rule.id] = [row for (row,) in connection.execute(query).fetchall()]
        return found


def asked_together(dataset: str, suite: Suite, rows: pa.Table) -> dict[str, list[int]]:
    found = scan(rows, suite, reach_of(due(dataset), tree(), ()), due(dataset), given(dataset), ())
    assert found.errors == {}
    struck = list(zip(found.struck[ROW].to_pylist(), found.struck[MASK].to_pylist(), strict=True))
    return {rule: [row for row, mask in struck if mask & bit] for rule, bit in bits(suite).items()}


@pytest.mark.parametrize("dataset", SUITES)
def test_rules_asked_together_break_what_each_breaks_by_itself(dataset: str) -> None:
    rows = crowded(dataset)
    expected = asked_one_by_one(dataset, SUITES[dataset], rows)
    assert asked_together(dataset, SUITES[dataset], rows) == expected
    broken = {rule for rule, struck in expected.items() if struck}
    assert broken >= {"UNIQUE", "READ-OTHER", "READ-UNIT", "UNIT-KNOWN"}
    assert sum("over (" in rule.violation for rule in row_rules(SUITES[dataset]) if rule.id in broken) >= 1


@pytest.mark.parametrize("names", [*((name,) for name in WINDOWS), ("a part", "of the agency"), tuple(WINDOWS)])
def test_any_window_breaks_what_it_breaks_by_itself(names: tuple[str, ...]) -> None:
    rows, first = crowded("edoc"), row_rules(SUITES["edoc"])[0]
    rules = [replace(first, id=name, violation=WINDOWS[name], show=()) for name in names]
    suite = replace(SUITES["edoc"], rules=tuple(rules))
    expected = asked_one_by_one("edoc", suite, rows)
    assert asked_together("edoc", suite, rows) == expected
    assert all(0 < len(struck) < rows.num_rows for struck in expected.values()), expected
