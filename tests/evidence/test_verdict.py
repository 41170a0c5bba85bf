"""What each piece of evidence allows, and the words in which the missing is named."""

import pytest

from proxy.evidence import Ledger, judge
from proxy.model.comparison import Result, Risk
from proxy.model.evidence import EvidenceKey, Ruling, Totals, Verdict
from proxy.model.records import SignatureRow
from proxy.model.spec import Gate
from tests.evidence.made import KEY, settled

GATE = Gate(mismatch_below=0.01, min_duration=600.0, error_increase_below=0.01, p95_ratio_below=1.5)
GOOD = Totals(n=400, k=0, match=400, timed=400, first=1000, last=1700)


def row(signature: str, risk: Risk = Risk.HIGH, key: EvidenceKey = KEY) -> SignatureRow:
    return SignatureRow(key, signature, "missing", risk, "$.fee", 200, 200, 2, 1000.0, 1600.0)


def judged(
    totals: Totals = GOOD,
    gate: Gate = GATE,
    signatures: tuple[SignatureRow, ...] = (),
    accepted: tuple[str, ...] = (),
    key: EvidenceKey | None = KEY,
    now: float = 1700.0,
) -> Verdict:
    return judge(totals, gate, alpha=0.05, signatures=signatures, accepted=accepted, now=now, key=key)


def test_enough_clean_evidence_passes() -> None:
    verdict = judged()
    assert (verdict.ruling, verdict.needs, verdict.clean_needed) == (Ruling.PASS, (), 0)
    assert verdict.why == "0 of 400 comparisons differ; shown to be below 1 % however often one looks"


def test_no_data_is_inconclusive_never_pass() -> None:
    for verdict in (judged(Totals()), judged(Totals(), key=None), judged(Totals(dropped=5, not_compared=7))):
        assert verdict.ruling is Ruling.INCONCLUSIVE
        assert verdict.why == "no comparisons yet"
        assert verdict.clean_needed == 336
    assert judged(Totals(dropped=5, not_compared=7)).needs == ("comparisons: 5 copies were dropped and 7 not compared",)


def test_what_is_missing_is_said_in_words() -> None:
    verdict = judged(Totals(n=72, match=72, dropped=4, timed=7, first=1000, last=1350))
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert verdict.needs == (
        "264 more clean comparisons",
        "264 more comparisons without a failure of the extracted side",
        "4m 10s more",
        "at most 5 % of the copies without a comparison (4 dropped, 0 not compared of 76)",
        "59 more pairs in time",
    )
    assert verdict.clean_needed == 264


def test_a_rate_above_the_gate_fails() -> None:
    verdict = judged(Totals(n=400, k=30, match=370, mismatch=30, first=1000, last=1700))
    assert (verdict.ruling, verdict.why) == (Ruling.FAIL, "30 of 400 comparisons differ; the gate is 1 %")


def test_failures_have_a_gate_of_their_own() -> None:
    strict = Gate(mismatch_below=0.2, min_duration=0.0, error_increase_below=0.01)
    failing = Totals(n=400, k=30, match=370, mismatch=30, extracted_failed=30, first=1000, last=1700)
    assert judged(failing, strict).why.startswith("the extracted side failed alone in 30 of 400 comparisons")
    strictest = Gate(mismatch_below=0.01, min_duration=0.0, error_increase_below=0.001)
    assert judged(gate=strictest).needs == ("2970 more comparisons without a failure of the extracted side",)


def test_one_open_signature_of_high_risk_blocks_and_accepting_it_does_not() -> None:
    verdict = judged(signatures=(row("aa"), row("cc", Risk.MEDIUM)))
    assert (verdict.ruling, verdict.blocking) == (Ruling.INCONCLUSIVE, ("aa",))
    assert verdict.needs == ("1 open signature of high risk mended or accepted: aa",)
    assert judged(signatures=(row("aa"),), accepted=("aa",)).ruling is Ruling.PASS


@pytest.mark.parametrize(
    ("key", "blocks"),
    [
        (KEY._replace(epoch=0), True),
        (KEY._replace(rules=KEY.rules + "+accepted"), True),
        (KEY._replace(build="b0"), False),
        (KEY._replace(rules="others"), False),
        (KEY._replace(route="other"), False),
    ],
)
def test_a_signature_stays_open_until_another_build_or_rule_set(key: EvidenceKey, blocks: bool) -> None:
    assert (judged(signatures=(row("aa", key=key),)).ruling is Ruling.INCONCLUSIVE) == blocks


def test_what_was_not_compared_holds_a_pass_back_unless_legacy_is_to_blame() -> None:
    hanging = GOOD._replace(not_compared=100)
    assert judged(hanging).needs == (
        "at most 5 % of the copies without a comparison (0 dropped, 100 not compared of 500)",
    )
    assert judged(hanging._replace(excused=100)).ruling is Ruling.PASS


def test_a_side_that_is_slower_too_often_fails_and_one_not_shown_to_be_in_time_waits() -> None:
    late = judged(GOOD._replace(slower=60))
    assert (late.ruling, late.why) == (
        Ruling.FAIL,
        "the extracted side took over 1.5 times as long as legacy in 60 of 400 comparisons; "
        "the gate is p95, 5 % of them",
    )
    unsure = judged(GOOD._replace(slower=16))
    assert unsure.needs == ("245 more pairs in time (16 of 400 took over 1.5 times as long as legacy)",)


def test_without_a_build_header_evidence_and_signatures_expire() -> None:
    unnamed = KEY._replace(build="")
    assert judged(key=unnamed).ruling is Ruling.PASS
    assert judged(key=unnamed, now=1700.0 + 90_000).why == "the evidence has expired"
    old = row("aa", key=unnamed)
    assert judged(key=unnamed, signatures=(old,)).blocking == ("aa",)
    fresh = GOOD._replace(first=90_000, last=91_000)
    assert judged(fresh, key=unnamed, signatures=(old,), now=91_000.0).ruling is Ruling.PASS


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_gates_at_the_ends_of_the_scale_are_judged_too(rate: float) -> None:
    gate = Gate(mismatch_below=rate, error_increase_below=0.01, min_duration=0.0)
    assert judged(gate=gate).ruling is (Ruling.PASS if rate else Ruling.INCONCLUSIVE)


def test_a_service_that_hangs_on_a_third_never_passes_on_the_way() -> None:
    """1,000 requests a second, judged every 50 ms; matches settle at once, time-outs after a second."""
    ledger = Ledger()
    gate = Gate(mismatch_below=0.01, error_increase_below=0.01, min_duration=0.0)
    for tick in range(1, 61):
        now = tick * 0.05
        for at in range((tick - 1) * 50, tick * 50):
            if at % 10 >= 3:
                ledger.add(settled(at / 1000, at))
        for at in range((tick - 21) * 50, (tick - 20) * 50):
            if at >= 0 and at % 10 < 3:
                ledger.add(settled(at / 1000, at, Result.MISMATCH, failed=True))
        oldest_under_way = max(0.0, now - 1.0)
        ledger.advance({KEY.route: oldest_under_way - 1e-9}, 0.0)
        totals = ledger.totals(KEY)
        verdict = judged(totals, gate, tuple(ledger.signatures(KEY.route)))
        assert verdict.ruling is not Ruling.PASS
    assert verdict.ruling is Ruling.FAIL
