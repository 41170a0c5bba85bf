"""Public addresses: how they are written, carried to other processes, and shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.runtime.settings import LONGEST_PATH, Settings, UnixAddress, parse_listen, public_url


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("unix:/run/a.sock", UnixAddress("/run/a.sock", 0o660)),
        ("unix:/run/a.sock,mode=0600", UnixAddress("/run/a.sock", 0o600)),
        ("unix:/run/a.sock,mode=666", UnixAddress("/run/a.sock", 0o666)),
    ],
)
def test_a_public_address(text: str, address: object) -> None:
    assert parse_listen(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "unix:a.sock",
        "unix:",
        "unix:/" + "a" * LONGEST_PATH,
        "unix:/a,mode=0999",
        "unix:/a,mode=",
        "unix:/a,0600",
        "unix:/a,mode=4755",
    ],
)
def test_what_is_none_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"write unix:/"):
        parse_listen(text)


@pytest.mark.parametrize("listen", [("::1", 8080), UnixAddress("/run/a.sock", 0o600)])
def test_it_crosses_to_other_processes(listen: tuple[str, int]) -> None:
    settings = Settings(Path("r.yaml"), listen, ("127.0.0.1", 9900), 1, Path("s"), None, "json", 1.0)
    there = Settings.from_plain(settings.plain(), None)
    assert there == settings
    assert type(there.listen) is type(listen)


def test_it_is_shown_as_clients_reach_it() -> None:
    assert public_url(("::1", 8080), tls=True) == "https://[::1]:8080"
    assert public_url(("127.0.0.1", 80), tls=False) == "http://127.0.0.1:80"
    assert public_url(UnixAddress("/run/a.sock"), tls=False) == "unix:/run/a.sock"
