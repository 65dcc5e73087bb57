"""What became of units, on small genealogies and on the real reform."""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

from etl.catalog.tables import units
from etl.catalog.unit_history import changes, codes
from etl.model import Change, Event, Unit
from etl.settings import ROOT
from etl.units import UnitTree, name_key
from etl.units.genealogy import Genealogy, apportioned, events
from etl.units.restate import Told, restate

FILES = {path.relative_to(ROOT / "catalog").as_posix(): path for path in (ROOT / "catalog/units").glob("*.csv")}
UNITS = units(FILES)
CHANGES = changes(FILES, UNITS)
REFORM, LATER = dt.date(2025, 7, 1), dt.date(2026, 2, 1)
BEFORE, TODAY = dt.date(2025, 6, 30), dt.date(2026, 11, 23)


def unit(code: str, begin: dt.date, end: dt.date | None, name: str = "", parent: str = "01") -> Unit:
    return Unit(code, name or f"Xã {code}", "commune", (name or "Xã").split()[0], parent, begin, end, True, "test")


def link(old: str, new: str | None, share: str = "whole", date: dt.date = REFORM) -> Change:
    return Change(date, old, new, share, "act")  # type: ignore[arg-type]


def test_whole_and_divided_units_over_two_dates() -> None:
    told = Genealogy(
        [
            link("a", "x"),
            link("b", "x"),
            link("c", "y", "part"),
            link("c", "z", "part"),
            link("y", "w", date=LATER),
            link("z", "w", date=LATER),
            link("x", "x1", "part", LATER),
            link("x", "x2", "part", LATER),
        ]
    )
    between = told.boundaries(["a", "b", "c", "d"], BEFORE, REFORM)
    assert between.shares["c"] == {"y": Fraction(1, 2), "z": Fraction(1, 2)}
    assert (between.origins["x"], between.unclear("x"), between.unclear("y")) == (("a", "b"), False, True)
    assert between.shares["d"] == {"d": 1}
    after = told.boundaries(["c", "a"], BEFORE, TODAY)
    assert after.shares["c"] == {"w": 1}, "what was divided and came together again is whole"
    assert not after.unclear("w")
    assert after.unclear("x1")
    assert after.origins["x1"] == ("a", "b")
    back = told.boundaries(["x", "y"], REFORM, BEFORE)
    assert back.shares["x"] == {"a": Fraction(1, 2), "b": Fraction(1, 2)}
    assert back.origins["c"] == ("y", "z")


def test_largest_remainders_sum_to_the_whole() -> None:
    assert apportioned(7, {"a": Fraction(1, 3), "b": Fraction(1, 3), "c": Fraction(1, 3)}) == {"a": 3, "b": 2, "c": 2}
    assert apportioned(7, {"a": Fraction(1, 4), "b": Fraction(3, 4)}) == {"a": 2, "b": 5}
    assert apportioned(0, {"a": Fraction(1, 2), "b": Fraction(1, 2)}) == {"a": 0, "b": 0}


@pytest.mark.parametrize(
    ("links", "kind"),
    [
        ([link("1", "5"), link("2", "5")], "merge"),
        ([link("1", "5", "part"), link("1", "6", "part")], "split"),
        ([link("1", "5", "part"), link("1", "6", "part"), link("2", "6")], "many_to_many"),
        ([link("3", "7")], "rename"),
        ([link("3", "8")], "change_of_type"),
        ([link("3", "9")], "move"),
        ([link("3", "3")], None),
        ([link("1", None), link("2", None)], "abolition"),
    ],
)
def test_events_are_told_by_links(links: list[Change], kind: str | None) -> None:
    known = [
        unit("1", dt.date(2020, 1, 1), REFORM),
        unit("2", dt.date(2020, 1, 1), REFORM),
        unit("3", dt.date(2020, 1, 1), None, "Xã Ba"),
        unit("5", REFORM, None),
        unit("6", REFORM, None),
        unit("7", REFORM, None, "Xã Bốn"),
        unit("8", REFORM, None, "Phường Ba"),
        unit("9", REFORM, None, "Xã Ba", "02"),
    ]
    old = tuple(sorted({one.old for one in links}))
    new = tuple(sorted({one.new for one in links if one.new}))
    assert events(known, links) == ([] if kind is None else [Event(REFORM, kind, old, new, "act")])  # type: ignore[arg-type]


def test_events_are_told_by_rows_under_one_code() -> None:
    first = dt.date(2020, 1, 1)
    rows = [
        unit("1", first, REFORM, "Xã Một"),
        unit("1", REFORM, LATER, "Xã Hai"),
        unit("1", LATER, None, "Phường Hai"),
    ]
    assert [(one.date, one.kind, one.old, one.new) for one in events(rows, [])] == [
        (REFORM, "rename", ("1",), ("1",)),
        (LATER, "change_of_type", ("1",), ("1",)),
    ]


def test_the_real_events() -> None:
    found = events(UNITS, CHANGES)
    abolished = [one for one in found if one.kind == "abolition"]
    assert [(one.date, len(one.old)) for one in abolished] == [(REFORM, 691)], "five districts became communes"
    cities = {one.old: (one.date, one.source) for one in found if one.kind == "change_of_type" and one.date > REFORM}
    assert {code: cities[code,][0].isoformat() for code in ("75", "22", "24")} == {
        "75": "2026-04-30",
        "22": "2026-09-01",
        "24": "2026-09-20",
    }
    assert "NQ 30/2026/QH16" in cities["75",][1]
    assert len(cities) == 3 + 10, "ten communes of Đồng Nai became phường"
    before_reform = [one for one in found if one.date < REFORM and one.kind != "rename"]
    assert before_reform == [Event(dt.date(2025, 1, 1), "change_of_type", ("46",), ("46",), "NQ 175/2024/QH15")]
    merged = {one.new: one.old for one in found if one.kind == "merge"}
    assert merged["08",] == ("02", "08"), "Hà Giang and Tuyên Quang"
    assert {len(merged[code]) for code in merged if len(code[0]) == 2} == {2, 3}
    assert sum(len(merged[code]) for code in merged if len(code[0]) == 2) == 63 - 11


def test_the_reform_has_the_published_numbers() -> None:
    shares = Counter((len(change.old), change.share, change.new is None) for change in CHANGES)
    assert shares[2, "whole", False] == 63
    assert shares[3, "whole", True] == 691
    assert {change.old: change.new for change in CHANGES if len(change.old) == 3 and change.new} == {
        "318": "11948",
        "471": "19742",
        "498": "20333",
        "536": "21548",
        "755": "26732",
    }
    whole = {change.old for change in CHANGES if len(change.old) == 5 and change.share == "whole"}
    divided = {change.old for change in CHANGES if change.share == "part"}
    assert (len(whole), len(divided)) == (9595, 440)


def test_every_unit_of_the_old_list_leads_to_the_new_one_and_back() -> None:
    before, after = UnitTree(UNITS, BEFORE), UnitTree(UNITS, REFORM)
    told = Genealogy(CHANGES).boundaries([unit.code for unit in before], BEFORE, REFORM)
    for one in before:
        assert all(target in after for target in told.shares[one.code])
        assert (not told.shares[one.code]) == (one.level == "district" and one.code not in
                                              ("318", "471", "498", "536", "755"))  # fmt: skip
        assert sum(told.shares[one.code].values()) in (0, 1)
    reached = {target for shares in told.shares.values() for target in shares}
    assert {unit.code for unit in after} <= reached | {unit.code for unit in after.at_level("ministry")}
    for one in before.at_level("commune"):
        home = told.shares[before.home(one.code)]
        assert {after.home(target) for target in told.shares[one.code]} == set(home)


def test_the_parts_of_each_divided_commune_sum_to_the_whole_and_say_what_they_are() -> None:
    genealogy = Genealogy(CHANGES)
    divided = {change.old for change in CHANGES if change.share == "part"}
    for code in sorted(divided):
        boundaries = genealogy.boundaries([code], BEFORE, TODAY)
        figures = dict.fromkeys(boundaries.shares, (0, None)) | {code: (31, None)}
        parts = {one.unit: one for one in restate(figures, boundaries, "apportion")}
        dealt = {successor: parts[successor] for successor in boundaries.shares[code]}
        assert sum(part.value or 0 for part in dealt.values()) == 31
        assert {part.label for part in dealt.values()} == {"apportioned"}
        kept = [one for one in restate(figures, boundaries, "keep") if one.value]
        assert kept == [Told(code, BEFORE, 31, None, "old_boundary")]


def test_whole_communes_went_where_another_collection_says() -> None:
    """By names, against a collection that our table does not come from (vn-address-converter): see catalog/units."""
    before, after = UnitTree(UNITS, BEFORE), UnitTree(UNITS, REFORM)
    told = Genealogy(CHANGES).boundaries([unit.code for unit in before], BEFORE, REFORM)
    theirs = _their_successors()
    whole = [one for one in before.at_level("commune") if not told.divided(one.code)]
    compared, other = 0, {}
    for one in whole:
        district, home = before[one.parent or ""], before[before.home(one.code)]
        said = theirs.get((_short(home), name_key(district.name), name_key(one.name)))
        if said is not None:
            compared += 1
            (new,) = told.shares[one.code]
            ours = (_short(after[after.home(new)]), name_key(after[new].name))
            if ours != said:
                other[one.code] = said[1]
    # Two communes of one name, exchanged there: the table of the statistics office has them as we do.
    assert set(other) == {"30901", "30913"}
    assert compared >= 0.97 * len(whole)
    assert len(other) <= 0.01 * compared


def _short(province: Unit) -> str:
    return name_key(province.name.removeprefix(province.type))


def _their_successors() -> dict[tuple[str, str, str], tuple[str, str]]:
    """(province, district, commune) before -> (province, commune) after; an empty cell is that of the line above."""
    with (Path(__file__).parent / "communes_2025.csv").open(encoding="utf-8", newline="") as lines:
        found = {}
        last: dict[str, str] = {}
        for row in csv.DictReader(lines):
            last |= {name: text for name, text in row.items() if text}
            old = _bare(last["old_province"]), name_key(last["old_district"]), name_key(last["old"])
            found[old] = _bare(last["new_province"]), name_key(last["new"])
        return found


def _bare(province: str) -> str:
    return name_key(province.removeprefix("Tỉnh ").removeprefix("Thành phố "))


def test_codes_of_other_systems_are_verified_only_where_they_were_seen() -> None:
    read = codes(FILES, UNITS)
    before = UnitTree(UNITS, BEFORE)
    identifiers = {code.code: code for code in read if code.system == "qd_20_2020"}
    assert {code for code, one in identifiers.items() if one.verified} == {
        "H14", "H20", "H22", "H36", "H41", "H53", "H56",
    }  # fmt: skip
    assert len(identifiers) == 63
    assert {one.unit for one in identifiers.values()} == {one.code for one in before.at_level("province")}
    assert before[identifiers["H22"].unit].name == "Tỉnh Hà Giang"
    named = {code.code: before[code.unit].name for code in read if code.system == "qcvn_102"}
    assert named["000.20.31.H53"] == "Thị trấn Bến Cầu"
    assert named["000.21.31.H53"] == "Xã An Thạnh"
    assert not any(code.verified for code in read if code.system == "dvcqg")
    assert not any(code.valid_to is None for code in identifiers.values()), "codes after the mergers are not known"
