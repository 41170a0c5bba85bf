"""Sticky cohorts: which clients the extracted side answers in a canary.

A pure hash of a key of the client, salted by the route's name, so that no session is stored: the same client stays on
the same side in every worker and after every restart, raising the percent moves nobody back, and a rollback takes
effect with the next request (Gateway API's session persistence outlives weight 0 and keeps users on a broken backend).
The salt makes the cohorts of two routes independent; routes of one group share it, so that a client is in for all of
them or for none. `exclude` wins over `include`, which wins over the hash. A request
without the key belongs to legacy: the side that has always answered it.
"""

from __future__ import annotations

from enum import IntEnum
from hashlib import blake2b
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from proxy.model.headers import cookie
from proxy.model.heads import RequestHead
from proxy.model.spec import Canary, CohortKey, Person, PersonKind, Route
from proxy.routing.conditions import header_value, query_value

Network = IPv4Network | IPv6Network


class Reason(IntEnum):
    """Why a request is on its side in a canary; the index of a plan's answers."""

    INSIDE = 0
    OUTSIDE = 1
    INCLUDED = 2
    EXCLUDED = 3
    NO_KEY = 4


class Cohort:
    """One route's canary at one percent, salted by its name or that of its group. Immutable; pickles."""

    __slots__ = ("_exclude", "_include", "_key", "_kind", "_salt", "_threshold")

    def __init__(self, salt: str, canary: Canary, percent: float) -> None:
        self._kind = canary.key.kind
        self._key = _name(canary.key.kind, canary.key.name)
        self._salt = salt.encode() + b"\0"
        self._threshold = round(percent / 100 * 2**64)
        self._include = tuple(_Test(person) for person in canary.include)
        self._exclude = tuple(_Test(person) for person in canary.exclude)

    def place(self, head: RequestHead, client_ip: str) -> Reason:
        """Where a request belongs. INCLUDED and INSIDE mean the extracted side."""
        if self._exclude and any(test.names(head, client_ip) for test in self._exclude):
            return Reason.EXCLUDED
        if self._include and any(test.names(head, client_ip) for test in self._include):
            return Reason.INCLUDED
        key = _value(self._kind, self._key, head, client_ip)
        if not key:
            return Reason.NO_KEY
        point = int.from_bytes(blake2b(self._salt + key, digest_size=8).digest(), "big")
        return Reason.INSIDE if point < self._threshold else Reason.OUTSIDE


def key_words(key: CohortKey) -> str:
    """The key in words: `cookie session`, `client_ip`."""
    return f"{key.kind} {key.name}".strip()


def client_key(route: Route, head: RequestHead, client_ip: str) -> bytes | None:
    """What makes the client of a request the same client again, by the route's canary key; None without it."""
    kind = route.canary.key.kind
    return _value(kind, _name(kind, route.canary.key.name), head, client_ip)


class _Test:
    """One person of include or exclude."""

    __slots__ = ("_kind", "_name", "_network", "_value")

    def __init__(self, person: Person) -> None:
        self._kind = person.kind
        self._name = _name(person.kind, person.name)
        self._value = person.value.encode()
        self._network = ip_network(person.value, strict=False) if person.kind is PersonKind.CLIENT_IP else None

    def names(self, head: RequestHead, client_ip: str) -> bool:
        if self._network is not None:
            return contains((self._network,), client_ip)
        return _value(self._kind, self._name, head, client_ip) == self._value


def contains(networks: tuple[Network, ...], ip: str) -> bool:
    """True when one of the networks holds the address; IPv4 inside IPv6 (`::ffff:10.0.0.1`) counts as IPv4."""
    try:
        address = ip_address(ip)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    plain = mapped if mapped is not None else address
    return any(plain.version == network.version and plain in network for network in networks)


def _name(kind: PersonKind, name: str) -> bytes:
    return (name.lower() if kind is PersonKind.HEADER else name).encode()


def _value(kind: PersonKind, name: bytes, head: RequestHead, client_ip: str) -> bytes | None:
    if kind is PersonKind.COOKIE:
        return cookie(head.headers, name)
    if kind is PersonKind.HEADER:
        return header_value(head.headers, name)
    if kind is PersonKind.QUERY:
        return query_value(head.target, name)
    return client_ip.encode()
