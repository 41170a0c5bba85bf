"""Sticky cohorts: pure, monotone in the percent, even, independent between routes."""

from __future__ import annotations

import math
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.model.heads import RequestHead
from proxy.model.spec import Canary, CohortKey, Person, PersonKind
from proxy.routing.cohort import Cohort, Reason, contains
from proxy.routing.conditions import query_value
from tests.routing.build import head

SESSION = CohortKey(PersonKind.COOKIE, "session")


def by_session(percent: float, route: str = "charge-read") -> Cohort:
    return Cohort(route, Canary(key=SESSION), percent)


def request(session: str) -> RequestHead:
    return head("/", (b"Cookie", b"theme=dark; session=" + session.encode()))


@given(st.text("abcdef0123456789", min_size=1), st.floats(0, 100), st.floats(0, 100))
def test_raising_the_percent_moves_nobody_back(session: str, one: float, other: float) -> None:
    low, high = sorted((one, other))
    if by_session(low).place(request(session), "") is Reason.INSIDE:
        assert by_session(high).place(request(session), "") is Reason.INSIDE


@given(st.text("abcdef0123456789", min_size=1))
def test_nobody_is_in_0_percent_and_everybody_in_100(session: str) -> None:
    assert by_session(0).place(request(session), "") is Reason.OUTSIDE
    assert by_session(100).place(request(session), "") is Reason.INSIDE


def test_the_same_client_stays_in_every_process_and_release() -> None:
    inside = [n for n in range(40) if by_session(25).place(request(f"user-{n}"), "") is Reason.INSIDE]
    assert inside == [4, 6, 16, 19, 21, 23, 25, 26, 29, 33, 37, 38]


@pytest.mark.parametrize("percent", [1, 5, 50])
def test_the_share_is_the_percent(percent: float) -> None:
    count = 6_000
    cohort = by_session(percent)
    inside = sum(cohort.place(request(f"user-{n}"), "") is Reason.INSIDE for n in range(count))
    share = percent / 100
    assert abs(inside - count * share) < 4 * math.sqrt(count * share * (1 - share))


def test_two_routes_have_independent_cohorts() -> None:
    sessions = [request(f"user-{n}") for n in range(2000)]
    one, other = by_session(50), by_session(50, "invoice-read")
    both = sum(
        one.place(session, "") is Reason.INSIDE and other.place(session, "") is Reason.INSIDE for session in sessions
    )
    assert 420 < both < 580


@pytest.mark.parametrize(
    ("key", "fields", "target"),
    [
        (SESSION, ((b"cookie", b"session=s1"),), "/"),
        (CohortKey(PersonKind.HEADER, "X-User"), ((b"x-user", b"s1"),), "/"),
        (CohortKey(PersonKind.QUERY, "user"), (), "/?a=b&user=s1"),
    ],
)
def test_every_kind_of_key_finds_the_same_client(
    key: CohortKey, fields: tuple[tuple[bytes, bytes], ...], target: str
) -> None:
    cohort = Cohort("r", Canary(key=key), 100)
    assert cohort.place(head(target, *fields), "10.0.0.1") is Reason.INSIDE
    assert cohort.place(head("/"), "10.0.0.1") is Reason.NO_KEY
    expected = Cohort("r", Canary(), 37).place(head("/"), "s1")
    assert Cohort("r", Canary(key=key), 37).place(head(target, *fields), "10.0.0.1") is expected


def test_exclude_wins_over_include_which_wins_over_the_hash() -> None:
    staff = Person(PersonKind.HEADER, "X-Staff", "1")
    office = Person(PersonKind.CLIENT_IP, "", "10.1.0.0/16")
    never = Person(PersonKind.COOKIE, "customer", "acme")
    include, exclude = (staff, office), (never,)
    none, everybody = (Cohort("r", Canary(include=include, exclude=exclude), percent) for percent in (0, 100))
    assert none.place(head("/", (b"x-staff", b"1")), "1.2.3.4") is Reason.INCLUDED
    assert none.place(head("/"), "10.1.2.3") is Reason.INCLUDED
    assert none.place(head("/"), "10.2.2.3") is Reason.OUTSIDE
    assert everybody.place(head("/", (b"Cookie", b"customer=acme"), (b"X-Staff", b"1")), "10.1.2.3") is Reason.EXCLUDED


def test_networks_hold_mapped_addresses_and_refuse_nonsense() -> None:
    networks = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
    assert contains(networks, "10.1.2.3")
    assert contains(networks, "::ffff:10.1.2.3")
    assert contains(networks, "fd00::1")
    assert not contains(networks, "11.1.2.3")
    assert not contains(networks, "unknown")


def test_query_values_are_decoded_as_forms_are() -> None:
    assert query_value(b"/?a=%2B+x&b", b"a") == b"+ x"
    assert query_value(b"/?a=1&b", b"b") == b""
    assert query_value(b"/?a=1", b"c") is None
