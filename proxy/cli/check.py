"""`strangler check`: every problem of a routes file, before it is let near traffic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from proxy.cli.formats import counted
from proxy.cli.idle_rules import idle_rules
from proxy.cli.options import config_option, json_option, state_option
from proxy.cli.output import show, show_json, styled
from proxy.cli.routes_file import build

if TYPE_CHECKING:
    from proxy.model.problem import Problem
    from proxy.runtime.load import Built


@click.command()
@config_option
@click.option("--schema", is_flag=True, help="Print the JSON Schema of routes files instead, for editors.")
@json_option
@state_option
@click.pass_context
def command(ctx: click.Context, config: str, schema: bool, as_json: bool, state: Path) -> None:
    """Check a routes file: every problem at once, each with its place and its remedy.

    It is read by the same code as the running proxy reads it. Warnings alone leave the exit code at 0. `-c -` reads
    standard input.

    Where a proxy has run with the state folder, rules that excused nothing in its last 1,000 comparisons or more are
    warned of: a rule that nothing needs may hide something some day.

    \b
    Example:
      strangler check -c routes.yaml
      strangler check --schema > routes.schema.json

    \b
    Exit codes:
      0  the file can be run
      1  it has errors
      2  trouble: the file cannot be read
    """
    if schema:
        from proxy import config as config_room

        show_json(config_room.json_schema())
        return
    built = _files_tried(build(config), config)
    problems = [*built.problems, *_idle(built, state, config)]
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = len(problems) - errors
    if as_json:
        show_json({"file": config, "ok": not errors, "problems": [_plain(problem) for problem in problems]})
    else:
        for problem in problems:
            show(styled(problem, "red" if problem.severity == "error" else "yellow"))
        tail = f", {counted(warnings, 'warning')}" if warnings else ""
        if built.compiled is None:
            show(styled(f"{config}: {counted(errors, 'error')}{tail}", "bold red"))
        else:
            spec = built.compiled.spec
            sizes = f"{counted(len(spec.routes), 'route')}, {counted(len(spec.backends), 'backend')}"
            show(styled(f"{config}: ok, {sizes}{tail}", "bold green"))
    ctx.exit(1 if errors else 0)


def _files_tried(built: Built, config: str) -> Built:
    """What it names may lie on another machine: a certificate that can't be used is a warning here."""
    from proxy.model.problem import Severity
    from proxy.runtime.certificates import with_files_tried

    return with_files_tried(built, "standard input" if config == "-" else config, Severity.WARNING)


def _idle(built: Built, state: Path, config: str) -> list[Problem]:
    from proxy.store import StoreTrouble

    if built.compiled is None:
        return []
    try:
        return idle_rules(built.compiled, state, "standard input" if config == "-" else config)
    except StoreTrouble as trouble:
        show(f"Which rules are needed is not known: {trouble}.", err=True)
        return []


def _plain(problem: Problem) -> dict[str, object]:
    return {
        "severity": str(problem.severity),
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "remedy": problem.remedy,
    }
