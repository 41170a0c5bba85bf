"""Row 3: a path that one reader takes for `/admin` and another does not is never sent where a reader could differ.

`/admin` is answered by the extracted side, everything else by legacy. Each spelling below reaches `/admin` in some
server of the field; it is refused, or it goes to the extracted side. It never slips to legacy.
"""

from __future__ import annotations

import pytest

from proxy.model.sides import Stage
from tests.support.engine import Running, backend, route, spec_of
from tests.support.wire import RawUpstream, ok

SPELLINGS = [
    b"/x/../admin", b"/x/%2e%2e/admin", b"/x/.%2e/admin", b"/x/%2E./admin", b"/x/..%2fadmin", b"/x%2f..%2fadmin",
    b"/x/..;/admin", b"/x/..;a=b/admin", b"/x/%2e%2e;/admin", b"/x/..%3b/admin", b"/./admin", b"/.//admin", b"//admin",
    b"///admin", b"/%2fadmin", b"/%2Fadmin", b"/%5cadmin", b"/\\admin", b"/x\\..\\admin", b"/x/..\\admin",
    b"/x/%5c..%5cadmin", b"/x%5c..%5cadmin", b"/%61dmin", b"/%2561dmin", b"/adm%69n", b"/%25%36%31dmin", b"/admin/",
    b"/admin//", b"/admin/.", b"/admin/x/..", b"/admin%2f", b"/admin%2fx", b"/admin%5cx", b"/admin\\x", b"/admin%00",
    b"/admin%00x", b"/admin%23", b"/admin%23x", b"/admin%3fx", b"/admin?x",
    b"/x/%252e%252e/admin", b"/x/%252e%252e%252fadmin", b"/%252fadmin", b"/x/%2e%2e%2fadmin", b"/.%2fadmin",
    b"/%2e/admin", b"/%2e%2fadmin", b"/x/y/../../admin", b"/x/y/..%2f../admin", b"/../admin", b"/%2e%2e/admin",
    b"/..;/admin", b"/.;/admin",
]  # fmt: skip
INNOCENT = [
    b"/x/admin",
    b"/administrator",
    b"/x?/admin",
    b"/x?p=/../admin",
    b"/x%20y",
    b"/caf%c3%a9",
    b"/a.b/..c",
    b"/a;b",
]
# Part of the segment, as RFC 3986 section 3.3 has it: `/shop;jsessionid=1` of a Java monolith is no attack. Servlet
# containers drop them, so such a request may be read as the route's there; it is answered by legacy, as before.
PARAMETERS = [b"/admin;x", b"/admin;/x", b"/admin%3bx", b"/;/admin", b"/;x=y/admin"]


@pytest.mark.parametrize("target", SPELLINGS)
async def test_no_spelling_of_a_path_slips_past_its_route(target: bytes) -> None:
    legacy, extracted = RawUpstream.answering(ok()), RawUpstream.answering(ok())
    async with legacy, extracted:
        both = (backend("legacy", legacy.port), backend("extracted", extracted.port))
        async with Running(spec_of(*both, routes=(route(Stage.LIVE, "/admin"),))) as proxy:
            answer = await proxy.one(b"GET " + target + b" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            assert legacy.requests == []
            if answer.startswith(b"HTTP/1.1 200 "):
                assert extracted.requests[0][0].startswith(b"GET " + target + b" "), "as it was sent"
            else:
                assert answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("target", INNOCENT + PARAMETERS)
async def test_paths_with_one_reading_pass(target: bytes) -> None:
    legacy, extracted = RawUpstream.answering(ok()), RawUpstream.answering(ok())
    async with legacy, extracted:
        both = (backend("legacy", legacy.port), backend("extracted", extracted.port))
        async with Running(spec_of(*both, routes=(route(Stage.LIVE, "/admin"),))) as proxy:
            await proxy.one(b"GET " + target + b" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            assert legacy.requests[0][0].startswith(b"GET " + target + b" ")
