"""Another path for a backend, and the way back for what it says about itself.

The part of the path behind the replaced prefix keeps its bytes: only what was matched is replaced, as Gateway API's
ReplacePrefixMatch has it, and the query stays. A rewrite is also a fence: `/app` sent on as `/tenants/7/app` must not
become `/tenants/8` because a client wrote `/app/../../8`, and what a backend makes of dots and escapes nobody knows
here. So a path with dot segments, in whatever spelling, is not rewritten but refused, like any other that has two
meanings; clients resolve them before they ask (RFC 3986 section 5.2).

The way back is for answers of a backend that knows itself by another name (nginx `proxy_redirect`, Apache
`ProxyPassReverse`): `Location`, `Content-Location` and cookies that name the backend's own authority or the rewritten
prefix get the public ones. Redirects to anywhere else are nobody's business here, and none is ever followed.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from proxy.model.filters import PathRewrite, RewriteType
from proxy.model.headers import HeaderPair, Headers, first
from proxy.model.spec import Backend, Match, PathType
from proxy.routing.forwarding import authority_of
from proxy.routing.paths import canonical, canonical_pattern, is_plain

Endpoint = tuple[bytes, int]
_ABSOLUTE = re.compile(rb"(?:(https?):)?//([^/?#\s]*)(.*)", re.IGNORECASE | re.DOTALL)
_AUTHORITY = re.compile(rb"(\[[0-9A-Fa-f:.%]*\]|[^:\[\]]*)(?::([0-9]{0,5}))?")
_DOTS = re.compile(rb"(?:^|[/\\])\.{1,2}(?:[/\\;?#\x00]|$)")
_DECODE_AT_MOST = 3
_ADDRESS = re.compile(rb"\[.*\]|[0-9.]+")
DEFAULT_PORTS = {b"http": 80, b"https": 443}


class PathChange:
    """A PathRewrite for a route with these matches, compiled."""

    __slots__ = ("_base", "_full", "_prefixes")

    def __init__(self, rewrite: PathRewrite, matches: tuple[Match, ...]) -> None:
        value = canonical_pattern(rewrite.value)
        self._full = value if rewrite.type is RewriteType.FULL else None
        self._base = value.rstrip(b"/")
        paths = {canonical_pattern(one.path).rstrip(b"/") for one in matches if one.path_type is PathType.PREFIX}
        self._prefixes = sorted(paths, key=len, reverse=True)

    def applied(self, target: bytes) -> bytes | None:
        """The target (origin form) that the backend is asked for; None where it would have more than one meaning."""
        path, mark, query = target.partition(b"?")
        if self._full is not None:
            return self._full + mark + query
        rest = self._behind_prefix(path)
        if rest is None:
            return None
        new = self._base + rest or b"/"
        if not is_plain(path) and _climbs(path):
            return None
        return new + mark + query

    def undone(self, path: bytes) -> bytes:
        """A path of the backend as clients know it; unchanged where that cannot be said."""
        if self._full is not None or len(self._prefixes) != 1 or not self._is_below(path.partition(b"?")[0]):
            return path
        return self._prefixes[0] + path[len(self._base) :] or b"/"

    def _is_below(self, path: bytes) -> bool:
        return path == self._base or path.startswith(self._base + b"/")

    def _behind_prefix(self, path: bytes) -> bytes | None:
        for prefix in self._prefixes:
            if path == prefix or path.startswith(prefix + b"/"):
                return path[len(prefix) :]
            segments = path.split(b"/")  # the client may have escaped what needs no escape
            count = prefix.count(b"/") + 1
            if canonical(b"/".join(segments[:count])) == prefix:
                return b"".join(b"/" + segment for segment in segments[count:])
        return None


def _climbs(path: bytes) -> bool:
    """Whether any server could see a dot segment in the path, however often it decodes."""
    for _ in range(_DECODE_AT_MOST + 1):
        if _DOTS.search(path):
            return True
        path = unquote_to_bytes(path)
    return False


class WayBack:
    """From the name by which a backend knows itself to the public one."""

    __slots__ = ("_change", "_cookies", "_hosts", "_location", "_own")

    def __init__(self, backend: Backend, change: PathChange | None) -> None:
        self._change = change
        self._location = backend.rewrite.location
        self._cookies = backend.rewrite.cookies
        own = {endpoint(authority_of(one), 443 if one.tls else 80) for one in backend.each()}
        if backend.rewrite.host:
            own |= {(backend.rewrite.host.encode(), port) for port in (80, 443, backend.port)}
        self._own = own
        self._hosts = {name for name, _ in own}

    def mended(self, headers: Headers, asked: Headers) -> list[HeaderPair]:
        """The answer's fields; `asked` are those of the request as it was sent, with X-Forwarded-*."""
        scheme, authority = public_name(asked)
        made: list[HeaderPair] = []
        for name, value in headers:
            lower = name.lower()
            if self._location and lower in (b"location", b"content-location"):
                value = self._public(value, scheme, authority)
            elif self._cookies and lower == b"set-cookie":
                value = self._cookie(value, authority)
            made.append((name, value))
        return made

    def _public(self, location: bytes, scheme: bytes, authority: bytes) -> bytes:
        whole = _ABSOLUTE.fullmatch(location)
        if whole is None:
            return self._change.undone(location) if self._change and location[:1] == b"/" else location
        said = (whole[1] or scheme).lower()
        if not authority or endpoint(whole[2], DEFAULT_PORTS.get(said, 80)) not in self._own:
            return location
        rest = whole[3]
        if self._change and rest[:1] == b"/":
            rest = self._change.undone(rest)
        return (scheme + b":" if whole[1] else b"") + b"//" + authority + rest

    def _cookie(self, cookie: bytes, authority: bytes) -> bytes:
        public = endpoint(authority, 0)[0]
        parts = cookie.split(b";")
        kept = parts[:1]
        for part in parts[1:]:
            name, _, value = part.partition(b"=")
            kind, said = name.strip().lower(), value.strip()
            if kind == b"domain" and said.lstrip(b".").lower() in self._hosts:
                if not public or _ADDRESS.fullmatch(public):
                    continue  # an address can have no domain: the cookie is for the public host alone
                part = name + b"=" + public
            elif kind == b"path" and self._change and said[:1] == b"/":
                part = name + b"=" + self._change.undone(said)
            kept.append(part)
        return b";".join(kept)


def endpoint(authority: bytes, port: int) -> Endpoint:
    """Host in lower case and port; `port` where none is written."""
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        return authority.lower(), port
    return found[1].lower(), int(found[2] or port)


def public_name(asked: Headers, scheme: bytes = b"http") -> tuple[bytes, bytes]:
    """Scheme and authority by which the client knows the site, as a forwarded request says them; `scheme` where it
    does not."""
    said = (first(asked, b"x-forwarded-proto") or scheme).partition(b",")[0].strip().lower()
    host = first(asked, b"x-forwarded-host") or first(asked, b"host") or b""
    return said if said in DEFAULT_PORTS else scheme, host.partition(b",")[0].strip()
