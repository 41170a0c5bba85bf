"""Which pairs are kept as examples, and a pair as it may be kept: redacted as its route says, before anything else
happens to it."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterable

from proxy import comparison, evidence, routing
from proxy.model.comparison import Comparison
from proxy.model.evidence import EvidenceKey
from proxy.model.observation import Pair
from proxy.model.records import Exemplar, SignatureRow
from proxy.model.spec import Route


class Examples:
    """Mutable: how many of each signature there were, and those chosen until the store takes them. Of one key as many
    signatures have examples as the ledger tells apart; the rest has them as one, as it is counted."""

    def __init__(self) -> None:
        self._met: dict[tuple[EvidenceKey, str], int] = {}
        self._named: Counter[EvidenceKey] = Counter()
        self._kept: list[Exemplar] = []

    def __len__(self) -> int:
        return len(self._kept)

    def restore(self, rows: Iterable[SignatureRow]) -> None:
        """Goes on from what the store holds."""
        for row in rows:
            self._met[row.key, row.signature] = row.count
            self._named[row.key] += 1

    def offer(self, key: EvidenceKey, pair: Pair, found: Comparison, route: Route, limit: int) -> None:
        """Keeps the pair if it is among the first of its signature, or chance has it; `limit` of one are kept."""
        met = self._met.get((key, found.signature), 0)
        if not met and self._named[key] >= evidence.SIGNATURES:
            found = found._replace(signature=evidence.OTHER)
            met = self._met.get((key, found.signature), 0)
        self._named[key] += not met
        self._met[key, found.signature] = met + 1
        slot = evidence.keep_slot(met, limit, random.random())  # noqa: S311 - a sample, not a secret
        if slot is not None:
            self._kept.append(example(key, slot, time.time(), pair, found, route))

    def take(self) -> list[Exemplar]:
        """Those chosen since the last call."""
        kept, self._kept = self._kept, []
        return kept


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
