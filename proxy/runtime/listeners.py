"""The listening sockets: opened here, or taken over from whoever opened them.

A socket that outlives the process that reads from it is how nothing is refused while processes come and go. So the
supervisor opens them and its children only borrow them. Before that a process manager may have opened them:
`sd_listen_fds(3)` is the agreement (LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES, descriptors from 3 on), and what was
handed over that way stays open while the proxy is restarted.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import stat
import struct
from collections.abc import Iterator, Mapping

from proxy.runtime.settings import Address, Settings, UnixAddress

FIRST_PASSED = 3  # SD_LISTEN_FDS_START
NAMES = ("public", "admin")
SO_ATTACH_FILTER = 26  # Linux, asm-generic/socket.h; Python has no name for it
BPF_RETURN = 0x06  # linux/bpf_common.h: BPF_RET | BPF_K, and k = 0 keeps no byte of the packet


class StartError(Exception):
    """Something a person must mend before the proxy can start; the text says what and how."""


@contextlib.contextmanager
def listeners(settings: Settings, passed: Mapping[str, int]) -> Iterator[dict[str, socket.socket]]:
    """The sockets by name. `passed` are descriptors that somebody opened before; the others are opened at the addresses
    of the settings."""
    addresses = {"public": (settings.listen, "--listen"), "admin": (settings.admin, "--admin")}
    with contextlib.ExitStack() as stack:
        yield {
            name: stack.enter_context(_taken(passed[name], name) if name in passed else _listen(*addresses[name]))
            for name in NAMES
        }


def passed_by_manager() -> dict[str, int]:
    """The descriptors of sd_listen_fds(3) by name. Without names the first is public, the second admin."""
    pid, count, names = (os.environ.pop(f"LISTEN_{what}", "") for what in ("PID", "FDS", "FDNAMES"))
    if pid != str(os.getpid()) or not count.isdecimal():
        return {}
    given = names.split(":") if names else []
    found = dict(
        zip(given if set(given) & set(NAMES) else NAMES, range(FIRST_PASSED, FIRST_PASSED + int(count)), strict=False)
    )
    return {name: descriptor for name, descriptor in found.items() if name in NAMES}


def _taken(descriptor: int, name: str) -> socket.socket:
    try:
        listener = socket.socket(fileno=descriptor)
        listening = listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:
        raise StartError(f"the {name} socket that was passed as descriptor {descriptor}: {error.strerror}.") from None
    if not listening:
        raise StartError(f"the {name} socket that was passed as descriptor {descriptor} does not listen.")
    listener.set_inheritable(False)
    listener.setblocking(False)
    return listener


def _listen(address: Address, option: str) -> socket.socket:
    if isinstance(address, UnixAddress):
        return _listen_unix(address, option)
    host, port = address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(4096)
    except (OSError, OverflowError) as error:
        listener.close()
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise StartError(f"can't listen on {host}:{port}: {why}. Give another address with {option}.") from None
    listener.setblocking(False)
    return listener


def _listen_unix(address: UnixAddress, option: str) -> socket.socket:
    """A Unix socket whose file has its mode before anybody can connect. One that nobody listens on is replaced."""
    path, mode = address
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if _is_stale(path):
            os.unlink(path)
        before = os.umask(0o777)
        try:
            listener.bind(path)
        finally:
            os.umask(before)
        os.chmod(path, mode)
        listener.listen(4096)
    except OSError as error:
        listener.close()
        taken = "the path is taken, by a socket that somebody listens on or by another file"
        why = taken if os.path.exists(path) else error.strerror
        raise StartError(f"can't listen on unix:{path}: {why}. Give another path with {option}.") from None
    listener.setblocking(False)
    return listener


def _is_stale(path: str) -> bool:
    """True for the file of a Unix socket that nobody listens on: a process was killed before it could remove it."""
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.setblocking(False)
            probe.connect(path)
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False


def take_no_more(listener: socket.socket) -> None:
    """Lets no new connection begin, without resetting one that has begun.

    Closing a listening socket resets the connections that wait in its backlog: requests that a client has sent already.
    A filter that drops every packet makes new connections wait instead (their SYN is sent again a second later and then
    refused, or answered by the next proxy on this port), while the workers take what the backlog holds and close.
    At a Unix socket its file goes first: who comes later finds none.
    """
    if listener.family == socket.AF_UNIX:
        with contextlib.suppress(OSError):
            os.unlink(listener.getsockname())
        listener.close()
        return
    drop_all = ctypes.create_string_buffer(struct.pack("HBBI", BPF_RETURN, 0, 0, 0))
    with contextlib.suppress(OSError):  # a kernel without socket filters: as good as any other server
        listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(drop_all)))
    listener.close()
