"""Tables over precedence: host, path type, length, method, headers, query, order."""

from __future__ import annotations

import pytest

from proxy.model.spec import Match, PathType, ValueMatch, ValueType
from tests.routing.build import chosen, head, match, routes, spec

PATHS = (
    match("~/v1/.*"),  # r0
    match("^/v1"),  # r1
    match("^/v1/charges"),  # r2
    match("{/v1/charges/{id}"),  # r3
    match("=/v1/charges/new"),  # r4
    match("{/v1/{kind}/{id}"),  # r5
    match("{/v1/{kind}/new"),  # r6
    match("=/"),  # r7
)


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("/v1/charges/new", "r4"),
        ("/v1/charges/ch_1", "r3"),
        ("/v1/charges/ch_1?expand=a/b", "r3"),
        ("/v1/refunds/new", "r6"),
        ("/v1/refunds/7", "r5"),
        ("/v1/charges", "r2"),
        ("/v1/charges/", "r2"),  # a variable takes no empty segment
        ("/v1/charges/ch_1/refunds", "r2"),
        ("/v1/chargesx", "r1"),
        ("/v1", "r1"),
        ("/v1x", None),
        ("/", "r7"),
        ("/?q", "r7"),
        ("//", None),
        ("/other", None),
        ("/V1", None),
    ],
)
def test_the_most_specific_path_wins_whatever_the_order(target: str, name: str | None) -> None:
    assert chosen(spec(*routes(*PATHS)), head(target)) == name
    reverse = chosen(spec(*reversed(routes(*PATHS))), head(target))
    assert reverse == name


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("example.com", "r0"),
        ("EXAMPLE.com:8080", "r0"),
        ("example.com.", "r0"),
        ("api.example.com", "r2"),
        ("deep.api.example.com", "r3"),
        ("other.example.com", "r1"),
        ("example.org", "r4"),
        ("[::1]:80", "r4"),
        ("badexample.com", "r4"),
        (None, "r4"),
    ],
)
def test_the_most_specific_host_wins_over_a_better_path(host: str | None, name: str) -> None:
    table = routes(
        match("^/", hosts=("example.com",)),
        match("^/", hosts=("*.example.com",)),
        match("^/", hosts=("api.example.com",)),
        match("^/", hosts=("*.api.example.com",)),
        match("=/exact"),
    )
    assert chosen(spec(*table), head("/exact", host=host)) == name


def test_a_host_whose_paths_do_not_fit_leaves_the_request_to_the_next() -> None:
    table = routes(match("=/a", hosts=("example.com",)), match("^/", hosts=("*.com",)), match("^/"))
    assert chosen(spec(*table), head("/b")) == "r1"
    assert chosen(spec(*table), head("/b", host="example.org")) == "r2"


TIES = (
    match("^/p"),  # r0
    match("^/p", query={"a": "1"}),  # r1
    match("^/p", headers={"X-One": "1"}),  # r2
    match("^/p", headers={"X-One": "1", "X-Two": "2"}),  # r3
    match("^/p", methods="GET HEAD"),  # r4
    match("^/p", headers={"X-One": "1"}),  # r5, the same as r2
)
ONE, TWO = (b"x-oNe", b"1"), (b"X-Two", b"2")


@pytest.mark.parametrize(
    ("method", "query", "headers", "name"),
    [
        ("GET", "?a=1", (ONE, TWO), "r4"),
        ("POST", "?a=1", (ONE, TWO), "r3"),
        ("POST", "?a=1", (ONE,), "r2"),
        ("POST", "?b=2&a=1", (), "r1"),
        ("POST", "?a=2&a=1", (), "r0"),  # of a repeated parameter the first counts
        ("POST", "?%61=%31", (), "r1"),
        ("POST", "", (), "r0"),
        ("POST", "", ((b"X-One", b"1"), (b"X-One", b"1")), "r0"),  # "1, 1" is another value
    ],
)
def test_ties_go_to_method_then_headers_then_query_then_order(
    method: str, query: str, headers: tuple[tuple[bytes, bytes], ...], name: str
) -> None:
    assert chosen(spec(*routes(*TIES)), head("/p" + query, *headers, method=method)) == name


def test_when_the_best_paths_other_conditions_fail_the_next_is_tried() -> None:
    table = routes(
        match("=/a/b", methods="POST"),
        match("{/a/{x}", headers={"X": "1"}),
        match("{/{y}/b", methods="PUT"),
        match("^/a"),
    )
    assert chosen(spec(*table), head("/a/b", method="POST")) == "r0"
    assert chosen(spec(*table), head("/a/b", (b"X", b"1"))) == "r1"
    assert chosen(spec(*table), head("/a/b", method="PUT")) == "r2"
    assert chosen(spec(*table), head("/a/b")) == "r3"


def test_regular_expressions_match_whole_paths_and_values() -> None:
    pattern = Match("/v[0-9]+/x", PathType.REGEX, headers=(ValueMatch("X-Version", "[0-9]+", ValueType.REGEX),))
    table = spec(*routes(pattern))
    assert chosen(table, head("/v12/x", (b"X-Version", b"7"))) == "r0"
    assert chosen(table, head("/v12/x", (b"X-Version", b"7a"))) is None
    assert chosen(table, head("/v12/xy", (b"X-Version", b"7"))) is None


def test_a_path_written_in_any_script_matches_its_escapes() -> None:
    table = spec(*routes(match("=/café"), match("{/straße/{n}")))
    assert chosen(table, head("/caf%c3%a9")) == "r0"
    assert chosen(table, head("/stra%C3%9Fe/1")) == "r1"


def test_an_absolute_target_is_matched_by_its_own_authority_and_path() -> None:
    table = spec(*routes(match("^/a", hosts=("other.com",)), match("^/a")))
    assert chosen(table, head("http://other.com/a")) == "r0"
    assert chosen(table, head("http://user@OTHER.com:81/a")) == "r0"
    assert chosen(table, head("http://x/a", host="other.com")) == "r1"


@pytest.mark.parametrize(("method", "target"), [("OPTIONS", "*"), ("CONNECT", "example.com:443")])
def test_targets_without_a_path_belong_to_no_route(method: str, target: str) -> None:
    assert chosen(spec(*routes(match("^/"))), head(target, method=method)) is None
