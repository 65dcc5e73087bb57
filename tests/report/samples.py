"""Findings of two sources, and what their codes mean: small enough to count by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

from etl import report
from etl.model import Finding, Rule, Text

PERIOD = "2026-Q3"
HOSTILE = "<script>alert(1)</script>'\"><img src=http://evil.example/x onerror=alert(1)>"
SUM = Rule(
    "SUM", Text("Tổng bằng các phần", "The total is its parts"), "critical", "coherence", "(3) = (4) + (5)", "row",
    "total <> one::hugeint + other", "(3) = (4) + (5)", ("total", "one", "other"),
)  # fmt: skip
MANY = Rule("MANY", Text("Nhiều", "Many"), "warning", "accuracy", "dự án", "row", "total > 100", "không quá 100")
THERE = Rule("THERE", Text("Có mặt", "There"), "critical", "completeness", "NĐ 09", "table", "select …", "một dòng")
KNOWN = report.Known(
    rules={("d", rule.id): rule for rule in (SUM, MANY, THERE)},
    figures={"d": {name: Text(f"{name} vi", f"{name} en") for name in ("total", "one", "other")}},
    sources={name: report.Holder("d", unit, f"Chủ {name}") for name, unit in (("a", "01"), ("b", "02"))},
    units={"01": "Tỉnh A", "02": "Tỉnh B", "00101": "Xã C"},
    fields={"f": "Lĩnh vực F"},
    pulls={"b": (Text("bị từ chối", "refused"), "Xin cấp lại mã truy cập")},
    landed={"ab" * 32: ("raw/a/2026-Q3/abab.json", dt.datetime(2026, 9, 15, 3, tzinfo=dt.UTC))},
)


def finding(rule: Rule, source: str = "a", **told: Any) -> Finding:
    given = {"severity": rule.severity, "message": rule.title.vi, **told}
    return Finding(rule=rule.id, source=source, period=PERIOD, **given)


def summed(total: int, one: int, other: int, row: str = "/0", **told: Any) -> Finding:
    return finding(
        SUM,
        **{
            "unit": "00101",
            "field": "f",
            "payload": "ab" * 32,
            "row": row,
            "column": "total, one, other",
            "value": f"{total}, {one}, {other}",
            "expected": SUM.message,
            **told,
        },
    )


def whole(findings: list[Finding], **more: Any) -> dict[str, Any]:
    """A report on these findings, of a period in which nothing else is known."""
    rows = report.rows(findings, KNOWN)
    since = {
        (one["source"], one["rule"]): {"period": PERIOD, "recorded_at": "2026-09-15T03:00:00+00:00"} for one in rows
    }
    issues = report.issues(rows)
    for one in issues:
        one |= {"cells": 0, "only": 0, "forms": []}
    counts = dict.fromkeys(report.MEASURES, (1, 2))
    return {
        "period": {"key": PERIOD, "title": "Quý III năm 2026", "first_day": "2026-06-15", "last_day": "2026-09-14"},
        "scope": {"source": None, "unit": None, "name": ""},
        "run": {
            "load": 7,
            "run": "run-7",
            "recorded_at": "2026-09-15T03:00:00+00:00",
            "catalog_version": "c" * 64,
            "rules_version": "d" * 64,
        },
        "decides": "Phòng tổng hợp",
        "criteria": report.criteria(counts, report.open_findings(rows)),
        "trend": [{"period": PERIOD, "title": "", "counts": counts, "other_rules": False}],
        "issues": report.dated(report.ranked(issues), since),
        "rows": rows,
        "rules": report.outcomes([], KNOWN.rules, rows, {"d"}),
        "forms": {"cells": 10, "withheld": 0, "faces": [], "undeclared": {}, "unexplained": 0},
        "sources": [],
        "decisions": [],
        "waivers": [],
        "predecessor": None,
        "mirror": report.mirror(findings, [], {}),
        **more,
    }
