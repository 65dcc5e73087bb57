"""`baocao export`: the figures of a period as files for other systems."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from etl.commands.output import as_json_option, as_of_option, emit

if TYPE_CHECKING:
    from etl.pipeline.export import Format


FORMATS = ("csv", "parquet", "sdmx-csv")


@click.command()
@click.argument("period")
@click.option(
    "--format", "format_", type=click.Choice(["csv", "parquet", "sdmx-csv"]), default="csv", show_default=True
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Thư mục. / The folder.")
@click.option("--licence", help="Điều kiện sử dụng, ghi vào mô tả. / Terms of use, told in the metadata.")
@as_of_option
@as_json_option
def export(period: str, format_: Format, out: Path, licence: str | None, as_of: str | None, as_json: bool) -> None:
    """Xuất số liệu của PERIOD kèm mô tả. / The figures of PERIOD as a file, with what describes it."""
    from etl import pipeline

    found = pipeline.export(period, format_, out, as_of=as_of, licence=licence)
    if as_json:
        return emit(found)
    for file in found["files"]:
        click.echo(f"{file['path']}  sha256 {file['sha256']}")
    click.echo(f"{found['rows']} số liệu, như kho đã biết lúc / figures, as known at {found['known_at']}")
    return None
