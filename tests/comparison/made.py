"""Observations for the tests of this room."""

from proxy.comparison import Rules, compare, compile_rules
from proxy.model.comparison import Comparison
from proxy.model.observation import CapturedBody, Observation
from proxy.model.outcome import Outcome
from proxy.model.sides import Side
from proxy.model.spec import Compare, Rule

JSON = ((b"Content-Type", b"application/json"),)
NO_RULES = compile_rules(Compare())


def observed(
    body: bytes = b"{}",
    *,
    side: Side = Side.LEGACY,
    status: int = 200,
    headers: tuple[tuple[bytes, bytes], ...] = JSON,
    outcome: Outcome = Outcome.OK,
    complete: bool = True,
) -> Observation:
    captured = CapturedBody(body, len(body), complete)
    return Observation(side, "somewhere", outcome, status, headers, captured, "b1", 0.01, 0.02)


def compared(left: bytes, right: bytes, *rules: Rule) -> Comparison:
    return compare(observed(left), observed(right, side=Side.EXTRACTED), ruled(*rules))


def ruled(*rules: Rule) -> Rules:
    return compile_rules(Compare(rules))
