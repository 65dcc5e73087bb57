"""Platforms that no source uses yet: pulled over real HTTP, read, and judged by the rules of the form."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from etl import catalog, indicators, quality
from etl.catalog.suites import read_suite
from etl.connectors import pull
from etl.errors import SourceBroken
from etl.landing import Landing
from etl.model import Pages, Paging, Platform, Source
from etl.parsing import Parsed, parse
from etl.periods import Period
from etl.settings import ROOT, Settings
from tests.connectors.loopback_portal import Portal, as_json
from tests.connectors.pulling import SECRET
from tests.connectors.vendor_portals import PORTALS, dvcqg_row

CATALOG = catalog.load((ROOT / "catalog",))
Q3 = Period.parse("2026-Q3")
FIELDS = {"ho_tich": CATALOG.fields["ho_tich"]}
COMMUNE = next(unit.code for unit in CATALOG.tree(Q3).children("04") if unit.name == "Phường Thục Phán")
SOURCES = {
    "dvcqg": Source(
        "dvcqg_cao_bang",
        "dvcqg",
        "04",
        "env:PORTAL",
        "Cao Bằng",
        headers={"Referer": "https://dichvucong.gov.vn/p/home/dvc-dashboard.html"},
        body={"p_tinh_id": "11342"},
        lookups={"field": {"LV-07": "ho_tich"}},
    ),
    "egov": Source("egov_cao_bang", "egov", "04", "env:PORTAL/report", "Cao Bằng", credential="env:TOKEN"),
}


def read(portal: Portal, name: str, store: Path, period: Period = Q3, platform: Platform | None = None) -> Parsed:
    source, platform = SOURCES[name], platform or CATALOG.platforms[name]
    settings = Settings((), Path(), store, "", {"PORTAL": portal.url, "TOKEN": f"hue:{SECRET}"})
    landing = Landing(str(store))
    landed = [
        landing.land(source.id, period.key, **vars(one)) for one in pull(source, platform, period, FIELDS, settings)
    ]
    pages = Pages(tuple(landed), landing.read)
    return parse(source, platform, CATALOG.datasets["onestop"], period, pages, CATALOG.tree(period), FIELDS)


def figures(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in CATALOG.datasets["onestop"].columns}


def test_dvcqg_is_posted_a_form_with_json_in_it(portal: Portal, tmp_path: Path) -> None:
    portal.reply = PORTALS["dvcqg"]
    paged = CATALOG.platforms["dvcqg"]
    request = replace(paged.request, paging=Paging(2, "pageSize"))
    parsed = read(portal, "dvcqg", tmp_path, platform=replace(paged, request=request))
    assert [json.loads(parse_qs(asked.body.decode())["params"][0]) for asked in portal.asked] == [
        {
            "type": "ref",
            "service": "report_by_month_sum_service",
            "p_nam": 2026,
            "p_6thang": "0",
            "p_quy": 3,
            "p_thang": "0",
            "p_huyen_id": "0",
            "p_xa_id": "0",
            "p_linhvuc": "LV-07",
            "p_thutuc_id": "0",
            "p_default": "0",
            "pageIndex": page,
            "pageSize": 2,
            "p_tinh_id": "11342",
        }
        for page in (1, 2)
    ]
    head = portal.asked[0].headers
    assert head["Content-Type"] == "application/x-www-form-urlencoded"
    assert head["Referer"].endswith("dvc-dashboard.html")
    rows = parsed.table.to_pylist()
    assert [(row["unit"], row["tier"], row["field"]) for row in rows] == [
        ("04", "province", "ho_tich"),
        ("04", "province", "ho_tich"),
        (COMMUNE, "commune", "ho_tich"),
    ]
    assert figures(rows[2]) == {
        "received_total": 1312,
        "received_online": 1200,
        "received_direct_postal": 100,
        "carried_over": 12,
        "resolved_total": 1292,
        "resolved_early": None,
        "resolved_on_time": None,
        "resolved_overdue": 2,
        "pending_total": 20,
        "pending_in_time": 19,
        "pending_overdue": 1,
    }
    assert {row["problem"] for row in rows} == {None}


def test_dvcqg_counts_calendar_quarters_and_every_pull_says_so(portal: Portal, tmp_path: Path) -> None:
    portal.reply = PORTALS["dvcqg"]
    parsed = read(portal, "dvcqg", tmp_path)
    (finding,) = parsed.findings
    assert (finding.rule, finding.severity, finding.expected) == ("READ-WINDOW", "warning", "15/06/2026 - 14/09/2026")
    days = {(str(row["first_day"]), str(row["last_day"])) for row in parsed.table.to_pylist()}
    assert days == {("2026-07-01", "2026-09-30")}, "the days it really counted"


@pytest.mark.parametrize("period", ["2026-H1", "2026", "2026-M09"])
def test_dvcqg_is_not_asked_for_what_it_would_answer_with_something_else(
    portal: Portal, tmp_path: Path, period: str
) -> None:
    with pytest.raises(SourceBroken, match="chỉ hỏi được theo quý"):
        read(portal, "dvcqg", tmp_path, Period.parse(period))
    assert portal.asked == []


@pytest.mark.parametrize("value", ["1.234", "1,234", " 12", "12 ", "012", "+1", "-1", "1e3", "٣", "1" * 17, 12, 1.5])
def test_dvcqg_numbers_are_digits_in_quotes_and_nothing_else(portal: Portal, tmp_path: Path, value: Any) -> None:
    portal.answers(as_json([dvcqg_row("Sở Nội vụ", HTQH=value), dvcqg_row("Sở Y tế")]))
    parsed = read(portal, "dvcqg", tmp_path)
    first, second = parsed.table.to_pylist()
    assert (first["problem_rule"], first["resolved_overdue"], first["resolved_total"]) == ("READ-NUMBER", None, None)
    assert second["resolved_overdue"] == 2


@pytest.mark.parametrize("value", ["", None])
def test_dvcqg_empty_is_no_value_and_never_0(portal: Portal, tmp_path: Path, value: Any) -> None:
    portal.answers(as_json([dvcqg_row("Sở Nội vụ", HTQH=value, DXLQH="0")]))
    (row,) = read(portal, "dvcqg", tmp_path).table.to_pylist()
    assert (row["problem"], row["resolved_overdue"], row["resolved_total"]) == (None, None, None)
    assert row["pending_overdue"] == 0


def test_egov_is_read_without_a_split_by_channel(portal: Portal, tmp_path: Path) -> None:
    portal.reply = PORTALS["egov"]
    parsed = read(portal, "egov", tmp_path)
    assert portal.asked[0].path == "/report"
    assert portal.asked[0].headers["Authorization"].startswith("Basic ")
    assert parsed.findings == []
    assert [(row["unit"], row["tier"]) for row in parsed.table.to_pylist()] == [
        ("04", "province"),
        (COMMUNE, "commune"),
    ]
    assert figures(parsed.table.to_pylist()[0]) == {
        "received_total": 12,
        "received_online": None,
        "received_direct_postal": None,
        "carried_over": 2,
        "resolved_total": 8,
        "resolved_early": 3,
        "resolved_on_time": 3,
        "resolved_overdue": 2,
        "pending_total": 4,
        "pending_in_time": 3,
        "pending_overdue": 1,
    }


NOT_PROVIDED = {
    "dvcqg": ({"resolved_early", "resolved_on_time"}, "II06A-7-10-GIVEN"),
    "egov": ({"received_online", "received_direct_postal"}, "II06A-3-6-GIVEN"),
}


def judged(parsed: Parsed, name: str, given: Collection[str]) -> quality.Outcome:
    return quality.check(
        parsed.table,
        read_suite(ROOT / "expectations", "onestop", CATALOG.datasets["onestop"]),
        dataset="onestop",
        period=Q3,
        due=[SOURCES[name]],
        given={SOURCES[name].id: given},
        tree=CATALOG.tree(Q3),
    )


@pytest.mark.parametrize("name", PORTALS)
def test_what_a_platform_does_not_provide_is_withheld_and_its_other_figures_are_made(
    portal: Portal, tmp_path: Path, name: str
) -> None:
    """As `assumed` of both platforms says: the rows pass the rules of the form, and nothing absent becomes 0."""
    portal.reply = PORTALS[name]
    outcome = judged(read(portal, name, tmp_path), name, CATALOG.platforms[name].columns)
    assert outcome.quarantine.num_rows == 0
    table = indicators.compute(
        outcome.good,
        [],
        dataset_id="onestop",
        dataset=CATALOG.datasets["onestop"],
        indicators=CATALOG.indicators_of("onestop"),
        tree=CATALOG.tree(Q3),
        fields=FIELDS,
    )
    facts = {
        row["indicator"]: (row["value"], row["reason"])
        for row in table.to_pylist()
        if (row["unit"], row["tier"], row["field"]) == (COMMUNE, "commune", "ho_tich")
    }
    absent, _ = NOT_PROVIDED[name]
    summed = {one.code: one.sum for one in CATALOG.indicators_of("onestop") if one.sum is not None}
    assert set(summed.values()) >= absent
    for code, column in summed.items():
        value, reason = facts[code]
        assert (value is None, reason) == ((True, "not_provided") if column in absent else (False, None))


@pytest.mark.parametrize("name", PORTALS)
def test_rows_of_a_platform_that_does_provide_it_are_quarantined_without_it(
    portal: Portal, tmp_path: Path, name: str
) -> None:
    portal.reply = PORTALS[name]
    outcome = judged(read(portal, name, tmp_path), name, CATALOG.datasets["onestop"].columns)
    assert outcome.good.num_rows == 0
    assert set(outcome.quarantine["rules"].to_pylist()) == {NOT_PROVIDED[name][1]}
