"""Model values to columns and back.

An exemplar is one JSON text: it is only ever read whole. Bytes become latin-1 strings, which keeps each byte and leaves
the usual body readable in the database. A 64-bit digest is unsigned in the model, an SQLite integer is signed.
"""

from __future__ import annotations

import json
from typing import Any

from proxy.model.comparison import Difference, Kind, Result, Risk
from proxy.model.evidence import EvidenceKey, Settled
from proxy.model.headers import Headers
from proxy.model.observation import CapturedBody, CapturedRequest, Observation
from proxy.model.outcome import Outcome
from proxy.model.records import Exemplar, InventoryRow, Waiting
from proxy.model.sides import Side


def signed(digest: int) -> int:
    return digest - (1 << 64) if digest >= 1 << 63 else digest


def unsigned(stored: int) -> int:
    return stored + (1 << 64) if stored < 0 else stored


def storable(text: str) -> str:
    """Text that UTF-8 can hold: a lone surrogate (JSON may hold one) is spelled out, as `\\ud800`."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def waiting_text(one: Waiting) -> str:
    rest = one.settled[2:9]  # what was asked stays out: a target may hold what nobody redacted
    return json.dumps([*rest, one.kind, one.path, one.statuses], separators=(",", ":"))


def waiting(number: int, key: EvidenceKey, at: float, text: str) -> Waiting:
    """The arrival is left 0.0: the clock it was read from may be another one now; `at` says it."""
    request, result, reason, signature, high, failed, slow, kind, path, statuses = json.loads(text)
    settled = Settled(key, 0.0, request, Result(result), reason, signature, high, failed, tuple(slow))
    return Waiting(number, settled, at, kind, path, tuple(statuses))


def exemplar_text(exemplar: Exemplar) -> str:
    return json.dumps(
        {
            "request": {
                "method": exemplar.request.method.decode("latin-1"),
                "target": exemplar.request.target.decode("latin-1"),
                "headers": _headers_out(exemplar.request.headers),
                "body": _body_out(exemplar.request.body),
            },
            "legacy": _observation_out(exemplar.legacy),
            "extracted": _observation_out(exemplar.extracted),
            "differences": exemplar.differences,
        },
        separators=(",", ":"),
    )


def exemplar(key: EvidenceKey, signature: str, slot: int, at: float, text: str) -> Exemplar:
    kept = json.loads(text)
    request = kept["request"]
    return Exemplar(
        key,
        signature,
        slot,
        at,
        CapturedRequest(
            request["method"].encode("latin-1"),
            request["target"].encode("latin-1"),
            _headers_in(request["headers"]),
            _body_in(request["body"]),
        ),
        _observation_in(kept["legacy"]),
        _observation_in(kept["extracted"]),
        tuple(Difference(path, Kind(kind), Risk(risk), *rest) for path, kind, risk, *rest in kept["differences"]),
    )


def inventory_columns(row: InventoryRow) -> tuple[Any, ...]:
    return (
        *(storable(row.method), storable(row.template), row.route, row.count),
        *row.status_classes,
        *(row.seconds_sum, row.seconds_max, row.first, row.last),
    )


def inventory_row(columns: tuple[Any, ...]) -> InventoryRow:
    method, template, route, count, c1, c2, c3, c4, c5, *rest = columns
    return InventoryRow(method, template, route, count, (c1, c2, c3, c4, c5), *rest)


def _observation_out(observation: Observation) -> dict[str, Any]:
    return {
        "side": observation.side,
        "backend": observation.backend,
        "outcome": observation.outcome,
        "status": observation.status,
        "build": observation.build,
        "first_byte": observation.first_byte,
        "total": observation.total,
        "headers": _headers_out(observation.headers),
        "body": _body_out(observation.body),
    }


def _observation_in(kept: dict[str, Any]) -> Observation:
    return Observation(
        side=Side(kept["side"]),
        backend=kept["backend"],
        outcome=Outcome(kept["outcome"]),
        status=kept["status"],
        headers=_headers_in(kept["headers"]),
        body=_body_in(kept["body"]),
        build=kept["build"],
        first_byte=kept["first_byte"],
        total=kept["total"],
    )


def _headers_out(headers: Headers) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


def _headers_in(kept: list[list[str]]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in kept)


def _body_out(body: CapturedBody) -> dict[str, Any]:
    return {"data": body.data.decode("latin-1"), "size": body.size, "complete": body.complete}


def _body_in(kept: dict[str, Any]) -> CapturedBody:
    return CapturedBody(kept["data"].encode("latin-1"), kept["size"], kept["complete"])
