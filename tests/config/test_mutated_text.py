"""Whatever is done to a file, `load` gives a spec or says what is wrong; it never raises."""

from __future__ import annotations

import os

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.config import CannotEditError, changes, edit_stage, load
from proxy.model.problem import Severity
from proxy.model.sides import Stage
from tests.config import golden

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "0")) // 20  # a file takes 20 times as long as a head
TEXTS = [path.read_text() for path in sorted(golden.GOLDEN.glob("*/*.yaml"))]
PIECES = st.sampled_from(
    ["\n", " ", "\t", ":", ": ", "- ", "{", "}", "[", "]", ",", "&a ", "*a", "<<: *canary", "${", "}", "${X}", "'", '"',
     "|", "#", "!!int ", "---\n", "0", "%", "\x00", "\ud800", "é", "\u2028", "GET", "null", "true", "routes:", "? "]
)  # fmt: skip
PLACE = st.integers(0, 3000)
EDITS = st.lists(st.tuples(PLACE, st.integers(0, 40), PIECES | st.text(max_size=5)), min_size=1, max_size=6)


def mutate(text: str, edits: list[tuple[int, int, str]]) -> str:
    for place, removed, piece in edits:
        at = place % (len(text) + 1)
        text = text[:at] + piece + text[at + removed :]
    return text


@settings(max_examples=EXAMPLES or 250, deadline=None)
@given(st.sampled_from(TEXTS), EDITS)
def test_a_mutated_file_gives_a_spec_or_a_problem(text: str, edits: list[tuple[int, int, str]]) -> None:
    result = load(mutate(text, edits), env=golden.ENV, today=golden.TODAY)
    failed = any(problem.severity is Severity.ERROR for problem in result.problems)
    assert (result.spec is None) == failed
    if result.spec is not None:
        assert changes(result.spec, result.spec) == ()


@settings(max_examples=EXAMPLES or 100, deadline=None)
@given(st.text(max_size=200))
def test_any_text_gives_a_spec_or_a_problem(text: str) -> None:
    result = load(text, env={})
    assert result.spec is not None or result.problems


@settings(max_examples=EXAMPLES or 150, deadline=None)
@given(st.sampled_from(TEXTS), EDITS, st.sampled_from(Stage), st.none() | st.sampled_from([0.5, 10.0, 100.0]))
def test_an_edit_of_a_mutated_file_is_right_or_refused(
    text: str, edits: list[tuple[int, int, str]], stage: Stage, percent: float | None
) -> None:
    before = mutate(text, edits)
    try:
        after = edit_stage(before, "charge-read", stage, percent)
    except CannotEditError:
        return
    result = load(after, env=golden.ENV, today=golden.TODAY)
    if load(before, env=golden.ENV, today=golden.TODAY).spec is not None:
        assert result.spec is not None
        route = result.spec.by_name["charge-read"]
        assert route.stage is stage
        assert percent is None or route.canary.percent == percent
