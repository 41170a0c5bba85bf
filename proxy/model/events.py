"""What happens in the data path beside exchanges, for the log and the counters."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple


class EventKind(StrEnum):
    RETRY = "retry"
    RETRY_REFUSED = "retry_refused"
    URL_EJECTED = "url_ejected"
    URL_RETURNED = "url_returned"
    URL_UNHEALTHY = "url_unhealthy"
    URL_HEALTHY = "url_healthy"
    NOT_COPIED = "not_copied"
    SHEDDING = "shedding"
    SHEDDING_ENDED = "shedding_ended"


class Event(NamedTuple):
    """`why` is for people; of a retry it is the outcome or the status that was the reason, of a copy that was not made
    the reason for the counter."""

    kind: EventKind
    why: str
    backend: str = ""
    url: str = ""
    route: str = ""


Tell = Callable[[Event], None]
