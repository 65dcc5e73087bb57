"""Figures against those of an earlier period, for people: growth beside the facts, and the carry-over chain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import click

from etl.commands.output import as_json_option, emit, new_table, show
from etl.model import GrowthFigure

if TYPE_CHECKING:
    from rich.table import Table


def add_growths(table: Table, growths: Iterable[GrowthFigure], labels: Mapping[str, str]) -> None:
    """A row each under those of the facts: "1.5 × 2020" is one and a half times the figure of 2020.

    Its label is how that earlier figure stands on the units of now, and of which units then it is made.
    """
    for one in growths:
        value = f"… ({one.reason})" if one.value is None else f"{one.value.normalize():f} × {one.period_before}"
        under = ", ".join(fact.unit for fact in one.rests_on)
        label = labels[one.label] + (f" ({one.period_before}: {under})" if under else "")
        table.add_row(one.unit, one.indicator, one.tier, one.field, value, "", "moving" if one.moving else "", label)


@click.command()
@click.argument("period")
@as_json_option
def chain(period: str, as_json: bool) -> None:
    """Tồn cuối kỳ trước so với đầu PERIOD. / What was pending before PERIOD against what it opened with."""
    from etl import pipeline

    found = pipeline.chain(period)
    if as_json:
        return emit(found)
    table = new_table(
        "Đơn vị / unit",
        "Cấp / tier",
        "Lĩnh vực / field",
        f"Cuối / close {found['before']}",
        "Đầu / open",
        "Lệch / diff.",
    )
    for link in found["broken"]:
        figures = (f"{link[name].normalize():f}" for name in ("closing", "opening", "difference"))
        table.add_row(_units(link["units_before"], link["units_now"]), link["tier"], link["field"], *figures)
    show(table)
    click.echo(
        f"khớp/equal {found['equal']}, lệch/broken {len(found['broken'])}, chưa rõ/unknown {found['unknown']}, "
        f"đơn vị đã thay đổi/units changed {found['units_changed']}, đã kết thúc/ended {found['units_ended']}"
    )
    if found["handed_over"]:
        click.echo(
            f"  {found['handed_over']} chỗ lệch bên cạnh một cấp đã kết thúc và bàn giao hồ sơ tồn: chỉ tổng các cấp "
            "so được / places that differ beside a level that ended and handed its stock over: only sums over tiers say"
        )
    return None


def _units(before: list[str], now: list[str]) -> str:
    """ "24", or of units that changed "24, 27 → 24"."""
    return now[0] if before == now and len(now) == 1 else f"{', '.join(before) or '…'} → {', '.join(now) or '…'}"
