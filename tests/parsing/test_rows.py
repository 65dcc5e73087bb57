"""A record becomes one standard row: unit, tier, and where it stands in the payload."""

from __future__ import annotations

import datetime as dt
import json
import unicodedata
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import CatalogError
from etl.model import Pages, Source, UnitRule
from etl.parsing import parse
from etl.parsing.agencies import Agencies
from etl.periods import Period
from etl.tables import rows_schema
from etl.totals import spelling
from etl.units import UnitTree
from tests.parsing.vendor_answers import (
    CATALOG,
    COMMUNES,
    FORM,
    HO_TICH,
    ONESTOP,
    PROVINCE,
    TREE,
    igate,
    opencps,
    opencps_page,
    organ,
    page,
    read,
    tandan,
    tandan_page,
)

COMMUNE = COMMUNES[0].code


@pytest.mark.parametrize("platform", ONESTOP)
@pytest.mark.parametrize(("agency", "unit", "tier"), [(COMMUNE, COMMUNE, "commune"), ("04.07", "04", "province")])
def test_every_platform_gives_the_same_form(platform: str, agency: str, unit: str, tier: str) -> None:
    sent = ONESTOP[platform](agency)
    parsed = read(platform, sent)
    assert parsed.findings == []
    (row,) = parsed.table.to_pylist()
    assert {name: row[name] for name in FORM} == FORM
    assert (row["agency"], row["unit"], row["tier"], row["field"]) == (agency, unit, tier, "ho_tich")
    assert (row["source"], row["period"], row["payload"]) == (f"{platform}_cao_bang", "2026-Q3", sent[0].sha256)
    assert row["problem"] is None
    assert row["problem_rule"] is None


def test_the_schema_is_fixed() -> None:
    parsed = read("igate", page([igate(COMMUNE)], "ho_tich"))
    assert parsed.table.schema.equals(rows_schema(CATALOG.datasets["onestop"]))
    assert parsed.table.schema.names == [
        *("source", "period", "payload", "pointer", "agency", "first_day", "last_day"),
        *("unit", "tier", "field", "field_raw"),
        *("problem", "problem_rule", "raw"),
        *CATALOG.datasets["onestop"].columns,
    ]
    assert set(parsed.table.schema.types[14:]) == {pa.int64()}
    days = {(row["first_day"], row["last_day"]) for row in parsed.table.to_pylist()}
    assert days == {(dt.date(2026, 6, 15), dt.date(2026, 9, 14))}


@pytest.mark.parametrize(
    ("platform", "pages", "pointers"),
    [
        (
            "opencps_v2",
            [opencps_page(opencps(None), opencps(COMMUNE)), opencps_page(opencps("04.01"))],
            ["/dossierStatisticData/1", "/dossierStatisticData/0"],
        ),
        ("tandan_06a", [tandan_page(tandan(COMMUNE), tandan("04.01"))], ["/data/0", "/data/1"]),
        ("igate", Pages.held([page([igate(COMMUNE)], "ho_tich")]), ["/0"]),
        (
            "bkav_axis",
            [page([organ("UBND tỉnh Cao Bằng", childOrgan=[organ("Sở Nội vụ"), organ("Sở Y tế")])])],
            ["/0", "/0/childOrgan/0", "/0/childOrgan/1"],
        ),
    ],
)
def test_a_pointer_leads_back_to_the_record(platform: str, pages: Any, pointers: list[str]) -> None:
    if platform == "opencps_v2":  # two pages of one answer declare the same total
        pages = [page({**json.loads(body), "total": 3}) for _, body in pages]
    parsed = read(platform, *pages)
    rows = parsed.table.to_pylist()
    assert [row["pointer"] for row in rows] == pointers
    bodies = {sent.sha256: json.loads(body) for sent, body in pages}
    for row in rows:
        record = bodies[row["payload"]]
        for key in row["pointer"].split("/")[1:]:
            record = record[int(key)] if isinstance(record, list) else record[key]
        expected = {key: value for key, value in record.items() if key != "childOrgan"}
        assert json.loads(row["raw"]) == expected


def test_no_value_is_not_nought() -> None:
    parsed = read("igate", page([igate(COMMUNE, receivedOld=None, unresolvedOverdue=None)], "ho_tich"))
    (row,) = parsed.table.to_pylist()
    assert row["carried_over"] is None
    assert row["received_total"] is None, "a sum with a missing part is not the sum of what is left"
    assert row["resolved_total"] == 8
    assert row["problem"] is None
    assert parsed.findings == []


# --- units --------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", ONESTOP)
@pytest.mark.parametrize(
    "agency", ["99999", "00001", "4", "040", "05.01", "UBND xã", TREE.children("08")[0].code, "04", f"{COMMUNE}0"]
)
def test_an_unknown_code_stays_with_its_problem(platform: str, agency: str) -> None:
    parsed = read(platform, ONESTOP[platform](agency))
    (row,) = parsed.table.to_pylist()
    assert row["unit"] is None
    assert row["problem_rule"] == "READ-UNIT"
    assert row["received_total"] == 12, "the figures stay readable for the reviewer"
    (finding,) = parsed.findings
    assert (finding.rule, finding.severity, finding.value) == ("READ-UNIT", "critical", agency)
    assert (finding.row, finding.column) == (row["pointer"], CATALOG.platforms[platform].unit.column)
    assert "Cao Bằng" in finding.expected


def test_space_around_a_code_is_not_part_of_it() -> None:
    (row,) = read("igate", page([igate(f" {COMMUNE} ")], "ho_tich")).table.to_pylist()
    assert (row["unit"], row["agency"]) == (COMMUNE, f" {COMMUNE} ")


def test_an_unknown_commune_keeps_its_tier() -> None:
    (row,) = read("igate", page([igate("99999")], "ho_tich")).table.to_pylist()
    assert (row["unit"], row["tier"]) == (None, "commune")


@pytest.mark.parametrize("agency", [None, 1290, True, ["x"]])
def test_an_agency_that_is_no_text_is_unknown(agency: Any) -> None:
    (row,) = read("igate", page([igate(agency)], "ho_tich")).table.to_pylist()
    assert row["problem_rule"] == "READ-UNIT"


def test_a_lookup_of_the_source_comes_first() -> None:
    lookups = {"unit": {"XA-17": COMMUNE, COMMUNE: COMMUNES[1].code, "SNV": "04"}}
    answer = page([igate("XA-17"), igate(COMMUNE), igate("SNV")], "ho_tich")
    rows = read("igate", answer, lookups=lookups).table.to_pylist()
    assert [(row["unit"], row["tier"]) for row in rows] == [
        (COMMUNE, "commune"),
        (COMMUNES[1].code, "commune"),
        ("04", "province"),
    ]


def test_a_lookup_to_another_province_is_unknown() -> None:
    lookups = {"unit": {"X": TREE.children("08")[0].code}}
    (row,) = read("igate", page([igate("X")], "ho_tich"), lookups=lookups).table.to_pylist()
    assert (row["unit"], row["problem_rule"]) == (None, "READ-UNIT")


def test_a_source_of_a_unit_not_in_force_is_a_mistake_of_the_catalog() -> None:
    source = Source("x", "igate", "04", "http://x", "x")
    without = UnitTree([unit for unit in TREE if unit.code != "04"], TREE.day)
    with pytest.raises(CatalogError, match=r"sources/x\.yml"):
        parse(
            source,
            CATALOG.platforms["igate"],
            CATALOG.datasets["onestop"],
            Period.parse("2026-Q3"),
            Pages.held([page([igate(COMMUNE)], "ho_tich")]),
            without,
            HO_TICH,
        )


_OTHER_TONE = {"òa": "oà", "óa": "oá", "ỏa": "oả", "õa": "oã", "ọa": "oạ", "ủy": "uỷ", "úy": "uý", "ùy": "uỳ"}


@given(
    commune=st.sampled_from(COMMUNES),
    form=st.sampled_from(["NFC", "NFD"]),
    lead=st.sampled_from(["UBND", "Ủy ban nhân dân", "Uỷ ban nhân dân", "ubnd"]),
    lower=st.booleans(),
    other_tone=st.booleans(),
    gap=st.sampled_from([" ", "  ", "\u00a0"]),
)
def test_a_commune_is_found_by_any_spelling_of_its_name(
    commune: Any, form: Any, lead: str, lower: bool, other_tone: bool, gap: str
) -> None:
    name = commune.name.replace(commune.type, commune.type.lower() if lower else commune.type, 1)
    for usual, other in _OTHER_TONE.items() if other_tone else ():
        name = name.replace(usual, other)
    written = unicodedata.normalize(form, f"{lead} {name}".replace(" ", gap))
    (row,) = read("bkav_axis", page([organ(written)])).table.to_pylist()
    assert (row["unit"], row["tier"], row["problem"]) == (commune.code, "commune", None)
    assert row["agency"] == written, "the source's own words are kept"
    assert (row["field"], row["field_raw"]) == ("all", None)


@pytest.mark.parametrize("name", ["UBND tỉnh Cao Bằng", "UBND Tỉnh Cao Bằng", "Sở Nội vụ", "Thanh tra tỉnh"])
def test_the_province_and_its_departments_are_its_own_tier(name: str) -> None:
    (row,) = read("bkav_axis", page([organ(name)])).table.to_pylist()
    assert (row["unit"], row["tier"]) == (PROVINCE.code, "province")


@pytest.mark.parametrize(
    "name",
    ["UBND tỉnh Lạng Sơn", "UBND xã Không Có", "Đông Khê", "Trường Chính trị", "", "UBND quận Ba Đình"],
)
def test_a_strange_name_is_unknown(name: str) -> None:
    (row,) = read("bkav_axis", page([organ(name)])).table.to_pylist()
    assert (row["unit"], row["problem_rule"]) == (None, "READ-UNIT")


_WORDS = {spelling(word) for word in ("all", "total", "Tổng cộng", "Tổng số")}


@given(name=st.text(max_size=30).filter(lambda name: spelling(name) not in _WORDS))
def test_no_text_is_guessed_to_be_a_commune(name: str) -> None:
    (row,) = read("bkav_axis", page([organ(name)])).table.to_pylist()
    assert (row["unit"] is None) == (row["problem_rule"] == "READ-UNIT")
    assert row["tier"] != "commune" or row["unit"] is None


@pytest.mark.parametrize(
    ("by", "agency", "unit", "tier"),
    [
        ("code", "25705", "25705", "commune"),
        ("code", "711", "711", "district"),
        ("code", "72", "72", "province"),
        ("code", "709", "709", "district"),
        ("code", "001", None, "district"),
        ("name", "UBND huyện Bến Cầu", "711", "district"),
        ("name", "UBND xã An Thạnh", "25705", "commune"),
        ("name", "UBND huyện Hoài Đức", None, "district"),
    ],
)
def test_before_the_reform_districts_are_known_by_code_or_name(
    by: Any, agency: str, unit: str | None, tier: str
) -> None:
    """Of Tây Ninh (72 then): its own districts and communes, and nobody else's."""
    patterns = {
        "code": ("(?P<code>[0-9]{5})", "(?P<code>[0-9]{3})", "[0-9]{2}"),
        "name": ("UBND (?P<name>(xã|phường|thị trấn) .+)", "UBND (?P<name>(huyện|thị xã) .+)", "UBND tỉnh"),
    }[by]
    rule = UnitRule(by, "agency", patterns[0], patterns[2], district=patterns[1])
    tree = UnitTree(CATALOG.units, dt.date(2025, 6, 14))
    units = Agencies(Source("s", "x", "72", "x", "x"), rule, tree)
    assert units.read(agency) == (unit, tier)


@pytest.mark.parametrize(
    ("day", "agency", "unit", "tier"),
    [
        ("2025-06-14", "UBND Phường 1, quận 3", "27160", "commune"),
        ("2025-06-14", "UBND phường 1, Quận 10", "27184", "commune"),
        ("2025-06-14", "UBND phường 1", None, "commune"),
        ("2025-06-14", "UBND phường 1, quận 2", None, "commune"),
        ("2025-06-14", "UBND thành phố Thủ Đức", "769", "district"),
        ("2025-06-14", "UBND thành phố Hồ Chí Minh", "79", "province"),
        ("2025-06-14", "UBND thành phố Không Có", None, "district"),
        ("2026-09-14", "UBND thành phố Hồ Chí Minh", "79", "province"),
        ("2026-09-14", "UBND thành phố Thủ Đức", None, "province"),
    ],
)
def test_a_name_that_repeats_is_told_by_the_unit_above_and_a_city_by_what_it_is(
    day: str, agency: str, unit: str | None, tier: str
) -> None:
    tree = UnitTree(CATALOG.units, dt.date.fromisoformat(day))
    units = Agencies(Source("s", "x", "79", "x", "x"), CATALOG.platforms["bkav_axis"].unit, tree)
    assert units.read(agency) == (unit, tier)
