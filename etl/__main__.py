"""The command `baocao`: the pipeline's verbs for people and, with --json, for machines.

Exit status: 0 done; 1 something did not go through (a rule could not run, a figure could not be traced);
2 the call, the settings or the catalog must be mended first, also where the settings let no source be asked;
3 done, but some sources failed, or some lines of a list were not taken.
"""

from __future__ import annotations

import sys
from typing import Any

import click

from etl.commands.calendars import calendar
from etl.commands.database import db
from etl.commands.export import export
from etl.commands.forms import forms
from etl.commands.growth import chain
from etl.commands.output import as_json_option, emit, failed_status, new_table, show
from etl.commands.proofs import bundle, trace, verify
from etl.commands.quality import quality
from etl.commands.quarantine import quarantine
from etl.commands.restatements import lock, restatements
from etl.commands.review import review
from etl.commands.rules import rules
from etl.commands.sources import source
from etl.commands.standings import receipts, standings
from etl.commands.units import facts, units
from etl.commands.watch import watch
from etl.errors import BaocaoError, CatalogError, PeriodError, ReceiptsError, RestatementError, SettingsError
from etl.model import PULL_STATES

_ROLES = {"reporting": "báo cáo / reporting", "comparison": "đối chiếu / comparison"}
_MENDABLE = (CatalogError, PeriodError, ReceiptsError, RestatementError, SettingsError)


class _Commands(click.Group):
    """Turns the errors of errors.py into one sentence and an exit status."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except BaocaoError as problem:
            click.echo(f"Lỗi / Error: {problem}", err=True)
            sys.exit(2 if isinstance(problem, _MENDABLE) else 1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Báo cáo ETL: số liệu từ cổng nguồn tới biểu báo cáo. / From source portals to filled report forms."""


_COMMANDS = (
    source,
    calendar,
    chain,
    units,
    facts,
    forms,
    quality,
    quarantine,
    review,
    standings,
    receipts,
    watch,
    trace,
    bundle,
    verify,
    db,
    export,
    lock,
    restatements,
    rules,
)
for _command in _COMMANDS:
    main.add_command(_command)


@main.command()
@as_json_option
def check(as_json: bool) -> None:
    """Kiểm tra danh mục và bộ quy tắc, không cần mạng. / Check catalog and expectations without network."""
    from etl import pipeline

    found = pipeline.catalog_check()
    if as_json:
        return emit(found)
    counted = ", ".join(f"{name} {count}" for name, count in found["rules"].items())
    click.echo(
        f"Danh mục đạt / catalog is sound: {found['units']} đơn vị/units, {found['sources']} nguồn/sources, "
        f"{found['platforms']} nền tảng/platforms, {found['indicators']} chỉ tiêu/indicators, "
        f"biểu/forms {', '.join(found['forms'])}; quy tắc/rules {counted}"
    )
    return None


@main.command()
@as_json_option
def sources(as_json: bool) -> None:
    """Liệt kê các nguồn. / List the sources."""
    from etl import pipeline

    found = pipeline.sources()
    if as_json:
        return emit(found)
    headings = ("Nguồn / source", "Bộ dữ liệu / dataset", "Nền tảng / platform", "Vai trò / role", "Đơn vị / unit")
    table = new_table(*headings, "Lần cuối / last")
    for listed in found:
        last = f"{listed['last_title']} · {listed['last_period']}" if listed["last_state"] else "chưa lấy / never"
        unit = f"{listed['unit']} {listed['unit_name']}"
        table.add_row(listed["id"], listed["dataset"], listed["platform"], _ROLES[listed["role"]], unit, last)
    return show(table)


@main.command()
@click.argument("period")
@as_json_option
def plan(period: str, as_json: bool) -> None:
    """Nguồn nào phải lấy cho PERIOD (2026-Q3). / Which sources are due for PERIOD."""
    from etl import pipeline

    due = pipeline.plan(period)
    if as_json:
        return emit(due)
    roles = {listed["id"]: listed["role"] for listed in pipeline.sources()}
    for due_source in due:
        role = roles[due_source]
        click.echo(due_source if role == "reporting" else f"{due_source}  ({_ROLES[role]})")
    click.echo(f"{len(due)} nguồn phải lấy cho kỳ {period} / sources are due", err=True)
    return None


@main.command()
@click.argument("period")
@click.option("--source", "only", multiple=True, help="Chỉ lấy lại nguồn này. / Pull only this source again.")
@click.option("--jobs", type=click.IntRange(1), help="Số nguồn lấy cùng lúc. / How many sources at once.")
@as_json_option
def run(period: str, only: tuple[str, ...], jobs: int | None, as_json: bool) -> None:
    """Lấy số liệu, kiểm tra, nạp kho, điền biểu cho PERIOD. / The whole path for PERIOD, without Airflow."""
    from etl import pipeline

    pipeline.prepare()
    pulls: list[dict[str, Any]] = []
    for pull in pipeline.collect_all(period, only or None, jobs):
        pulls.append(pull)
        if not as_json:
            failure = f"LỖI / FAILED ({PULL_STATES[pull['state']].both}) {pull['message']}"
            told = f"{pull['source']}: {pull['rows']} dòng / rows" if pull["state"] == "complete" else failure
            click.echo(f"  {told}")
    result = pipeline.run_from_landed(period)
    failed = {pull["source"]: pull["message"] for pull in pulls if pull["state"] != "complete"}
    if as_json:
        found = result["findings"]
        pulls = [{**pull, "findings": found.get(pull["source"], [])} for pull in pulls]
        emit({"sources": sorted(pulls, key=lambda pull: str(pull["source"])), "failed": failed, **result})
    else:
        _show_run(result)
    if failed:
        sys.exit(failed_status(pull["state"] for pull in pulls))


def _show_run(result: dict[str, Any]) -> None:
    recorded = result["record"]
    click.echo(
        f"Dữ kiện / facts: mới/new {recorded['new']}, sửa/revised {recorded['revised']}, như cũ/same {recorded['same']}"
    )
    if recorded["note"]:
        click.echo(recorded["note"])
    for form in result["forms"]:
        click.echo(f"Biểu / form {form['form']}: {form['written']} bản/files, thay đổi/changed {form['changed']}")
    if result["review"]["note"]:
        click.echo(result["review"]["note"])


@main.command()
@click.argument("period")
@as_json_option
def replay(period: str, as_json: bool) -> None:
    """Dựng lại PERIOD từ các tệp đã lấy, không dùng mạng. / Rebuild PERIOD from landed bytes, network unused."""
    from etl import pipeline

    pipeline.prepare()
    result = pipeline.run_from_landed(period, afresh=True)
    return emit(result) if as_json else _show_run(result)


if __name__ == "__main__":
    main(prog_name="baocao")
