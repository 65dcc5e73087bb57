"""The catalogue of indicators audited: whole in both languages, and every formula held by an example of its own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest

from etl.indicators.facts import RANKED, evaluate
from etl.indicators.year_on_year import times
from etl.model import Indicator, Ratio
from tests.quality.country import CATALOG

INDICATORS = list(CATALOG.indicators.values())
RECORDED = [one for one in INDICATORS if one.growth is None]
GROWTHS = [one for one in INDICATORS if one.growth is not None]
named = pytest.mark.parametrize("indicator", RECORDED, ids=lambda one: one.code)


def met(variants: list[Indicator], indicator: Indicator) -> list[bool]:
    """Whether each variant of the formula gives what every worked example of the indicator says."""
    examples = indicator.examples
    base: dict[str, pa.Array] = {
        "unit": pa.array([str(index) for index in range(len(examples))]),
        "tier": pa.array(["all"] * len(examples)),
        "field": pa.array(["all"] * len(examples)),
        "leaf": pa.array([True] * len(examples)),
    }
    for column in CATALOG.datasets[indicator.dataset].columns:
        given = [example.given.get(column) for example in examples]
        base[column] = pa.array(given, pa.decimal128(38, 0))
        base[f"why_{column}"] = pa.array([RANKED["not_provided"] if one is None else None for one in given])
    with duckdb.connect() as connection:
        connection.register("base", pa.table(base))
        found = evaluate(connection, [replace(one, code=str(index)) for index, one in enumerate(variants)]).to_pylist()
    values = {(row["indicator"], row["unit"]): row["value"] for row in found}
    return [
        all(values[str(variant), str(index)] == example.value for index, example in enumerate(examples))
        for variant in range(len(variants))
    ]


def spoilt(indicator: Indicator) -> Iterator[Indicator]:
    """The formula with one thing wrong: another column, one too few or too many, upside down, rounded otherwise."""
    columns = list(CATALOG.datasets[indicator.dataset].columns)
    if indicator.ratio is None:
        yield from (replace(indicator, sum=column) for column in columns if column != indicator.sum)
        return
    over, under = indicator.ratio.numerator, indicator.ratio.denominator
    ratios = [Ratio(under, over)]
    ratios += [Ratio(changed, under) for changed in _changed(over, columns)]
    ratios += [Ratio(over, changed) for changed in _changed(under, columns)]
    yield from (replace(indicator, ratio=ratio) for ratio in ratios)
    yield from (replace(indicator, digits=digits) for digits in range(indicator.digits))


def _changed(terms: tuple[str, ...], columns: list[str]) -> Iterator[tuple[str, ...]]:
    for place, term in enumerate(terms):
        rest = (*terms[:place], *terms[place + 1 :])
        if rest:
            yield rest
        yield from ((*rest, column) for column in columns if column not in terms)
        yield (*terms, term)
    yield from ((*terms, column) for column in columns if column not in terms)


@named
def test_a_spoilt_formula_fails_an_example(indicator: Indicator) -> None:
    assert met([indicator], indicator) == [True]
    variants = list(spoilt(indicator))
    assert len(variants) > 2
    survived = [one for one, same in zip(variants, met(variants, indicator), strict=True) if same]
    assert [(one.sum, one.ratio, one.digits) for one in survived] == []


@pytest.mark.parametrize("indicator", GROWTHS, ids=lambda one: one.code)
def test_a_spoilt_growth_fails_an_example(indicator: Indicator) -> None:
    growth = indicator.growth
    assert growth is not None
    pairs = [(one.given["now"], one.given["before"], one.value) for one in indicator.examples]
    sure = [(Decimal(now), Decimal(then), value) for now, then, value in pairs if None not in (now, then)]
    assert all(times(now, then, indicator.digits) == value for now, then, value in sure)
    assert any(times(then, now, indicator.digits) != value for now, then, value in sure), "upside down"
    assert any((now - then) / then != value for now, then, value in sure if then), "the increase, not the times"
    assert any(value is None for _, then, value in sure if then == 0), "over 0"
    years = "" if growth.years == 1 else f"_{growth.years}_years"
    assert indicator.code == f"{growth.of}_growth{years}"


@pytest.mark.parametrize("indicator", INDICATORS, ids=lambda one: one.code)
def test_an_indicator_is_told_in_full(indicator: Indicator) -> None:
    texts = (indicator.title.vi, indicator.title.en, indicator.unit_of_measure.vi, indicator.unit_of_measure.en)
    assert all(text == text.strip() and text for text in (*texts, indicator.law))
    assert indicator.title.vi != indicator.title.en
    assert (
        indicator.unit_of_measure.en
        in {
            (False, False): {"dossiers", "documents", "procedures", "processes"},
            (True, False): {"ratio"},
            (False, True): {"times"},
        }[indicator.ratio is not None, indicator.growth is not None]
    )
    assert indicator.digits == (0 if indicator.sum else 4)
    if indicator.sum is None:
        assert any(example.value is None for example in indicator.examples), "where it has no value"


@pytest.mark.parametrize("language", ["vi", "en"])
def test_no_two_indicators_have_one_title(language: str) -> None:
    assert max(Counter(getattr(one.title, language) for one in INDICATORS).values()) == 1


@pytest.mark.parametrize("dataset", sorted(CATALOG.datasets))
def test_every_measure_is_the_sum_of_one_indicator(dataset: str) -> None:
    sums = Counter(one.sum for one in CATALOG.indicators_of(dataset) if one.sum)
    assert sums == Counter(dict.fromkeys(CATALOG.datasets[dataset].columns, 1))


def test_the_law_of_an_indicator_names_the_column_that_its_form_prints() -> None:
    compared = 0
    printed = {one.indicator: one.number for one in CATALOG.forms["II.06a"].columns if one.indicator}
    for indicator in RECORDED:
        column = CATALOG.datasets[indicator.dataset].columns.get(indicator.sum or "")
        meant = column and re.search(r"column ([0-9]+)", column.meaning)
        told = re.search(r"cột ([0-9]+)", indicator.law)
        if meant:
            assert told is not None, indicator.code
            assert told[1] == meant[1], indicator.code
            assert indicator.code not in printed or printed[indicator.code] == told[1]
            compared += 1
    assert compared == 11 + 11 + 12
    assert set(printed) == {one.code for one in CATALOG.indicators_of("onestop") if one.sum}


def test_the_derived_figures_are_there() -> None:
    rates = {one.code: one.ratio for one in RECORDED if one.ratio is not None}
    for of in ("tthc", "procedure"):
        assert rates[f"{of}_on_time_rate"] == Ratio(("resolved_early", "resolved_on_time"), ("resolved_total",))
        assert rates[f"{of}_online_rate"] == Ratio(("received_online",), ("received_online", "received_direct_postal"))
        assert rates[f"{of}_overdue_stock_rate"] == Ratio(("pending_overdue",), ("pending_total",))
    for way in ("sent", "received"):
        assert rates[f"vb_{way}_electronic_rate"] == Ratio((way,), (way, f"{way}_paper"))
        assert rates[f"vb_{way}_signed_rate"] == Ratio((f"{way}_signed",), (way,))
    assert {one.dataset for one in GROWTHS} == {"onestop", "procedure", "one_stop_scope", "edoc"}
