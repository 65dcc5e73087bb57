"""The country before the reform of 1 July 2025: other agencies, the same dossiers and documents."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import numpy as np
import pytest
import requests

from etl.periods import Period
from etl.units import UnitTree
from simulator.country import REFORM, Country, Province
from simulator.documents import Post
from simulator.dossiers import DAY, OFFSET, REFUSED, REGISTERED, Archive, day_number
from simulator.past import Past
from simulator.truth import COLUMNS, Days, Figures, Truth
from tests.simulator.asking import SEED, Portals

LAST_OLD, FIRST_NEW = Period.parse("2025-Q2"), Period.parse("2025-Q3")
MERGED, DIVIDED_INTO, ALONE = "08", "01", "04"
"""Tuyên Quang, of two provinces; Hà Nội, whose wards were divided; Cao Bằng, which nothing was merged with."""


def _behind(country: Country, code: str) -> list[Province]:
    return [country.past[old] for old in country.origins[code]]


def _sum(rows: dict[tuple[str, str, str], Figures]) -> Figures:
    return sum(rows.values(), Figures())


def test_every_old_province_has_its_own_agencies_and_a_portal_that_no_other_has(country: Country) -> None:
    tree = UnitTree(country._units, REFORM - dt.timedelta(days=1))
    assert len(country.past) == 63
    agencies = [agency for province in country.past.values() for agency in (*province.communes, *province.districts)]
    assert Counter(agencies) == Counter({unit.code: 1 for unit in tree if unit.level in ("commune", "district")})
    assert len(country.portals) == 63 + 34
    assert not set(country.past) & {name for name in country.portals if country.portals[name].since < REFORM}


@pytest.mark.parametrize("code", [MERGED, DIVIDED_INTO, ALONE])
@pytest.mark.parametrize("key", ["2023-Q4", "2024-Q4", "2025-Q2"])
def test_every_dossier_of_an_old_quarter_has_one_old_agency_of_its_province(
    country: Country, archive: Archive, code: str, key: str
) -> None:
    quarter, province = Period.parse(key), country.provinces[code]
    whole = archive.cohort(province, quarter)
    places = Past(country).places(province)
    assert places is not None
    codes = np.array([agency for one in places.before for agency in one.agencies])
    came_from = codes[whole.before]
    tree = UnitTree(country._units, quarter.last_day)
    districts = {one: unit for one in set(came_from.tolist()) if (unit := tree[one[:2] if "." in one else one])}
    assert {unit.level for unit in districts.values()} == {"province", "district", "commune"}
    for agency, before in set(zip(whole.agency.tolist(), came_from.tolist(), strict=True)):
        now, origins = province.agencies[agency], country.origins.get(province.agencies[agency], ())
        if "." in now:
            assert before[:2] in country.origins[code]
            assert before[2:] == now[2:]
        else:
            over = {tree[origin].parent for origin in origins if tree[origin].level == "commune"}
            assert before in {*origins, *over}
    each = [archive.cohort(one, quarter) for one in _behind(country, code)]
    assert sum(map(len, each)) == len(whole)
    assert sorted(np.concatenate([one.received for one in each])) == sorted(whole.received)


def test_every_old_agency_handles_something_in_every_quarter_even_in_a_tiny_country() -> None:
    country = Country(SEED, 0.001)
    archive = Archive(country)
    for province in country.past.values():
        cohort = archive.cohort(province, LAST_OLD)
        handled = np.unique(cohort.agency[~np.isin(cohort.outcome, (REGISTERED, REFUSED))])
        assert len(handled) == len(province.agencies)


def test_what_is_added_for_old_agencies_is_over_within_its_quarter(country: Country) -> None:
    """So no figure of a quarter since the reform knows of it."""
    province, archive = country.provinces[MERGED], Archive(country)
    without = Archive(country)
    without._settled = lambda province, quarter, made: made  # type: ignore[method-assign]
    more, less = archive.cohort(province, LAST_OLD), without.cohort(province, LAST_OLD)
    assert len(more) > len(less)
    for name in ("agency", "received", "ended", "outcome", "procedure"):
        assert np.array_equal(getattr(more, name)[: len(less)], getattr(less, name))
    days = (np.concatenate([more.received[len(less) :], more.ended[len(less) :]]) + OFFSET) // DAY
    assert days.min() >= day_number(LAST_OLD.first_day)
    assert days.max() <= day_number(LAST_OLD.last_day)


@pytest.mark.parametrize("code", [MERGED, DIVIDED_INTO, ALONE])
@pytest.mark.parametrize("key", ["2024-Q3", "2025-Q2"])
def test_the_provinces_that_were_merged_add_up_to_the_one_of_today(
    country: Country, truth: Truth, code: str, key: str
) -> None:
    period = Period.parse(key)
    before, now = Figures(), truth.onestop(country.provinces[code], period)
    for province in _behind(country, code):
        before.update(_sum(truth.onestop(province, period)))
    assert before == _sum(now)
    assert min(before[name] for name in COLUMNS) > 0
    sent = [sum(truth.edoc(province, period).values(), Figures()) for province in _behind(country, code)]
    assert sum(sent, Figures()) == sum(truth.edoc(country.provinces[code], period).values(), Figures())


def test_a_commune_of_whole_ones_has_what_they_and_their_districts_did_for_it(
    country: Country, archive: Archive, truth: Truth
) -> None:
    province = country.provinces[MERGED]
    whole = archive.touching(province, LAST_OLD.first_day, LAST_OLD.last_day)
    places = Past(country).places(province)
    assert places is not None
    codes = [agency for one in places.before for agency in one.agencies]
    at_commune = np.array([len(one) == 5 and "." not in one for one in codes])[whole.before]
    accepted = ~np.isin(whole.outcome, (REGISTERED, REFUSED))
    day, end_day = (whole.received + OFFSET) // DAY, (whole.ended + OFFSET) // DAY
    seen = accepted & (day <= day_number(LAST_OLD.last_day)) & (end_day >= day_number(LAST_OLD.first_day))
    successors = Counter(origin for commune in province.communes for origin in country.origins[commune])
    old = {
        unit: row["received_total"]
        for one in _behind(country, MERGED)
        for (unit, tier, _), row in truth.onestop(one, LAST_OLD).items()
        if tier == "commune"
        for row in [sum((r for (u, t, _), r in truth.onestop(one, LAST_OLD).items() if u == unit), Figures())]
    }
    compared = 0
    for place, commune in enumerate(province.communes):
        origins = country.origins[commune]
        if all(successors[origin] == 1 for origin in origins):
            assert int((seen & at_commune & (whole.agency == place)).sum()) == sum(old[origin] for origin in origins)
            compared += 1
    assert compared > 50


def test_what_was_pending_before_the_reform_is_carried_over_by_the_successors(country: Country, truth: Truth) -> None:
    for code in (MERGED, DIVIDED_INTO, ALONE):
        pending, carried = Counter[str](), Counter[str]()
        for province in _behind(country, code):
            for (_, tier, field), row in truth.onestop(province, LAST_OLD).items():
                pending["province" if tier == "province" else "below", field] += row["pending_total"]
        for (_, tier, field), row in truth.onestop(country.provinces[code], FIRST_NEW).items():
            carried["province" if tier == "province" else "below", field] += row["carried_over"]
        assert +pending == +carried
        assert sum(carried.values()) > 20


def test_the_last_days_of_june_are_the_old_provinces_and_no_later_day_is(
    country: Country, archive: Archive, truth: Truth
) -> None:
    june = Days(dt.date(2025, 6, 15), dt.date(2025, 6, 30))
    old = sum((_sum(truth.onestop(province, june)) for province in _behind(country, MERGED)), Figures())
    assert old == _sum(truth.onestop(country.provinces[MERGED], june))
    assert old["received_online"] > 0
    for province in _behind(country, MERGED):
        assert len(archive.cohort(province, Period.parse("2025-Q4"))) == 0
        late = archive.cohort(province, FIRST_NEW).received
        assert len(late) > 0
        assert (late.max() + OFFSET) // DAY < day_number(REFORM)


def test_truth_tells_units_by_the_period(truth: Truth) -> None:
    def tiers(unit: str, key: str) -> set[str]:
        return {str(row["tier"]) for row in truth.form(unit, Period.parse(key))}

    assert tiers("24", "2025-Q2") == tiers("VN", "2025-Q2") == {"province", "district", "commune", "all"}
    assert tiers("24", "2025-Q3") == {"province", "commune", "all"}
    assert tiers("001", "2025-Q2") == {"district", "commune", "all"}, "a district with the communes under it"
    with pytest.raises(KeyError):
        truth.form("001", FIRST_NEW)
    with pytest.raises(KeyError):
        truth.form("27", FIRST_NEW)
    rows = {str(row["field"]): row for row in truth.form("001", LAST_OLD) if row["tier"] == "all"}
    assert rows["all"]["received_total"] == sum(row["received_total"] for key, row in rows.items() if key != "all")


def test_names_are_those_of_the_day(country: Country) -> None:
    day = dt.date(2025, 6, 14)
    assert country.agency_name("24", day) == "UBND tỉnh Bắc Giang"
    assert country.agency_name("24", dt.date(2026, 9, 14)) == "UBND tỉnh Bắc Ninh"
    assert country.agency_name("00004", day) == "UBND phường Trúc Bạch, quận Ba Đình"
    assert country.agency_name("001", day) == "UBND quận Ba Đình"
    names = [country.agency_name(code, day) for one in country.past.values() for code in one.communes]
    assert len(set(names)) > 9_900


def test_no_document_of_an_old_axis_is_of_another_province(country: Country, post: Post) -> None:
    for province in _behind(country, MERGED):
        documents = post.cohort(province, LAST_OLD)
        assert len(documents.sender) == len(documents.sent) > 0
        assert documents.document.max() < len(documents.sender)
        assert (np.diff(documents.document) >= 0).all()
        assert (documents.sender >= 0).any()


def test_an_old_portal_stands_beside_the_new_one_of_its_code(portals: Portals, country: Country, truth: Truth) -> None:
    def ask(code: str) -> requests.Response:
        return portals.tandan("", code, LAST_OLD, maDinhDanhCha="24")

    rows = ask("24-2024").json()["data"]
    old = country.past["24"]
    assert {row["maThongKe"] for row in rows} == set(old.agencies)
    assert Counter(row["catalog"] for row in rows) == {
        "xa-phuong": len(old.communes),
        "quan-huyen": len(old.districts),
        "so-ban-nganh": len(old.departments),
    }
    of_truth = {(row["tier"], row["field"]): row for row in truth.form("24", LAST_OLD)}
    for catalog, tier in (("xa-phuong", "commune"), ("quan-huyen", "district"), ("so-ban-nganh", "province")):
        total = sum(row["tongSo"] for row in rows if row["catalog"] == catalog)
        assert total == of_truth[tier, "all"]["received_total"] > 0
    fault = f"{portals.url}/faults/tandan_06a/24-2024"
    assert portals.session.put(fault, json={"kind": "down"}, timeout=10).status_code == 200
    try:
        assert (ask("24-2024").ok, ask("24").ok) == (False, True)
    finally:
        portals.session.delete(fault, timeout=10)
    assert portals.tandan("", "27", LAST_OLD).status_code == 404, "27 is no province any more"
