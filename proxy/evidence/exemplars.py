"""Which examples of a signature are kept, and how one is asked again by hand."""

from __future__ import annotations

import shlex

from proxy.model.observation import CapturedRequest

_NOT_SENT = frozenset(
    b"content-length transfer-encoding connection keep-alive te trailer upgrade expect x-forwarded-for "
    b"x-forwarded-proto x-forwarded-host forwarded traceparent tracestate".split()
)


def keep_slot(count: int, limit: int, dice: float) -> int | None:
    """The slot of the next example, or None; `count` examples came before it, `dice` is uniform in [0, 1).

    The first half of the slots keeps the first ones for good: how it began. The rest is a reservoir in which every
    later example is with equal chance: how it goes on."""
    first = (limit + 1) // 2
    if count < limit:
        return count
    slot = first + int(dice * (count - first + 1))
    return slot if slot < limit else None


def curl_line(request: CapturedRequest, base_url: str) -> str:
    """A shell line that asks `base_url` (or `unix:/path`) the (redacted) request again; safe to paste whatever the
    request holds."""
    parts = ["curl", "-i", "--path-as-is", "-g"]
    if base_url.startswith("unix:"):
        parts += ["--unix-socket", base_url.removeprefix("unix:")]
        base_url = "http://localhost"
    url = base_url.rstrip("/") + _text(request.target)
    method = _text(request.method)
    if method == "HEAD":
        parts.append("-I")
    elif method != "GET" or request.body.size:
        parts += ["-X", method]
    for name, value in request.headers:
        if name.lower() not in _NOT_SENT:
            parts += ["-H", _text(name + b": " + value) if value else _text(name + b";")]
    note = ""
    if request.body.data:
        body = request.body.data.decode("utf-8", "replace")
        if body.replace("\n", "").replace("\t", "").replace("\r", "").isprintable() and "\ufffd" not in body:
            parts += ["--data-binary", body]
        else:
            note = f"  # the body, {request.body.size} bytes, is not text"
    elif request.body.size:
        note = f"  # the body, {request.body.size} bytes, was not kept"
    return " ".join(shlex.quote(part) for part in [*parts, url]) + note


def _text(data: bytes) -> str:
    text = data.decode("utf-8", "replace")
    return text if text.isprintable() else text.encode("ascii", "backslashreplace").decode().translate(_CONTROLS)


_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), 127)}
