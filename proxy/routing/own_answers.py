"""What the proxy answers itself: redirects, and the preflights of CORS; and what CORS adds to other answers.

A browser asks before it lets a page of another origin do more than a form could (Fetch Standard, section 3.2). With
`cors` on a route the proxy answers that question and no backend sees it, so both sides are under one policy and a page
works on whichever side answers. What a backend itself says in those fields is replaced: two different
Access-Control-Allow-Origin make browsers refuse both. An origin that is not allowed gets no field at all, which is how
the standard says no; the request itself is passed on, since CORS guards readers, not servers.

Redirects are Gateway API's RequestRedirect: what the filter leaves open is taken from the request, the query stays, and
the default port of the scheme is not written.
"""

from __future__ import annotations

from proxy.model.filters import Cors, Redirect
from proxy.model.headers import HeaderPair, Headers, first, tokens
from proxy.model.heads import RequestHead, ResponseHead
from proxy.model.spec import Match
from proxy.routing.paths import split_target
from proxy.routing.rewrites import DEFAULT_PORTS, PathChange, endpoint

_VERSION = (1, 1)
_REASONS = {301: b"Moved Permanently", 302: b"Found", 303: b"See Other", 307: b"Temporary Redirect"}
_REASONS[308] = b"Permanent Redirect"
_ANY = b"*"
_ORIGIN, _CREDENTIALS = b"Access-Control-Allow-Origin", b"Access-Control-Allow-Credentials"
_EXPOSED = b"Access-Control-Expose-Headers"
_REPLACED = frozenset(name.lower() for name in (_ORIGIN, _CREDENTIALS, _EXPOSED))


class CorsPolicy:
    """A Cors filter, compiled."""

    __slots__ = ("_any", "_credentials", "_exact", "_exposed", "_headers", "_max_age", "_methods", "_wild")

    def __init__(self, cors: Cors) -> None:
        origins = [origin.lower().encode() for origin in cors.allow_origins]
        self._any = _ANY in origins
        self._exact = {origin for origin in origins if _ANY not in origin}
        self._wild = [origin.split(_ANY, 1) for origin in origins if _ANY in origin and origin != _ANY]
        self._credentials = cors.allow_credentials
        self._methods = b", ".join(method.encode() for method in cors.allow_methods)
        self._headers = b", ".join(name.encode() for name in cors.allow_headers)
        self._exposed = b", ".join(name.encode() for name in cors.expose_headers)
        self._max_age = b"%d" % cors.max_age

    def preflight(self, asked: Headers) -> ResponseHead | None:
        """The answer to a preflight, None when the request is none. Its method is OPTIONS already."""
        origin, method = first(asked, b"origin"), first(asked, b"access-control-request-method")
        if origin is None or method is None:
            return None
        fields = self._granted(origin)
        if fields:
            names = first(asked, b"access-control-request-headers") or b""
            fields.append((b"Access-Control-Allow-Methods", self._listed(self._methods, method)))
            if allowed := self._listed(self._headers, names):
                fields.append((b"Access-Control-Allow-Headers", allowed))
            fields.append((b"Access-Control-Max-Age", self._max_age))
        fields.append((b"Vary", b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"))
        return ResponseHead(_VERSION, 204, b"No Content", fields)

    def answered(self, headers: Headers, asked: Headers) -> list[HeaderPair]:
        """The fields of an answer under this policy."""
        made = [pair for pair in headers if pair[0].lower() not in _REPLACED]
        origin = first(asked, b"origin")
        if origin is not None and (granted := self._granted(origin)):
            made += granted
            if self._exposed:
                made.append((_EXPOSED, self._exposed))
        known = tokens(made, b"vary")
        if not (self._any and not self._credentials) and b"origin" not in known and _ANY not in known:
            made.append((b"Vary", b"Origin"))
        return made

    def _granted(self, origin: bytes) -> list[HeaderPair]:
        if not self._allows(origin.lower()):
            return []
        if self._credentials:
            return [(_ORIGIN, origin), (_CREDENTIALS, b"true")]
        return [(_ORIGIN, _ANY if self._any else origin)]

    def _allows(self, origin: bytes) -> bool:
        if self._any or origin in self._exact:
            return True
        return any(
            len(origin) > len(before) + len(behind) and origin.startswith(before) and origin.endswith(behind)
            for before, behind in self._wild
        )

    def _listed(self, known: bytes, asked: bytes) -> bytes:
        """With credentials `*` is no wildcard to a browser, so what it asked for is named."""
        return asked if known == _ANY and self._credentials else known


class Redirection:
    """A Redirect for a route with these matches, compiled."""

    __slots__ = ("_redirect", "path")

    def __init__(self, redirect: Redirect, matches: tuple[Match, ...]) -> None:
        self._redirect = redirect
        self.path = PathChange(redirect.path, matches) if redirect.path else None

    def answer(self, head: RequestHead, scheme: bytes, authority: bytes) -> ResponseHead:
        """`scheme` and `authority` are the request's own."""
        local = split_target(head.target)[1]
        if self.path is not None:
            local = self.path.applied(local) or local
        redirect = self._redirect
        host, port = endpoint(authority, 0)
        if redirect.host:
            host = redirect.host.encode()
        if redirect.scheme:
            scheme, port = redirect.scheme.encode(), 0
        if redirect.port:
            port = redirect.port
        location = b"/" + local.lstrip(b"/")  # HTTP/1.0 without Host; `//name` alone would be another host
        if host:
            written = b":%d" % port if port not in (0, DEFAULT_PORTS.get(scheme, 0)) else b""
            location = scheme + b"://" + host + written + local
        fields = [(b"Location", location), (b"Content-Length", b"0")]
        return ResponseHead(_VERSION, redirect.status, _REASONS[redirect.status], fields)
