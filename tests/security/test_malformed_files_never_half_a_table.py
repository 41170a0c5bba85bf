"""A thousand kinds of malformed routes.yaml: mutations of the golden files at their marks, one kind after the other.

Each gives a whole table or says what is wrong with file, line and column; it never falls, and never gives a table while
it complains. tests/config/test_mutated_text.py does the like at random."""

from __future__ import annotations

import re
from collections.abc import Callable

from proxy.config import load
from proxy.model.problem import Severity
from tests.config import golden

KINDS: dict[str, Callable[[str, int], str]] = {
    "cut here": lambda text, at: text[:at],
    "a line gone": lambda text, at: text[:at] + text[text.find("\n", at) + 1 or len(text) :],
    "a line twice": lambda text, at: text[: text.find("\n", at) + 1] + text[text.rfind("\n", 0, at) + 1 :],
    "a tab": lambda text, at: text[:at] + "\t" + text[at:],
    "deeper": lambda text, at: text[:at] + "  " + text[at:],
    "a null": lambda text, at: text[:at] + " null " + text[at:],
    "a list": lambda text, at: text[:at] + "- " + text[at:],
    "a mapping": lambda text, at: text[:at] + "x: " + text[at:],
    "open brace": lambda text, at: text[:at] + "{" + text[at:],
    "open bracket": lambda text, at: text[:at] + "[" + text[at:],
    "open quote": lambda text, at: text[:at] + '"' + text[at:],
    "an alias": lambda text, at: text[:at] + " *nobody " + text[at:],
    "an anchor of itself": lambda text, at: text[:at] + " &a [*a] " + text[at:],
    "a merge": lambda text, at: text[:at] + "\n<<: *a\n" + text[at:],
    "a tag": lambda text, at: text[:at] + " !!python/object/apply:os.system ['true'] " + text[at:],
    "another document": lambda text, at: text[:at] + "\n---\n" + text[at:],
    "a huge number": lambda text, at: text[:at] + " " + "9" * 400 + " " + text[at:],
    "not a number": lambda text, at: text[:at] + " .nan " + text[at:],
    "a NUL": lambda text, at: text[:at] + "\x00" + text[at:],
    "a lone surrogate": lambda text, at: text[:at] + "\ud800" + text[at:],
    "a byte order mark": lambda text, at: text[:at] + "\ufeff" + text[at:],
    "right to left": lambda text, at: text[:at] + "\u202e" + text[at:],
    "a variable that is not there": lambda text, at: text[:at] + "${NOBODY}" + text[at:],
    "a variable left open": lambda text, at: text[:at] + "${" + text[at:],
    "very deep": lambda text, at: text[:at] + "[" * 2000 + text[at:],
}
_PLACE = re.compile(r"[^:]*:\d+:\d+: ")


def test_a_thousand_of_them() -> None:
    texts = [path.read_text() for path in sorted(golden.GOLDEN.glob("*/*.yaml"))]
    tried = whole = 0
    for kind, change in KINDS.items():
        for number in range(44):
            text = texts[number % len(texts)]
            marks = [found.start() for found in re.finditer(r"[:\-\n\[{,] ?", text)] or [0]
            result = load(change(text, marks[number * 7 % len(marks)]), env=golden.ENV, today=golden.TODAY)
            errors = [problem for problem in result.problems if problem.severity is Severity.ERROR]
            assert (result.spec is None) == bool(errors), kind
            assert all(_PLACE.match(str(problem)) for problem in errors), (kind, [str(problem) for problem in errors])
            tried += 1
            whole += result.spec is not None
    assert tried >= 1000
    assert whole < tried / 2, "most of them are wrong indeed"
