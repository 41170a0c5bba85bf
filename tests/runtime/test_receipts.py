"""What was told and not stored is told again, and counted once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.model.evidence import Origin
from proxy.model.records import Heard
from proxy.runtime.keepsakes import KEPT_BYTES, Keepsakes
from proxy.runtime.receipts import SHIFT, Receipts, still_open


def serial(frame: int, place: int) -> Origin:
    return "w", (frame << SHIFT) + place


def test_a_new_control_takes_only_what_the_one_before_had_not_stored() -> None:
    first = Receipts()
    assert list(first.take("w", 1, 3)) == [serial(1, 0), serial(1, 1), serial(1, 2)]
    assert list(first.take("w", 2, 1)) == [serial(2, 0)]
    first.stored([serial(1, 0), None, serial(1, 2)])
    rows = first.rows()
    assert rows == [Heard("w", 2, (serial(1, 1)[1], serial(2, 0)[1]))]
    assert still_open(rows[0]) == {1, 2}
    assert first.rows() == []
    second = Receipts()
    second.restore(rows)
    assert not second.is_new("w", 1)
    assert list(second.take("w", 1, 3)) == [None, serial(1, 1), None]
    assert second.is_new("w", 3)
    assert list(second.take("w", 3, 2)) == [serial(3, 0), serial(3, 1)]
    second.stored([serial(1, 1), serial(3, 0), serial(3, 1)])
    assert second.rows() == [Heard("w", 3, (serial(2, 0)[1],))]


def test_what_is_in_hand_is_not_taken_twice_when_only_the_link_broke() -> None:
    receipts = Receipts()
    assert list(receipts.take("w", 1, 2)) == [serial(1, 0), serial(1, 1)]
    assert list(receipts.take("w", 1, 2)) == [None, None]
    assert list(receipts.take("another", 1, 1)) == [("another", 1 << SHIFT)]


def test_a_worker_that_does_not_number_its_frames_is_taken_at_its_word() -> None:
    receipts = Receipts()
    assert receipts.is_new("", 0)
    assert None not in list(receipts.take("", 0, 3))
    assert receipts.rows() == []


@given(st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=12), st.data())
def test_each_comparison_is_counted_once_wherever_control_is_killed(
    frames: list[tuple[int, bool]], data: st.DataObject
) -> None:
    """`frames` are counts of comparisons, and whether control is killed after that frame."""
    kept, hears = Keepsakes(), st.booleans()
    receipts = Receipts()
    stored: list[Origin] = []
    written: list[Heard] = []
    for number, (count, killed) in enumerate(frames, 1):
        kept.keep(number, bytes([number, count]))
        in_hand = [each for each in receipts.take("w", number, count) if each]
        done = data.draw(st.lists(st.sampled_from(in_hand), unique=True))
        receipts.stored(done)
        if data.draw(hears):  # the batch was written, and perhaps the worker heard of it
            stored += done
            rows = receipts.rows()
            written = rows or written
            is_told = data.draw(hears)
            if rows and is_told:
                kept.stored(rows[0].frame, still_open(rows[0]))
        else:
            killed = True
        if killed:
            receipts = Receipts()
            receipts.restore(written)
            for frame in kept:
                number_again, count_again = frame
                again = [each for each in receipts.take("w", number_again, count_again) if each]
                receipts.stored(again)
                stored += again
            written = receipts.rows() or written
    everything = [serial(number, place) for number, (count, _) in enumerate(frames, 1) for place in range(count)]
    assert len(stored) == len(set(stored))
    if frames[-1][1] or set(stored) == set(everything):
        assert sorted(stored) == everything


def test_what_is_kept_is_bounded() -> None:
    kept = Keepsakes()
    for number in range(1, 12):
        kept.keep(number, bytes([number]) * (KEPT_BYTES // 10))
    assert [frame[0] for frame in kept] == list(range(2, 12))
    kept.stored(9, frozenset({3, 5}))
    assert [frame[0] for frame in kept] == [3, 5, 10, 11]
