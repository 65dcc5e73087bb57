"""How commands answer: JSON for machines, tables for people."""

from __future__ import annotations

import json as jsons
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.table import Table


LEVELS = {
    "ministry": "Bộ / ministry",
    "province": "Tỉnh / province",
    "district": "Huyện / district",
    "commune": "Xã / commune",
}
"""Those that send reports."""


def as_json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--json", "as_json", is_flag=True, help="Kết quả cho máy đọc. / Output for machines.")(command)


def as_of_option(command: Callable[..., Any]) -> Callable[..., Any]:
    help_ = "Như kho đã biết lúc đó: ngày, hoặc thời điểm ISO. / As known then: a day, or an ISO moment."
    return click.option("--as-of", metavar="TIME", help=help_)(command)


def emit(result: Any) -> None:
    click.echo(jsons.dumps(result, ensure_ascii=False, indent=2, default=str))


def failed_status(states: Iterable[str]) -> int:
    """The exit status of pulls of which not all are complete: 2 where none could even be asked with these settings."""
    return 2 if all(state == "misconfigured" for state in states) else 3


def new_table(*headings: str) -> Table:
    from rich.table import Table as RichTable

    made = RichTable(header_style="bold")
    for heading in headings:
        made.add_column(heading, overflow="fold")
    return made


def show(made: Any) -> None:
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else 140).print(made)  # a pipe has no width of its own


def show_days(days: list[dict[str, Any]]) -> None:
    """What is not simply of the days of the period."""
    for one in days:
        counted = f"{one['source']}: {one['first_day']} → {one['last_day']}"
        if one["parts"] > 1:
            click.echo(f"  ghép từ {one['parts']} phần / bridged from {one['parts']} parts: {counted}")
        if not one["of_period"]:
            click.echo(f"  KHÔNG phải các ngày của kỳ / not the days of the period: {counted}")


def show_predecessor(found: dict[str, Any] | None) -> None:
    """Closing stocks of the period before that changed after the chain was judged; nothing where none did."""
    if found is None:
        return
    click.echo(
        f"CẦN XÉT LẠI / judge again: {found['total']} số tồn cuối kỳ {found['period']} đổi từ / closing stocks changed "
        f"since {found['since']}, kỳ này đã kiểm tra / judged {found['judged_at']}. Chạy / run: `{found['again']}`"
    )
    for one in found["figures"][:5]:
        was, now = ("…" if one[name] is None else one[name] for name in ("was", "now"))
        click.echo(f"  - {one['unit_name']} · {one['field_name']} · {one['title']['vi']}: {was} → {now}")
