"""Row 14: what a stranger says about where he comes from is replaced; a trusted proxy is believed and appended to."""

from __future__ import annotations

import dataclasses
from itertools import product

import pytest

from proxy.model.sides import Side, Stage
from proxy.model.spec import Canary, Person, PersonKind, RoutesSpec
from tests.support.engine import Running, backend, route, spec_of
from tests.support.wire import RawUpstream, fields, ok

NAMES = (b"X-Forwarded-For", b"X-Forwarded-Proto", b"X-Forwarded-Host", b"Forwarded")
FORGED = {
    "once": b"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nForwarded: x=6.6.6\r\n",
    "several times": b"X-Forwarded-For: 6.6.6.6\r\n" * 3 + b"Forwarded: for=6.6.6.6\r\n" * 3,
    "a list": b"X-Forwarded-For: 6.6.6.6, 6.6.6.7\r\nForwarded: for=6.6.6.6, for=6.6.6.7;host=evil\r\n",
    "in other cases": b"x-FORWARDED-for: 6.6.6.6\r\nX-FORWARDED-HOST: evil\r\nfORWARDED: for=6.6.6.6\r\n",
    "with underscores": b"".join(
        b"X%bForwarded%b%b: 6.6.6.6\r\n" % (one, two, last)
        for one, two, last in product((b"-", b"_"), (b"-", b"_"), (b"For", b"Host", b"Proto"))
    ),
    "and taken away by Connection": b"Connection: X-Forwarded-For, Forwarded, X-Forwarded-Host, X-Forwarded-Proto\r\n",
    "an open quote": b'Forwarded: for="6.6.6.6\r\nX-Forwarded-For: "\r\n',
    "empty": b"X-Forwarded-For:\r\nForwarded:\r\nX-Forwarded-Host: \r\n",
    "very long": b"X-Forwarded-For: " + b"6.6.6.6, " * 3000 + b"\r\n",
}
OURS = {
    b"X-Forwarded-For": b"127.0.0.1",
    b"X-Forwarded-Proto": b"http",
    b"X-Forwarded-Host": b"h",
    b"Forwarded": b'for=127.0.0.1;proto=http;host="h"',
}


async def sent(raw: bytes, spec: RoutesSpec | None = None) -> bytes:
    async with RawUpstream.answering(ok()) as upstream:
        made = spec_of(backend("legacy", upstream.port))
        if spec is not None:
            made = dataclasses.replace(made, trusted_proxies=spec.trusted_proxies)
        async with Running(made) as proxy:
            await proxy.one(b"GET / HTTP/1.1\r\nHost: h\r\n" + raw + b"Connection: close\r\n\r\n")
        return upstream.requests[0][0]


@pytest.mark.parametrize("how", FORGED)
async def test_a_stranger_is_not_believed(how: str) -> None:
    head = await sent(FORGED[how])
    assert {name: fields(head, name) for name in NAMES} == {name: [value] for name, value in OURS.items()}
    assert b"6.6.6" not in head
    assert b"evil" not in head


@pytest.mark.parametrize("how", ["with underscores", "and taken away by Connection", "empty"])
async def test_a_trusted_proxy_cannot_say_it_by_a_back_door(how: str) -> None:
    head = await sent(FORGED[how], spec_of(backend("legacy", 1), trusted_proxies=("127.0.0.0/8",)))
    assert b"_" not in head
    assert fields(head, b"X-Forwarded-For")[-1].endswith(b"127.0.0.1")


async def test_a_trusted_proxy_is_appended_to() -> None:
    head = await sent(
        b"X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\n",
        spec_of(backend("legacy", 1), trusted_proxies=("127.0.0.0/8",)),
    )
    assert b", ".join(fields(head, b"X-Forwarded-For")) == b"9.9.9.9, 127.0.0.1"
    assert fields(head, b"X-Forwarded-Proto") == [b"https"]


@pytest.mark.parametrize(
    "name", [b"X-Strangler-Shadow", b"x-strangler-route", b"X_Strangler_Shadow", b"X-Strangler_Shadow"]
)
async def test_nobody_marks_a_request_as_a_copy(name: bytes) -> None:
    assert b"strangler" not in (await sent(name + b": 1\r\n")).lower()


@pytest.mark.parametrize("value", [b"a b", b"x" * 129, b'"', b"<script>", b"a\tb", b"\xe9", b""])
async def test_a_request_id_that_is_no_token_is_replaced(value: bytes) -> None:
    ids = fields(await sent(b"X-Request-Id: " + value + b"\r\n"), b"X-Request-Id")
    assert len(ids) == 1
    assert len(ids[0]) == 24
    assert ids != [value]


@pytest.mark.parametrize(
    ("trusted", "chain", "side"),
    [
        ((), b"10.9.9.9", Side.LEGACY),  # a stranger says he is somebody who is included
        (("127.0.0.0/8",), b"10.9.9.9", Side.EXTRACTED),
        (("127.0.0.0/8",), b"10.9.9.9, 6.6.6.6", Side.LEGACY),  # the left part is what the client wrote
        (("127.0.0.0/8",), b"6.6.6.6, 10.9.9.9", Side.EXTRACTED),
        (("127.0.0.0/8", "6.6.6.6"), b"10.9.9.9, 6.6.6.6", Side.EXTRACTED),
        (("127.0.0.0/8",), b"10.9.9.9, unknown", Side.LEGACY),
    ],
)
async def test_the_cohort_cannot_be_chosen_by_a_forged_address(
    trusted: tuple[str, ...], chain: bytes, side: Side
) -> None:
    canary = Canary(percent=0.0, include=(Person(PersonKind.CLIENT_IP, "", "10.9.9.9"),))
    async with RawUpstream.answering(ok()) as upstream:
        both = (backend("legacy", upstream.port), backend("extracted", upstream.port))
        spec = spec_of(*both, routes=(route(Stage.CANARY, canary=canary),), trusted_proxies=trusted)
        async with Running(spec) as proxy:
            await proxy.one(
                b"GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: " + chain + b"\r\nConnection: close\r\n\r\n"
            )
            assert (await proxy.outcome()).side == side.value
