"""The proxy everybody writes first: `aiohttp.web` in front, one `ClientSession` behind.

`python -m bench.naive_proxy PORT UPSTREAM_PORT`. It streams both ways and removes the usual hop-by-hop headers, no
more.
"""

from __future__ import annotations

import sys

import uvloop
from aiohttp import ClientSession, DummyCookieJar, TCPConnector, web
from multidict import CIMultiDict, CIMultiDictProxy

HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
SESSION = web.AppKey("session", ClientSession)
UPSTREAM = web.AppKey("upstream", str)


def end_to_end(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in HOP)


async def forward(request: web.Request) -> web.StreamResponse:
    url = request.app[UPSTREAM] + request.raw_path
    data = request.content if request.can_read_body else None
    headers = end_to_end(request.headers)
    send = request.app[SESSION].request
    async with send(request.method, url, headers=headers, data=data, allow_redirects=False) as answer:
        response = web.StreamResponse(status=answer.status, headers=end_to_end(answer.headers))
        await response.prepare(request)
        async for piece in answer.content.iter_any():
            await response.write(piece)
        await response.write_eof()
        return response


async def make_app() -> web.Application:
    app = web.Application(client_max_size=0)
    app[SESSION] = ClientSession(connector=TCPConnector(limit=0), cookie_jar=DummyCookieJar(), auto_decompress=False)
    app[UPSTREAM] = f"http://127.0.0.1:{sys.argv[2]}"
    app.router.add_route("*", "/{path:.*}", forward)
    return app


if __name__ == "__main__":
    uvloop.install()
    web.run_app(make_app(), host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
