"""`baocao rules`: whether every rule can fail."""

from __future__ import annotations

import sys

import click

from etl.commands.output import as_json_option, emit


@click.group()
def rules() -> None:
    """Bộ quy tắc kiểm tra. / The rules of the quality checks."""


@rules.command()
@as_json_option
def prove(as_json: bool) -> None:
    """Trồng thử bản ghi sai cho từng quy tắc, nêu quy tắc không bắt được. / Plant bad records for every rule.

    Không cần kho, không cần mạng; kết thúc với mã 1 nếu có quy tắc chết. / Status 1 if any rule is dead.
    """
    from etl import pipeline

    found = pipeline.prove_rules()
    if as_json:
        emit(found)
    else:
        for dataset, asked in found["datasets"].items():
            click.echo(f"{dataset}: {asked['rules']} quy tắc/rules, {asked['records']} bản ghi thử/records planted")
        for one in found["dead"]:
            click.echo(f"CHẾT / DEAD  {one['dataset']} {one['rule']}: {one['why']}")
        if not found["dead"]:
            click.echo("Quy tắc nào cũng bắt được lỗi / every rule fires")
    sys.exit(1 if found["dead"] else 0)
