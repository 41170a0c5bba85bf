"""What an edit changes, in words."""

from __future__ import annotations

from dataclasses import fields

import pytest

from proxy.config import changes
from proxy.model import spec as model
from tests.config.routes import TOP, route_text, spec

BEFORE = route_text("stage: shadow\ncanary: {percent: 5, include: [{header: {X-Token: hunter1}}]}")


def said(old: str, new: str) -> list[str]:
    return [str(change) for change in changes(spec(old), spec(new))]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("stage: shadow", "stage: canary", ["route charge-read: stage: shadow -> canary at 5%"]),
        ("percent: 5", "percent: 12.5%", ["route charge-read: canary.percent: 5% -> 12.5%"]),
        ("hunter1", "hunter2", ["route charge-read: canary.include: 1 added, 1 removed"]),
        ("extracted: charges", "extracted: invoices", ["route charge-read: extracted: charges -> invoices"]),
        (
            "match: GET /v1/charges/{id}",
            "match: /v1/charges/*",
            ["route charge-read: matches: GET,HEAD /v1/charges/{id} -> PathPrefix /v1/charges"],
        ),
        (
            "stage: shadow",
            "stage: shadow\n    gate: {mismatch_below: 0.1%, min_duration: 90s}",
            [
                "route charge-read: gate.mismatch_below: 1% -> 0.1%",
                "route charge-read: gate.min_duration: 10m -> 1m30s",
            ],
        ),
        (
            "stage: shadow",
            "stage: shadow\n    compare: {ignore: [{path: $.at, owner: core}]}",
            [
                "route charge-read: compare: ignore $.at (owner core)",
                "route charge-read: compare: the rules changed, so the route's evidence starts anew",
            ],
        ),
        (
            "stage: shadow",
            "stage: shadow\n    compare: {pattern: [{path: $.id, pattern: 'ch_[0-9]'}],"
            " tolerance: [{path: $.at, within: 2s, rel: 1%}]}",
            [
                "route charge-read: compare: pattern $.id as 'ch_[0-9]'",
                "route charge-read: compare: tolerance $.at rel 1% within 2s",
                "route charge-read: compare: the rules changed, so the route's evidence starts anew",
            ],
        ),
        ("8101", "8201", ["backend charges: url: http://127.0.0.1:8101 -> http://127.0.0.1:8201"]),
        (
            'url: "http://127.0.0.1:8101"',
            'urls: ["http://a:1", "http://b:1"], concurrency: 8, health: {path: /up}',
            [
                "backend charges: url: http://127.0.0.1:8101 -> http://a:1, http://b:1",
                "backend charges: health: none -> GET /up every 5s, bad after 1s, left after 3, back after 2",
                "backend charges: concurrency: none -> 8",
            ],
        ),
        (
            "stage: shadow",
            "stage: shadow\n    retry: {attempts: 2, codes: [502, 503]}",
            ["route charge-read: retry: none -> 2 more after 25ms, after 502 and 503 too"],
        ),
        ("name: charge-read", "name: b", [
            "route charge-read: removed; legacy answers it",
            "route b: added: GET,HEAD /v1/charges/{id} to charges, stage shadow",
        ]),
        ("legacy: legacy", "legacy: legacy\nhalt: true", ["halt: all routes go back to legacy"]),
        ("legacy: legacy", "legacy: legacy\nlimits: {head: 1KB}", ["limits: head: 64KB -> 1KB"]),
        ("legacy: legacy", "legacy: legacy\ntrusted_proxies: [10.0.0.0/8]", ["trusted_proxies: none -> 10.0.0.0/8"]),
        ("legacy: legacy", "legacy: legacy  # a comment", []),
    ],
)  # fmt: skip
def test_an_edit_in_words(old: str, new: str, words: list[str]) -> None:
    assert said(BEFORE, BEFORE.replace(old, new, 1)) == words


def test_secrets_are_not_repeated() -> None:
    with_header = "matches: [{headers: [{name: X-Token, value: hunter1}]}]"
    before, after = route_text(match=with_header), route_text(match=with_header.replace("hunter1", "hunter2"))
    found = "\n".join(said(before, after))
    assert "header X-Token" in found
    assert "hunter" not in found


def test_a_new_order_is_told() -> None:
    one, two = ("  - {name: NAME, match: /NAME, extracted: charges}\n".replace("NAME", name) for name in "ab")
    (change,) = said(TOP + "routes:\n" + one + two, TOP + "routes:\n" + two + one)
    assert change.startswith("routes: their order changed")


def test_every_key_of_the_spec_has_words() -> None:
    whole = (
        TOP
        + """halt: true
ambiguous_paths: legacy
trusted_proxies: [10.0.0.0/8]
limits: {head: 1KB, body: 2KB, head_timeout: 1s, body_timeout: 2s, keepalive_timeout: 3s, write_timeout: 4s,
  connections: 5, memory: 1GB, drain_timeout: 6s}
shadow: {queue: 1, concurrency: 2, deadline: 3s, capture: 4KB}
breaker: {failures: 1, open_for: 2s}
retention: {age: 1d, size: 2MB, exemplars: 3}
"""
    )
    found = said(TOP, whole)
    for block in (model.Limits, model.ShadowBudget, model.Breaker, model.Retention):
        for field in fields(block):
            assert any(f": {field.name}: " in one for one in found), field.name
    assert len(said(whole, TOP)) == len(found)
