"""Figures against a slow model in plain Python, on random countries with random holes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from etl import indicators
from etl.errors import QualityError
from etl.model import ALL, NATION, Dataset, Hole, Unit
from etl.tables import FACTS
from etl.units import UnitTree
from tests.indicators import plain
from tests.quality.country import CATALOG, tree

ONE = tree({"01": ("01001", "01002"), "02": ("02001",)})
counts = st.one_of(st.integers(0, 12), st.just(2**40), st.none())


@st.composite
def countries(draw: st.DrawFn) -> UnitTree:
    sizes = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    return tree({f"0{index}": tuple(f"0{index}00{n}" for n in range(size)) for index, size in enumerate(sizes)})


@st.composite
def rows_of(draw: st.DrawFn, country: UnitTree, given_: Dataset) -> list[dict[str, Any]]:
    units = [unit for unit in country if unit.level != "nation"]
    made = []
    for _ in range(draw(st.integers(0, 12))):
        unit = draw(st.sampled_from(units))
        made.append(
            {
                "unit": unit.code,
                "tier": unit.level,
                "field": draw(st.sampled_from([*plain.FIELDS, ALL])) if given_.by != "none" else ALL,
                **{column: draw(counts) for column in given_.columns},
            }
        )
    return made


@st.composite
def holes_of(draw: st.DrawFn, country: UnitTree) -> list[Hole]:
    made = []
    for _ in range(draw(st.integers(0, 3))):
        province = draw(st.sampled_from(country.at_level("province")))
        unit = draw(st.sampled_from([None, province, *country.children(province.code)]))
        tier = unit.level if unit else draw(st.sampled_from([None, "province", "commune"]))
        field = draw(st.sampled_from([None, *plain.FIELDS]))
        reason = draw(st.sampled_from(["missing_source", "missing_unit", "quarantined"]))
        made.append(Hole("d", "s", province.code, unit and unit.code, tier, field, reason))
    return made


def compute(rows: list[dict[str, Any]], holes: list[Hole], dataset: Dataset, country: UnitTree) -> Any:
    return indicators.compute(
        plain.table(rows, dataset),
        holes,
        dataset_id="d",
        dataset=dataset,
        indicators=plain.INDICATORS,
        tree=country,
        fields=plain.FIELDS,
    )


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.booleans())
def test_a_doubt_withholds_what_needs_its_measures_and_nothing_else(data: st.DataObject, by_field: bool) -> None:
    """What needs a doubted measure is what a hole of the whole source leaves; the others are as without a doubt."""
    dataset, country = plain.dataset(by_field), data.draw(countries())
    rows, holes = data.draw(rows_of(country, dataset)), data.draw(holes_of(country))
    assume(rows)
    unit = country[data.draw(st.sampled_from([row["unit"] for row in rows]))]
    province = unit.code if unit.level == "province" else unit.parent
    assert province
    whole = Hole("d", "s", province, None, None, None, "quarantined")
    doubted = set(data.draw(st.sampled_from([("came",), ("done", "closing"), ("came", "opening")])))

    def told(*more: Hole, doubts: Sequence[tuple[Hole, Sequence[str]]] = ()) -> dict[plain.Key, plain.Value]:
        return plain.facts(
            indicators.compute(
                plain.table(rows, dataset),
                [*holes, *more],
                doubts,
                dataset_id="d",
                dataset=dataset,
                indicators=plain.INDICATORS,
                tree=country,
                fields=plain.FIELDS,
            )
        )

    without, with_hole, found = told(), told(whole), told(doubts=[(whole, sorted(doubted))])
    needs = {
        one.code: {one.sum} if one.ratio is None else {*one.ratio.numerator, *one.ratio.denominator}
        for one in plain.INDICATORS
    }
    assert found == {key: (with_hole if needs[key[0]] & doubted else without)[key] for key in without}


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), by_field=st.booleans(), country=countries())
def test_figures_are_those_of_the_plain_model(data: st.DataObject, by_field: bool, country: UnitTree) -> None:
    dataset = plain.dataset(by_field)
    rows = data.draw(rows_of(country, dataset))
    holes = data.draw(holes_of(country))
    if not by_field:
        holes = [
            Hole(h.dataset, h.source, h.province, h.unit, h.tier, ALL if h.field else None, h.reason) for h in holes
        ]
    found = compute(rows, holes, dataset, country)
    assert plain.facts(found) == plain.compute(rows, holes, dataset, country)
    direct = {(row["unit"], row["tier"], row["field"]) for row in rows}
    assert all(
        one["leaf"] == ((one["unit"], one["tier"], one["field"]) in direct)
        and (one["value"] is None) == (one["reason"] is not None)
        for one in found.to_pylist()
    )


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), by_field=st.booleans(), country=countries())
def test_a_longer_period_is_that_of_the_plain_model(data: st.DataObject, by_field: bool, country: UnitTree) -> None:
    dataset = plain.dataset(by_field)
    quarters = [
        plain.compute(data.draw(rows_of(country, dataset)), data.draw(holes_of(country)), dataset, country)
        for _ in range(data.draw(st.integers(2, 4)))
    ]
    tables = [
        pa.Table.from_pylist(
            [dict(zip(FACTS.names, (*key, *figure, False, False), strict=True)) for key, figure in quarter.items()],
            schema=FACTS,
        )
        for quarter in quarters
    ]
    found = indicators.annual(tables, dataset=dataset, indicators=plain.INDICATORS)
    assert found.schema == FACTS
    assert plain.facts(found) == plain.annual(quarters, dataset)


def row(unit: str, field: str = "f", **measures: int | None) -> dict[str, Any]:
    whole = {"taken": 10, "came": 6, "opening": 4, "done": 7, "closing": 3}
    return {"unit": unit, "tier": "commune" if len(unit) == 5 else "province", "field": field, **whole, **measures}


FULL = [row("01"), row("01", "g"), row("01001"), row("01002"), row("01002", "g"), row("02"), row("02001")]


def value(found: Any, *key: str) -> Any:
    return plain.facts(found)[key]  # type: ignore[index]


def test_sums_go_up_the_tree_over_fields_and_over_tiers() -> None:
    found = compute(FULL, [], plain.dataset(True), ONE)
    assert value(found, "i_came", "01002", "commune", ALL) == (12, None)
    assert value(found, "i_came", "01", "commune", "f") == (12, None)
    assert value(found, "i_came", "01", "commune", ALL) == (18, None)
    assert value(found, "i_came", "01", ALL, ALL) == (30, None)
    assert value(found, "i_came", NATION, "province", "f") == (12, None)
    assert value(found, "i_came", NATION, ALL, ALL) == (42, None)
    assert value(found, "i_rate", NATION, ALL, ALL) == (Decimal("0.7"), None)


def test_what_is_left_is_never_summed() -> None:
    hole = Hole("d", "s", "01", "01001", "commune", "f", "quarantined")
    found = compute([one for one in FULL if one["unit"] != "01001"], [hole], plain.dataset(True), ONE)
    withheld = {key[1:] for key, (_, reason) in plain.facts(found).items() if reason == "quarantined"}
    assert withheld == {
        *(("01001", "commune", field) for field in ("f", ALL)),
        *(("01", "commune", field) for field in ("f", ALL)),
        *((NATION, "commune", field) for field in ("f", ALL)),
        ("01", ALL, ALL),
        (NATION, ALL, ALL),
    }
    assert value(found, "i_came", "01", "commune", "g") == (6, None)


def test_a_missing_source_is_said_of_the_province_and_of_each_commune() -> None:
    rows = [one for one in FULL if one["unit"][:2] != "01"]
    for holes in ([Hole("d", "s", "01", None, None, None, "missing_source")], []):
        figures = plain.facts(compute(rows, holes, plain.dataset(True), ONE))
        of_01 = {key[1:]: value for key, value in figures.items() if key[1][:2] == "01"}
        assert set(of_01) == {
            *(("01", tier, ALL) for tier in ("province", "commune", ALL)),
            *((commune, "commune", ALL) for commune in ("01001", "01002")),
        }
        assert set(of_01.values()) == {(None, "missing_source")}
        assert figures["i_came", NATION, "commune", "f"] == (None, "missing_source")
        assert figures["i_came", "02", "commune", "f"] == (6, None)


def test_the_strongest_reason_is_told() -> None:
    holes = [
        Hole("d", "s", "01", "01001", "commune", "f", "quarantined"),
        Hole("d", "s", "01", "01002", "commune", None, "missing_unit"),
        Hole("d", "s", "02", None, None, None, "missing_source"),
    ]
    found = compute([row("01", came=None), *FULL[3:5]], holes, plain.dataset(True), ONE)
    assert value(found, "i_came", "01001", "commune", "f") == (None, "quarantined")
    assert value(found, "i_came", "01", "commune", "f") == (None, "missing_unit")
    assert value(found, "i_came", "01", "province", "f") == (None, "not_provided")
    assert value(found, "i_came", NATION, "province", "f") == (None, "missing_source")


def test_a_hole_of_another_dataset_touches_nothing() -> None:
    hole = Hole("other", "s", "01", None, None, None, "missing_source")
    assert compute(FULL, [hole], plain.dataset(True), ONE) == compute(FULL, [], plain.dataset(True), ONE)


@pytest.mark.parametrize(
    "stray", [{"unit": "09001"}, {"unit": None}, {"tier": "province"}, {"tier": None}, {"field": "x"}, {"field": None}]
)
def test_a_row_that_cannot_be_added_anywhere_is_refused(stray: dict[str, str | None]) -> None:
    with pytest.raises(QualityError, match="cannot be placed"):
        compute([*FULL, row("01001") | stray], [], plain.dataset(True), ONE)


def test_a_year_needs_every_column() -> None:
    quarter = compute(FULL, [], plain.dataset(True), ONE)
    without = [one for one in plain.INDICATORS if one.sum != "done"]
    with pytest.raises(QualityError, match="no indicator is the sum of done"):
        indicators.annual([quarter] * 4, dataset=plain.dataset(True), indicators=without)


def test_a_year_of_stocks_and_flows() -> None:
    quarters = [
        compute([one | {"opening": 10 * n, "closing": 10 * n + 10} for one in FULL], [], plain.dataset(True), ONE)
        for n in range(1, 5)
    ]
    found = indicators.annual(quarters, dataset=plain.dataset(True), indicators=plain.INDICATORS)
    assert value(found, "i_came", "02001", "commune", "f") == (24, None)
    assert value(found, "i_opening", "02001", "commune", "f") == (10, None)
    assert value(found, "i_closing", "02001", "commune", "f") == (50, None)
    assert value(found, "i_taken", "02001", "commune", "f") == (34, None)
    assert value(found, "i_rate", "02001", "commune", "f") == (Decimal("0.8235"), None)


def test_a_withheld_quarter_withholds_the_flows_and_only_the_stocks_it_tells() -> None:
    hole = Hole("d", "s", "02", None, None, None, "missing_source")
    whole = compute(FULL, [], plain.dataset(True), ONE)
    partial = compute(FULL[:5], [hole], plain.dataset(True), ONE)
    found = indicators.annual([whole, partial, whole, whole], dataset=plain.dataset(True), indicators=plain.INDICATORS)
    for unit in ("02001", "02"):
        assert value(found, "i_came", unit, "commune", "f") == (None, "missing_source")
        assert value(found, "i_taken", unit, "commune", "f") == (None, "missing_source")
        assert value(found, "i_closing", unit, "commune", "f") == (3, None)
    assert value(found, "i_came", "01", ALL, ALL) == (120, None)


def test_a_quarter_computed_before_an_indicator_was_defined_does_not_provide_it() -> None:
    whole = compute(FULL, [], plain.dataset(True), ONE)
    old = whole.filter([code != "i_done" for code in whole["indicator"].to_pylist()])
    found = indicators.annual([old, whole, whole, whole], dataset=plain.dataset(True), indicators=plain.INDICATORS)
    assert value(found, "i_done", "02001", "commune", "f") == (None, "not_provided")
    assert value(found, "i_came", "02001", "commune", "f") == (24, None)


EXAMPLES = [
    pytest.param(indicator, example, id=f"{code}-{index}")
    for code, indicator in CATALOG.indicators.items()
    if indicator.growth is None
    for index, example in enumerate(indicator.examples)
]


@pytest.mark.parametrize(("indicator", "example"), EXAMPLES)
def test_worked_examples_of_the_catalog(indicator: Any, example: Any) -> None:
    dataset = CATALOG.datasets[indicator.dataset]
    field = {"field": next(iter(CATALOG.fields)), "procedure": "1.012790", "none": ALL}[dataset.by]
    unit, tier = ("02001", "commune") if "commune" in dataset.tiers else ("02", "province")
    measures = dict.fromkeys(dataset.columns) | dict(example.given)
    found = indicators.compute(
        plain.table([{"unit": unit, "tier": tier, "field": field, **measures}], dataset),
        [],
        dataset_id=indicator.dataset,
        dataset=dataset,
        indicators=[indicator],
        tree=ONE,
        fields=CATALOG.fields,
    )
    assert value(found, indicator.code, unit, tier, field)[0] == example.value


def _count(dataset: str, rows: list[dict[str, Any]], holes: Sequence[Hole] = ()) -> dict[plain.Key, plain.Value]:
    found = indicators.compute(
        plain.table(rows, CATALOG.datasets[dataset]),
        holes,
        dataset_id=dataset,
        dataset=CATALOG.datasets[dataset],
        indicators=CATALOG.indicators_of(dataset)[:1],
        tree=tree(),
        fields=CATALOG.fields,
    )
    return plain.facts(found)


def test_procedures_are_an_open_list_told_by_their_pattern() -> None:
    none = dict.fromkeys(CATALOG.datasets["procedure"].columns)
    codes = ("1.012790", "9.999999", "1.012790.000.00.00.H41")
    rows = [
        {**none, "unit": unit, "tier": "commune", "field": code, "received_total": count}
        for unit in ("01001", "02001")
        for count, code in enumerate(codes, 1)
    ]
    found = {key[1:]: figure for key, figure in _count("procedure", rows).items()}
    assert {code: found["01", "commune", code] for code in codes} == {
        code: (Decimal(count), None) for count, code in enumerate(codes, 1)
    }
    assert found["01", "all", "all"] == (Decimal(6), None)
    assert found["VN", "commune", codes[1]] == (None, "missing_source"), "03 has no source"
    for stray in ("1.12790", "ho_tich", "all", "1.012790.000.00.00"):
        with pytest.raises(QualityError, match="cannot be placed"):
            _count("procedure", [{**rows[0], "field": stray}])


def test_what_a_province_reports_as_a_whole_has_no_figures_of_communes() -> None:
    none = dict.fromkeys(CATALOG.datasets["one_stop_scope"].columns)
    rows = [
        {**none, "unit": unit, "tier": "province", "field": ALL, "procedures_total": count}
        for unit, count in (("01", 5), ("02", 7), ("03", 9))
    ]
    code = CATALOG.indicators_of("one_stop_scope")[0].code
    whole = _count("one_stop_scope", rows)
    assert whole == {
        (code, unit, tier, ALL): (Decimal(count), None)
        for unit, count in (("01", 5), ("02", 7), ("03", 9), ("VN", 21))
        for tier in ("province", ALL)
    }
    lost = Hole("one_stop_scope", "x", "03", "03001", "commune", None, "quarantined")
    for holes, reason in (([], "missing_source"), ([lost], "quarantined")):
        held = _count("one_stop_scope", rows[:2], holes)
        assert {key for key, (_, why) in held.items() if why} == {
            (code, unit, tier, ALL) for unit in ("03", "VN") for tier in ("province", ALL)
        }
        assert {why for _, why in held.values()} == {None, reason}
    with pytest.raises(QualityError, match="cannot be placed"):
        _count("one_stop_scope", [{**rows[0], "unit": "01001", "tier": "commune"}])


def test_every_column_of_the_datasets_is_an_indicator() -> None:
    for name, dataset in CATALOG.datasets.items():
        assert {one.sum for one in CATALOG.indicators_of(name) if one.sum} == set(dataset.columns)


def district_tree() -> UnitTree:
    """Of before 01/07/2025: two districts under a province, communes under one of them; a province without any."""
    first, end = dt.date(2019, 3, 12), dt.date(2025, 7, 1)
    listed = [
        (NATION, "nation", None),
        ("01", "province", NATION),
        ("02", "province", NATION),
        ("011", "district", "01"),
        ("012", "district", "01"),
        ("01001", "commune", "011"),
        ("01002", "commune", "011"),
    ]
    return UnitTree([Unit(code, code, level, "", above, first, end, True, "") for code, level, above in listed], first)  # type: ignore[arg-type]


def test_districts_stand_between_a_province_and_its_communes() -> None:
    country = district_tree()
    rows = [
        {**row(code), "tier": tier}
        for code, tier in (
            ("01", "province"),
            ("02", "province"),
            ("011", "district"),
            ("012", "district"),
            ("01001", "commune"),
            ("01002", "commune"),
        )
    ]
    found = compute(rows, [], plain.dataset(True), country)
    of = {key[1:3]: figure[0] for key, figure in plain.facts(found).items() if key[0] == "i_came" and key[3] == ALL}
    assert of == {
        (NATION, "province"): 12,
        (NATION, "district"): 12,
        (NATION, "commune"): 12,
        (NATION, ALL): 36,
        ("01", "province"): 6,
        ("01", "district"): 12,
        ("01", "commune"): 12,
        ("01", ALL): 30,
        ("02", "province"): 6,
        ("02", ALL): 6,
        ("011", "district"): 6,
        ("011", "commune"): 12,
        ("011", ALL): 18,
        ("012", "district"): 6,
        ("012", ALL): 6,
        ("01001", "commune"): 6,
        ("01002", "commune"): 6,
    }
    with pytest.raises(QualityError, match="tier district"):
        compute([{**row("01001"), "tier": "district"}], [], plain.dataset(True), country)


def test_a_hole_in_a_district_withholds_it_and_all_above_and_no_other_tier() -> None:
    country = district_tree()
    rows = [{**row(code), "tier": country[code].level} for code in ("01", "02", "012", "01001", "01002")]
    hole = Hole("d", "s", "01", "011", "district", None, "missing_unit")
    found = plain.facts(compute(rows, [hole], plain.dataset(True), country))
    withheld = {key[1:3] for key, (_, reason) in found.items() if key[0] == "i_came" and reason}
    assert withheld == {
        ("011", "district"),
        ("011", ALL),
        ("01", "district"),
        ("01", ALL),
        (NATION, "district"),
        (NATION, ALL),
    }
    assert found["i_came", "01", "commune", ALL] == (12, None)


def test_a_missing_province_misses_its_districts_too() -> None:
    country = district_tree()
    found = plain.facts(compute([row("02")], [], plain.dataset(True), country))
    missing = {key[1:3] for key, (_, reason) in found.items() if key[0] == "i_came" and reason == "missing_source"}
    assert {("012", "district"), ("011", "commune"), ("01001", "commune"), ("01", "district"), ("01", ALL)} <= missing
    today = plain.facts(compute([row("02")], [], plain.dataset(True), ONE))
    assert not any(key[2] == "district" for key in today)
