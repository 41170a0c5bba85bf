"""Noise learned per field, told from regressions. (Being built: this is the interface, it explains nothing yet.)"""

from __future__ import annotations

from typing import Any

from proxy.model.comparison import Comparison
from proxy.model.noise import FieldNoise, Reading, Reask


class Noise:
    """What re-asks taught about the fields of one route under one rule set and build. No clock; bounded memory."""

    def learn(self, first: Comparison, reask: Reask) -> None:
        """One pair asked again; `first` compares L1 with E1."""

    def read(self, first: Comparison, reask: Reask | None, *, may_ask: bool) -> Reading:
        """Decides a mismatch. `may_ask`: re-asks are in force on this route, but this pair could not be asked."""
        return Reading()

    def regressions(self) -> tuple[FieldNoise, ...]:
        """The fields that differ otherwise than by noise, all fields of the route considered."""
        return ()

    def fields(self) -> tuple[FieldNoise, ...]:
        """Everything learned, with its figures."""
        return ()

    def plain(self) -> dict[str, Any]:
        """As JSON values, for the store."""
        return {}

    @classmethod
    def restored(cls, plain: dict[str, Any]) -> Noise:
        """From `plain`; what cannot be read is begun anew."""
        return cls()

    def new_build(self) -> Noise:
        """For the next build: legacy's own noise is kept, what was learned of the extracted side is not."""
        return Noise()
