"""Signatures as people look at them: once a build and rule set, with what became of each."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.model.comparison import Kind, Risk
from proxy.model.evidence import EvidenceKey
from proxy.model.records import Accepted, SignatureRow
from proxy.runtime.signatures import listed

NOW = EvidenceKey("r", "rules", "b2", 7)


def row(signature: str, count: int, key: EvidenceKey = NOW, at: float = 10.0, kind: str = "value") -> SignatureRow:
    return SignatureRow(key, signature, kind, Risk.MEDIUM, "$.a", 200, 200, count, at, at + 1)


def only(*rows: SignatureRow, compared: int = 100, accepted: tuple[Accepted, ...] = ()) -> list[dict[str, Any]]:
    known = {entry.signature: entry for entry in accepted}
    keys = {each.key: compared for each in rows} | {NOW: compared}
    return listed(rows, known, NOW, keys, "2026-06-01", {"$.a": "is late"}, {"$.a": "is b"})


def test_what_fields_keep_together_is_said_of_the_current_build() -> None:
    found = only(row("s", 3), row("t", 2, kind="noise"), row("u", 1, NOW._replace(build="b1")))
    assert [one["note"] for one in found] == ["is b", "is late", ""]


def test_epochs_of_one_build_and_rule_set_are_one_row() -> None:
    before, excused = NOW._replace(epoch=5), NOW._replace(rules="rules+abcd")
    (found,) = only(row("s", 3), row("s", 4, before, at=2.0), row("s", 5, excused, at=20.0))
    assert (found["count"], found["first"], found["last"]) == (12, 2.0, 21.0)
    assert (found["epochs"], found["rules"], found["current"]) == ([5, 7], "rules", True)
    assert found["share"] == 12 / 300


def test_other_builds_and_rules_stay_apart_and_come_last() -> None:
    old, other = NOW._replace(build="b1"), NOW._replace(rules="more")
    found = only(row("s", 9, old), row("s", 8, other), row("s", 1), row("t", 2))
    assert [(one["signature"], one["build"], one["rules"], one["current"]) for one in found] == [
        ("t", "b2", "rules", True),
        ("s", "b2", "rules", True),
        ("s", "b1", "rules", False),
        ("s", "b2", "more", False),
    ]


@pytest.mark.parametrize(
    ("count", "compared", "state"),
    [(50, 100, "mended"), (3, 100, "mended"), (2, 100, "unseen"), (50, 4, "unseen"), (50, 0, "unseen")],
)
def test_what_an_earlier_build_showed_is_mended_once_chance_would_have_shown_it(
    count: int, compared: int, state: str
) -> None:
    old = NOW._replace(build="b1")
    (found,) = listed([row("s", count, old)], {}, NOW, {old: 100, NOW: compared}, "2026-06-01", {}, {})
    assert found["state"] == state


def test_it_is_open_while_the_current_build_shows_it_and_accepted_until_its_day() -> None:
    entry = Accepted("r", "s", "payments", "new field", "2026-06-01", 1.0)
    old = NOW._replace(build="b1")
    assert [one["state"] for one in only(row("s", 2), row("s", 3, old))] == ["open", "open"]
    (found,) = only(row("s", 2), accepted=(entry,))
    assert found["state"] == "accepted"
    assert found["accepted"] == {"owner": "payments", "reason": "new field", "until": "2026-06-01"}
    assert only(row("s", 2), accepted=(entry._replace(until="2026-05-31"),))[0]["state"] == "open"


def test_a_flagged_field_has_no_share() -> None:
    (found,) = only(row("noise $.at", 40, kind=Kind.NOISE))
    assert (found["kind"], found["share"], found["state"], found["note"]) == ("noise", None, "open", "is late")
