"""The cases of the list once more, with TLS on both ends: what passes through is the same."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, replace

import pytest

from proxy.model.sides import Stage as RouteStage
from proxy.model.spec import Backend, BackendTls, Certificate, Listen
from tests.support.certificates import Authority
from tests.support.engine import Running, backend, route, spec_of
from tests.support.wire import Wire, connect
from tests.transparency.proxies import play, stopping
from tests.transparency.rows import CASES
from tests.transparency.stage import Behind, Stage


@dataclass(slots=True)
class Encrypted(Stage):
    """As `Stage`; its clients speak TLS."""

    context: ssl.SSLContext | None = None

    async def connect(self) -> Wire:
        wire = await connect(self.port, ssl=self.context, server_hostname="localhost")
        self.wires.append(wire)
        return wire


async def test_every_case_passes_as_it_does_without(tmp_path_factory: pytest.TempPathFactory) -> None:
    authority = Authority(tmp_path_factory.mktemp("tls"))
    pem, key = (str(path) for path in authority.sign("front", "localhost"))
    tls = BackendTls(ca=str(authority.ca))
    legacy, extracted = Behind(), Behind()
    legacy.tls = extracted.tls = authority.server("service", "127.0.0.1")
    context = authority.client()

    def named(name: str, port: int) -> Backend:
        return replace(backend(name, port), url=f"https://127.0.0.1:{port}", tls=tls)

    seen: dict[str, str] = {}
    async with legacy, extracted:
        backends = named("legacy", legacy.port), named("extracted", extracted.port)
        moved = route(RouteStage.LIVE, "/moved/")
        spec = spec_of(*backends, routes=(moved,), listen=Listen((Certificate(pem, key),)))
        for case in [one for one in CASES if not one.theirs_only]:
            async with Running(spec) as proxy:
                seen[case.id] = await play(
                    case, Encrypted(proxy.port, legacy, extracted, stop=stopping(proxy), context=context)
                )
    assert {case: words for case, words in seen.items() if words} == {}
