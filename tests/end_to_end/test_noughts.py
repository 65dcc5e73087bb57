"""A portal that says 0 for what it does not know, and leaves it so: withheld each quarter until there are figures."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from etl import pipeline
from etl.model import NATION
from tests.end_to_end.doubts import answer, load, of_communes_alone, office_of, struck, withheld, wrong
from tests.end_to_end.office import Office

SILENT = ("2026-Q1", "2026-Q2")
STRUCK, UNIT = "onestop_bac_ninh", "24"
NEIGHBOUR, OTHER = "onestop_cao_bang", "04"
SUMS = {"tthc_received_total", "tthc_resolved_total", "tthc_pending_total", "tthc_online_rate"}


def _set_aside(period: str) -> set[str]:
    """The communes whose rows are."""
    facts = [fact for fact in pipeline.facts(period) if (fact.indicator, fact.field) == ("tthc_received_total", "all")]
    communes = [fact for fact in facts if len(fact.unit) > len(UNIT)]
    assert len(communes) > 100
    return {fact.unit for fact in communes if fact.reason == "quarantined"}


def test_noughts_are_told_each_quarter_until_there_are_figures(
    make_office: Callable[..., Office], tmp_path: Path
) -> None:
    office = office_of(make_office, "noughts", tmp_path, [STRUCK, NEIGHBOUR])
    office.pull("2025-Q4")
    assert of_communes_alone(load("2025-Q4")) == {}
    with struck(office, STRUCK, "zero_for_null"):
        for period in SILENT:
            office.pull(period)
    office.pull("2026-Q3")
    assert office.failures == {}

    told, communes = {}, {}
    for period in SILENT:
        told[period] = of_communes_alone(load(period))
        communes[period] = _set_aside(period)
        assert list(told[period]) == [f"{STRUCK} READ-ZERO"]
        assert withheld(period, UNIT) >= SUMS
        assert withheld(period, NATION) >= SUMS
        assert wrong(office, period, UNIT) == wrong(office, period, OTHER) == []
    assert len(communes["2026-Q1"]) == 1, "the one that was struck"
    assert communes["2026-Q1"] == communes["2026-Q2"]
    message = told["2026-Q2"][f"{STRUCK} READ-ZERO"]
    assert "trong khi kỳ 2025-Q4 còn" in message, "the last figures that stand in no doubt"
    assert of_communes_alone(load("2026-Q3")) == {}
    assert withheld("2026-Q3", UNIT) == _set_aside("2026-Q3") == set()
    assert wrong(office, "2026-Q3", UNIT) == []

    lines = [re.search(r"accepted: \{.*?\]\}", said[f"{STRUCK} READ-ZERO"]) for said in told.values()]
    for period, line in zip(SILENT, lines, strict=True):
        assert line is not None
        assert line[0].startswith(f"accepted: {{{period}: [")
    first, second = (line[0] for line in lines if line)
    answer(STRUCK, second)  # of the second alone: the first stays in doubt
    assert of_communes_alone(load("2026-Q2")) == {}
    assert withheld("2026-Q2", UNIT) == set()
    assert wrong(office, "2026-Q2", UNIT) != [], "a wrong word is taken at its word"
    assert list(of_communes_alone(load("2026-Q1"))) == [f"{STRUCK} READ-ZERO"]
    answer(STRUCK, second.replace("received_online, ", ""))
    assert list(of_communes_alone(load("2026-Q2"))) == [f"{STRUCK} READ-ZERO"], "every figure of the row is 0"
    answer(STRUCK, first)  # of the first: the next is then compared with its noughts
    for period in SILENT:
        assert of_communes_alone(load(period)) == {}
        assert withheld(period, UNIT) == set()
