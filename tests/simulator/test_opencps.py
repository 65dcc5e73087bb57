"""OpenCPS over HTTP: its arithmetic, its total rows among the others, and the truth once they are put aside."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

import pytest

from etl.periods import Period
from simulator.country import Country
from simulator.dossiers import REFUSED, RETURNED, Archive
from simulator.truth import COLUMNS, Truth
from tests.simulator.asking import OPENCPS, Q3, Portals, Record, assert_truth, unit_of

CODES = ("govAgencyCode", "domainCode", "groupAgencyCode", "system")


def _opencps(records: Iterable[Record]) -> dict[tuple[str, str], Counter[str]]:
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for r in records:
        if r["month"] and all(r[code] for code in CODES):
            figures = (
                r["processCount"], r["onlineCount"], r["onegateCount"], r["remainingCount"],
                r["releaseCount"] + r["cancelledCount"], r["betimesCount"], r["ontimeCount"] + r["cancelledCount"],
                r["overtimeCount"], r["processingCount"] + r["waitingCount"], r["undueCount"] + r["waitingCount"],
                r["overdueCount"],
            )  # fmt: skip
            found[unit_of(r["govAgencyCode"]), r["domainCode"].lower()].update(dict(zip(COLUMNS, figures, strict=True)))
    return found


@pytest.mark.parametrize("key", ["2026-Q3", "2026-Q2", "2026-M09"])
def test_opencps_says_the_truth(key: str, portals: Portals, country: Country, truth: Truth) -> None:
    period = Period.parse(key)
    answer = portals.opencps(period=period).json()
    assert answer["total"] == len(answer["dossierStatisticData"])
    assert_truth(_opencps(answer["dossierStatisticData"]), country, truth, OPENCPS, period)


def test_opencps_pages_are_the_whole(portals: Portals) -> None:
    whole = portals.opencps().json()["dossierStatisticData"]
    pages, start = [], 0
    while start < len(whole):
        page = portals.opencps(start=start, end=start + 500).json()
        assert page["total"] == len(whole)
        assert len(page["dossierStatisticData"]) == min(500, len(whole) - start)
        pages += page["dossierStatisticData"]
        start += 500
    assert pages == whole
    assert len(whole) > 1000
    assert portals.opencps(start=len(whole), end=len(whole) + 500).json()["dossierStatisticData"] == []


def test_opencps_arithmetic_holds_on_every_row(portals: Portals) -> None:
    records = portals.opencps().json()["dossierStatisticData"]
    for r in records:
        assert r["totalCount"] == r["deniedCount"] + r["processCount"]
        assert r["processCount"] == r["receivedCount"] + r["remainingCount"]
        assert r["receivedCount"] == r["onlineCount"] + r["onegateCount"]
        assert r["processCount"] == r["waitingCount"] + r["processingCount"] + r["cancelledCount"] + r["releaseCount"]
        assert r["processingCount"] == r["undueCount"] + r["overdueCount"] == r["insideCount"] + r["outsideCount"]
        assert r["interoperatingCount"] <= r["overdueCount"]
        assert r["releaseCount"] == r["unresolvedCount"] + r["doneCount"] + r["releasingCount"]
        assert r["releaseCount"] == r["betimesCount"] + r["ontimeCount"] + r["overtimeCount"]
        assert r["overtimeCount"] == r["overtimeInside"] + r["overtimeOutside"]
        in_time = r["betimesCount"] + r["ontimeCount"]
        none = 100 if r["month"] else 0
        assert r["ontimePercentage"] == (in_time * 100 // r["releaseCount"] if r["releaseCount"] else none)
    for column in (
        "deniedCount",
        "cancelledCount",
        "waitingCount",
        "releasingCount",
        "unresolvedCount",
        "interoperatingCount",
    ):
        assert any(r[column] for r in records), f"{column} never occurs"


def test_opencps_counts_refused_dossiers_apart(portals: Portals, country: Country, archive: Archive) -> None:
    """Status 3 is in the vendor's total and never in what is processed; status 1 is nowhere."""
    records = portals.opencps().json()["dossierStatisticData"]
    month = next(r for r in records if r["month"] and not any(r[code] for code in CODES))
    cohort = archive.cohort(country.provinces[OPENCPS], Q3)
    assert month["deniedCount"] == (cohort.outcome == REFUSED).sum() > 0
    assert month["receivedCount"] == (cohort.outcome >= RETURNED).sum()


def test_opencps_total_rows_are_the_totals_and_there_are_eight_kinds(portals: Portals) -> None:
    records = portals.opencps().json()["dossierStatisticData"]
    month = [r for r in records if r["month"]]
    details = [r for r in month if all(r[code] for code in CODES)]
    kinds = Counter(tuple(bool(r[code]) for code in CODES) for r in month)
    assert len(kinds) == 9
    for code in CODES:
        assert kinds[tuple(other != code for other in CODES)], f"no total row is told by a blank {code} alone"
    assert {r[code] for r in month for code in CODES if not r[code]} == {"", None}
    counts = [name for name in details[0] if name.endswith("Count")]
    for r in month:
        parts = [d for d in details if all(d[code] == r[code] for code in CODES if r[code])]
        assert {name: r[name] for name in counts} == {name: sum(d[name] for d in parts) for name in counts}


def test_opencps_year_and_all_time_rows_stand_among_the_others(portals: Portals, truth: Truth) -> None:
    records = portals.opencps().json()["dossierStatisticData"]
    spans = {(r["month"], r["year"]) for r in records}
    assert spans == {(9, 2026), (0, 2026), (0, 0)}
    grand = {(r["month"], r["year"]): r for r in records if not any(r[code] for code in CODES)}
    assert grand[9, 2026]["receivedCount"] < grand[0, 2026]["receivedCount"] < grand[0, 0]["receivedCount"]
    assert grand[9, 2026]["waitingCount"] == grand[0, 0]["waitingCount"], "the stock at the end is one and the same"
    assert any(all(r[code] for code in CODES) for r in records if r["month"] == 0)
