"""A backend in a process of its own, so that it can be killed: `python -m tests.faults.standin PORT` answers `good`."""

from __future__ import annotations

import asyncio
import sys

from tests.support.wire import RawUpstream, ok


async def main(port: int) -> None:
    upstream = RawUpstream.answering(ok(b"good", b"X-Build: b1"))
    await upstream.start(port)
    print("ready", flush=True)  # noqa: T201 - the parent waits for it
    while True:
        upstream.requests.clear()
        upstream.trouble.clear()
        await asyncio.sleep(1)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
