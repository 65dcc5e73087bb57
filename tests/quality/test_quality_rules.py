"""Every rule of every suite has rows that break it and rows that keep it.

Each case has a province of its own, so that one run of a suite tries all its rules, and each rule is seen to
fire there and nowhere else.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from etl import quality
from etl.settings import ROOT
from tests.quality.country import CATALOG, MEASURES, PERIOD, SUITES, due, everyone, given, row, table, tree

Case = tuple[list[dict[str, Any]], set[str]]
BIGGEST = 2**63 - 1
ABROAD = "99001"


def problem(rule: str | None) -> dict[str, Any]:
    return {"problem": "không đọc được dòng này", "problem_rule": rule}


READ = (
    "UNIT",
    "NUMBER",
    "VENDOR",
    "DUPLICATE",
    "COLUMN",
    "MISSING",
    "SWAP",
    "SWAP-BLIND",
    "SCALE",
    "ZERO",
    "WINDOW",
    "BRIDGE",
    "GAP",
    "MOVING",
    "TOTAL",
    "PAYLOAD",
    "LEFT-OUT",
)
# Rule -> changes to the row of one commune (none: the row is left out; several: as many rows), and the rules that
# cannot but be broken along with it.
BREAKS: dict[str, dict[str, Case]] = {
    "onestop": {
        "READ-UNIT": ([{"unit": None, "tier": None, **problem("READ-UNIT")}], {"COMMUNE-PRESENT"}),
        "READ-FIELD": ([{"field": None, **problem("READ-FIELD")}], set()),
        "READ-NUMBER": ([{"carried_over": None, **problem("READ-NUMBER")}], set()),
        "READ-VENDOR": ([problem("READ-VENDOR")], set()),
        "READ-DUPLICATE": ([problem("READ-DUPLICATE")], set()),
        "READ-COLUMN": ([problem("READ-COLUMN")], set()),
        "READ-MISSING": ([problem("READ-MISSING")], set()),
        "READ-SWAP": ([problem("READ-SWAP")], set()),
        "READ-SWAP-BLIND": ([problem("READ-SWAP-BLIND")], set()),
        "READ-SCALE": ([problem("READ-SCALE")], set()),
        "READ-ZERO": ([problem("READ-ZERO")], set()),
        "READ-WINDOW": ([problem("READ-WINDOW")], set()),
        "READ-BRIDGE": ([problem("READ-BRIDGE")], set()),
        "READ-GAP": ([problem("READ-GAP")], set()),
        "READ-MOVING": ([problem("READ-MOVING")], set()),
        "READ-TOTAL": ([problem("READ-TOTAL")], set()),
        "READ-PAYLOAD": ([problem("READ-PAYLOAD")], set()),
        "READ-STATUS": ([problem("READ-STATUS")], set()),
        "READ-UNRECEIVED": ([problem("READ-UNRECEIVED")], set()),
        "READ-UNENDED": ([problem("READ-UNENDED")], set()),
        "READ-END": ([problem("READ-END")], set()),
        "READ-DUE": ([problem("READ-DUE")], set()),
        "READ-FUTURE": ([problem("READ-FUTURE")], set()),
        "READ-LEVEL-2": ([problem("READ-LEVEL-2")], set()),
        "READ-RECORD": ([problem("READ-RECORD")], set()),
        "READ-CHANNEL": ([problem("READ-CHANNEL")], set()),
        "READ-LEFT-OUT": ([problem("READ-LEFT-OUT")], set()),
        "READ-OTHER": ([problem("READ-MOOD")], set()),
        "WAIVER-EXPIRED": ([problem("WAIVER-EXPIRED")], set()),
        "WAIVER-IDLE": ([problem("WAIVER-IDLE")], set()),
        "UNIT-KNOWN": ([{"tier": None}], {"COMMUNE-PRESENT"}),
        "UNIT-OWN": ([{}, {"agency": "x", "unit": ABROAD}], set()),
        "FIELD-KNOWN": ([{"field": "all"}], set()),
        "UNIQUE": ([{}, {}], set()),
        "II06A-3-6-GIVEN": ([{"received_direct_postal": None}], set()),
        "II06A-7-10-GIVEN": ([{"resolved_early": None}], set()),
        "II06A-11-13-GIVEN": ([{"pending_in_time": None}], set()),
        "II06A-3-6-RANGE": ([{"received_online": 19, "received_direct_postal": 12, "carried_over": -1}], set()),
        "II06A-7-10-RANGE": ([{"resolved_early": 14, "resolved_overdue": -1}], set()),
        "II06A-11-13-RANGE": ([{"pending_in_time": 11, "pending_overdue": -1}], set()),
        "II06A-3-SUM": ([{"carried_over": 5}], set()),
        "II06A-7-SUM": ([{"resolved_overdue": 2}], set()),
        "II06A-11-SUM": ([{"pending_overdue": 2}], set()),
        "II06A-3-BALANCE": ([{"pending_total": 11, "pending_in_time": 10}], set()),
        "SOURCE-PRESENT": ([], set()),
        "COMMUNE-PRESENT": ([], set()),
        "PROVINCE-PRESENT": ([{}], set()),
        "ALL-ON-TIME": (
            [
                {
                    "received_total": 2010,
                    "received_online": 1998,
                    "resolved_total": 2000,
                    "resolved_early": 1993,
                    "resolved_overdue": 0,
                }
            ],
            set(),
        ),
        "NONE-RECEIVED": (
            [
                {
                    "received_total": 40,
                    "received_online": 0,
                    "received_direct_postal": 0,
                    "carried_over": 40,
                    "pending_total": 20,
                    "pending_in_time": 19,
                }
            ],
            set(),
        ),
        "NONE-ONLINE": (
            [
                {
                    "received_total": 504,
                    "received_online": 0,
                    "received_direct_postal": 500,
                    "resolved_total": 494,
                    "resolved_early": 486,
                }
            ],
            set(),
        ),
    },
    "edoc": {
        "READ-UNIT": ([{"unit": None, "tier": None, **problem("READ-UNIT")}], {"COMMUNE-PRESENT"}),
        "READ-NUMBER": ([{"sent": None, **problem("READ-NUMBER")}], set()),
        "READ-VENDOR": ([problem("READ-VENDOR")], set()),
        "READ-DUPLICATE": ([problem("READ-DUPLICATE")], set()),
        "READ-COLUMN": ([problem("READ-COLUMN")], set()),
        "READ-MISSING": ([problem("READ-MISSING")], set()),
        "READ-SWAP": ([problem("READ-SWAP")], set()),
        "READ-SWAP-BLIND": ([problem("READ-SWAP-BLIND")], set()),
        "READ-SCALE": ([problem("READ-SCALE")], set()),
        "READ-ZERO": ([problem("READ-ZERO")], set()),
        "READ-WINDOW": ([problem("READ-WINDOW")], set()),
        "READ-BRIDGE": ([problem("READ-BRIDGE")], set()),
        "READ-GAP": ([problem("READ-GAP")], set()),
        "READ-MOVING": ([problem("READ-MOVING")], set()),
        "READ-TOTAL": ([problem("READ-TOTAL")], set()),
        "READ-PAYLOAD": ([problem("READ-PAYLOAD")], set()),
        "READ-RECORD": ([problem("READ-RECORD")], set()),
        "READ-LEFT-OUT": ([problem("READ-LEFT-OUT")], set()),
        "READ-OTHER": ([problem(None)], set()),
        "WAIVER-EXPIRED": ([problem("WAIVER-EXPIRED")], set()),
        "WAIVER-IDLE": ([problem("WAIVER-IDLE")], set()),
        "UNIT-KNOWN": ([{"tier": None}], {"COMMUNE-PRESENT"}),
        "UNIT-OWN": ([{}, {"agency": "x", "unit": ABROAD}], set()),
        "FIELD-NONE": ([{"field": "ho_tich"}], set()),
        "UNIQUE": ([{}, {}], {"UNIQUE-COMMUNE"}),
        "UNIQUE-COMMUNE": ([{}, {"agency": "UBND xã Hoà An"}], set()),
        "VB-GIVEN": ([{"exchanged": None}], set()),
        "VB-RANGE": ([{"sent_paper": -1}], set()),
        "VB-SUM": ([{"exchanged": 49}], set()),
        "VB-SIGNED": ([{"sent_signed": 21}], set()),
        "SOURCE-PRESENT": ([], set()),
        "COMMUNE-PRESENT": ([], set()),
        "PROVINCE-PRESENT": ([{}], set()),
        "NONE-SENT": ([{"sent": 0, "sent_signed": 0, "received": 200, "exchanged": 200}], set()),
        "NONE-RECEIVED": ([{"sent": 200, "received": 0, "received_signed": 0, "exchanged": 200}], set()),
    },
    "one_stop_scope": {
        "READ-UNIT": ([{"unit": None, "tier": None, **problem("READ-UNIT")}], set()),
        "READ-NUMBER": ([{"processes_total": None, **problem("READ-NUMBER")}], set()),
        **{f"READ-{kind}": ([problem(f"READ-{kind}")], set()) for kind in READ if kind not in ("UNIT", "NUMBER")},
        "READ-LEFT-OUT": ([problem("READ-LEFT-OUT")], set()),
        "READ-OTHER": ([problem("READ-MOOD")], set()),
        "WAIVER-EXPIRED": ([problem("WAIVER-EXPIRED")], set()),
        "WAIVER-IDLE": ([problem("WAIVER-IDLE")], set()),
        "UNIT-KNOWN": ([{"tier": None}], set()),
        "UNIT-OWN": ([{}, {"agency": "x", "unit": ABROAD[:2]}], set()),
        "FIELD-NONE": ([{"field": "ho_tich"}], set()),
        "UNIQUE": ([{}, {"agency": "x"}], set()),
        "II07B-3-6-GIVEN": ([{"procedures_district": None}], set()),
        "II07B-3-6-RANGE": ([{"procedures_district": -1, "procedures_commune": 11}], {"II07B-7-WITHIN"}),
        "II07B-3-SUM": ([{"procedures_total": 31}], set()),
        "II07B-7-10-GIVEN": ([{"one_stop_total": None}], set()),
        "II07B-7-10-RANGE": ([{"one_stop_district": -1, "one_stop_commune": 8}], {"II07B-7-WITHIN"}),
        "II07B-7-SUM": ([{"one_stop_commune": 6}], set()),
        "II07B-11-14-GIVEN": ([{"processes_commune": None}], set()),
        "II07B-11-14-RANGE": ([{"processes_district": -1, "processes_commune": 5}], set()),
        "II07B-11-SUM": ([{"processes_province": 9}], set()),
        "II07B-7-WITHIN": ([{"one_stop_total": 31, "one_stop_province": 24}], set()),
        "SOURCE-PRESENT": ([], set()),
    },
}
BREAKS["dossier_faults"] = {
    **{
        rule: BREAKS["edoc"][rule]
        for rule in BREAKS["edoc"]
        if rule.startswith(("READ-", "UNIT-", "UNIQUE", "WAIVER-"))
    },
    **{rule: BREAKS["edoc"][rule] for rule in ("FIELD-NONE", "SOURCE-PRESENT", "COMMUNE-PRESENT", "PROVINCE-PRESENT")},
    "READ-NUMBER": ([{"listed": None, **problem("READ-NUMBER")}], set()),
    "READ-EMPTY": ([problem("READ-EMPTY")], set()),
    "READ-STATUS": ([problem("READ-STATUS")], set()),
    "FAULTS-GIVEN": ([{"end_in_future": None}], set()),
    "FAULTS-RANGE": ([{"unexplained": -1, "done_no_end": 5}], set()),
    "FAULTS-WITHIN": ([{"listed": 11}], set()),
}
BREAKS["procedure"] = {
    rule.replace("II06A-", "PROC-"): ([{"field": "1.012790", **change} for change in changes], along)
    for rule, (changes, along) in BREAKS["onestop"].items()
}

# Rows as near to breaking as can be, beside the clean row of everybody else.
KEEPS: dict[str, list[dict[str, Any]]] = {
    "onestop": [
        dict.fromkeys(
            (
                *("received_total", "received_online", "received_direct_postal", "carried_over"),
                *("resolved_total", "resolved_early", "resolved_on_time", "resolved_overdue"),
                *("pending_total", "pending_in_time", "pending_overdue"),
            ),
            0,
        ),
        {
            "received_total": 999999999,
            "received_online": 999999987,
            "resolved_total": 999999989,
            "resolved_early": 999999981,
        },
        {
            "received_total": 1999,
            "received_online": 1987,
            "resolved_total": 1989,
            "resolved_early": 1982,
            "resolved_overdue": 0,
        },
        {"received_total": 19, "received_online": 0, "received_direct_postal": 0, "carried_over": 19}
        | {"resolved_total": 0, "resolved_early": 0, "resolved_on_time": 0, "resolved_overdue": 0}
        | {"pending_total": 19, "pending_in_time": 18},
        {
            "received_total": 503,
            "received_online": 0,
            "received_direct_postal": 499,
            "resolved_total": 493,
            "resolved_early": 485,
        },
        {"field": "dat_dai"},
    ],
    "edoc": [
        dict.fromkeys(MEASURES["edoc"], 0),
        {"sent": 499999999, "received": 500000000, "exchanged": 999999999},
        {"sent": 0, "sent_signed": 0, "received": 199, "exchanged": 199},
        {"sent": 199, "received": 0, "received_signed": 0, "exchanged": 199},
        {"sent_signed": 20, "received_signed": 30, "sent_paper": 999999999},
    ],
    "one_stop_scope": [
        dict.fromkeys(MEASURES["one_stop_scope"], 0),
        {"procedures_total": 25, "procedures_province": 18, "procedures_district": 2, "procedures_commune": 5},
        {"processes_total": 999999999, "processes_province": 999999995},
    ],
}
KEEPS["dossier_faults"] = [
    dict.fromkeys(MEASURES["dossier_faults"], 0),
    {"listed": 10},
    {"listed": 3},
    {"listed": 999999999, "done_no_end": 999999999},
]
KEEPS["procedure"] = [
    *(near for near in KEEPS["onestop"] if "field" not in near),
    {"field": "1.012790.000.00.00.H41"},
]
CASES = [(dataset, rule.id) for dataset, suite in SUITES.items() for rule in suite.rules]


def rows_of(dataset: str, rule: str, province: str) -> list[dict[str, Any]]:
    whole = CATALOG.datasets[dataset].tiers == ("province",)
    struck = province if whole else f"{province}001"
    changed = [row(dataset, struck, **changes) for changes in BREAKS[dataset][rule][0]]
    if whole:
        return changed
    others = [row(dataset, province), row(dataset, f"{province}002")]
    if rule == "SOURCE-PRESENT":
        return []
    if rule == "PROVINCE-PRESENT":
        others = others[1:]
    return changed + others


@pytest.fixture(scope="module")
def broken() -> dict[str, tuple[dict[str, str], dict[str, dict[str, int]], quality.Outcome]]:
    """By dataset: rule -> the source of its province; source -> violations of each rule; the outcome."""
    found = {}
    for dataset, suite in SUITES.items():
        province = {rule.id: str(10 + index) for index, rule in enumerate(suite.rules)}
        communes = {code: (f"{code}001", f"{code}002") for code in [*province.values(), ABROAD[:2]]}
        rows = everyone(dataset, {ABROAD[:2]: communes[ABROAD[:2]]})
        for rule, code in province.items():
            rows += rows_of(dataset, rule, code)
        outcome = quality.check(
            table(dataset, rows),
            suite,
            dataset=dataset,
            period=PERIOD,
            due=due(dataset, communes),
            given=given(dataset, due(dataset, communes)),
            tree=tree(communes),
        )
        violations = {
            counted["source"]: {key[4:]: count for key, count in counted.items() if key.startswith("bad_") and count}
            for counted in outcome.counts.to_pylist()
        }
        found[dataset] = ({rule: f"{dataset}_{code}" for rule, code in province.items()}, violations, outcome)
    return found


def test_no_rule_is_forgotten_here() -> None:
    assert {dataset: set(cases) for dataset, cases in BREAKS.items()} == {
        dataset: {rule.id for rule in suite.rules} for dataset, suite in SUITES.items()
    }


@pytest.mark.parametrize(("dataset", "rule"), CASES)
def test_each_rule_fires_where_it_is_broken_and_only_there(broken: Any, dataset: str, rule: str) -> None:
    source, violations, outcome = broken[dataset]
    _, along = BREAKS[dataset][rule]
    assert set(violations[source[rule]]) == {rule} | along
    kept = {other for other in SUITES[dataset].rules if other.id != rule and rule in BREAKS[dataset][other.id][1]}
    firing = {name for name, broke in violations.items() if rule in broke}
    assert firing == {source[rule]} | {source[other.id] for other in kept}
    verdict = next(judged for judged in outcome.rules if judged.rule == rule)
    assert (verdict.state, verdict.sources) == ("fail", {name: violations[name][rule] for name in firing})


@pytest.mark.parametrize(("dataset", "rule"), CASES)
def test_severity_decides_what_is_quarantined(broken: Any, dataset: str, rule: str) -> None:
    source, violations, outcome = broken[dataset]
    definition = next(one for one in SUITES[dataset].rules if one.id == rule)
    held = [one for one in outcome.quarantine.to_pylist() if one["source"] == source[rule]]
    expected = violations[source[rule]][rule] if (definition.kind, definition.severity) == ("row", "critical") else 0
    assert len(held) == expected
    assert all(rule in one["rules"].split("; ") for one in held)
    findings = [one for one in outcome.findings if (one.source, one.rule) == (source[rule], rule)]
    assert len(findings) == violations[source[rule]][rule]
    assert {one.severity for one in findings} == {definition.severity}
    holes = [hole for hole in outcome.holes if hole.source == source[rule]]
    assert bool(holes) == (definition.severity == "critical")


@pytest.mark.parametrize("dataset", SUITES)
def test_rows_that_keep_the_rules_only_just_pass_them_all(dataset: str) -> None:
    communes = {f"{10 + index}": (f"{10 + index}001",) for index in range(len(KEEPS[dataset]))}
    whole = CATALOG.datasets[dataset].tiers == ("province",)
    rows = [] if whole else [row(dataset, code) for code in communes]
    struck = communes if whole else [f"{code}001" for code in communes]
    rows += [row(dataset, code, **near) for code, near in zip(struck, KEEPS[dataset], strict=True)]
    outcome = quality.check(
        table(dataset, rows),
        SUITES[dataset],
        dataset=dataset,
        period=PERIOD,
        due=due(dataset, communes),
        given=given(dataset, due(dataset, communes)),
        tree=tree(communes),
    )
    assert {judged.rule for judged in outcome.rules if judged.state != "pass"} == set()
    assert outcome.good.num_rows == len(rows)
    assert (outcome.findings, outcome.holes) == ([], [])


@pytest.mark.parametrize("dataset", SUITES)
def test_one_absurd_number_is_quarantined_and_does_not_stop_the_run(dataset: str) -> None:
    column = MEASURES[dataset][1]
    rows = everyone(dataset)
    struck = rows[1]["unit"]
    rows[1] = row(dataset, struck, **{column: BIGGEST})
    outcome = quality.check(
        table(dataset, rows),
        SUITES[dataset],
        dataset=dataset,
        period=PERIOD,
        due=due(dataset),
        given=given(dataset),
        tree=tree(),
    )
    assert [held["unit"] for held in outcome.quarantine.to_pylist()] == [struck]


def test_sums_over_fields_are_welcome_from_a_source_that_knows_no_fields() -> None:
    rows = [{**one, "field": "all"} if one["source"] == "onestop_03" else one for one in everyone("onestop")]
    known = given("onestop") | {"onestop_03": tuple(CATALOG.datasets["onestop"].columns)}
    outcome = quality.check(
        table("onestop", rows),
        SUITES["onestop"],
        dataset="onestop",
        period=PERIOD,
        due=due("onestop"),
        given=known,
        tree=tree(),
    )
    assert outcome.quarantine.num_rows == 0
    assert outcome.good.num_rows == len(rows)


def test_every_rule_that_a_finding_may_name_has_a_title() -> None:
    """A finding is shown by its rule's title; those of the reader stand in the code, not in the suites."""
    code = "".join(path.read_text("utf-8") for path in (ROOT / "etl").rglob("*.py"))
    named = set(re.findall(r'"(READ-[A-Z]+)"', code))
    titled = {rule.id for suite in SUITES.values() for rule in suite.rules}
    assert {"READ-PAYLOAD", "READ-TOTAL"} <= named
    assert named - titled == set()


_NOTHING_RESOLVED = dict.fromkeys(("resolved_total", "resolved_early", "resolved_on_time", "resolved_overdue"), 0)
_PARTS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], set[str]]] = {
    # A part that would not be plausible by itself, what makes it plausible, what does not, and the rule then broken.
    "onestop": (
        {"received_total": 24, "received_online": 0, "received_direct_postal": 0, "carried_over": 24}
        | {**_NOTHING_RESOLVED, "pending_total": 24, "pending_in_time": 23},
        {},
        {"received_total": 0, "received_online": 0, "received_direct_postal": 0, "carried_over": 0}
        | {**_NOTHING_RESOLVED, "pending_total": 0, "pending_in_time": 0, "pending_overdue": 0},
        {"NONE-RECEIVED"},
    ),
    "edoc": (
        {"sent": 0, "sent_signed": 0, "received": 300, "exchanged": 300},
        {"sent": 1, "sent_signed": 0, "received": 0, "received_signed": 0, "exchanged": 1},
        {"sent": 0, "sent_signed": 0, "received": 1, "received_signed": 0, "exchanged": 1},
        {"NONE-SENT"},
    ),
}


@pytest.mark.parametrize("dataset", _PARTS)
@pytest.mark.parametrize("plausible", [True, False])
def test_the_rows_that_we_counted_of_one_agency_are_judged_together(dataset: str, plausible: bool) -> None:
    part, good, bad, broken = _PARTS[dataset]
    counted = [{**row(dataset, "10001", **part), "pointer": "counted:x/a"}]
    counted += [{**row(dataset, "10001", **(good if plausible else bad)), "pointer": "counted:x/b"}]
    outcome = quality.check(
        table(dataset, [row(dataset, "10"), *counted]),
        SUITES[dataset],
        dataset=dataset,
        period=PERIOD,
        due=due(dataset, ["10"]),
        given=given(dataset, due(dataset, ["10"])),
        tree=tree({"10": ("10001",)}),
    )
    failed = {judged.rule for judged in outcome.rules if judged.state != "pass"}
    assert failed == (set() if plausible else broken)
    assert outcome.good.num_rows == 3


@pytest.mark.parametrize("dataset", _PARTS)
def test_a_field_of_an_agency_as_it_is_written_is_counted_into_one_row(dataset: str) -> None:
    twice = [{**row(dataset, "10001"), "pointer": "counted:x/a"} for _ in range(2)]
    outcome = quality.check(
        table(dataset, [row(dataset, "10"), *twice]),
        SUITES[dataset],
        dataset=dataset,
        period=PERIOD,
        due=due(dataset, ["10"]),
        given=given(dataset, due(dataset, ["10"])),
        tree=tree({"10": ("10001",)}),
    )
    assert {judged.rule for judged in outcome.rules if judged.state != "pass"} == {"UNIQUE"}
