"""A module that was compiled hides its source: an edit that changes nothing is a trap for whoever makes it."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_what_is_compiled_is_as_new_as_its_source() -> None:
    stale = [
        source
        for source in (ROOT / "proxy").rglob("*.py")
        for compiled in source.parent.glob(f"{source.stem}.*.so")
        if compiled.stat().st_mtime < source.stat().st_mtime
    ]
    assert not stale, f"edited after `make compile`: run it again, or `make pure`: {stale}"


def test_what_the_build_compiles_is_there() -> None:
    tree = ast.parse((ROOT / "setup.py").read_text())
    (names,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "COMPILED"
    )
    assert [name for name in names if not (ROOT / "proxy" / f"{name}.py").is_file()] == []
    assert list(names) == sorted(names)
