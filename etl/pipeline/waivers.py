"""What became of the waivers in a run: which let what pass; a warning for each that has no effect."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator

from pydantic import TypeAdapter
from upath import UPath

from etl.model import Finding, Waiver, WaiverState, WaiverUse
from etl.periods import TIMEZONE, Period
from etl.pipeline.found import found_in
from etl.pipeline.office import Office
from etl.pipeline.work import write_findings

_USES = TypeAdapter(list[WaiverUse])
_KEPT = "waivers.json"


def keep(office: Office, period: Period, work: UPath) -> None:
    """Lay beside the findings of a run, the last of its checks done, what each waiver of the period did."""
    datasets = office.catalog.datasets
    for name in datasets:
        write_findings(work / f"findings_waivers_{name}.parquet", [])
    found = Counter(one.waiver for one in found_in(work, datasets))
    uses = [
        WaiverUse(one, _state(one, found[one.id]), found[one.id]) for one in office.waivers if period.key in one.periods
    ]
    for name in datasets:
        told = [use for use in uses if office.catalog.dataset_of(office.catalog.sources[use.waiver.source]) == name]
        write_findings(work / f"findings_waivers_{name}.parquet", _warnings(told, period))
    (work / _KEPT).write_text(_USES.dump_json(uses).decode())


def kept(work: UPath) -> list[WaiverUse]:
    return _USES.validate_json((work / _KEPT).read_text())


def _state(one: Waiver, found: int) -> WaiverState:
    if found:
        return "used"
    return "expired" if one.expires < dt.datetime.now(TIMEZONE).date() else "idle"


def _warnings(uses: list[WaiverUse], period: Period) -> Iterator[Finding]:
    for use in uses:
        one = use.waiver
        if use.state == "used":
            continue
        expired = use.state == "expired"
        told = (
            f"hết hạn ngày {one.expires:%d/%m/%Y} nên không còn tác dụng"
            if expired
            else "không khớp lỗi nào của kỳ này: lỗi đã hết, hoặc số liệu đã khác số được miễn"
        )
        yield Finding(
            rule="WAIVER-EXPIRED" if expired else "WAIVER-IDLE",
            severity="warning",
            source=one.source,
            period=period.key,
            message=f"Miễn trừ {one.id} ({one.rule}, {one.reason}; {one.owner} chịu trách nhiệm) {told}. Bỏ khỏi "
            "expectations/waivers.yml, hoặc xét lại và sửa ở đó",
            unit=one.unit,
            field=one.field,
            value=one.id,
            expected="còn hạn ở ngày chạy" if expired else "khớp ít nhất một lỗi",
            tier=one.tier,
        )
