"""Whether the figures of a closed period still move: two pulls at a set distance, one compared with the other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
from upath import UPath

from etl import indicators
from etl.catalog import Catalog
from etl.errors import SourceBroken, TraceError
from etl.model import Dataset, Finding, Page, Receipt, Source
from etl.periods import TIMEZONE, Period
from etl.pipeline.office import Office
from etl.pipeline.readings import kept_rows
from etl.pipeline.work import read, write_findings

_MOST_NAMED = 10


def distance(catalog: Catalog) -> dt.timedelta:
    """How far apart two pulls must be to prove anything."""
    return dt.timedelta(hours=catalog.calendar.confirm_after_hours)


def pull_before(attempts: Sequence[Receipt], used: Receipt, apart: dt.timedelta) -> Receipt | None:
    """The newest complete pull that had ended at least so long before the bytes of `used` came.

    A pull of unchanged pages (304) holds bytes that came earlier: where another pull brought the very same afresh, that
    one's time counts; else there are no two pulls to compare, whatever the portal says.
    """
    fresh = [one for one in (used, *reversed(attempts)) if _afresh(one) and _asked(one.pages) == _asked(used.pages)]
    if not fresh:
        return None
    came = fresh[0].started_at
    known = [one for one in attempts if one.state == "complete" and one.finished_at + apart <= came]
    return max(known, key=lambda one: one.finished_at, default=None)


def rows_before(office: Office, source: Source, period: Period, before: Receipt, used: Receipt) -> pa.Table | None:
    """Standard rows of the pull before; None where it gave the very bytes of the one in use.

    Raises SourceBroken or TraceError where that pull can no longer be read.
    """
    if _asked(before.pages) == _asked(used.pages):
        return None
    return kept_rows(office.catalog, office.landing, source, period, office.landing.pages(before)).table


def unproven(source: Source, period: Period, before: Receipt, problem: SourceBroken | TraceError) -> Finding:
    """That two pulls could not be compared is told, and proves nothing."""
    message = f"Lần lấy {_moment(before)} không đọc lại được nên chưa biết số liệu có đổi từ đó hay không: {problem}"
    return Finding("READ-MOVING", "warning", source.id, period.key, message)


def marked(catalog: Catalog, period: Period, dataset_id: str, work: UPath, facts: pa.Table) -> pa.Table:
    """The facts of a run with every one marked that moved, or is made of one that did; leaves the findings beside."""
    dataset, compared = catalog.datasets[dataset_id], catalog.compared(period)
    before = read(work / f"before_{dataset_id}.parquet")
    sources = pa.array([one for one in before["source"].unique().to_pylist() if one not in compared], pa.string())

    def whole(rows: pa.Table) -> pa.Table:
        return indicators.bridge(
            rows.filter(pc.is_in(rows["source"], sources)),
            dataset_id=dataset_id,
            dataset=dataset,
            days=catalog.counted(period),
            sources=catalog.sources,
        )[0]

    moved = indicators.moved(whole(before), whole(read(work / f"rows_{dataset_id}.parquet")), dataset)
    write_findings(work / f"findings_moving_{dataset_id}.parquet", findings(catalog, period, dataset, moved))
    touched = indicators.spread(moved, dataset, catalog.tree(period))
    return indicators.mark(facts, touched, dataset=dataset, indicators=catalog.indicators_of(dataset_id))


def findings(catalog: Catalog, period: Period, dataset: Dataset, moved: pa.Table) -> list[Finding]:
    """One for each source of which any figure moved: how many, and the biggest changes."""
    tree = catalog.tree(period)
    of_source: dict[str, list[str]] = {}
    for row in moved.to_pylist():
        who = tree[row["agency"]].name if row["agency"] in tree else row["agency"]
        field = f", {catalog.fields[row['field']].name}" if row["field"] in catalog.fields else ""
        what = dataset.columns[row["measure"]].title.vi
        of_source.setdefault(row["source"], []).append(
            f"{who}{field}, “{what}”: {_figure(row['before'])} → {_figure(row['after'])}"
        )
    return [
        Finding(
            rule="READ-MOVING",
            severity="warning",
            source=source,
            period=period.key,
            value=str(len(told)),
            expected="0",
            message=f"{len(told)} số liệu của kỳ đã chốt thay đổi giữa hai lần lấy cách nhau ít nhất "
            f"{catalog.calendar.confirm_after_hours} giờ: {'; '.join(told[:_MOST_NAMED])}"
            f"{f'; và {len(told) - _MOST_NAMED} số liệu khác' if len(told) > _MOST_NAMED else ''}",
        )
        for source, told in of_source.items()
    ]


def _afresh(receipt: Receipt) -> bool:
    return receipt.state == "complete" and "not_modified" not in receipt.proof


def _asked(pages: Sequence[Page]) -> list[tuple[str, str | None, dt.date | None]]:
    return [(page.sha256, page.field, page.first_day) for page in pages]


def _figure(value: int | None) -> str:
    return "không có" if value is None else f"{value:,}".replace(",", ".")


def _moment(receipt: Receipt) -> str:
    return f"{receipt.started_at.astimezone(TIMEZONE):%H:%M %d/%m/%Y}"
