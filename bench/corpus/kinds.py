"""What a kind of noise and a kind of mistake are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any
from zlib import crc32

OFTEN = 0.05  # the share of answers from which on noise must not be reported


@dataclass(slots=True)
class Answer:
    """What a server is about to send. `body` is a JSON tree, the text of a document, or bytes."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclass(slots=True)
class Kept:
    """What a side keeps between two askings."""

    counters: dict[str, int] = field(default_factory=dict)

    def next(self, name: str, first: int, step: int = 1) -> int:
        self.counters[name] = self.counters.get(name, first) + step
        return self.counters[name]


@dataclass(slots=True)
class Asking:
    """One question to one side. `now` is in seconds since 1970. `dice` are new at every asking; what is to be the same
    at every asking of one request is drawn with `fixed`."""

    number: int
    extracted: bool
    now: float
    dice: Random
    own: Kept  # of this side
    shared: Kept  # of the database that both sides read

    def fixed(self, name: str, below: int) -> int:
        return crc32(f"{name}/{self.number}".encode()) % below

    def hexes(self, length: int) -> str:
        return f"{self.dice.getrandbits(4 * length):0{length}x}"


Draw = Callable[[Answer, Asking], None]
Inject = Callable[[Answer, Asking], bool | None]


@dataclass(frozen=True)
class Noise:
    """`draw` writes the noise into an answer, of either side. It shows in `share` of the answers; `alone` keeps it out
    of the background of other kinds. `headers` are compared beside the usual ones. With `as_it_is` each asking is one
    that was really made of the application."""

    name: str
    base: str
    says: str
    draw: Draw
    share: float = 1.0
    headers: tuple[str, ...] = ()
    alone: bool = False
    as_it_is: bool = False


@dataclass(frozen=True)
class Wrong:
    """`inject` makes the extracted side's answer wrong, after all noise is drawn; False when this answer has nothing
    that could be. `inside` is the noise in whose field the mistake is. Not of the request but of the asking when
    `flaky`: asked again, the answer is as often right. At the shares `left_out` nobody could tell it from noise. To
    report it at one of the paths in `shows` names it, too: where it shows beside what it made wrong."""

    name: str
    base: str
    says: str
    inject: Inject
    inside: Noise | None = None
    headers: tuple[str, ...] = ()
    flaky: bool = False
    left_out: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
