"""What the mistakes of the later_ and the reported_ kinds are made with: values at a path, texts, headers.

The steps say nothing of whether there was anything to change: a mistake is labelled only where the answer differs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from bench.corpus.kinds import Answer, Asking, Inject

Made = Callable[[Any], Any]


def at(path: str, made: Made) -> Inject:
    """`made` of each value at a path such as "lines.*.amount" or "offers.0.total"; where there is none, nothing."""

    def inject(a: Answer, q: Asking) -> None:
        for holder, key in _places(a.body, path):
            holder[key] = made(holder[key])

    return inject


def gone(path: str) -> Inject:
    """Without what is at the path."""

    def inject(a: Answer, q: Asking) -> None:
        for holder, key in list(_places(a.body, path)):
            del holder[key]

    return inject


def _places(tree: Any, path: str) -> Iterator[tuple[Any, Any]]:
    name, _, rest = path.partition(".")
    if name == "*":
        keys = list(tree) if isinstance(tree, dict) else range(len(tree))
    elif isinstance(tree, list):
        keys = [int(name)] if int(name) < len(tree) else []
    else:
        keys = [name] if name in tree else []
    for key in keys:
        if not rest:
            yield tree, key
        elif tree[key] is not None:
            yield from _places(tree[key], rest)


def replaced(before: str, after: str) -> Inject:
    """In a document, all of `before`."""

    def inject(a: Answer, q: Asking) -> None:
        a.body = a.body.replace(before, after)

    return inject


def rewritten(pattern: str, after: str | Callable[[re.Match[str]], str], count: int = 0) -> Inject:
    """The same with a regular expression."""

    def inject(a: Answer, q: Asking) -> None:
        a.body = re.sub(pattern, after, a.body, count=count)

    return inject


def header(name: str, made: Callable[[str], str]) -> Inject:
    def inject(a: Answer, q: Asking) -> None:
        a.headers[name] = made(a.headers[name])

    return inject


def without_header(name: str) -> Inject:
    def inject(a: Answer, q: Asking) -> None:
        del a.headers[name]

    return inject


def status(code: int) -> Inject:
    def inject(a: Answer, q: Asking) -> None:
        a.status = code

    return inject
