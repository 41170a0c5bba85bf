"""Reading a routes file for a command, by the same `build` as the running proxy."""

from __future__ import annotations

import datetime
import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from proxy.cli.options import read_text
from proxy.cli.output import Trouble

if TYPE_CHECKING:
    from proxy.model.spec import Route
    from proxy.runtime.load import Built, Compiled


def build(path: str) -> Built:
    """What the file says, or its problems. Raises Trouble when it cannot be read."""
    from proxy.runtime import load

    name = "standard input" if path == "-" else path
    return load.build(read_text(path), file=name, env=os.environ, today=datetime.date.today())


def compiled(path: str) -> Compiled:
    """What the file says. Raises Trouble, with its problems, when it has errors."""
    built = build(path)
    if built.compiled is None:
        lines = "\n".join(f"  {problem}" for problem in built.problems if problem.severity == "error")
        raise Trouble(f"{path} has errors:\n{lines}", f"Mend them; `strangler check -c {path}` shows them again.")
    return built.compiled


def named(source: Compiled, path: str, name: str) -> Route:
    """The route of that name. Raises Trouble, with a guess at what was meant, when there is none."""
    route = source.spec.by_name.get(name)
    if route is None:
        import difflib

        names = [route.name for route in source.spec.routes]
        close = difflib.get_close_matches(name, names, n=1)
        remedy = f"Did you mean {close[0]}?" if close else f"It has {', '.join(names[:10]) or 'no routes'}."
        raise Trouble(f"{path} has no route {name!r}.", remedy)
    return route


def replace_text(path: str, text: str, by_hand: str) -> None:
    """The file is replaced whole, so that nobody ever reads half of it; a symlink stays one. Raises Trouble, with
    `by_hand` as its remedy, when it has errors then or cannot be written."""
    from proxy.runtime import load

    built = load.build(text, file=path, env=os.environ, today=datetime.date.today())
    errors = [problem for problem in built.problems if problem.severity == "error"]
    if errors:
        raise Trouble(f"{path} was not edited, it would have errors: {errors[0]}.", by_hand)
    target = Path(os.path.realpath(path))
    try:
        mode = stat.S_IMODE(target.stat().st_mode)
        handle, scratch = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(scratch, mode)
            os.replace(scratch, target)
        except BaseException:
            os.unlink(scratch)
            raise
    except OSError as error:
        raise Trouble(f"{path} could not be written: {error.strerror}.", by_hand) from None
