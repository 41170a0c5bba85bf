"""The admin port on its real socket, by raw bytes: no token, odd hosts, paths that climb, bodies that never end."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from proxy.admin import make_app
from tests.admin.helpers import Control
from tests.support.wire import connect

OPEN = {"/healthz", "/readyz", "/", "/dashboard.js", "/dashboard.css"}


@pytest.fixture
def control() -> Control:
    return Control()


async def served(control: Control, token: str | None) -> AsyncIterator[int]:
    runner = web.AppRunner(make_app(control.face(), token=token))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield int(runner.addresses[0][1])
    await runner.cleanup()


@pytest.fixture
async def guarded(control: Control) -> AsyncIterator[int]:
    async for port in served(control, "s3cret"):
        yield port


@pytest.fixture
async def unguarded(control: Control) -> AsyncIterator[int]:
    async for port in served(control, None):
        yield port


async def ask(port: int, raw: bytes) -> bytes:
    """The whole answer; the request must ask for the end of the connection, or be refused."""
    async with await connect(port) as wire:
        await wire.send(raw)
        try:
            return await wire.rest()
        except ConnectionResetError:
            return b""


def get(target: str, *lines: str) -> bytes:
    return "\r\n".join(
        (f"GET {target} HTTP/1.1", "Connection: close", *(lines or ("Host: localhost",)), "", "")
    ).encode()


async def test_every_address_that_there_is_demands_the_token(control: Control, guarded: int) -> None:
    """Whoever adds an address need not think of it: what is not named as open is closed."""
    app = make_app(control.face(), token="s3cret")
    asked = 0
    for one in app.router.routes():
        assert one.resource is not None
        path = one.resource.canonical.replace("{route}", "charge-read").replace("{signature}", "0123456789ab")
        head = f"{one.method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        answer = await ask(guarded, head.encode() + b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        expected = b"200" if path in OPEN else b"401"
        assert answer.split(b" ", 2)[1] == expected, path
        asked += 1
    assert asked > 20
    assert control.done == []


@pytest.mark.parametrize(
    "path",
    [
        "/healthz/../api/v1/status", "/healthz/%2e%2e/api/v1/status", "//api/v1/status", "/healthz/..;/api/v1/status",
        "/api/v1/../v1/status", "/%61pi/v1/status", "/healthz%00/../api/v1/status", "/healthz%2f..%2fapi/v1/status",
        "/dashboard.js/../api/v1/status", "/?x=/api/v1/status", "/healthz;/../metrics", "/api/v1/status?healthz",
        "/api/v1/status/", "/API/v1/status", "http://localhost/api/v1/status", "/healthz?/../../api/v1/status",
    ],
)  # fmt: skip
async def test_no_spelling_of_a_path_gets_data_without_the_token(guarded: int, path: str) -> None:
    answer = await ask(guarded, get(path))
    assert b"charge-read" not in answer
    assert b"strangler_halted" not in answer


@pytest.mark.parametrize(
    "path",
    [
        "/../../../../etc/passwd", "/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2f..%2fetc/passwd",
        "/....//etc/passwd",
        "/..\\..\\etc\\passwd", "/%00/etc/passwd", "/dashboard.html", "/dashboard.js%00.html", "/admin/guard.py",
        "/../guard.py", "/%2e%2e/guard.py", "/dashboard.js/../guard.py", "/api/v1/routes/..%2f..%2f..%2fetc%2fpasswd",
        "/api/v1/routes/%2e%2e/verdict", "/api/v1/routes/charge-read/mismatches/..%2f..%2fetc%2fpasswd", "file:///etc/passwd",
    ],
)  # fmt: skip
async def test_no_path_leads_to_a_file(unguarded: int, path: str) -> None:
    answer = await ask(unguarded, get(path))
    assert answer.split(b" ", 2)[1] in (b"400", b"404"), answer
    assert b"root:" not in answer
    assert b"import" not in answer


@pytest.mark.parametrize(
    "lines",
    [
        ("Host: evil.example",), ("Host: localhost", "Host: evil.example"), ("Host: evil.example", "Host: localhost"),
        ("Host: localhost@evil.example",), ("Host: localhost.evil.example",), ("Host: evil.example:9900",), ("Host:",),
        ("Host: evil.example", "X-Forwarded-Host: localhost"), ("Host: 127.0.0.1.nip.io",), ("Host: 0x7f000001",),
        ("Host: localhost, evil.example",), ("Host: [::ffff:10.0.0.1]",), ("X-A: no host at all",), ("Host: 0.0.0.0",),
    ],
)  # fmt: skip
async def test_a_name_that_was_bound_to_loopback_is_refused(unguarded: int, lines: tuple[str, ...]) -> None:
    answer = await ask(unguarded, get("/api/v1/status", *lines))
    assert answer.split(b" ", 2)[1] in (b"400", b"403"), answer
    assert b"charge-read" not in answer


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "HALT"])
async def test_other_methods_do_nothing(unguarded: int, control: Control, method: str) -> None:
    answer = await ask(unguarded, get("/api/v1/halt").replace(b"GET", method.encode(), 1))
    assert int(answer.split(b" ", 2)[1]) >= 400
    assert control.done == []


@pytest.mark.parametrize("override", ["X-HTTP-Method-Override: POST", "X-Method-Override: POST", "X-HTTP-Method: POST"])
async def test_a_read_is_never_made_a_write(unguarded: int, control: Control, override: str) -> None:
    answer = await ask(unguarded, get("/api/v1/halt?_method=POST", "Host: localhost", override))
    assert answer.split(b" ", 2)[1] == b"405"
    assert control.done == []


_POST = b"POST /api/v1/halt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("raw", "statuses"),
    [
        (b"Content-Length: 70000\r\n\r\n" + b" " * 70000, (b"413",)),
        (b"Transfer-Encoding: chunked\r\n\r\n" + b"2000\r\n%b\r\n" % (b" " * 8192) * 9 + b"0\r\n\r\n", (b"413",)),
        (b"Content-Length: 60000\r\n\r\n" + b"[" * 60000, (b"400",)),
        (b"Content-Length: 9\r\n\r\n" + b'{"who":1}', (b"400",)),
        (b"Content-Length: 4\r\n\r\n\xff\xfe\x00\x01", (b"400",)),
        (b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", (b"400",)),
        (b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", (b"400",)),
        (b"X: " + b"y" * 100_000 + b"\r\n\r\n", (b"400", b"431")),
    ],
)  # fmt: skip
async def test_bodies_and_heads_have_bounds(
    unguarded: int, control: Control, raw: bytes, statuses: tuple[bytes, ...]
) -> None:
    answer = await ask(unguarded, _POST + raw)
    assert answer.split(b" ", 2)[1] in statuses, answer[:300]
    assert control.done == []
    assert b"Traceback" not in answer
