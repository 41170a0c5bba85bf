"""Writes that are only tried.

The proxy marks the copy of a request with `X-Strangler-Shadow: 1`; the client is answered by the other side, which does
the work. A marked request runs the same code up to the same answer, in a transaction that is rolled back. Handlers
write through `write` alone, so none can forget the mark. What a transaction cannot take back (a mail, a call to a bank)
must ask `is_shadow` first; nothing here does such a thing yet.
"""

from collections.abc import Callable
from sqlite3 import Connection
from typing import TypeVar

from aiohttp import web

from extracted.chassis.database import DATABASE

T = TypeVar("T")
MARK = "X-Strangler-Shadow"


def is_shadow(request: web.Request) -> bool:
    return request.headers.get(MARK) == "1"


async def write(request: web.Request, work: Callable[[Connection], T]) -> T:
    """Run `work` in one transaction for this request; what a shadow writes is rolled back."""
    return await request.app[DATABASE].transaction(work, keep=not is_shadow(request))
