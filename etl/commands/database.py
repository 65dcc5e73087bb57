"""`baocao db`: the warehouse's schema up and down, for whoever administers the database."""

from __future__ import annotations

import click

from etl.commands.output import as_json_option, emit, new_table, show


@click.group()
def db() -> None:
    """Lược đồ của kho: xem, nâng, lùi. / The schema of the warehouse: look, upgrade, downgrade."""


@db.command()
@as_json_option
def status(as_json: bool) -> None:
    """Kho đang ở bản nào, và lùi mỗi bản thì mất gì. / Which revision, and what going down from each loses."""
    from etl import pipeline

    found = pipeline.database_status()
    if as_json:
        return emit(found)
    table = new_table("Bản / revision", "", "Nội dung / title", "Lùi thì mất / going down loses")
    for one in found["revisions"]:
        mark = "đang dùng / here" if one["number"] == found["revision"] else ""
        table.add_row(one["number"], mark, one["title"], one["loses"])
    return show(table)


@db.command()
@click.argument("revision", default="head")
@as_json_option
def upgrade(revision: str, as_json: bool) -> None:
    """Nâng lược đồ tới REVISION, mặc định bản mới nhất. / Up to REVISION, by default the newest."""
    from etl import pipeline

    found = pipeline.database_upgrade(revision)
    if as_json:
        return emit(found)
    click.echo(f"Kho đang ở bản / the warehouse has revision {found['revision']}")
    return None


@db.command()
@click.argument("revision", required=False)
@click.option("--yes", is_flag=True, help="Không hỏi lại. / Do not ask.")
@as_json_option
def downgrade(revision: str | None, yes: bool, as_json: bool) -> None:
    """Lùi lược đồ về REVISION (base: bỏ hết), mặc định một bước. / Down to REVISION (base: nothing), or one step.

    Điều bị mất được nêu trước; không lấy lại được. / What is lost is told first, and does not come back.
    """
    from etl import pipeline

    lost = pipeline.database_downgrade(revision, dry=True)["undone"]
    for one in lost:
        click.echo(f"{one['number']} {one['title']}\n  mất / loses: {one['loses']}", err=True)
    if not yes and lost:
        click.confirm("Lùi thật? / Go down?", abort=True, err=True)
    found = pipeline.database_downgrade(revision)
    if as_json:
        return emit(found)
    click.echo(f"Kho đang ở bản / the warehouse has revision {found['revision']}")
    return None
