"""86 sources over every platform in one run: each figure is the truth, or is withheld as not provided."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import python_calamine
import requests

from etl import pipeline
from etl.catalog import Catalog, load
from etl.periods import Period
from etl.pipeline.office import Office as Opened
from launcher.simulator import Simulator
from tests.end_to_end.office import MEASURES, PERIOD, ROOT, Office, read_form_06a
from tests.warehouse.samples import query

TREE = load((ROOT / "catalog",)).tree(Period.parse(PERIOD))
URL = "address: env:BAOCAO_SIMULATOR_URL"
# The default catalog leaves these platforms out, because none of them can fill all columns of II.06a.
LAID_OVER = {
    "onestop_khanh_hoa": f"""platform: egov
unit: "56"
owner: Văn phòng
{URL}/egov/56/bao-cao
credential: env:BAOCAO_SIMULATOR_LOGIN
""",
    "onestop_son_la": f"""platform: export_07a
unit: "14"
owner: Văn phòng
{URL}/export_07a/14
""",
    "onestop_ca_mau": f"""platform: export_units
unit: "96"
owner: Văn phòng
{URL}/export_units/96
""",
    "onestop_lao_cai": """platform: export_06a
unit: "15"
owner: Văn phòng
address: env:BAOCAO_TEST_INBOX
files: 06a_{period}_*.xlsx
""",
}
CHANNELS = ("received_online", "received_direct_postal")
OLDER_FORM = (*CHANNELS, "resolved_early", "resolved_on_time")
LACKS = {"56": CHANNELS, "14": OLDER_FORM, "VN": OLDER_FORM}
WITHOUT_FIELDS = ("96", "VN")
"""Where a source knows sums over fields only, no figure of one field is given, and so it is up to the nation."""


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Catalog]:
    site = tmp_path_factory.mktemp("all_platforms_site")
    (site / "sources").mkdir()
    for name, text in LAID_OVER.items():
        (site / f"sources/{name}.yml").write_text(text, "utf-8")
    folders = (ROOT / "catalog", site)
    return os.pathsep.join(map(str, folders)), load(folders)


@pytest.fixture(scope="module")
def office(
    make_office: Callable[..., Office],
    simulator: Simulator,
    catalog: tuple[str, Catalog],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Office]:
    inbox = tmp_path_factory.mktemp("inbox")
    days = {"tuNgay": "15/06/2026", "denNgay": "14/09/2026"}
    for agency in [*(unit.code for unit in TREE.children("15")), *(f"15.{number:02d}" for number in range(1, 15))]:
        address = f"{simulator.url}/export_06a/15/bao-cao/06a/xuat"
        answer = requests.get(address, params={**days, "donVi": agency}, timeout=60)
        answer.raise_for_status()
        (inbox / f"06a_{PERIOD}_{agency}.xlsx").write_bytes(answer.content)
    made = make_office("all_platforms", catalog=catalog[0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BAOCAO_TEST_INBOX", str(inbox))
        made.run()
        yield made


def test_it_is_86_sources_over_all_platforms_and_every_pull_is_proven(
    office: Office, catalog: tuple[str, Catalog]
) -> None:
    due = catalog[1].due_sources(Period.parse(PERIOD))
    assert len(due) == 86
    assert {source.platform for source in due} == set(catalog[1].platforms)
    assert office.failures == {}
    assert sorted(pipeline.coverage(PERIOD)["complete"]) == sorted(source.id for source in due)


def test_every_cell_of_ii_06a_is_the_truth_or_not_provided(
    office: Office, provinces: dict[str, str], field_codes: dict[str, str]
) -> None:
    compared = withheld = 0
    for unit in (*provinces, "VN"):
        printed = read_form_06a(office.form("II.06a", unit), field_codes)
        for (tier, field), row in office.truth("II.06a", unit).items():
            if tier == "all" and field != "all":
                continue  # the form has no such row
            unknown = MEASURES if unit in WITHOUT_FIELDS and field != "all" else LACKS.get(unit, ())
            wanted = ["…" if measure in unknown else float(row[measure]) for measure in MEASURES]
            if (tier, field) not in printed:
                assert not any(row[measure] for measure in MEASURES), (unit, tier, field)
                continue
            assert printed[tier, field] == wanted, (unit, tier, field)
            compared += sum(cell != "…" for cell in wanted)
            withheld += wanted.count("…")
    assert compared > 34 * 11 * 20
    assert withheld > 100


def test_what_is_withheld_says_that_no_source_gives_it(office: Office) -> None:
    unknown = (
        "SELECT DISTINCT reason FROM baocao.fact f JOIN baocao.indicator i ON i.code = f.indicator "
        "WHERE i.dataset = 'onestop' AND f.value IS NULL AND reason <> 'zero_denominator'"
    )
    assert query(os.environ["BAOCAO_WAREHOUSE_URL"], unknown) == [("not_provided",)]


def test_every_figure_of_the_document_axis_is_the_truth(office: Office, provinces: dict[str, str]) -> None:
    for unit in (*provinces, "VN"):
        rows = python_calamine.CalamineWorkbook.from_path(office.form("VBDT", unit)).get_sheet_by_index(0).to_python()
        total = next(row[2:5] for row in rows if str(row[1]) == "Tổng số")
        truth = office.truth("edoc", unit)["all", "all"]
        assert total == [truth["sent"], truth["received"], truth["exchanged"]], unit


@pytest.mark.parametrize("dataset", ["procedure", "one_stop_scope"])
def test_the_other_datasets_are_the_truth(office: Office, catalog: tuple[str, Catalog], dataset: str) -> None:
    form = {"procedure": "II.06b", "one_stop_scope": "II.07b"}[dataset]
    columns = {one.code: str(one.sum) for one in catalog[1].indicators_of(dataset) if one.sum}
    reporting = [one.unit for one in catalog[1].sources.values() if catalog[1].dataset_of(one) == dataset]
    assert len(reporting) == 3
    for province in reporting:
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for fact in Opened.open().warehouse.facts(PERIOD, unit=province, indicators=list(columns)):
            found.setdefault((fact.tier, fact.field), {})[columns[fact.indicator]] = fact.value
        truth = office.truth(form, province)
        assert found
        for place, figures in found.items():
            assert figures == {column: truth[place][column] for column in columns.values()}, (province, place)
        assert {place for place, row in truth.items() if any(row[column] for column in columns.values())} - {
            (tier, field) for tier, field in truth if tier == "all" and field != "all"
        } <= set(found), province


def test_the_faulty_dossiers_of_a_province_are_the_truth(office: Office) -> None:
    truth = office.truth("dossier_faults", "68")
    facts = [fact for fact in pipeline.facts(PERIOD, "68") if fact.indicator.startswith("fault_")]
    assert len(facts) > 10
    for fact in facts:
        assert fact.value == truth[fact.tier, "all"][fact.indicator.removeprefix("fault_")], fact


def test_what_is_only_compared_is_the_truth_of_its_own_days(office: Office, catalog: tuple[str, Catalog]) -> None:
    compared = [source for source in catalog[1].sources.values() if source.role == "comparison"]
    assert {source.platform for source in compared} >= {"dvcqg", "tandan_06caccap"}
    for source in compared:
        calendar = source.platform == "dvcqg" or source.window == "calendar"
        asked = {"first": "2026-07-01", "last": "2026-09-30"} if calendar else {"period": PERIOD}
        answer = requests.get(
            f"{office.simulator.url}/truth/II.06a", params={"unit": source.unit, **asked}, timeout=60
        ).json()
        truth = next(row for row in answer["rows"] if (row["tier"], row["field"]) == ("all", "all"))
        given = [measure for measure in MEASURES if measure in catalog[1].platforms[source.platform].columns]
        sums = ", ".join(f"""sum(("values" ->> '{measure}')::bigint)""" for measure in given)
        where = f"FROM baocao.standard_row WHERE source = '{source.id}'"
        figures = query(os.environ["BAOCAO_WAREHOUSE_URL"], f"SELECT {sums} {where}")[0]
        assert list(map(int, figures)) == [truth[measure] for measure in given], source.id
        first = query(os.environ["BAOCAO_WAREHOUSE_URL"], f"SELECT DISTINCT first_day::text {where}")
        assert first == [("2026-07-01" if calendar else "2026-06-15",)], source.id
