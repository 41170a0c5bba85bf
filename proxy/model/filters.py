"""What is changed in the requests and answers of a route, in the words of Gateway API's HTTPRoute filters.

Everything here is what routes.yaml says, checked; `routing.filters` makes bytes of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Named = tuple[tuple[str, str], ...]  # header names as written, with their values


@dataclass(frozen=True, slots=True)
class HeaderEdit:
    """`set` replaces every field of a name or adds one, `add` adds one more, `remove` takes all of a name away."""

    set: Named = ()
    add: Named = ()
    remove: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """What it may change, in lower case."""
        return frozenset(name.lower() for name in (*self.remove, *dict(self.set), *dict(self.add)))


class RewriteType(StrEnum):
    FULL = "ReplaceFullPath"
    PREFIX = "ReplacePrefixMatch"


@dataclass(frozen=True, slots=True)
class PathRewrite:
    """`value` replaces the whole path, or the part of it that a PathPrefix matched."""

    type: RewriteType
    value: str


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What a backend is asked in place of what the client asked; None leaves it."""

    path: PathRewrite | None = None
    host: str | None = None


@dataclass(frozen=True, slots=True)
class Redirect:
    """An answer of the proxy's own; what is None is taken from the request."""

    scheme: str | None = None
    host: str | None = None
    port: int | None = None
    path: PathRewrite | None = None
    status: int = 302


@dataclass(frozen=True, slots=True)
class Cors:
    """Which origins a browser may let use the route. `*` stands for any; `max_age` in seconds."""

    allow_origins: tuple[str, ...] = ()
    allow_credentials: bool = False
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    max_age: float = 5.0


@dataclass(frozen=True, slots=True)
class Deprecation:
    """ISO dates: since when the route is deprecated, and when it goes away; `link` tells what to use in its place."""

    at: str | None = None
    sunset: str | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class SideFilters:
    """What holds for one side only, after what holds for both."""

    request_headers: HeaderEdit = HeaderEdit()
    response_headers: HeaderEdit = HeaderEdit()
    rewrite: Rewrite = Rewrite()


@dataclass(frozen=True, slots=True)
class Filters:
    """What is changed whichever side answers, and for each side."""

    request_headers: HeaderEdit = HeaderEdit()
    response_headers: HeaderEdit = HeaderEdit()
    rewrite: Rewrite = Rewrite()
    legacy: SideFilters = SideFilters()
    extracted: SideFilters = SideFilters()
    redirect: Redirect | None = None
    cors: Cors | None = None
    deprecation: Deprecation | None = None


@dataclass(frozen=True, slots=True)
class PublicRewrite:
    """What is mended in the answers of a backend that knows itself by another name than the public one. `host` is sent
    to it as Host; `location` and `cookies` say whether redirects and cookies for its own name get the public one."""

    host: str | None = None
    location: bool = False
    cookies: bool = False


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Bounds of a route, in seconds: of the whole exchange, and of one try at one backend."""

    request: float | None = None
    backend_request: float | None = None


NO_FILTERS = Filters()
NO_REWRITE = PublicRewrite()
NO_TIMEOUTS = Timeouts()
_ALWAYS = frozenset({"content-type", "content-encoding", "location"})  # looked at whatever headers are chosen


def compared(filters: Filters, backends: tuple[PublicRewrite, ...], headers: tuple[str, ...]) -> str:
    """What the filters do to what is compared, "" when nothing: part of what evidence is about.

    What is asked of a side always counts. Of what is done to answers, only what touches one of the compared `headers`
    (lower case) does: announcing a sunset must not throw evidence away.
    """
    if filters == NO_FILTERS and all(one == NO_REWRITE for one in backends):
        return ""
    chosen = _ALWAYS.union(headers)
    asked = (filters.request_headers, filters.rewrite)
    sides = [(side.request_headers, side.rewrite) for side in (filters.legacy, filters.extracted)]
    edits = [_only(edit, chosen) for edit in (filters.response_headers, *_answers(filters))]
    cors = filters.cors if any(name == "vary" or name.startswith("access-control-") for name in chosen) else None
    deprecation = filters.deprecation if chosen & {"deprecation", "sunset", "link"} else None
    mended = [
        (
            one.host,
            one.location and bool(chosen & {"location", "content-location"}),
            one.cookies and "set-cookie" in chosen,
        )
        for one in backends
    ]
    meaning = repr((asked, sides, edits, cors, deprecation, mended))
    return "" if meaning == _NOTHING else meaning


def _answers(filters: Filters) -> tuple[HeaderEdit, HeaderEdit]:
    return filters.legacy.response_headers, filters.extracted.response_headers


def _only(edit: HeaderEdit, chosen: frozenset[str]) -> HeaderEdit:
    return HeaderEdit(
        tuple(pair for pair in edit.set if pair[0].lower() in chosen),
        tuple(pair for pair in edit.add if pair[0].lower() in chosen),
        tuple(name for name in edit.remove if name.lower() in chosen),
    )


_NOTHING = repr(
    (
        (HeaderEdit(), Rewrite()),
        [(HeaderEdit(), Rewrite())] * 2,
        [HeaderEdit()] * 3,
        None,
        None,
        [(None, False, False)] * 2,
    )
)
