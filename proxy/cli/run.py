"""`strangler run`: the proxy itself."""

from __future__ import annotations

import os
from pathlib import Path

import click

from proxy.cli.options import config_option, parsed, state_option
from proxy.cli.output import Trouble
from proxy.runtime.settings import TOKEN_VARIABLE, Address, Settings, is_loopback, parse_address, parse_listen


def parse_share(text: str) -> float:
    """on -> 1.0, off -> 0.0, 25% -> 0.25."""
    named = {"on": 1.0, "off": 0.0}
    if text in named:
        return named[text]
    try:
        share = float(text.removesuffix("%")) / 100
    except ValueError:
        share = -1.0
    if not (text.endswith("%") and 0 <= share <= 1):
        raise ValueError(f"{text!r} is not on, off or a percent from 0% to 100%")
    return share


@click.command()
@config_option
@click.option(
    "--listen",
    envvar="STRANGLER_LISTEN",
    default="127.0.0.1:8080",
    show_default=True,
    callback=parsed(parse_listen),
    metavar="ADDRESS",
    help="The public address: HOST:PORT, unix:/path or unix:/path,mode=0600. Env: STRANGLER_LISTEN.",
)
@click.option(
    "--admin",
    envvar="STRANGLER_ADMIN_LISTEN",
    default="127.0.0.1:9900",
    show_default=True,
    callback=parsed(parse_address),
    metavar="HOST:PORT",
    help="Metrics, API and dashboard. Env: STRANGLER_ADMIN_LISTEN.",
)
@click.option(
    "--workers",
    envvar="STRANGLER_WORKERS",
    default=1,
    show_default=True,
    type=click.IntRange(1, 256),
    metavar="N",
    help="Processes that carry traffic, one per core. Env: STRANGLER_WORKERS.",
)
@state_option
@click.option(
    "--log-format",
    envvar="STRANGLER_LOG_FORMAT",
    default="json",
    show_default=True,
    type=click.Choice(["json", "console"]),
    help="Env: STRANGLER_LOG_FORMAT.",
)
@click.option(
    "--access-log",
    envvar="STRANGLER_ACCESS_LOG",
    default="on",
    show_default=True,
    callback=parsed(parse_share),
    metavar="on|off|NN%",
    help="One line per exchange, or for a share of them. Env: STRANGLER_ACCESS_LOG.",
)
@click.pass_context
def command(
    ctx: click.Context,
    config: str,
    listen: Address,
    admin: Address,
    workers: int,
    state: Path,
    log_format: str,
    access_log: float,
) -> None:
    """Run the proxy until SIGTERM or Ctrl-C, then let running exchanges end.

    SIGHUP, a saved FILE or `POST /api/v1/reload` reload the routes; a bad edit keeps the old ones. SIGUSR1 halts: every
    route that can go back is answered by the monolith until `strangler resume`. SIGUSR2 goes over to the code that is
    on disk now, with the same options and process id, and drops no connection.

    The admin port is for this machine alone. On any other address it demands the token that the environment variable
    STRANGLER_ADMIN_TOKEN holds.

    \b
    Example:
      strangler run -c routes.yaml --listen 0.0.0.0:8080 --workers 2

    \b
    Exit codes:
      0  stopped, every exchange ended
      1  stopped, a process had to be killed
      2  could not start: bad options or routes, a taken port, an unusable state folder
    """
    token = os.environ.get(TOKEN_VARIABLE) or None
    if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
        raise Trouble(
            f"{TOKEN_VARIABLE} holds characters that a header cannot carry, so no client could send it.",
            "Take printable ASCII without blanks, for example from `openssl rand -hex 32`.",
        )
    if token is None and not is_loopback(admin[0]):
        raise Trouble(
            f"--admin {admin[0]} can be reached from other machines and nothing guards it.",
            "Set STRANGLER_ADMIN_TOKEN to a long secret, or keep --admin on 127.0.0.1.",
        )
    from proxy.runtime import supervisor

    ctx.exit(
        supervisor.run(
            Settings(
                config=Path(config),
                listen=listen,
                admin=admin,
                workers=workers,
                state=state,
                token=token,
                log_format=log_format,
                access_log=access_log,
            )
        )
    )
