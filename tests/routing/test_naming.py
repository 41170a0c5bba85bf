"""What a request is called where its path must not be kept."""

from __future__ import annotations

import pytest

from proxy.routing import named_path
from tests.routing.build import match


@pytest.mark.parametrize(
    ("paths", "target", "named"),
    [
        (("{/v1/charges/{id}",), b"/v1/charges/secret?secret=secret", b"/v1/charges/{id}"),
        (("{/v1/charges/{id}", "{/v1/cards/{card}/pin"), b"/v1/cards/secret/pin", b"/v1/cards/{card}/pin"),
        (("=/v1/me",), b"/v1/me?secret", b"/v1/me"),
        (("^/v1",), b"/v1/secret/secret", b"/v1/..."),
        (("^/v1/",), b"/v1/secret", b"/v1/..."),
        (("^/v1",), b"/v1", b"/v1"),
        (("^/",), b"/secret", b"/..."),
        (("~/v1/.*",), b"/v1/secret", b"/..."),
        (("{/v1/{id}",), b"http://secret@host/v1/secret", b"/v1/{id}"),
        (("{/v1/{id}",), b"/v1/secret/more", b"/..."),
        (("{/v1/{id}",), b"/v1//secret", b"/..."),
        (("{/caf\u00e9/{id}",), b"/caf%C3%A9/secret", b"/caf\\xe9/{id}"),
        ((), b"*", b"/..."),
    ],
)
def test_a_path_is_called_by_its_match(paths: tuple[str, ...], target: bytes, named: bytes) -> None:
    assert named_path([match(path) for path in paths], target) == named
