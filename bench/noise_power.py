"""`python -m bench.noise_power`: how soon regressions inside noise are found, and how seldom noise is taken for one.

Simulated with fixed seeds, against the very code that decides: only sockets and JSON are left out. `--quick` makes a
tenth of the runs. Requests come at ten a second, so that no clock stands still.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from math import log
from random import Random
from statistics import median

from bench.noise_world import Answer, Side, World
from proxy.evidence.fields import TESTS
from proxy.evidence.noise import Noise
from proxy.evidence.sign_test import discoveries, either_way, log_sum, log_weight, one_way
from proxy.model.comparison import Kind, Result

NOISE, RAW = 0.10, 0.15  # shares of requests: legacy differs from itself; the extracted side differs from legacy
FLIP = 0.0528  # of a legacy answer: two of them then differ in 10 %
LAPSE = (RAW - FLIP) / (1 - 2 * FLIP)  # of an extracted answer that only lapses more often
WRONG = (RAW - NOISE) / (1 - NOISE)  # of requests that are always answered wrong


def flips(share: float) -> Side:
    return lambda number, at, dice: {"$.x": '"odd"' if dice.random() < share else '"ok"'}


def wrong_for_some(share: float) -> Side:
    """The same requests are answered wrong each time; the others are noisy as legacy's."""
    usual = flips(FLIP)
    return lambda number, at, dice: {"$.x": '"wrong"'} if Random(number).random() < share else usual(number, at, dice)


def after_others(fields: int) -> Noise:
    """As if so many fields had come up before: the next one has the least weight."""
    return Noise.restored({"version": 3, "asked": 0, "came": fields, "fields": []})


def until(world: World, path: str, most: int) -> tuple[int, int]:
    """Requests and re-asks until the field is flagged; `most` requests when it never is."""
    while world.requests < most:
        world.request()
        record = world.noise.record(path, Kind.VALUE) or world.noise.record(path, Kind.MISSING)
        if record is not None and record.flagged:
            break
    return world.requests, world.reasks


def blind_spot(runs: int) -> Iterator[str]:
    yield f"## 150 raw against 100 noise per 1,000 ({runs} runs each)"
    yield "| the regression | asked again | fields | found | median n | 95 % by n |"
    yield "| --- | --- | --- | --- | --- | --- |"
    kinds = (("the same 5.6 % of requests, always", wrong_for_some(WRONG)), ("lapses, never the same", flips(LAPSE)))
    for what, extracted in kinds:
        for how, sample, on_mismatch in (("mismatches and 1 %", 0.01, True), ("a random sample only", 1.0, False)):
            for fields in (1, 200):
                most = 60_000
                took = []
                for seed in range(runs):
                    world = World(flips(FLIP), extracted, seed=seed, sample=sample, on_mismatch=on_mismatch)
                    world.noise = after_others(fields - 1)
                    requests, reasks = until(world, "$.x", most)
                    took.append(requests if on_mismatch else reasks)
                took.sort()
                found = sum(1 for each in took if each < most)
                unit = "requests" if on_mismatch else "re-asks"
                late = took[int(0.95 * runs)]
                found_of, middle = f"{found} of {runs}", f"{median(took):,.0f} {unit}"
                yield f"| {what} | {how} | {fields} | {found_of} | {middle} | {late:,} {unit} |"


def false_flags(worlds: int) -> Iterator[str]:
    yield f"## Fields of pure noise called regressions: 200 fields, 20,000 re-asks, 100 looks, {worlds} worlds"
    dice = Random(1)
    flagged = 0
    for _ in range(worlds):
        counts = [[0] * len(TESTS) for _ in range(200)]
        for look in range(1, 101):
            levels = {}
            for ordinal, heads in enumerate(counts, 1):
                busy = 200 if ordinal % 2 else 20  # re-asks in which such a field's coins were thrown, of 200
                terms = []
                for at, test in enumerate(TESTS):
                    heads[at] += dice.getrandbits(busy).bit_count()
                    tails = look * busy - heads[at]
                    evidence = (either_way if test.both_ways else one_way)(heads[at], tails)
                    terms.append(log(test.stake) + evidence)
                levels[ordinal] = log_weight(ordinal) + log_sum(terms)
            if discoveries(levels):
                flagged += 1
                break
    yield f"worlds with any false flag: {flagged} of {worlds} (guaranteed: 5 % at most)"


def clock(seconds: float, form: str = "%Y-%m-%dT%H:%M:%SZ") -> str:
    return '"' + datetime.fromtimestamp(1_700_000_000 + seconds, UTC).strftime(form) + '"'


def usual(number: int, at: float, dice: Random) -> Answer:
    """A legacy answer with most kinds of noise."""
    answer = {
        "$.amount": str(number * 7 % 1000),
        "$.request_id": f'"req_{dice.getrandbits(32):08x}"',
        "$.now": clock(at),
        "$.digit": str(dice.randrange(10)),
        "$.flip": '"odd"' if dice.random() < FLIP else '"ok"',
        "$.load": f"{dice.gauss(5, 1):.4f}",
        "$.took": str(int(dice.lognormvariate(3, 1))),
        "$.price": str(round(100 * dice.uniform(0.99, 1.01), 4)),
    }
    if dice.random() < 0.05:
        answer["$.note"] = '"maintenance"'
    return answer


Change = Callable[[Answer, int, float, Random], None]


def changed(change: Change) -> Side:
    def side(number: int, at: float, dice: Random) -> Answer:
        answer = usual(number, at, dice)
        change(answer, number, at, dice)
        return answer

    return side


def put(path: str, value: Callable[[Answer, int, float, Random], str]) -> Change:
    return lambda answer, number, at, dice: answer.__setitem__(path, value(answer, number, at, dice))


HIDDEN: dict[str, tuple[str, Change]] = {
    "clock one hour off": ("$.now", put("$.now", lambda _, __, at, ___: clock(at + 3600))),
    "clock five seconds off": ("$.now", put("$.now", lambda _, __, at, ___: clock(at + 5))),
    "clock with another offset": ("$.now", put("$.now", lambda _, __, at, ___: clock(at, "%Y-%m-%dT%H:%M:%S+00:00"))),
    "random id became constant": ("$.request_id", put("$.request_id", lambda *_: '"req_0badc0de"')),
    "random digit became constant": ("$.digit", put("$.digit", lambda *_: "4")),
    "id of another length": ("$.request_id", put("$.request_id", lambda answer, *_: answer["$.request_id"][:-2] + '"')),
    "rounded to two places": ("$.price", put("$.price", lambda answer, *_: str(round(float(answer["$.price"]), 2)))),
    "2 % too high": ("$.price", put("$.price", lambda answer, *_: str(round(1.02 * float(answer["$.price"]), 4)))),
    "twice the spread": ("$.load", put("$.load", lambda _, __, ___, dice: f"{dice.gauss(5, 2):.4f}")),
    "a rare member is never there": ("$.note", lambda answer, *_: answer.pop("$.note", None) and None),
    "1 % of requests wrong in a noisy field": (
        "$.flip", lambda answer, number, *_: answer.update({"$.flip": '"odd"'} if number % 100 == 7 else {})),
}  # fmt: skip


def hidden(runs: int) -> Iterator[str]:
    yield f"## Regressions inside noisy fields ({runs} runs each, nine fields, mismatches and 1 % asked again)"
    yield "| kind | found | first mismatch left, median request | flagged, median request | 95 % by | test |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, (path, change) in HIDDEN.items():
        firsts, flags, tests = [], [], set()
        for seed in range(runs):
            world = World(usual, changed(change), seed=seed)
            first, most = 0, 12_000
            while world.requests < most:
                left = world.request()
                if not first and any(field[0] == path for field in left.fields):
                    first = world.requests
                found = [one for one in world.noise.regressions() if one.path == path]
                if found:
                    tests.add(found[0].test)
                    break
            firsts.append(first or most)
            flags.append(world.requests)
        flags.sort()
        count = sum(1 for each in flags if each < most)
        late = flags[int(0.95 * runs)]
        said = ", ".join(sorted(tests))
        yield f"| {name} | {count} of {runs} | {median(firsts):,.0f} | {median(flags):,.0f} | {late:,} | {said} |"


def rare_and_bad(requests: int) -> Iterator[str]:
    def lost(answer: Answer, number: int, at: float, dice: Random) -> None:
        if number % 5000 == 1234:
            del answer["$.amount"]

    world = World(usual, changed(lost), seed=3)
    left = [world.request() for _ in range(requests)]
    seen = sum(("$.amount", Kind.MISSING) in one.fields for one in left)
    yield f"## A member lost in 2 of 10,000 answers, beside eight noisy fields ({requests:,} requests)"
    yield f"lost {requests // 5000} times, left as an unexplained mismatch of high risk {seen} times"


def noise_only(requests: int) -> Iterator[str]:
    yield f"## Pairs that differ by noise only, reported as mismatch (requests 5,001 to {5000 + requests:,}; 2 seeds)"
    yield "| noise shows in this share of answers | pairs that differ | reported | share of all pairs |"
    yield "| --- | --- | --- | --- |"
    for share in (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.002):
        differ = reported = 0
        for seed in (1, 2):
            world = World(flips(share), flips(share), seed=seed)
            for _ in range(5000):
                world.request()
            results = [world.request().result for _ in range(requests)]
            differ += sum(result is not Result.MATCH for result in results)
            reported += results.count(Result.MISMATCH)
        yield f"| {100 * share:g} % | {differ:,} | {reported} | {100 * reported / requests / 2:.3f} % |"
    world = World(usual, usual, seed=5)
    early = [world.request().result for _ in range(5000)].count(Result.MISMATCH)
    late = [world.request().result for _ in range(requests)].count(Result.MISMATCH)
    yield f"| nine fields with all kinds at once | {requests:,} | {late} | {100 * late / requests:.3f} % |"
    yield f"(of the first 5,000 pairs, while it was learned: {early})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs")
    runs = 10 if parser.parse_args().quick else 100
    parts = (
        blind_spot(runs),
        false_flags(runs),
        hidden(max(runs // 5, 5)),
        rare_and_bad(10_000 if runs > 10 else 5_000),
        noise_only(50 * runs),
    )
    for part in parts:
        began = time.monotonic()
        for line in part:
            print(line, flush=True)
        print(f"({time.monotonic() - began:.0f} s)\n", flush=True)


if __name__ == "__main__":
    main()
