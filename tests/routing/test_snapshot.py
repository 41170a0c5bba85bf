"""The snapshot: shipped whole, changed cheaply."""

from __future__ import annotations

import pickle

from proxy.model.sides import Stage
from proxy.model.spec import Canary, CohortKey, Match, PathType, Person, PersonKind, Route, ValueMatch, ValueType
from proxy.routing.forwarding import peer_of
from proxy.routing.plan import decide
from proxy.routing.snapshot import Snapshot
from proxy.routing.stages import effective_states
from tests.routing.build import head, match, only_route, snapshot, spec


def rich_spec_snapshot() -> Snapshot:
    person = Person(PersonKind.CLIENT_IP, "", "10.0.0.0/8")
    canary = Canary(50.0, CohortKey(PersonKind.COOKIE, "s"), include=(person,))
    pattern = Match(
        "/re/[a-z]+", PathType.REGEX, headers=(ValueMatch("X-V", "v[0-9]+", ValueType.REGEX),), hosts=("*.example.com",)
    )
    return snapshot(
        spec(
            Route("pattern", (pattern,), "service", Stage.LIVE),
            Route("template", (match("{/v1/{id}"),), "service", Stage.CANARY, canary),
            Route("prefix", (match("^/v2", hosts=("example.com",)),), "service", Stage.SHADOW),
            trusted=("127.0.0.0/8", "::1"),
        )
    )


REQUESTS = [
    head("/re/abc", (b"X-V", b"v12"), host="a.example.com"),
    head("/re/abc", (b"X-V", b"w12"), host="a.example.com"),
    *(head("/v1/a%20b", (b"Cookie", b"s=%d" % n)) for n in range(20)),
    head("/v1/x"),
    head("/v2/x"),
    head("/../v2/x"),
]


def test_an_unpickled_snapshot_decides_the_same() -> None:
    original = rich_spec_snapshot()
    original.plan(original.table.lookup(REQUESTS[0]))
    shipped: Snapshot = pickle.loads(pickle.dumps(original))
    assert shipped.spec == original.spec
    for request in REQUESTS:
        found, again = original.table.lookup(request), shipped.table.lookup(request)
        assert found == again
        plan, same = original.plan(found), shipped.plan(again)
        if plan is None or same is None:
            assert plan is same
            continue
        for ip in ("10.1.1.1", "1.2.3.4"):
            assert decide(plan, request, ip, 0.5) == decide(same, request, ip, 0.5)


def test_new_states_make_only_the_changed_plans_anew() -> None:
    made = rich_spec_snapshot()
    template, prefix = made.plans["template"], made.plans["prefix"]
    states = effective_states(made.spec, {}, True, made.states)
    halted = made.with_states({**made.states, "prefix": states["prefix"]}, True, generation=2)
    assert halted.plans["template"] is template
    assert halted.plans["prefix"] is not prefix
    assert halted.plans["prefix"].state.stage is Stage.LEGACY
    assert (halted.halted, halted.generation, halted.table is made.table) == (True, 2, True)
    assert made.plans["prefix"] is prefix


def test_the_clients_address_is_the_last_one_that_no_trusted_proxy_claims() -> None:
    made = rich_spec_snapshot()
    outside = peer_of("203.0.113.9", trusted=made.is_trusted("203.0.113.9"))
    inside = peer_of("127.0.0.1", trusted=made.is_trusted("127.0.0.1"))
    chain = [(b"X-Forwarded-For", b"6.6.6.6, 198.51.100.1"), (b"x-forwarded-for", b"127.0.0.5")]
    assert not outside.trusted
    assert inside.trusted
    assert made.client_ip(chain, outside) == "203.0.113.9"
    assert made.client_ip(chain, inside) == "198.51.100.1"
    assert made.client_ip([], inside) == "127.0.0.1"


def test_rules_come_from_the_digests_given() -> None:
    made = snapshot(spec(only_route(Stage.SHADOW)))
    assert decide(made.plans["r"], head("/r"), "", 0.0).rules == "0123456789ab"
