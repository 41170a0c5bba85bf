"""What every block of routes.yaml is: a set of known keys."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
