"""What control sends the workers of a table, ready to be sent: packed beside the loop, since it takes long."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from proxy import routing
from proxy.model.spec import RoutesSpec
from proxy.model.states import RouteState
from proxy.runtime.link import FRAME, Kind, pack_compiled, unpack_compiled

if TYPE_CHECKING:  # workers import this file, and have no use for what reads routes.yaml
    from proxy.runtime.load import Compiled

PART = 16  # routes; a worker reads a part in one go

Frame = tuple[Kind, bytes]

log = structlog.get_logger("strangler.control")


@dataclass(frozen=True, slots=True)
class Packed:
    """The routes of a spec in parts: `whole` for a worker that has none, `changed` for one with those of `since`."""

    spec: RoutesSpec
    whole: tuple[bytes, ...]
    changed: tuple[bytes, ...] = ()
    since: RoutesSpec | None = None

    def frames(self, snapshot: routing.Snapshot, known: routing.Snapshot | None) -> list[Frame]:
        """What a worker is to be sent that has `known`, so that it has `snapshot`, which is one of this spec."""
        if known is None or known.spec is not self.since:
            known = None
        parts = self.whole if known is None else self.changed
        states = routing.changed_states(snapshot.states, _states_of(known) if known is not None else {})
        last = pack_compiled((routing.without_routes(snapshot), states))
        return [*((Kind.PART, part) for part in parts), (Kind.SNAPSHOT, last)]


def _states_of(known: routing.Snapshot) -> dict[str, RouteState]:
    """Those that a worker has: control remembers states of routes that left the file, in case they come back."""
    return {name: known.states[name] for name in known.spec.by_name if name in known.states}


def pack_routes(compiled: Compiled, since: Compiled | None) -> Packed:
    """Takes a tenth of a millisecond a route."""
    rules = compiled.digests()
    whole = tuple(_parts(routing.entries(compiled.spec, rules, None, {})))
    if since is None:
        return Packed(compiled.spec, whole)
    changed = _parts(routing.entries(compiled.spec, rules, since.spec, since.digests()))
    return Packed(compiled.spec, whole, tuple(changed), since.spec)


def _parts(entries: Iterable[routing.Entry]) -> Iterator[bytes]:
    left = iter(entries)
    while part := list(islice(left, PART)):
        yield pack_compiled(part)


def read_entries(parts: Iterable[bytes]) -> Iterator[routing.Entry]:
    """What was packed, a part at a time."""
    for part in parts:
        yield from unpack_compiled(part)


def leave(folder: Path, frames: Iterable[Frame], *, begun: bool = False) -> None:
    """Leaves frames in the state folder, as they cross the link, for a worker that starts while control is dead. Once
    a table lies there (`begun`), states are added at its end."""
    data = b"".join(FRAME.pack(len(payload), kind) + payload for kind, payload in frames)
    place, scratch = folder / "snapshot", folder / "snapshot.new"
    try:
        if begun:
            with place.open("r+b") as file:
                file.seek(0, os.SEEK_END)
                file.write(data)
            return
        with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
        scratch.replace(place)
    except OSError as error:
        log.warning("snapshot_not_left", error=str(error))


def moved(snapshot: routing.Snapshot, payload: bytes) -> routing.Snapshot:
    """The snapshot in the states that a frame tells; those of routes that it does not have are left out."""
    plain, halted = unpack_compiled(payload)
    states = {name: state for name, state in routing.read_states(plain).items() if name in snapshot.states}
    return snapshot.with_states({**snapshot.states, **states}, halted)


def snapshot_left(data: bytes) -> routing.Snapshot | None:
    """The snapshot of a file that control left. A last frame that was not written to its end is left out."""
    snapshot = None
    parts: list[bytes] = []
    at = 0
    while len(data) - at >= FRAME.size:
        length, kind = FRAME.unpack_from(data, at)
        payload = data[at + FRAME.size : at + FRAME.size + length]
        at += FRAME.size + length
        if len(payload) < length:
            break
        if kind == Kind.PART:
            parts.append(payload)
        elif kind == Kind.SNAPSHOT:
            frame, states = unpack_compiled(payload)
            snapshot = routing.at_once(routing.assembled(frame, read_entries(parts), states, None))
        elif kind == Kind.STATES and snapshot is not None:
            snapshot = moved(snapshot, payload)
    return snapshot
