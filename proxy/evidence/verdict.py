"""What the evidence of one route allows: pass, fail, or inconclusive with what is missing in words.

A rate alone does not decide. `pass` needs every one of these: the mismatch rate shown below the gate; the rate of
failures of the extracted side alone shown below its own gate, and so the rate of requests that it takes too long for;
the evidence long enough to have seen the hours (`min_duration`); nearly every copy compared, because what was not
compared may be just what differs; and no open signature of high risk, since a field that is wrong for one tenant in
five thousand passes any rate. `fail` needs one of the rates shown above its gate. No comparison is no evidence:
inconclusive, never pass.

A signature is open in every epoch and under every accepted set of the same build and rules: promoting a route does
not mend it. Without a build header nobody can say which build was seen, so evidence and signatures expire after
EXPIRES.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from proxy.evidence.rate import clean_needed, fail_value
from proxy.model.comparison import Risk
from proxy.model.evidence import EvidenceKey, Ruling, Totals, Verdict
from proxy.model.records import SignatureRow
from proxy.model.spec import Gate

EXPIRES = 86_400.0  # seconds, without a build header
UNSEEN = 0.05  # share of copies that may go uncompared
LATE = 0.05  # share of requests that may be slower: what "the p95 ratio is below R" allows


def judge(
    totals: Totals,
    gate: Gate,
    *,
    alpha: float,
    signatures: Sequence[SignatureRow],
    accepted: Collection[str],
    now: float,
    key: EvidenceKey | None,
) -> Verdict:
    """`alpha` is what this build may spend (`alpha_for`) on each test, `accepted` the signatures accepted and not past
    their date, `now` seconds since 1970. `signatures` may hold rows of other builds and keys; they are passed over."""
    blocking = _blocking(signatures, accepted, key, now)

    def ruled(ruling: Ruling, why: str, needs: tuple[str, ...] = (), clean: int = 0) -> Verdict:
        return Verdict(ruling, why, needs, clean, blocking, key, totals, alpha)

    mismatch, failure = _sane(gate.mismatch_below), _sane(gate.error_increase_below)
    slower = f"took over {gate.p95_ratio_below:g} times as long as legacy"
    if totals.n == 0 or key is None:
        clean = clean_needed(0, 0, mismatch, alpha)
        return ruled(Ruling.INCONCLUSIVE, "no comparisons yet", (_no_comparisons(totals),), clean)
    if not key.build and now - totals.last > EXPIRES:
        clean = clean_needed(0, 0, mismatch, alpha)
        need = "new comparisons: the service names no build, so evidence counts for a day"
        return ruled(Ruling.INCONCLUSIVE, "the evidence has expired", (need,), clean)
    # 1. a rate shown to be above its gate
    if fail_value(totals.n, totals.k, mismatch) >= 1 / alpha:
        return ruled(Ruling.FAIL, f"{_of(totals.k, totals.n)} differ; the gate is {_percent(mismatch)}")
    if fail_value(totals.n, totals.extracted_failed, failure) >= 1 / alpha:
        why = f"the extracted side failed alone in {_of(totals.extracted_failed, totals.n)}; the gate is"
        return ruled(Ruling.FAIL, f"{why} {_percent(failure)}")
    if fail_value(totals.timed, totals.slower, LATE) >= 1 / alpha:
        why = f"the extracted side {slower} in {_of(totals.slower, totals.timed)}; the gate is"
        return ruled(Ruling.FAIL, f"{why} p95, {_percent(LATE)} of them")
    # 2. whatever is missing, all of it at once
    clean = clean_needed(totals.n, totals.k, mismatch, alpha)
    unfailed = clean_needed(totals.n, totals.extracted_failed, failure, alpha)
    needs = [
        _count_need(clean, "clean comparison", "clean comparisons"),
        _count_need(unfailed, "comparison without a failure of the extracted side",
                    "comparisons without a failure of the extracted side"),
        _duration_need(gate.min_duration - (totals.last - totals.first)),
        _blocking_need(blocking),
        _unseen_need(totals),
        _late_need(totals, slower, alpha),
    ]  # fmt: skip
    missing = tuple(need for need in needs if need)
    seen = f"{_of(totals.k, totals.n)} differ"
    if missing:
        return ruled(Ruling.INCONCLUSIVE, f"{seen}; {len(missing)} of {len(needs)} conditions not met", missing, clean)
    return ruled(Ruling.PASS, f"{seen}; shown to be below {_percent(mismatch)} however often one looks")


def _blocking(
    signatures: Sequence[SignatureRow], accepted: Collection[str], key: EvidenceKey | None, now: float
) -> tuple[str, ...]:
    if key is None:
        return ()
    rules = key.rules.partition("+")[0]
    return tuple(
        dict.fromkeys(
            row.signature
            for row in signatures
            if row.risk is Risk.HIGH
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


def _count_need(count: int, one: str, many: str) -> str:
    return f"{count} more {one if count == 1 else many}" if count else ""


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


def _late_need(totals: Totals, slower: str, alpha: float) -> str:
    more = clean_needed(totals.timed, totals.slower, LATE, alpha)
    if not more:
        return ""
    so_far = f" ({totals.slower} of {totals.timed} {slower})" if totals.slower else ""
    return f"{more} more {'pair' if more == 1 else 'pairs'} in time{so_far}"


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
