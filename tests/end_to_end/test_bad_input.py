"""Every way a portal fails at once: each says its sentence, the others go on, nothing is ever 0 for unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import python_calamine
import requests

from etl import pipeline
from etl.landing import Landing
from etl.model import PULL_STATES
from etl.pipeline.office import Office as Opened
from launcher.simulator import Simulator
from tests.end_to_end.office import MEASURES, PERIOD, Office, read_form_06a

# fault -> (platform/province it is planted in, source, part of the sentence, state of the receipt)
FAILING = {
    "down": ("opencps_v2/01", "onestop_ha_noi", "503", "down"),
    "html": ("tandan_06a/04", "onestop_cao_bang", "HTML", "login_page"),
    "unauthorized": ("igate/08", "onestop_tuyen_quang", "401", "refused"),
    "error": ("opencps_v2/11", "onestop_dien_bien", "500", "down"),
    "truncated": ("tandan_06a/12", "onestop_lai_chau", "JSON", "truncated"),
    "empty": ("opencps_v2/15", "onestop_lao_cai", "rỗng", "empty"),
    "throttled": ("bkav_axis/01", "edoc_ha_noi", "429", "throttled"),
    "reset": ("bkav_axis/04", "edoc_cao_bang", "", "cut_off"),
    "expired": ("igate/42", "onestop_ha_tinh", "không còn hiệu lực", "expired"),
    "windows_1258": ("bkav_axis/08", "edoc_tuyen_quang", "byte thứ", "wrong_encoding"),
    "truncated_page": ("opencps_v2/38", "onestop_thanh_hoa", "dòng nhưng", "short"),
    "repeated_page": ("opencps_v2/79", "onestop_ho_chi_minh", "lặp lại", "repeated"),
    "wrong_total": ("tandan_06a/33", "onestop_hung_yen", "dòng nhưng", "short"),
}
HELD = {
    "identity": ("tandan_06a", "24"),
    "unknown_unit": ("opencps_v2", "22"),
    "text_number": ("tandan_06a", "19"),
}
"""Faults that spoil a row and not the pull: fault -> (platform, province)."""
RENAMED = "igate/14"


def _plant(simulator: Simulator, where: str, kind: str) -> None:
    requests.put(f"{simulator.url}/faults/{where}", json={"kind": kind}, timeout=10).raise_for_status()


@pytest.fixture(scope="module")
def office(make_office: Callable[..., Office], simulator: Simulator) -> Iterator[Office]:
    planted = [(where, kind) for kind, (where, _, _, _) in FAILING.items()]
    planted += [(f"{platform}/{province}", kind) for kind, (platform, province) in HELD.items()]
    planted.append((RENAMED, "renamed"))
    for where, kind in planted:
        _plant(simulator, where, kind)
    try:
        bad = make_office("bad_input")
        bad.result = bad.run()  # type: ignore[attr-defined]
        yield bad
    finally:
        for where, _ in planted:
            requests.delete(f"{simulator.url}/faults/{where}", timeout=10).raise_for_status()


@pytest.mark.parametrize("kind", FAILING)
def test_a_failing_source_says_one_sentence_and_keeps_its_receipt(office: Office, kind: str) -> None:
    _, source, words, state = FAILING[kind]
    sentence = office.failures[source]
    assert sentence.startswith(f"{source}, kỳ {PERIOD}, ")
    assert words in sentence
    assert "\n" not in sentence
    assert office.simulator.token not in sentence
    receipt = Landing(str(office.home / "store")).receipts(source, PERIOD)[-1]
    assert receipt.state == state
    assert pipeline.coverage(PERIOD)["failed"][source] == f"({PULL_STATES[receipt.state].both}) {sentence}"
    assert receipt.message == sentence
    assert receipt.proof == ()
    if kind != "reset":
        assert receipt.pages, "the bytes of the failing answer are kept"
        assert all((office.home / "store" / page.uri).exists() for page in receipt.pages)


def test_the_others_go_on(office: Office) -> None:
    assert set(office.failures) == {source for _, source, _, _ in FAILING.values()}
    complete = pipeline.coverage(PERIOD)["complete"]
    assert len(complete) == 86 - len(FAILING)
    landing = Landing(str(office.home / "store"))
    proofs = {source: set(landing.receipts(source, PERIOD)[-1].proof) for source in complete}
    wanted = {source: {"unique_rows", "not_empty"} for source in complete}
    wanted["dossier_faults_lam_dong"] = {"unique_rows"}  # a list without faulty dossiers may be empty
    assert all(wanted[source] < proof for source, proof in proofs.items()), proofs
    assert all(len(proof & {"window_implied", "window_echoed"}) == 1 for proof in proofs.values()), proofs
    assert "window_echoed" in proofs["onestop_vinh_long"], "a report file states its days"
    assert proofs["onestop_hue"] >= {"declared_total"}
    assert proofs["onestop_da_nang"] >= {"single_answer"}


def _cells(office: Office, unit: str, field_codes: dict[str, str]) -> dict[tuple[str, str], list[Any]]:
    return read_form_06a(office.form("II.06a", unit), field_codes)


def test_a_missing_source_shows_no_figure_and_is_named(office: Office, field_codes: dict[str, str]) -> None:
    for unit in ("01", "VN"):
        cells = [cell for row in _cells(office, unit, field_codes).values() for cell in row]
        assert cells
        assert set(cells) == {"…"}
    sheet = python_calamine.CalamineWorkbook.from_path(office.form("II.06a", "VN")).get_sheet_by_index(0)
    text = "\n".join(str(cell) for row in sheet.to_python() for cell in row)
    for name in ("Hà Nội", "Cao Bằng", "Tuyên Quang", "Điện Biên", "Lai Châu", "Lào Cai"):
        assert name in text, f"{name} is missing and the form does not say so"


def test_a_quarantined_row_withholds_its_sums_and_nothing_else(office: Office, field_codes: dict[str, str]) -> None:
    for kind, (_, unit) in HELD.items():
        printed = _cells(office, unit, field_codes)
        truth = office.truth("II.06a", unit)
        whole = {key for key, cells in printed.items() if "…" not in cells}
        assert ("all", "all") not in whole, unit
        assert whole, unit
        if kind != "unknown_unit":  # an agency nobody knows may be of any tier
            assert ("commune", "all") not in whole, unit
            assert ("province", "all") in whole, unit
        for key in whole:
            assert [int(cell) for cell in printed[key]] == [truth[key][measure] for measure in MEASURES], (unit, key)


def test_a_renamed_column_withholds_what_needs_it_and_nothing_else(office: Office, field_codes: dict[str, str]) -> None:
    printed, truth = _cells(office, "14", field_codes), office.truth("II.06a", "14")
    assert len(printed) > 10
    for key, cells in printed.items():
        known = {measure: cell for measure, cell in zip(MEASURES, cells, strict=True) if cell != "…"}
        assert set(MEASURES) - set(known) == {"received_online"}, key
        assert {measure: int(cell) for measure, cell in known.items()} == {name: truth[key][name] for name in known}
    (told,) = [one for one in Opened.open().warehouse.findings(PERIOD) if one.rule == "READ-MISSING"]
    assert (told.source, told.severity, told.column) == ("onestop_son_la", "critical", "receivedOnline")
    assert "thêm vào sources/onestop_son_la.yml dòng: renamed: {receivedOnline: onlineReceived}" in told.message


def test_quarantine_keeps_the_values_and_says_why(office: Office) -> None:
    held = pipeline.summary(PERIOD)
    assert sum(held["quarantined"].values()) >= 3, held["quarantined"]


def test_mending_one_source_revises_only_what_it_touches(office: Office, field_codes: dict[str, str]) -> None:
    requests.delete(f"{office.simulator.url}/faults/opencps_v2/01", timeout=10).raise_for_status()
    result = office.run(sources=["onestop_ha_noi"])
    assert "onestop_ha_noi" not in office.failures
    assert result["record"]["new"] > 1000
    printed = _cells(office, "01", field_codes)
    truth = office.truth("II.06a", "01")
    assert int(printed["all", "all"][0]) == truth["all", "all"]["received_total"]


def test_a_later_failure_keeps_the_earlier_pull(office: Office, field_codes: dict[str, str]) -> None:
    _plant(office.simulator, "opencps_v2/01", "html")
    try:
        result = office.run(sources=["onestop_ha_noi"])
    finally:
        requests.delete(f"{office.simulator.url}/faults/opencps_v2/01", timeout=10).raise_for_status()
    assert "onestop_ha_noi" in office.failures
    assert result["record"]["revised"] == 0
    assert "…" not in _cells(office, "01", field_codes)["all", "all"]
