"""What goes by age and by size, and what verdicts stand on and therefore stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.model.records import AuditRow
from proxy.model.spec import Retention
from proxy.store import Batch, Store
from tests.store.helpers import KEY, difference, exemplar, full_batch, segment, signature

OLD = KEY._replace(epoch=2)
DAY = 86400.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store.sqlite3")
    opened.open()
    yield opened
    opened.close()


def test_evidence_that_nothing_was_added_to_for_the_age_goes_whole(store: Store) -> None:
    store.write(
        Batch(
            segments=[segment(100, OLD), segment(100)],
            signatures=[signature(key=OLD), signature()],
            exemplars=[exemplar(0, key=OLD)],
            seen=[(OLD, 1), (KEY, 1)],
        )
    )
    store.write(Batch(segments=[segment(int(2 * DAY))]))
    pruned = store.prune(2.5 * DAY, Retention(age=DAY))
    assert pruned.keys == 1
    loaded = store.load()
    assert loaded.totals.keys() == {KEY}
    assert loaded.seen == {KEY: {1}}
    assert [row.key for row in loaded.signatures] == [KEY]


def test_a_living_keys_totals_are_the_same_after_its_old_segments_were_folded(store: Store) -> None:
    store.write(Batch(segments=[segment(second, n=second, k=second % 3) for second in range(100, 200)]))
    store.write(Batch(segments=[segment(int(2 * DAY))]))
    before = store.load().totals
    store.prune(2.5 * DAY, Retention(age=DAY))
    assert store.load().totals == before
    assert [row.second for row in store.segments("charge-read")] == [100, int(2 * DAY)]
    assert store.prune(2.5 * DAY, Retention(age=DAY)).rows == 0


def test_segments_grow_coarser_with_age_and_no_figure_changes(store: Store) -> None:
    other = KEY._replace(build="build-2")
    every = [segment(second, key, n=second % 7) for second in range(0, 2 * 86400, 20) for key in (KEY, other)]
    store.write(Batch(segments=every + every))
    store.write(Batch(segments=[segment(2 * 86400)]))
    before = store.load().totals
    counts = []
    for now in (2 * DAY, 2.5 * DAY, 3.5 * DAY, 4 * DAY):
        store.prune(now, Retention())
        assert store.load().totals == before
        counts.append(len(store.segments("charge-read")))
    assert counts == sorted(counts, reverse=True)
    assert counts[0] < len(every) / 2
    assert counts[-1] <= 2 * (2 * 24 + 2)  # an hour a row, and the last second twice


def test_single_rows_go_by_their_own_age_and_the_audit_stays(store: Store) -> None:
    store.write(Batch(differences=[difference(10.0), difference(2 * DAY)]))
    store.write(Batch(exemplars=[exemplar(0, at=10.0), exemplar(1, at=2 * DAY)]))
    store.write(Batch(audit=[AuditRow(10.0, "ann", "halt", "", "", "")]))
    store.prune(2.5 * DAY, Retention(age=DAY))
    assert [kept.slot for kept in store.exemplars("charge-read", "s1")] == [1]
    assert len(store.history()) == 1
    assert store._connection is not None
    assert store._connection.execute("SELECT at FROM difference").fetchall() == [(2 * DAY,)]


def test_what_is_used_again_after_a_prune_is_written_under_a_new_key(store: Store) -> None:
    store.write(Batch(segments=[segment(100)]))
    assert store.prune(3 * DAY, Retention(age=DAY)).keys == 1
    store.write(Batch(segments=[segment(int(3 * DAY))]))
    assert store.load().totals[KEY].n == 5


def test_by_size_examples_go_first_then_dead_epochs_and_verdicts_stand(store: Store) -> None:
    store.write(Batch(exemplars=[exemplar(slot, at=float(slot)) for slot in range(400)]))
    store.write(
        Batch(
            segments=[segment(second, OLD) for second in range(5000)], seen=[(OLD, digest) for digest in range(20_000)]
        )
    )
    store.write(full_batch())
    before = store.load()
    size = store.prune(0.0, Retention(age=DAY)).size

    pruned = store.prune(0.0, Retention(age=DAY, size=size - 200_000))
    assert pruned.size <= size - 200_000
    times = [kept.at for kept in store.exemplars("charge-read", "s1", limit=1000)]
    assert 0 < len(times) < 400
    assert min(times) > 2.0  # the oldest went
    assert store.load() == before

    store.prune(0.0, Retention(age=DAY, size=150_000))
    after = store.load()
    assert OLD not in after.totals
    assert after.totals[KEY] == before.totals[KEY]
    assert after.overrides == before.overrides


def test_a_limit_that_cannot_be_met_ends_with_what_verdicts_stand_on(store: Store) -> None:
    store.write(full_batch())
    pruned = store.prune(0.0, Retention(age=DAY, size=1))
    assert pruned.size > 1
    assert store.load().totals[KEY].n == 10


def test_freed_pages_are_given_back_to_the_file_system(store: Store) -> None:
    store.write(Batch(exemplars=[exemplar(slot, at=10.0) for slot in range(500)]))
    before = store.prune(0.0, Retention()).size
    store.prune(3 * DAY, Retention(age=DAY))
    store.close()
    assert store.path.stat().st_size < before / 2
