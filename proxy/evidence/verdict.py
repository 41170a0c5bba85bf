"""What the evidence of one route allows: pass, fail, or inconclusive with what is missing in words.

A rate alone does not decide. `pass` needs every one of these: the mismatch rate shown below the gate; the rate of
failures of the extracted side alone shown below its own gate, and so the rate of requests that it takes too long for;
the evidence long enough to have seen the hours (`min_duration`); nearly every copy compared, because what was not
compared may be just what differs; and no open signature of high risk, since a field that is wrong for one tenant in
five thousand passes any rate. `fail` needs one of the rates shown above its gate. No comparison is no evidence:
inconclusive, never pass.

A route of which no request can be copied is judged by its clients' exchanges in canary alone (see shares.py): failures
and slowness of one share beside the other, over twice the time. Of a route of which a part can't be copied that part is
judged so too, in canary, beside the comparisons.

A signature is open in every epoch and under every accepted set of the same build and rules: promoting a route does
not mend it. Without a build header nobody can say which build was seen, so evidence and signatures expire after
EXPIRES.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from proxy.evidence.rate import clean_needed, fail_value, increase_fail_value
from proxy.evidence.shares import PEERS
from proxy.model.comparison import Kind, Risk
from proxy.model.evidence import EvidenceKey, Ruling, Totals, Verdict
from proxy.model.records import SignatureRow
from proxy.model.sides import Stage
from proxy.model.spec import Gate

EXPIRES = 86_400.0  # seconds, without a build header
UNSEEN = 0.05  # share of copies that may go uncompared
SLOWER_RAMP = 2  # times `min_duration` where no comparison shows anything
WORTH = 0.01  # share of the traffic from which on something has to be shown
LATE = 0.05  # share of requests that may be slower: what "the p95 ratio is below R" allows


@dataclass(frozen=True, slots=True)
class Standing:
    """What of a route's traffic can be shown by comparing. `copied` is False when no request of it ever is, `uncopied`
    the share of its traffic that never is, `uncovered` names in words what clients do and no comparison has shown."""

    stage: Stage = Stage.SHADOW
    copied: bool = True
    uncopied: float = 0.0
    uncovered: tuple[str, ...] = ()

    @property
    def by_clients(self) -> bool:
        """Whether clients' own exchanges are (also) evidence: in canary, unless nearly everything is compared."""
        return not self.copied or (self.stage is Stage.CANARY and self.uncopied >= WORTH)


def judge(
    totals: Totals,
    gate: Gate,
    *,
    alpha: float,
    signatures: Sequence[SignatureRow],
    accepted: Collection[str],
    now: float,
    key: EvidenceKey | None,
    standing: Standing = Standing(),
) -> Verdict:
    """`alpha` is what this build may spend (`alpha_for`) on each test, `accepted` the signatures accepted and not past
    their date, `now` seconds since 1970. `signatures` may hold rows of other builds and keys; they are passed over."""
    copied = standing.copied
    blocking = _blocking(signatures, accepted, key, now, copied)
    mismatch = _sane(gate.mismatch_below)

    def ruled(ruling: Ruling, why: str, needs: tuple[str, ...] = (), clean: int = 0) -> Verdict:
        return Verdict(ruling, why, needs, clean, blocking, key, totals, alpha, from_clients=not copied)

    if key is None or not (totals.n if copied else totals.shared or totals.timed):
        clean = clean_needed(0, 0, mismatch, alpha)
        return ruled(Ruling.INCONCLUSIVE, *_nothing_yet(totals, standing), clean)
    if not key.build and now - totals.last > EXPIRES:
        clean = clean_needed(0, 0, mismatch, alpha)
        need = "new evidence: the service names no build, so what was seen counts for a day"
        return ruled(Ruling.INCONCLUSIVE, "the evidence has expired", (need,), clean)
    # 1. a rate shown to be above its gate
    tests = [*(_of_copies(totals, gate) if copied else ()), *(_of_clients(totals, gate) if standing.by_clients else ())]
    tests.append(_of_time(totals, gate, copied))
    for test in tests:
        if test.fails >= 1 / alpha:
            return ruled(Ruling.FAIL, f"{test.seen}; the gate is {test.gate}")
    # 2. whatever is missing, all of it at once
    wanted = gate.min_duration * (1 if copied else SLOWER_RAMP)
    needs = [
        *(test.need(alpha) for test in tests[:-1]),
        _duration_need(wanted - (totals.last - totals.first)),
        _blocking_need(blocking),
        _unseen_need(totals) if copied else "",
        tests[-1].need(alpha),
        *standing.uncovered,
    ]
    missing = tuple(need for need in needs if need)
    seen, clean = tests[0].seen, tests[0].more(alpha)
    if missing:
        return ruled(Ruling.INCONCLUSIVE, f"{seen}; {len(missing)} of {len(needs)} conditions not met", missing, clean)
    return ruled(Ruling.PASS, f"{seen}; shown to be below {tests[0].gate} however often one looks")


class _Test(NamedTuple):
    """One rate and its gate. `fails` is the evidence that the rate is above it, `one` and `many` what the test counts,
    `figures` what is said beside the need."""

    seen: str
    gate: str
    fails: float
    eps: float
    n: int
    k: int
    better: int
    one: str
    many: str
    figures: str = ""

    def more(self, alpha: float) -> int:
        return clean_needed(self.n, self.k, self.eps, alpha, self.better)

    def need(self, alpha: float) -> str:
        more = self.more(alpha)
        return f"{more} more {self.one if more == 1 else self.many}{self.figures}" if more else ""


def _of_copies(totals: Totals, gate: Gate) -> tuple[_Test, _Test]:
    n, k, failed = totals.n, totals.k, totals.extracted_failed
    mismatch, failure = _sane(gate.mismatch_below), _sane(gate.error_increase_below)
    alone = "without a failure of the extracted side"
    return (
        _Test(f"{_of(k, n)} differ", _percent(mismatch), fail_value(n, k, mismatch), mismatch, n, k, 0,
              "clean comparison", "clean comparisons"),
        _Test(f"the extracted side failed alone in {_of(failed, n)}", _percent(failure), fail_value(n, failed, failure),
              failure, n, failed, 0, f"comparison {alone}", f"comparisons {alone}"),
    )  # fmt: skip


def _of_clients(totals: Totals, gate: Gate) -> tuple[_Test]:
    n, worse, better = totals.shared, totals.shared_failed, totals.shared_spared
    failure = _sane(gate.error_increase_below)
    seen = (
        f"of {n:,} pairs of clients' exchanges the extracted side alone failed in {worse:,}, legacy alone in {better:,}"
    )
    figures = f" (the extracted side alone failed in {worse} of {n}, legacy alone in {better})" if worse else ""
    pairs = "of clients' exchanges without a failure"
    fails = increase_fail_value(n, worse, better, failure)
    return (
        _Test(seen, f"{_percent(failure)} more failures", fails, failure, n, worse, better,
              f"pair {pairs}", f"pairs {pairs}", figures),
    )  # fmt: skip


def _of_time(totals: Totals, gate: Gate, copied: bool) -> _Test:
    slower = f"took over {gate.p95_ratio_below:g} times as long as legacy"
    seen = f"the extracted side {slower} in {_of(totals.slower, totals.timed)}"
    words = ("pair in time", "pairs in time")
    if not copied:
        beside = f"of the extracted side in time, each beside {PEERS} of legacy's share"
        words = (f"exchange {beside}", f"exchanges {beside}")
        seen = seen.removesuffix("comparisons") + "exchanges"
    figures = f" ({totals.slower} of {totals.timed} {slower})" if totals.slower else ""
    fails = fail_value(totals.timed, totals.slower, LATE)
    gate_words = f"p95, {_percent(LATE)} of them"
    return _Test(seen, gate_words, fails, LATE, totals.timed, totals.slower, 0, *words, figures)


def _nothing_yet(totals: Totals, standing: Standing) -> tuple[str, tuple[str, ...]]:
    if standing.copied:
        return "no comparisons yet", (_no_comparisons(totals),)
    why = "no evidence yet: requests of this route cannot be copied, so it comes from clients' exchanges in canary"
    if standing.stage is Stage.CANARY:
        return why, ("exchanges of both shares within a minute of each other, under this stage, build and rule set",)
    return why, ("a canary: only there both sides answer clients at the same time",)


def _blocking(
    signatures: Sequence[SignatureRow],
    accepted: Collection[str],
    key: EvidenceKey | None,
    now: float,
    copied: bool,
) -> tuple[str, ...]:
    """What of a route that cannot be copied failed while answering clients is what its own gate counts: that a failure
    was seen at all does not block."""
    if key is None:
        return ()
    rules = key.rules.partition("+")[0]
    return tuple(
        dict.fromkeys(
            row.signature
            for row in signatures
            if row.risk is Risk.HIGH
            and (copied or row.kind != Kind.ERROR)
            and row.signature not in accepted
            and (row.key.route, row.key.build) == (key.route, key.build)
            and row.key.rules.partition("+")[0] == rules
            and (key.build or now - row.last <= EXPIRES)
        )
    )


def _no_comparisons(totals: Totals) -> str:
    if totals.dropped or totals.not_compared:
        return f"comparisons: {totals.dropped} copies were dropped and {totals.not_compared} not compared"
    return "comparisons: none has been made under this stage, build and rule set"


def _duration_need(seconds: float) -> str:
    return f"{duration(seconds)} more" if seconds > 0 else ""


def _blocking_need(blocking: tuple[str, ...]) -> str:
    if not blocking:
        return ""
    named = ", ".join(blocking[:3]) + (", ..." if len(blocking) > 3 else "")
    what = "1 open signature" if len(blocking) == 1 else f"{len(blocking)} open signatures"
    return f"{what} of high risk mended or accepted: {named}"


def _unseen_need(totals: Totals) -> str:
    not_compared = totals.not_compared - totals.excused
    unseen = totals.dropped + not_compared
    copies = unseen + totals.match + totals.ignored + totals.explained + totals.mismatch
    if unseen <= UNSEEN * copies:
        return ""
    parts = f"{totals.dropped} dropped, {not_compared} not compared of {copies}"
    return f"at most {_percent(UNSEEN)} of the copies without a comparison ({parts})"


def duration(seconds: float) -> str:
    """Whole seconds, rounded up, in words: `4m 10s`."""
    whole = -int(-seconds // 1)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    parts = [f"{hours}h" if hours else "", f"{minutes}m" if minutes else "", f"{left}s" if left else ""]
    return " ".join(part for part in parts if part) or "0s"


def _sane(rate: float) -> float:
    """A gate of 0 % can never be shown, one of 100 % always: both are taken as next to it."""
    return min(max(rate, 1e-9), 1 - 1e-9)


def _of(k: int, n: int) -> str:
    return f"{k:,} of {n:,} comparisons"


def _percent(rate: float) -> str:
    return f"{100 * rate:g} %"
