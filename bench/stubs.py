"""Two tiny upstreams for what nginx cannot play: one moves bodies of any size, one accepts and never answers.

`python -m bench.stubs BULK_PORT HANG_PORT`. Bulk: `GET .../N` answers N bytes, `POST` reads the whole body, then
answers its size. Blocking sockets, one thread per connection: there are only a few.
"""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Callable

BLOCK = bytes(256 * 1024)
Handler = Callable[[socket.socket], None]


def content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


def read_head(connection: socket.socket, buffer: bytes) -> tuple[bytes, bytes]:
    """The next head and what came after it; an empty head when the peer closed."""
    while b"\r\n\r\n" not in buffer:
        piece = connection.recv(65536)
        if not piece:
            return b"", b""
        buffer += piece
    head, _, rest = buffer.partition(b"\r\n\r\n")
    return head, rest


def bulk(connection: socket.socket) -> None:
    rest = b""
    scratch = bytearray(256 * 1024)
    while True:
        head, rest = read_head(connection, rest)
        if not head:
            return
        method, target, _ = head.split(b" ", 2)
        if method == b"GET":
            send_bytes(connection, int(target.rpartition(b"/")[2]))
            continue
        wanted = content_length(head)
        left = wanted - len(rest)
        rest = b""
        while left > 0:
            count = connection.recv_into(scratch, min(left, len(scratch)))
            if not count:
                return
            left -= count
        text = b'{"read":%d}' % wanted
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(text) + text
        )


def send_bytes(connection: socket.socket, size: int) -> None:
    connection.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n" % size
    )
    left = size
    while left > 0:
        piece = BLOCK if left >= len(BLOCK) else BLOCK[:left]
        connection.sendall(piece)
        left -= len(piece)


def hang(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def serve(listener: socket.socket, handler: Handler) -> None:
    def run(connection: socket.socket) -> None:
        with connection:
            try:
                handler(connection)
            except ConnectionError as error:
                print(f"{handler.__name__}: {error}", flush=True)

    while True:
        connection, _ = listener.accept()
        threading.Thread(target=run, args=(connection,), daemon=True).start()


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    for port, handler in ((int(sys.argv[1]), bulk), (int(sys.argv[2]), hang)):
        listener = socket.create_server(("127.0.0.1", port), backlog=512)
        threading.Thread(target=serve, args=(listener, handler), daemon=True).start()
    signal.pause()


if __name__ == "__main__":
    main()
