"""Parts of a period made one: the same figures as from the whole, or a gap and no figure."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl import indicators
from etl.errors import QualityError
from etl.model import ALL, Source
from etl.periods import Interval, Period, parts
from etl.tables import rows_schema
from tests.indicators import plain
from tests.quality.country import tree

Q3 = Period.parse("2026-Q3").days
DAYS = Q3.days()
DATASET = plain.dataset(True)
COUNTRY = tree({"01": ("01001", "01002"), "02": ("02001",)})
SOURCES = {"s": Source("s", "x", "01", "http://x", "x"), "t": Source("t", "x", "02", "http://x", "x")}
PLACES = [("01", "01.07"), ("01", "01.08"), ("01001", "01001"), ("01002", "01002")]


def row(days: Interval, unit: str, agency: str, field: str = "f", source: str = "s", **measures: Any) -> dict[str, Any]:
    return {
        **dict.fromkeys(("source", "period", "payload", "pointer"), "?"),
        "source": source,
        "agency": agency,
        "unit": unit,
        "tier": "commune" if len(unit) == 5 else "province",
        "field": field,
        "first_day": days.first_day,
        "last_day": days.last_day,
        "taken": 10,
        "came": 6,
        "opening": 4,
        "done": 7,
        "closing": 3,
        **measures,
    }


def bridge(rows: list[dict[str, Any]], days: Interval = Q3) -> tuple[pa.Table, list[Any]]:
    table = pa.Table.from_pylist(rows, schema=rows_schema(DATASET))
    return indicators.bridge(table, dataset_id="d", dataset=DATASET, days={"s": days, "t": days}, sources=SOURCES)


def figures(rows: list[dict[str, Any]]) -> dict[Any, Any]:
    whole, gaps = bridge(rows)
    facts = indicators.compute(
        whole,
        [gap.hole for gap in gaps],
        dataset_id="d",
        dataset=DATASET,
        indicators=plain.INDICATORS,
        tree=COUNTRY,
        fields=plain.FIELDS,
    )
    return plain.facts(facts)


@st.composite
def tilings(draw: st.DrawFn) -> list[Interval]:
    """The days of the quarter cut anywhere: into single days, months, weeks or unequal parts."""
    if draw(st.booleans()):
        return list(DAYS)
    cuts = sorted(draw(st.sets(st.integers(1, len(DAYS) - 1), max_size=12)))
    starts, ends = [0, *cuts], [*cuts, len(DAYS)]
    return [
        Interval(DAYS[a].first_day, DAYS[b - 1].last_day) for a, b in zip(starts, ends, strict=True)
    ]  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), tiling=tilings())
def test_the_bridged_figure_is_the_direct_one(data: st.DataObject, tiling: list[Interval]) -> None:
    """Random dossiers come and go day by day; both ways of counting them must say the same."""
    numbers = st.integers(0, 9)
    direct, parted = [], []
    for unit, agency in PLACES:
        for field in data.draw(st.sets(st.sampled_from(["f", "g"]), min_size=1)):
            opening = stock = data.draw(st.integers(0, 50))
            events = data.draw(st.lists(st.tuples(st.integers(0, len(DAYS) - 1), numbers, numbers), max_size=8))
            came, done = dict.fromkeys(range(len(DAYS)), 0), dict.fromkeys(range(len(DAYS)), 0)
            for day, more, less in events:
                came[day] += more
                done[day] += less
            for part in tiling:
                inside = [index for index, day in enumerate(DAYS) if part.first_day <= day.first_day <= part.last_day]
                new, gone = sum(came[index] for index in inside), sum(done[index] for index in inside)
                measures = {"came": new, "opening": stock, "done": gone, "taken": stock + new}
                stock += new - gone
                parted.append(row(part, unit, agency, field, **measures, closing=stock))
            new, gone = sum(came.values()), sum(done.values())
            measures = {"came": new, "opening": opening, "done": gone, "taken": opening + new}
            direct.append(row(Q3, unit, agency, field, **measures, closing=opening + new - gone))
    elsewhere = row(Q3, "02", "02.01", source="t")
    assert figures([*parted, elsewhere]) == figures([*direct, elsewhere])


def test_rows_of_the_whole_period_pass_untouched() -> None:
    rows = [row(Q3, "01", "01.07"), row(Q3, "01001", "01001", came=None)]
    whole, gaps = bridge(rows)
    assert gaps == []
    assert whole.to_pylist() == pa.Table.from_pylist(rows, schema=rows_schema(DATASET)).to_pylist()


MONTHS = parts("months", Period.parse("2026-Q3"))


def test_months_are_bridged_to_the_calendar_quarter() -> None:
    rows = [row(month, "01", "01.07", came=n, opening=n * 10, closing=n * 100) for n, month in enumerate(MONTHS, 1)]
    whole, gaps = bridge(rows, Period.parse("2026-Q3").calendar_days)
    (one,) = whole.to_pylist()
    assert gaps == []
    assert (one["came"], one["opening"], one["closing"], one["taken"]) == (6, 10, 300, 16)


@pytest.mark.parametrize(
    ("kept", "days", "reason"),
    [
        (DAYS[1:], "thiếu 15/06/2026", "missing_unit"),
        (DAYS[:-2], "thiếu 13/09/2026 - 14/09/2026", "missing_unit"),
        ((*DAYS[:10], *DAYS[12:]), "thiếu 25/06/2026 - 26/06/2026", "missing_unit"),
        ((*DAYS, Interval(DAYS[3].first_day, DAYS[4].first_day)), "trùng 18/06/2026", "quarantined"),
        ((*DAYS, Interval(Q3.last_day, Q3.last_day + dt.timedelta(days=1))), "trùng 14/09/2026", "quarantined"),
        ((*DAYS, Q3), "trùng", "quarantined"),
    ],
)
def test_parts_that_do_not_tile_the_period_make_no_figure(kept: Any, days: str, reason: str) -> None:
    others = [row(day, unit, agency) for day in DAYS for unit, agency in PLACES if agency != "01.07"]
    rows = [*others, *(row(day, "01", "01.07") for day in kept), row(Q3, "02", "02.01", source="t")]
    _, (gap,) = bridge(rows)
    assert (gap.hole.source, gap.hole.province, gap.hole.unit, gap.hole.tier, gap.hole.reason) == (
        *("s", "01", "01", "province", reason),
    )
    assert (gap.agency, days in gap.days) == ("01.07", True)
    found = figures(rows)
    assert found["i_came", "01", "province", "f"] == (None, reason)
    assert found["i_came", "01", ALL, ALL] == (None, reason)
    assert found["i_came", "01001", "commune", "f"] == (6 * len(DAYS), None)


def test_a_field_without_a_row_on_some_days_had_nothing_then() -> None:
    rows = [row(day, "01", "01.07") for day in DAYS]
    rows += [row(day, "01", "01.07", "g", came=2, opening=5, closing=9) for day in DAYS[10:20]]
    whole, gaps = bridge(rows)
    assert gaps == []
    (one,) = [one for one in whole.to_pylist() if one["field"] == "g"]
    assert (one["came"], one["opening"], one["closing"]) == (20, 0, 0)


def test_a_part_without_a_value_leaves_none() -> None:
    rows = [row(day, "01", "01.07", came=None if day == DAYS[5] else 1, opening=None) for day in DAYS]
    (one,) = bridge(rows)[0].to_pylist()
    assert (one["came"], one["opening"], one["taken"]) == (None, None, None)
    assert one["closing"] == 3


def test_the_opening_stock_of_a_middle_day_is_of_no_matter() -> None:
    rows = [row(day, "01", "01.07", opening=7 if day == DAYS[0] else None) for day in DAYS]
    (one,) = bridge(rows)[0].to_pylist()
    assert one["opening"] == 7


def test_a_commune_that_changed_its_name_is_one() -> None:
    rows = [row(day, "01001", "UBND xã A" if day < DAYS[40] else "UBND phường A") for day in DAYS]
    whole, gaps = bridge(rows)
    assert gaps == []
    assert sum(one["came"] for one in whole.to_pylist()) == 6 * len(DAYS)


def test_rows_of_a_source_without_its_days_are_refused() -> None:
    with pytest.raises(QualityError, match="rows of u"):
        bridge([row(Q3, "01", "01.07", source="u")])
