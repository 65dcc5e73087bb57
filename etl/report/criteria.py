"""The five quality criteria of the European Statistical System, each by what can be counted here.

A measure is a part of a whole. Every threshold is the whole: what is counted are dossiers, documents, obligations and
days, not estimates, so that no shortfall is within a tolerance. `R1` is the data completeness rate of the ESS Quality
and Performance Indicators (cells provided over cells required); the other measures are this project's own, under the
criterion that the ESS handbook gives them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from etl.model import Text

Criterion = Literal["completeness", "accuracy", "coherence", "timeliness", "comparability"]
State = Literal["met", "warned", "failed", "none"]
Counts = Mapping[str, tuple[int, int]]
"""Of each measure the part and the whole; a whole of 0 has no rate."""

CRITERIA: Final[Mapping[Criterion, Text]] = {
    "completeness": Text("Đầy đủ", "Completeness"),
    "accuracy": Text("Chính xác", "Accuracy"),
    "coherence": Text("Nhất quán", "Coherence"),
    "timeliness": Text("Kịp thời", "Timeliness"),
    "comparability": Text("So sánh được", "Comparability"),
}


@dataclass(frozen=True)
class Measure:
    """title: what the part is of what whole. rests_on: why the threshold is the whole."""

    criterion: Criterion
    title: Text
    rests_on: Text


_WINDOW = Text("NĐ 09/2019/NĐ-CP, Điều 12", "Decree 09/2019/NĐ-CP, article 12")
_FORMULAS = Text(
    "công thức in trên biểu, đẳng thức của hệ thống nguồn: số đếm, không có sai số",
    "formulas printed on the form, the vendor's own identities: counts have no tolerance",
)
MEASURES: Final[Mapping[str, Measure]] = {
    "cells": Measure(
        "completeness",
        Text(
            "Ô có số trên ô phải có số của các biểu (R1)", "Cells with a figure of the cells that should hold one (R1)"
        ),
        Text(
            "số chưa biết không phải là 0, số cộng thiếu phần thì không công bố",
            "what is not known is not 0, and what lacks a part is not published",
        ),
    ),
    "sources": Measure(
        "completeness",
        Text("Nguồn có số liệu trọn vẹn trên nguồn phải có", "Sources with a whole answer of the sources due"),
        Text("mọi đơn vị phải báo cáo đều có nguồn trả lời", "every unit that must report has a source that answers"),
    ),
    "accurate_rows": Measure(
        "accuracy",
        Text("Dòng không bị giữ vì sai số liệu trên dòng đọc được", "Rows not held for a wrong value of the rows read"),
        Text("số nguyên không âm, mã và đơn vị có thật", "whole numbers, not negative; known codes and units"),
    ),
    "unrevised": Measure(
        "accuracy",
        Text(
            "Số liệu giữ nguyên từ lần ghi đầu trên số liệu có giá trị",
            "Figures as first recorded of those with a value",
        ),
        Text("kỳ đã chốt thì số không đổi", "a closed period does not change"),
    ),
    "coherent_rows": Measure(
        "coherence",
        Text(
            "Dòng không bị giữ vì sai đẳng thức trên dòng đọc được",
            "Rows not held for a broken identity of the rows read",
        ),
        _FORMULAS,
    ),
    "coherent_sources": Measure(
        "coherence",
        Text(
            "Nguồn không có phát hiện về nhất quán trên nguồn có số liệu",
            "Sources without a finding on coherence of those with rows",
        ),
        _FORMULAS,
    ),
    "reports": Measure(
        "timeliness",
        Text("Báo cáo đúng hạn trên báo cáo đã đến hạn", "Reports on time of the reports due by now"),
        Text("NĐ 09/2019/NĐ-CP, Điều 13, và lịch báo cáo", "Decree 09/2019/NĐ-CP, article 13, and the calendar"),
    ),
    "window": Measure(
        "comparability",
        Text(
            "Nguồn đếm đúng các ngày của kỳ trên nguồn có số liệu",
            "Sources that count the period's days of those with rows",
        ),
        _WINDOW,
    ),
    "comparable_sources": Measure(
        "comparability",
        Text(
            "Nguồn không có phát hiện về so sánh trên nguồn có số liệu",
            "Sources without a finding on comparability of those with rows",
        ),
        Text("cùng cột, cùng đơn vị tính với kỳ trước", "the columns and units of counting of the period before"),
    ),
}


def criteria(counts: Counts, open_findings: Mapping[str, Mapping[str, int]]) -> list[dict[str, Any]]:
    """The five in order, each with its measures. open_findings: by criterion and severity, how many stand open.

    A criterion fails where a critical finding stands open or a measure falls short of the whole; it is warned of where
    only warnings do; `none` where nothing could be counted.
    """
    found = []
    for name, title in CRITERIA.items():
        measures = [_measured(key, one, counts[key]) for key, one in MEASURES.items() if one.criterion == name]
        findings = dict(open_findings.get(name, {}))
        found.append(
            {
                "id": name,
                "title": vars(title),
                "state": _state([one["state"] for one in measures], findings),
                "findings": findings,
                "measures": measures,
            }
        )
    return found


def _measured(key: str, measure: Measure, counted: tuple[int, int]) -> dict[str, Any]:
    part, whole = counted
    state: State = "none" if not whole else "met" if part == whole else "failed"
    return {
        "id": key,
        "title": vars(measure.title),
        "numerator": part,
        "denominator": whole,
        "rate": part / whole if whole else None,
        "threshold": 1,
        "rests_on": vars(measure.rests_on),
        "state": state,
    }


def _state(measures: list[State], findings: Mapping[str, int]) -> State:
    if findings.get("critical") or "failed" in measures:
        return "failed"
    if findings.get("warning"):
        return "warned"
    return "none" if set(measures) == {"none"} else "met"
