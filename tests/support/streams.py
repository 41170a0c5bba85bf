"""A backend whose answers do not end by themselves, and clients that read them."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from tests.support.running import PATIENCE

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
DOWNLOAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"


class Streams:
    """Every answer begins with the backend's name and then waits for `say`. `down` in the path makes it a download, an
    Upgrade a tunnel, all else is an event stream."""

    def __init__(self, name: str) -> None:
        self.name = name.encode()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.open: dict[socket.socket, bool] = {}  # and whether its pieces are chunks
        self.lock = threading.Lock()

    def __enter__(self) -> Streams:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.listener.close()
        for connection in list(self.open):
            connection.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def say(self, words: bytes) -> None:
        """The next piece of every answer that is still under way."""
        with self.lock:
            for connection, chunked in list(self.open.items()):
                with suppress(OSError):
                    connection.sendall(b"%x\r\n%b\r\n" % (len(words), words) if chunked else words)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                piece = connection.recv(4096)
                if not piece:
                    return
                head += piece
            chunked = b"upgrade:" not in head.lower() and b"/down" not in head
            opening = EVENTS if chunked else DOWNLOAD if b"/down" in head else SWITCH
            first = b"%x\r\n%b\r\n" % (len(self.name), self.name) if chunked else self.name
            with self.lock:
                connection.sendall(opening + first)
                self.open[connection] = chunked
            while connection.recv(4096):
                pass
        with self.lock:
            self.open.pop(connection, None)
        connection.close()


class Reader:
    """A client of one answer."""

    def __init__(self, port: int, path: str, *headers: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        lines = "".join(f"{line}\r\n" for line in headers)
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\n{lines}\r\n".encode())
        self.seen = b""

    def sees(self, words: bytes) -> bool:
        """Reads until the words came; False when the connection ended before."""
        while words not in self.seen:
            try:
                piece = self.socket.recv(4096)
            except ConnectionError:
                return False
            if not piece:
                return False
            self.seen += piece
        return True

    def ends(self) -> bool:
        """True once the connection has ended; waits for it. Raises TimeoutError when it does not."""
        return not self.sees(b"words that nobody says")

    def close(self) -> None:
        self.socket.close()


def tunnel(port: int, path: str, *headers: str) -> Reader:
    return Reader(port, path, "Connection: Upgrade", "Upgrade: websocket", *headers)
