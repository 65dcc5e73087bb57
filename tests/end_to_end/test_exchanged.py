"""Two columns that a portal exchanges and leaves so: withheld each quarter until it is answered; no false alarm."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from etl import pipeline
from etl.model import NATION
from etl.pipeline.office import Office as Opened
from tests.end_to_end.doubts import answer, load, of_communes_alone, office_of, struck, withheld, wrong
from tests.end_to_end.office import Office, trace_cell

QUARTERS = ("2026-Q1", "2026-Q2", "2026-Q3")
STRUCK, UNIT = "onestop_bac_ninh", "24"
NEIGHBOURS = ("onestop_cao_bang", "onestop_son_la", "onestop_hue", "onestop_hai_phong")
"""Of three platforms; the true share of online of one goes from 75 % to 59 % and back to 77 %."""
PAIR = {"received_online", "received_direct_postal"}
WITHHELD = {"tthc_received_online", "tthc_received_direct_postal", "tthc_online_rate"}


@pytest.fixture
def office(make_office: Callable[..., Office], tmp_path: Path) -> Office:
    return office_of(make_office, "exchanged", tmp_path, [STRUCK, *NEIGHBOURS])


def test_an_exchange_is_told_each_quarter_until_it_is_answered(office: Office) -> None:
    office.pull("2026-Q1")
    assert of_communes_alone(load("2026-Q1")) == {}
    with struck(office, STRUCK, "swapped"):
        for period in QUARTERS[1:]:
            office.pull(period)
    assert office.failures == {}

    told = {period: of_communes_alone(load(period)) for period in QUARTERS[1:]}
    for period in QUARTERS[1:]:
        assert list(told[period]) == [f"{STRUCK} READ-SWAP"], "the neighbours grew, and nothing else is wrong here"
        assert withheld(period, UNIT) == WITHHELD
        assert withheld(period, NATION) >= WITHHELD
        assert wrong(office, period, UNIT) == []
        assert [wrong(office, period, unit) for unit in ("04", "14", "46", "31")] == [[]] * 4
    (message,) = told["2026-Q3"].values()
    assert "vẫn đổi chỗ cho nhau từ kỳ 2026-Q2" in message

    exchanged = "exchanged: {2026-Q2: {tiepNhanTrucTiepVaBCCI: tiepNhanQuaMang}}"
    accepted = "accepted: {2026-Q2: [received_direct_postal, received_online]}"
    for (said,) in (told[period].values() for period in QUARTERS[1:]):
        assert exchanged in said
        assert accepted in said

    answer(STRUCK, accepted)  # of the first quarter: the next is then compared with it, as ever
    assert of_communes_alone(load("2026-Q3")) == {}
    assert withheld("2026-Q3", UNIT) == set()
    assert {place[0] for place in wrong(office, "2026-Q3", UNIT)} == PAIR, "a wrong word is taken at its word"

    answer(STRUCK, exchanged)  # the third quarter by itself, while the doubt of the second is still on record
    assert of_communes_alone(load("2026-Q3")) == {}
    for period in ("2026-Q2", "2026-Q3", "2026-Q1"):
        assert of_communes_alone(load(period)) == {}
        assert withheld(period, UNIT) == set()
        assert wrong(office, period, UNIT) == []
    pipeline.publish("2026-Q3", "II.06a", unit=UNIT)
    found = trace_cell("II.06a", UNIT, "2026-Q3", "D12")
    assert found["indicator"] == "tthc_received_online"
    assert {tuple(row["read"].items()) for row in found["rows"]} == {
        (("tiepNhanTrucTiepVaBCCI", row["value"]),) for row in found["rows"]
    }, "each figure leads to the column that it was read from"
    assert found["mapping"][STRUCK]["received_online"] == ["tiepNhanTrucTiepVaBCCI"], "as it is in that quarter"

    answer(STRUCK, "")
    assert [list(of_communes_alone(load(period))) for period in QUARTERS[1:]] == [[f"{STRUCK} READ-SWAP"]] * 2
    office.pull("2026-Q3", [STRUCK])  # the portal turned them back, and left the quarter before as it was
    assert of_communes_alone(load("2026-Q3")) == {}
    assert withheld("2026-Q3", UNIT) == set()
    assert wrong(office, "2026-Q3", UNIT) == []


def _unproven(period: str, source: str) -> set[str]:
    """The measures that the source's READ-SWAP-BLIND names."""
    found = [one for one in Opened.open().warehouse.findings(period, source) if one.rule == "READ-SWAP-BLIND"]
    return {measure for one in found for measure in one.column.split(", ")}


def _unproven_pairs(period: str, source: str) -> list[set[str]]:
    found = [one for one in Opened.open().warehouse.findings(period, source) if one.rule == "READ-SWAP-BLIND"]
    return [{*pair} for one in found for pair in re.findall(r"\((\w+)\) và “[^”]*” \((\w+)\)", one.message)]


def test_what_nothing_proves_is_said_until_it_is_accepted(make_office: Callable[..., Office], tmp_path: Path) -> None:
    office = office_of(make_office, "unproven", tmp_path, [STRUCK])
    office.pull("2026-Q3")
    load("2026-Q3")
    times = {"resolved_early", "resolved_on_time"}
    said = _unproven("2026-Q3", STRUCK)
    assert said > PAIR | times, "no quarter before, and nobody else states it"
    assert wrong(office, "2026-Q3", UNIT) == []

    answer(STRUCK, f"accepted: {{2026-Q2: [{', '.join(said)}]}}")
    load("2026-Q3")
    assert _unproven("2026-Q3", STRUCK) == said, "of another quarter"
    answer(STRUCK, f"accepted: {{2026-Q3: [{', '.join(said - times)}]}}")
    load("2026-Q3")
    assert times < _unproven("2026-Q3", STRUCK) < said
    answer(STRUCK, f"accepted: {{2026-Q3: [{', '.join(said)}]}}")
    assert of_communes_alone(load("2026-Q3")) == {}
    assert _unproven("2026-Q3", STRUCK) == set()


def test_what_another_source_states_the_other_way_round_is_withheld(
    make_office: Callable[..., Office], tmp_path: Path
) -> None:
    source, witness, unit = "onestop_cao_bang", "dvcqg_cao_bang", "04"
    office = office_of(make_office, "contradicted", tmp_path, [source, witness])
    with struck(office, source, "swapped"):
        office.pull("2026-Q3")
    told = of_communes_alone(load("2026-Q3"))
    assert list(told) == [f"{source} READ-SWAP"], "no quarter before tells it"
    assert f"nguồn để so sánh {witness} nêu hai số này theo thứ tự ngược lại" in told[f"{source} READ-SWAP"]
    assert withheld("2026-Q3", unit) == WITHHELD
    assert wrong(office, "2026-Q3", unit) == []
    pairs = _unproven_pairs("2026-Q3", source)
    assert pairs, "of a pair of which one measure is shown, that one is still unproven"
    assert PAIR not in pairs, "what is withheld is not called unproven too"

    office.pull("2026-Q3", [source])
    assert of_communes_alone(load("2026-Q3")) == {}
    assert withheld("2026-Q3", unit) == set()
    assert wrong(office, "2026-Q3", unit) == []
