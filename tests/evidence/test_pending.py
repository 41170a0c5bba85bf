"""What waits is counted in order, and told to the store once when it begins and once when it ends to wait."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.evidence.pending import Pending
from proxy.model.evidence import Settled
from tests.evidence.made import settled


def took(pending: Pending, watermark: float) -> list[float]:
    return [one.arrival for ready in pending.take(watermark) for one in ready]


def test_what_waits_is_told_once_when_it_begins_and_once_when_it_ends() -> None:
    pending = Pending()
    for arrival in (1.0, 2.0, 3.0):
        pending.add(settled(arrival, int(arrival)))
    assert took(pending, 0.5) == []
    begun, ended = pending.keep(2.5)
    assert ([(number, one.arrival) for number, one in begun], ended) == ([(1, 1.0), (2, 2.0)], [])
    assert pending.keep(2.5) == ([], [])
    assert took(pending, 1.5) == [1.0]
    begun, ended = pending.keep(9.0)
    assert ([(number, one.arrival) for number, one in begun], ended) == ([(3, 3.0)], [1])
    assert took(pending, 9.0) == [2.0, 3.0]
    assert pending.keep(9.0) == ([], [2, 3])
    assert len(pending) == 0


def test_what_ends_late_is_kept_although_its_time_was_told_before() -> None:
    pending = Pending()
    pending.add(settled(1.0, 1))
    pending.keep(5.0)
    pending.add(settled(2.0, 2))
    pending.add(settled(3.0, 3))
    assert took(pending, 2.5) == [1.0, 2.0]
    begun, ended = pending.keep(5.0)
    assert ([one.arrival for _, one in begun], ended) == ([3.0], [1])


def test_what_an_earlier_process_kept_is_not_kept_again_but_ends() -> None:
    pending = Pending()
    pending.add(settled(1.0, 1), number=41)
    pending.add(settled(2.0, 2))
    took(pending, 0.0)
    assert [number for number, _ in pending.keep(5.0)[0]] == [42]
    assert took(pending, 5.0) == [1.0, 2.0]
    assert pending.keep(5.0)[1] == [41, 42]


def test_after_a_loss_all_that_waits_is_told_again() -> None:
    pending = Pending()
    pending.add(settled(1.0, 1))
    pending.keep(5.0)
    pending.keep_anew()
    assert [one.arrival for _, one in pending.keep(5.0)[0]] == [1.0]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.floats(0, 100)),
        st.tuples(st.just("take"), st.floats(0, 100)),
        st.tuples(st.just("keep"), st.floats(0, 100)),
    ),
    max_size=60,
)


@given(STEPS)
def test_the_store_always_holds_what_waits_since_before_the_last_keeping(steps: list[tuple[str, float]]) -> None:
    pending = Pending()
    waiting: dict[int, Settled] = {}
    stored: dict[int, Settled] = {}
    for number, (step, at) in enumerate(steps):
        if step == "add":
            one = settled(at, number)
            waiting[number] = one
            pending.add(one)
            continue
        took_now = [one for ready in pending.take(at if step == "take" else -1.0) for one in ready]
        assert {one.request for one in took_now} == {
            key for key, one in waiting.items() if step == "take" and one.arrival <= at
        }
        for one in took_now:
            del waiting[one.request]
        if step == "keep":
            begun, ended = pending.keep(at)
            assert not stored.keys() & {key for key, _ in begun}
            stored.update(begun)
            for key in ended:
                del stored[key]
            kept = {one.request for one in stored.values()}
            assert {key for key, one in waiting.items() if one.arrival < at} <= kept <= waiting.keys()
    assert len(pending) == len(waiting)
