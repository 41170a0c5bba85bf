"""A pair as it may be kept: redacted as its route says, before anything else happens to it."""

from __future__ import annotations

from proxy import comparison, evidence, routing
from proxy.model.comparison import Comparison
from proxy.model.evidence import EvidenceKey
from proxy.model.observation import Pair
from proxy.model.records import Exemplar
from proxy.model.spec import Route


def example(key: EvidenceKey, slot: int, at: float, pair: Pair, found: Comparison, route: Route) -> Exemplar:
    """`at` in seconds since 1970; `slot` is the example's place among those kept of its signature."""
    if route.names_only:
        return Exemplar(
            key,
            found.signature,
            slot,
            at,
            evidence.names_of_request(pair.request, routing.named_path(route.matches, pair.request.target)),
            evidence.names_of_observation(pair.legacy),
            evidence.names_of_observation(pair.extracted),
            evidence.names_of_differences(found.differences),
        )
    return Exemplar(
        key,
        found.signature,
        slot,
        at,
        evidence.redact_request(pair.request, route.redact, comparison.decoded_body),
        evidence.redact_observation(pair.legacy, route.redact, comparison.decoded_body),
        evidence.redact_observation(pair.extracted, route.redact, comparison.decoded_body),
        evidence.redact_differences(found.differences, route.redact),
    )


def kept_target(route: Route | None, target: bytes, declared: tuple[str, ...]) -> bytes:
    """The target as a log or a table may hold it. Where no route answered, what any route declares is left out
    (`declared`, from `declared_queries`): the same secret comes with a mistyped path and with a refused request."""
    if route is None:
        return evidence.redact_target(target, declared)
    if route.names_only:
        return routing.named_path(route.matches, target)
    return evidence.redact_target(target, route.redact)


def declared_queries(routes: tuple[Route, ...]) -> tuple[str, ...]:
    """Every `query:` field that some route redacts."""
    return tuple({field for route in routes for field in route.redact if field.startswith("query:")})
