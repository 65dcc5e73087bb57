"""A form that the pipeline fills is received when it is issued: whole or partial, by what stands in its cells."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from python_calamine import CalamineWorkbook

from etl import pipeline
from etl.forms.footnotes import WITHHELD
from etl.pipeline import office as reporting
from etl.warehouse import Warehouse
from tests.end_to_end.office import PERIOD, Office
from tests.warehouse.samples import issue

PULLED = ["onestop_hue", "edoc_hue"]
"""Of the province with code 46, and of no other: the forms of all others have no figure at all."""


@pytest.fixture(scope="module")
def office(make_office: Callable[..., Office]) -> Office:
    made = make_office("received")
    made.run(sources=PULLED)
    return made


def test_what_is_issued_is_received_and_stands(office: Office) -> None:
    found = pipeline.standings(PERIOD)
    assert {row["form"] for row in found["standings"]} == {"II.06a", "VBDT"}
    assert len(found["standings"]) == 2 * 34
    issued = {(one["form"], one["unit"]): one["path"] for one in pipeline.issued(PERIOD)}
    whole = 0
    for row in found["standings"]:
        cells = CalamineWorkbook.from_path(issued[row["form"], row["unit"]]).get_sheet_by_index(0).to_python()
        needed = 5 if row["form"] == "VBDT" else None  # of its columns 6 to 13 the axis gives none
        withheld = any(cell == WITHHELD for line in cells for cell in line[:needed])
        assert row["state"] == ("partial" if withheld else "late"), (row["unit"], "the due date was 25/09/2026")
        assert row["due_on"] == "2026-09-25"
        assert (row["completed_on"] is None) == withheld
        assert row["corrections"] == 0
        whole += not withheld
    assert whole > 0
    assert {row["unit"] for row in found["standings"] if row["state"] == "late"} == {"46"}


def test_the_same_forms_again_are_received_once_and_other_figures_correct(office: Office) -> None:
    warehouse = reporting.Office.open().warehouse
    before = warehouse.submissions([PERIOD])
    pipeline.publish(PERIOD, "II.06a")
    assert warehouse.submissions([PERIOD]) == before
    _issue_again(warehouse)
    (standing,) = (
        row for row in pipeline.standings(PERIOD)["standings"] if (row["form"], row["unit"]) == ("II.06a", "46")
    )
    assert (standing["state"], standing["corrections"]) == ("late", 1)


def _issue_again(warehouse: Warehouse) -> None:
    moment = warehouse.figures_at(PERIOD)
    assert moment is not None
    assert issue(warehouse, "II.06a", "46", PERIOD, moment, "f" * 64, "file:///x.xlsx", True)


def test_freezing_all_that_is_due_may_run_every_day(office: Office) -> None:
    frozen = pipeline.freeze()["frozen"]
    assert frozen > 63 * 2 * 17, "the quarters since 2021, of both forms"
    assert pipeline.freeze() == {"frozen": 0}
