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


@db.command()
@click.argument("account")
@click.option("--role", type=click.Choice(["loader", "reader", "reviewer"]), help="Vai trò. / The role.")
@click.option("--unit", metavar="CODE", help="Chỉ xem đơn vị này và bên dưới: mã hoặc tên. / Sees this unit and below.")
@as_json_option
def grant(account: str, role: str | None, unit: str | None, as_json: bool) -> None:
    """Cấp quyền cho tài khoản ACCOUNT; chưa có thì tạo, mật khẩu chỉ hiện một lần. / Give a login a role or a unit.

    A login that is not there is made; its password is shown once.
    """
    from etl import pipeline

    if (role is None) == (unit is None):
        raise click.UsageError("--role hoặc --unit / one of --role and --unit")
    found = pipeline.database_grant(account, role, unit)
    if as_json:
        return emit(found)
    click.echo(f"{account}: {found['role']} {found['unit'] or ''}".rstrip())
    if found["password"] is not None:
        click.echo(f"Mật khẩu, chỉ hiện lần này / password, shown this once: {found['password']}")
    return None


@db.command()
@click.argument("account")
@as_json_option
def revoke(account: str, as_json: bool) -> None:
    """Thu lại mọi quyền của ACCOUNT; tài khoản vẫn còn. / Take every role and unit from a login, which stays."""
    from etl import pipeline

    found = pipeline.database_revoke(account)
    if as_json:
        return emit(found)
    told = "đã thu lại / revoked" if found["revoked"] else "không có quyền nào / it had none"
    click.echo(f"{account}: {told}")
    return None


@db.command()
@as_json_option
def accounts(as_json: bool) -> None:
    """Tài khoản nào có quyền gì. / Which login has which role and units."""
    from etl import pipeline

    found = pipeline.database_accounts()
    if as_json:
        return emit(found)
    table = new_table("Tài khoản / account", "Vai trò / role", "Đơn vị / units")
    for one in found:
        units = ", ".join(f"{unit['unit']} ({unit['valid_from']})" for unit in one["units"])
        table.add_row(one["name"], one["role"], units)
    return show(table)
