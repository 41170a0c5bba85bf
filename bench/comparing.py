"""Comparing: what one `compare` costs, as a ratio to what it costs only to read both bodies with `json.loads`.

`python -m bench.comparing`. The pairs are answers that differ in fields which a rule ignores, under ten rules, as most
pairs of a service nearly done are. `structure` differs in white space too, so both bodies are read and walked. DeepDiff
stands beside if it is installed: the library one would take for this, told to leave out the same fields. Ways alternate
and the smallest CPU time counts: everything that disturbs only adds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from itertools import cycle, islice

from bench.upstream import charge, compact
from proxy import comparison
from proxy.model.comparison import Result
from proxy.model.observation import CapturedBody, Observation
from proxy.model.outcome import Outcome
from proxy.model.sides import Side
from proxy.model.spec import Compare, Rule

SIZES = (145, 500, 16 * 1024)
IGNORED = ("$.request_id", "$.served_at", "$.data[*].seen", "$.trace", "$.meta.host", "$.meta.region", "$.links.self")
RULES = (
    *(Rule("ignore", path) for path in IGNORED),
    Rule("tolerance", "$.data[*].fee", absolute=0.01),
    Rule("tolerance", "$.total", relative=0.001),
    Rule("unordered", "$.tags"),
)
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


def answer(size: int, number: int, fields: int) -> bytes:
    """JSON of about `size` bytes; the first `fields` of request id, time and one row's `seen` hold `number`."""
    at = [number if place < fields else 0 for place in range(3)]
    rows: list[dict[str, object]] = []
    document = {"request_id": f"req_{at[0]:08d}", "data": rows, "served_at": f"2026-11-21T01:00:{at[1] % 60:02d}Z"}
    while len(compact(document)) < size - 70:
        rows.append(charge(len(rows) + 1))
    if rows:
        rows[len(rows) // 2]["seen"] = at[2]
    return compact(document).encode()


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


def measure_comparing(rounds: int = 15) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for size in SIZES:
        for name, fields in (("1 field", 1), ("3 fields", 3), ("structure", 1)):
            legacy = answer(size, 0, fields)
            answers = [answer(size, number, fields) for number in range(1, DIFFERENT + 1)]
            if name == "structure":
                answers = [json.dumps(json.loads(one)).encode() for one in answers]
            pairs = [(observed(Side.LEGACY, legacy), observed(Side.EXTRACTED, one)) for one in answers]
            rows.append({"size": len(legacy), "differs": name} | timed(pairs, rounds))
    return rows


def timed(pairs: list[Pair], rounds: int) -> dict[str, object]:
    rules = comparison.compile_rules(Compare(RULES))

    def work(left: Observation, right: Observation) -> Result:
        return comparison.compare(left, right, rules).result

    results = {work(left, right) for left, right in pairs}
    times = max(DIFFERENT, 200_000 // pairs[0][0].body.size)
    best = read = float("inf")
    for _ in range(rounds):
        best = min(best, microseconds(work, pairs, times))
        read = min(read, microseconds(read_both, pairs, times))
    peer = deep_diff()
    other = microseconds(peer, pairs, DIFFERENT) if peer else None
    return {
        "result": "/".join(sorted(results)),
        "compare_us": round(best, 1),
        "read_both_us": round(read, 1),
        "to_read_both": round(best / read, 2),
        "to_deepdiff": round(best / other, 4) if other else None,
    }


if __name__ == "__main__":
    for row in measure_comparing():
        print(json.dumps(row))
