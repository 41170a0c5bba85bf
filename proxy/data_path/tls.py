"""The TLS contexts of one process, by what routes.yaml says of them, and how they follow their files.

A certificate lives for weeks, a process for months, and whoever renews it only writes files. So the files are looked at
once a second, and read when they changed and have rested since the last look (a certificate and its key are two
files, written one after the other). What can't be read, or doesn't fit together, changes nothing: the context made
before stays in force and the trouble is told once. A context that is replaced goes on serving the connections that were
made with it.

The floor is TLS 1.2 (RFC 8996), and ALPN says http/1.1 and nothing else, so that no client tries HTTP/2 here. Ciphers
are those of the OpenSSL that Python was built with. A listener's context is chosen when the client has named its
host (SNI, RFC 6066 section 3), which is also how a renewed certificate gets to a server that is running.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from proxy.data_path.wheel import NEVER, Wheel
from proxy.model.spec import BackendTls, Certificate, RoutesSpec

ALPN = ["http/1.1"]
SHUTDOWN = 2.0  # seconds for the other end's part of a TLS end
LOOK = 1.0  # seconds between two looks at the files

Described = BackendTls | Certificate
Stamp = tuple[tuple[int, int, int], ...]  # of each file: when it was written, its size, its inode


class TlsError(Exception):
    """Files that make no context; the text says which and why, and holds nothing of what is in them."""


@dataclass(slots=True)
class _Kept:
    """A context and the files it came from: `tried` when they were last read, `seen` when they were last looked at."""

    context: ssl.SSLContext | None
    tried: Stamp
    seen: Stamp
    trouble: str


class Keyring:
    """Made by the data path. `told(files, trouble)` hears of each reload (`trouble` is "" for one that
    succeeded) and of files that can't be read at the first time."""

    def __init__(self, wheel: Wheel, told: Callable[[str, str], None]) -> None:
        self._wheel = wheel
        self._told = told
        self._kept: dict[Described, _Kept] = {}
        self.deadline = NEVER
        self.due = NEVER

    @property
    def ok(self) -> bool:
        """False while files could not be read when they last changed."""
        return not any(kept.trouble for kept in self._kept.values())

    def use(self, spec: RoutesSpec) -> None:
        """Makes the contexts that this spec names, and forgets all others."""
        named: list[Described] = [*spec.listen.tls, *(one.tls for one in spec.backends.values() if one.tls)]
        before, self._kept = self._kept, {}
        for one in named:
            kept = self._kept[one] = before.get(one) or self._read(one)
            if one not in before and kept.trouble:
                self._told(_named(one), kept.trouble)
        self._wheel.watch(self, self._wheel.now + LOOK if self._kept else NEVER)

    def context(self, described: Described) -> ssl.SSLContext:
        """The context in force. Raises TlsError where there never was one."""
        kept = self._kept.get(described)
        if kept is None:  # of a pool that is being drained
            kept = self._read(described)
        if kept.context is None:
            raise TlsError(kept.trouble)
        return kept.context

    def listener(self, certificates: Callable[[], tuple[Certificate, ...]]) -> ssl.SSLContext:
        """A context for a server, which takes at each handshake what is right for the host among `certificates()`."""

        def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
            try:
                connection.context = self.context(certificate_for(certificates(), name))
            except (TlsError, IndexError):
                return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
            return None

        context = _server_context()
        context.sni_callback = choose
        return context

    def expired(self, now: float) -> None:
        """Another second has passed."""
        self._wheel.watch(self, now + LOOK)
        for described, kept in self._kept.items():
            stamp = _stamp(described)
            if stamp != kept.tried and stamp == kept.seen:
                self._again(described, kept)
            kept.seen = stamp

    def _again(self, described: Described, kept: _Kept) -> None:
        fresh = self._read(described)
        kept.tried, kept.trouble = fresh.tried, fresh.trouble
        kept.context = fresh.context or kept.context
        self._told(_named(described), fresh.trouble)

    def _read(self, described: Described) -> _Kept:
        stamp = _stamp(described)
        try:
            return _Kept(make_context(described), stamp, stamp, "")
        except TlsError as trouble:
            return _Kept(None, stamp, stamp, str(trouble))


def certificate_for(certificates: tuple[Certificate, ...], name: str | None) -> Certificate:
    """The certificate for the host a client names: an exact name, then `*.` for one label, then the first of all."""
    host = (name or "").lower().rstrip(".")
    for wanted in (host, f"*.{host.partition('.')[2]}"):
        for certificate in certificates:
            if wanted in certificate.hosts:
                return certificate
    return certificates[0]


def make_context(described: Described) -> ssl.SSLContext:
    """A new context, from the files as they are now. Raises TlsError."""
    if isinstance(described, Certificate):
        context = _server_context()
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _harden(context)
        if not described.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif described.ca is None:
            context.load_default_certs()
        else:
            _load("ca", described.ca, lambda: context.load_verify_locations(described.ca))
    if described.certificate is not None:
        password = described.password or ""  # never None: OpenSSL would ask the terminal
        name, key = described.certificate, described.key
        _load("certificate", f"{name} with key {key}", lambda: context.load_cert_chain(name, key, lambda: password))
    return context


def tls_reason(error: Exception) -> str:
    """What went wrong, in OpenSSL's words but without its code's."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {error.verify_message}"
    reason = error.reason if isinstance(error, ssl.SSLError) else None
    return reason.lower().replace("_", " ") if reason else str(error)


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _harden(context)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.num_tickets = 1
    return context


def _harden(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(ALPN)


def _load(kind: str, name: str, load: Callable[[], None]) -> None:
    try:
        load()
    except ssl.SSLError as error:
        raise TlsError(f"{kind} {name} can't be used: {tls_reason(error)}") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise TlsError(f"{kind} {name} can't be read: {why}") from None


def _stamp(described: Described) -> Stamp:
    return tuple(_look(name) for name in _files(described))


def _files(described: Described) -> Iterable[str]:
    ca = described.ca if isinstance(described, BackendTls) else None
    return (name for name in (ca, described.certificate, described.key) if name is not None)


def _look(name: str) -> tuple[int, int, int]:
    try:
        found = os.stat(name)
    except OSError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_size, found.st_ino


def _named(described: Described) -> str:
    return " ".join(_files(described)) or "the authorities of the system"
