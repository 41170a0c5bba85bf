"""Paths that a router and a backend may read differently (what is ambiguous is refused, what is not passes)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.routing.paths import canonical, is_plain, readings, split_target
from proxy.routing.table import compile_table
from tests.routing.build import head, match, routes, snapshot, spec

TABLE = compile_table(spec(*routes(match("^/admin"), match("^/v1"), match("{/v1/charges/{id}"), match("=/café"))))


@pytest.mark.parametrize(
    "target",
    [
        "/v1/../admin",
        "/v1/%2e%2e/admin",
        "/v1/%2E./admin",
        "/v1%2f..%2fadmin",
        "/v1/..%2fadmin",
        "/v1/..\\admin",
        "/v1/..%5cadmin",
        "/v1/%252e%252e/admin",
        "/v1/x/..;/../admin",
        "//admin",
        "/public//../admin",
        "/./admin",
        "/%2fadmin",
        "/admin%00.css",
        "/adm%2569n",
        "/v1/charges/a%2Fb",
        "/v1/charges/a#/b",
        "/%61dmin%3Fx/..",
        "http://example.com/v1/../admin",
    ],
)
def test_a_path_whose_readings_choose_different_routes_is_ambiguous(target: str) -> None:
    assert TABLE.lookup(head(target)).ambiguous


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("/%61dmin", "r0"),  # an escape of an unreserved character is the character
        ("/v1/charges/a%20b", "r2"),
        ("/v1/charges/a%C3%A9", "r2"),
        ("/v1/charges/100%25", "r2"),
        ("/v1/charges/100%", "r2"),
        ("/v1//x", "r1"),
        ("/v1/./x", "r1"),
        ("/v1/a%2Fb/c/d", "r1"),
        ("/v1/.well-known", "r1"),
        ("/caf%C3%A9", "r3"),
        ("/nowhere//x/%2e%2e", None),
        ("/v1/charges/x?next=/../admin%2f//", "r2"),
    ],
)
def test_a_path_whose_readings_agree_is_not(target: str, name: str | None) -> None:
    found = TABLE.lookup(head(target))
    assert not found.ambiguous
    assert (found.route.name if found.route else None) == name


def test_what_ambiguity_means_is_a_switch() -> None:
    request = head("/v1/../admin")
    refusing = snapshot(spec(*routes(match("^/admin"))))
    assert refusing.plan(refusing.table.lookup(request)) is None
    lenient = snapshot(spec(*routes(match("^/admin")), ambiguous="legacy"))
    assert lenient.plan(lenient.table.lookup(request)) is lenient.unrouted


def test_a_long_path_that_is_not_plain_is_not_worked_out() -> None:
    assert TABLE.lookup(head("/x" + "%2e%2f" * 3000)).ambiguous
    assert not TABLE.lookup(head("/v1" + "/x" * 30_000)).ambiguous


@given(st.text(alphabet="/.%2eEfF5cC\\;#a", max_size=12).map(lambda text: b"/" + text.encode()))
def test_the_canonical_reading_comes_first_and_a_plain_path_has_no_other(path: bytes) -> None:
    forms = readings(path)
    assert len(set(forms)) == len(forms)
    if is_plain(path):
        assert forms == [path]
    elif b"\\" not in path and b"#" not in path:
        assert forms[0] == canonical(path)


@pytest.mark.parametrize(
    ("target", "authority", "local"),
    [
        (b"/a?b", None, b"/a?b"),
        (b"*", None, b"*"),
        (b"http://h/p?q", b"h", b"/p?q"),
        (b"HTTPS://u:p@h:8/p", b"h:8", b"/p"),
        (b"http://h", b"h", b"/"),
        (b"http://h?q", b"h", b"/?q"),
        (b"ftp://h/p", None, b"ftp://h/p"),
        (b"h:443", None, b"h:443"),
    ],
)
def test_absolute_targets_are_split(target: bytes, authority: bytes | None, local: bytes) -> None:
    assert split_target(target) == (authority, local)
