"""The proxy's own answers: small, in RFC 9457's `application/problem+json`, and without a word about the inside.

No route, side or backend is named: whoever sees the page knows the outcome and the request id, and whoever runs the
proxy finds the rest in the access line under that id.
"""

from __future__ import annotations

from http import HTTPStatus

from proxy.model.outcome import Outcome

ALLOWED = b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE"


def refusal(outcome: Outcome, request_id: bytes, *, close: bool, bodyless: bool) -> bytes:
    """A whole HTTP/1.1 message. `bodyless` leaves the body away, as HEAD demands; `request_id` is plain ASCII."""
    status = outcome.status
    title = HTTPStatus(status).phrase
    body = (
        f'{{"type":"about:blank","title":"{title}","status":{status},"outcome":"{outcome.value}",'
        f'"request_id":"{request_id.decode("ascii")}"}}\n'
    ).encode("ascii")
    lines = [
        b"HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\n"
        % (status, title.encode("ascii"), len(body)),
        b"Cache-Control: no-store\r\nX-Request-Id: %s\r\n" % request_id,
    ]
    if status == 405:
        lines.append(b"Allow: " + ALLOWED + b"\r\n")
    elif status == 503:
        lines.append(b"Retry-After: 1\r\n")
    if close:
        lines.append(b"Connection: close\r\n")
    lines.append(b"\r\n")
    if not bodyless:
        lines.append(body)
    return b"".join(lines)
