"""Small figures, rows and receipts to load, and a plain way to look at what the warehouse then holds."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import psycopg
import pyarrow as pa

from etl.model import (
    Example,
    Finding,
    Hole,
    Indicator,
    Obligation,
    Page,
    Receipt,
    RuleOutcome,
    Text,
    Unit,
    Validation,
    WaiverUse,
)
from etl.tables import FACTS, ROW
from etl.warehouse import NewIssue, Recorded, Warehouse

PERIOD = "2026-Q3"
Key = tuple[str, str, str, str]
"""indicator, unit, tier, field"""
Figure = tuple[Decimal | None, str | None]
"""value, reason"""
NOON = dt.datetime(2026, 9, 15, 12, tzinfo=dt.UTC)

OWED = Obligation("II.06a", "01", PERIOD, "province", "Tỉnh A", "Tỉnh", "01", dt.date(2026, 9, 25), True)


def facts(figures: Mapping[Key, Figure], *, moving: bool = False) -> pa.Table:
    return pa.Table.from_pylist(
        [
            dict(
                zip(FACTS.names, (*key, *figure, True, moving), strict=True)
            )  # column order: key, value, reason, leaf, moving
            for key, figure in figures.items()
        ],
        schema=FACTS,
    )


def figure(value: int | str | None, reason: str | None = None) -> Figure:
    return (None if value is None else Decimal(value)), reason


def unit(code: str, level: str, parent: str | None, since: str = "2025-07-01", until: str | None = None) -> Unit:
    end = dt.date.fromisoformat(until) if until else None
    return Unit(code, f"Tên {code}", level, "Xã", parent, dt.date.fromisoformat(since), end, True, "thử")  # type: ignore[arg-type]


UNITS = [
    unit("VN", "nation", None),
    unit("01", "province", "VN"),
    unit("02", "province", "VN"),
    unit("00101", "commune", "01"),
    unit("00102", "commune", "01"),
    unit("00201", "commune", "02"),
]


def indicator(code: str, dataset: str) -> Indicator:
    title = Text(f"Chỉ tiêu {code}", f"Indicator {code}")
    return Indicator(code, dataset, title, Text("hồ sơ", "dossiers"), "Thông tư", (Example({}, None),), sum=code)


INDICATORS = [indicator("received", "onestop"), indicator("resolved", "onestop"), indicator("sent", "edoc")]


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def row(source: str, payload: str, pointer: str, agency: str, **given: Any) -> dict[str, Any]:
    """A standard row; `unit` defaults to the agency, measures are given by name."""
    return {
        **dict.fromkeys(ROW.names),
        "source": source,
        "period": PERIOD,
        "payload": sha(payload),
        "pointer": pointer,
        "agency": agency,
        "first_day": dt.date(2026, 6, 15),
        "last_day": dt.date(2026, 9, 14),
        "unit": agency,
        "tier": "commune",
        "field": "land",
        "raw": "{}",
        **given,
    }


def rows(records: Sequence[Mapping[str, Any]], measures: Sequence[str]) -> pa.Table:
    return pa.Table.from_pylist(list(records), schema=pa.schema([*ROW, *((name, pa.int64()) for name in measures)]))


def page(payload: str, field: str | None = None, address: str = "http://cong.example/thong-ke") -> Page:
    return Page(
        sha(payload), f"file:///raw/{payload}", 10, "application/json", 200, "GET", address, "", NOON, field
    )  # fmt: skip


def receipt(source: str, pages: Iterable[Page], *, id: str = "", state: str = "complete", hour: int = 1) -> Receipt:
    at = NOON + dt.timedelta(hours=hour)
    message = "" if state == "complete" else "cổng không trả lời"
    return Receipt(id or f"{source}-{hour}", source, PERIOD, at, at, state, message, 1, tuple(pages))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Load:
    """What one load brings; all of it may be left out."""

    figures: Mapping[Key, Figure] = field(default_factory=dict)
    rows: Mapping[str, pa.Table] = field(default_factory=dict)
    quarantine: Mapping[str, pa.Table] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    holes: Sequence[Hole] = ()
    receipts: Sequence[Receipt] = ()
    moving: bool = False
    compared: Collection[str] = ()
    outcomes: Sequence[RuleOutcome] = ()
    validations: Sequence[Validation] = ()
    waivers: Sequence[WaiverUse] = ()

    def into(self, warehouse: Warehouse, period: str = PERIOD) -> Recorded:
        return warehouse.record(
            period,
            run="lượt thử",
            catalog_version="c1",
            rules_version="r1",
            facts=facts(self.figures, moving=self.moving),
            rows=self.rows,
            quarantine=self.quarantine,
            findings=self.findings,
            holes=self.holes,
            receipts=self.receipts,
            compared=self.compared,
            outcomes=self.outcomes,
            validations=self.validations,
            waivers=self.waivers,
        )


def current(warehouse: Warehouse, period: str = PERIOD, known_at: dt.datetime | None = None) -> dict[Key, Figure]:
    return {
        (fact.indicator, fact.unit, fact.tier, fact.field): (fact.value, fact.reason)
        for fact in warehouse.facts(period, known_at=known_at)
    }


def issue(
    warehouse: Warehouse,
    form: str,
    unit: str,
    period: str,
    known_at: dt.datetime,
    sha256: str,
    uri: str,
    complete: bool,
) -> bool:
    """Issue one form; whether it was not issued already."""
    with warehouse.issuing(form, period) as issuing:
        return issuing.note([NewIssue(unit, known_at, sha256, uri, complete)]) == 1


def connect(warehouse_url: str, *, autocommit: bool = True) -> psycopg.Connection[Any]:
    """A plain session of the same database."""
    return psycopg.connect(warehouse_url.replace("+psycopg", ""), autocommit=autocommit)


def query(warehouse_url: str, statement: str) -> list[tuple[Any, ...]]:
    with connect(warehouse_url) as session:
        return session.execute(statement).fetchall()  # type: ignore[arg-type]


FILLED = Load(
    figures={("received", "00101", "commune", "land"): figure(12), ("received", "01", "commune", "land"): figure(12)},
    rows={"onestop": rows([row("onestop_a", "p1", "/data/0", "00101", received=12, resolved=None)],
                          ["received", "resolved"])},
    quarantine={
        "onestop": rows([row("onestop_a", "p1", "/data/1", "00102", received=-3)], ["received"])
        .append_column("rules", pa.array(["OS-1; OS-2"]))
        .append_column("messages", pa.array(["số âm; lệch tổng"]))
    },
    findings=[Finding("OS-1", "critical", "onestop_a", PERIOD, "số âm", unit="00102", row="/data/1", value="-3")],
    holes=[Hole("onestop", "onestop_a", "01", "00102", "commune", "land", "quarantined")],
    receipts=[receipt("onestop_a", [page("p1")])],
    outcomes=[
        RuleOutcome("onestop", "OS-1", Text("Số không âm", "Not negative"), "critical", "accuracy", "II.06a", "row",
                    "fail", judged=2, broken=1, sources={"onestop_a": 1}, proven=True),
        RuleOutcome("onestop", "OS-3", Text("Đủ nguồn", "Sources"), "critical", "completeness", "NĐ 09/2019", "table",
                    "not_run", reason="không có dòng nào"),
    ],
    validations=[Validation("onestop", 3, {"success": False, "results": [{"result": {"unexpected_count": 1}}]})],
)  # fmt: skip
"""A load with something in every table."""
