"""What `strangler run` was asked for, as plain values that the three processes share."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

Address = tuple[str, int]
LONGEST_PATH = 107  # bytes that Linux has for the name of a Unix socket: unix(7)
TOKEN_VARIABLE = "STRANGLER_ADMIN_TOKEN"  # noqa: S105 - the name of a variable


class UnixAddress(NamedTuple):
    """A Unix socket; `mode` is its file's."""

    path: str
    mode: int = 0o660


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of one run. `listen` and `admin` are (host, port), port 0 lets the system choose; IPv6 hosts come
    without brackets. `listen` may be a Unix socket. `token` guards the admin port, None for no guard. `log_format` is
    "json" or "console"; `access_log` is the share of exchanges that get an access line, 0 to 1."""

    config: Path
    listen: Address
    admin: Address
    workers: int
    state: Path
    token: str | None
    log_format: str
    access_log: float

    def plain(self) -> dict[str, Any]:
        """The settings as JSON values, for the command line of the other processes. Without the token: command lines
        are there for every user of the machine to read, so it travels in the environment alone."""
        return {
            "config": str(self.config),
            "listen": list(self.listen),
            "admin": list(self.admin),
            "workers": self.workers,
            "state": str(self.state),
            "log_format": self.log_format,
            "access_log": self.access_log,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], token: str | None) -> Settings:
        """The settings back from `plain`; `token` comes from STRANGLER_ADMIN_TOKEN."""
        host, port = plain["listen"]
        admin_host, admin_port = plain["admin"]
        return cls(
            config=Path(plain["config"]),
            listen=UnixAddress(host, port) if host.startswith("/") else (host, port),
            admin=(admin_host, admin_port),
            workers=plain["workers"],
            state=Path(plain["state"]),
            token=token,
            log_format=plain["log_format"],
            access_log=plain["access_log"],
        )


def parse_address(text: str) -> Address:
    """`HOST:PORT` -> (host, port); an IPv6 host stands in brackets. ValueError with the remedy in its message."""
    host, separator, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            raise ValueError(f"{host!r} is not an IPv6 address; write [::1]:8080") from None
    elif ":" in host:
        raise ValueError(f"{text!r} is ambiguous; put an IPv6 address in brackets, as in [::1]:8080")
    if not separator or not host:
        raise ValueError(f"{text!r} is not HOST:PORT; write 127.0.0.1:8080, or 0.0.0.0:8080 for every interface")
    if not (port.isascii() and port.isdigit() and int(port) <= 65535):
        raise ValueError(
            f"{port!r} is not a port; write a number from 0 to 65535, as in {text[: -len(port) or None]}8080"
        )
    return host, int(port)


def parse_listen(text: str) -> Address:
    """As `parse_address`, or `unix:/path` and `unix:/path,mode=0600`. ValueError with the remedy in its message."""
    if not text.startswith("unix:"):
        return parse_address(text)
    path, comma, rest = text.removeprefix("unix:").partition(",")
    mode = re.fullmatch(r"mode=0?([0-7]{3})", rest)
    if comma and not mode:
        raise ValueError(f"{rest!r} is no mode of a file; write unix:{path},mode=0660")
    if not path.startswith("/") or len(path.encode()) > LONGEST_PATH:
        raise ValueError(f"{path!r} is not an absolute path of at most {LONGEST_PATH} bytes; write unix:/run/x.sock")
    return UnixAddress(path, int(mode[1], 8)) if mode else UnixAddress(path)


def public_url(address: Any, *, tls: bool) -> str:
    """How clients reach the public address; `address` as in the settings, or as a socket names it."""
    if isinstance(address, str | UnixAddress):
        return f"unix:{address if isinstance(address, str) else address.path}"
    host, port = address[:2]
    return f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def is_loopback(host: str) -> bool:
    """True when only this machine can reach `host`: `localhost` or a loopback address. Names are not looked up."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
