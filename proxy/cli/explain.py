"""`strangler explain`: what would happen to one request."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

import click

from proxy.cli.formats import clean, counted
from proxy.cli.options import config_option, json_option, parsed, read_bytes
from proxy.cli.output import indented, show, show_json, styled
from proxy.cli.routes_file import compiled

if TYPE_CHECKING:
    from proxy.model.decision import Decision
    from proxy.model.headers import HeaderPair
    from proxy.model.heads import RequestHead
    from proxy.model.spec import RoutesSpec
    from proxy.routing import Explanation

_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token, RFC 9110 section 5.6.2


def parse_method(text: str) -> bytes:
    if not _METHOD.fullmatch(text):
        raise ValueError(f"{text!r} is not a method")
    if text != text.upper():
        raise ValueError(f"methods are written in capitals: {text.upper()}")
    from proxy.config.fields import METHODS  # late: --help need not wait for it

    if text not in METHODS:
        code, why = (405, "never forwarded") if text == "CONNECT" else (501, "not known to the proxy")
        raise ValueError(f"{text} is {why}: clients get {code}. Known are {', '.join(METHODS)}")
    return text.encode()


def parse_url(text: str) -> tuple[bytes | None, bytes]:
    """(host or None, target). A fragment is dropped, as clients do."""
    text = text.partition("#")[0]
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError(f"{text!r} holds characters that a request line cannot carry; percent-encode them")
    whole = re.match(r"https?://([^/?]+)", text, re.IGNORECASE)
    host = whole[1].rpartition("@")[2].encode() if whole else None
    target = text[whole.end() :] if whole else text
    if whole and not target.startswith("/"):
        target = f"/{target}"
    if not target.startswith("/") and target != "*":
        raise ValueError(f"{text!r} is neither a path nor a URL; write /v1/charges or http://host/v1/charges")
    return host, target.encode()


def parse_header(text: str) -> HeaderPair:
    """`Name: value` as the bytes of the wire."""
    name, colon, value = text.partition(":")
    if not colon or not _METHOD.fullmatch(name) or any(mark in value for mark in "\r\n\0"):
        raise ValueError(f"{text!r} is not a header; write 'Name: value'")
    return name.encode(), value.strip().encode()


def parse_ip(text: str) -> str:
    return str(ipaddress.ip_address(text))


def request_head(
    method: bytes, url: tuple[bytes | None, bytes], headers: tuple[HeaderPair, ...], body: bytes | None
) -> RequestHead:
    """The head that a client would send; Host and Content-Length are added where they are missing."""
    from proxy.model.heads import RequestHead

    host, target = url
    given = {name.lower() for name, _ in headers}
    made = list(headers)
    if b"host" not in given:
        made.insert(0, (b"Host", host or b"localhost"))
    if body is not None and not given & {b"content-length", b"transfer-encoding"}:
        made.append((b"Content-Length", str(len(body)).encode()))
    return RequestHead(method, target, (1, 1), made)


def _headers(ctx: click.Context, option: click.Parameter, texts: tuple[str, ...]) -> tuple[HeaderPair, ...]:
    return tuple(parsed(parse_header)(ctx, option, text) for text in texts)


@click.command()
@click.argument("method", callback=parsed(parse_method))
@click.argument("url", callback=parsed(parse_url))
@click.option("-H", "--header", "headers", multiple=True, metavar="'K: V'", callback=_headers, help="Repeatable.")
@click.option("--body", metavar="FILE", help="The request's body.")
@click.option(
    "--client-ip",
    default="127.0.0.1",
    show_default=True,
    metavar="IP",
    callback=parsed(parse_ip),
    help="Where the request comes from.",
)
@config_option
@json_option
def command(
    method: bytes,
    url: tuple[bytes | None, bytes],
    headers: tuple[HeaderPair, ...],
    body: str | None,
    client_ip: str,
    config: str,
    as_json: bool,
) -> None:
    """Explain which route a request belongs to, which side answers it and why, and what is sent there.

    Decided by the same code as in the running proxy, from the routes file alone: what overrides and a halt by command
    have changed is seen in `strangler status`. URL is a path, or a whole URL whose host counts.

    \b
    Example:
      strangler explain GET /v1/charges/ch_1 -H 'Cookie: session=abc'

    \b
    Exit codes:
      0  explained, also when no route matches
      2  trouble: bad arguments, or the file cannot be read or has errors
    """
    from proxy import routing
    from proxy.runtime.load import states_of_file

    head = request_head(method, url, headers, read_bytes(body) if body else None)
    source = compiled(config)
    snapshot = source.snapshot(states_of_file(source.spec), 1, source.spec.halt)
    explanation = routing.explain(snapshot, head, client_ip)
    filters = _filters(source.spec, explanation)
    if as_json:
        show_json({**_plain(explanation), "filters": filters})
    else:
        _show(explanation, filters)


def _filters(spec: RoutesSpec, explanation: Explanation) -> dict[str, str]:
    """What is changed on the way by the route and by the answering backend, in words."""
    from proxy import config

    route = spec.by_name.get(explanation.route or "")
    words = config.filter_words(route.filters) if route else {}
    if explanation.decision is not None:
        backend = spec.backends[explanation.decision.backend]
        words |= {f"backend {backend.name}: {key}": text for key, text in config.filter_words(backend.rewrite).items()}
    return words


def _show(explanation: Explanation, filters: dict[str, str]) -> None:
    decision = explanation.decision
    if decision is None:
        show(styled("Refused: the path can be read in ways that belong to different routes.", "bold red"))
        show(*(indented(f"read as {reading}") for reading in explanation.readings))
    else:
        match = f" ({explanation.match})" if explanation.match else ""
        show(styled("route    ").append(clean(f"{explanation.route or 'none, legacy answers'}{match}"), style="bold"))
        for name, text in _words(decision):
            show(f"{name:9}{clean(text)}")
    if explanation.considered:
        show(
            "", styled(f"considered, in order of precedence ({counted(len(explanation.considered), 'match')})", "bold")
        )
    for one in explanation.considered:
        show(indented(f"{one.route}: {one.match}: {one.objection or 'holds'}"))
    if filters:
        show("", styled("changed on the way", "bold"), *(indented(f"{key}: {text}") for key, text in filters.items()))
    if explanation.own:
        show("", styled("answered by the proxy itself, no side is asked", "bold"))
        show(*(indented(line) for line in explanation.own.splitlines() if line))
    if explanation.refused:
        show("", styled("Refused: the path would have several meanings after it was rewritten.", "bold red"))
    if explanation.upstream:
        show("", styled(f"sent to {explanation.decision.backend if explanation.decision else ''}", "bold"))
        show(*(indented(line) for line in explanation.upstream.splitlines() if line))


def _words(decision: Decision) -> list[tuple[str, str]]:
    return [
        ("stage", str(decision.stage)),
        ("answers", f"{decision.side}, backend {decision.backend}"),
        ("why", decision.why),
        *([("then", f"the client reads from {decision.side} for a time")] if decision.holds else []),
        ("copy to", decision.shadow_backend or "nobody"),
        ("fallback", decision.fallback_backend or "none"),
    ]


def _plain(explanation: Explanation) -> dict[str, object]:
    decision = explanation.decision
    return {
        "route": explanation.route,
        "match": explanation.match,
        "ambiguous": explanation.ambiguous,
        "readings": list(explanation.readings),
        "considered": [one._asdict() for one in explanation.considered],
        "decision": {**decision._asdict(), "stage": str(decision.stage), "side": str(decision.side)}
        if decision
        else None,
        "upstream": explanation.upstream,
        "own_answer": explanation.own,
        "refused": explanation.refused,
    }
