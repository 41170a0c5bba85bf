"""The command group: finds a command when it is named, and turns every ending into an exit code.

Exit 0 and 1 belong to each command's own answer (`check` found problems, `verdict` is fail), so trouble of any kind
must never be 1: a script that reads "fail" because the proxy was down would roll back for nothing. Everything that is
not an answer ends with 2, a bug of ours included; Ctrl-C with 130 as shells expect.
"""

from __future__ import annotations

import difflib
import importlib
import sys
import traceback
from typing import Any, NoReturn

import click

COMMANDS = (
    "run",
    "check",
    "explain",
    "diff",
    "compare",
    "inventory",
    "status",
    "mismatches",
    "replay-mismatches",
    "suggest-rules",
    "verdict",
    "accept",
    "promote",
    "rollback",
    "halt",
    "resume",
    "history",
)


class Strangler(click.Group):
    """A group whose commands are modules of this room, imported when needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"proxy.cli.{cmd_name.replace('-', '_')}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            close = difflib.get_close_matches(name, COMMANDS, n=2)
            hint = f"Did you mean {' or '.join(close)}?" if close else f"The commands are {', '.join(COMMANDS)}."
            raise click.UsageError(f"No such command {name!r}. {hint}", ctx)
        return super().resolve_command(ctx, args)

    def main(self, *args: Any, **options: Any) -> NoReturn:
        options["standalone_mode"] = False
        options.setdefault("prog_name", "strangler")
        try:
            code = super().main(*args, **options)
        except click.ClickException as trouble:
            trouble.show()
            code = 2
        except click.Abort:
            click.echo("Stopped.", err=True)
            code = 130
        except Exception:
            traceback.print_exc()
            click.echo("strangler: this is a fault of the program, not yours; please report it.", err=True)
            code = 2
        sys.exit(code if isinstance(code, int) else 0)


def _version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from proxy import __version__

        click.echo(f"strangler {__version__}")
        ctx.exit()


@click.group(cls=Strangler, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
def app() -> None:
    """Move a monolith to services one route at a time.

    Start with `check` and `run`; watch with `status` and `mismatches`; move a route with `promote`, back with
    `rollback`; stop everything with `halt`.

    \b
    Example:
      strangler check
      strangler run --listen 127.0.0.1:8080
      strangler status

    Exit codes: 0 done; 1 the answer is no; 2 trouble (usage, unreadable, unreachable); each command's --help says
    more.
    """


def main() -> NoReturn:
    """The console script."""
    app.main()
