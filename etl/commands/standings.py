"""`baocao standings` and `baocao receipts`: who owes what, and what was received."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Any

import click

from etl.commands.output import as_json_option, emit, new_table, show
from etl.model import STANDING_STATES


@click.command()
@click.argument("period", metavar="YEAR|PERIOD")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="Tính tới hết ngày này. / As at the end of this day.")
@click.option("--provinces", is_flag=True, help="Thêm bảng theo tỉnh. / Add the table by province.")
@as_json_option
def standings(period: str, on: dt.datetime | None, provinces: bool, as_json: bool) -> None:
    """Ai đã gửi, ai chưa, trong năm hoặc kỳ (2021, 2026-Q3). / Who filed and who did not, in a year or period."""
    from etl import pipeline

    found = pipeline.standings(period, on.date() if on else None)
    if as_json:
        return emit(found)
    summary = found["summary"]
    if not found["standings"]:
        return click.echo(f"Không đơn vị nào phải gửi báo cáo trong {found['period']} / nobody owes a report")
    click.echo(f"Tình hình gửi báo cáo {found['period']}, tính tới {found['on']} / standings as at that day")
    for row in summary["units"]:
        by_filed = ", ".join(f"{filed}: {count}" for filed, count in sorted(row["by_filed"].items(), reverse=True))
        official = found["forms"].get(row["form"], {}).get("official", True)
        own = "" if official else " (biểu do dự án tự đặt / not an official form)"
        click.echo(
            f"\n{row['form']}{own} · {row['level']}: {row['units']} đơn vị/units · đủ mọi kỳ/full {row['full']} · "
            f"một phần/partial {row['partial']} · không kỳ nào/none {row['none']}\n"
            f"  số kỳ đã gửi: số đơn vị / periods filed: units: {by_filed}"
        )
        here = {"form": row["form"], "level": row["level"]}
        _show_tallies(summary["periods"], here, "kỳ\nperiod", "period")
        if provinces:
            _show_tallies(summary["provinces"], here, "tỉnh\nprovince", "name")
    return None


def _show_tallies(tallies: list[dict[str, Any]], here: dict[str, str], heading: str, name: str) -> None:
    states = [f"{title.vi}\n{title.en}" for title in STANDING_STATES.values()]
    table = new_table(heading, "phải gửi\nowed", *states, "tỷ lệ đúng hạn\non-time rate", "tỷ lệ gửi đủ\nfiled rate")
    for row in tallies:
        if here.items() <= row.items():
            counts = (str(row[count]) for count in ("owed", *STANDING_STATES))
            table.add_row(row[name], *counts, _rate(row, "timely"), _rate(row, "filed"))
    show(table)


def _rate(row: dict[str, Any], part: str) -> str:
    """Cut, not rounded: 100 % is all of them."""
    if not row["due"]:
        return "–"
    tenths = row[part] * 1000 // row["due"]
    return f"{tenths // 10},{tenths % 10} %"


@click.group()
def receipts() -> None:
    """Báo cáo đã nhận ở nơi khác. / Receipts kept elsewhere."""


@receipts.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@as_json_option
def import_(file: Path, as_json: bool) -> None:
    """Nhập danh sách nhận báo cáo FILE (CSV). / Take in a list of receipts: unit, form, period, received_at, kind."""
    from etl import pipeline

    taken = pipeline.import_receipts(file)
    if as_json:
        emit(taken)
    else:
        for fault in taken["faults"]:
            value = f" {fault['value']!r}" if fault["value"] else ""
            click.echo(f"  dòng/line {fault['line']}, {fault['field']}{value}: {fault['problem']}. {fault['advice']}")
        click.echo(
            f"{taken['lines']} dòng/lines: mới/new {taken['new']}, đã có/known {taken['same']}, "
            f"không nhập/not taken {taken['bad']}"
        )
    if taken["bad"]:
        sys.exit(3)
