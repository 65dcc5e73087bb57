"""What became of the communes on 01/07/2025, against the package `vietnamadminunits`; what differs is in the README.

Its data files are read, not its code: it finds units by keys made of their names, and keeps their codes beside these.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sqlite3
from collections.abc import Mapping
from pathlib import Path

import pytest

from etl.catalog.tables import units
from etl.catalog.unit_history import changes
from etl.model import Change
from etl.settings import ROOT

FILES = {path.relative_to(ROOT / "catalog").as_posix(): path for path in (ROOT / "catalog/units").glob("*.csv")}
README = (ROOT / "catalog/units/README.md").read_text("utf-8")
Successors = Mapping[str, frozenset[str]]
"""Code of a commune before -> codes of the communes that it, or parts of it, went into."""


@pytest.fixture(scope="module")
def ours() -> dict[str, list[Change]]:
    """The links of each commune of before."""
    found: dict[str, list[Change]] = {}
    for change in changes(FILES, units(FILES)):
        if len(change.old) == 5:
            found.setdefault(change.old, []).append(change)
    return found


@pytest.fixture(scope="module")
def theirs() -> tuple[Successors, Successors]:
    """The communes that the package calls whole, and those that it calls divided."""
    spec = importlib.util.find_spec("vietnamadminunits")
    assert spec is not None
    assert spec.submodule_search_locations is not None, "requirements-dev.lock has it"
    data = Path(spec.submodule_search_locations[0]) / "data"
    with sqlite3.connect(f"file:{data / 'dataset.db'}?mode=ro", uri=True) as database:
        query = "select provinceKey, districtKey, wardKey, wardCode from admin_units_legacy where wardCode <> ''"
        before = {f"{province}_{district}_{ward}": code for province, district, ward, code in database.execute(query)}
        query = "select provinceKey, wardKey, wardCode from admin_units"
        after = {(province, ward): code for province, ward, code in database.execute(query)}
    assert (len(before), len(after)) == (10_035, 3_321)
    converter = json.loads((data / "converter_2025.json").read_text("utf-8"))
    whole: dict[str, frozenset[str]] = {}
    for province, merged in converter["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for ward, olds in merged.items():
            for old in olds:
                if old in before:  # five island districts had no commune
                    assert before[old] not in whole
                    whole[before[old]] = frozenset({after[province, ward]})
    divided = {
        before[old]: frozenset(after[province, part["newWardKey"]] for part in parts)
        for province, olds in converter["DICT_PROVINCE_WARD_DIVIDED"].items()
        for old, parts in olds.items()
    }
    assert not set(whole) & set(divided)
    assert set(whole) | set(divided) == set(before.values())
    return whole, divided


def test_whole_communes_agree_and_the_rest_is_listed_with_its_reason(
    ours: dict[str, list[Change]], theirs: tuple[Successors, Successors]
) -> None:
    whole = {old: links[0] for old, links in ours.items() if links[0].share == "whole"}
    agree = {old for old, link in whole.items() if theirs[0].get(old) == frozenset({link.new})}
    assert (len(agree), len(whole)) == (9_564, 9_595)
    assert len(agree) >= 0.99 * len(whole)
    assert set(theirs[0]) == agree, "what is whole there is whole here"
    rest = set(whole) - agree
    listed = re.search(r"corrected after the table of the statistics office.*?:\n((?:\d{5}[,.]\s)+)", README, re.S)
    assert listed is not None
    assert set(re.findall(r"\d{5}", listed[1])) == rest | {"10798"}
    assert all("bảng chuyển đổi của cơ quan thống kê" in whole[old].source for old in rest)
    assert all(whole[old].new in theirs[1][old] for old in rest), "one of the parts that it was divided into there"


def test_divided_communes_have_the_same_successors(
    ours: dict[str, list[Change]], theirs: tuple[Successors, Successors]
) -> None:
    divided = {old: {link.new for link in links} for old, links in ours.items() if links[0].share == "part"}
    assert len(divided) == 440
    assert {old for old, parts in divided.items() if theirs[1][old] != parts} == {"10798"}
