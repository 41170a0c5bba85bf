"""Comparing: what one `compare` costs, as a ratio to what it costs only to read both bodies with `json.loads`.

`python -m bench.comparing`. The pairs are answers of three sizes that differ in one way each, under ten rules of all
kinds: `1 field`, `3 fields` and `clock` (in twenty rows) where a rule ignores it, as most pairs of a service nearly
done; `1 value` and `noise` (a clock in twenty rows) where none does; `structure` in white space too, so both bodies are
read and walked; `shifted` in that one row is gone; `renamed` by generated ids that one renaming explains. DeepDiff
stands beside if it is installed: the library one would take for this, told to leave out the same fields. Ways alternate
and the smallest CPU time counts: everything that disturbs only adds.

A pair of equal bytes is settled in the worker without reading it, and has to cost no more than to hash one body.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from itertools import cycle, islice
from typing import Any, NamedTuple

from bench.answers import charge, compact
from proxy import comparison
from proxy.model.comparison import Result
from proxy.model.observation import CapturedBody, Observation
from proxy.model.outcome import Outcome
from proxy.model.sides import Side
from proxy.model.spec import Compare, Rule

SIZES = (145, 500, 16 * 1024)
IGNORED = ("$.request_id", "$.served_at", "$.data[*].seen")
RULES = (
    *(Rule("ignore", path) for path in IGNORED),
    Rule("tolerance", "$.data[*].fee", absolute=0.01),
    Rule("tolerance", "$.expires_at", within=2.0),
    Rule("pattern", "$.trace", pattern="[0-9a-f]{16}"),
    Rule("unordered", "$.tags"),
    Rule("null_is_missing", "$.data[*].note"),
    Rule("any_case", "$.data[*].currency"),
)
TENTH = Rule("ignore", "$.links.self")
RENAMED = Rule("renamed", "$.data[*].id")
HEADERS = (
    (b"Server", b"nginx"),
    (b"Date", b"Sat, 21 Nov 2026 01:00:00 GMT"),
    (b"Content-Type", b"application/json"),
    (b"Content-Length", b"16384"),
    (b"Cache-Control", b"no-store"),
    (b"X-Request-Id", b"req_1"),
)
Pair = tuple[Observation, Observation]
Work = Callable[[Observation, Observation], object]
DIFFERENT = 16  # pairs of each kind, used in turn


class Difference(NamedTuple):
    """How `right` answers differ from the left ones, and the tenth rule."""

    name: str
    change: Callable[[dict[str, Any], int], None]
    rule: Rule = TENTH
    indent: bool = False
    from_size: int = 0


def answer(size: int) -> dict[str, Any]:
    """A document of about `size` bytes as JSON."""
    rows: list[dict[str, object]] = []
    document = {"request_id": "req_00000000", "data": rows, "served_at": "2026-11-21T01:00:00Z"}
    while len(compact(document)) < size - 70:
        rows.append(charge(len(rows) + 1) | {"seen": 1_000_000, "created": 1_000_000})
    return document


def _fields(document: dict[str, Any], number: int, fields: int) -> None:
    document["request_id"] = f"req_{number:08d}"
    if fields > 1:
        document["served_at"] = f"2026-11-21T01:00:{number % 60:02d}Z"
        for row in document["data"][len(document["data"]) // 2 :][:1]:
            row["seen"] = number


def _value(document: dict[str, Any], number: int) -> None:
    document["data"][len(document["data"]) // 2]["amount"] = 1_000_000 + number


def _clock(document: dict[str, Any], number: int, name: str) -> None:
    for row in document["data"][:20]:
        row[name] = 1_000_000 + number


def _shifted(document: dict[str, Any], number: int) -> None:
    del document["data"][number]


def _renamed(document: dict[str, Any], number: int) -> None:
    for at, row in enumerate(document["data"]):
        row["id"] = f"ch_{number:04d}{at:04d}"


LONG = 1000  # bytes: shorter answers have no rows to differ in
DIFFERENCES = (
    Difference("1 field", lambda document, number: _fields(document, number, 1)),
    Difference("3 fields", lambda document, number: _fields(document, number, 3)),
    Difference("structure", lambda document, number: _fields(document, number, 1), indent=True),
    Difference("1 value", _value, from_size=LONG),
    Difference("clock", lambda document, number: _clock(document, number, "seen"), from_size=LONG),
    Difference("noise", lambda document, number: _clock(document, number, "created"), from_size=LONG),
    Difference("shifted", _shifted, from_size=LONG),
    Difference("renamed", _renamed, rule=RENAMED, from_size=LONG),
)


def observed(side: Side, body: bytes) -> Observation:
    captured = CapturedBody(body, len(body), True)
    return Observation(side, "backend", Outcome.OK, 200, HEADERS, captured, "b1", 0.001, 0.002)


def microseconds(work: Work, pairs: list[Pair], times: int) -> float:
    turns = list(islice(cycle(pairs), times))
    started = time.process_time()
    for left, right in turns:
        work(left, right)
    return (time.process_time() - started) / times * 1e6


def read_both(left: Observation, right: Observation) -> bool:
    return bool(json.loads(left.body.data) == json.loads(right.body.data))


def deep_diff() -> Work | None:
    try:
        from deepdiff import DeepDiff  # type: ignore[import-not-found,unused-ignore]  # a peer, not a dependency
    except ImportError:
        return None
    ignored = [r"root\['request_id'\]", r"root\['served_at'\]", r"root\['data'\]\[\d+\]\['seen'\]"]
    return lambda left, right: DeepDiff(
        json.loads(left.body.data), json.loads(right.body.data), exclude_regex_paths=ignored
    )


def pairs_of(size: int, difference: Difference) -> list[Pair]:
    legacy = compact(answer(size)).encode()
    pairs = []
    for number in range(1, DIFFERENT + 1):
        document = answer(size)
        difference.change(document, number)
        text = json.dumps(document) if difference.indent else compact(document)
        pairs.append((observed(Side.LEGACY, legacy), observed(Side.EXTRACTED, text.encode())))
    return pairs


def measure_comparing(rounds: int = 15) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for size in SIZES:
        for difference in DIFFERENCES:
            if size >= difference.from_size:
                pairs = pairs_of(size, difference)
                about = {"size": pairs[0][0].body.size, "differs": difference.name}
                rows.append(about | timed(pairs, (*RULES, difference.rule), rounds))
        rows.append({"size": size, "differs": "nothing"} | timed_equal(size, rounds))
    return rows


def timed(pairs: list[Pair], ten: tuple[Rule, ...], rounds: int) -> dict[str, object]:
    rules = comparison.compile_rules(Compare(ten))

    def work(left: Observation, right: Observation) -> Result:
        return comparison.compare(left, right, rules).result

    results = {work(left, right) for left, right in pairs}
    times = max(DIFFERENT, 200_000 // pairs[0][0].body.size)
    best = read = float("inf")
    for _ in range(rounds):
        best = min(best, microseconds(work, pairs, times))
        read = min(read, microseconds(read_both, pairs, times))
    peer = deep_diff()
    other = microseconds(peer, pairs, DIFFERENT // 4) if peer else None
    return {
        "result": "/".join(sorted(results)),
        "compare_us": round(best, 1),
        "read_both_us": round(read, 1),
        "to_read_both": round(best / read, 2),
        "deepdiff_to_compare": round(other / best) if other else None,
    }


def timed_equal(size: int, rounds: int) -> dict[str, object]:
    """Pairs of equal bytes, as the worker settles them, to hashing one of the two bodies."""
    text = compact(answer(size)).encode()
    pairs = [(observed(Side.LEGACY, text), observed(Side.EXTRACTED, bytes(bytearray(text))))]

    def equal(left: Observation, right: Observation) -> bool:
        return comparison.byte_equal(left, right, (b"content-type",))

    def hashed(left: Observation, right: Observation) -> bytes:
        return hashlib.sha256(left.body.data).digest()

    best = hashing = float("inf")
    for _ in range(rounds):
        best = min(best, microseconds(equal, pairs, 2000))
        hashing = min(hashing, microseconds(hashed, pairs, 2000))
    return {"result": "match", "compare_us": round(best, 2), "to_hash": round(best / hashing, 2)}


if __name__ == "__main__":
    for row in measure_comparing():
        print(json.dumps(row))
