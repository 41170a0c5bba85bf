"""The examples of docs/comparison.md say what comparing says."""

import re
from pathlib import Path

import pytest

from proxy.comparison import compile_rules, describe
from proxy.config import load
from tests.comparison.made import compared

PAGE = Path(__file__).parents[2] / "docs/comparison.md"
ROUTES = """
version: 1
backends: {{a: {{url: "http://a"}}, b: {{url: "http://b"}}}}
legacy: a
routes:
  - name: r
    match: GET /x
    extracted: b
    compare:
{rules}
"""


def examples(text: str) -> list[tuple[str, str]]:
    """The rules and one pair of bodies with what is said of it, of every example on the page."""
    found = re.findall(r"```yaml\n([^`]*?)```\n\n```text\n([^`]*?)```", text)
    return [(rules, pair) for rules, pairs in found for pair in pairs.strip("\n").split("\n\n")]


def said(rules: str, pair: str) -> str:
    """The pair with what comparing says of it."""
    indented = "".join(f"      {line}\n" for line in rules.splitlines())
    loaded = load(ROUTES.format(rules=indented), file="routes.yaml", env={}, today=None)
    assert loaded.spec is not None, loaded.problems
    left, right = (line.split(maxsplit=1)[1].encode() for line in pair.splitlines()[:2])
    compare = loaded.spec.routes[0].compare
    assert compile_rules(compare).headers
    return "\n".join([*pair.splitlines()[:2], *describe(compared(left, right, *compare.rules))])


@pytest.mark.parametrize(("rules", "pair"), examples(PAGE.read_text()))
def test_the_page_says_what_comparing_says(rules: str, pair: str) -> None:
    assert said(rules, pair) == pair


def test_the_page_has_an_example_of_every_kind() -> None:
    text = PAGE.read_text()
    assert len(examples(text)) > 15
    assert all(f"### {kind}\n" in text for kind in ("only", "ignore", "pattern", "tolerance", "unordered", "renamed"))
