"""What counts, when it counts, and that figures survive a restart."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.evidence import Ledger, stream
from proxy.evidence.ledger import OTHER, SIGNATURES
from proxy.evidence.shares import PEERS
from proxy.model.comparison import Comparison, Difference, Kind, Result, Risk
from proxy.model.evidence import EvidenceKey, Segment, Settled, Totals
from proxy.model.records import SignatureRow
from tests.evidence.made import KEY, settled

FOREVER = 1e9


def counted(*items: Settled) -> Totals:
    ledger = Ledger()
    for one in items:
        ledger.add(one)
    ledger.advance(FOREVER, 0.0)
    return ledger.totals(KEY)


def test_a_request_counts_once_and_its_later_mismatch_once_more() -> None:
    totals = counted(
        settled(1, 7),
        settled(2, 7),
        settled(3, 7, Result.IGNORED),
        settled(4, 8, Result.IGNORED),
        settled(5, 7, Result.MISMATCH),
        settled(6, 9, Result.MISMATCH),
        settled(7, 9),
        settled(8, 9, Result.MISMATCH, failed=True),
        settled(9, 10, Result.NOT_COMPARED, reason="budget"),
        settled(10, 10),
    )
    assert totals == Totals(
        n=6, k=3, match=4, ignored=2, mismatch=3, not_compared=1, extracted_failed=1, first=1, last=10
    )


def test_nothing_counts_before_the_watermark_has_passed_it() -> None:
    ledger = Ledger()
    for arrival in range(10):
        ledger.add(settled(arrival, arrival))
    assert ledger.advance({"charge-read": 3.5, "other": 99.0}, 0.0).segments[-1].second == 3
    assert (ledger.totals(KEY).n, ledger.pending) == (4, 6)
    assert ledger.advance({"other": 99.0}, 0.0).segments == ()
    assert ledger.advance({"charge-read": 3.5}, 0.0).segments == ()
    ledger.advance(FOREVER, 0.0)
    assert (ledger.totals(KEY).n, ledger.pending) == (10, 0)


def test_comparisons_count_in_the_order_of_arrival_not_of_settling() -> None:
    """The repeat settles first; the mismatch arrived first: then the match is the repeat that does not count."""
    late_mismatch = [settled(2, 7), settled(1, 7, Result.MISMATCH)]
    assert counted(*late_mismatch)[:2] == (1, 1)
    early_match = [settled(2, 7, Result.MISMATCH), settled(1, 7)]
    assert counted(*early_match)[:2] == (2, 1)


ITEMS = st.lists(
    st.tuples(st.integers(0, 8), st.sampled_from(list(Result))),
    max_size=40,
)


@settings(max_examples=100, deadline=None)
@given(ITEMS, st.integers(0, 2**32))
def test_settling_order_and_the_steps_of_the_watermark_change_nothing(
    items: list[tuple[int, Result]], seed: int
) -> None:
    dice = random.Random(seed)
    rows = [settled(float(at), request, result) for at, (request, result) in enumerate(items)]
    ledger = Ledger()
    segments: list[Segment] = []
    ready = 0
    for one in dice.sample(rows[: len(rows) // 2], len(rows) // 2):
        ledger.add(one)
    ready = len(rows) // 2
    segments += ledger.advance(float(ready) - 0.5, 0.0).segments
    for one in dice.sample(rows[ready:], len(rows) - ready):
        ledger.add(one)
    segments += ledger.advance(FOREVER, 0.0).segments
    totals = ledger.totals(KEY)
    assert totals == counted(*rows)
    assert stored(segments) == (totals[:-2] if rows else ())
    assert totals.k <= totals.n <= totals.match + totals.ignored + totals.explained + totals.mismatch
    assert totals.slower <= totals.timed <= totals.n


def stored(segments: list[Segment]) -> tuple[int, ...]:
    return tuple(map(sum, zip(*(row[2:] for row in segments), strict=True)))


def test_builds_rules_and_epochs_are_counted_apart_and_in_wall_seconds() -> None:
    ledger = Ledger()
    keys = [KEY, KEY._replace(build="b2"), KEY._replace(rules="x"), KEY._replace(epoch=2), KEY._replace(route="other")]
    for key in keys:
        ledger.add(settled(1.5, 7, key=key))
    written = ledger.advance(FOREVER, 1_700_000_000.0)
    assert {(row.key, row.second, row.n) for row in written.segments} == {(key, 1_700_000_001, 1) for key in keys}
    assert set(written.seen) == {(key, 7) for key in keys}


def test_drops_are_kept_with_the_evidence() -> None:
    ledger = Ledger()
    ledger.dropped(KEY, 5, 3, "queue_full")
    (row,) = ledger.advance(0.0, 0.0).segments
    assert (row.second, row.dropped, row.n) == (5, 3, 0)
    assert ledger.totals(KEY).dropped == 3


def mismatch(signature: str, risk: Risk = Risk.HIGH) -> Comparison:
    found = Difference("$.fee", Kind.MISSING, risk, "1", "", "$.fee")
    return Comparison(Result.MISMATCH, None, signature, risk, (200, 200), (found,), 1)


def test_mismatches_are_grouped_and_kept_one_by_one() -> None:
    ledger = Ledger()
    ledger.add(settled(1, 1, Result.MISMATCH, signature="aa"), mismatch("aa"))
    ledger.add(settled(2, 2, Result.MISMATCH, signature="bb"), mismatch("bb", Risk.MEDIUM))
    ledger.add(settled(3, 3, Result.MISMATCH, signature="aa"))
    ledger.add(settled(4, 4, Result.NOT_COMPARED, reason="budget"))
    written = ledger.advance(FOREVER, 100.0)
    assert [(row.signature, row.result, row.reason, row.at) for row in written.differences] == [
        ("aa", "mismatch", "", 101.0),
        ("bb", "mismatch", "", 102.0),
        ("aa", "mismatch", "", 103.0),
        ("", "not_compared", "budget", 104.0),
    ]
    first = SignatureRow(KEY, "aa", "missing", Risk.HIGH, "$.fee", 200, 200, 2, 101.0, 103.0)
    assert ledger.signatures("charge-read")[0] == first
    assert {row.signature for row in written.signatures} == {"aa", "bb"}
    assert ledger.signatures("other") == []


def test_a_flood_of_signatures_ends_in_one_group_that_blocks_if_any_of_it_would() -> None:
    ledger = Ledger()
    for at in range(SIGNATURES + 50):
        ledger.add(settled(at, at, Result.MISMATCH, signature=f"{at:x}", failed=at == SIGNATURES + 20))
    written = ledger.advance(FOREVER, 0.0)
    rows = ledger.signatures("charge-read")
    assert len(rows) == len(written.signatures) == SIGNATURES + 1
    assert (rows[0].signature, rows[0].count, rows[0].risk) == (OTHER, 50, Risk.HIGH)


def test_accepting_begins_new_evidence_and_re_labels_nothing() -> None:
    ledger = Ledger()
    for at in range(10):
        ledger.add(settled(at, at, Result.MISMATCH, signature="aa"))
    ledger.advance(FOREVER, 0.0)
    before = ledger.totals(KEY)
    assert before[:2] == (10, 10)
    ledger.accept("charge-read", {"aa"})
    assert ledger.totals(KEY) == Totals()
    for at in range(10, 20):
        ledger.add(settled(at, at, Result.MISMATCH, signature="aa"))
    ledger.add(settled(20, 10, Result.MISMATCH, signature="aa"))  # a repeat
    ledger.add(settled(21, 21, Result.MISMATCH, signature="bb"))
    ledger.add(settled(22, 22, Result.MISMATCH, signature="aa", failed=True))
    written = ledger.advance(FOREVER, 0.0)
    totals = ledger.totals(KEY)
    assert (totals.n, totals.k, totals.mismatch, totals.extracted_failed) == (12, 1, 13, 1)
    assert {row.key for row in written.segments} == {ledger.key(KEY)} != {KEY}
    assert ledger.key(KEY).rules.startswith(KEY.rules + "+")
    ledger.accept("charge-read", ())
    assert ledger.totals(KEY) == before


def test_a_restart_goes_on_where_it_was() -> None:
    one = Ledger()
    for at in range(5):
        one.add(settled(at, at))
    one.add(settled(5, 5, Result.MISMATCH, signature="aa"), mismatch("aa"))
    written = one.advance(FOREVER, 0.0)
    other = Ledger()
    other.restore({KEY: one.totals(KEY)}, written.signatures, {KEY: [digest for _, digest in written.seen]})
    assert other.totals(KEY) == one.totals(KEY)
    for ledger in (one, other):
        ledger.add(settled(6, 3))
        ledger.add(settled(7, 7))
        ledger.add(settled(8, 8, Result.MISMATCH, signature="aa"))
        ledger.advance(FOREVER, 0.0)
    assert other.totals(KEY) == one.totals(KEY)
    assert other.signatures("charge-read") == one.signatures("charge-read")
    assert other.totals(KEY).n == 8


def test_without_its_digests_a_restored_key_counts_mismatches_only() -> None:
    ledger = Ledger()
    ledger.restore({KEY: Totals(n=10, match=10, first=1, last=2)}, (), {KEY: [1, 2, 3]})
    ledger.add(settled(3, 99))
    ledger.add(settled(4, 98, Result.MISMATCH))
    ledger.advance(FOREVER, 0.0)
    assert ledger.totals(KEY)[:2] == (11, 1)


def test_memory_is_bounded() -> None:
    full = stream.Stream()
    for request in range(stream.SEEN + 10):
        full.clean(1, request, Result.MATCH, False, (0.0, 0.0), 1.5)
    full.mismatch(1, 5, False, False, (0.0, 0.0), 1.5)
    totals = full.totals()
    assert (totals.n, totals.k, full.remembered) == (stream.SEEN + 1, 1, 0)


def timed(*pairs: tuple[float, float], ratio: float = 1.5, before: float = 0.001) -> tuple[int, int]:
    """How many of these pairs of distinct requests were timed, and slower. `before` is how long legacy took for each of
    the requests that came before them."""
    ledger = Ledger()
    ledger.time("charge-read", ratio)
    for at, slow in enumerate([(before, before)] * PEERS + [*pairs]):
        ledger.add(settled(at, at)._replace(slow=slow))
    ledger.add(settled(len(pairs) + PEERS, PEERS)._replace(slow=(0.010, 9.0)))  # a repeat of the first
    ledger.advance(FOREVER, 0.0)
    totals = ledger.totals(KEY)
    return totals.timed, totals.slower


def test_each_distinct_request_is_timed_once_and_slower_by_both_the_ratio_and_the_margin() -> None:
    pairs = [(0.010, 0.021), (0.001, 0.005), (0.010, 0.019), (0.010, 0.0)]
    assert timed(*pairs, ratio=2.0) == (3, 1)
    assert timed((0.002, 0.0071), ratio=2.0, before=0.002) == (1, 1)


def test_slower_is_slower_than_what_legacy_took_just_before_too() -> None:
    assert timed((0.010, 0.050), before=0.030) == (1, 1)
    assert timed((0.010, 0.045), before=0.030) == (1, 0)
    assert timed((0.010, 0.017), before=0.0110) == (1, 1)
    assert timed((0.010, 0.017), before=0.0121) == (1, 0)  # less than the margin more


def test_a_twin_of_legacy_is_not_slow_however_the_times_are_spread() -> None:
    for spread in (0.1, 0.3, 1.0):
        dice = random.Random(7)
        for times, late in ((1.0, False), (3.0, True)):
            pairs = [(dice.lognormvariate(-3, spread), times * dice.lognormvariate(-3, spread)) for _ in range(2_000)]
            tried, slower = timed(*pairs, before=0.05)
            assert tried == 2_000
            assert (slower > 0.05 * tried) is late


def test_a_tenth_that_hangs_for_a_while_is_slow() -> None:
    dice = random.Random(7)
    pairs = [(0.010 + dice.random() / 100, 0.200 if dice.random() < 0.1 else 0.005) for _ in range(500)]
    tried, slower = timed(*pairs)
    assert slower > 0.07 * tried


def test_a_pair_that_differs_is_timed_too_unless_one_side_gave_no_answer() -> None:
    ledger = Ledger()
    for at in range(PEERS):
        ledger.add(settled(at, at, Result.MISMATCH)._replace(slow=(0.010, 0.010)))
    ledger.add(settled(20, 20, Result.MISMATCH)._replace(slow=(0.010, 0.020)))
    ledger.add(settled(21, 21, Result.MISMATCH)._replace(slow=(0.010, 5.0), extracted_failed=True))
    ledger.advance(FOREVER, 0.0)
    assert (ledger.totals(KEY).timed, ledger.totals(KEY).slower) == (1, 1)


def test_another_ratio_begins_new_evidence() -> None:
    ledger = Ledger()
    ledger.add(settled(1, 1))
    ledger.advance(FOREVER, 0.0)
    ledger.time("charge-read", 3.0)
    assert ledger.totals(KEY) == Totals()
    ledger.time("charge-read", 1.5)
    assert ledger.totals(KEY).n == 1


def test_what_noise_explains_is_a_trial_and_never_a_mismatch() -> None:
    totals = counted(
        settled(1, 7, Result.EXPLAINED), settled(2, 7, Result.EXPLAINED), settled(3, 8, Result.EXPLAINED, failed=True)
    )
    assert totals == Totals(n=2, k=0, explained=3, extracted_failed=1, first=1, last=3)


def test_what_says_nothing_about_the_extracted_side_is_excused() -> None:
    reasons = ["legacy_failed", "client_gone", "learning", "budget"]
    totals = counted(*(settled(at, at, Result.NOT_COMPARED, reason=reason) for at, reason in enumerate(reasons)))
    assert (totals.not_compared, totals.excused) == (4, 2)


def test_a_flagged_field_is_an_open_signature_that_counts_in_no_rate() -> None:
    ledger = Ledger()
    ledger.add(settled(1, 1))
    ledger.flag(KEY, "noise 5161", "$.at", 9, 50.0)
    written = ledger.advance(FOREVER, 0.0)
    flagged = SignatureRow(KEY, "noise 5161", "noise", Risk.HIGH, "$.at", 0, 0, 9, 50.0, 50.0)
    assert written.signatures == (flagged,)
    assert ledger.advance(FOREVER, 0.0).signatures == ()
    assert ledger.totals(KEY)[:2] == (1, 0)
    other = Ledger()
    other.restore({KEY: ledger.totals(KEY)}, written.signatures, {KEY: [1]})
    other.flag(KEY, "noise 5161", "$.at", 12, 60.0)
    (row,) = other.advance(0.0, 0.0).signatures
    assert (row.count, row.first, row.last) == (12, 50.0, 60.0)


def test_a_key_never_seen_has_no_evidence() -> None:
    key = EvidenceKey("nobody", "", "", 1)
    assert Ledger().totals(key) == Totals()
