"""`baocao lock` and `baocao restatements`: publish a period, and decide on what would change it afterwards."""

from __future__ import annotations

from collections import Counter
from typing import Any, get_args

import click

from etl.commands.output import as_json_option, emit, new_table, show
from etl.model import RESTATEMENT_CODES, RestatementCode

_MOST_SHOWN = 40
_STATES = {
    "waiting": "chờ duyệt / waiting",
    "approved": "đã duyệt / approved",
    "rejected": "đã bác / rejected",
    "superseded": "đã có lần nạp mới hơn / superseded",
}


def by_option(command: Any) -> Any:
    return click.option("--by", required=True, help="Ai quyết định. / Who decides.")(command)


class _ListByDefault(click.Group):
    """`restatements 2026-Q3` is `restatements list 2026-Q3`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        named = args and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if named else ["list", *args])


@click.command()
@click.argument("period")
@by_option
@click.option("--reason", default="", help="Căn cứ, như số văn bản. / On what ground.")
@as_json_option
def lock(period: str, by: str, reason: str, as_json: bool) -> None:
    """Công bố PERIOD và khóa: mọi thay đổi sau đó phải chờ duyệt. / Publish PERIOD: later changes wait for approval."""
    from etl import pipeline

    found = pipeline.lock(period, _name(by), reason)
    if as_json:
        return emit(found)
    before = "đã khóa trước đó / locked before: " if found["locked_before"] else "đã khóa / locked: "
    click.echo(f"{found['period']} {before}{found['published_at']}, {found['published_by']}")
    if moving := found["states"].get("moving"):
        click.echo(f"{moving} số liệu còn biến động, không thành chính thức / figures still move and are not final")
    _show_forms(found["forms"])
    return None


@click.group(cls=_ListByDefault)
def restatements() -> None:
    """Thay đổi của kỳ đã công bố: xem trước, duyệt, bác. / What would change published periods: foresee, decide.

    `baocao restatements [PERIOD] [--json]` · `approve ID --by NAME` · `reject ID --by NAME --reason TEXT`
    """


@restatements.command("list", hidden=True)
@click.argument("period", required=False)
@as_json_option
def list_them(period: str | None, as_json: bool) -> None:
    """Liệt kê, kèm mọi ô, chỉ tiêu, lũy kế, thứ hạng sẽ đổi. / List them, with everything that would change."""
    from etl import pipeline

    found = pipeline.restatements(period)
    if as_json:
        return emit(found)
    table = new_table("Số / id", "Kỳ / period", "Tình trạng / state", "Lý do / reason", "Số liệu / facts", "Ai / who")
    for one in found:
        code = RESTATEMENT_CODES[one["decided_code"] or one["code"]].both
        decided = " · ".join(filter(None, (one["decided_by"], one["decided_reason"])))
        table.add_row(str(one["id"]), one["period"], _STATES[one["state"]], code, str(one["facts"]), decided)
    show(table)
    for one in found:
        if one["prediction"] is not None:
            _show_prediction(one["id"], one["prediction"])
    return None


@restatements.command()
@click.argument("number", metavar="ID", type=int)
@by_option
@click.option("--code", type=click.Choice(get_args(RestatementCode)), help="Mã lý do khác. / Another reason code.")
@click.option("--reason", default="", help="Bắt buộc khi đổi mã. / Required with --code.")
@as_json_option
def approve(number: int, by: str, code: RestatementCode | None, reason: str, as_json: bool) -> None:
    """Duyệt: ghi vào kho, ra bản mới ghi (R). / Approve: record it, issue the touched forms again, marked (R)."""
    from etl import pipeline

    if code is not None and not reason.strip():
        raise click.UsageError("--code cần --reason (say why the code is another one)")
    found = pipeline.approve(number, _name(by), code, reason.strip())
    if as_json:
        return emit(found)
    click.echo(f"{found['period']}: {_STATES['approved']}, {found['facts']} số liệu / facts, {found['decided_by']}")
    _show_forms(found["forms"])
    for longer, recorded in found["longer"].items():
        waits = f", {_STATES['waiting']}: {recorded['restatement']}" if recorded["restatement"] else ""
        click.echo(f"{longer}: sửa/revised {recorded['revised']}{waits}")
    return None


@restatements.command()
@click.argument("number", metavar="ID", type=int)
@by_option
@click.option("--reason", required=True, help="Vì sao. / Why.")
@as_json_option
def reject(number: int, by: str, reason: str, as_json: bool) -> None:
    """Bác: giữ số đã công bố. / Reject: what was published stays."""
    from etl import pipeline

    if not reason.strip():
        raise click.UsageError("--reason không được trống (say why)")
    found = pipeline.reject(number, _name(by), reason.strip())
    if as_json:
        return emit(found)
    return click.echo(f"{found['period']}: {_STATES['rejected']}, {found['decided_by']}: {found['decided_reason']}")


def _name(by: str) -> str:
    if not by.strip():
        raise click.UsageError("--by không được trống (say who decides)")
    return by.strip()


def _show_forms(forms: list[dict[str, Any]]) -> None:
    for form in forms:
        click.echo(f"Biểu / form {form['form']}: {form['changed']} bản mới / new issues")


def _show_prediction(number: int, found: dict[str, Any]) -> None:
    figures = [cell for cell in found["cells"] if cell["figure"] is not None]
    by_form = Counter(cell["form"] for cell in figures)
    forms = len({(cell["form"], cell["unit"]) for cell in found["cells"]})
    click.echo(
        f"\nNếu duyệt {number} / if {number} is approved: {forms} biểu ra bản (R) / forms issued again, "
        f"{len(figures)} ô số liệu / cells ({', '.join(f'{form} {count}' for form, count in by_form.items())}); "
        f"chỉ tiêu/indicators {len(found['indicators'])}, lũy kế/longer periods {len(found['longer'])}, "
        f"so cùng kỳ/growth {len(found['growth'])}, thứ hạng/ranks {len(found['ranks'])}"
    )
    table = new_table("Biểu / form", "Đơn vị / unit", "Ô / cell", "Đã công bố / published", "Sẽ là / would be")
    for cell in figures[:_MOST_SHOWN]:
        table.add_row(cell["form"], cell["unit"], cell["cell"], cell["old"], cell["new"])
    show(table)
    if len(figures) > _MOST_SHOWN:
        click.echo(f"… còn {len(figures) - _MOST_SHOWN} ô nữa: dùng --json / more cells: use --json")
