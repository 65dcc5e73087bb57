"""The benchmark of the console: every page of a small country is measured, and none that fails. Never for time."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import console
from bench.country import Country
from launcher.postgres import Postgres
from tests.fault_lab.small_country import SCALE, make_catalog, make_sources


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def country(folder: Path) -> Country:
    portals = {"igate": ["04", "11", "46"], "bkav_axis": ["04"]}
    return Country(
        quarters=2,
        scale=SCALE,
        late="igate_11",
        faults=(("igate/46", "identity"),),
        province="04",
        commune="01273",
        catalogs=(make_catalog(folder / "catalog"), make_sources(folder / "sources", portals)),
    )


@pytest.fixture(scope="module")
def measured(country: Country, folder: Path) -> console.Result:
    try:
        return console.run(2, country, folder / "home")
    finally:
        Postgres(folder / "home" / "postgres").destroy()


def test_every_page_is_measured_with_one_client_and_with_four(country: Country, measured: console.Result) -> None:
    lines = [line.strip("| ").split(" | ") for line in measured.details.splitlines() if line.startswith("| ")]
    heads, rows = [line for line in lines if "median ms" in line], [line for line in lines if "median ms" not in line]
    assert len(heads) == 2
    pages = {name for name, _ in console._pages(country)} | {name for name, _ in console._floor()}
    assert sorted(row[0] for row in rows) == sorted([*pages, *pages])
    for name, middle, late, most, *_, verdict in rows:
        assert float(middle) <= float(late) <= float(most), name
        assert verdict == ("floor" if name.startswith("floor") else "met" if float(late) <= 300 else "**not met**")


def test_a_page_that_fails_is_no_measurement() -> None:
    with pytest.raises(RuntimeError, match="gave 404"), console._server({"BAOCAO_WAREHOUSE_URL": ""}) as url:
        console._asked(url, [("nowhere", "/static/nowhere")], 1)


def test_one_slow_page_misses_the_target(country: Country) -> None:
    quick = [console.Answer("a", 10.0, 1000, 3, 5.0)] * 20
    slow = [console.Answer("b", 301.0, 1000, 3, 5.0)] * 20
    assert console.result(country, quick, {1: quick}, [1.0], 0.0).met
    late = console.result(country, quick, {1: quick, 4: [*quick, *slow]}, [1.0], 0.0)
    assert not late.met
    assert "above it: b" in late.target
    assert console.percentile([float(one) for one in range(101)]) == 95.0
