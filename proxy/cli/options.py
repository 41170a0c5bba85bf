"""Options that several commands share, and reading the files they name."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from proxy.cli.output import Trouble

F = TypeVar("F", bound=Callable[..., Any])

FILE_CAP = 64 * 1024 * 1024  # bytes of a file that a command reads whole


def config_option(function: F) -> F:
    return click.option(
        "-c",
        "--config",
        envvar="STRANGLER_CONFIG",
        default="routes.yaml",
        show_default=True,
        metavar="FILE",
        help="The routes file. Env: STRANGLER_CONFIG.",
    )(function)


def state_option(function: F) -> F:
    return click.option(
        "--state",
        envvar="STRANGLER_STATE",
        default=".strangler",
        show_default=True,
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="The proxy's state folder. Env: STRANGLER_STATE.",
    )(function)


def json_option(function: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def admin_options(function: F) -> F:
    """--admin, --token and --state, made into one argument `client`."""

    @wraps(function)
    def with_client(*args: Any, admin: str | None, token: str | None, state: Path, **options: Any) -> Any:
        from proxy.cli.client import Client

        return function(*args, client=Client.find(admin, token, state), **options)

    added = state_option(with_client)
    added = click.option(
        "--token",
        envvar="STRANGLER_ADMIN_TOKEN",
        metavar="TOKEN",
        help="The admin port's token; better in the environment than here. Env: STRANGLER_ADMIN_TOKEN.",
    )(added)
    return click.option(
        "--admin",
        envvar="STRANGLER_ADMIN",
        metavar="URL",
        help="The proxy's admin address; without it, the local proxy of the state folder. Env: STRANGLER_ADMIN.",
    )(added)  # type: ignore[return-value]  # wraps keeps the command's name and help; its parameters change


cut_option = click.option(
    "--cut", is_flag=True, help="End event streams, downloads and tunnels that the side left is still answering."
)


def who_options(function: F) -> F:
    return who_option(click.option("--why", default="", metavar="TEXT", help="The reason, for the history.")(function))


def who_option(function: F) -> F:
    return click.option(
        "--who",
        envvar="STRANGLER_WHO",
        default=login_name,
        metavar="NAME",
        help="Who is recorded in the history. Env: STRANGLER_WHO. Default: the login name.",
    )(function)


def parsed(parse: Callable[[str], Any]) -> Callable[[click.Context, click.Parameter, str], Any]:
    """A callback for an option whose value `parse` makes from text; its ValueError becomes a usage error."""

    def callback(_ctx: click.Context, _option: click.Parameter, text: str) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            raise click.BadParameter(f"{error}.") from None

    return callback


def login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number that no user database knows
        return f"uid {os.getuid()}"


def read_bytes(path: str) -> bytes:
    """The whole of a file, or of standard input for `-`."""
    try:
        if path == "-":
            data = sys.stdin.buffer.read(FILE_CAP + 1)
        else:
            with open(path, "rb") as file:
                data = file.read(FILE_CAP + 1)
    except OSError as error:
        raise Trouble(
            f"Cannot read {path}: {error.strerror}.", "Name a file that exists and that you may read."
        ) from None
    if len(data) > FILE_CAP:
        raise Trouble(f"{path} is larger than {FILE_CAP // 2**20} MiB.", "Name the right file, or a part of it.")
    return data


def read_text(path: str) -> str:
    data = read_bytes(path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Trouble(f"{path}:{line}: not UTF-8 text.", "Save the file as UTF-8.") from None
