"""Facts told on the units of another day: sums by the genealogy, ratios anew on those sums."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import groupby

import duckdb
import pyarrow as pa

from etl.errors import QualityError
from etl.indicators.facts import RANKED, evaluate
from etl.model import ALL, Fact, Indicator, RestatedFact
from etl.tables import FACTS
from etl.units.genealogy import Boundaries
from etl.units.restate import Divided, restate

Place = tuple[str, dt.date, str, str]
"""unit, day of its boundaries, tier, field"""
_AS_THEY_ARE = ("indicator", "unit", "tier", "field", "value", "reason")
_Figure = tuple[Decimal | None, str | None]


def restated(
    facts: Sequence[Fact], boundaries: Boundaries, indicators: Mapping[str, Indicator], divided: Divided = "keep"
) -> list[RestatedFact]:
    """The facts of one period, of units of `boundaries.day`, told on the units of `boundaries.on`.

    Every indicator of `facts` is in `indicators`; the columns of a ratio that is to be recomputed must be among the
    facts as sums. A unit that has no figure of one field, or tier, but has that over all of them, had nothing there.
    Ordered by indicator, unit, day, tier, field.
    """
    if not facts:
        return []
    period = facts[0].period
    held = {(fact.indicator, fact.unit, fact.tier, fact.field): (fact.value, fact.reason) for fact in facts}
    moving = {(f.indicator, f.unit, f.tier, f.field) for f in facts if f.state == "moving"}
    sums = [fact for fact in facts if indicators[fact.indicator].sum is not None]
    found = _moving(_sums(period, sums, held, boundaries, divided), moving, boundaries)
    ratios = [indicators[code] for code in sorted({fact.indicator for fact in facts} - {f.indicator for f in sums})]
    found += _ratios(period, ratios, found, held, boundaries, indicators)
    return sorted(found, key=lambda one: (one.indicator, one.unit, one.units_on, one.tier, one.field))


def _sums(
    period: str,
    facts: Sequence[Fact],
    held: Mapping[tuple[str, str, str, str], _Figure],
    boundaries: Boundaries,
    divided: Divided,
) -> list[RestatedFact]:
    def key(fact: Fact) -> tuple[str, str, str]:
        return fact.indicator, fact.tier, fact.field

    found = []
    for (indicator, tier, field), group in groupby(sorted(facts, key=key), key):
        given = {fact.unit: (_count(fact), fact.reason) for fact in group}
        beside = {
            origin
            for code in given
            for target in boundaries.shares[code]
            for origin in boundaries.origins[target]
            if origin not in given
        }
        absent = {code: _nothing_there(held, indicator, code, tier) for code in beside}
        found += [
            RestatedFact(indicator, one.unit, one.day, period, tier, field, _decimal(one.value), one.reason, one.label)
            for one in restate(given | absent, boundaries, divided)
            if one.day != boundaries.day or one.unit not in absent
        ]
    return found


def _nothing_there(
    held: Mapping[tuple[str, str, str, str], _Figure], indicator: str, unit: str, tier: str
) -> tuple[int | None, str | None]:
    """The figure that a unit does not have: 0 where the sum that would hold it is known, else no value."""
    for place in ((tier, ALL), (ALL, ALL)):
        figure = held.get((indicator, unit, *place))
        if figure is not None:
            return (None, figure[1]) if figure[0] is None else (0, None)
    return None, "missing_unit"


def _count(fact: Fact) -> int | None:
    if fact.value is None:
        return None
    if fact.value != int(fact.value):
        raise QualityError(f"{fact.indicator}, {fact.unit}, {fact.period}: {fact.value} is no whole number")
    return int(fact.value)


def _decimal(value: int | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _ratios(
    period: str,
    ratios: Sequence[Indicator],
    sums: Sequence[RestatedFact],
    held: Mapping[tuple[str, str, str, str], _Figure],
    boundaries: Boundaries,
    indicators: Mapping[str, Indicator],
) -> list[RestatedFact]:
    column = {code: indicator.sum for code, indicator in indicators.items() if indicator.sum is not None}
    dataset = {code: indicator.dataset for code, indicator in indicators.items()}
    found = []
    for ratio in ratios:
        parts = ratio.ratio
        needed = dict.fromkeys((*parts.numerator, *parts.denominator) if parts else ())
        base: dict[Place, dict[str, RestatedFact]] = {}
        for one in sums:
            if dataset[one.indicator] == ratio.dataset and column[one.indicator] in needed:
                place = (one.unit, one.units_on, one.tier, one.field)
                base.setdefault(place, {})[column[one.indicator] or ""] = one
        values = _evaluated(ratio, list(needed), base)
        for place, columns in base.items():
            unit, day, tier, field = place
            label = next(iter(columns.values())).label
            as_it_was = held.get((ratio.code, unit, tier, field))
            if label == "reported" or (label == "old_boundary" and day == boundaries.day):
                if as_it_was is not None:
                    found.append(_ratio(ratio, period, place, as_it_was, columns))
            else:
                found.append(_ratio(ratio, period, place, values[place], columns))
    return found


def _ratio(
    ratio: Indicator, period: str, place: Place, figure: _Figure, columns: Mapping[str, RestatedFact]
) -> RestatedFact:
    unit, day, tier, field = place
    moving = figure[0] is not None and any(one.moving for one in columns.values())
    label = next(iter(columns.values())).label
    return RestatedFact(ratio.code, unit, day, period, tier, field, *figure, label, moving)


def _moving(
    found: Sequence[RestatedFact], moving: Collection[tuple[str, str, str, str]], boundaries: Boundaries
) -> list[RestatedFact]:
    """Those marked that are made of a moving fact."""

    def rests_on(one: RestatedFact) -> tuple[str, ...]:
        return (one.unit,) if one.units_on == boundaries.day else boundaries.origins[one.unit]

    return [
        replace(
            one,
            moving=one.value is not None
            and any((one.indicator, unit, one.tier, one.field) in moving for unit in rests_on(one)),
        )
        for one in found
    ]


def facts_table(told: Sequence[RestatedFact], on: dt.date) -> pa.Table:
    """FACTS of what could be told on the units of that day; what stays on an old boundary is not among them.

    Raises QualityError for an apportioned figure: it is an estimate, and a fact has no mark to say so.
    """
    wanted = [one for one in told if one.units_on == on]
    for one in wanted:
        if one.label == "apportioned":
            raise QualityError(f"{one.indicator}, {one.unit}, {one.period}: an apportioned figure is no fact")
    rows = [
        {**{name: getattr(one, name) for name in _AS_THEY_ARE}, "leaf": False, "moving": one.moving} for one in wanted
    ]
    return pa.Table.from_pylist(rows, schema=FACTS)


def _evaluated(
    ratio: Indicator, columns: Sequence[str], base: Mapping[Place, Mapping[str, RestatedFact]]
) -> dict[Place, _Figure]:
    """The ratio by the rule of all other figures: etl.indicators.facts."""
    places = list(base)
    table: dict[str, pa.Array] = {
        "unit": pa.array([str(index) for index in range(len(places))], pa.string()),
        "tier": pa.array([place[2] for place in places], pa.string()),
        "field": pa.array([place[3] for place in places], pa.string()),
        "leaf": pa.array([False] * len(places), pa.bool_()),
    }
    for name in columns:
        given = [base[place].get(name) for place in places]
        table[name] = pa.array([one and one.value for one in given], pa.decimal128(38, 0))
        whys = ["not_provided" if one is None else one.reason for one in given]
        table[f"why_{name}"] = pa.array([why and RANKED[why] for why in whys], pa.string())
    with duckdb.connect() as connection:
        connection.register("base", pa.table(table))
        rows = evaluate(connection, [ratio]).to_pylist()
    return {places[int(row["unit"])]: (row["value"], row["reason"]) for row in rows}
