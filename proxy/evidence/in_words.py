"""What is known of noise, as sentences for people. No values of answers are in them."""

from __future__ import annotations

from proxy.evidence.bond import CHECK, DECIDED, DECIDES, NEVER_WITH, ONLY_WITH, ONLY_WITH_OTHER, SUM, Rule
from proxy.evidence.fields import Record, Test
from proxy.evidence.related import OF_TWO, SAME
from proxy.evidence.spoken import PIECE, WORD

_SAYINGS = {
    "differs": "differs from legacy in {} re-asks where legacy agreed with itself, the other way round in {}",
    "stands": "both sides stood by different answers in {} re-asks; they swapped them in {}",
    "insists": "stood by another answer than legacy's when asked again and again {} times; they swapped them {} times",
    "fails": "is busy or fails in {} answers where legacy is not, the other way round in {}",
    "stays": "says the same again in {} re-asks where legacy says something else, the other way round in {}",
    "direction": "is above legacy's in {} re-asks, below it in {}",
    "distance": "is further from legacy's first answer than its second in {} re-asks, nearer in {}",
    "repeats": "repeats an earlier value in {} answers where legacy says a new one, the other way round in {}",
    "leans": "says again what takes after its first answer more than legacy's does in {} re-asks, less in {}",
    "form": "is written longer than legacy's in {} re-asks, shorter in {}",
}
_CACHES = "; each side keeps a value for many requests, then another: caches of their own?"


def words_of_noise(varied: int, asked: int) -> str:
    """A field that is noise."""
    return f"legacy differed from itself in {varied:,} of {asked:,} re-asks"


def words_of_test(test: Test, record: Record) -> str:
    """A field that a test flagged."""
    heads, tails = record.counts(test)
    return _SAYINGS[test.name].format(f"{heads:,}", f"{tails:,}") + _CACHES * record.kept.is_by_both


def words_of_rule(rule: Rule) -> str:
    """What legacy's answers keep between several fields."""
    paths = [path.partition(WORD)[0] for path in rule.paths]
    if rule.name == SUM:
        return f"with legacy {_sum(paths, rule.weights)} stays the same when it is asked again"
    if rule.name == CHECK:
        return f"with legacy the characters of {' and '.join(paths)} have a checksum modulo {rule.weights[0]}"
    if PIECE in rule.paths[0]:
        return f"with legacy a piece of {paths[0]} is {SAME} one of {paths[1]}"
    first, second = paths if rule.name != ONLY_WITH_OTHER else paths[::-1]
    if rule.name in (ONLY_WITH, ONLY_WITH_OTHER):
        return f"with legacy {first} differs between two answers only where {second} does"
    if rule.name in (DECIDES, DECIDED):
        return f"with legacy {first} {rule.name} {second}"
    if rule.name == NEVER_WITH:
        return f"with legacy {first} and {second} never come together like this"
    return f"with legacy {first} is {rule.name} {second}{', when it is asked again' * (rule.name in OF_TWO)}"


def _sum(paths: list[str], weights: tuple[int, ...]) -> str:
    if set(weights) == {1}:
        return f"the sum of {', '.join(paths[:-1])} and {paths[-1]}"
    terms = [
        f"{'-' if weight < 0 else '+'} {f'{abs(weight):,} x ' * (abs(weight) != 1)}{path}"
        for path, weight in zip(paths, weights, strict=True)
    ]
    return " ".join(terms).removeprefix("+ ")
