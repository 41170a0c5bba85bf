"""Sides and stages: who can answer a route, and how far the route has moved."""

from __future__ import annotations

from enum import StrEnum


class Side(StrEnum):
    """Who answers: the monolith or the service that was taken out of it."""

    LEGACY = "legacy"
    EXTRACTED = "extracted"

    @property
    def other(self) -> Side:
        return Side.EXTRACTED if self is Side.LEGACY else Side.LEGACY


class Stage(StrEnum):
    """How far a route has moved. The order of the members is the order of the migration."""

    LEGACY = "legacy"
    SHADOW = "shadow"
    CANARY = "canary"
    LIVE = "live"
    RETIRED = "retired"


STAGES: tuple[Stage, ...] = tuple(Stage)


class StageSource(StrEnum):
    """Why a route is in its stage. Halt wins over override, override over file."""

    FILE = "file"
    OVERRIDE = "override"
    HALT = "halt"
