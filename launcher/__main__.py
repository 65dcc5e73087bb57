"""`python -m launcher`: what make and ./baocao call."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from launcher import LauncherError

_NEED_NO_WAREHOUSE = frozenset({"check", "calendar", "plan", "source", "sources", "units"})
_NEED_PORTALS = frozenset({"run"})
_LEAVE_THE_SCHEMA = frozenset({"db"})


class _Commands(click.Group):
    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except LauncherError as problem:
            click.echo(f"Lỗi / Error: {problem}", err=True)
            sys.exit(2)


@click.group(cls=_Commands)
def main() -> None:
    """How one machine runs Báo cáo ETL."""


@main.command()
@click.option("--period", default="2026-Q3", show_default=True)
@click.option("--fault", "faults", multiple=True, help="Break a simulated portal: igate/08=down. May be repeated.")
def demo(period: str, faults: tuple[str, ...]) -> None:
    """Run one quarter from the simulated portals to the filled forms."""
    from launcher.demo import run

    sys.exit(run(period, faults))


@main.command()
def up() -> None:
    """Start Airflow's services and the simulated portals, and watch them until Ctrl-C."""
    from launcher.services import up as run

    sys.exit(run())


@main.command()
@click.option("--from", "first", required=True, help="The first quarter, such as 2023-Q4.")
@click.option("--to", "last", required=True, help="The last quarter, such as 2026-Q3.")
@click.option("--reprocess", is_flag=True, help="Run every quarter again, not only what is missing or failed.")
@click.option("--at-once", default=1, show_default=True, type=click.IntRange(1), help="Quarters collected at once.")
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
def backfill(first: str, last: str, reprocess: bool, at_once: int, as_json: bool) -> None:
    """Run past quarters through Airflow, oldest first, from collect to the filled forms."""
    from launcher.backfill import run

    sys.exit(run(first, last, reprocess=reprocess, at_once=at_once, as_json=as_json))


@main.command()
def down() -> None:
    """End what `up` started, from another terminal."""
    from launcher.services import down as run

    sys.exit(run())


@main.command()
def forget() -> None:
    """Remove this machine's databases, landed answers and forms."""
    from launcher.services import forget as run

    sys.exit(run())


@main.command(hidden=True)
@click.option("--account", help="A login of the warehouse that sees one unit only.")
@click.option("--unit")
def migrate(account: str | None, unit: str | None) -> None:
    """Bring Airflow's metadata and the warehouse up to date (a process of its own: it imports Airflow)."""
    from etl import pipeline
    from launcher.inprocess import prepare_database

    pipeline.prepare()
    if account is not None:
        pipeline.database_grant(account, None, unit)
    prepare_database()


_PASSED_ON = {"ignore_unknown_options": True, "help_option_names": [], "allow_interspersed_args": False}


@main.command(context_settings=_PASSED_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def airflow(arguments: tuple[str, ...]) -> None:
    """Airflow's command line on what `up` runs, such as `airflow backfill create`."""
    from launcher.services import airflow as run

    sys.exit(run(arguments))


@main.command(context_settings=_PASSED_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def cli(arguments: tuple[str, ...]) -> None:
    """The command `baocao`, with what it needs started for its time."""
    from etl.__main__ import main as baocao

    command = next((word for word in arguments if not word.startswith("-")), "")
    wanted = set() if {"-h", "--help"} & set(arguments) else {command} & baocao.commands.keys()
    alone = wanted == {"verify"} and any(word.endswith((".zip", ".xlsx", ".docx")) for word in arguments)
    if wanted - _NEED_NO_WAREHOUSE and not alone:  # a form is verified with its bundle alone
        _with_servers(lambda: baocao.main(args=list(arguments), prog_name="baocao"), command)
    else:
        baocao.main(args=list(arguments), prog_name="baocao")


def _with_servers(run: Callable[[], object], command: str) -> None:
    """What starts servers is imported where it is needed: a help text must not wait for it."""
    import contextlib

    from launcher import machine, processes

    with processes.orderly_exit(), contextlib.ExitStack() as stack:
        stack.enter_context(machine.warehouse(up_to_date=command not in _LEAVE_THE_SCHEMA))
        if command in _NEED_PORTALS:
            stack.enter_context(machine.portals(machine.demo_scale()))
        run()


if __name__ == "__main__":
    main(prog_name="python -m launcher")
