"""The snapshot: shipped whole, changed cheaply."""

from __future__ import annotations

import pickle
from dataclasses import replace

from proxy.model.sides import Stage
from proxy.model.spec import Canary, CohortKey, Mark, Match, PathType, Person, PersonKind, Route, ValueMatch, ValueType
from proxy.routing.assembly import assembled, changed_states, entries, without_routes
from proxy.routing.forwarding import peer_of
from proxy.routing.plan import decide
from proxy.routing.snapshot import Snapshot
from proxy.routing.stages import effective_states
from proxy.routing.steps import at_once
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


def shipped(snapshot: Snapshot, before: Snapshot | None, known: Snapshot | None) -> Snapshot:
    """As a worker gets it that has `before`, from a control that knows of `known`."""
    frame = pickle.loads(pickle.dumps(without_routes(snapshot)))
    had = (known.spec, known.rules) if known is not None else (None, {})
    told = pickle.loads(pickle.dumps(list(entries(snapshot.spec, snapshot.rules, *had))))
    states = changed_states(snapshot.states, known.states if known is not None else {})
    return at_once(assembled(frame, told, states, before))


def assert_same(original: Snapshot, again: Snapshot) -> None:
    assert again.spec == original.spec
    assert (again.states, again.rules, again.halted) == (original.states, original.rules, original.halted)
    for request in REQUESTS:
        found, found_again = original.table.lookup(request), again.table.lookup(request)
        assert found == found_again
        plan, same = original.plan(found), again.plan(found_again)
        if plan is None or same is None:
            assert plan is same
            continue
        for ip in ("10.1.1.1", "1.2.3.4"):
            assert decide(plan, request, ip, 0.5) == decide(same, request, ip, 0.5)


def test_a_shipped_snapshot_decides_the_same() -> None:
    original = rich_spec_snapshot()
    assert_same(original, shipped(original, None, None))


def test_what_a_worker_has_is_kept_and_named_only() -> None:
    first = rich_spec_snapshot()
    had = shipped(first, None, None)
    for name in ("pattern", "template", "prefix"):
        assert had.plans[name].route == name
    template, prefix, pattern = (had.spec.by_name[name] for name in ("template", "prefix", "pattern"))
    moved = replace(prefix, matches=(match("^/v3", hosts=("example.com",)),))
    places = [replace(route, mark=Mark(9, 9)) for route in (template, moved)]
    second = snapshot(replace(first.spec, routes=(*places, Route("added", (match("{/added"),), "service")), by_name={}))
    told = list(entries(second.spec, second.rules, first.spec, first.rules))
    assert [entry if isinstance(entry, str) else entry[0].name for entry in told] == ["template", "prefix", "added"]
    assert told[0] == "template"
    has = shipped(second, had, first)
    assert_same(shipped(second, None, None), has)
    assert has.spec.by_name["template"] is template
    assert has.plans["template"] is had.plans["template"]
    assert "prefix" not in has.plans
    assert "pattern" not in has.spec.by_name
    assert had.table.lookup(head("/v2/x", host="example.com")).route is prefix
    assert had.spec.by_name["pattern"] is pattern


def test_the_table_is_kept_when_no_route_changed_also_by_a_control_that_does_not_know() -> None:
    first = rich_spec_snapshot()
    had = shipped(first, None, None)
    for known in (None, first):
        again = shipped(replace(first, generation=7), had, known)
        assert again.table is had.table
        assert again.generation == 7


def test_plans_are_made_anew_when_backends_or_states_change() -> None:
    first = rich_spec_snapshot()
    had = shipped(first, None, None)
    assert had.plans["template"].state == first.states["template"]
    service = replace(first.spec.backends["service"], host="other")
    elsewhere = replace(first, spec=replace(first.spec, backends={**first.spec.backends, "service": service}))
    assert "template" not in shipped(elsewhere, had, first).plans
    halted = first.with_states(effective_states(first.spec, {}, True, first.states), True)
    has = shipped(halted, had, first)
    assert has.plans["template"].state.stage is Stage.LEGACY


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
