"""The real list of units, the tree on a day, and names that compare as people mean them."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.catalog.tables import units
from etl.model import NATION, Unit
from etl.settings import ROOT
from etl.units import UnitTree, name_key

UNITS = units({"units/units.csv": ROOT / "catalog" / "units" / "units.csv"})
NAMES = sorted({unit.name for unit in UNITS})
FIRST = dt.date(2025, 7, 1)
CHANGES = [FIRST, dt.date(2026, 4, 29), dt.date(2026, 4, 30), dt.date(2026, 9, 1), dt.date(2026, 9, 20)]
OTHER_PLACE = {  # tone on the other vowel of the pair
    one + other: plain + toned
    for plain, other, tones in (("o", "a", "òaóaỏaõaọa"), ("o", "e", "òeóeỏeõeọe"), ("u", "y", "ùyúyủyũyụy"))
    for one, toned in zip(tones[::2], {"a": "àáảãạ", "e": "èéẻẽẹ", "y": "ỳýỷỹỵ"}[other], strict=True)
}


@pytest.fixture(scope="module")
def tree() -> UnitTree:
    return UnitTree(UNITS, FIRST)


def unit(code: str, name: str, parent: str = "01") -> Unit:
    return Unit(code, name, "commune", name.split(maxsplit=1)[0], parent, FIRST, None, True, "test")


@pytest.mark.parametrize(
    ("day", "cities", "wards"),
    [
        (FIRST, 6, 687),
        (dt.date(2026, 4, 29), 6, 687),
        (dt.date(2026, 4, 30), 7, 697),
        (dt.date(2026, 9, 1), 8, 697),
        (dt.date(2026, 9, 20), 9, 697),
    ],
)
def test_counts_by_type_on_each_day_of_change(day: dt.date, cities: int, wards: int) -> None:
    tree = UnitTree(UNITS, day)
    assert Counter(unit.type for unit in tree.at_level("province")) == {"Thành phố": cities, "Tỉnh": 34 - cities}
    communes = Counter(unit.type for unit in tree.at_level("commune"))
    assert communes == {"Xã": 3321 - 13 - wards, "Phường": wards, "Đặc khu": 13}


@pytest.mark.parametrize("day", CHANGES)
def test_the_tree_is_whole_on_each_day_of_change(day: dt.date) -> None:
    tree = UnitTree(UNITS, day)
    assert len(tree.below(NATION)) == len(list(tree)) == 1 + 34 + 3321 + len(tree.at_level("ministry"))
    for province in tree.at_level("province"):
        children = tree.children(province.code)
        assert children, province
        assert all(child.level == "commune" and child.parent == province.code for child in children)
        assert all(tree.named(province.code, child.name) == child for child in children)


def test_every_name_begins_with_its_type_and_is_nfc() -> None:
    for unit in UNITS:
        assert unicodedata.is_normalized("NFC", unit.name)
        assert unit.name == " ".join(unit.name.split())
        if unit.level in ("province", "district", "commune"):
            assert unit.name.startswith(unit.type + " ")
            assert unit.verified == (unit.valid_from >= FIRST or unit.level == "province")


def test_ministries_are_not_verified() -> None:
    ministries = [unit for unit in UNITS if unit.level == "ministry"]
    assert len({unit.code for unit in ministries}) == 25
    assert not any(unit.verified for unit in ministries)


def test_type_and_name_follow_the_day() -> None:
    before, after = UnitTree(UNITS, dt.date(2026, 9, 19)), UnitTree(UNITS, dt.date(2026, 9, 20))
    assert (before["24"].name, after["24"].name) == ("Tỉnh Bắc Ninh", "Thành phố Bắc Ninh")
    assert [child.code for child in before.children("24")] == [child.code for child in after.children("24")]
    new_year = dt.date(2025, 1, 1)
    before, after = UnitTree(UNITS, new_year - dt.timedelta(days=1)), UnitTree(UNITS, new_year)
    assert (before["46"].name, after["46"].name) == ("Tỉnh Thừa Thiên Huế", "Thành phố Huế")
    assert before.find("thua thien hue") == before["46"]
    assert after.find("Thừa Thiên Huế") is None


def test_a_unit_is_gone_on_the_day_it_ends() -> None:
    end = dt.date(2025, 3, 1)
    before, after = UnitTree(UNITS, end - dt.timedelta(days=1)), UnitTree(UNITS, end)
    assert before["G04"].valid_to == end
    assert "G04" not in after
    assert after.find("Bộ Giao thông vận tải") is None
    assert (before["G10"].name, after["G10"].name) == (
        "Bộ Nông nghiệp và Phát triển nông thôn",
        "Bộ Nông nghiệp và Môi trường",
    )


@pytest.mark.parametrize(
    ("day", "cities"),
    [
        (dt.date(2019, 3, 12), 5),
        (dt.date(2020, 9, 15), 5),
        (dt.date(2024, 12, 31), 5),
        (dt.date(2025, 1, 1), 6),  # Huế
        (FIRST - dt.timedelta(days=1), 6),
    ],
)
def test_until_the_reform_there_are_three_levels(day: dt.date, cities: int) -> None:
    tree = UnitTree(UNITS, day)
    assert [len(tree.at_level(level)) for level in ("province", "district", "commune")] == [63, 696, 10035]
    assert Counter(unit.type for unit in tree.at_level("province")) == {"Thành phố": cities, "Tỉnh": 63 - cities}
    assert len(tree.below(NATION)) == len(list(tree))
    for commune in tree.at_level("commune"):
        assert tree[commune.parent or ""].level == "district"
        assert tree[tree.home(commune.code)].level == "province"
    assert tree.find("Thái Nguyên") == tree["19"], "a district of that name is not meant"


def test_a_code_means_a_unit_only_together_with_its_day() -> None:
    before, after = UnitTree(UNITS, FIRST - dt.timedelta(days=1)), UnitTree(UNITS, FIRST)
    assert (before["24"].name, after["24"].name) == ("Tỉnh Bắc Giang", "Tỉnh Bắc Ninh")
    assert (before["00004"].name, after["00004"].name) == ("Phường Trúc Bạch", "Phường Ba Đình")
    both = [unit.code for unit in before.at_level("commune") if unit.code in after]
    assert len(both) == len({*both}) > 3000


def test_before_the_list_begins_there_is_no_province() -> None:
    tree = UnitTree(UNITS, dt.date(2019, 3, 11))
    assert tree.at_level("province") == tree.at_level("commune") == []
    assert "01" not in tree
    with pytest.raises(KeyError):
        tree["01"]


def test_children_are_in_code_order(tree: UnitTree) -> None:
    codes = [unit.code for unit in tree.children("01")]
    assert codes == sorted(codes)
    assert tree["00004"].name == "Phường Ba Đình"
    assert tree.children("00004") == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ha noi", "01"),
        ("Hà Nội", "01"),
        (unicodedata.normalize("NFD", "Hà Nội"), "01"),
        ("01", "01"),
        (" 01 ", "01"),
        ("Thành phố Hà Nội", "01"),
        ("da nang", "48"),
        ("TỈNH ĐẮK LẮK", "66"),
        ("ho chi minh", "79"),
        ("00004", "00004"),
        ("cả nước", NATION),
        ("vn", NATION),
        ("g09", "G09"),
        ("Bộ Nội vụ", "G09"),
    ],
)
def test_find_what_people_type(tree: UnitTree, text: str, code: str) -> None:
    found = tree.find(text)
    assert found is not None
    assert found.code == code


@pytest.mark.parametrize("text", ["", "Hà", "1", "99999", "Phường Ba Đình"])
def test_find_nothing_for_what_is_no_code_and_no_name_above_communes(tree: UnitTree, text: str) -> None:
    assert tree.find(text) is None


@given(
    st.sampled_from(NAMES),
    st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]),
    st.sampled_from([str, str.upper, str.lower]),
)
def test_form_and_case_do_not_matter(name: str, form: str, case: type[str]) -> None:
    assert name_key(unicodedata.normalize(form, case(name))) == name_key(name)


@given(st.sampled_from(NAMES), st.sampled_from([" ", "  ", "\t", "\u00a0"]))
def test_spacing_does_not_matter(name: str, space: str) -> None:
    assert name_key(space + name.replace(" ", space) + space) == name_key(name)


@given(st.sampled_from([name for name in NAMES if any(pair in name for pair in OTHER_PLACE)]))
def test_tone_placement_does_not_matter(name: str) -> None:
    other = name
    for pair, moved in OTHER_PLACE.items():
        other = other.replace(pair, moved)
    assert other != name
    assert name_key(other) == name_key(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Xã Cư M'gar", "Xã Cư M\u2019gar"), ("Phường Văn Miếu - Quốc Tử Giám", "Phường Văn Miếu\u2013Quốc Tử Giám")],
)
def test_apostrophe_and_dash_do_not_matter(one: str, other: str) -> None:
    assert one in NAMES
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Xã Hòa", "Xã Hóa"), ("Xã Đa", "Xã Da"), ("Xã Sơn", "Xã Son"), ("Xã Tân", "Phường Tân")]
)
def test_other_letters_tones_and_types_are_other_names(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


def test_a_name_is_looked_up_under_its_parent(tree: UnitTree) -> None:
    found = tree.named("22", unicodedata.normalize("NFD", "xã  BA CHẼ"))
    assert found is not None
    assert found.code == "06970"
    assert tree.named("01", "Xã Ba Chẽ") is None


def test_two_units_of_one_name_are_nobody() -> None:
    tree = UnitTree(
        [unit("00001", "Xã Tân Hòa"), unit("00002", "Xã Tân Hoà"), unit("00003", "Xã Tân Hòa", "04")], FIRST
    )
    assert tree.named("01", "Xã Tân Hòa") is None
    found = tree.named("04", "Xã Tân Hòa")
    assert found is not None
    assert found.code == "00003"
