"""docs/commands.md, made from the commands themselves: `python -m tests.docs.commands_page` writes it anew."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path

import click

from proxy.cli.app import COMMANDS, app

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/commands.md"
ASKING = ("--admin", "--token", "--state")  # what every command that asks a running proxy takes

PREFACE = """# Commands

`strangler COMMAND`, or `python -m proxy COMMAND`. `strangler COMMAND --help` says what this page says.

**Exit codes.** 0: done, or yes. 1: the answer is no. 2: trouble, whatever it was: usage, a file that can't be read, a
proxy that can't be reached. So a script that acts on 1 never acts because the proxy was down. `strangler verdict` adds
3, inconclusive. Ctrl-C ends with 130.

**Which proxy.** Commands that ask a running proxy find a local one by its state folder (`--state`, `.strangler` in
the working directory by default; the file `admin.json` in it holds the address). `--admin URL` names any other.

| option | does |
| --- | --- |
{asking}

`--token` is needed where the proxy was started with STRANGLER_ADMIN_TOKEN. Commands that change something record who
did it (`--who`) and why (`--why`); `strangler history` shows it.
"""


def page() -> str:
    context = click.Context(app, info_name="strangler")
    commands = {name: _found(context, name) for name in COMMANDS}
    asking = _table(commands["status"], context, lambda option: option in ASKING)
    index = "".join(f"| [`{name}`](#strangler-{name}) | {_first(command)} |\n" for name, command in commands.items())
    parts = [PREFACE.format(asking=asking), f"| command | does |\n| --- | --- |\n{index}"]
    return "\n".join([*parts, *(_section(name, command, context) for name, command in commands.items())])


def _found(context: click.Context, name: str) -> click.Command:
    command = app.get_command(context, name)
    assert command is not None, name
    return command


def _section(name: str, command: click.Command, context: click.Context) -> str:
    inner = click.Context(command, info_name=name, parent=context)
    usage = " ".join(["strangler", name, *command.collect_usage_pieces(inner)])
    lines = [f"## strangler {name}", "", f"`{usage}`", ""]
    for paragraph in inspect.cleandoc(command.help or "").replace("\b\n", "").split("\n\n"):
        title, *rest = paragraph.splitlines()
        if title == "Example:":
            lines += ["```sh", *inspect.cleandoc("\n".join(rest)).splitlines(), "```", ""]
        elif title == "Exit codes:":
            codes = (re.split(r"\s+", line.strip(), maxsplit=1) for line in rest)
            lines += ["| exit | means |", "| --- | --- |", *(f"| {code} | {text} |" for code, text in codes), ""]
        else:
            lines += [paragraph, ""]
    asks = any("--admin" in one.opts and one.metavar == "URL" for one in command.params)
    hidden = {"--help", *(ASKING if asks else ())}
    if own := _table(command, context, lambda option: option not in hidden):
        lines += ["| option | does |", "| --- | --- |", own, ""]
    if asks:
        lines += ["Asks a running proxy: `--admin`, `--token` and `--state` as above.", ""]
    return "\n".join(lines)


def _table(command: click.Command, context: click.Context, wanted: Callable[[str], bool]) -> str:
    inner = click.Context(command, parent=context)
    rows = []
    for option in command.get_params(inner):
        record = option.get_help_record(inner)
        if isinstance(option, click.Option) and record and wanted(option.opts[-1]):
            spelled, text = (re.sub(r"\s+", " ", part).replace("|", r"\|") for part in record)
            rows.append(f"| `{spelled}` | {text} |")
    return "\n".join(rows)


def _first(command: click.Command) -> str:
    return re.sub(r"\s+", " ", inspect.cleandoc(command.help or "").split("\n\n")[0])


if __name__ == "__main__":
    PAGE.write_text(page())
