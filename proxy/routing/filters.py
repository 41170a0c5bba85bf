"""What a route changes in its requests and answers, compiled once; most routes have none of it and pay nothing.

In order of effect. A request, as forwarding made it: the route's header edits, then the side's own, then path and host
(the side's word goes before the route's, and both before the backend's). So whoever sends a copy or asks again begins
with the same forwarded request, and each side gets its own. An answer: the backend's names of itself become the public
ones, then the route's edits, the side's, CORS, deprecation. What is compared is the answer after all that, which is
what the client would have got; interim answers and the proxy's error pages are left alone.

Edits come after the hop-by-hop fields are gone: a client must not take away what a filter set, by naming it in
`Connection` (RFC 9110 section 7.6.1).
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import date
from email.utils import formatdate

from proxy.model.filters import NO_FILTERS, NO_REWRITE, Deprecation, HeaderEdit, SideFilters
from proxy.model.headers import HeaderPair, Headers, first
from proxy.model.heads import RequestHead, ResponseHead
from proxy.model.observation import Observation
from proxy.model.sides import Side
from proxy.model.spec import Backend, Match, Route
from proxy.routing.forwarding import Peer, sent_headers
from proxy.routing.own_answers import CorsPolicy, Redirection
from proxy.routing.paths import split_target
from proxy.routing.rewrites import PathChange, WayBack, public_name


class Edit:
    """A HeaderEdit, compiled."""

    __slots__ = ("_added", "_gone", "_set")

    def __init__(self, edit: HeaderEdit) -> None:
        self._set = {name.lower().encode(): (name.encode(), value.encode()) for name, value in edit.set}
        self._added = [(name.encode(), value.encode()) for name, value in edit.add]
        self._gone = frozenset(name.lower().encode() for name in edit.remove)

    def applied(self, headers: Headers) -> list[HeaderPair]:
        """What is set stands where the first field of its name stood, what is new at the end."""
        made: list[HeaderPair] = []
        waiting = dict(self._set)
        for pair in headers:
            lower = pair[0].lower()
            if lower in self._set:
                if lower in waiting:
                    made.append(waiting.pop(lower))
            elif lower not in self._gone:
                made.append(pair)
        return [*made, *waiting.values(), *self._added]


class OneSide:
    """The filters of a route for one of its sides."""

    __slots__ = ("_changes_answers", "_cors", "_edits_answer", "_edits_request", "_host", "_last", "_way_back", "path")

    def __init__(
        self, route: Route | None, own: SideFilters, backend: Backend, cors: CorsPolicy | None, last: Edit | None
    ) -> None:
        both = route.filters if route is not None else NO_FILTERS
        matches: tuple[Match, ...] = route.matches if route is not None else ()
        rewrite = own.rewrite.path or both.rewrite.path
        host = own.rewrite.host or both.rewrite.host or backend.rewrite.host
        self.path = PathChange(rewrite, matches) if rewrite else None
        self._host = host.encode() if host else None
        self._edits_request = _edits(both.request_headers, own.request_headers)
        self._edits_answer = _edits(both.response_headers, own.response_headers)
        mends = backend.rewrite.location or backend.rewrite.cookies
        self._way_back = WayBack(backend, self.path) if mends else None
        self._cors = cors
        self._last = last
        self._changes_answers = bool(self._edits_answer or mends or cors or last)

    def sent(self, forwarded: bytes) -> bytes:
        """The head to send, from the one that `upstream_head` or `copy_head` made."""
        if not self._edits_request and self.path is None and self._host is None:
            return forwarded
        headers = sent_headers(forwarded)
        for edit in self._edits_request:
            headers = edit.applied(headers)
        if self._host is not None:
            headers = [(name, self._host if name.lower() == b"host" else value) for name, value in headers]
        line = forwarded.partition(b"\r\n")[0]
        if self.path is not None:
            method, target, version = line.split(b" ", 2)
            changed = self.path.applied(target)
            line = b" ".join((method, target if changed is None else changed, version))
        return b"\r\n".join((line, *map(b": ".join, headers), b"\r\n"))

    def answered(self, head: ResponseHead, forwarded: bytes) -> ResponseHead:
        """The answer as its client gets it; `forwarded` is the request's head before `sent` changed it."""
        if not self._changes_answers:
            return head
        return head._replace(headers=self.fields(head.headers, sent_headers(forwarded)))

    def fields(self, headers: Headers, asked: Headers) -> Headers:
        """As `answered`, for the fields alone; an observation has no more."""
        if not self._changes_answers:
            return headers
        if self._way_back is not None:
            headers = self._way_back.mended(headers, asked)
        for edit in self._edits_answer:
            headers = edit.applied(headers)
        if self._cors is not None:
            headers = self._cors.answered(headers, asked)
        return self._last.applied(headers) if self._last is not None else headers


class RouteFilters:
    """All filters of one route. `sides` by side; made by `compile_filters`."""

    __slots__ = ("_changes", "_edits", "_last", "_redirect", "cors", "sides")

    def __init__(self, route: Route | None, legacy: Backend, extracted: Backend | None) -> None:
        filters = route.filters if route is not None else NO_FILTERS
        self.cors = CorsPolicy(filters.cors) if filters.cors else None
        self._last = _deprecation(filters.deprecation) if filters.deprecation else None
        self._edits = _edits(filters.response_headers)
        matches = route.matches if route is not None else ()
        self._redirect = Redirection(filters.redirect, matches) if filters.redirect else None
        one = OneSide(route, filters.legacy, legacy, self.cors, self._last)
        other = OneSide(route, filters.extracted, extracted, self.cors, self._last) if extracted else one
        self.sides = {Side.LEGACY: one, Side.EXTRACTED: other}
        changes = [one.path, other.path, self._redirect.path if self._redirect else None]
        self._changes = [change for change in changes if change is not None]

    def is_ambiguous(self, head: RequestHead) -> bool:
        """True when the path would have more than one meaning after it was rewritten: such a request is refused."""
        local = split_target(head.target)[1]
        return any(change.applied(local) is None for change in self._changes)

    def own_answer(self, head: RequestHead, peer: Peer) -> ResponseHead | None:
        """The proxy's own answer where no backend is asked: a redirect. None when a side is to answer."""
        if self._redirect is None:
            return None
        scheme, authority = public_name(head.headers, peer.scheme) if peer.trusted else (peer.scheme, b"")
        answer = self._redirect.answer(head, scheme, authority or _authority(head))
        headers: Headers = answer.headers
        for edit in self._edits:
            headers = edit.applied(headers)
        if self.cors is not None:
            headers = self.cors.answered(headers, head.headers)
        if self._last is not None:
            headers = self._last.applied(headers)
        return answer._replace(headers=headers)


def observed(filters: RouteFilters, observation: Observation, forwarded: bytes) -> Observation:
    """What is compared: the answer as its client would have got it. `forwarded` is the request's head before `sent`."""
    if not observation.status:
        return observation
    return observation._replace(
        headers=filters.sides[observation.side].fields(observation.headers, sent_headers(forwarded))
    )


def for_side(
    filters: RouteFilters | None, side: Side, forwarded: bytes, done: Callable[[Observation], None]
) -> tuple[bytes, Callable[[Observation], None]]:
    """A copy for one side: the head to send, and who is told of what came back."""
    if filters is None:
        return forwarded, done
    return filters.sides[side].sent(forwarded), lambda observation: done(observed(filters, observation, forwarded))


def compile_filters(route: Route | None, legacy: Backend, extracted: Backend | None) -> RouteFilters | None:
    """The filters of a route (None: of what no route names) between these backends; None when nothing is changed."""
    backends = [legacy] if extracted is None else [legacy, extracted]
    if (route is None or route.filters == NO_FILTERS) and all(one.rewrite == NO_REWRITE for one in backends):
        return None
    return RouteFilters(route, legacy, extracted)


def _edits(*edits: HeaderEdit) -> tuple[Edit, ...]:
    return tuple(Edit(one) for one in edits if one != HeaderEdit())


def _authority(head: RequestHead) -> bytes:
    return split_target(head.target)[0] or first(head.headers, b"host") or b""


def _deprecation(said: Deprecation) -> Edit:
    """RFC 9745 has a structured date, RFC 8594 a date of HTTP."""
    given: list[tuple[str, str]] = []
    link: list[tuple[str, str]] = []
    if said.at:
        given.append(("Deprecation", f"@{_seconds(said.at)}"))
    if said.sunset:
        given.append(("Sunset", formatdate(_seconds(said.sunset), usegmt=True)))
    if said.link:
        relation = "deprecation" if said.at else "sunset"
        link.append(("Link", f'<{said.link}>; rel="{relation}"'))
    return Edit(HeaderEdit(set=tuple(given), add=tuple(link)))


def _seconds(day: str) -> int:
    return calendar.timegm(date.fromisoformat(day).timetuple())
