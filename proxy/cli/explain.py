"""`strangler explain`: what would happen to one request."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from proxy.cli.options import config_option, json_option, parsed, read_bytes
from proxy.cli.output import Trouble, indented, show, show_json, styled
from proxy.cli.routes_file import compiled

if TYPE_CHECKING:
    from proxy.model.headers import HeaderPair
    from proxy.model.heads import RequestHead


def parse_header(text: str) -> HeaderPair:
    """`Name: value` as the bytes of the wire."""
    name, colon, value = text.partition(":")
    if not colon or not name.strip() or any(mark in text for mark in "\r\n\0"):
        raise ValueError(f"{text!r} is not a header; write 'Name: value'")
    return name.strip().encode(), value.strip().encode()


def request_head(method: str, url: str, headers: tuple[HeaderPair, ...], body: bytes | None) -> RequestHead:
    """The head a client would send. A URL with a host gives the Host header, unless one is given."""
    from proxy.model.heads import RequestHead

    parts = urlsplit(url)
    host, target = parts.netloc, url
    if host:
        target = url.split("//", 1)[1][len(host) :].partition("#")[0]
        target = target if target.startswith("/") else f"/{target}"
    names = {name.lower() for name, _ in headers}
    made = [] if b"host" in names else [(b"Host", (host or "localhost").encode())]
    made += headers
    if body is not None and not names & {b"content-length", b"transfer-encoding"}:
        made.append((b"Content-Length", str(len(body)).encode()))
    return RequestHead(method.encode(), target.encode(), (1, 1), tuple(made))


@click.command()
@click.argument("method")
@click.argument("url")
@click.option(
    "-H",
    "--header",
    "headers",
    multiple=True,
    metavar="'K: V'",
    help="A header of the request; repeatable.",
    callback=lambda ctx, option, texts: tuple(parsed(parse_header)(ctx, option, text) for text in texts),
)
@click.option("--body", metavar="FILE", help="The request's body.")
@click.option("--client-ip", default="127.0.0.1", show_default=True, metavar="IP", help="The address it comes from.")
@config_option
@json_option
def command(
    method: str,
    url: str,
    headers: tuple[HeaderPair, ...],
    body: str | None,
    client_ip: str,
    config: str,
    as_json: bool,
) -> None:
    """Explain which route a request belongs to, which side answers it and why, and what is sent there.

    Decided by the same code as the running proxy, from the routes file alone: overrides and a halt by command are seen
    in `strangler status`. URL is a path, or a whole URL whose host counts.

    \b
    Example:
      strangler explain GET /v1/charges/ch_1 -H 'Cookie: session=abc'

    \b
    Exit codes:
      0  explained, also when no route matches
      2  trouble: bad arguments, or the file cannot be read or has errors
    """
