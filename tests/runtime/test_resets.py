"""Evidence that begins anew is told of, once, with the reason."""

from proxy.model.evidence import EvidenceKey, Totals
from proxy.model.records import AuditRow
from proxy.runtime.resets import Resets

KEY = EvidenceKey("read", "aaaa", "b1", 1)
COUNTED = {
    KEY: Totals(n=1200, last=9),
    KEY._replace(epoch=2): Totals(shared=40),
    KEY._replace(rules="aaaa+1"): Totals(n=1),
}


def followed(*keys: EvidenceKey, restored: bool = False) -> list[AuditRow]:
    rows: list[AuditRow] = []
    resets = Resets(lambda: 7.0, rows.append)
    if restored:
        resets.restore({KEY: COUNTED[KEY], KEY._replace(epoch=0): Totals(n=5, last=3)})
    for key in keys:
        resets.follow(key, lambda one: COUNTED.get(one, Totals()))
    return rows


def test_each_reason_is_named() -> None:
    (row,) = followed(KEY, KEY, KEY._replace(rules="bbbb"), KEY._replace(rules="bbbb"))
    assert (row.action, row.route, row.at) == ("reset", "read", 7.0)
    assert row.what == "other comparison rules: evidence begins anew; 1,200 comparisons stay with what was before"
    (row,) = followed(KEY, KEY._replace(epoch=2))
    assert row.what.startswith("epoch 2, another stage, share or backend: ")
    (row,) = followed(KEY._replace(epoch=2), KEY._replace(epoch=3))
    assert "40 pairs of clients' exchanges" in row.what
    (row,) = followed(KEY, KEY._replace(rules="aaaa+1"))
    assert row.what.startswith("other accepted differences")


def test_nothing_is_told_where_nothing_was_counted_or_only_the_build_is_new() -> None:
    assert followed(KEY._replace(epoch=8), KEY._replace(epoch=9)) == []
    assert followed(KEY, KEY._replace(build="b2")) == []
    assert followed(KEY) == []


def test_a_build_seen_in_between_is_the_one_that_was_counted() -> None:
    (row,) = followed(KEY._replace(build=""), KEY._replace(epoch=3))
    assert "1,200 comparisons" in row.what


def test_an_edit_made_while_the_proxy_was_down_is_told_of_at_the_start() -> None:
    assert followed(KEY, restored=True) == []
    (row,) = followed(KEY._replace(rules="bbbb"), restored=True)
    assert "other comparison rules" in row.what
