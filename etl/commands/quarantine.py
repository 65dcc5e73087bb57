"""`baocao quarantine`: the rows that were set aside, what they break, what waits for them, how they get out."""

from __future__ import annotations

from typing import Any

import click

from etl.commands.output import as_json_option, emit, new_table, show


@click.command()
@click.argument("period")
@click.option("--source", help="Chỉ nguồn này. / Only this source.")
@click.option("--unit", help="Chỉ đơn vị này và cấp dưới (mã hoặc tên). / Only this unit and those below it.")
@click.option("--dataset", help="Chỉ bộ dữ liệu này. / Only this dataset.")
@as_json_option
def quarantine(period: str, source: str | None, unit: str | None, dataset: str | None, as_json: bool) -> None:
    """Các dòng của PERIOD đang bị cách ly, và cách đưa ra. / The rows in quarantine, and how each gets out."""
    from etl import pipeline

    if source is not None and unit is not None:
        raise click.UsageError("--source hoặc --unit / one of --source and --unit")
    found = pipeline.quarantine(period, source, unit, dataset)
    return emit(found) if as_json else _show(found)


def _show(found: dict[str, Any]) -> None:
    if found["rows"]:
        headings = ("Dòng / row", "Sai / what", "Có / is", "Phải là / should be", "Từ / since")
        table = new_table(*headings, "Đang giữ / held back", "Đưa ra / release")
        for row in found["rows"]:
            for number, one in enumerate(row["broken"]):
                first = number == 0
                what = f"{one['title']['vi']}\n{one['rule']}\n{one['message']}"
                ends = (_held(row), _releases(row)) if first else ("", "")
                is_ = "\n".join(f"{each['title']['vi']}: {each['value']}" for each in one["figures"]) or one["value"]
                table.add_row(_place(row) if first else "", what, is_, _expected(one), one["since"] or "", *ends)
            table.add_section()
        show(table)
    click.echo(
        f"{found['total']} dòng bị cách ly / rows in quarantine, lần nạp / load {found['load']['id']}; không ai sửa "
        "tay, sửa xong thì chạy lại / nobody edits them, a mended row is judged again"
    )


def _place(row: dict[str, Any]) -> str:
    about = f"{row['where'] or row['agency']}\n{row['source']} · {row['field_name'] or '-'}"
    return f"{about}\n{row['pointer']}\nsha256 {row['payload'][:12]}…"


def _expected(one: dict[str, Any]) -> str:
    return f"{one['expected']} = {one['sum_of']}" if one["sum_of"] else str(one["expected"])


def _held(row: dict[str, Any]) -> str:
    if row["held"] is None:
        return "không, nguồn đối chiếu / none, for comparison"
    return f"{row['held']['figures']} số / figures\n{len(row['held']['units'])} đơn vị / units"


def _releases(row: dict[str, Any]) -> str:
    told = []
    for one in row["releases"]:
        line = f"{one['file']}: {one['line']}\n" if one["line"] else ""
        told.append(f"{one['title']['vi']} / {one['title']['en']}\n{line}{one['command']}")
    return "\n".join(told)
