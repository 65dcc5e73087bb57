"""`baocao source`: for the data engineer who adds a portal."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import click

from etl.commands.output import as_json_option, emit, failed_status, new_table, show


@click.group()
def source() -> None:
    """Thêm và xem xét một cổng nguồn. / Add a source portal, or look at one."""


@source.command()
@click.argument("id")
@click.option("--period", help="Kỳ phải lấy; mặc định quý vừa chốt. / Default: the last closed quarter.")
@as_json_option
def check(id: str, period: str | None, as_json: bool) -> None:
    """Lấy nguồn ID và kể hết: trạng thái, dòng, cột, đề xuất. / Pull ID and tell all of its answer."""
    from etl import pipeline

    told = pipeline.source_check(id, period)
    if as_json:
        emit(told)
    else:
        _tell(told)
    if not told["proven"]:
        sys.exit(failed_status([told["state"]]))


def _tell(told: dict[str, Any]) -> None:
    proof = ", ".join(told["proof"])
    click.echo(
        f"{told['source']} · {told['platform']} · {told['period']}: {told['state']} – {told['title']}"
        f"{f' · {proof}' if proof else ''}\n{told['rows']} dòng chuẩn / standard rows"
    )
    for page in told["pages"][:5]:
        click.echo(f"  tệp/file {page['file']}  {page['request']}")
    if len(told["pages"]) > 5:
        click.echo(f"  … và {len(told['pages']) - 5} tệp nữa / more files")
    if told["message"]:
        click.echo(f"LỖI / FAILED {told['message']}")
    if told["sample"]:
        rows = new_table("Cột / column", *(f"dòng {number}" for number in range(1, len(told["sample"]) + 1)))
        for name in told["sample"][0]:
            rows.add_row(name, *("" if row[name] is None else str(row[name]) for row in told["sample"]))
        show(rows)
    if told["columns"]:
        columns = new_table("Cột của nguồn / source column", "Dùng làm / used as")
        for name, use in told["columns"].items():
            columns.add_row(name, use)
        show(columns)
    found = Counter(f"[{one['severity']}] {one['rule']} {one['message']}" for one in told["findings"])
    for sentence, times in list(found.items())[:20]:
        click.echo(sentence + (f" (× {times})" if times > 1 else ""))
    if len(found) > 20:
        click.echo(f"… và {len(found) - 20} phát hiện nữa: thêm --json / more findings: --json")
    lines = [(one["line"], one["name"] or "điền mã đúng / fill in the code") for one in told["lookups"]]
    lines += [(one["line"], "; ".join(one["reasons"])) for ones in told["proposals"].values() for one in ones[:1]]
    if lines:
        click.echo(f"Nếu đúng, thêm vào sources/{told['source']}.yml / if right, add:")
    for line, why in lines:
        click.echo(f"  {line}    # {why}")


@source.command()
@click.argument("id")
@click.option("--platform", help="Nền tảng đã có trong danh mục. / A platform of the catalog.")
@click.option("--unit", help="Mã đơn vị báo cáo. / Code of the unit it reports for.")
@click.option("--address", help="Địa chỉ, hoặc env:TÊN/đường-dẫn. / Address, or env:NAME/path.")
@click.option("--owner", help="Đơn vị vận hành cổng. / Who runs the portal.")
@click.option("--credential", help="env:TÊN, conn:MÃ; không bao giờ là mã thật. / env:NAME, conn:ID; never the secret.")
@click.option("--role", type=click.Choice(["reporting", "comparison"]), help="Mặc định / default: reporting.")
@click.option("--files", help="Mẫu tên tệp của hộp thư, có {period}. / Pattern of an inbox's files.")
@click.option("--sample", help="Hệ thống lạ: tệp hoặc địa chỉ trả lời mẫu. / Unknown system: a sample answer.")
@click.option("--dataset", help="Bộ dữ liệu của mẫu. / Dataset of the sample.")
@click.option("--to", "folder", help="Thư mục danh mục; mặc định là thư mục cuối của BAOCAO_CATALOG. / Catalog folder.")
@as_json_option
def new(id: str, sample: str | None, folder: str | None, as_json: bool, **given: str | None) -> None:
    """Viết tệp của nguồn ID, hoặc bản nháp nền tảng từ một mẫu. / Write a source's YAML, or draft a platform's."""
    from etl import pipeline

    if sample is None:
        needed = ("platform", "unit", "address", "owner")
        missing = [f"--{name}" for name in needed if not given[name]]
        if missing:
            raise click.UsageError(f"thiếu / missing: {', '.join(missing)} (hoặc / or --sample)")
        written = {key: value for key, value in given.items() if value and key != "dataset"}
        told = pipeline.source_new(id, written, folder)
    else:
        if not given["dataset"]:
            raise click.UsageError("thiếu / missing: --dataset")
        told = pipeline.platform_draft(id, sample, given["dataset"], folder)
    if as_json:
        return emit(told)
    click.echo(f"Đã viết / written: {told['file']}")
    for line in told["next"]:
        click.echo(f"  {line}")
    return None
