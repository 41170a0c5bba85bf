"""`python -m bench.promotions`: how often a rule promotes wrongly, and how soon it promotes rightly. Exactly.

Every comparison is a mismatch with one fixed chance, and after *every* comparison somebody looks. The chance that the
rule has said `pass` (or `fail`) by then is computed by dynamic programming over (n, k): the chance of each k among the
routes that are still undecided is carried from n to n + 1, and what falls under the rule is taken out. No dice. The
limits come from the functions that the proxy itself judges with.

Beside it the two rules that are usual: a 95 % Clopper-Pearson bound below the gate, looked at again and again, and "N
clean comparisons in a row".
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.plot import Chart, Line, draw
from proxy.evidence import clean_needed, fail_value, pass_value

EPS = 0.01
UPTO = 20_000
NEGLIGIBLE = 1e-18  # chances that are left out; twenty thousand of them do not show
PLOT = Path(__file__).parents[1] / "docs" / "img" / "false-promotions.svg"


@dataclass(frozen=True)
class Limits:
    """After n comparisons the rule passes with `passes[n]` mismatches or fewer (-1: with none), and fails with
    `fails[n]` or more."""

    passes: Sequence[int]
    fails: Sequence[int]


@dataclass(frozen=True)
class Course:
    """The chance to have passed and to have failed by n comparisons; place 0 is before the first."""

    passed: list[float]
    failed: list[float]

    def reaches(self, chance: float, *, failing: bool = False) -> int | None:
        """After how many comparisons the chance is first reached."""
        chances = self.failed if failing else self.passed
        return next((n for n, sofar in enumerate(chances) if sofar >= chance), None)


def passing(upto: int, eps: float, alpha: float) -> list[int]:
    """The limits of `pass_value`."""
    limits, k = [-1], -1
    for n in range(1, upto + 1):
        while k < n and pass_value(n, k + 1, eps) >= 1 / alpha:
            k += 1
        limits.append(k)
    return limits


def failing(upto: int, eps: float, alpha: float) -> list[int]:
    """The limits of `fail_value`."""
    limits, k = [1], 1
    for n in range(1, upto + 1):
        while k <= n and fail_value(n, k, eps) < 1 / alpha:
            k += 1
        limits.append(k)
    return limits


def clopper_pearson(upto: int, eps: float, alpha: float) -> list[int]:
    """The one-sided bound lies below eps when k mismatches or fewer in n had a chance of alpha at most at eps."""
    limits, k = [-1], 0
    exactly = below = 1.0  # the chances of k, and of k or fewer
    for n in range(1, upto + 1):
        below -= eps * exactly
        exactly *= n / (n - k) * (1 - eps)
        while below <= alpha:
            exactly *= (n - k) / (k + 1) * eps / (1 - eps)
            k += 1
            below += exactly
        limits.append(k - 1)
    return limits


def course(rate: float, limits: Limits, upto: int) -> Course:
    """What becomes of routes whose true mismatch rate is `rate`, looked at after every comparison."""
    passed, failed = [0.0], [0.0]
    alive, first = [1.0], 0  # the chances of first, first + 1, ... mismatches
    for n in range(1, upto + 1):
        stepped = [0.0] * (len(alive) + 1)
        for place, chance in enumerate(alive):
            stepped[place] += chance * (1 - rate)
            stepped[place + 1] = chance * rate
        gone = min(max(limits.passes[n] + 1 - first, 0), len(stepped))
        kept = max(min(limits.fails[n] - first, len(stepped)), gone)
        passed.append(passed[-1] + sum(stepped[:gone]))
        failed.append(failed[-1] + sum(stepped[kept:]))
        alive, first = stepped[gone:kept], first + gone
        while len(alive) > 1 and alive[-1] < NEGLIGIBLE:
            alive.pop()
        while len(alive) > 1 and alive[0] < NEGLIGIBLE:
            alive.pop(0)
            first += 1
    return Course(passed, failed)


def clean_in_a_row(rate: float, length: int, upto: int) -> list[float]:
    """The chance to have seen `length` clean comparisons in a row by n: either at once, or after a mismatch at n -
    length that ended with no such row before it."""
    clean = (1 - rate) ** length
    passed = [0.0] * length + [clean]
    for n in range(length + 1, upto + 1):
        passed.append(passed[-1] + (1 - passed[n - length - 1]) * rate * clean)
    return passed


NEVER = [1 << 60] * (UPTO + 1)


def gate(alpha: float, eps: float = EPS, upto: int = UPTO) -> Limits:
    """The rule of the proxy: whichever of its two tests comes first."""
    return Limits(passing(upto, eps, alpha), failing(upto, eps, alpha))


def missed(rate: float, alpha: float, upto: int) -> float:
    """The chance that the interval ever leaves the true rate out: one of its two bets refutes it."""
    ended = course(rate, gate(alpha / 2, rate, upto), upto)
    return ended.passed[-1] + ended.failed[-1]


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def percent(share: float) -> str:
    return f"{100 * share:.2f} %" if share >= 0.0001 or share == 0 else f"{100 * share:.1g} %"


def proxy_rows(alpha: float) -> list[list[str]]:
    only_pass, only_fail = (
        Limits(passing(UPTO, EPS, alpha), NEVER),
        Limits([-1] * (UPTO + 1), failing(UPTO, EPS, alpha)),
    )
    healthy, half, at = (course(rate, only_pass, UPTO) for rate in (EPS / 10, EPS / 2, EPS))
    fail_half, fail_at, twice, five = (course(rate, only_fail, UPTO) for rate in (EPS / 2, EPS, 2 * EPS, 5 * EPS))

    def soon(ended: Course, *chances: float) -> str:
        return ", ".join(f"{ended.reaches(chance, failing=ended.failed[-1] > 0):,}" for chance in chances)

    return [
        ["clean comparisons for a pass, no mismatch", str(clean_needed(0, 0, EPS, alpha))],
        ["passes ever, at exactly the tolerated 1 %", percent(at.passed[-1])],
        ["passes by 900, at 0.1 %", percent(healthy.passed[900])],
        ["half of those at 0.1 % have passed by, 95 % by", soon(healthy, 0.5, 0.95)],
        ["passes by 8,000, at 0.5 %", percent(half.passed[8000])],
        ["half of those at 0.5 % have passed by", soon(half, 0.5)],
        ["fails ever, at 0.5 %", percent(fail_half.failed[-1])],
        ["fails ever, at exactly 1 %", percent(fail_at.failed[-1])],
        ["fails by 2,600, at 2 %", percent(twice.failed[2600])],
        ["half of those at 2 % have failed by, 95 % by", soon(twice, 0.5, 0.95)],
        ["half of those at 5 % have failed by", soon(five, 0.5)],
    ]  # fmt: skip


def beside_rows(alpha: float, streak: int) -> list[list[str]]:
    """How often each rule has passed by 20,000 comparisons, by the true rate."""
    rules = {"e-value (this proxy)": passing(UPTO, EPS, alpha), "Clopper-Pearson": clopper_pearson(UPTO, EPS, alpha)}
    rates = (EPS / 2, EPS, 1.2 * EPS, 1.5 * EPS, 2 * EPS)
    rows = [
        [name, *(percent(course(rate, Limits(limits, NEVER), UPTO).passed[-1]) for rate in rates)]
        for name, limits in rules.items()
    ]
    return [*rows, [f"{streak} clean in a row", *(percent(clean_in_a_row(rate, streak, UPTO)[-1]) for rate in rates)]]


def plot(alpha: float, streak: int) -> str:
    ours, clopper = Limits(passing(UPTO, EPS, alpha), NEVER), Limits(clopper_pearson(UPTO, EPS, alpha), NEVER)

    def lines(rate: float, step: int, upto: int) -> list[Line]:
        return [
            Line(label, [(n, round(chances[n], 5)) for n in range(0, upto + 1, step)], colour)
            for label, chances, colour in (
                (f"{streak} clean in a row", clean_in_a_row(rate, streak, upto), "#8250df"),
                ("Clopper-Pearson, looked at each time", course(rate, clopper, upto).passed, "#cf222e"),
                ("e-value (this proxy)", course(rate, ours, upto).passed, "#1a7f37"),
            )
        ]

    promised = Line(f"promised: {100 * alpha:g} % at most", [(0, alpha), (UPTO, alpha)], "#57606a", "5 4")
    wrong = Chart(
        "A route at exactly the tolerated 1 %: has been promoted, wrongly, by ...",
        "comparisons, looked at after every one",
        range(0, UPTO + 1, UPTO // 5),
        [0, 0.2, 0.4, 0.6, 0.8, 1],
        [*lines(EPS, 100, UPTO), promised],
        (0.6 * UPTO, 0.92),
    )
    right = Chart(
        "A healthy route, at a tenth of it: has been promoted, rightly, by ...",
        "comparisons, looked at after every one",
        range(0, 2001, 400),
        [0, 0.2, 0.4, 0.6, 0.8, 1],
        lines(EPS / 10, 10, 2000),
        (1200, 0.48),
    )
    return draw([wrong, right], "The same traffic under three rules of promotion")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.promotions", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--plot", type=Path, default=PLOT, help="where the picture goes")
    options = parser.parse_args(arguments)
    begun = time.monotonic()
    streak = clean_needed(0, 0, EPS, 0.05)
    print(f"Tolerated rate 1 %, looked at after every comparison, to {UPTO:,}.\n")
    columns = [proxy_rows(alpha) for alpha in (0.05, 0.025)]
    rows = [[name, five, half] for (name, five), (_, half) in zip(*columns, strict=True)]
    print(table(["", "alpha = 5 %", "alpha = 2.5 % (first build)"], rows))
    titles = ["has passed by 20,000 at a rate of", "0.5 %", "1 %", "1.2 %", "1.5 %", "2 %"]
    print(table(titles, beside_rows(0.05, streak)))
    rates = (0.001, 0.01, 0.05, 0.3, 0.7)
    missing = [percent(missed(rate, 0.05, 5000)) for rate in rates]
    print(table(["true rate", *(f"{100 * rate:g} %" for rate in rates)], [["interval ever misses it", *missing]]))
    options.plot.parent.mkdir(parents=True, exist_ok=True)
    options.plot.write_text(plot(0.05, streak))
    print(f"{options.plot.name} drawn; {time.monotonic() - begun:.0f} s in all")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
