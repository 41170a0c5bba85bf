"""What a worker makes of the data path's events: a counter, and for what is rare a line in the log."""

from __future__ import annotations

from typing import Any

from proxy.metrics import Accumulator
from proxy.model.events import Event, EventKind

_COUNTED = {  # what an event adds to, and where the labels come from
    EventKind.RETRY: ("strangler_retries_total", "route", "why"),
    EventKind.RETRY_REFUSED: ("strangler_retries_refused_total", "backend"),
    EventKind.URL_EJECTED: ("strangler_ejections_total", "backend", "url"),
    EventKind.NOT_COPIED: ("strangler_shadow_dropped_total", "route", "why"),
}
_GOOD = {EventKind.URL_RETURNED, EventKind.URL_HEALTHY, EventKind.SHEDDING_ENDED}
_BAD = {EventKind.URL_EJECTED, EventKind.URL_UNHEALTHY, EventKind.SHEDDING}


def tell(event: Event, metrics: Accumulator, log: Any) -> None:
    """`log` is structlog's."""
    if event.kind in _COUNTED:
        name, *labels = _COUNTED[event.kind]
        metrics.add(name, tuple(getattr(event, label) for label in labels))
    facts = {key: value for key, value in event._asdict().items() if key != "kind" and value}
    if event.kind in _BAD:
        log.warning(str(event.kind), **facts)
    elif event.kind in _GOOD:
        log.info(str(event.kind), **facts)
