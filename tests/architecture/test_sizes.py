"""Guides that keep the code readable: a file is one idea, a function can be seen whole."""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import median

PROXY = Path(__file__).resolve().parents[2] / "proxy"
FILES = sorted(PROXY.rglob("*.py"))


def test_files_are_of_one_idea() -> None:
    sizes = {path.relative_to(PROXY): len(path.read_text().splitlines()) for path in FILES}
    assert {path: size for path, size in sizes.items() if size > 450} == {}
    assert median(sizes.values()) < 180


def test_functions_can_be_seen_whole() -> None:
    long: dict[str, int] = {}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                size = node.end_lineno - node.lineno + 1
                if size > 70:
                    long[f"{path.relative_to(PROXY)}:{node.name}"] = size
    assert long == {}
