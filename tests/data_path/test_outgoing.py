"""When what is written leaves: at the end of the loop's turn, or at once, and always in order."""

from __future__ import annotations

import asyncio
import socket
from typing import cast

from proxy.data_path.outgoing import LARGE, MOST, Outgoing, Sending


def arrived(end: socket.socket) -> bytes:
    """What is there now; nobody waits."""
    try:
        return end.recv(4 * LARGE)
    except BlockingIOError:
        return b""


async def connected(outgoing: Outgoing) -> tuple[Sending, socket.socket]:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    sending = Sending(outgoing)
    sending.transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
    return sending, theirs


async def test_messages_of_a_turn_leave_as_one_at_its_end() -> None:
    sending, theirs = await connected(Outgoing(asyncio.get_running_loop()))
    with theirs:
        sending.write(b"one ")
        sending.write(b"two")
        assert arrived(theirs) == b""
        await asyncio.sleep(0)
        assert arrived(theirs) == b"one two"
        sending.write(b"three")
        await asyncio.sleep(0)
        assert arrived(theirs) == b"three", "the next turn's, too"
        sending.transport.close()


async def test_a_piece_leaves_at_once_and_after_what_waits() -> None:
    sending, theirs = await connected(Outgoing(asyncio.get_running_loop()))
    with theirs:
        sending.write(b"head ")
        sending.write_now(b"piece")
        assert arrived(theirs) == b"head piece"
        sending.write(b"x")
        large = bytes(LARGE)
        sending.write(large)
        assert arrived(theirs) == b"x" + large
        await asyncio.sleep(0)
        assert arrived(theirs) == b""
        sending.transport.close()


async def test_a_long_turn_holds_nobody_up() -> None:
    outgoing = Outgoing(asyncio.get_running_loop())
    pairs = [await connected(outgoing) for _ in range(MOST)]
    for sending, _ in pairs[:-1]:
        sending.write(b"answer")
    assert not any(arrived(theirs) for _, theirs in pairs)
    pairs[-1][0].write(b"answer")
    assert [arrived(theirs) for _, theirs in pairs] == [b"answer"] * MOST
    for sending, theirs in pairs:
        sending.transport.close()
        theirs.close()


async def test_what_waits_for_a_connection_that_is_closed_meanwhile_is_dropped() -> None:
    outgoing = Outgoing(asyncio.get_running_loop())
    gone, theirs = await connected(outgoing)
    other, others = await connected(outgoing)
    with theirs, others:
        gone.write(b"nobody reads this")
        other.write(b"answer")
        gone.transport.abort()
        await asyncio.sleep(0)
        assert arrived(others) == b"answer"
        other.transport.close()


async def test_what_comes_afterwards_comes_when_all_is_sent() -> None:
    outgoing = Outgoing(asyncio.get_running_loop())
    sending, theirs = await connected(outgoing)
    found: list[bytes] = []
    with theirs:
        sending.write(b"answer")
        outgoing.afterwards(lambda: found.append(arrived(theirs)))
        outgoing.afterwards(lambda: sending.write(b"copy"))
        assert not found
        await asyncio.sleep(0)
        assert (found, arrived(theirs)) == ([b"answer"], b"")
        await asyncio.sleep(0)
        assert arrived(theirs) == b"copy"
        outgoing.afterwards(lambda: found.append(b"with nothing to send"))
        await asyncio.sleep(0)
        assert found[1:] == [b"with nothing to send"]
        sending.transport.close()


async def test_one_that_fails_holds_nobody_else_back() -> None:
    loop, told = asyncio.get_running_loop(), list[str]()
    loop.set_exception_handler(lambda _, context: told.append(str(context["exception"])))
    outgoing = Outgoing(loop)
    broken, theirs = await connected(outgoing)
    sending, others = await connected(outgoing)

    copied = asyncio.Event()

    def fail() -> None:
        raise RuntimeError("a defect")

    with theirs, others:
        broken.write(b"answer")
        transport, broken.transport = broken.transport, cast(asyncio.Transport, None)
        sending.write(b"answer")
        outgoing.afterwards(fail)
        outgoing.afterwards(copied.set)
        await asyncio.wait_for(copied.wait(), 10)
        assert arrived(others) == b"answer"
        assert len(told) == 2
        assert told[1] == "a defect"
        transport.close()
        sending.transport.close()
