"""`baocao standings` and `baocao receipts`: who owes what, and what was received."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Any

import click

from etl.commands.output import LEVELS, as_json_option, emit, new_table, show
from etl.model import STANDING_STATES

_NOTES = """
Đơn vị tính: báo cáo (một đơn vị, một biểu, một kỳ). Đúng hạn: bản đầy đủ đầu tiên nhận trong hạn, sau đó có sửa vẫn là
đúng hạn; thiếu số liệu: bản đầu chưa đủ và trong hạn không có bản đủ. Tỷ lệ đúng hạn: đúng hạn và báo không phát sinh
trên số đã đến hạn; tỷ lệ gửi đủ: đã nhận bản đầy đủ, kể cả muộn, trên số đã đến hạn; một chữ số, không làm tròn lên.
Counted are reports. Rates are over those past their due date, cut to one decimal: 100 % is all of them."""


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
    day = dt.date.fromisoformat(found["on"])
    click.echo(f"Tình hình gửi báo cáo {found['period']}, tính tới ngày {day:%d/%m/%Y} / standings as at that day")
    for row in summary["units"]:
        here = {"form": row["form"], "level": row["level"]}
        form = found["forms"][row["form"]]
        own = "" if form["official"] else " (biểu do dự án tự đặt / not an official form)"
        click.echo(f"\n{row['form']} {form['title']}{own} · {LEVELS[row['level']]}")
        by_filed = ", ".join(f"{filed}: {count}" for filed, count in sorted(row["by_filed"].items(), reverse=True))
        click.echo(
            f"  {row['units']} đơn vị/units · đủ mọi kỳ/full {row['full']} · một phần/partial {row['partial']} · "
            f"không kỳ nào/none {row['none']}\n  số kỳ đã gửi: số đơn vị / periods filed: units: {by_filed or '–'}"
        )
        (total,) = _alike(summary["levels"], here)
        _show_tallies(_alike(summary["periods"], here), total, "kỳ\nperiod", "period")
        if provinces:
            _show_tallies(_alike(summary["provinces"], here), total, "tỉnh\nprovince", "name")
    click.echo(_NOTES)
    if not all(row["due_verified"] for row in found["standings"]):
        click.echo("Có hạn gửi chưa kiểm chứng, không phải quy định chính thức / some due dates are not official")
    return None


def _alike(rows: list[dict[str, Any]], here: dict[str, str]) -> list[dict[str, Any]]:
    return [row for row in rows if here.items() <= row.items()]


def _show_tallies(tallies: list[dict[str, Any]], total: dict[str, Any], heading: str, name: str) -> None:
    """A numbered row each, and under several the row of them all."""
    states = [f"{title.vi}\n{title.en}" for title in STANDING_STATES.values()]
    columns = ("phải gửi\nowed", *states, "tỷ lệ đúng hạn\non-time rate", "tỷ lệ gửi đủ\nfiled rate")
    table = new_table("TT\nno.", heading, *columns)
    table.columns[1].no_wrap = True
    for column in table.columns[2:]:
        column.justify = "right"
    numbered = [(str(number), row[name], row) for number, row in enumerate(tallies, 1)]
    for number, called, row in [*numbered, ("", "Cộng / total", total)] if len(tallies) > 1 else numbered:
        if row is total:
            table.add_section()
        counts = (str(row[count]) for count in ("owed", *STANDING_STATES))
        table.add_row(number, called, *counts, _rate(row, "timely"), _rate(row, "filed"))
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
