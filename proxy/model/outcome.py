"""The one vocabulary of how an exchange, or one side's part in it, ended.

A value names the phase and the party at fault: `request_*` is the client's doing, `upstream_*` a backend's, the rest
the proxy's own decision. Status code, access line, metric label and error page all take their word from here, so an
operator meets one word everywhere. `status` is what the client gets when nothing of an answer was sent yet
(RFC 9110 section 15); 0 means nothing can be sent any more.
"""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    OK = "ok"
    TUNNELLED = "tunnelled"
    # the client's doing
    REQUEST_TLS_FAILED = "request_tls_failed"
    REQUEST_PROXY_HEADER_INVALID = "request_proxy_header_invalid"
    REQUEST_HEAD_INVALID = "request_head_invalid"
    REQUEST_HEAD_TOO_LARGE = "request_head_too_large"
    REQUEST_HEAD_TIMEOUT = "request_head_timeout"
    REQUEST_PATH_AMBIGUOUS = "request_path_ambiguous"
    REQUEST_METHOD_REFUSED = "request_method_refused"
    REQUEST_METHOD_UNKNOWN = "request_method_unknown"
    REQUEST_VERSION_REFUSED = "request_version_refused"
    REQUEST_BODY_INVALID = "request_body_invalid"
    REQUEST_BODY_TOO_LARGE = "request_body_too_large"
    REQUEST_BODY_TIMEOUT = "request_body_timeout"
    CLIENT_GONE = "client_gone"
    CLIENT_STALLED = "client_stalled"
    # a backend's doing
    UPSTREAM_CONNECT_REFUSED = "upstream_connect_refused"
    UPSTREAM_CONNECT_TIMEOUT = "upstream_connect_timeout"
    UPSTREAM_TLS_FAILED = "upstream_tls_failed"
    UPSTREAM_FIRST_BYTE_TIMEOUT = "upstream_first_byte_timeout"
    UPSTREAM_CLOSED = "upstream_closed"
    UPSTREAM_HEAD_INVALID = "upstream_head_invalid"
    UPSTREAM_HEAD_TOO_LARGE = "upstream_head_too_large"
    UPSTREAM_BODY_INVALID = "upstream_body_invalid"
    UPSTREAM_BODY_CUT = "upstream_body_cut"
    UPSTREAM_IDLE_TIMEOUT = "upstream_idle_timeout"
    # the proxy's own decision
    TOTAL_TIMEOUT = "total_timeout"
    BREAKER_OPEN = "breaker_open"
    POOL_EXHAUSTED = "pool_exhausted"
    CONCURRENCY_EXCEEDED = "concurrency_exceeded"
    OVERLOADED = "overloaded"
    CANCELLED = "cancelled"
    DRAINED = "drained"
    CUT = "cut"

    @property
    def status(self) -> int:
        """The status code of the proxy's own answer for this outcome; 0 when none can be sent."""
        return _STATUS.get(self, 0)

    @property
    def is_upstream_failure(self) -> bool:
        """True when a backend failed, as opposed to the client or the proxy."""
        return self.startswith("upstream_")

    @property
    def before_answer(self) -> bool:
        """True when a backend failed before its answer began, so that another side may still answer."""
        return self in _BEFORE_ANSWER


_STATUS = {
    Outcome.REQUEST_HEAD_INVALID: 400,
    Outcome.REQUEST_HEAD_TOO_LARGE: 431,
    Outcome.REQUEST_HEAD_TIMEOUT: 408,
    Outcome.REQUEST_PATH_AMBIGUOUS: 400,
    Outcome.REQUEST_METHOD_REFUSED: 405,
    Outcome.REQUEST_METHOD_UNKNOWN: 501,
    Outcome.REQUEST_VERSION_REFUSED: 505,
    Outcome.REQUEST_BODY_INVALID: 400,
    Outcome.REQUEST_BODY_TOO_LARGE: 413,
    Outcome.REQUEST_BODY_TIMEOUT: 408,
    Outcome.UPSTREAM_CONNECT_REFUSED: 502,
    Outcome.UPSTREAM_CONNECT_TIMEOUT: 504,
    Outcome.UPSTREAM_TLS_FAILED: 502,
    Outcome.UPSTREAM_FIRST_BYTE_TIMEOUT: 504,
    Outcome.UPSTREAM_CLOSED: 502,
    Outcome.UPSTREAM_HEAD_INVALID: 502,
    Outcome.UPSTREAM_HEAD_TOO_LARGE: 502,
    Outcome.UPSTREAM_BODY_INVALID: 502,
    Outcome.UPSTREAM_BODY_CUT: 502,
    Outcome.UPSTREAM_IDLE_TIMEOUT: 504,
    Outcome.TOTAL_TIMEOUT: 504,
    Outcome.BREAKER_OPEN: 503,
    Outcome.POOL_EXHAUSTED: 503,
    Outcome.CONCURRENCY_EXCEEDED: 503,
    Outcome.OVERLOADED: 503,
    Outcome.DRAINED: 503,
}

_BEFORE_ANSWER = frozenset(
    {
        Outcome.UPSTREAM_CONNECT_REFUSED,
        Outcome.UPSTREAM_CONNECT_TIMEOUT,
        Outcome.UPSTREAM_TLS_FAILED,
        Outcome.UPSTREAM_FIRST_BYTE_TIMEOUT,
        Outcome.UPSTREAM_CLOSED,
        Outcome.UPSTREAM_HEAD_INVALID,
        Outcome.UPSTREAM_HEAD_TOO_LARGE,
        Outcome.BREAKER_OPEN,
        Outcome.POOL_EXHAUSTED,
        Outcome.CONCURRENCY_EXCEEDED,
    }
)
