"""`baocao units` and `baocao facts`: units on a day, and figures on the units of any day."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from etl.commands.growth import add_growths
from etl.commands.output import as_json_option, as_of_option, emit, new_table, show, show_days

if TYPE_CHECKING:
    from etl.model import RestatedFact
    from etl.units.restate import Divided

LABELS = {
    "reported": "như đã báo cáo / as reported",
    "restated": "cộng theo đơn vị mới / added up",
    "apportioned": "ước chia đều / apportioned in equal parts",
    "old_boundary": "giữ địa giới cũ / on the old boundary",
}
_KINDS = {
    "merge": "sáp nhập / merge",
    "split": "chia tách / split",
    "many_to_many": "sắp xếp lại / many to many",
    "rename": "đổi tên / rename",
    "change_of_type": "đổi loại hình / change of type",
    "move": "chuyển đơn vị cấp trên / move",
    "abolition": "bãi bỏ / abolition",
}


@click.command()
@click.option("--at", metavar="DATE", help="Ngày, mặc định hôm nay. / The day, by default today.")
@click.option("--events", "events_only", is_flag=True, help="Các lần thay đổi đơn vị. / What changed, by act and date.")
@as_json_option
def units(at: str | None, events_only: bool, as_json: bool) -> None:
    """Đơn vị có hiệu lực vào ngày DATE. / The units in force on DATE."""
    from etl import pipeline

    if events_only:
        found = pipeline.events()
        if as_json:
            return emit([asdict(event) for event in found])
        happened = new_table("Ngày / date", "Việc / what", "Số lần / times", "Cũ / old", "Mới / new", "Văn bản / act")
        alike = groupby(found, lambda event: (event.date, event.kind))  # they come by date and kind
        for (date, kind), group in alike:
            same = list(group)
            old, new = sum(len(event.old) for event in same), sum(len(event.new) for event in same)
            acts = dict.fromkeys(act for event in same for act in event.source.split("; "))
            happened.add_row(date.isoformat(), _KINDS[kind], str(len(same)), str(old), str(new), "; ".join(acts))
        return show(happened)
    listed = pipeline.units(at)
    if as_json:
        return emit(listed)
    counts = new_table("Cấp / level", "Loại / type", "Số đơn vị / units", "Chưa xác minh / not verified")
    for (level, kind), count in sorted(Counter((unit["level"], unit["type"]) for unit in listed).items()):
        unverified = sum(not unit["verified"] for unit in listed if (unit["level"], unit["type"]) == (level, kind))
        counts.add_row(level, kind, str(count), str(unverified))
    return show(counts)


@click.command()
@click.argument("period")
@click.option("--indicator", metavar="CODE", help="Chỉ một chỉ tiêu. / One indicator only.")
@click.option("--unit", metavar="CODE", help="Chỉ một đơn vị: mã hoặc tên. / One unit only: code or name.")
@click.option(
    "--units",
    "units_on",
    default="reported",
    show_default=True,
    metavar="reported|today|DATE",
    help="Trên đơn vị của kỳ, của hôm nay hay của một ngày. / On the period's units, today's, or those of a day.",
)
@click.option(
    "--divided",
    type=click.Choice(["keep", "apportion"]),
    default="keep",
    show_default=True,
    help="Đơn vị bị chia: giữ địa giới cũ, hay ước chia đều. / Divided units: on old boundaries, or in equal parts.",
)
@as_of_option
@as_json_option
def facts(
    period: str,
    indicator: str | None,
    unit: str | None,
    units_on: str,
    divided: Divided,
    as_of: str | None,
    as_json: bool,
) -> None:
    """Số liệu trong kho của kỳ PERIOD. / Figures of PERIOD."""
    from etl import pipeline

    if units_on != "reported":
        told = pipeline.restated(period, units_on, unit, indicator, divided, as_of)
        if as_json:
            return emit([asdict(one) for one in told])
        return _show_restated(told) if told else _nothing(period)
    found = pipeline.facts(period, unit, indicator, as_of)
    growths = pipeline.growth(period, unit, indicator, divided, as_of)
    if as_json:
        reported = [{**one, "label": "reported"} for one in pipeline.with_days(period, found, as_of)]
        return emit([*reported, *map(asdict, growths)])
    headings = ("Đơn vị / unit", "Chỉ tiêu / indicator", "Cấp / tier", "Lĩnh vực / field", "Giá trị / value")
    table = new_table(*headings, "Lần / rev.", "Tình trạng / state", "Cách tính / label")
    for fact in found:
        value = _value(fact.value, fact.reason)
        table.add_row(
            fact.unit,
            fact.indicator,
            fact.tier,
            fact.field,
            value,
            str(fact.revision),
            fact.state,
            LABELS["reported"],
        )
    if not found and not growths:
        return _nothing(period)
    add_growths(table, growths, LABELS)
    show(table)
    show_days(pipeline.days_of(period, found, as_of))
    return None


def _nothing(period: str) -> None:
    click.echo(f"Kho chưa có số liệu nào như vậy của kỳ {period} / the warehouse has no such figure of the period")


def _show_restated(told: list[RestatedFact]) -> None:
    headings = ("Đơn vị / unit", "Địa giới ngày / units of", "Chỉ tiêu / indicator", "Cấp / tier", "Lĩnh vực / field")
    table = new_table(*headings, "Giá trị / value", "Cách tính / label")
    for one in told:
        value = _value(one.value, one.reason) + (" *" if one.moving else "")
        place = (one.unit, one.units_on.isoformat(), one.indicator, one.tier, one.field)
        table.add_row(*place, value, LABELS[one.label])
    show(table)
    if any(one.moving for one in told):
        click.echo("  *: số liệu còn biến động / made of figures that still move")


def _value(value: Any, reason: str | None) -> str:
    return f"… ({reason})" if value is None else f"{value.normalize():f}"
