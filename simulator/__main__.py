"""`python -m simulator`: the country of portals on a loopback port."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import click
import uvicorn

from simulator.country import CATALOG
from simulator.faults import Fault, Faults
from simulator.mail import Mailboxes, serve
from simulator.server import SHAPES, create_app

_FAULT = re.compile(r"(?P<platform>\w+)/(?P<province>\d\d(?:-2024)?)=(?P<kind>\w+)(?::(?P<seconds>\d+(?:\.\d+)?))?")
TOKEN = "BAOCAO_SIMULATOR_TOKEN"  # noqa: S105 (the variable's name, not its value)


class _Announcing(uvicorn.Server):
    """Says where it listens once it does, so that a caller may wait for the line."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            click.echo(f"simulator on http://{host}:{port}")


def _faults(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> Faults:
    faults = Faults(SHAPES)
    for text in texts:
        match = _FAULT.fullmatch(text)
        if match is None or match["platform"] not in SHAPES:
            raise click.BadParameter(f"{text!r}: write platform/province=kind; platforms: {', '.join(SHAPES)}")
        try:
            seconds = {"seconds": float(match["seconds"])} if match["seconds"] else {}
            faults.put(match["platform"], match["province"], Fault(match["kind"], **seconds))
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
    return faults


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), required=True, help="0 takes a free one.")
@click.option("--mail-port", type=click.IntRange(1, 65535), help="Where the mailboxes receive by SMTP; without it, no.")
@click.option("--seed", default=2026, show_default=True)
@click.option("--scale", type=click.FloatRange(0, min_open=True), default=1.0, show_default=True)
@click.option(
    "--fault", "faults", multiple=True, callback=_faults, help="platform/province=kind, such as igate/08=down."
)
@click.option(
    "--catalog",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=CATALOG,
    help="Where units/units.csv and fields.csv of another country stand.",
)
def main(host: str, port: int, mail_port: int | None, seed: int, scale: float, faults: Faults, catalog: Path) -> None:
    """Source portals of a simulated country; BAOCAO_SIMULATOR_TOKEN opens its iGate portals."""
    token = os.environ.get(TOKEN)
    if not token:
        raise click.ClickException(f"the environment variable {TOKEN} is not set: the iGate portals need a token")
    mailboxes = Mailboxes()
    app = create_app(seed, scale, token, faults, catalog, mailboxes)
    config = uvicorn.Config(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=2)
    receiving = serve(mailboxes, host, mail_port) if mail_port else None
    try:
        _Announcing(config).run()
    finally:
        if receiving:
            receiving.stop()


if __name__ == "__main__":
    main()
