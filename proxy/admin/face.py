"""What the admin port needs of control: callables, and the bodies that they take.

Reads of what control has in memory are plain functions; whatever reads or writes the store is asynchronous. Each
answers a `Reply`, so that a refusal with its reasons is a value like any other answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator

from proxy.model.sides import Stage

Json = dict[str, Any]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000, pattern=r"^[^\x00-\x1f\x7f]*$")]
Named = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
]


class Reply(NamedTuple):
    """A status code and a JSON body; from 400 on the body is a problem (RFC 9457)."""

    status: int
    body: Json


class Who(BaseModel):
    """Who asks and why: for the audit. The port can't check a name; the token says that the asker may ask."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    who: Named = "unnamed (admin API)"
    why: Line = ""


class Promote(Who):
    """`to` None means the next stage; `percent` only with canary; `force` only with a reason, which the audit keeps;
    `cut` ends long answers of the side that is left."""

    to: Stage | None = None
    percent: float | None = Field(default=None, ge=0, le=100)
    force: bool = False
    cut: bool = False

    @field_validator("force")
    @classmethod
    def _has_a_reason(cls, force: bool, info: ValidationInfo) -> bool:
        if force and info.data.get("why") == "":
            raise ValueError("a forced promotion is recorded with its reason: say why")
        return force


class Rollback(Who):
    """`yes` confirms that what the extracted service has written is left behind; `cut` ends what it still answers."""

    yes: bool = False
    cut: bool = False


class ReplayMismatches(Who):
    """`signature` None means all that are not accepted."""

    signature: Named | None = None


class Accept(BaseModel):
    """An intended difference; `until` is an ISO date."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    signature: Named
    owner: Named
    reason: Annotated[Line, Field(min_length=1)]
    until: date
    who: Named = "unnamed (admin API)"


@dataclass(frozen=True, slots=True)
class ControlFace:
    """Control as the admin port sees it. Callables that take a route get only names that `routes` returned. `ready`
    answers whether traffic can be served, and why not."""

    ready: Callable[[], tuple[bool, str]]
    metrics: Callable[[], Awaitable[bytes]]
    routes: Callable[[], Collection[str]]
    status: Callable[[], Awaitable[Json]]
    route: Callable[[str], Json]
    verdict: Callable[[str], Json]
    suggestions: Callable[[str], Json]
    inventory: Callable[[], Json]
    mismatches: Callable[[str], Awaitable[Reply]]
    mismatch: Callable[[str, str], Awaitable[Reply]]
    replayed: Callable[[str], Reply]
    history: Callable[[str | None, int], Awaitable[Reply]]
    promote: Callable[[str, Promote], Awaitable[Reply]]
    rollback: Callable[[str, Rollback], Awaitable[Reply]]
    accept: Callable[[str, Accept], Awaitable[Reply]]
    replay: Callable[[str, ReplayMismatches], Awaitable[Reply]]
    halt: Callable[[Who], Awaitable[Reply]]
    resume: Callable[[Who], Awaitable[Reply]]
    reload: Callable[[Who], Awaitable[Reply]]
