"""What the catalog says, folders laid one over the other, and the real one."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from etl.catalog import Catalog, load
from etl.catalog.suites import read_suite, rules_version
from etl.errors import CatalogError
from etl.periods import Period
from etl.settings import ROOT
from tests.catalog.miniature import FILES, edit, write


def test_the_miniature_loads(folder: Path) -> None:
    catalog = load((folder,))
    source = catalog.sources["ha_noi"]
    assert (source.id, source.unit, source.headers) == ("ha_noi", "01", {"groupId": "010001"})
    assert source.valid_from == dt.date(2025, 7, 1)
    assert catalog.platforms["portal"].columns == {"online": ("online",), "direct": ("counter", "post")}
    assert catalog.indicators["online_rate"].examples[0].value == Decimal("66.67")
    assert catalog.dataset_of(source) == "dossiers"
    assert [indicator.code for indicator in catalog.indicators_of("dossiers")] == ["received_online", "online_rate"]
    assert catalog.units[3].source == "test, again"


def test_exchanged_columns_are_read_so_from_their_period_on(folder: Path) -> None:
    line = "exchanged: {2026-Q4: {post: online}, 2026-Q2: {online: counter}, 2027-Q1: {online: post}}"
    edit(folder, "sources/ha_noi.yml", "headers:", f"{line}\nheaders:")
    catalog = load((folder,))
    source = catalog.sources["ha_noi"]
    read = {
        key: catalog.platform_of(source, Period.parse(key)).columns
        for key in ("2026-Q1", "2026-M05", "2026-Q3", "2026-Q4", "2027-Q2")
    }
    exchanged = {"online": ("counter",), "direct": ("online", "post")}
    assert read == {
        "2026-Q1": {"online": ("online",), "direct": ("counter", "post")},
        "2026-M05": exchanged,
        "2026-Q3": exchanged,
        "2026-Q4": {"online": ("counter",), "direct": ("post", "online")},
        "2027-Q2": exchanged,  # a pair once more: it was turned back
    }


def test_a_later_folder_replaces_and_adds(folder: Path, tmp_path: Path) -> None:
    site = write(
        tmp_path / "site",
        {
            "sources/ha_noi.yml": FILES["sources/ha_noi.yml"].replace("env:PORTAL/01", "https://portal.site.example"),
            "sources/bac_ninh.yml": FILES["sources/ha_noi.yml"].replace("'01'", "'24'"),
            ".git/config.yml": "not ours",
            "notes.txt": "anything",
        },
    )
    base, both, reversed_order = load((folder,)), load((folder, site)), load((site, folder))
    assert set(base.sources) == {"ha_noi"}
    assert set(both.sources) == {"ha_noi", "bac_ninh"}
    assert both.sources["ha_noi"].address == "https://portal.site.example"
    assert both.sources["bac_ninh"].unit == "24"
    assert reversed_order.sources["ha_noi"].address == "env:PORTAL/01"
    assert both.indicators == base.indicators


def test_a_unit_is_reported_once_and_compared_as_often_as_wanted(folder: Path) -> None:
    again = FILES["sources/ha_noi.yml"]
    write(folder, {"sources/ha_noi_too.yml": again})
    with pytest.raises(CatalogError, match=r"sources/ha_noi.yml reports dossiers of unit 01 too") as caught:
        load((folder,))
    assert (caught.value.file, caught.value.key) == (str(folder / "sources/ha_noi_too.yml"), "role")
    write(folder, {"sources/ha_noi_too.yml": again + "valid_to: '2026-07-01'\n"})
    with pytest.raises(CatalogError, match="too"):
        load((folder,))
    edit(folder, "sources/ha_noi.yml", "owner:", "valid_from: '2026-07-01'\nowner:")
    catalog = load((folder,))
    assert {source.role for source in catalog.sources.values()} == {"reporting"}
    assert catalog.compared(Period.parse("2026-Q3")) == frozenset()
    compared = {f"sources/compared_{number}.yml": again + "role: comparison\n" for number in range(2)}
    write(folder, compared)
    assert load((folder,)).compared(Period.parse("2026-Q3")) == {"compared_0", "compared_1"}
    write(folder, {"sources/ba_dinh.yml": again.replace("'01'", "'00004'")})
    assert "ba_dinh" in load((folder,)).sources, "a commune may have a source of its own beside its province's"


def test_a_mistake_in_a_later_folder_names_the_file_there(folder: Path, tmp_path: Path) -> None:
    site = write(tmp_path / "site", {"sources/bac_ninh.yml": FILES["sources/ha_noi.yml"].replace("'01'", "24")})
    with pytest.raises(CatalogError) as caught:
        load((folder, site))
    assert (caught.value.file, caught.value.line) == (str(site / "sources/bac_ninh.yml"), 2)


def test_the_version_follows_what_is_said_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    version = load((folder,)).version
    assert load((write(tmp_path / "copy", FILES),)).version == version
    write(folder, {"units/README.md": "where it comes from"})
    assert load((folder,)).version == version
    edit(folder, "fields.csv", "Hộ tịch", "Hộ tịch, quốc tịch".replace(",", " và"))
    assert load((folder,)).version != version


def test_the_version_of_the_rules_follows_their_suites(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="no suite of rules"):
        rules_version(tmp_path)
    write(tmp_path, {"edoc.yml": "rules: []", "README.md": "about"})
    version = rules_version(tmp_path)
    assert rules_version(write(tmp_path, {"README.md": "more"})) == version
    assert rules_version(write(tmp_path, {"edoc.yml": "rules: {}"})) != version


def test_a_suite_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="missing") as caught:
        read_suite(tmp_path, "edoc", load((ROOT / "catalog",)).datasets["edoc"])
    assert caught.value.file == str(tmp_path / "edoc.yml")


def test_the_genealogy_and_the_codes_of_other_systems_are_read(folder: Path) -> None:
    catalog = load((folder,))
    assert [(change.old, change.new, change.share) for change in catalog.changes if change.old == "00007"] == [
        ("00007", "00004", "part"),
        ("00007", "00008", "part"),
    ]
    assert next(change.new for change in catalog.changes if change.old == "002") is None
    assert {(code.system, code.code, code.unit) for code in catalog.codes} == {
        ("qd_20_2020", "H26", "02"),
        ("qcvn_102", "000.00.31.H26", "002"),
        ("dvcqg", "398126", "01"),
    }


def test_due_sources_follow_their_validity(folder: Path) -> None:
    edit(folder, "sources/ha_noi.yml", "headers:", "valid_from: 2026-09-14\nvalid_to: 2027-03-14\nheaders:")
    catalog = load((folder,))
    due = {
        key: [source.id for source in catalog.due_sources(Period.parse(key))]
        for key in ("2026-Q2", "2026-Q3", "2026-Q4", "2027-Q1")
    }
    assert due == {"2026-Q2": [], "2026-Q3": ["ha_noi"], "2026-Q4": ["ha_noi"], "2027-Q1": []}


def test_the_tree_of_a_period_is_that_of_its_last_day(folder: Path) -> None:
    catalog = load((folder,))
    assert catalog.tree(Period.parse("2026-Q3"))["24"].name == "Tỉnh Bắc Ninh"
    assert catalog.tree(Period.parse("2026-Q4"))["24"].name == "Thành phố Bắc Ninh"
    assert catalog.tree(Period.parse("2026-Q4")) is catalog.tree(Period.parse("2026"))


@pytest.fixture(scope="module")
def real() -> Catalog:
    return load((ROOT / "catalog",))


@pytest.mark.parametrize(
    ("key", "provinces", "due"),
    [("2023-Q4", 63, 126), ("2025-Q2", 63, 126), ("2025-Q3", 34, 86), ("2026-Q3", 34, 86)],
)
def test_every_province_of_a_quarter_has_two_reporting_sources(
    real: Catalog, key: str, provinces: int, due: int
) -> None:
    period = Period.parse(key)
    in_force = {unit.code for unit in real.tree(period).at_level("province")}
    assert len(in_force) == provinces
    reporting = [source for source in real.due_sources(period) if source.role == "reporting"]
    by_dataset = {
        dataset: Counter(source.unit for source in reporting if real.dataset_of(source) == dataset)
        for dataset in ("onestop", "edoc")
    }
    assert by_dataset == {dataset: dict.fromkeys(in_force, 1) for dataset in by_dataset}
    assert len(real.due_sources(period)) == due


def test_every_real_source_asks_its_own_portal_with_a_credential_where_one_is_wanted(real: Catalog) -> None:
    for source in real.sources.values():
        platform = real.platforms[source.platform]
        portal = source.unit if source.valid_to is None else f"{source.unit}-2024"
        assert source.address == f"env:BAOCAO_SIMULATOR_URL/{source.platform}/{portal}"
        assert (source.credential is None) == (platform.request.auth == "none")
        assert source.headers.get("groupId") == (f"{source.unit}0001" if source.platform == "opencps_v2" else None)
