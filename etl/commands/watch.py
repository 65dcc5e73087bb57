"""`baocao watch`: who is due, who is overdue, whom the DAG `watch` writes to."""

from __future__ import annotations

import datetime as dt

import click

from etl.commands.output import as_json_option, emit, new_table, show

_URGENCY = {"due_soon": "sắp đến hạn\ndue soon", "overdue": "quá hạn\noverdue"}
_RECEIVED = {"nothing": "chưa có gì\nnothing", "partial": "thiếu số liệu\npartial"}


@click.command()
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="Tính tới hết ngày này. / As at the end of this day.")
@as_json_option
def watch(on: dt.datetime | None, as_json: bool) -> None:
    """Ai sắp đến hạn, ai quá hạn mà chưa gửi đủ, nhắc ai. / Who is due, who is overdue, whom to remind. No mail."""
    from etl import pipeline

    found = pipeline.watch(on.date().isoformat() if on else None)
    if as_json:
        return emit(found)
    click.echo(f"Theo dõi hạn báo cáo, tính tới {found['on']} / due and not filed, as at that day")
    if found["outstanding"]:
        table = new_table(
            "đơn vị\nunit", "biểu\nform", "kỳ\nperiod", "hạn gửi\ndue", "\n", "đã nhận\nreceived", "nhắc ai\nwhom"
        )
        for one in found["outstanding"]:
            since = f"đã gửi {one['filed_since']}\nfiled since"
            whom = since if one["filed_since"] else one["contact"] or "KHÔNG CÓ HỘP THƯ\nno mailbox"
            due = one["due_on"] + ("" if one["due_verified"] else " (?)")
            unit = f"{one['unit']} {one['name']}"
            urgency, received = _URGENCY[one["urgency"]], _RECEIVED[one["received"]]
            table.add_row(unit, one["form"], one["period"], due, urgency, received, whom)
        show(table)
    else:
        click.echo("Không đơn vị nào sắp đến hạn hoặc vừa quá hạn / nobody is due or newly overdue")
    for unit, why in found["unwritten"].items():
        click.echo(f"  không nhắc được / nobody to write to: {unit}: {why}")
    day_off = "" if found["working_day"] else " (ngày nghỉ, không gửi thư / a day off: no mail)"
    click.echo(
        f"{len(found['letters'])} thư cần gửi / letters to send{day_off}; quá hạn lâu hơn / overdue for longer: "
        f"{found['older']} (baocao standings); mới chốt / newly frozen: {found['frozen']}"
    )
    return None
