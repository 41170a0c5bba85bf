"""Filters in the file: what an edit of them says, and that it says when evidence starts anew."""

from __future__ import annotations

from datetime import date

import pytest

from proxy.config import changes, filter_words
from proxy.runtime.load import build
from tests.config.routes import only_message, route, route_text, spec

MATCH = "match: /v1/charges/*"
ANEW = "filters: what filters do to compared answers changed, so the route's evidence starts anew"


def text(filters: str) -> str:
    return route_text(f"extracted: charges\nfilters: {{{filters}}}", match=MATCH)


def said(old: str, new: str) -> list[str]:
    lines = [str(change) for change in changes(spec(old), spec(new))]
    return [line.removeprefix("route charge-read: ") for line in lines]


CASES = [
    ("", "request_headers: {set: {X-A: hunter1}}", ["filters.request_headers: none -> set X-A", ANEW]),
    (
        "request_headers: {set: {X-A: hunter1}}",
        "request_headers: {set: {X-A: hunter2}}",
        ["filters.request_headers: set X-A with another value", ANEW],
    ),
    (
        "",
        "response_headers: {add: {X-A: '1'}, remove: [X-B, X-C]}",
        ["filters.response_headers: none -> add X-A, remove X-B and X-C"],
    ),
    (
        "",
        "response_headers: {set: {Content-Type: text/plain}}",
        ["filters.response_headers: none -> set Content-Type", ANEW],
    ),
    (
        "extracted: {rewrite: {path: {type: ReplacePrefixMatch, value: /a}}}",
        "extracted: {rewrite: {path: {type: ReplacePrefixMatch, value: /b}, host: x}}",
        [
            "filters.extracted.rewrite.path: ReplacePrefixMatch /a -> ReplacePrefixMatch /b",
            "filters.extracted.rewrite.host: none -> x",
            ANEW,
        ],
    ),
    (
        "cors: {allowOrigins: ['*'], maxAge: 1m}",
        "cors: {allowOrigins: ['https://a.example'], allowCredentials: true, maxAge: 2m}",
        [
            "filters.cors.allowOrigins: * -> https://a.example",
            "filters.cors.maxAge: 1m -> 2m",
            "filters.cors.allowCredentials: none -> true",
        ],
    ),
    ("", "deprecation: {at: 2027-01-01}", ["filters.deprecation.at: none -> 2027-01-01"]),
    ("redirect: {host: a}", "redirect: {host: a, status: 301}", ["filters.redirect.status: 302 -> 301"]),
]


@pytest.mark.parametrize(("old", "new", "words"), CASES)
def test_an_edit_in_words_without_values_of_headers(old: str, new: str, words: list[str]) -> None:
    lines = said(text(old), text(new))
    assert lines == words
    assert "hunter" not in "".join(lines)


@pytest.mark.parametrize(("old", "new", "words"), CASES)
def test_evidence_starts_anew_exactly_when_that_is_said(old: str, new: str, words: list[str]) -> None:
    digests = [
        built.digests()
        for one in (old, new)
        if (built := build(text(one), file="routes.yaml", env={}, today=date(2026, 6, 1)).compiled) is not None
    ]
    assert (digests[0] != digests[1]) is (ANEW in words)


def test_an_edit_of_a_backends_rewrite() -> None:
    plain = route_text(match=MATCH)
    old = plain.replace('8101", build_header', '8101", rewrite: {location: true, host: a}, build_header')
    new = plain.replace('8101", build_header', '8101", rewrite: {cookies: true, host: b}, build_header')
    assert [line.removeprefix("backend charges: ") for line in said(old, new)] == [
        ANEW,
        "rewrite.host: a -> b",
        "rewrite.location: true -> none",
        "rewrite.cookies: none -> true",
    ]


def test_timeouts_in_words() -> None:
    old, new = (route_text(f"timeouts: {{request: {time}}}", match=MATCH) for time in ("10s", "90s"))
    assert said(old, new) == ["timeouts.request: 10s -> 1m30s"]


def test_what_filters_do_in_words() -> None:
    filters = route("filters: {legacy: {rewrite: {host: a}}, cors: {allowOrigins: ['*']}}", match=MATCH).filters
    assert filter_words(filters) == {"legacy.rewrite.host": "a", "cors.allowOrigins": "*", "cors.maxAge": "5s"}


@pytest.mark.parametrize("value", ["1\\r\\nX: y", "1\\nX: y", "a\\0b", "\\x7f", "\u00fc", "x" * 5000])
def test_a_value_that_no_header_can_carry_is_refused(value: str) -> None:
    message = only_message(text(f'response_headers: {{set: {{X-A: "{value}"}}}}'))
    assert "`filters.response_headers.set.X-A`" in message


@pytest.mark.parametrize("name", ["Connection", "TE", "keep-alive", "Transfer-Encoding", "content-length", "Upgrade"])
@pytest.mark.parametrize(
    "edit", ["request_headers: {remove: [NAME]}", "extracted: {response_headers: {add: {NAME: x}}}"]
)
def test_a_field_of_one_hop_is_not_changed(name: str, edit: str) -> None:
    assert "cannot be changed by a filter" in only_message(text(edit.replace("NAME", name)))


@pytest.mark.parametrize("name", ["X-Strangler-Shadow", "x_strangler_route", "X-STRANGLER-x"])
def test_the_proxys_own_fields_are_not_changed(name: str) -> None:
    assert "is the proxy's own" in only_message(text(f"request_headers: {{set: {{{name}: x}}}}"))


@pytest.mark.parametrize("value", ["//evil.example", "/a/../b", "/a b", "/a?b", "/a#b", "a", "/a\\\\b", "http://a/b"])
def test_a_new_path_has_one_meaning(value: str) -> None:
    message = only_message(text(f'rewrite: {{path: {{type: ReplaceFullPath, value: "{value}"}}}}'))
    assert "must be a path without query" in message
