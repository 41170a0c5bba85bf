"""What a route changes in its requests and answers, as it is written: the words of Gateway API's HTTPRoute filters."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from proxy.config.blocks import Form
from proxy.config.fields import (
    Day,
    DurationOrZero,
    Flag,
    HeaderName,
    bad,
    default,
    seconds,
    value,
    words,
)
from proxy.model import filters as model
from proxy.model.filters import RewriteType

_CORS, _REDIRECT, _PUBLIC = model.Cors(), model.Redirect(), model.PublicRewrite()
_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
_HOP |= {"http2-settings", "content-length", "expect"}
_PATH = re.compile(r"/[^?#\s\\\x00-\x1f\x7f]*")
_ORIGIN = re.compile(r"https?://(\*\.)?[A-Za-z0-9._\[\]:-]+")
_STATUSES = ("301", "302", "303", "307", "308")


def _header_value(given: str) -> str:
    if "\r" in given or "\n" in given:
        raise bad("holds a line break, which would end the header and begin another", "Write it on one line.")
    if len(given) > 4096 or not given.isascii() or not given.replace("\t", " ").isprintable():
        raise bad("must be at most 4096 printable ASCII characters", "Encode what a header cannot carry.")
    return given.strip(" \t")


def _edited(given: str) -> str:
    lower = given.lower()
    if lower in _HOP:
        remedy = "Remove it: it is about one connection or one message's framing, which the proxy looks after."
        raise bad(f"`{given}` cannot be changed by a filter", remedy)
    if lower.replace("_", "-").startswith("x-strangler-"):
        raise bad(f"`{given}` is the proxy's own", "Choose a name that does not begin with `X-Strangler-`.")
    if lower == "host":
        raise bad("`Host` is not changed as a header", "Write `rewrite: {host: name}`.")
    return given


def _new_path(given: str) -> str:
    if given == "":
        return "/"
    if not _PATH.fullmatch(given) or "//" in given or "/." in given:
        raise bad("must be a path without query, double slashes and dots", "For example `/v2/charges`; begin with `/`.")
    return given


def _one_host(given: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?", given):
        raise bad("is no host name", "For example `charges.internal`, without a port.")
    return given.lower()


def _port(given: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", given, re.ASCII) or not 1 <= int(given) <= 65535:
        raise bad("must be a port from 1 to 65535", "Write digits only.")
    return int(given)


def _status(given: str) -> int:
    if given not in _STATUSES:
        raise bad("is no status of a redirect", "Use 301, 302, 303, 307 or 308; 307 and 308 keep the method.")
    return int(given)


def _origin(given: str) -> str:
    if given != "*" and not _ORIGIN.fullmatch(given):
        raise bad("is no origin", "Write `https://shop.example`, `https://*.shop.example`, or `*` for any; no path.")
    return given


def _star_or_header(given: str) -> str:
    if given != "*" and not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}", given):
        raise bad("is no header name", "Header names are letters, digits and hyphens: `X-Build`; `*` stands for any.")
    return given


def _star_or_method(given: str) -> str:
    if given != "*" and not re.fullmatch(r"[A-Z-]{1,40}", given):
        raise bad("is no HTTP method", "Methods are in capitals: `GET`; `*` stands for any.")
    return given


def _link(given: str) -> str:
    if urlsplit(given).scheme not in ("http", "https") or not given.isascii() or re.search(r"[\s<>\"]", given):
        raise bad("must be an http or https URL", "For example `https://docs.example/moving`.")
    return given


HeaderText = Annotated[str, *value(_header_value, "header value", {"type": ["string", "number", "boolean"]})]
NewPath = Annotated[str, *value(_new_path, "path", {"type": "string"})]
OneHost = Annotated[str, *value(_one_host, "host name", {"type": "string"})]
Port = Annotated[int, *value(_port, "port", {"type": ["integer", "string"]})]
Status = Annotated[int, *value(_status, "status", {"enum": [int(one) for one in _STATUSES]})]
Origin = Annotated[str, *value(_origin, "origin", {"type": "string"})]
AnyHeader = Annotated[str, *value(_star_or_header, "header name or `*`", {"type": "string"})]
AnyMethod = Annotated[str, *value(_star_or_method, "method or `*`", {"type": "string"})]
Link = Annotated[str, *value(_link, "URL", {"type": "string"})]


class HeaderEditForm(Form):
    """Header fields to change. A name stands in one of the three only, in whatever case."""

    set: dict[str, HeaderText] = default(
        {}, "Names and values: each replaces every field of its name, or adds one where there is none."
    )
    add: dict[str, HeaderText] = default({}, "Names and values: each adds one field more.")
    remove: tuple[HeaderName, ...] = default((), "Names of fields to take away.")

    @model_validator(mode="after")
    def _allowed(self) -> HeaderEditForm:
        seen: dict[str, str] = {}
        for kind in ("set", "add", "remove"):
            for name in getattr(self, kind):
                if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}", name):
                    raise bad(f"`{name[:60]}` is no header name", "Header names are letters, digits and hyphens.")
                _edited(name)
                if name.lower() in seen:
                    raise bad(
                        f"names `{name}` twice, under `{seen[name.lower()]}` and `{kind}`", "Keep one of the two."
                    )
                seen[name.lower()] = kind
        return self

    def spec(self) -> model.HeaderEdit:
        return model.HeaderEdit(tuple(self.set.items()), tuple(self.add.items()), self.remove)


class PathRewriteForm(Form):
    """Another path."""

    type: Annotated[str, *words(*(kind.value for kind in RewriteType), kind="path rewrite")] = Field(
        description="`ReplaceFullPath`: the whole path. `ReplacePrefixMatch`: the part that a PathPrefix matched; what "
        "follows keeps its bytes. The query stays."
    )
    value: NewPath = Field(description="What stands in its place.")

    def spec(self) -> model.PathRewrite:
        return model.PathRewrite(RewriteType(self.type), self.value)


class RewriteForm(Form):
    """What a backend is asked in place of what the client asked."""

    path: PathRewriteForm | None = default(None, "Another path.")
    host: OneHost | None = default(None, "Another Host. X-Forwarded-Host still has the client's.")

    def spec(self) -> model.Rewrite:
        return model.Rewrite(self.path.spec() if self.path else None, self.host)


class RedirectForm(Form):
    """A redirect that the proxy answers itself; no side is asked. What is left out is taken from the request."""

    scheme: Annotated[str, *words("http", "https", kind="scheme")] | None = default(
        None, "Another scheme, with its usual port."
    )
    host: OneHost | None = default(None, "Another host.")
    port: Port | None = default(None, "Another port.")
    path: PathRewriteForm | None = default(None, "Another path. The query stays.")
    status: Status = default(_REDIRECT.status, "301, 302, 303, 307 or 308.")

    @model_validator(mode="after")
    def _elsewhere(self) -> RedirectForm:
        if not (self.scheme or self.host or self.port or self.path):
            raise bad("would lead to where the client is already", "Name another scheme, host, port or path.")
        return self

    def spec(self) -> model.Redirect:
        return model.Redirect(self.scheme, self.host, self.port, self.path.spec() if self.path else None, self.status)


class CorsForm(Form):
    """Which origins a browser may let use the route: Gateway API's HTTPCORSFilter. The proxy answers preflights itself
    and replaces what a backend says about it."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)

    allow_origins: tuple[Origin, ...] = Field(
        description="Origins: `https://shop.example`, `https://*.shop.example`, or `*` for any."
    )
    allow_credentials: Flag = default(_CORS.allow_credentials, "Whether cookies and other credentials may be sent.")
    allow_methods: tuple[AnyMethod, ...] = default((), "Methods, or `*` for any.")
    allow_headers: tuple[AnyHeader, ...] = default((), "Request headers, or `*` for any.")
    expose_headers: tuple[AnyHeader, ...] = default((), "Answer headers that scripts may read, or `*` for all.")
    max_age: DurationOrZero = seconds(_CORS.max_age, "How long a browser may remember the answer to a preflight.")

    @model_validator(mode="after")
    def _one_star(self) -> CorsForm:
        for key in ("allow_origins", "allow_methods", "allow_headers", "expose_headers"):
            if "*" in getattr(self, key) and len(getattr(self, key)) > 1:
                raise bad(f"has `*` beside others in `{to_camel(key)}`", "Keep `*` alone, or the others.")
        if self.allow_credentials and "*" in self.expose_headers:
            raise bad("exposes `*` with credentials, where browsers take it as a name", "Name the headers.")
        return self

    def spec(self) -> model.Cors:
        return model.Cors(**dict(self))


class DeprecationForm(Form):
    """Tells clients that the route goes away: `Deprecation` (RFC 9745) and `Sunset` (RFC 8594)."""

    at: Day | None = default(None, "Since when, or from when on, it is deprecated.")
    sunset: Day | None = default(None, "The day on which it goes away.")
    link: Link | None = default(None, "A page that says what to use in its place; sent as `Link`.")

    @model_validator(mode="after")
    def _in_order(self) -> DeprecationForm:
        if not self.at and not self.sunset:
            raise bad("names no day", "Add `at: 2027-01-01`, `sunset: 2027-06-30`, or both.")
        if self.at and self.sunset and self.sunset < self.at:
            raise bad("goes away before it is deprecated", "RFC 9745 wants `sunset` no earlier than `at`.")
        return self

    def spec(self) -> model.Deprecation:
        return model.Deprecation(self.at, self.sunset, self.link)


class SideFiltersForm(Form):
    """What holds for one side only, after what holds for both."""

    request_headers: HeaderEditForm = default(HeaderEditForm(), "Header fields of requests to this side.")
    response_headers: HeaderEditForm = default(HeaderEditForm(), "Header fields of this side's answers.")
    rewrite: RewriteForm = default(RewriteForm(), "Another path or Host for this side.")

    def spec(self) -> model.SideFilters:
        return model.SideFilters(self.request_headers.spec(), self.response_headers.spec(), self.rewrite.spec())


class FiltersForm(Form):
    """What is changed in the requests and answers of a route, in whatever stage; the copies too. Answers are compared
    as clients get them, after all filters. [Adapters](adapters.md) shows each by example."""

    request_headers: HeaderEditForm = default(HeaderEditForm(), "Header fields of requests, whichever side is asked.")
    response_headers: HeaderEditForm = default(HeaderEditForm(), "Header fields of answers, whichever side answers.")
    rewrite: RewriteForm = default(RewriteForm(), "Another path or Host, whichever side is asked.")
    legacy: SideFiltersForm = default(SideFiltersForm(), "For the legacy side only.")
    extracted: SideFiltersForm = default(SideFiltersForm(), "For the extracted side only.")
    redirect: RedirectForm | None = default(None, "Answer with a redirect; no side is asked.")
    cors: CorsForm | None = default(None, "Which origins a browser may let use the route.")
    deprecation: DeprecationForm | None = default(None, "Tell clients that the route goes away.")

    @model_validator(mode="after")
    def _one_target(self) -> FiltersForm:
        if self.redirect and any(one.rewrite != RewriteForm() for one in (self, self.legacy, self.extracted)):
            raise bad("has a `redirect` and a `rewrite`, but a redirect asks no backend", "Keep one of the two.")
        return self

    def rewrites_prefix(self) -> bool:
        """Whether a ReplacePrefixMatch is among them, which needs a PathPrefix to replace."""
        paths = [one.rewrite.path for one in (self, self.legacy, self.extracted)]
        paths.append(self.redirect.path if self.redirect else None)
        return any(path is not None and path.type == RewriteType.PREFIX for path in paths)

    def spec(self) -> model.Filters:
        return model.Filters(
            request_headers=self.request_headers.spec(),
            response_headers=self.response_headers.spec(),
            rewrite=self.rewrite.spec(),
            legacy=self.legacy.spec(),
            extracted=self.extracted.spec(),
            redirect=self.redirect.spec() if self.redirect else None,
            cors=self.cors.spec() if self.cors else None,
            deprecation=self.deprecation.spec() if self.deprecation else None,
        )


class PublicRewriteForm(Form):
    """For a backend that knows itself by another name than the public one."""

    host: OneHost | None = default(None, "The Host it is sent. X-Forwarded-Host still has the client's.")
    location: Flag = default(
        _PUBLIC.location,
        "`true`: redirects to the backend's own host and port, or below a rewritten prefix, come back with the public"
        " ones (`Location`, `Content-Location`).",
    )
    cookies: Flag = default(
        _PUBLIC.cookies, "`true`: so do cookies: `Domain` of its own host, `Path` below a rewritten prefix."
    )

    def spec(self) -> model.PublicRewrite:
        return model.PublicRewrite(self.host, self.location, self.cookies)


class TimeoutsForm(Form):
    """How long a route may take. What its backends say of themselves holds besides."""

    request: DurationOrZero | None = default(
        None,
        "The whole exchange, from the request's head to the answer's end. Beyond: 504, or the answer is cut. `0s`: no"
        " bound.",
    )
    backend_request: DurationOrZero | None = default(
        None,
        "One try at one backend, to the answer's end. Beyond, before the answer began, legacy may step in. `0s`: no"
        " bound.",
    )

    @model_validator(mode="after")
    def _fit(self) -> TimeoutsForm:
        if self.request and self.backend_request and self.backend_request > self.request:
            raise bad("gives one try more than the whole exchange", "`backend_request` is at most `request`.")
        return self

    def spec(self) -> model.Timeouts:
        return model.Timeouts(self.request or None, self.backend_request or None)
