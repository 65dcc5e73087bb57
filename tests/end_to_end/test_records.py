"""Portals that list single dossiers and documents: counted by us, every figure is the truth and leads to its page."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import python_calamine
from click.testing import CliRunner

from etl import pipeline
from etl.__main__ import main
from etl.pipeline.office import Office as Opened
from tests.end_to_end.office import MEASURES, PERIOD, ROOT, Office, read_form_06a

DOSSIERS = "46"
VXP = "04"
DOCUMENTS = "11"
SHOWN_BY_LIST = ("sent_signed", "received_signed", "sent_paper", "received_paper")
SOURCES = {
    "dossiers_hue": f"""\
platform: dossier_list
unit: "{DOSSIERS}"
owner: Trung tâm Phục vụ hành chính công thành phố Huế
address: env:BAOCAO_SIMULATOR_URL/dossier_list/{DOSSIERS}
credential: env:BAOCAO_SIMULATOR_TOKEN
""",
    "vxp_cao_bang": f"""\
platform: vxp
unit: "{VXP}"
owner: Văn phòng UBND tỉnh Cao Bằng
address: env:BAOCAO_SIMULATOR_URL/vxp/{VXP}
credential: env:BAOCAO_SIMULATOR_LOGIN
""",
    "documents_dien_bien": f"""\
platform: document_list
unit: "{DOCUMENTS}"
owner: Văn phòng UBND tỉnh Điện Biên
address: env:BAOCAO_SIMULATOR_URL/document_list/{DOCUMENTS}
credential: env:BAOCAO_SIMULATOR_TOKEN
""",
}


@pytest.fixture(scope="module")
def office(make_office: Callable[..., Office], tmp_path_factory: pytest.TempPathFactory) -> Office:
    """An office with these three sources alone. Their pages are small, so that each has many."""
    home = tmp_path_factory.mktemp("catalogs")
    base, site = home / "catalog", home / "site"
    shutil.copytree(ROOT / "catalog", base, ignore=shutil.ignore_patterns("sources"))
    for folder in ("sources", "platforms"):
        (site / folder).mkdir(parents=True)
    for name, text in SOURCES.items():
        (site / f"sources/{name}.yml").write_text(text, "utf-8")
    for name, size in (("dossier_list", 2000), ("vxp", 1000), ("document_list", 1000)):
        text = (ROOT / f"catalog/platforms/{name}.yml").read_text("utf-8")
        assert text.count(f"size: {size},") == 1
        (site / f"platforms/{name}.yml").write_text(text.replace(f"size: {size},", "size: 120,"), "utf-8")
    quarter = make_office("records", catalog=os.pathsep.join(map(str, (base, site))))
    quarter.run()
    assert quarter.failures == {}
    return quarter


def test_every_dossier_stands_on_one_of_many_pages(office: Office) -> None:
    receipt = receipt_of(office, "dossiers_hue")
    assert receipt["state"] == "complete"
    assert len(receipt["pages"]) > 3
    receipt = receipt_of(office, "vxp_cao_bang")
    assert [page["list"] for page in receipt["pages"]] == sorted(
        (page["list"] for page in receipt["pages"]), key=["sent", "received"].index
    )
    assert {page["list"] for page in receipt["pages"]} == {"sent", "received"}


def test_every_figure_of_ii_06a_is_the_truth(office: Office, field_codes: dict[str, str]) -> None:
    printed = read_form_06a(office.form("II.06a", DOSSIERS), field_codes)
    truth = office.truth("II.06a", DOSSIERS)
    compared = 0
    for key, row in truth.items():
        if key[0] == "all" and key[1] != "all":
            continue
        figures = [row[measure] for measure in MEASURES]
        if key in printed:
            assert [int(cell) for cell in printed[key]] == figures, key
            compared += 1
        else:
            assert not any(figures), key
    assert compared > 15


def test_every_figure_of_every_commune_is_the_truth(office: Office) -> None:
    """Finer than any form: each fact of each commune and field."""
    compared = 0
    for unit, form, indicators in (
        (DOSSIERS, "II.06a", {f"tthc_{measure}": measure for measure in MEASURES}),
        (VXP, "edoc", {f"vb_{name}": name for name in ("sent", "received", "exchanged")}),
        (DOCUMENTS, "edoc", {f"vb_{name}": name for name in ("sent", "received", "exchanged", *SHOWN_BY_LIST)}),
    ):
        tree = pipeline.office.Office.open().catalog.tree(pipeline.office.closed(PERIOD))
        for place in tree.below(unit):
            truth = office.truth(form, place.code)
            for fact in pipeline.facts(PERIOD, place.code):
                if fact.indicator in indicators and (fact.tier, fact.field) in truth:
                    assert fact.value == truth[fact.tier, fact.field][indicators[fact.indicator]], fact
                    compared += 1
    assert compared > 1000


def test_signed_and_electronic_shares_are_the_truth_where_they_are_told_and_no_value_elsewhere(office: Office) -> None:
    def facts(unit: str) -> dict[str, Any]:
        return {one.indicator: one for one in pipeline.facts(PERIOD, unit) if (one.tier, one.field) == ("all", "all")}

    true, told = office.truth("edoc", DOCUMENTS)["all", "all"], facts(DOCUMENTS)
    for way in ("sent", "received"):
        for share, part, whole in (
            ("electronic", true[way], true[way] + true[f"{way}_paper"]),
            ("signed", true[f"{way}_signed"], true[way]),
        ):
            rate = told[f"vb_{way}_{share}_rate"].value
            assert 0 < rate < 1
            assert abs(Fraction(rate) - Fraction(part, whole)) <= Fraction(1, 20000), (way, share)
    for unit in (VXP, "VN"):
        for code in (*(f"vb_{name}" for name in SHOWN_BY_LIST), "vb_sent_signed_rate", "vb_sent_electronic_rate"):
            fact = facts(unit)[code]
            assert fact.value is None, "what an axis does not tell is never 0, nor the nation's sum without it"
            assert fact.reason == ("not_provided" if unit == VXP else "missing_source")


@pytest.mark.parametrize("unit", [VXP, DOCUMENTS])
def test_every_figure_of_the_document_form_is_the_truth(office: Office, unit: str) -> None:
    rows = python_calamine.CalamineWorkbook.from_path(office.form("VBDT", unit)).get_sheet_by_index(0).to_python()
    printed = {str(row[1]): row[2:5] for row in rows if len(row) > 4 and isinstance(row[2], float)}
    whole = office.truth("edoc", unit)["all", "all"]
    assert printed["Tổng số"] == [whole["sent"], whole["received"], whole["exchanged"]]
    assert whole["received"] > whole["sent"] > 0
    (total,) = (row for row in rows if row[1] == "Tổng số")
    if unit == VXP:
        assert total[5:13] == ["…"] * 8
    else:
        assert total[5:9] == [whole[name] for name in SHOWN_BY_LIST]
        assert total[9] == round(whole["sent"] / (whole["sent"] + whole["sent_paper"]), 4)
        assert total[11] == round(whole["sent_signed"] / whole["sent"], 4)


def test_a_cell_leads_to_its_pages_and_they_are_counted_again(
    office: Office, field_codes: dict[str, str], tmp_path: Path
) -> None:
    answer = CliRunner().invoke(main, ["trace", str(office.form("II.06a", DOSSIERS)), "D11", "--json"])
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.output)
    assert sum(row["value"] for row in found["rows"]) == int(found["value"]) > 0
    pages = receipt_of(office, "dossiers_hue")["pages"]
    assert len(pages) == found["pages_verified"] > 3
    lists = {page["uri"]: landed_at(office, page)["danhSach"] for page in pages}
    for row in found["rows"]:
        counted = row["counted"]
        assert counted["pages"] == len(pages)
        of = [one for listed in lists.values() for one in listed if one["MaDonViTiepNhan"] == row["agency"]]
        assert row["value"] <= counted["records"] <= len(of), "looked up by other means"
        for key, pointer in zip(counted["keys"], counted["pointers"], strict=True):
            uri, at = pointer.split("#/danhSach/")
            assert lists[uri][int(at)]["MaHoSo"] == key
    shown = CliRunner().invoke(main, ["trace", str(office.form("VBDT", VXP)), "C11"])
    assert "bản ghi/records" in shown.output, shown.output


def test_a_bundle_holds_every_page_of_a_list_and_a_changed_byte_is_found(office: Office, tmp_path: Path) -> None:
    form = office.form("II.06a", DOSSIERS)
    made = CliRunner().invoke(main, ["bundle", str(form), "--out", str(tmp_path), "--json"])
    assert made.exit_code == 0, made.output
    pages = receipt_of(office, "dossiers_hue")["pages"]
    with zipfile.ZipFile(json.loads(made.output)["bundle"]) as packed:
        assert {page["uri"] for page in pages} <= set(packed.namelist())
    told = CliRunner().invoke(main, ["verify", json.loads(made.output)["bundle"]])
    assert told.exit_code == 0, told.output
    assert "SHA256 ALONE" in told.output, "nobody is to believe that it counted them again"
    bare = CliRunner().invoke(main, ["bundle", str(form), "--out", str(tmp_path / "bare"), "--no-raw", "--json"])
    assert bare.exit_code == 0, bare.output
    told = CliRunner().invoke(main, ["verify", json.loads(bare.output)["bundle"]])
    assert "NOT IN THE BUNDLE" in told.output, told.output
    assert "SHA256 ALONE" not in told.output
    (path,) = office.home.glob(f"**/{pages[-1]['uri']}")
    content = path.read_bytes()
    path.write_bytes(content.replace(b"2026", b"2025", 1))
    try:
        spoilt = CliRunner().invoke(main, ["trace", str(form), "D11"])
        assert spoilt.exit_code != 0
        assert pages[-1]["sha256"] in spoilt.output
    finally:
        path.write_bytes(content)


def test_every_record_that_was_left_out_is_listed(office: Office) -> None:
    (run,) = (office.home / "store").glob(f"work/{PERIOD}/run-*/left_out.parquet")
    listed = pq.read_table(run).to_pylist()
    found = [one for one in Opened.open().warehouse.findings(PERIOD) if one.rule == "READ-LEFT-OUT"]
    assert {one.source: int(one.value) for one in found} == Counter(one["source"] for one in listed)
    assert {one.severity for one in found} == {"info"}
    landed = {page["sha256"]: page["uri"] for page in receipt_of(office, "documents_dien_bien")["pages"]}
    outside = [
        one for one in listed if (one["source"], one["reason"]) == ("documents_dien_bien", "ngoài phạm vi báo cáo")
    ]
    assert outside
    for one in outside[:50]:
        (path,) = office.home.glob(f"**/{landed[one['payload']]}")
        record = json.loads(path.read_text("utf-8"))["vanBan"][int(one["pointer"].rsplit("/", 1)[1])]
        codes = {organ["ma"] for organ in (record["noiGui"], *record["noiNhan"]) if organ["ten"] == one["agency"]}
        assert codes
        assert all(code[0] == "A" or ".G" in code for code in codes)


def test_a_replay_gives_the_same_bytes(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {one["path"]: Path(one["path"]).read_bytes() for one in pipeline.issued(PERIOD)}
    monkeypatch.setenv("BAOCAO_SIMULATOR_URL", "http://127.0.0.1:9")
    again = pipeline.run_from_landed(PERIOD)
    assert again["record"]["new"] == again["record"]["revised"] == 0
    assert {one["path"]: Path(one["path"]).read_bytes() for one in pipeline.issued(PERIOD)} == before


def landed_at(office: Office, page: dict[str, Any]) -> Any:
    (path,) = office.home.glob(f"**/{page['uri']}")
    return json.loads(path.read_text("utf-8"))


def receipt_of(office: Office, source: str) -> dict[str, Any]:
    (path,) = office.home.glob(f"**/receipts/{source}/{PERIOD}/*.json")
    return json.loads(path.read_text("utf-8"))
