"""`baocao trace` and `baocao verify`: an issued form back to its bytes, and the chain that seals it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from etl.commands.output import as_json_option, emit, show_days


@click.command()
@click.argument("file", type=click.Path(path_type=str))
@click.argument("cell", metavar="SHEET!CELL")
@click.option("--all", "everything", is_flag=True, help="Mọi dòng nguồn. / Every source row.")
@as_json_option
def trace(file: str, cell: str, everything: bool, as_json: bool) -> None:
    """Từ một ô của biểu đã lập về tới byte đã lấy. / From one cell of an issued form back to the bytes.

    SHEET!CELL: 'Biểu!F12', hay F12 của trang đầu; của báo cáo .docx là dấu trang, như tthc_received_total_before.
    / Or F12, which is of the first sheet; of a report (.docx) the bookmark.
    """
    from etl import pipeline

    found = pipeline.trace(file, cell)
    if as_json:
        return emit(found)
    value = f"… ({found['reason']})" if found["value"] is None else found["value"]
    click.echo(
        f"{found['form']} {found['unit_name']} {found['period']} ô/cell {found['cell']}: "
        f"{found['title']}{_change(found['change'])} = {value}\n"
        f"  căn cứ/law: {found['law']}\n"
        f"  dữ kiện/fact: {found['indicator']} · {found['figure_unit']} · {found['tier']} · {found['field']}"
        f"{_recorded(found)}\n"
        f"  công thức/formula: {_formula(found['formula'])}; tính lại/computed again: {found['computed']}\n"
        f"  như đã biết lúc/as known at {found['known_at']}\n"
        f"  {len(found['rows'])} dòng nguồn/source rows, {found['pages_verified']} tệp đúng sha256/files verified"
    )
    for one in found["quarters"]:
        figure = f"… ({one['reason']})" if one["value"] is None else one["value"]
        click.echo(f"  từ kỳ/from {one['period']} · {one['figure_unit']}: {figure} · nạp/load {one['load']}")
    for one in found["waivers"]:
        click.echo(
            f"  miễn trừ/waiver ‡ {one['id']}: {one['rule']} · {one['source']} · {', '.join(one['periods'])} · "
            f"{one['reason']}; {one['owner']} chịu trách nhiệm/answers, {one['agreed_by']} đồng ý/agreed, "
            f"hạn/until {one['expires']}"
        )
    show_days(found["days"])
    largest_first = sorted(
        found["rows"], key=lambda row: max((one or 0 for one in row["values"].values()), default=0), reverse=True
    )
    shown = largest_first if everything else largest_first[:5]
    for row in shown:
        part = "" if row["of_figure"] else "  (không tính vào số này / not part of it)"
        read = " + ".join(f"{column}={value}" for column, value in row["read"].items())
        click.echo(
            f"  - {row['source']} · {row['agency']} · {row['field']}: {_values(row)}  ({read})\n"
            f"{_counted(row['counted'])}"
            f"      các ngày   {row['first_day'] or '?'} → {row['last_day'] or '?'}{part}\n"
            f"      tệp/file   {row['file']}#{row['pointer']}\n"
            f"      sha256     {row['sha256']}\n"
            f"      địa chỉ    {row['method']} {row['address']} {row['request']}\n"
            f"      lấy lúc    {row['fetched_at']}"
        )
    if len(shown) < len(found["rows"]):
        click.echo(f"  … còn {len(found['rows']) - len(shown)} dòng nữa: thêm --all / more rows: add --all")
    return None


def _counted(counted: dict[str, Any] | None) -> str:
    """A line telling how many single records a row counts, and the first of them."""
    if counted is None:
        return ""
    pairs = zip(counted.get("keys", ()), counted.get("pointers", ()), strict=True)
    first = ", ".join(f"{key} ({pointer})" for key, pointer in pairs)
    where = f"trên {counted['pages']} trang/pages"
    return f"      đếm/counted {counted['records']} bản ghi/records {where}{f': {first}' if first else ''}\n"


def _formula(formula: dict[str, Any]) -> str:
    """What the indicator adds up, over what, and how the cell itself adds."""
    over, under = " + ".join(formula["numerator"]), " + ".join(formula["denominator"])
    told = f"({over}) / ({under})" if under else over
    return f"{told} [={formula['cell']}]" if formula["cell"] else told


def _recorded(found: dict[str, Any]) -> str:
    """Nothing for a figure on the units of another day: of those that it is made of each has its load."""
    if found["revision"] is None:
        return ""
    recorded = f"lần/revision {found['revision']} · {found['state']} · nạp/load {found['load']}"
    return f" · {recorded} · {found['recorded_at']}"


def _change(change: dict[str, Any] | None) -> str:
    if change is None:
        return ""
    how = " theo phần trăm / in percent" if change["how"] == "percent" else ""
    return f", thay đổi so với/changed since {change['than']}{how}"


def _values(row: dict[str, Any]) -> str:
    values = row["values"]
    return ", ".join(f"{name} {value}" for name, value in values.items()) if len(values) > 1 else str(row["value"])


@click.command()
@click.argument("file", type=click.Path(path_type=str))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=".", help="Thư mục. / Folder.")
@click.option("--raw/--no-raw", default=True, help="Kèm các tệp gốc. / With the landed answers; without: hashes only.")
@as_json_option
def bundle(file: str, out: Path, raw: bool, as_json: bool) -> None:
    """Đóng gói biểu đã lập với mọi thứ nó dựa vào. / Pack an issued form with all it rests on, to be verified alone."""
    from etl import pipeline

    made = pipeline.bundle(file, out, raw=raw)
    if as_json:
        return emit(made)
    click.echo(
        f"{made['bundle']}\n  {made['cells']} ô/cells, {made['rows']} dòng/rows, {made['answers']} tệp gốc/answers"
        f"\n  sha256 {made['sha256']}\n  niêm phong/seal {made['seal']}"
    )
    return None


@click.command()
@click.argument("file", type=click.Path(path_type=str), required=False)
@click.option("--noted", metavar="HEAD", help="Đầu chuỗi đã ghi lại nơi khác. / A head that was noted elsewhere.")
@as_json_option
def verify(file: str | None, noted: str | None, as_json: bool) -> None:
    """Kiểm chứng một biểu với gói của nó, hay cả chuỗi niêm phong. / Verify a form with its bundle, or the whole chain.

    FILE: gói .zip, hay biểu có gói nằm cạnh; không cần kho. Bản in PDF: nó in biểu nào, theo kho. / A bundle, or a form
    beside its bundle; no database. A PDF: which issue it prints, asked of the warehouse.
    """
    from etl import pipeline, proof

    if file is not None:
        if noted is not None:
            raise click.UsageError("--noted chỉ dùng khi không có FILE / goes without FILE")
        printed = file.lower().endswith(".pdf")
        told = pipeline.verify_print(file) if printed else pipeline.verify_bundle(file)
        if as_json:
            emit(told)
        elif printed and not told["wrong"]:
            click.echo(
                f"ĐÚNG / HOLDS  {told['form']} {told['unit']} {told['period']}: bản in của / prints {told['file']} "
                f"(sha256 {told['file_sha256']}); niêm phong/seal {told['seal']}"
            )
        else:
            click.echo("\n".join(proof.told(told)))
        return sys.exit(1) if told["wrong"] else None
    found = pipeline.verify_chain(noted)
    if as_json:
        emit(found)
    else:
        for line in found["wrong"]:
            click.echo(f"SAI / WRONG  {line}")
        click.echo(
            f"{found['seals']} mắt xích/seals: {found['loads']} lần nạp/loads, {found['payloads']} tệp gốc/landed "
            f"files, {found['issues']} biểu/forms, {found['prints']} bản in/prints, "
            f"{found['decisions']} quyết định/decisions; có trước chuỗi/older than the chain: {found['earlier']}\n"
            f"Đầu chuỗi, hãy ghi lại nơi khác / head, to be noted elsewhere: {found['head']}"
        )
    return sys.exit(1) if found["wrong"] else None
