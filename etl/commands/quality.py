"""`baocao quality`: what is wrong with a period's figures, for who decides whether they are published."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import click

from etl.commands.output import as_json_option, emit, new_table, show, show_predecessor
from etl.model import WAIVER_STATES

_FILE = click.Path(path_type=Path, dir_okay=False)
_SEVERITIES = {"critical": "nghiêm trọng / critical", "warning": "cảnh báo / warning", "info": "thông tin / info"}


@click.command()
@click.argument("period")
@click.option("--source", help="Chỉ nguồn này. / Only this source.")
@click.option("--unit", help="Chỉ đơn vị này và cấp dưới (mã hoặc tên). / Only this unit and those below it.")
@click.option("--html", type=_FILE, help="Ghi một trang HTML. / Write one self-contained page.")
@click.option("--pdf", type=_FILE, help="Ghi một tệp PDF để gửi kèm. / Write a PDF to attach.")
@click.option("--csv", type=_FILE, help="Ghi mọi dòng vi phạm. / Write every failing row.")
@click.option("--lang", type=click.Choice(["vi", "en"]), default="vi", show_default=True)
@as_json_option
def quality(
    period: str,
    source: str | None,
    unit: str | None,
    html: Path | None,
    pdf: Path | None,
    csv: Path | None,
    lang: Literal["vi", "en"],
    as_json: bool,
) -> None:
    """Báo cáo chất lượng số liệu của PERIOD. / The quality report of PERIOD: JSON as an ESS validation report."""
    from etl import pipeline

    if source is not None and unit is not None:
        raise click.UsageError("--source hoặc --unit / one of --source and --unit")
    found = pipeline.quality_report(period, source, unit)
    if html is not None:
        html.write_text(pipeline.quality_page(found, lang), "utf-8")
    if pdf is not None:
        pdf.write_bytes(pipeline.quality_pdf(found, lang))
    if csv is not None:
        csv.write_text(pipeline.quality_rows(found), "utf-8", newline="")
    if as_json:
        return emit(pipeline.validation_report(found))
    return _show(found, [path for path in (html, pdf, csv) if path is not None])


def _what(one: Mapping[str, Any], where: str = "") -> str:
    return f"{one['row']['title']['vi']}\n{where}{', '.join(one['rules'])} · {one['rows']} dòng/rows"


def _show(found: dict[str, Any], written: list[Path]) -> None:
    for path in written:
        click.echo(str(path))
    from etl import report

    issues = [one for one in found["issues"] if one["severity"] != "info"]
    if issues:
        # A critical fault is decided by itself; of a kind of warning one line, as on the page.
        headings = ("Mức / severity", "Đơn vị / unit", "Sai / what", "Có / is", "Phải là / should be", "Từ / since")
        table = new_table(*headings, "Ô “…” / cells")
        for one in issues:
            if one["severity"] == "critical":
                row, since = one["row"], one["since"]["period"]
                what = _what(one, f"{one['source']} · ")
                table.add_row(
                    _SEVERITIES["critical"],
                    row["unit_name"],
                    what,
                    row["value"],
                    row["expected"],
                    since,
                    str(one["cells"]),
                )
        for kind in report.alike(one for one in issues if one["severity"] == "warning"):
            first, *others = kind["units"]
            where = first + (f"\nvà {len(others)} đơn vị khác / more" if others else "")
            table.add_row(_SEVERITIES["warning"], where, _what(kind), "", kind["row"]["expected"], kind["since"], "")
        show(table)
    show_predecessor(found["predecessor"])
    for one in found["waivers"]:
        state = WAIVER_STATES[one["state"]].both
        click.echo(
            f"Miễn trừ / waiver {one['id']} ({one['rule']}, {one['source']}): {state}, {one['findings']} lỗi / "
            f"findings; {one['reason']}; {one['owner']}; hết hạn / expires {one['expires']}"
        )
    forms = found["forms"]
    for one in found["criteria"]:
        counted = ", ".join(f"{each['numerator']}/{each['denominator']}" for each in one["measures"])
        click.echo(f"{one['title']['vi']} / {one['title']['en']}: {counted}")
    critical = sum(one["severity"] == "critical" for one in issues)
    click.echo(
        f"{critical} lỗi nghiêm trọng / critical findings; {forms['withheld']}/{forms['cells']} ô ghi “…” / cells "
        "without a figure"
    )
