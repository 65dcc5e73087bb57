"""`baocao calendar`: every period of a year with its days, and by what day each level reports."""

from __future__ import annotations

import datetime as dt
from typing import Any

import click

from etl.commands.output import LEVELS, as_json_option, emit, new_table, show

_UNVERIFIED, _REST = "(?)", "(*)"


@click.command()
@click.argument("year")
@click.option("--regime", help="Chỉ một chế độ báo cáo. / One report regime only.")
@as_json_option
def calendar(year: str, regime: str | None, as_json: bool) -> None:
    """Lịch báo cáo của năm YEAR: các kỳ, hạn gửi từng cấp. / Periods of YEAR with the due date of each level."""
    from etl import pipeline

    found = pipeline.calendar(year, regime)
    if as_json:
        return emit(found)
    levels = [level for level in LEVELS if any(level in row["due"] for row in found)]
    table = new_table("Kỳ / period", "", "Từ / from", "Đến / to", *(LEVELS[level] for level in levels))
    for row in found:
        mark = "" if row["verified"] else f" {_UNVERIFIED}"
        due = (_due(row["due"].get(level)) for level in levels)
        table.add_row(row["period"], f"{row['title']}{mark}", _day(row["start"]), _day(row["end"]), *due)
    show(table)
    click.echo(f"{_UNVERIFIED} chưa kiểm chứng / unverified: không phải quy định chính thức / not official")
    dates = [one for row in found for one in row["due"].values()]
    if not all(one["on_working_day"] for one in dates):
        click.echo(f"{_REST} ngày nghỉ; văn bản ghi “chậm nhất” nên giữ nguyên ngày / no working day, and kept")
    for level in levels:
        for source, verified in dict.fromkeys(
            (row["due"][level]["source"], row["due"][level]["verified"]) for row in found if level in row["due"]
        ):
            click.echo(f"  {LEVELS[level]}: {source}{'' if verified else f' {_UNVERIFIED}'}")
    for holidays in dict.fromkeys(one["holidays"] for one in dates):
        click.echo(
            f"  Ngày nghỉ lễ theo thư viện {holidays} và `moved_days` của catalog/calendar.yml: ngày làm việc hoán đổi "
            "hằng năm chỉ có khi một trong hai nơi đã ghi. / Public holidays of the library; yearly exchanges of "
            "working days only as far as it, or `moved_days`, knows them."
        )
    return None


def _day(day: str | None) -> str:
    return "-" if day is None else f"{dt.date.fromisoformat(day):%d/%m/%Y}"


def _due(due: dict[str, Any] | None) -> str:
    if due is None:
        return "-"
    marks = [mark for mark, shown in ((_REST, not due["on_working_day"]), (_UNVERIFIED, not due["verified"])) if shown]
    return " ".join([_day(due["due_on"]), *marks])
