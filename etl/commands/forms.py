"""`baocao forms`: fill the forms of a period, of every unit that owes them or of those asked for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import click

from etl.commands.output import as_json_option, as_of_option, emit, new_table, show
from etl.model import Level

FORMATS = ("xlsx", "docx", "pdf")
"""xlsx: the forms; docx: the report in words; pdf: of what is asked for beside it, by itself of both."""


@click.command()
@click.argument("period")
@click.option("--form", "number", help="Chỉ biểu này, như II.06a. / Only this form.")
@click.option("--unit", help="Chỉ đơn vị này (mã hoặc tên); cả xã. / Only this unit (code or name); communes too.")
@click.option("--level", type=click.Choice(get_args(Level)), help="Mọi đơn vị của cấp này. / Every unit of the level.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Chép vào thư mục. / Copy into a folder.")
@click.option("--format", "formats", default="xlsx", help=f"Cách nhau dấu phẩy / by commas: {', '.join(FORMATS)}.")
@as_of_option
@as_json_option
def forms(
    period: str,
    number: str | None,
    unit: str | None,
    level: str | None,
    out: Path | None,
    formats: str,
    as_of: str | None,
    as_json: bool,
) -> None:
    """Điền lại biểu của PERIOD từ kho và cho biết tệp ở đâu. / Fill the forms of PERIOD and say where they are."""
    from etl import pipeline

    if unit is not None and level is not None:
        raise click.UsageError("--unit hoặc --level / one of --unit and --level")
    wanted = tuple(name.strip() for name in formats.split(","))
    if unknown := [name for name in wanted if name not in FORMATS]:
        raise click.BadParameter(f"{', '.join(unknown)}: {', '.join(FORMATS)}", param_hint="--format")
    if as_of is not None:
        if wanted != ("xlsx",):
            raise click.UsageError("--as-of: --format xlsx")
        if out is None:
            raise click.UsageError("--as-of cần --out / needs --out")
        told = pipeline.forms_as_of(period, as_of, out, form=number, unit=unit, level=level)
        return emit(told) if as_json else _show_as_of(told)
    alone = wanted == ("pdf",)
    worded = number in pipeline.narratives()
    found = []
    if not worded and (number is not None or alone or "xlsx" in wanted):
        found += pipeline.fill_forms(period, form=number, unit=unit, level=level)
    if worded or (number is None and (alone or "docx" in wanted)):
        found += pipeline.narrate(period, number=number, unit=unit, level=level)
    printed = "pdf" not in wanted or pipeline.add_pdf(found)
    for one in found:
        for path, copy, asked in (("path", "copy", not alone), ("pdf", "pdf_copy", "pdf" in wanted)):
            if out is not None and asked and one[path] is not None:
                one[copy] = pipeline.copy_issue(one[path], out)
    if as_json:
        emit(found)
    else:
        _show(found, wanted)
    if not printed:
        sys.exit(1)
    return None


def _show_as_of(found: list[dict[str, Any]]) -> None:
    table = new_table("Biểu / form", "Đơn vị / unit", "Tệp / file", "Đúng bản đã phát hành / the very issue")
    for one in found:
        table.add_row(one["form"], f"{one['unit']} {one['name']}", one["path"], one["issue"] or "-")
    show(table)


def _show(found: list[dict[str, Any]], wanted: Sequence[str]) -> None:
    table = new_table("Biểu / form", "Đơn vị / unit", "Hạn gửi / due", "Tệp / file")
    for one in found:
        due = "-" if one["due_on"] is None else one["due_on"] + ("" if one["due_verified"] else " (?)")
        files = []
        if wanted != ("pdf",) or one["path"] is None:
            files.append(one.get("copy") or one["path"] or one["reason"])
        if "pdf" in wanted and one["path"] is not None:
            files.append(one.get("pdf_copy") or one["pdf"] or one["pdf_reason"])
        table.add_row(one["form"], f"{one['unit']} {one['name']}", due, "\n".join(files))
    show(table)
