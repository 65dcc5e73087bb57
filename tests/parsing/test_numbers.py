"""Fields, numbers and the vendor's arithmetic: read exactly, or told as a problem."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.parsing.rows import MOST, text_number, whole_number
from tests.parsing.vendor_answers import (
    CATALOG,
    COMMUNES,
    ONESTOP,
    igate,
    opencps,
    opencps_page,
    page,
    read,
    tandan,
    tandan_page,
)

COMMUNE = COMMUNES[0].code


# --- fields -------------------------------------------------------------------------------------


def test_a_field_is_read_from_its_column_in_any_case() -> None:
    answer = opencps_page(opencps(COMMUNE, "HO_TICH"), opencps(COMMUNE, "Dat_Dai"))
    rows = read("opencps_v2", answer, fields=CATALOG.fields).table.to_pylist()
    assert [(row["field"], row["field_raw"]) for row in rows] == [("ho_tich", "HO_TICH"), ("dat_dai", "Dat_Dai")]


def test_an_unknown_field_stays_with_its_problem() -> None:
    parsed = read("opencps_v2", opencps_page(opencps(COMMUNE, "LA_HOAN")))
    (row,) = parsed.table.to_pylist()
    assert (row["field"], row["field_raw"], row["problem_rule"]) == (None, "LA_HOAN", "READ-FIELD")
    assert [(finding.rule, finding.value, finding.column) for finding in parsed.findings] == [
        ("READ-FIELD", "LA_HOAN", "domainCode")
    ]


def test_a_field_lookup_comes_first() -> None:
    lookups = {"field": {"G15-HT": "ho_tich"}}
    (row,) = read("opencps_v2", opencps_page(opencps(COMMUNE, "G15-HT")), lookups=lookups).table.to_pylist()
    assert (row["field"], row["field_raw"]) == ("ho_tich", "G15-HT")
    (row,) = read("igate", page([igate(COMMUNE)], "G15-HT"), lookups=lookups).table.to_pylist()
    assert (row["field"], row["field_raw"]) == ("ho_tich", "G15-HT")


# --- numbers ------------------------------------------------------------------------------------

NOT_NUMBERS = ["1.234", "1,234", "12", "", " ", True, False, 5.0, 1.5, [1], {"n": 1}, 10**15 + 1, 2**63, 2**64]


@pytest.mark.parametrize("value", NOT_NUMBERS)
@pytest.mark.parametrize("platform", ["tandan_06a", "igate"])
def test_anything_but_a_whole_number_is_shown_and_not_read(platform: str, value: Any) -> None:
    column = {"tandan_06a": "daXuLyQuaHan", "igate": "resolvedOverdue"}[platform]
    parsed = read(platform, ONESTOP[platform](COMMUNE, **{column: value}))
    (row,) = parsed.table.to_pylist()
    assert row["resolved_overdue"] is None
    assert row["problem_rule"] == "READ-NUMBER"
    finding = next(finding for finding in parsed.findings if finding.rule == "READ-NUMBER")
    assert (finding.severity, finding.column, finding.unit, finding.field) == ("critical", column, COMMUNE, "ho_tich")
    assert json.loads(finding.value) == value
    assert finding.value in row["problem"]


def test_a_column_missing_in_one_row_is_that_rows_problem() -> None:
    broken = tandan(COMMUNE)
    del broken["tongSo"]
    parsed = read("tandan_06a", tandan_page(broken, tandan(COMMUNES[1].code)))
    rows = parsed.table.to_pylist()
    assert [row["problem_rule"] for row in rows] == ["READ-NUMBER", None]
    assert rows[0]["problem"] == "thiếu cột tongSo"
    assert [row["received_total"] for row in rows] == [None, 12]


@given(st.integers(-MOST, MOST))
def test_a_json_integer_is_itself(number: int) -> None:
    assert whole_number(json.loads(json.dumps(number))) == number


@given(st.text() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.integers(MOST + 1, 2**63))
def test_nothing_else_is_a_number(value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (the message is the value itself)
        whole_number(value)


@given(st.integers(0, 10**9), st.sampled_from(["{}", " {}", "{}.0", "{:,}", "0{}"]))
def test_digits_in_quotes_are_never_a_number(number: int, pattern: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (the message is the value itself)
        whole_number(pattern.format(number))


@given(st.integers(0, MOST))
def test_a_text_of_digits_is_its_number_where_the_platform_writes_texts(number: int) -> None:
    assert text_number(str(number)) == number
    assert text_number("") is text_number(None) is None


@given(
    st.integers(0, 10**9), st.sampled_from([" {}", "{} ", "{}.0", "0{}", "-{}", "+{}", "{}\n", "{}đ", "1.{}", "1,{}"])
)
def test_anything_but_digits_is_not(number: int, pattern: str) -> None:
    for value in (pattern.format(number), number, float(number), True, [str(number)], str(MOST + 1 + number)):
        with pytest.raises(ValueError):  # noqa: PT011 (the message is the value itself)
            text_number(value)


# --- the vendor's arithmetic --------------------------------------------------------------------


def test_a_vendors_broken_sum_is_found_on_the_raw_row() -> None:
    parsed = read("igate", page([igate(COMMUNE, received=11)], "ho_tich"))
    (row,) = parsed.table.to_pylist()
    (finding,) = parsed.findings
    assert (row["problem_rule"], finding.rule, finding.severity) == ("READ-VENDOR", "READ-VENDOR", "critical")
    assert (finding.column, finding.value, finding.expected) == ("received", "11", "10")
    assert row["problem"] == "received = 11 nhưng receivedOnline 6 + receivedDirect 4 = 10"
    assert row["received_total"] == 13


def test_arithmetic_with_a_missing_part_cannot_be_judged() -> None:
    parsed = read("igate", page([igate(COMMUNE, receivedDirect=None)], "ho_tich"))
    assert parsed.findings == []


def test_every_problem_of_a_row_is_told() -> None:
    answer = opencps_page(opencps("99999", "LA_HOAN", onlineCount="6", totalCount=99))
    parsed = read("opencps_v2", answer)
    (row,) = parsed.table.to_pylist()
    assert [finding.rule for finding in parsed.findings] == ["READ-UNIT", "READ-FIELD", "READ-NUMBER", "READ-VENDOR"]
    assert row["problem_rule"] == "READ-UNIT"
    assert row["problem"] == "; ".join(finding.message for finding in parsed.findings)


def test_a_measure_the_platform_does_not_give_is_null() -> None:
    columns = dict(CATALOG.platforms["igate"].columns)
    del columns["resolved_early"]
    parsed = read("igate", page([igate(COMMUNE)], "ho_tich"), columns=columns, ignore=("agency.name", "resolvedEarly"))
    (row,) = parsed.table.to_pylist()
    assert row["resolved_early"] is None
    assert parsed.findings == []
